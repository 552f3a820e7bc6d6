"""What was declared at the customs desk, and what customs asked about it: open, and answered with documents."""

from __future__ import annotations

from typing import Final

from lodeline.control.declaration import read_fields
from lodeline.control.rulebook import LawDay
from lodeline.office.customs import desk, queries
from lodeline.office.findings.states import CaseError
from lodeline.office.models import Case
from lodeline.office.sample.people import MADE_UP, Office, paper
from lodeline.service.customs.desk import Ledger, answer

#: What the lines have in common; each of `_LINES` adds what makes its verdict.
_COMMON: Final = {
    "hs_code": "8505111000", "consignee_name": "Muster Antriebe GmbH", "destination": "DE", "end_user_country": "DE",
    "end_use": "servo motors", "currency": "CNY", "value": "86000",
}  # fmt: skip
#: Sixteen models in one line, dysprosium without a licence, and what may leave.
_MANY_MODELS: Final = {
    "product_name": "NdFeB magnets N45", "models_in_lot": "16", "composition": "Nd=24.1;Pr=6.02;Fe=67.5;B=0.98",
    "mass_kg": "200",
}  # fmt: skip
_ANOTHER: Final = {
    "product_name": "NdFeB magnets N48", "models_in_lot": "9", "composition": "Nd=23.8;Pr=6.1;Fe=67.9;B=1.0",
    "mass_kg": "340",
}  # fmt: skip
_WITH_DYSPROSIUM: Final = {
    "product_name": "NdFeB magnets 38UH", "composition": "Nd=24;Pr=6;Dy=3.5;Fe=65.5;B=1", "mass_kg": "120",
}  # fmt: skip
_PLAIN: Final = {
    "product_name": "NdFeB magnets N35", "models_in_lot": "1", "composition": "Nd=23;Pr=6.9;Fe=69;B=1.1",
    "mass_kg": "260",
}  # fmt: skip


def declare(office: Office) -> None:
    """The maker's consignments: two that customs ask about, one that is held, one more; and what it asked itself."""
    _query(office, _MANY_MODELS, "SYN-D-1", days_ago=2, text="Which of the 16 models holds dysprosium? 哪一型号含镝？")
    answered = _query(office, _ANOTHER, "SYN-D-2", days_ago=6, text="Please send the list of models. 请提交型号清单。")
    if answered is not None:
        queries.answer(
            office.who("filer"), office.store, office.maker, answered.reference, now=office.ago(1),
            text=f"The list is attached. 清单见附件。{MADE_UP}", documents=["contract", "test-report"],
            files=paper("models"),
        )  # fmt: skip
    _declared(office, _WITH_DYSPROSIUM, "SYN-D-3", days_ago=1)
    _declared(office, _PLAIN, "SYN-D-4", days_ago=1)
    _declared(office, _WITH_DYSPROSIUM, "SYN-P-1", days_ago=1, asker=office.maker)


def _declared(
    office: Office, line: dict[str, str], declaration: str, *, days_ago: int, asker: str = ""
) -> tuple[int, str]:
    """The entry of what was declared, and the id of its line's verdict."""
    cells = {**_COMMON, **line, "line": "1", "declaration": declaration, "exporter": office.maker}
    read, today = read_fields(cells), office.day(days_ago)
    ledger = Ledger(snapshot=office.snapshot, store=office.store, asker=asker or None)
    found = answer(read, LawDay.of(office.law, today), ledger)
    by = office.who("filer" if asker else "customs")
    entry = desk.ask(by, office.store, read, found, now=office.ago(days_ago), asker=asker)
    return entry.index, str(found["lines"][0]["id"])


def _query(office: Office, line: dict[str, str], declaration: str, *, days_ago: int, text: str) -> Case | None:
    """Customs ask about a line. None where the law of the day knows no such procedure: it came in 2025."""
    entry, verdict = _declared(office, line, declaration, days_ago=days_ago)
    try:
        return queries.open_case(
            office.who("customs"), office.store, entry, verdict_id=verdict, text=text + MADE_UP, law=office.law,
            today=office.day(days_ago), now=office.ago(days_ago),
        )  # fmt: skip
    except CaseError:
        return None
