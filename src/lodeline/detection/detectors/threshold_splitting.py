"""Consignments kept just below a threshold from which they would be looked at, again and again.

Loophole: what is too large to pass unseen is cut into parts. Honest consignments are large and small as orders come:
about as many lie just above a threshold as just below it. Where one exporter has many below and hardly any above, the
threshold made the sizes. And what was one order is one lot: where lots go out in parts within days, each part just
below and together above, they were cut, whatever names the buyers bear. A threshold that nobody told us shows in the
same way: lots that go out in parts within days to one owner, whatever a part weighs and however the parts differ.

Innocent: a drum, pallet or container that holds just so much; a customer that orders the same mass each time; a mass
that happens to be the firm's usual one.
Ask: the orders behind the consignments; who ordered, paid and received; why an order was parted.
Evidence: how many lie on each side of the threshold and how many lots were parted, then the consignments below it.
Source: test of a step in a density (McCrary, J. Econometrics 142 (2008)), in its simplest form, a sign test of two
windows of equal width; how often lots are parted is seen at everybody's consignments away from the threshold, and at
the other exporters'. The thresholds are assumptions: no text of law that was found sets one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, Final

import polars as pl

from lodeline.detection.alarm import ALARM_SCORE
from lodeline.detection.customers import buyers_of, customers_of, groups_of
from lodeline.detection.detector import ROW, Detector, plain
from lodeline.detection.evidence import EVIDENCE_ROWS, described, last_day, months_of, with_treo_mass
from lodeline.detection.finding import Finding, ranked
from lodeline.detection.limits import Limits
from lodeline.detection.null import binomial_tail, score_of
from lodeline.language import Text, text
from lodeline.ledger.register import Register
from lodeline.material.element import TREO
from lodeline.material.mass import MG_PER_KG
from lodeline.material.product import product_kind
from lodeline.message import Count, Key, Mass, Message, Texts, short_kg
from lodeline.party.ownership import controllers
from lodeline.party.registered import REGISTER, held_stakes

INNOCENT: tuple[Text, ...] = (
    text("A drum, pallet or container holds just so much."),
    text("A customer orders the same mass each time."),
    text("The mass happens to be what one run of the plant makes."),
)
ASK: tuple[Text, ...] = (
    text("The orders behind the consignments, and why one was parted."),
    text("Who ordered, who paid and who received each of them."),
    text("Who owns the buyers, and where the goods were used."),
)
TEXTS: Final = Texts(
    "threshold-splitting",
    {
        "below": text(
            "Of {near} consignments of {product} near {limit} kg, {below} lie just below it and "
            "{above} above: {mass} kg in all, to {buyers} buyers."
        ),
        "both-sides": text("Honest sizes fall on both sides."),
        "parted": text("{parted} of their {lots} lots went out in such parts within days."),
        "cut": text(
            "{cut} of {lots} lots of {product} went out in parts within days, each lot to one owner: "
            "{parts} consignments of {usual} kg on average, {mass} kg in all, to {buyers} buyers "
            "that are {owners}."
        ),
    },
)
#: Lots in so many parts are counted: two may be two containers, three seldom are.
_PARTS: Final = (2, 3)
#: What is tested of an exporter's goods: a step, parts below it, lots in parts, and how many parts they have in all.
_TESTS: Final = 2 + len(_PARTS) + 1
#: Where every other exporter cuts all of its lots, the chance of one more is still not 1.
_MOST: Final = 0.99


def _consignments(*, lines: pl.DataFrame, lot_assays: pl.DataFrame) -> pl.DataFrame:
    """What each export event of an `organisation` holds of one kind of goods; `of_lot`: how many of its lot."""
    return (
        with_treo_mass(_exports(lines), lot_assays)
        .group_by("organisation", "event", pl.col("product").str.split(":").list.first().alias("goods"))
        .agg(
            pl.col("mass_mg", "treo_mg").sum(),
            pl.col("on", "party", "entry", "line", "kind").first(),
            pl.col("lot").sort_by("mass_mg").last(),
            until=pl.col("on").max(),
        )
        .with_columns(of_lot=pl.len().over("organisation", "goods", "lot"))
        .sort("line")
    )


def _buyers(*, lines: pl.DataFrame) -> pl.DataFrame:
    """To whom an `organisation` exports (`customers.buyers_of`)."""
    return buyers_of(_exports(lines).drop_nulls("party"))


def threshold_splitting(
    *, lines: pl.DataFrame, lot_assays: pl.DataFrame, register: Register, limits: Limits
) -> list[Finding]:
    """One finding per exporter and kind of goods whose consignments were cut, as `ranked`.

    Parameters: `lines` in force (`ledger.movement.LINE`), `lot_assays` as in `accountancy.frames`. Crowds below a
    threshold are looked for in kinds that have one, lots in parts in all. `mass_mg` is the TREO of the consignments
    just below, or of the parts.
    """
    consignments = _consignments(lines=lines, lot_assays=lot_assays)
    buyers = _buyers(lines=lines)
    values = limits.on(last_day(lines))
    if consignments.is_empty():
        return []
    found: dict[tuple[str, str], Finding] = {}
    for one in (*_below_thresholds(consignments, values), *_cut_lots(consignments, buyers, register, values)):
        key = (one.subject["organisation"], one.subject["goods"])
        # Two tests of one cause are one question.
        if key not in found or (one.score or 0) > (found[key].score or 0):
            found[key] = one
    return ranked(found.values())


DETECTOR: Final = Detector(
    name="threshold-splitting",
    label=text("Threshold splitting"),
    mark=("bar", "hold"),
    find=threshold_splitting,
    texts=TEXTS,
    labels={
        "threshold_kg": text("Threshold"),
        "below": text("Consignments just below"),
        "above": text("Consignments just above"),
        "cut": text("Of them cut into parts"),
        "parts": text("Parts", context="detectors"),
        "buyers": text("Buyers", context="detectors"),
        "owners": text("Owners behind them"),
    },
    shown={
        **ROW,
        "party": "party",
        "totals": plain("threshold_kg", "below", "above", "lots", "parted", "cut", "parts", "buyers", "owners"),
    },
)


def _exports(lines: pl.DataFrame) -> pl.DataFrame:
    return lines.filter((pl.col("kind") == "export") & (pl.col("mass_mg") > 0))


def _below_thresholds(consignments: pl.DataFrame, values: Mapping[str, float]) -> Iterator[Finding]:
    """Exporters whose consignments crowd just below the threshold of their kind."""
    thresholds = {
        name.removeprefix("threshold_kg:"): kg * MG_PER_KG
        for name, kg in values.items()
        if name.startswith("threshold_kg:")
    }
    bounded = consignments.filter(pl.col("goods").is_in(list(thresholds)))
    if bounded.is_empty():
        return
    bounded = _with_parted(
        bounded.with_columns(limit_mg=pl.col("goods").replace_strict(thresholds, return_dtype=pl.Float64)).with_columns(
            part=pl.col("mass_mg") / pl.col("limit_mg")
        ),
        values,
    )
    chances = dict(bounded.filter(~pl.col("near")).group_by("goods").agg(pl.col("again").mean()).iter_rows())
    near = pl.col("near")
    counted = bounded.group_by("organisation", "goods", maintain_order=True).agg(
        below=near.sum(), above=((pl.col("part") >= 1) & (pl.col("part") < 1 + values["window_pct"] / 100)).sum(),
        lots=pl.col("lot").filter(near).n_unique(), cut=pl.col("lot").filter(near & pl.col("parted")).n_unique(),
        again=pl.col("again").filter(near).sum(), limit_mg=pl.col("limit_mg").first(),
    )  # fmt: skip
    for row in counted.iter_rows(named=True):
        score = _score(row, values, max(values["parted_chance:2"], chances.get(row["goods"], 0.0)))
        if score >= ALARM_SCORE:
            own = (pl.col("organisation") == row["organisation"]) & (pl.col("goods") == row["goods"])
            yield _crowd_finding(row, bounded.filter(own & near).sort("on", "line"), score)


def _cut_lots(
    consignments: pl.DataFrame, buyers: pl.DataFrame, register: Register, values: Mapping[str, float]
) -> Iterator[Finding]:
    """Exporters whose lots go out in parts within days to one owner, more often or in more parts than others' do."""
    sold = consignments.drop_nulls(["party", "goods"])
    several = sold.filter(pl.col("of_lot") > 1)
    theirs = buyers.filter(pl.col("organisation").is_in(several["organisation"].unique().implode()))
    owners = _owners(theirs, buyers, register, last_day(consignments, "until"))
    runs = _runs(several, owners, values)
    whole = sold.filter(pl.col("of_lot") == 1).select("organisation", "goods", "lot", parts=pl.lit(1, pl.Int64))
    lots = pl.concat([whole, runs.select(whole.columns)])
    lots = lots.group_by("organisation", "goods", "lot", maintain_order=True).agg(pl.col("parts").max())
    counted = lots.group_by("organisation", "goods", maintain_order=True).agg(
        pl.len().alias("lots"), further=(pl.col("parts") - 2).clip(0).sum(),
        **{f"in_{parts}": (pl.col("parts") >= parts).sum() for parts in _PARTS},
    )  # fmt: skip
    of_all = {
        row["goods"]: row
        for row in counted.group_by("goods").agg(pl.col("lots", *(f"in_{one}" for one in _PARTS)).sum()).to_dicts()
    }
    for row in counted.iter_rows(named=True):
        chances = {parts: _usual(of_all[row["goods"]], row, parts, values) for parts in _PARTS}
        best = min(binomial_tail(row[f"in_{parts}"], row["lots"], chances[parts]) for parts in _PARTS)
        best = min(best, _of_parts(row["further"], row["lots"], chances[3], values["further_chance"]))
        score = score_of(best, tests=_TESTS)
        if row["in_2"] >= values["least_parted"] and score >= ALARM_SCORE:
            own = (pl.col("organisation") == row["organisation"]) & (pl.col("goods") == row["goods"])
            cut = runs.filter(own & (pl.col("parts") > 1))
            yield _cut_finding(row["organisation"], row["goods"], cut, (row["in_2"], row["lots"]), score)


