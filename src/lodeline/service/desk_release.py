"""Release with a reservation: what the desk releases on a licence is promised at once, so that nobody else gets it.

The verdict is the desk's; only the promise is written. A line that cannot be promised waits.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from lodeline.control.declaration import Declaration
from lodeline.control.desk import Verdict
from lodeline.control.licence import draws_of
from lodeline.control.reason import VERDICTS, worst
from lodeline.ledger.licence import GOODS
from lodeline.ledger.licence import licences as licences_of
from lodeline.ledger.register import Register
from lodeline.regulation.parameter import Jurisdiction
from lodeline.service.desk import answered, sources_of
from lodeline.service.draws import Wanted, reserve
from lodeline.store.snapshot import Snapshot
from lodeline.store.store import Store

Json = dict[str, Any]


def release(
    *,
    store: Store,
    snapshot: Snapshot,
    declaration: Declaration,
    law: Jurisdiction,
    today: date,
    filed_at: datetime,
    by: str | None = None,
) -> Json:
    """What `answer` says, and a reservation for each line that is released on a licence, once.

    A line whose reservation is refused is held, with the problems under `reservation`; others have null there.
    """
    sources = sources_of(declaration, snapshot, store=store, law=law, day=today)
    document, verdicts = answered(declaration, sources, law=law, today=today)
    drawing = [place for place, one in enumerate(verdicts) if one.verdict == "release" and _draws(one)]
    wanted = [_wanted(verdicts[place], store.register(store.head())) for place in drawing]
    drawn = reserve(store=store, wanted=wanted, law=law, on=today, filed_at=filed_at, by=by) if wanted else []
    for line in document["lines"]:
        line["reservation"] = None
    for place, one in zip(drawing, drawn, strict=True):
        line = document["lines"][place]
        line["reservation"] = one.as_json()
        if one.draw is None:
            line["verdict"] = "hold"
    words = [line["verdict"] for line in document["lines"]]
    return document | {
        "verdict": worst(words) if words else "query",
        "counts": {word: words.count(word) for word in VERDICTS},
        "reserved": sum(one.draw is not None for one in drawn),
    }


def _draws(verdict: Verdict) -> dict[str, int]:
    return draws_of(verdict.line, verdict.case.needs) if verdict.case is not None else {}


def _wanted(verdict: Verdict, register: Register) -> Wanted:
    line = verdict.line
    draws_mg = _draws(verdict)
    found = licences_of(register).get(line["licence"])
    limited = found.elements_mg if found else {}
    return Wanted(
        licence=line["licence"], organisation=line["exporter"] or "", declaration=line["declaration"] or "",
        line=line["line"] or "", mass_mg=draws_mg.get(GOODS, 0),
        elements_mg={name: mass_mg for name, mass_mg in draws_mg.items() if name in limited},
    )  # fmt: skip
