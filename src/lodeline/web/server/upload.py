"""Files sent to a page are bounded before a byte of them is read: the page that takes them says what to do with larger.

Django reads a form before any view sees it (for the token against forged forms), so the bound stands here and not in a
view. A small file is held in memory; a large one, which only a filing may be, goes to a temporary file that is gone
with the request. Whoever has not signed in sends nothing large.
"""

from __future__ import annotations

from typing import Any, Final

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadhandler import FileUploadHandler, MemoryFileUploadHandler, TemporaryFileUploadHandler
from django.http import HttpRequest
from django.urls import Resolver404, resolve

from lodeline.office.access.actor import NOBODY

#: Pages that take the files of a filing. What programs send is bounded likewise; its token is asked where it is read.
FILING_PAGES: Final = frozenset({"firm-draft"})
#: Pages that take a batch of declarations, which a worker judges.
BATCH_PAGES: Final = frozenset({"desk", "firm-desk"})
_PROGRAMS: Final = "/api/"
#: What a form has beside its files.
_FORM_BYTES: Final = 1_000_000


class BoundedUpload(FileUploadHandler):
    """Takes files within what the page allows. Raises RequestDataTooBig for larger ones: 400."""

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
        assert self.request is not None, "a handler belongs to a request"
        if content_length > most_bytes(self.request):
            raise RequestDataTooBig("a form with files beyond what its page takes")
        if content_length > settings.LODELINE_UPLOAD_BYTES:
            self._inner: FileUploadHandler = TemporaryFileUploadHandler(self.request)
        else:
            memory = MemoryFileUploadHandler(self.request)
            memory.activated = True
            self._inner = memory

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        """A file begins."""
        self._inner.new_file(*args, **kwargs)

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes | None:
        """A piece of a file."""
        return self._inner.receive_data_chunk(raw_data, start)

    def file_complete(self, file_size: int) -> Any:
        """A file is whole."""
        return self._inner.file_complete(file_size)

    def upload_interrupted(self) -> None:
        """The sender has gone."""
        self._inner.upload_interrupted()


def most_bytes(request: HttpRequest) -> int:
    """Bytes that a request with files may have."""
    filing = int(settings.LODELINE_FILING_BYTES) + _FORM_BYTES
    if request.path_info.startswith(_PROGRAMS):
        return filing
    try:
        page = resolve(request.path_info).url_name
    except Resolver404:
        page = None
    actor = getattr(request, "actor", NOBODY)
    if not actor.signed_in or page not in FILING_PAGES | BATCH_PAGES:
        return int(settings.LODELINE_UPLOAD_BYTES)
    return filing if page in FILING_PAGES else int(settings.LODELINE_BATCH_BYTES) + _FORM_BYTES
