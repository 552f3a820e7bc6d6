"""What would come out differently under the law of another day, or of another pack: exports, declarations, filings and
findings.

Everything but the law stays as it is: goods, papers, days and register are those of the ledger. Two laws are held, each
as it stood on its day, and every question is put to both; listed is what is answered otherwise, and by what.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from typing import Any

import polars as pl

from lodeline.control.declaration import Declaration, Line
from lodeline.control.desk import Verdict
from lodeline.control.licences.licence import read_licences
from lodeline.control.reason import Reason, worst
from lodeline.control.replay import ControlStatus, only_in, standing, verdicts_under, word
from lodeline.control.rulebook import Rulebook, rulebook
from lodeline.control.sources import Sources
from lodeline.detection.battery import DETECTORS, run_detectors
from lodeline.detection.finding import Finding
from lodeline.filing.cell import PARSERS
from lodeline.ledger.extension import due
from lodeline.material.composition import Stated
from lodeline.material.element import TREO
from lodeline.material.mass import format_kg
from lodeline.message import as_json, localized
from lodeline.regulation.control_list import ControlItem
from lodeline.regulation.parameter import Jurisdiction
from lodeline.regulation.replay import differing, held
from lodeline.service.entries.subject import Json
from lodeline.service.filing.status import filing_status
from lodeline.service.findings.finding import SnapshotView
from lodeline.service.law.altered import altered
from lodeline.service.law.probes import probed
from lodeline.service.law.publishing import proposed_law
from lodeline.store.queries.customs import filed_papers
from lodeline.store.snapshot import Snapshot
from lodeline.store.store import Store

#: Cells of an export row beside those of `ledger.movement.LINE`.
_PAPERS: Mapping[str, pl.DataType] = {
    "line": pl.Int64(), "model": pl.String(), "value": pl.String(), "currency": pl.String(),
    "declaration": pl.String(), "hs_code": pl.String(), "control_item": pl.String(), "licence": pl.String(),
    "end_user_name": pl.String(), "end_user_country": pl.String(), "end_use": pl.String(), "port": pl.String(),
}  # fmt: skip
_AS_FILED = ("model", "currency", "control_item", "licence", "end_user_name", "end_user_country", "end_use", "port")


@dataclass(frozen=True)
class Laws:
    """The law of two days, each as it stood on it, as published up to the day itself or to `known`.

    `other`: the pack whose law is that of the second day; None: the same pack.
    """

    law: Jurisdiction
    first: date
    second: date
    known: date | None = None
    other: Jurisdiction | None = None

    @property
    def packs(self) -> tuple[Jurisdiction, Jurisdiction]:
        return self.law, self.other or self.law

    @cached_property
    def held(self) -> tuple[Jurisdiction, Jurisdiction]:
        (one, other), (known, other_known) = self.packs, self._known
        return held(one, self.first, known=known), held(other, self.second, known=other_known)

    @cached_property
    def rules(self) -> tuple[Rulebook, Rulebook]:
        (one, other), (known, other_known) = self.packs, self._known
        return rulebook(one, self.first, known=known), rulebook(other, self.second, known=other_known)

    @cached_property
    def changed(self) -> frozenset[str]:
        """The names of the parameters that stand otherwise."""
        return differing(*self.held)

    @property
    def _known(self) -> tuple[date, date]:
        return self.known or self.first, self.known or self.second

    def as_json(self) -> Json:
        """Which law is compared with which, and each rule that stands otherwise, with how."""
        before, after = self.held
        both = {one.rule: one for law in self.packs[::-1] for one in law.parameters.values()}
        rules = [
            {
                "parameter": one.name, "label": one.label, "instrument": one.instrument,
                "title": (self.law if self.law.ruled(rule) else self.packs[1]).title(one.instrument),
                "from": _status(before, rule), "to": _status(after, rule),
            }
            for rule, one in both.items()
            if one.name in self.changed and differing(_alone(before, rule), _alone(after, rule))
        ]  # fmt: skip
        return {
            "jurisdiction": self.law.code,
            "pack": self.law.digest,
            **({} if self.other is None else {"other_pack": self.other.digest}),
            "from": self.first.isoformat(),
            "to": self.second.isoformat(),
            "known": {"from": self._known[0].isoformat(), "to": self._known[1].isoformat()},
            "law": rules,
        }


def replay(
    store: Store, snapshot: Snapshot, law: Jurisdiction, *, first: date, second: date, known: date | None = None,
    other: Jurisdiction | None = None,
) -> Json:  # fmt: skip
    """What of the ledger comes out differently under the law of `first` and of `second`, in either order of days.

    `known`: as published up to that day, for both; by default each law as it could be known on its own day. `other`: a
    pack whose law is the second, for the same pack. Of each kind: `judged`, how many were put to both laws, and `rows`,
    those answered otherwise.
    """
    laws = Laws(law, first, second, known, other)
    lines = list(_export_lines(store, snapshot))
    return {
        "stamp": snapshot.stamp,
        **laws.as_json(),
        "exports": _exports(lines, laws),
        "declarations": _declared(lines, snapshot, laws),
        "filings": _filings(store, snapshot, laws),
        "findings": _findings(store, snapshot, laws),
    }


def replay_proposal(store: Store, snapshot: Snapshot, law: Jurisdiction, *, proposal: int, on: date) -> Json:
    """What of the ledger would come out differently under the pack of a proposal than under the law that stands, both
    as they are on a day: `replay`'s document, with `other_pack`, `probes` (lines that hang on no ledger) and `altered`
    (old values that the pack has otherwise)."""
    other = proposed_law(store, proposal)
    found = replay(store, snapshot, law, first=on, second=on, known=on, other=other)
    return {**found, "probes": probed(law, other, on), "altered": altered(law, other)}


def replay_declaration(
    declaration: Declaration, law: Jurisdiction, *, first: date, second: date, known: date | None = None,
    snapshot: Snapshot | None = None,
) -> Json:  # fmt: skip
    """The lines of a declaration that the desk answers otherwise under one law than under the other.

    `rows` as those of a ledger's declarations, one for each line; `readable` is False where none could be read.
    """
    laws = Laws(law, first, second, known)
    sources = Sources()
    if snapshot is not None:
        register = snapshot.register
        sources = Sources(
            licences=read_licences(register.tables["licences"]), exporters=register.organisation_by_name
        )  # fmt: skip
    both = [verdicts_under(rules, declaration, sources, day=second) for rules in laws.rules]
    rows = [
        {
            "declaration": one.line["declaration"], "line": one.line["line"], "row": one.line.row,
            "product_name": one.line["product_name"], **_verdicts((one,), (other,)),
        }
        for one, other in zip(*both, strict=True)
        if word(one) != word(other)
    ]  # fmt: skip
    return {
        **laws.as_json(),
        "declarations": {"judged": len(declaration.lines), "rows": rows},
        "problems": [one.as_json() for one in declaration.problems],
        "readable": declaration.readable,
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class _Export:
    """A row of kind export, and the same as a line that the desk reads."""

    row: Mapping[str, Any]
    line: Line


def _export_lines(store: Store, snapshot: Snapshot) -> Iterator[_Export]:
    """The exports in force, in the order of days; each is the goods of its lot, as the ledger knows them now."""
    papers = filed_papers(store, _PAPERS, ["export"])
    facts = snapshot.lot_facts.select("lot", lot_product="product", lot_composition="composition")
    rows = (
        snapshot.lines.filter((pl.col("kind") == "export") & (pl.col("dry_mg") > 0))
        .join(papers, on="line", how="left")
        .join(facts, on="lot", how="left")
        .join(snapshot.lots.select("lot", "name"), on="lot", how="left")
        .with_columns(
            product=pl.coalesce("lot_product", "product"), composition=pl.coalesce("lot_composition", "composition"),
            destination=pl.coalesce("destination", "counterparty_country"),
        )
        .sort("on", "line")
    )  # fmt: skip
    for row in rows.iter_rows(named=True):
        values = {name: row[name] for name in _AS_FILED if row[name]}
        price = PARSERS["value"].other(row["value"]).value if row["value"] else None
        values |= {
            "line": str(row["line"]), "declaration": row["declaration"], "on": row["on"],
            "exporter": row["organisation"], "product": row["product"], "hs_code": row["hs_code"],
            "destination": row["destination"], "lot": row["name"], "mass_kg": row["mass_mg"], "value": price,
            "composition": _stated(row["composition"]),
        }  # fmt: skip
        known = {name: value for name, value in values.items() if value is not None}
        yield _Export(row=row, line=Line(row=row["line"], cells={}, values=known))


def _stated(composition: str | None) -> Stated | None:
    """A lot's canonical composition as a declaration would state it."""
    if not composition:
        return None
    shares = {symbol: int(ppb) for symbol, _, ppb in (part.partition("=") for part in composition.split(";"))}
    total = sum(ppb for symbol, ppb in shares.items() if symbol != TREO)
    return Stated(shares=shares, as_filed=shares, sum_ppb=total)


