"""Numbers that name a firm exactly; what their own check digits refuse is no number.

Sources: unified social credit code GB 32100-2015 (weights 3^i mod 31); LEI ISO 17442 with ISO 7064 mod 97-10; VAT
numbers of the Union: Directive 2006/112/EC art. 215 and the formats that VIES publishes; EORI: Regulation (EU)
952/2013, art. 9, and Delegated Regulation (EU) 2015/2446, annex 12-01 (country and up to 15 characters).
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Final

_USCC_LETTERS: Final = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_USCC: Final = re.compile(f"[{_USCC_LETTERS}]{{18}}")
_LEI: Final = re.compile(r"[A-Z0-9]{18}[0-9]{2}")
_EORI: Final = re.compile(r"[A-Z]{2}[A-Z0-9]{1,15}")
_VAT: Final = {
    "AT": r"U\d{8}", "BE": r"[01]\d{9}", "BG": r"\d{9,10}", "CY": r"\d{8}[A-Z]", "CZ": r"\d{8,10}", "DE": r"\d{9}",
    "DK": r"\d{8}", "EE": r"\d{9}", "EL": r"\d{9}", "ES": r"[A-Z0-9]\d{7}[A-Z0-9]", "FI": r"\d{8}",
    "FR": r"[A-HJ-NP-Z0-9]{2}\d{9}", "HR": r"\d{11}", "HU": r"\d{8}", "IE": r"\d[A-Z0-9+*]\d{5}[A-Z]{1,2}",
    "IT": r"\d{11}", "LT": r"(\d{9}|\d{12})", "LU": r"\d{8}", "LV": r"\d{11}", "MT": r"\d{8}", "NL": r"\d{9}B\d{2}",
    "PL": r"\d{10}", "PT": r"\d{9}", "RO": r"\d{2,10}", "SE": r"\d{12}", "SI": r"\d{8}", "SK": r"\d{10}",
}  # fmt: skip

SCHEMES: Final = ("uscc", "lei", "vat", "eori")
#: A number of these names one legal person; members of a VAT group share theirs.
ONE_PERSON: Final = ("uscc", "lei")


@dataclass(frozen=True, slots=True)
class Identifier:
    """A number of a scheme of SCHEMES, in capitals without blanks."""

    scheme: str
    number: str


def identifier(scheme: str, text: str) -> Identifier | None:
    """The number as filed, brought to one form; None if it is none of that scheme."""
    number = re.sub(r"[\s.\-]", "", unicodedata.normalize("NFKC", text)).upper()
    holds = {"uscc": is_uscc, "lei": is_lei, "vat": is_vat, "eori": is_eori}[scheme](number)
    return Identifier(scheme, number) if holds else None


def is_uscc(number: str) -> bool:
    """A unified social credit code with its check digit, not all zeros."""
    if not _USCC.fullmatch(number) or not number.strip("0"):
        return False
    total = sum(_USCC_LETTERS.index(letter) * pow(3, place, 31) for place, letter in enumerate(number[:17]))
    return _USCC_LETTERS[(31 - total % 31) % 31] == number[17]


def is_lei(number: str) -> bool:
    """A legal entity identifier with its check digits."""
    return bool(_LEI.fullmatch(number)) and int("".join(str(int(letter, 36)) for letter in number)) % 97 == 1


def is_vat(number: str) -> bool:
    """A VAT number of a member state of the Union by its format; the state alone can say that it was given."""
    return number[:2] in _VAT and bool(re.fullmatch(_VAT[number[:2]], number[2:]))


def is_eori(number: str) -> bool:
    """An EORI number by its format."""
    return bool(_EORI.fullmatch(number))
