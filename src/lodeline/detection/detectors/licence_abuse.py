"""An export licence was used for what it does not allow, or goods that need one left without.

Loophole: a licence is shown once and the goods are somebody else's, more, later, or for another user; or nobody shows
one. Every export that names a licence is held against it, and against what was drawn on it: released, confirmed by
customs, filed. Goods whose composition meets a listed item on their day are asked for a licence, whatever they are
called.

Innocent: a licence or a renewal that is not in the register yet; a digit of its number; a mass in the wrong unit; a
consignment in parts; a user under its parent's name; goods within the band of trade practice.
Ask: the licence with its annex and customs' endorsements; the declaration; contract and end-user certificate.
Evidence: what was granted, used and passed; the log of draw-downs of the licence; the rows that it does not cover.
Source: Export Control Law arts 34-36; Regulations on Export Control of Dual-Use Items arts 15, 18, 21 (2024). A
register without any licence is not judged by: not known is not zero.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

import polars as pl

from lodeline.detection.customers import are_one
from lodeline.detection.detector import ROW, Detector, plain
from lodeline.detection.evidence import EVIDENCE_ROWS, described, last_day, months_of, with_treo_mass
from lodeline.detection.finding import Finding, ranked
from lodeline.detection.limits import Limits
from lodeline.language import Text, text
from lodeline.ledger.controlled import ControlledForms
from lodeline.ledger.licence import GOODS, Licence, countries_of
from lodeline.ledger.licence_terms import terms
from lodeline.ledger.register import Register
from lodeline.material.element import SYMBOLS, TREO
from lodeline.material.mass import PPB, format_kg
from lodeline.message import NOTHING, SEMICOLON, Count, Key, Mass, Series, Texts
from lodeline.regulation.parameter import Jurisdiction

INNOCENT: tuple[Text, ...] = (
    text("The licence, or its renewal, is not in the register yet."),
    text("A digit of its number or the unit of a mass was filed wrong."),
    text("One consignment left in parts, or under the name of the user's parent."),
    text("The goods are within the band of trade practice, or a laboratory found less."),
)  # fmt: skip
ASK: tuple[Text, ...] = (
    text("The licence with its annex, and what customs endorsed on it."),
    text("The declarations and the papers of exit of these consignments."),
    text("Contract, end-user certificate and proof of arrival."),
)
_WORDS: Final[Mapping[str, Text]] = {
    "without": text("goods on the control list left without a licence"),
    "unknown": text("the register has no such licence"),
    "of-other": text("the licence is somebody else's"),
    "not-in-force": text("it was not in force on the day"),
    "beyond": text("more left than was granted"),
    "end-user": text("another end user"),
    "destination": text("another destination"),
    "twice": text("it was used again after its one export"),
}
TEXTS: Final = Texts(
    "licence-abuse",
    {
        "not-covered": text("{rows} exported rows{licence}, {mass} kg of goods, are not covered: {breaches}."),
        "licence": text(" on {licence}"),
        **_WORDS,
    },
)


@dataclass(slots=True, kw_only=True)
class _Case:
    """What is held against one exporter on one licence ("" for none): breach → its rows, each row once per breach."""

    organisation: str
    licence: str
    rows: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def add(self, breach: str, row: dict[str, Any]) -> None:
        self.rows.setdefault(breach, []).append(row)


def _exported(
    *, lines: pl.DataFrame, customs: pl.DataFrame, lot_facts: pl.DataFrame, lot_assays: pl.DataFrame, law: Jurisdiction
) -> pl.DataFrame:
    """What an `organisation` exports, with its customs line; where that names no licence, `listed_ppb` is the largest
    share of an element that a control list names on the day in the form that the lot has.
    """
    abroad = pl.coalesce("destination", "counterparty_country") != law.country
    exports = (
        lines.filter((pl.col("kind") == "export") & (pl.col("dry_mg") > 0) & abroad.fill_null(value=True))
        .select("organisation", "event", "entry", "line", "kind", "on", "lot", "mass_mg", "dry_mg", "destination")
        .join(customs, on="line", how="left", maintain_order="left")
    )
    shares = _listed_shares(exports.filter(pl.col("licence").is_null()), lot_facts, lot_assays, law)
    return with_treo_mass(exports, lot_assays).join(shares, on="line", how="left", maintain_order="left")


def licence_abuse(
    *, lines: pl.DataFrame, lot_facts: pl.DataFrame, lot_assays: pl.DataFrame, draws: pl.DataFrame,
    customs: pl.DataFrame, register: Register, law: Jurisdiction, limits: Limits,
) -> list[Finding]:  # fmt: skip
    """One finding per exporter and licence that was abused, and one per exporter of listed goods without any.

    Parameters: `lines` in force and `lot_facts` (`ledger.movement`), `lot_assays` as in `accountancy.frames`, `draws`
    and `customs` as in `detection.papers`. `mass_mg` is the TREO of the rows that are not covered;
    `score` is None, for what was filed is compared with what was granted and nothing is estimated.
    """
    exported = _exported(lines=lines, customs=customs, lot_facts=lot_facts, lot_assays=lot_assays, law=law)
    known = register.licences
    if not known:
        return []
    values = limits.on(last_day(lines))
    least = values["controlled_pct"] / 100
    in_order = exported.sort("on", "line")
    cases: dict[tuple[str, str], _Case] = {}
    by_licence: dict[str, list[dict[str, Any]]] = {}
    for row in in_order.drop_nulls("licence").iter_rows(named=True):
        by_licence.setdefault(row["licence"], []).append(row)
    for row in in_order.filter(pl.col("listed_ppb") > least * PPB).iter_rows(named=True):
        _case(cases, row["organisation"], "").add("without", row)
    exits = draws.filter(pl.col("act") == "exit").group_by("licence", "declaration").agg(pl.col("mass_mg").sum())
    left: dict[str, dict[str, int]] = {}
    for licence, declaration, mass_mg in exits.iter_rows():
        left.setdefault(licence, {})[declaration] = mass_mg
    for id_, rows in by_licence.items():
        confirmed = left.get(id_, {})
        others = _other_users(known.get(id_), rows, register)
        for breach, row in _breaches(known.get(id_), rows, confirmed, law, values):
            _case(cases, row["organisation"], id_).add(breach, row)
        for row in rows:
            if row["end_user_name"] in others and known[id_].holder(row["on"]) == row["organisation"]:
                _case(cases, row["organisation"], id_).add("end-user", row)
    drawn = draws.filter(pl.col("licence").is_in({licence for _, licence in cases}))
    draws_by_licence = drawn.partition_by("licence", as_dict=True)
    lots = {row["lot"] for case in cases.values() for rows in case.rows.values() for row in rows}
    facts, assays = (rows.filter(pl.col("lot").is_in(lots - {None})) for rows in (lot_facts, lot_assays))
    listed = _Listed(facts, assays, law, least)
    return ranked(_finding(one, known.get(one.licence), by_licence, draws_by_licence, listed) for one in cases.values())


DETECTOR: Final = Detector(
    name="licence-abuse",
    label=text("Not covered by a licence"),
    mark=("square", "hold"),
    find=licence_abuse,
    texts=TEXTS,
    labels={
        "not_covered_kg": text("Goods not covered"),
        "breaches": text("Rows by what is wrong"),
    },
    words={
        "without": text("no licence"),
        "unknown": text("licence not in the register"),
        "of-other": text("somebody else's licence"),
        "not-in-force": text("not in force"),
        "beyond": text("beyond the mass"),
        "end-user": text("another end user"),
        "destination": text("another destination"),
        "twice": text("used again"),
    },
    shown={**ROW, **plain("declaration")},
)


def _case(cases: dict[tuple[str, str], _Case], organisation: str, licence: str) -> _Case:
    return cases.setdefault((organisation, licence), _Case(organisation=organisation, licence=licence))


def _breaches(
    licence: Licence | None, rows: Sequence[dict[str, Any]], confirmed: Mapping[str, int], law: Jurisdiction,
    values: Mapping[str, float],
) -> Iterable[tuple[str, dict[str, Any]]]:  # fmt: skip
    """(breach, row) of the rows that name a licence, but for the end user. `confirmed`: declaration → what left."""
    if licence is None:
        yield from (("unknown", row) for row in rows)
        return
    own = []
    for row in rows:
        if licence.holder(row["on"]) != row["organisation"]:
            yield "of-other", row
            continue
        own.append(row)
        if licence.standing(row["on"]) != "granted":
            yield "not-in-force", row
        if licence.destination and row["destination"] and row["destination"] not in countries_of(licence.destination):
            yield "destination", row
    yield from _overuse(licence, own, confirmed, law, values)


def _other_users(licence: Licence | None, rows: Sequence[dict[str, Any]], register: Register) -> set[str]:
    """Names of end users that the licence does not name, whatever the spelling, the form or the script."""
    users = licence.end_users if licence else ()
    stated = {row["end_user_name"] for row in rows} - {None, "", *users}
    return {one for one in stated if users and not are_one(one, users, register)}


def _overuse(
    licence: Licence, rows: Sequence[dict[str, Any]], confirmed: Mapping[str, int], law: Jurisdiction,
    values: Mapping[str, float],
) -> Iterable[tuple[str, dict[str, Any]]]:  # fmt: skip
    """Declarations beyond the mass, and beyond the number of exports, of a licence. The larger statement counts."""
    consignments: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        # A row that names no declaration is a consignment of its own.
        consignments.setdefault(row["declaration"] or f"{row['organisation']}/{row['event']}", []).append(row)
    first = licence.valid_from or date.max
    kind = terms(law, first, known=date.max).get(licence.kind)
    most = kind.exports_most if kind else None
    granted = licence.granted_mg.get(GOODS)
    used = 0
    for place, (declaration, mine) in enumerate(consignments.items()):
        used += max(sum(row["mass_mg"] for row in mine), confirmed.get(declaration, 0))
        if granted is not None and used > granted * (1 + values["beyond_pct"] / 100):
            yield from (("beyond", row) for row in mine)
        if most is not None and place >= most:
            yield from (("twice", row) for row in mine)


def _listed_shares(
    exports: pl.DataFrame, lot_facts: pl.DataFrame, lot_assays: pl.DataFrame, law: Jurisdiction
) -> pl.DataFrame:
    """`line` and `listed_ppb` of export rows whose lot holds what a list names."""
    sent = exports.select("line", "lot", "on").join(lot_facts.select("lot", "product"), on="lot").drop_nulls("product")
    forms = ControlledForms(law)
    named = pl.DataFrame(
        [
            (product, on, SYMBOLS.index(symbol))
            for product, on in sent.select("product", "on").unique().iter_rows()
            for symbol in forms.of(product, SYMBOLS, on)
        ],
        schema={"product": pl.String, "on": pl.Date, "element": pl.UInt8}, orient="row",
    )  # fmt: skip
    held = lot_assays.filter(pl.col("lot").is_in(sent["lot"].unique().implode()))
    shares = sent.join(named, on=["product", "on"]).join(held, on=["lot", "element"])
    return shares.group_by("line").agg(listed_ppb=pl.col("ppb").max())


class _Listed:
    """Which elements of a lot a control list names in the form that the lot has, on a day."""

    def __init__(self, lot_facts: pl.DataFrame, lot_assays: pl.DataFrame, law: Jurisdiction, least: float) -> None:
        self._products = dict(lot_facts.select("lot", "product").iter_rows())
        held = lot_assays.filter(pl.col("ppb") > least * PPB)
        self._held: dict[int, list[str]] = {}
        for lot, element in held.select("lot", "element").iter_rows():
            self._held.setdefault(lot, []).append(SYMBOLS[element])
        self._forms = ControlledForms(law)

    def elements(self, lot: int | None, day: date) -> tuple[str, ...]:
        """Symbols, in their order; none where the goods are not listed."""
        return () if lot is None else self._forms.of(self._products.get(lot), self._held.get(lot, ()), day)


def _finding(
    case: _Case, licence: Licence | None, by_licence: Mapping[str, Sequence[dict[str, Any]]],
    draws_by_licence: Mapping[tuple[Any, ...], pl.DataFrame], listed: _Listed,
) -> Finding:  # fmt: skip
    every = {row["line"]: row for rows in case.rows.values() for row in rows}
    rows = [every[line] for line in sorted(every, key=lambda line: (every[line]["on"], line))]
    first, last = months_of(pl.DataFrame({"on": [row["on"] for row in rows]}))
    goods_mg = sum(row["mass_mg"] for row in rows)
    treo_mg = sum(row["treo_mg"] for row in rows)
    elements = tuple(dict.fromkeys(one for row in rows for one in listed.elements(row["lot"], row["on"]))) or (TREO,)
    about = TEXTS.message("licence", licence=Key(case.licence)) if case.licence else NOTHING
    what = Series(tuple(TEXTS.message(one) for one in _WORDS if one in case.rows), SEMICOLON)
    totals: dict[str, str] = {"not_covered_kg": format_kg(goods_mg)}
    if licence is not None:
        filed = sum(row["mass_mg"] for row in by_licence[case.licence])
        granted = licence.granted_mg.get(GOODS)
        totals |= {"filed_kg": format_kg(filed)} | ({} if granted is None else {"granted_kg": format_kg(granted)})
    breaches = {breach: len(of_it) for breach, of_it in case.rows.items()}
    subject = {"organisation": case.organisation} | ({"licence": case.licence} if case.licence else {})
    return Finding(
        detector=DETECTOR.name,
        subject=subject,
        first_period=first,
        last_period=last,
        score=None,
        mass_mg=treo_mg,
        interval_mg=(None, None),
        elements=elements,
        explanation=(
            TEXTS.message(
                "not-covered", rows=Count(len(rows)), licence=about, mass=Mass(goods_mg), breaches=what
            ),
        ),
        innocent=INNOCENT,
        ask=ASK,
        evidence=(
            {"totals": totals, "breaches": breaches},
            *_drawn(draws_by_licence.get((case.licence,))),
            *(
                described({**row, "seq": row["line"]}, mass=row["mass_mg"])
                for row in sorted(rows, key=lambda row: -row["mass_mg"])[:EVIDENCE_ROWS]
            ),
        ),
    )  # fmt: skip


def _drawn(draws: pl.DataFrame | None) -> Iterable[dict[str, Any]]:
    """The newest rows of the draw-down log of a licence, as evidence."""
    if draws is None or draws.is_empty():
        return
    for row in draws.tail(EVIDENCE_ROWS).iter_rows(named=True):
        yield {
            "entry": row["entry"], "kind": f"draw-{row['act']}", "on": row["on"].isoformat(),
            "declaration": row["declaration"], "mass_kg": format_kg(row["mass_mg"]),
        }  # fmt: skip