def _exports(lines: Sequence[_Export], laws: Laws) -> Json:
    """Exports for which a licence is asked otherwise, or for other items."""
    known: dict[tuple[Any, ...], tuple[ControlStatus, ControlStatus]] = {}
    rows = []
    for export in lines:
        row = export.row
        # What the goods are decides, and many exports are of like goods.
        goods = (row["product"], row["composition"], row["hs_code"], row["model"])
        if goods not in known:
            before, after = (standing(export.line, rules) for rules in laws.rules)
            known[goods] = before, after
        before, after = known[goods]
        if before.differs(after):
            rows.append(
                {
                    "seq": row["line"], "entry": row["entry"], "organisation": row["organisation"],
                    "event": row["event"], "on": row["on"].isoformat(), "lot": row["name"], "product": row["product"],
                    "destination": row["destination"], "mass_kg": format_kg(row["dry_mg"]),
                    "declaration": row["declaration"], "licence": row["licence"],
                    "from": _standing(before, laws.packs[0]), "to": _standing(after, laws.packs[1]),
                }
            )  # fmt: skip
    return {"judged": len(lines), "rows": rows}


def _standing(one: ControlStatus, law: Jurisdiction) -> Json:
    return {
        "licence": one.licence,
        "items": [_item(item, law) for item in one.items],
        "unknown_items": [_item(item, law) for item in one.unknown_items],
        "is_trace": one.is_trace,
    }


