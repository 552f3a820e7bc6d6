"""Country codes: alpha-2 and alpha-3 of ISO 3166-1 become alpha-2; what is neither is left to the caller.

Source: ISO 3166-1 as packaged by pycountry (Debian iso-codes). Kosovo's user-assigned XK/XKX is accepted.
"""

from __future__ import annotations

from functools import cache

import pycountry


@cache
def alpha2_by_code() -> dict[str, str]:
    """Upper-case alpha-2 or alpha-3 code → alpha-2."""
    found = {code: country.alpha_2 for country in pycountry.countries for code in (country.alpha_2, country.alpha_3)}
    return found | {"XK": "XK", "XKX": "XK"}


def alpha2(text: str) -> str | None:
    """`CHN`, `cn` → `CN`; None for what ISO 3166-1 does not know."""
    return alpha2_by_code().get(text.strip().upper())
