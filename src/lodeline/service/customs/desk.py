"""The desk: may this consignment leave? A pure question put to the law, and to the register where there is one.

Nothing is written. Every verdict carries an id, the day of its law and what it was computed from, so that anybody who
holds the same declaration, law and register can recompute it.
"""

from __future__ import annotations

import gc
import json
import tempfile
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

import polars as pl

from lodeline.control.case import Case
from lodeline.control.declaration import Declaration, read_declaration
from lodeline.control.desk import Verdict, judge
from lodeline.control.goods.elements import elements_of
from lodeline.control.goods.items import percent
from lodeline.control.goods.models import risks, verdict_of
from lodeline.control.reason import VERDICTS, worst
from lodeline.control.rulebook import LawDay
from lodeline.control.settling import as_json as documents_as_json
from lodeline.control.settling import settled_by
from lodeline.control.sources import Sources
from lodeline.filing.formats import Limits
from lodeline.language import Text, text
from lodeline.party.packed import unnamed
from lodeline.service.customs.records import records_of
from lodeline.service.customs.standing_answers import standing_answers
from lodeline.service.licences.drawn import with_draws
from lodeline.store.snapshot import Snapshot
from lodeline.store.store import Store

if TYPE_CHECKING:
    from lodeline.control.screened import Screened

Json = dict[str, Any]
_ENDING = 16
#: Beyond so many lines the collector of cycles pauses.
_COLLECTED_LINES = 2_000
#: What a line of a file takes, about.
_LINE_BYTES = 120

#: What was not checked, by why.
_NOT_CHECKED = {
    "ports": text(
        "Whether the port is designated for rare earths, beyond those of published cases: no "
        "list with a source is at hand."
    ),
    "parties": text("The parties against lists beside those of the law pack: none is at hand."),
    "records": text("Lots, models and what the exporter exported before: no ledger is at hand."),
    "trades": text("What the exporter exported before: repeats, new buyers and destinations."),
}


@dataclass(frozen=True, kw_only=True)
class Ledger:
    """The ledger that a question is put to: with the store, licences are less what was drawn on them by the day.

    `asker`: the organisation that asks about its own goods and sees what is its own; None: the authority.
    `amended`: the lines (declaration, line) that those of the question replace. `before`: as what is below this entry
    of the log has it, where the snapshot is of old; None: as it is.
    """

    snapshot: Snapshot
    store: Store | None = None
    asker: str | None = None
    amended: Collection[tuple[str, str]] = ()
    before: int | None = None


def declare(source: Path | bytes, on: LawDay, ledger: Ledger | None = None, *, name: str | None = None) -> Json:
    """The verdict for each line of a declaration; `readable` is False where no line could be read.

    `source` is a path, or bytes whose format the ending of `name` tells. Without a ledger licences are unknown.
    """
    return answer(read(source, name=name), on, ledger)