def _item(item: ControlItem, law: Jurisdiction) -> Json:
    return {
        "item": item.item, "element": item.element, "form": item.form, "label": item.label,
        "instrument": item.instrument, "title": law.title(item.instrument), "evidence": item.evidence,
    }  # fmt: skip


def _declared(lines: Sequence[_Export], snapshot: Snapshot, laws: Laws) -> Json:
    """Declarations of the ledger's exports on which the desk says another word; an export without one is its own."""
    together: dict[tuple[str, str], list[_Export]] = {}
    for export in lines:
        number = export.row["declaration"] or f"#{export.row['line']}"
        together.setdefault((export.row["organisation"], number), []).append(export)
    sources = Sources(licences=read_licences(snapshot.register.tables["licences"]))
    rows = []
    for (organisation, _), exports in together.items():
        declaration = Declaration(lines=tuple(one.line for one in exports))
        before, after = (verdicts_under(rules, declaration, sources, day=exports[0].row["on"]) for rules in laws.rules)
        verdicts = _verdicts(before, after)
        if verdicts["from"] != verdicts["to"]:
            rows.append(
                {
                    "declaration": exports[0].row["declaration"],
                    "organisation": organisation,
                    "on": exports[0].row["on"].isoformat(),
                    "seqs": [one.row["line"] for one in exports],
                    **verdicts,
                }
            )
    return {"judged": len(together), "rows": rows}


def _verdicts(before: Sequence[Verdict], after: Sequence[Verdict]) -> Json:
    """The worst word under each law, and the reasons that stand under one of them alone, each told once."""
    gone = [why for one, other in zip(before, after, strict=True) for why in only_in(one, other)]
    come = [why for one, other in zip(before, after, strict=True) for why in only_in(other, one)]
    return {
        "from": worst(word(one) for one in before),
        "to": worst(word(one) for one in after),
        "gone": _once(gone),
        "come": _once(come),
    }


