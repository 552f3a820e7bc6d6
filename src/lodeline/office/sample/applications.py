"""Applications for licences: a draft, one that waits, one that is queried, one that a second officer is to decide; and
a licence that one officer wants suspended."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from lodeline.office.licences import acts, application_review, applications
from lodeline.office.licences.application_review import Proposal
from lodeline.office.licences.application_steps import NotReadyError
from lodeline.office.models import Application
from lodeline.office.sample.people import MADE_UP, Office, paper

_DOCUMENTS: Final = ("applicant", "contract", "technical", "end-use")
#: Whom for, what for, kg of magnets, value.
_CUSTOMERS: Final = (
    ("Muster Antriebe GmbH", "DE", "servo motors", "1200", "96000"),
    ("Ejemplo Motores S.A.", "ES", "lift motors", "800", "61000"),
    ("Exempel Vindkraft AB", "SE", "generators of wind turbines", "5400", "415000"),
    ("Sample Loudspeakers Ltd", "GB", "loudspeakers", "300", "27000"),
)


def apply(office: Office) -> None:
    """The maker applies four times, and officers work on it."""
    waiting = _handed_in(office, 0, days_ago=12)
    queried = _handed_in(office, 1, days_ago=16)
    proposed = _handed_in(office, 2, days_ago=20)
    _draft(office, 3, days_ago=1)
    if waiting is None or queried is None or proposed is None:
        return
    first = office.who("licensing")
    queried = application_review.take(first, office.store, queried, seen=queried.steps_taken, now=office.ago(12))
    application_review.query(
        first, office.store, queried, until=office.day(-12), seen=queried.steps_taken, now=office.ago(10),
        text=f"Which machines do the motors drive, and how many a year? 电机用于何种设备，年用量多少？{MADE_UP}",
    )  # fmt: skip
    proposed = application_review.take(first, office.store, proposed, seen=proposed.steps_taken, now=office.ago(15))
    application_review.propose(
        first, office.store, proposed, Proposal(grant=True, text=f"Need and use agree. 需求与用途相符。{MADE_UP}"),
        office.law, seen=proposed.steps_taken, now=office.ago(2),
    )  # fmt: skip
    _suspend(office)


def _content(office: Office, number: int, day_from: int) -> dict[str, Any]:
    customer, country, use, mass, value = _CUSTOMERS[number]
    begins = office.day(-day_from)
    return {
        "kind": "individual", "contract": f"SYN-C-{number + 1}", "end_users": customer, "consignee_name": customer,
        "destination": country, "end_user_country": country, "end_use": use, "currency": "CNY", "statement": MADE_UP,
        "valid_from": begins.isoformat(), "valid_to": (begins + timedelta(days=180)).isoformat(),
        "goods": [
            {
                "product_name": "Sintered NdFeB magnets 38UH", "product": "magnet-ndfeb", "hs_code": "8505111000",
                "control_item": "1C905.a.4", "composition": "Nd=24;Pr=6;Dy=3.5;Fe=65.5;B=1", "mass_kg": mass,
                "value": value,
            }
        ],
    }  # fmt: skip


def _draft(office: Office, number: int, *, days_ago: int) -> Application:
    filer, now = office.who("filer"), office.ago(days_ago)
    begun = applications.begin(filer, office.maker, now=now)
    return applications.save(filer, begun, _content(office, number, 30), now=now)


def _handed_in(office: Office, number: int, *, days_ago: int) -> Application | None:
    """None where the law of the day knows no such licence: before April 2025 nothing of it was controlled."""
    filer, begun = office.who("filer"), _draft(office, number, days_ago=days_ago)
    for kind in _DOCUMENTS:
        applications.attach(filer, office.store, begun, kind, paper(kind))
    try:
        return applications.submit(filer, office.store, begun, office.law, now=office.ago(days_ago))
    except NotReadyError:
        return None


def _suspend(office: Office) -> None:
    """One officer wants a licence in use suspended; another has not said yet."""
    today = office.day(1)
    licences = office.store.register(office.store.head()).licences
    standing = (
        number for number, one in sorted(licences.items())
        if one.valid_from is not None and one.valid_to is not None and one.valid_from <= today < one.valid_to
    )  # fmt: skip
    number = next(standing, None)
    if number is not None:
        reason = f"What was exported on it is being looked into. 正在核查该证项下出口。{MADE_UP}"
        acts.propose(
            office.who("licensing"), office.store, number, "suspended", on=office.day(-7), reason=reason,
            law=office.law, now=office.ago(1),
        )  # fmt: skip