def _usual(of_all: Mapping[str, Any], own: Mapping[str, Any], parts: int, values: Mapping[str, float]) -> float:
    """How likely an honest lot goes out in so many parts: as others' lots do and sellers differ, or at least."""
    share: float = (of_all[f"in_{parts}"] - own[f"in_{parts}"]) / max(1, of_all["lots"] - own["lots"])
    return min(max(values[f"parted_chance:{parts}"], values["spread"] * share), _MOST)


def _of_parts(further: int, lots: int, chance: float, again: float) -> float:
    """P that lots have so many third and later parts in all, where a lot has a third at `chance`, each the next at
    `again`: of n lots with a third, as many throws end n times or fewer."""
    if further < 1:
        return 1.0
    exactly = [binomial_tail(n, lots, chance) - binomial_tail(n + 1, lots, chance) for n in range(min(lots, further))]
    return binomial_tail(min(lots, further), lots, chance) + sum(
        of_n * binomial_tail(further - n, further - 1, again) for n, of_n in enumerate(exactly) if n
    )


def _runs(
    consignments: pl.DataFrame, owners: Mapping[tuple[str, str], str], values: Mapping[str, float]
) -> pl.DataFrame:
    """Consignments with `owner`, the `run` of a lot to one owner in which each follows within days, and its `parts`: 1
    where they are as large as what a container holds."""
    run = ["organisation", "goods", "lot", "owner", "run"]
    pairs = zip(consignments["organisation"], consignments["party"], strict=True)
    gap = pl.col("on").diff().over(run[:-1]).dt.total_days()
    small = pl.col("mass_mg").median().over(run) < values["container_kg"] * MG_PER_KG
    return (
        consignments.with_columns(owner=pl.Series([owners.get(pair, pair[1]) for pair in pairs], dtype=pl.String))
        .sort(*run[:-1], "on", "line")
        .with_columns(run=(gap > values["parted_days"]).fill_null(False).cum_sum().over(run[:-1]))
        .with_columns(parts=pl.when(small).then(pl.len().cast(pl.Int64).over(run)).otherwise(1))
    )


