"""A chain of four firms known by heart: MINE sells to TRADE, TRADE to SEP, SEP to MAG; MINE and SEP never meet.

At the end of January TRADE has one delivery under way to SEP (S4), SEP one to MAG (S3); MAG has filed nothing.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Final

from django.test import override_settings
from tests.desk import Desk, organisation, quota, site

from lodeline.office.access.actor import Actor, RoleGrant
from lodeline.office.models import Membership, User

FIRMS: Final = ("MINE", "TRADE", "SEP", "MAG")
#: Shortly before January is due.
NOW: Final = datetime.fromisoformat("2025-02-07T09:00:00+08:00")
#: After both deadlines of what was shipped in January.
LATER: Final = datetime.fromisoformat("2025-03-12T09:00:00+08:00")


def file_trade(url: str) -> Desk:
    """Files it into a new store."""
    desk = Desk(url)
    desk.register(
        organisations=[
            *(organisation(firm, name_zh=f"{firm}公司") for firm in FIRMS),
            organisation("ABROAD", roles="end-user", country="DE"),
            organisation("YOUNG", valid_from=date(2025, 2, 3)),
        ],
        sites=[*(site(firm.lower(), firm) for firm in FIRMS), site("sep-2", "SEP"), site("young", "YOUNG")],
        quotas=[quota("MINE", "mining", 900), quota("SEP", "separation", 200)],
        licences=[
            licence("LIC-1", date(2025, 1, 1), date(2025, 12, 31)),
            licence("LIC-0", date(2024, 1, 1), date(2024, 6, 30)),
        ],
    )  # fmt: skip
    desk.rows(
        "MINE", "2025-01",
        "O1 origin 2 mine ORE 1000 product=concentrate composition=TREO=60;Nd=12 origin_kind=mined origin_place=CN-PIT",
        "S1 shipment 4 mine ORE 600 counterparty=TRADE counterparty_name=Trade-Ltd document=D-1",
    )  # fmt: skip
    desk.rows(
        "TRADE", "2025-01",
        "R1 receipt 6 trade MINE/ORE 600 counterparty=MINE reference=S1",
        "S2 shipment 8 trade MINE/ORE 500 counterparty=SEP document=D-2",
        "S4 shipment 20 trade MINE/ORE 50 counterparty=SEP document=D-4",
    )  # fmt: skip
    desk.rows(
        "SEP", "2025-01",
        "R2 receipt 9 sep MINE/ORE 480 counterparty=TRADE counterparty_name=Trade-House reference=S2"
        " composition=TREO=59;Nd=11.8",
        "T1 transformation 12 sep MINE/ORE 400 role=in reason=run",
        "T1 transformation 12 sep OX 200 role=out product=oxide:Nd composition=Nd=24 reason=run",
        "S3 shipment 15 sep OX 100 counterparty=MAG counterparty_name=Magnets",
        "X1 export 16 sep OX 20 counterparty=ABROAD counterparty_name=Abroad-GmbH counterparty_country=DE"
        " destination=DE"
        " licence=LIC-1 hs_code=2846901100 product=oxide:Nd declaration=310120250000000001",
    )  # fmt: skip
    return desk


def licence(name: str, first: date, last: date) -> dict[str, object]:
    """A register record: SEP may export 50 kg."""
    return {
        "id": name, "kind": "general", "exporter": "SEP", "end_users": ["Abroad GmbH"], "control_items": ["1C902"],
        "products": ["oxide"], "mass_mg": 50_000_000, "elements": None, "destination": "DE", "end_use": "motors",
        "valid_from": first, "valid_to": last,
    }  # fmt: skip


def person(organisation_: str, *roles: str, user: int = 1) -> Actor:
    """Somebody of a firm who may file, unless other roles are named."""
    standings = tuple(RoleGrant(organisation=organisation_, role=role) for role in roles or ("filer",))
    return Actor(user=user, name="Person", pseudonym=f"person-{user}", standings=standings)


def furnish(url: str) -> None:
    """The office's tables, and a person (number 1) to stand behind `person`."""
    with override_settings(LODELINE_DATABASE=url):
        User.objects.create_user("person@test.example", pk=1, name="Person", joined_at=NOW)


def made_trade(url: str) -> None:
    """Files it and furnishes the office, and leaves it to be copied (`tests.stores.copied`)."""
    desk = file_trade(url)
    furnish(url)
    desk.put_away()


def member(number: int, firm: str, role: str = "filer", *, language: str = "en", wants_mail: bool = True) -> User:
    """An account with a membership that is in force."""
    user = User.objects.create_user(
        f"p{number}@test.example", pk=number, name=f"Person {number}", joined_at=NOW, language=language,
        wants_mail=wants_mail,
    )  # fmt: skip
    Membership.objects.create(user=user, organisation=firm, role=role, valid_from=date(2025, 1, 1), granted_at=NOW)
    return user
