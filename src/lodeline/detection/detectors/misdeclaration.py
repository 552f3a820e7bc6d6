"""An export row says something else than the lot's own history: another code, another composition, another price.

Loophole: goods leave under a code that is not controlled, without the element that is, or at a price that moves the
profit abroad. The lot is known from the day it was made; the row that exports it is held against that.

Innocent: a code that customs changed; a composition rounded for the buyer; trace elements; a price agreed a year ago,
a sample, a first order.
Ask: the declaration, contract and invoice of the rows; the assay of the lot; correspondence with the broker.
Evidence: what the row states and what the lot is.
Source: published penalty decisions of 2025 (code 8505119000 for magnets of rare earths; dysprosium left out); what a
code stands for is the law pack's `desk-tariff-codes`, what is trace its `trace-band`.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from functools import cache
from typing import Any, Final

import polars as pl

from lodeline.detection.alarm import alarm_score
from lodeline.detection.detector import ROW, Detector, plain
from lodeline.detection.evidence import EVIDENCE_ROWS, described, last_day, month_of, months_of, with_treo_mass
from lodeline.detection.finding import Finding, ranked
from lodeline.detection.limits import Limits, control_days
from lodeline.detection.null import MAD_TO_SIGMA, binomial_tail, score_of
from lodeline.language import Text, text
from lodeline.ledger.register import Register
from lodeline.material.assay import explode
from lodeline.material.element import SYMBOLS, TREO
from lodeline.material.mass import MG_PER_KG
from lodeline.message import SEMICOLON, Count, Mass, Series, Texts
from lodeline.regulation.parameter import Jurisdiction
from lodeline.tables import table_rows

INNOCENT: tuple[Text, ...] = (
    text("The code was changed by customs, or chosen by a broker."),
    text("The composition was rounded or given by model, and the element is a trace."),
    text("The price was agreed long ago, or it is a sample or first order."),
)
ASK: tuple[Text, ...] = (
    text("The declaration, contract and invoice of the rows listed."),
    text("An assay of the lot, or of what is left of it."),
    text("Correspondence with the broker and the buyer about code and price."),
)
#: Where every other exporter contradicts its lots, the chance of one more is still not 1.
_MOST: Final = 0.99
_ASPECTS: Mapping[str, Text] = {
    "code": text("{rows} with a code that does not stand for what the lot is"),
    "composition": text("{rows} with a composition that leaves out what the lot holds"),
    "control": text("{rows} with no control item though the lot holds a controlled element"),
    "value": text("{rows} with a price far from what such goods fetch"),
}
TEXTS: Final = Texts(
    "misdeclaration",
    {
        "contradict": text("Of {exported} exported rows, {rows} contradict the lots they export: {aspects}."),
        "mass": text("They hold {mass} kg TREO."),
        **_ASPECTS,
    },
)


def _exported(
    *, lines: pl.DataFrame, papers: pl.DataFrame, lot_facts: pl.DataFrame, lot_assays: pl.DataFrame
) -> pl.DataFrame:
    """What an `organisation` exports, with what its papers say, what the lot is (`lot_product`) and its `goods`."""
    exports = lines.filter((pl.col("kind") == "export") & (pl.col("dry_mg") > 0) & pl.col("lot").is_not_null()).select(
        "organisation", "event", "entry", "line", "kind", "on", "lot", "product", "mass_mg", "dry_mg", "composition"
    )
    return (
        with_treo_mass(exports, lot_assays)
        .join(papers, on="line", how="left", maintain_order="left")
        .join(lot_facts.select("lot", lot_product="product"), on="lot", how="left", maintain_order="left")
        .with_columns(goods=pl.coalesce("lot_product", "product").str.split(":").list.first())
    )


def misdeclaration(
    *, lines: pl.DataFrame, lot_assays: pl.DataFrame, papers: pl.DataFrame, lot_facts: pl.DataFrame, register: Register,
    law: Jurisdiction, limits: Limits,
) -> list[Finding]:  # fmt: skip
    """One finding per exporter whose rows contradict the lots they export more often than slips do, as `ranked`.

    Parameters: `lines` in force and `lot_facts` (`ledger.movement`), `papers` (`detection.papers.PAPERS`; rows without
    are not testable but for their composition), `lot_assays` as in `accountancy.frames`. `mass_mg` is the TREO of the
    rows. `score`: how unlikely so many contradictions are at the rate of slips, or at what is usual with all other
    exporters where it is higher.
    """
    exported = _exported(lines=lines, papers=papers, lot_facts=lot_facts, lot_assays=lot_assays)
    if exported.is_empty():
        return []
    values = limits.on(last_day(lines))
    rows = exported.sort("line")
    rows = rows.with_columns(
        code=_wrong_code(rows, law),
        **_hidden(rows, lot_assays, law),
        value_off=_value_off(rows, values),
    ).with_columns(value_wrong=(pl.col("value_off").abs() > values["value_sigmas"]).fill_null(False))
    rows = rows.rename({"value": "price", "value_wrong": "value"})
    wrong = rows.with_columns(wrong=pl.any_horizontal(list(_ASPECTS)))
    # One wrong code stands on every row of a declaration: consignments are counted.
    consignments = wrong.group_by("organisation", "event", maintain_order=True).agg(
        pl.col("wrong").any(), pl.col("on").first()
    )
    counts = {
        firm: (wrong, sent)
        for firm, wrong, sent in consignments.group_by("organisation").agg(pl.col("wrong").sum(), pl.len()).iter_rows()
    }
    alarm = alarm_score(tested=len(counts), sites=register.tables["sites"].height)
    findings = []
    for organisation in (firm for firm, (wrong_ones, _) in counts.items() if wrong_ones >= values["least_rows"]):
        sent = consignments.filter(pl.col("organisation") == organisation)
        # Half of the others do no more: what a few do all the time is no measure.
        rates = [hits / many for firm, (hits, many) in counts.items() if firm != organisation]
        habit = statistics.median(rates) if rates else 0.0
        score = _score(sent, min(max(values["slip_rate"], habit), _MOST))
        if score >= alarm:
            own = wrong.filter(pl.col("organisation") == organisation)
            findings.append(_finding(organisation, own.filter("wrong").sort("on", "line"), own.height, score))
    return ranked(findings)


DETECTOR: Final = Detector(
    name="misdeclaration",
    label=text("Misdeclaration"),
    mark=("cross", "hold"),
    find=misdeclaration,
    texts=TEXTS,
    labels={
        "exported_rows": text("Exported rows"),
        "contradicting": text("Contradict their lots"),
        "code": text("Another code than the lot's"),
        "composition": text("Composition leaves something out"),
        "control": text("Control item missing"),
        "value": text("Price far from its like"),
        "price": text("Price per kg"),
        "contradicts": text("Contradicts the lot in"),
    },
    words={
        "code": text("code"),
        "composition": text("composition"),
        "control": text("control item", context="detectors"),
        "value": text("price"),
    },
    shown={
        **ROW,
        **plain("hs_code", "control_item", "composition", "price", "currency", "lot_product", "contradicts"),
        "totals": plain("exported_rows", "contradicting", *_ASPECTS),
    },
)


def _score(consignments: pl.DataFrame, chance: float) -> float:
    """How unlikely so many wrong consignments are, of all or of one quarter of a year: two tests."""
    whole = binomial_tail(int(consignments["wrong"].sum()), consignments.height, chance)
    by_quarter = consignments.group_by(pl.col("on").dt.truncate("1q")).agg(
        pl.col("wrong").sum(), pl.len().alias("sent")
    )
    quarters = [binomial_tail(wrong, sent, chance) for _, wrong, sent in by_quarter.iter_rows()]
    return score_of(min(whole, min(quarters) * len(quarters)), tests=2)


@cache
def _families() -> dict[str, str]:
    """Form of goods → its family, within which a code does not tell goods apart."""
    return {row["form"]: row["family"] for row in _table("goods_forms")}


@cache
def _families_of_products() -> dict[str, frozenset[str]]:
    return {
        row["product"]: frozenset(_families()[form] for form in row["forms"].split("|"))
        for row in _table("product_forms")
    }


def _table(name: str) -> list[dict[str, str]]:
    return table_rows(f"reference/{name}.csv")


def _wrong_code(rows: pl.DataFrame, law: Jurisdiction) -> pl.Series:
    """Whether the declared code stands for other goods than the lot's product; False where either is unknown."""
    day = last_day(rows)
    parameters = law.named("desk-tariff-codes")
    state = parameters[0].state(day, known=day) if parameters and day is not None else None
    listed = state.value.value if state is not None and state.value is not None and not state.value.unknown else []
    codes = {str(row["code"]): frozenset(_families().get(form, form) for form in row["forms"]) for row in listed}
    pairs = rows.select("hs_code", "goods").unique()
    wrong = pl.Series([_contradict(code, goods, codes) for code, goods in pairs.iter_rows()], dtype=pl.Boolean)
    told = pairs.with_columns(wrong=wrong)
    return rows.join(told, on=pairs.columns, how="left", nulls_equal=True, maintain_order="left")["wrong"]