def _owners(
    theirs: pl.DataFrame, buyers: pl.DataFrame, register: Register, day: date | None
) -> dict[tuple[str, str], str]:
    """(exporter, buyer) → who stands for the buyer's owner: by the shares of the register, or by alike names.

    `theirs`: the rows of `buyers` of the exporters in question.
    """
    stakes = held_stakes(register)
    tops = controllers(stakes, day=day) if day and stakes else {}
    told = buyers.filter(pl.col("party").is_in(theirs["party"].unique().implode())).sort("told_in")
    customers = customers_of(told, register)
    found: dict[tuple[str, str], str] = {}
    for exporter, parties in theirs.group_by("organisation").agg(pl.col("party").sort()).iter_rows():
        found.update(((exporter, one), tops.get(f"{REGISTER}:{one}", one)) for one in parties)
        for members, _ in groups_of(tuple(customers[one] for one in parties)):
            found.update(((exporter, one), found[exporter, members[0]]) for one in members)
    return found


def _with_parted(consignments: pl.DataFrame, values: Mapping[str, float]) -> pl.DataFrame:
    """Adds `near` (just below the threshold), `again` (a part of the lot went out within days before, as near) and
    `parted` (within days before or after)."""
    width, days = values["window_pct"] / 100, values["parted_days"]
    own = ["organisation", "goods", "lot", "near"]
    gap = pl.col("on").diff().over(own).dt.total_days()
    seen = consignments.with_columns(near=(pl.col("part") >= 1 - width) & (pl.col("part") < 1))
    # A lot that went out whole has no parts: hardly any other does.
    several = (
        seen.filter(pl.col("of_lot") > 1)
        .sort("organisation", "goods", "lot", "on", "line")
        .with_columns(again=(gap <= days).fill_null(False))
        .with_columns(parted=pl.col("again") | pl.col("again").shift(-1).over(own).fill_null(False))
    )
    return pl.concat([seen.filter(pl.col("of_lot") == 1).with_columns(again=False, parted=False), several])


