"""What organisations do, as the register has it: which roles there are, and who has the duty to file each month.

A role binds by an article of the law or by an assumption; `data/reference/roles.csv` says which, with its source.
Quotas are given for what is done, and not to a role.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from lodeline.regulation.parameter import Jurisdiction
from lodeline.tables import table_rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """`duty`: what the parameter `record-duty` of the law calls it, `assumption`, or "" where there is no duty."""

    en: str
    zh: str
    duty: str


def _load() -> dict[str, Role]:
    rows = table_rows("reference/roles.csv")
    return {row["role"]: Role(en=row["en"], zh=row["zh"], duty=row["duty"]) for row in rows}


#: Every role that the register knows.
ROLES: Final[Mapping[str, Role]] = _load()
#: Those that carry the duty to file each month, for an organisation with a domestic address.
FILING_ROLES: Final = tuple(name for name, one in ROLES.items() if one.duty)
#: Kinds of quota, each with the parameter of the law that holds the nation's.
QUOTAS: Final[Mapping[str, str]] = {"mining": "quota-mining", "separation": "quota-separation"}


def must_file(roles: Iterable[str] | None, country: str | None, law: Jurisdiction) -> bool:
    """Whether an organisation has to file while it is registered: a filing role and a domestic address."""
    return country == law.country and not set(roles or ()).isdisjoint(FILING_ROLES)