def _contradict(code: str | None, goods: str | None, codes: Mapping[str, frozenset[str]]) -> bool:
    """Whether the longest listed code that `code` begins with stands for other goods."""
    families = _families_of_products().get(goods or "")
    known = [codes[code[:length]] for length in range(len(code or ""), 3, -1) if code and code[:length] in codes]
    return bool(families and known and families.isdisjoint(known[0]))


def _hidden(rows: pl.DataFrame, lot_assays: pl.DataFrame, law: Jurisdiction) -> dict[str, pl.Series]:
    """`composition`: stated without a controlled element of the lot; `control`: no item though the lot holds one.

    Elements and share are those of the law's trace band.
    """
    day = last_day(rows)
    bands = law.named("trace-band")
    state = bands[0].state(day, known=day) if bands and day is not None else None
    if state is None or state.value is None or state.value.unknown:
        none = pl.Series([False] * rows.height, dtype=pl.Boolean)
        return {"composition": none, "control": none}
    band = state.value.value
    counted = pl.col("element").is_in([SYMBOLS.index(symbol) for symbol in band["elements"]])
    own = lot_assays.filter(counted & pl.col("lot").is_in(rows["lot"].unique().implode()))
    held = own.group_by("lot").agg(held=pl.col("ppb").sum())
    stated = explode(rows["composition"]).filter(counted).group_by("place").agg(stated=pl.col("ppb").sum())
    description = (
        rows.select("lot", "composition", "control_item", "on", "goods")
        .with_row_index("place")
        .join(held, on="lot", how="left", maintain_order="left")
        .join(stated, on="place", how="left", maintain_order="left")
    )
    over = pl.col("held").fill_null(0) > band["share_ppb"]
    begun = min(control_days(law), default=None)
    magnets = pl.col("goods").is_in(["magnet-ndfeb"])
    return description.select(
        composition=over & pl.col("composition").is_not_null() & (pl.col("stated").fill_null(0) * 2 < pl.col("held")),
        control=over & magnets & pl.col("control_item").is_null() & (pl.col("on") >= begun)
        if begun is not None
        else pl.lit(False),
    ).to_dict(as_series=True)