def read(source: Path | bytes, *, name: str | None = None, limits: Limits | None = None) -> Declaration:
    """The lines of a path, or of bytes whose format the ending of `name` tells; never raises on what they hold."""
    if isinstance(source, Path):
        size = source.stat().st_size if source.is_file() else 0
        with gc_paused(size // _LINE_BYTES):
            return read_declaration(source, file=name, limits=limits)
    assert name is not None, "bytes come with the name of their file"
    # An ending that is longer than any format's would make a name that no file system takes.
    lines = len(source) // _LINE_BYTES
    with tempfile.NamedTemporaryFile(suffix=PurePath(name).suffix[:_ENDING]) as held, gc_paused(lines):
        held.write(source)
        held.flush()
        return read_declaration(Path(held.name), file=name, limits=limits)


def answer(declaration: Declaration, on: LawDay, ledger: Ledger | None = None) -> Json:
    """What `declare` answers, about a declaration that was read; its lines in the order of the declaration's."""
    return answered(declaration, on, sources_of(declaration, on, ledger))[0]


def sources_of(declaration: Declaration, on: LawDay, ledger: Ledger | None) -> Sources:
    """What a ledger has to answer from about the lines of a declaration, on the day of law."""
    if ledger is None:
        return Sources()
    snapshot, store, asker = ledger.snapshot, ledger.store, ledger.asker
    licences = snapshot.register.tables["licences"]
    if store is not None:
        licences = with_draws(
            store, snapshot.register, on.law, declaration, on.day, amended=ledger.amended, before=ledger.before
        )
    return Sources(
        licences=licences if asker is None else licences.filter(pl.col("exporter") == asker),
        exporters=snapshot.register.organisation_by_name,
        records=records_of(
            declaration,
            snapshot,
            store=store,
            asker=asker,
            owners=_owners(store, snapshot, on.day, ledger.before) if asker is None else {},
        ),
        screened=None if store is None else screened_of(store, snapshot, before=ledger.before),
        stamp=snapshot.stamp,
        answers=() if store is None else standing_answers(store, before=snapshot.entry + 1),
    )


def _owners(store: Store | None, snapshot: Snapshot, day: date, before: int | None) -> dict[str, str]:
    """Who stands behind the parties of register and lists."""
    from lodeline.service.parties.lists import lists_of  # noqa: PLC0415
    from lodeline.service.parties.owners import owners_behind  # noqa: PLC0415

    return owners_behind(snapshot.register, [] if store is None else lists_of(store, before=before), day=day)


def screened_of(store: Store, snapshot: Snapshot, *, before: int | None = None) -> Screened:
    """The parties of the register and of the lists that were loaded, or were before an entry, to be asked for names."""
    # Names are taken apart by tables that nobody needs who asks without a store.
    from lodeline.control.screened import Screened  # noqa: PLC0415
    from lodeline.service.parties.index import screener_before, screener_of  # noqa: PLC0415
    from lodeline.service.parties.lists import lists_of  # noqa: PLC0415

    screener = screener_of(store, snapshot) if before is None else screener_before(store, snapshot, before)
    return Screened(screener, lists=len(lists_of(store, before=before)))


def answered(declaration: Declaration, on: LawDay, sources: Sources) -> tuple[Json, tuple[Verdict, ...]]:
    """The answer from what is at hand, with the verdicts that it shows."""
    with gc_paused(len(declaration.lines)):
        verdicts = judge(declaration, on, sources)
        return document_of(declaration, verdicts, on, sources), verdicts


@contextmanager
def gc_paused(lines: int) -> Iterator[None]:
    """Without the collector of cycles while many lines are judged: they make none, and it would look through all of
    them again and again, which takes longer than judging them."""
    pauses = lines > _COLLECTED_LINES and gc.isenabled()
    if pauses:
        gc.disable()
    try:
        yield
    finally:
        if pauses:
            if not gc.get_freeze_count():
                # What was made lives on, so it goes to the oldest at once, and is not looked through as young.
                gc.freeze()
                gc.unfreeze()
            gc.enable()


def document_of(
    declaration: Declaration, verdicts: Sequence[Verdict], on: LawDay, sources: Sources
) -> Json:  # fmt: skip
    """The answer that these verdicts give."""
    basis = {"law": on.law.code, "pack": on.law.digest, "known": on.known.isoformat(), "stamp": sources.stamp}
    lines = [line_as_json(one, basis) for one in verdicts]
    return {
        "id": _digest([basis, [line["id"] for line in lines]]),
        "verdict": worst(one.verdict for one in verdicts) if lines else "query",
        "lines": lines,
        "counts": {word: sum(one["verdict"] == word for one in lines) for word in VERDICTS},
        "documents": _documents(verdicts),
        "problems": [one.as_json() for one in declaration.problems],
        "readable": declaration.readable,
        "day": on.day.isoformat(),
        **basis,
        "licences": "unknown" if sources.licences is None or not len(sources.licences) else "register",
        "not_checked": _not_checked(verdicts, sources),
    }


def _documents(verdicts: Sequence[Verdict]) -> Json:
    """Every document that a query asks for, with the law of the first day that it is asked under."""
    found: Json = {}
    for one in verdicts:
        codes = [code for code in settled_by(one.reasons) if code not in found] if one.case else []
        if codes and one.case:
            found |= documents_as_json(codes, one.case.rules)
    return found


def _not_checked(verdicts: Sequence[Verdict], sources: Sources) -> list[Text]:
    ports = [one.case.rules.parameter("desk-ports") for one in verdicts if one.case and one.line["port"]]
    missing = {
        "ports": any(found is None or not found["designated"] for found in ports),
        "parties": sources.screened is None or not sources.screened.lists,
        "records": sources.records is None,
        "trades": sources.records is not None and sources.records.trades is None,
    }
    return [_NOT_CHECKED[name] for name, is_missing in missing.items() if is_missing] + _without_a_name(verdicts)


def _without_a_name(verdicts: Sequence[Verdict]) -> list[Text]:
    """How many parties the lists of the law bar on the latest day of the lines whose names the pack does not have."""
    rules = max((one.case.rules for one in verdicts if one.case), key=lambda one: one.day, default=None)
    lists = unnamed(rules.law, rules.day, known=rules.known) if rules else {}
    if not lists:
        return []
    count, called = sum(missing for _, missing in lists.values()), ", ".join(lists)
    return [
        text(
            "{count} parties that lists of the law bar, of which no source for their names was found: {called}.",
            count=count,
            called=called,
        )
    ]


def line_as_json(verdict: Verdict, basis: Json) -> Json:
    """One line of the answer. Its id stands for what was asked, what it was judged by, and what was answered."""
    line = verdict.line
    # The words of the reasons may be bettered without another id.
    codes = [(one.code, list(one.fields), dict(one.facts)) for one in verdict.reasons]
    return {
        "line": line["line"],
        "verdict": verdict.verdict,
        "reasons": [one.as_json() for one in verdict.reasons],
        "id": _digest([basis, verdict.day.isoformat(), dict(line.cells), codes]),
        "declaration": line["declaration"],
        "row": line.row,
        "product_name": line["product_name"],
        "hs_code": line["hs_code"],
        "day": verdict.day.isoformat(),
        "elements": [] if verdict.case is None else elements_of(verdict.case),
        "models": [] if verdict.case is None else _models(verdict.case),
        "documents": list(settled_by(verdict.reasons)),
        "problems": [one.as_json() for one in line.problems],
    }


def _models(case: Case) -> list[Json]:
    return [
        {
            "model": one.name,
            "verdict": verdict_of(one, case),
            "registered": one.model is not None,
            "test_report": one.model.test_report if one.model else None,
            "risks": list(risks(one, case)),
            "items": list(dict.fromkeys(need.item.item for need in one.needs)),
            "composition": {
                symbol: percent(share) for symbol, share in (one.model.shares if one.model else {}).items()
            },
        }
        for one in case.models
    ]


def _digest(content: Any) -> str:
    """SHA-256 of the content as JSON with sorted keys and no spaces; there are texts, lists and objects in it."""
    return sha256(_TO_DIGEST(content).encode()).hexdigest()


_TO_DIGEST = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode
