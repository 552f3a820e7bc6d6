"""Files sent to a page are bounded before a byte of them is read: the page that takes them says what to do with larger.

Django reads a form before any view sees it (for the token against forged forms), so the bound stands here and not in a
view. A file within the bound is held in memory; nothing is written to a disk for it.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadhandler import MemoryFileUploadHandler


class BoundedUpload(MemoryFileUploadHandler):
    """Takes files of a request of at most LODELINE_UPLOAD_BYTES. Raises RequestDataTooBig for a larger one: 400."""

    def handle_raw_input(
        self,
        input_data: Any,
        META: Any,  # noqa: N803
        content_length: int,
        boundary: Any,
        encoding: Any = None,
    ) -> None:
        """Called once, with the length that the browser states: the server reads no further than that."""
        del input_data, META, boundary, encoding
        if content_length > settings.LODELINE_UPLOAD_BYTES:
            raise RequestDataTooBig("a form with a file beyond LODELINE_UPLOAD_BYTES")
        self.activated = True
