"""Names of sites and lots as part of an address: they may hold slashes, Chinese and all that URIs are made of.

A browser resolves the segments `.` and `..` of an address before it asks, even if their dots are written `%2E`. So
what stands in the address is percent-encoded twice where it would not come through once.
"""

from __future__ import annotations

import re
from urllib.parse import unquote

_DOTS = re.compile(r"(?<![^/])\.{1,2}(?![^/])")


class NamedConverter:
    """`<named:lot>`: a name of any characters but line breaks, at least one."""

    regex = ".+"

    def to_python(self, value: str) -> str:
        """The name in an address that Django has already decoded once."""
        return unquote(value)

    def to_url(self, value: str) -> str:
        """The name, of which Django makes an address by encoding it once."""
        encoded = value.replace("%", "%25")
        return _DOTS.sub(lambda dots: "%2E" * len(dots[0]), encoded)