def _score(row: Mapping[str, Any], values: Mapping[str, float], chance: float) -> float:
    """How unlikely chance makes the step at the threshold, or the parting of lots, of one exporter's goods.

    `chance`: of a consignment to be a further part of a lot, whatever it weighs.
    """
    below, again = row["below"], row["again"]
    # The step is where the crowd is: a firm that ships less than the threshold anyway has no crowd in the window.
    crowded = below >= values["least_consignments"]
    step = binomial_tail(below, below + row["above"], values["share_below"]) if crowded else 1.0
    parted = binomial_tail(again, below, chance) if row["cut"] >= values["least_parted"] else 1.0
    return score_of(min(step, parted), tests=_TESTS)


def _crowd_finding(row: Mapping[str, Any], below: pl.DataFrame, score: float) -> Finding:
    """Of the consignments just below the threshold; `row` has how many they are, and of how many lots."""
    organisation, goods, limit_mg = row["organisation"], row["goods"], int(row["limit_mg"])
    above, lots, cut = row["above"], row["lots"], row["cut"]
    at_limit = TEXTS.message(
        "below",
        near=Count(below.height + above),
        product=Key(product_kind(goods)),
        limit=Mass(limit_mg),
        below=Count(below.height),
        above=Count(above),
        mass=Mass(int(below["mass_mg"].sum())),
        buyers=Count(below["party"].n_unique()),
    )
    in_parts = TEXTS.message("parted", parted=Count(cut), lots=Count(lots))
    return _finding(
        (organisation, goods),
        below.sort("mass_mg", descending=True),
        score=score,
        explanation=(at_limit, TEXTS.message("both-sides"), *([in_parts] if cut else [])),
        totals={"threshold_kg": short_kg(limit_mg), "below": below.height, "above": above, "lots": lots, "parted": cut},
    )


def _cut_finding(organisation: str, goods: str, parts: pl.DataFrame, lots: tuple[int, int], score: float) -> Finding:
    """Of lots that were cut: `lots` is how many, and of how many that went out."""
    (cut, count), number = lots, parts.height
    owners, buyers = parts["owner"].n_unique(), parts["party"].n_unique()
    return _finding(
        (organisation, goods),
        parts.sort("lot", "on", "line"),
        score=score,
        explanation=(
            TEXTS.message(
                "cut",
                cut=Count(cut),
                lots=Count(count),
                product=Key(product_kind(goods)),
                parts=Count(number),
                usual=Mass(int(parts["mass_mg"].to_numpy().mean())),
                mass=Mass(int(parts["mass_mg"].sum())),
                buyers=Count(buyers),
                owners=Count(owners),
            ),
        ),
        totals={"lots": count, "cut": cut, "parts": number, "buyers": buyers, "owners": owners},
    )


def _finding(
    about: tuple[str, str],
    rows: pl.DataFrame,
    *,
    score: float,
    explanation: tuple[Message, ...],
    totals: Mapping[str, Any],
) -> Finding:
    """About the goods of an exporter, of consignments of which the first are shown."""
    organisation, goods = about
    first, last = months_of(rows)
    mass_mg = int(rows["treo_mg"].sum())
    return Finding(
        detector=DETECTOR.name, subject={"organisation": organisation, "goods": goods}, first_period=first,
        last_period=last, score=score, mass_mg=mass_mg, interval_mg=(None, None), elements=(TREO,) if mass_mg else (),
        explanation=explanation,
        innocent=INNOCENT, ask=ASK,
        evidence=({"totals": totals}, *(_row(row) for row in rows.head(EVIDENCE_ROWS).iter_rows(named=True))),
    )  # fmt: skip


def _row(row: dict[str, Any]) -> dict[str, Any]:
    description = described({**row, "seq": row["line"]}, mass=row["mass_mg"])
    return {**description, **({"party": row["party"]} if row["party"] else {})}
