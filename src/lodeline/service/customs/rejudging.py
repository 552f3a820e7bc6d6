"""A question that the log keeps, judged again under the law pack that it names, from the records as they were.

What was answered stays whatever becomes of the law. So anybody may ask whether it follows from what it names: the pack
by its digest, the ledger at its entry, lists and draws from before the question. A row that has been corrected since is
taken as it was corrected.

DeskError    this question cannot be judged again here; the message says why
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from lodeline.control.declaration import Declaration, read_fields
from lodeline.control.rulebook import LawDay
from lodeline.control.sources import Sources
from lodeline.language import text
from lodeline.regulation.parameter import Jurisdiction
from lodeline.service.customs.desk import Ledger, answered, sources_of
from lodeline.service.customs.papers import DeskError, Question, question
from lodeline.service.customs.reservations import keys_of
from lodeline.store.law import law_before, law_by_digest
from lodeline.store.snapshot_opening import open_snapshot_as_of
from lodeline.store.store import Store

Json = dict[str, Any]


def law_of_question(store: Store, asked: Question) -> Jurisdiction | None:
    """The law that a kept question was answered by; None where its pack is not at hand."""
    pack = asked.paper["answer"].get("pack")
    # Before packs had digests there was no other than the first.
    return law_before(store, asked.entry.index) if pack is None else law_by_digest(store, pack)


def judged_again(store: Store, *, entry: int) -> Json:
    """The question of an entry judged again. `pack`: by which; `lines`: how many; `rows`: those that come out
    otherwise, with the verdict and the codes of the reasons then (`was`) and again. Raises DeskError."""
    asked = question(store, entry)
    law = law_of_question(store, asked)
    _check(asked, law)
    assert law is not None, "what cannot be judged again was refused"
    answer = asked.paper["answer"]
    day, known = date.fromisoformat(answer["day"]), date.fromisoformat(answer["known"])
    declaration = Declaration(lines=tuple(read_fields(cells).lines[0] for cells in asked.paper["cells"]))
    sources = _sources(store, asked, declaration, LawDay.of(law, known))
    again, _ = answered(declaration, LawDay.of(law, known, day=day), sources)
    rows = [
        {"line": was["line"], "row": was["row"], "was": _said(was), "again": _said(now)}
        for was, now in zip(answer["lines"], again["lines"], strict=True)
        if _reasons(was) != _reasons(now)
    ]
    return {"pack": law.digest, "entry": entry, "lines": len(answer["lines"]), "rows": rows}


def _check(asked: Question, law: Jurisdiction | None) -> None:
    """Raises DeskError for what cannot be judged again from the store."""
    paper = asked.paper
    if law is None:
        raise DeskError(
            text("The pack {pack} that it was answered by is not at hand in this store.", pack=paper["answer"]["pack"])
        )
    if paper["bundle"] is not None:
        raise DeskError(
            text(
                "It was answered at a port from bundle {sha256}…: ask it again from that bundle.",
                sha256=paper["bundle"]["sha256"][:12],
            )
        )
    if any(one["severity"] != "flag" for one in paper["answer"]["problems"]):
        raise DeskError(
            text(
                "What was wrong with its file cast doubt on each line, and only its lines are kept: send "
                "the file again."
            )
        )
    if "batch" in paper:
        raise DeskError(text("It is a part of a batch, which was judged by all of its file: send the file again."))


def _sources(store: Store, asked: Question, declaration: Declaration, on: LawDay) -> Sources:
    stamp, asker = asked.paper["answer"]["stamp"], asked.paper["asker"] or None
    if stamp is None:
        return Sources()
    snapshot = open_snapshot_as_of(store, stamp["entry"])
    amended: frozenset[tuple[str, str]] = frozenset()
    if asked.paper["amends"] is not None and asker is None:
        earlier = question(store, asked.paper["amends"]).paper["cells"]
        keys = keys_of(earlier, exporters=snapshot.register.organisation_by_name)
        amended = frozenset((number, line) for number, line, _ in keys)
    ledger = Ledger(snapshot=snapshot, store=store, asker=asker, amended=amended, before=asked.entry.index)
    return sources_of(declaration, on, ledger)


def _reasons(line: Mapping[str, Any]) -> list[tuple[str, list[str], Mapping[str, Any]]]:
    """What decides about a line: the words may be bettered since."""
    return [(one["code"], list(one["fields"]), one.get("facts", {})) for one in line["reasons"]]


def _said(line: Mapping[str, Any]) -> Json:
    return {"verdict": line["verdict"], "codes": [one["code"] for one in line["reasons"]]}