def _once(reasons: Sequence[Reason]) -> list[Json]:
    answers: dict[str, Json] = {}
    for why in reasons:
        document = why.as_json()
        answers.setdefault(str(document["text"]), document)
    return list(answers.values())


def _filings(store: Store, snapshot: Snapshot, laws: Laws) -> Json:
    """Months that were in time under one law and late or missing under the other; None: nothing was due by then."""
    before, after = (_states(store, snapshot, law) for law in laws.held)
    joined = before.join(after, on=["organisation", "period"], how="full", coalesce=True, suffix="_after")
    differ = joined.filter(pl.col("state").ne_missing(pl.col("state_after"))).sort("organisation", "period")
    rows = [
        {"organisation": one["organisation"], "period": one["period"], "from": one["state"], "to": one["state_after"]}
        for one in differ.iter_rows(named=True)
    ]
    return {"judged": joined.height, "rows": rows}


def _states(store: Store, snapshot: Snapshot, law: Jurisdiction) -> pl.DataFrame:
    """`filing_status` under a held law; no row where it sets no deadline, for nothing can be late then."""
    states = filing_status(store, snapshot, law)
    # A law that is held says the same of every month.
    return states.clear() if due(None, "2000-01", law, snapshot.register) is None else states


def _findings(store: Store, snapshot: Snapshot, laws: Laws) -> Json:
    """Findings that one law gives and the other does not, or with another score or mass; by detectors that ask the law.

    `judged` counts the findings of either law. Detectors that ask no law find the same, and are not run.
    """
    before = SnapshotView(store=store, snapshot=snapshot, law=laws.held[0])
    # The ledger is the same: what does not hang on the law is computed once.
    after = replace(before, law=laws.held[1])
    status = [_states(store, snapshot, law) for law in laws.held]
    for findings_seen, states in zip((before, after), status, strict=True):
        findings_seen.__dict__["status"] = states
    changed = {"law"} if laws.changed else set()
    if not status[0].equals(status[1]):
        changed.add("status")
    chosen = tuple(one for one in DETECTORS if changed.intersection(one.needs))
    was = {one.id: one for one in run_detectors(before, chosen)}
    after.__dict__.update({name: kept for name, kept in before.__dict__.items() if name not in after.__dict__})
    now = {one.id: one for one in run_detectors(after, chosen)}
    rows = [
        _finding(was.get(key), now.get(key))
        for key in dict.fromkeys((*now, *was))
        if _seen(was.get(key)) != _seen(now.get(key))
    ]
    return {"judged": len(was.keys() | now.keys()), "rows": rows}


def _seen(finding: Finding | None) -> tuple[object, ...] | None:
    return None if finding is None else (finding.score, finding.mass_mg, finding.interval_mg)


def _finding(was: Finding | None, now: Finding | None) -> Json:
    one = now or was
    assert one is not None, "a finding of neither law is no row"
    what = "comes" if was is None else "goes" if now is None else "changes"
    return {
        "id": one.id, "detector": one.detector, "subject": dict(one.subject), "period": one.period, "what": what,
        "from": _weight(was), "to": _weight(now), "explanation": localized(one.explanation),
        "sentences": [as_json(sentence) for sentence in one.explanation],
    }  # fmt: skip


def _weight(finding: Finding | None) -> Json | None:
    if finding is None:
        return None
    return {
        "score": None if finding.score is None else round(finding.score, 9), "mass_kg": format_kg(finding.mass_mg),
    }  # fmt: skip


def _status(law: Jurisdiction, rule: str) -> str:
    """The status of a rule in a held law; of one that its pack does not have, "not-yet"."""
    found = law.ruled(rule)
    return "not-yet" if found is None or found.always is None else found.always.status


def _alone(law: Jurisdiction, rule: str) -> Jurisdiction:
    found = law.ruled(rule)
    return replace(law, parameters={} if found is None else {found.name: found})
