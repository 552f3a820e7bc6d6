"""What the roles are called, and what one may do in each, in both languages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from lodeline.language import Language, Text, text

ROLE_NAMES: Final[Mapping[str, Text]] = {
    "filer": text("Filer"),
    "certifier": text("Certifier"),
    "organisation-admin": text("Administrator"),
    "analyst": text("Analyst"),
    "licensing-officer": text("Licensing officer"),
    "quota-officer": text("Quota officer"),
    "customs-officer": text("Customs officer"),
    "inspector": text("Inspector"),
    "registrar": text("Registrar"),
    "system-admin": text("System administrator"),
    "auditor": text("Auditor"),
    "agency": text("Agency of another state"),
}
ROLE_MAY: Final[Mapping[str, Text]] = {
    "filer": text("Makes filings, accepts transfers, sees all that is the firm's own"),
    "certifier": text("Certifies filings for the firm, sees all that is its own"),
    "organisation-admin": text("Says who belongs to the firm, and gives tokens to its programs"),
    "analyst": text("Sees the national flow and every firm, reminds who is late"),
    "licensing-officer": text("Decides licences with the goods' history in view"),
    "quota-officer": text("Watches the quotas and what is drawn on them, calls planned runs off"),
    "customs-officer": text("Asks one question at the desk: may this leave?"),
    "inspector": text("Counts on site, sees every firm and every finding"),
    "registrar": text("Keeps the register of firms and sites, and the accounts"),
    "system-admin": text("Watches over the system, and sees nobody's data"),
    "auditor": text("Reads everything, and who has looked at whom"),
    "agency": text("Sees what is published to agencies of other states, in groups of firms"),
}
AUTHORITY_NAME: Final = text("The authority")


def duty(role: str, language: Language) -> str:
    """What one may do in a role, to stand within a sentence."""
    text = ROLE_MAY[role][language]
    return text[:1].lower() + text[1:]