def _value_off(rows: pl.DataFrame, values: Mapping[str, float]) -> pl.Series:
    """How far a row's unit price lies from the middle of such goods in its month, in robust σ; null without peers."""
    price = pl.col("value").cast(pl.Float64, strict=False) / (pl.col("mass_mg") / MG_PER_KG)
    peers = ["lot_product", "currency", "period"]
    priced = rows.with_columns(price=pl.when(price > 0).then(price.log()), period=month_of())
    off = priced.with_columns(off=pl.col("price") - pl.col("price").median().over(peers))
    sigma = (pl.col("off").abs().median().over("lot_product", "currency") * MAD_TO_SIGMA).clip(
        values["price_pct"] / 100
    )
    many = pl.col("organisation").n_unique().over(peers) >= values["least_peers"]
    return off.select(pl.when(many & pl.col("currency").is_not_null()).then(pl.col("off") / sigma))["off"]


def _finding(organisation: str, rows: pl.DataFrame, exported: int, score: float) -> Finding:
    first, last = months_of(rows)
    mass_mg = int(rows["treo_mg"].sum())
    seen = {aspect: int(rows[aspect].sum()) for aspect in _ASPECTS}
    aspects = Series(
        tuple(TEXTS.message(aspect, rows=Count(number)) for aspect, number in seen.items() if number), SEMICOLON
    )
    return Finding(
        detector=DETECTOR.name, subject={"organisation": organisation}, first_period=first, last_period=last,
        score=score, mass_mg=mass_mg, interval_mg=(None, None), elements=(TREO,) if mass_mg else (),
        explanation=(
            TEXTS.message("contradict", exported=Count(exported), rows=Count(rows.height), aspects=aspects),
            TEXTS.message("mass", mass=Mass(mass_mg)),
        ),
        innocent=INNOCENT, ask=ASK,
        evidence=(
            {"totals": {"exported_rows": exported, "contradicting": rows.height, **seen}},
            *(_row(row) for row in rows.sort("dry_mg", descending=True).head(EVIDENCE_ROWS).iter_rows(named=True)),
        ),
    )  # fmt: skip


def _row(row: dict[str, Any]) -> dict[str, Any]:
    stated = {name: row[name] for name in ("hs_code", "control_item", "composition", "price", "currency") if row[name]}
    return {
        **described({**row, "seq": row["line"]}, mass=row["dry_mg"]),
        **stated,
        "lot_product": row["lot_product"],
        "contradicts": [aspect for aspect in _ASPECTS if row[aspect]],
    }
