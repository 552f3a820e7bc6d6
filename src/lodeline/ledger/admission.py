"""Judges a filing against what is held. Nothing here changes the ledger; every judgement names its row.

The filing has already been judged by itself. What contradicts the ledger outright is refused; what looks
like a slip must be confirmed with a reason; what contradicts somebody else's filing is only flagged.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

import polars as pl

from lodeline.ledger.movement import ACCOUNT, makes_lot
from lodeline.ledger.register import Register
from lodeline.ledger.state import State
from lodeline.ledger.transfer import closing_tolerance_mg
from lodeline.material.assay import TREO_INDEX, explode, with_treo
from lodeline.material.element import RARE_EARTHS, SYMBOLS
from lodeline.material.mass import format_kg, share_mg_expr

#: Relative standard uncertainties where the register names no method (04-accountancy: assumption).
DEFAULT_WEIGHING = 0.001
DEFAULT_ASSAY = 0.02
#: An element may gain this share of the output's mass before it is questioned: trace contamination
#: (assumption: the 0.1 % by weight below which trade calls a magnet free of an element, a tenth of it).
TRACE_SHARE = 0.0001
#: A mass this many times the median of the firm's earlier rows of the kind and product looks like kg for t.
UNUSUAL_RATIO = 1000
UNUSUAL_ROWS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Objection:
    """A problem before it has an address: `ordinal` is the row of the filing, from 0, or None for all of it."""

    code: str
    ordinal: int | None
    column: str | None
    facts: Mapping[str, str | int]


class Earlier(Protocol):
    """What an organisation has filed before."""

    def smallest(self) -> Mapping[tuple[str, str | None], int]:
        """(kind, product) → the smallest positive mass in mg."""

    def masses(self) -> pl.DataFrame:
        """`kind`, `product`, `on`, `mass_mg`."""


def judge(
    rows: pl.DataFrame,
    state: State,
    *,
    organisation: str,
    register: Register,
    names: Callable[[int], str],
    earlier: Earlier,
    held_at_sites: pl.DataFrame,
) -> list[Objection]:
    """All objections to a filing, in the order of its rows.

    Parameters
    ----------
    rows : the filing's lines (columns of `movement.LINE`), lots resolved.
    state : the state of every lot that the filing is about, with the filing's own lines among the others.
    names : canonical name of a lot, by its id.
    earlier : the organisation's earlier masses, asked only when a mass is in question.
    held_at_sites : `site`, `lot`, `name`, `mass_mg` now in book at the sites that the filing counts.
    """
    objections = [
        *_made_already(rows, state.lines, names),
        *_shortfalls(rows, state.balanced, register, names),
        *_awaiting_maker(rows, state.lots, organisation, names),
        *_product_differs(rows, state.lots, names),
        *_process_objections(rows, state.lots, register),
        *_unusual_masses(rows, earlier),
        *_transfer_differences(rows, state, names),
        *_not_listed(rows, held_at_sites),
    ]
    return sorted(objections, key=lambda objection: (objection.ordinal is not None, objection.ordinal or 0))


def _made_already(rows: pl.DataFrame, everything: pl.DataFrame, names: Callable[[int], str]) -> Iterable[Objection]:
    making = rows.filter(makes_lot())["lot"]
    if everything.height == rows.height or making.is_empty():
        return
    before = ~pl.col("line").is_in(rows["line"].implode())
    made = everything.filter(makes_lot() & pl.col("lot").is_in(making.implode()) & before)
    if not made.height:
        return
    again = rows.filter(makes_lot()).join(made.select("lot", "event"), on="lot", suffix="_made")
    for ordinal, lot, event in again.select("ordinal", "lot", "event_made").iter_rows():
        yield Objection(code="lot.exists", ordinal=ordinal, column="lot", facts={"lot": names(lot), "event": event})


def _shortfalls(
    rows: pl.DataFrame, balanced: pl.DataFrame, register: Register, names: Callable[[int], str]
) -> Iterable[Objection]:
    """Draws beyond what the site's account of the lot held on the day, in the order of event dates."""
    short = balanced.filter(
        (pl.col("unaccounted_mg") > 0) & pl.col("line").is_in(rows["line"].implode()) & (pl.col("delta_mg") < 0)
    )
    if not short.height:
        return
    # The account has been in use before if something had come in by the day of the draw.
    arrivals = balanced.filter(pl.col("delta_mg") > 0).group_by(ACCOUNT).agg(first_on=pl.col("on").min())
    short = short.join(arrivals, on=ACCOUNT, how="left", maintain_order="left").with_columns(
        seen=(pl.col("first_on") <= pl.col("on")).fill_null(False)
    )
    sigma = weighing_sigma(register)
    for ordinal, lot, site, seen, drawn_mg, over_mg, method in short.select(
        "ordinal", "lot", "site", "seen", -pl.col("delta_mg"), "unaccounted_mg", "method"
    ).iter_rows():
        named = (name.strip() for name in (method or "").split(";"))
        relative = next((sigma[name] for name in named if name in sigma), DEFAULT_WEIGHING)
        if over_mg <= 3 * relative * drawn_mg:
            continue
        facts = {
            "lot": names(lot), "site": site, "mass_kg": format_kg(drawn_mg),
            "held_kg": format_kg(drawn_mg - over_mg), "over_kg": format_kg(over_mg),
        }  # fmt: skip
        if seen:
            yield Objection(code="mass.exceeds-holding", ordinal=ordinal, column="mass_kg", facts=facts)
        else:
            yield Objection(code="lot.unknown", ordinal=ordinal, column="lot", facts=facts)


def weighing_sigma(register: Register) -> dict[str, float]:
    """Method id → relative standard uncertainty of one weighing, random and systematic together."""
    table = register.tables["methods"].filter(pl.col("quantity") == "weighing")
    return {
        method: math.hypot(float(Decimal(random or 0)), float(Decimal(systematic or 0))) / 100
        for method, random, systematic in table.select("id", "random_pct", "systematic_pct").iter_rows()
    }


def _awaiting_maker(
    rows: pl.DataFrame, lots: pl.DataFrame, organisation: str, names: Callable[[int], str]
) -> Iterable[Objection]:
    if lots["made"].all():
        return
    unmade = lots.filter(~pl.col("made"))["lot"]
    waiting = rows.filter((pl.col("kind") == "receipt") & pl.col("lot").is_in(unmade.implode()))
    for ordinal, lot in waiting.select("ordinal", "lot").iter_rows():
        if not names(lot).startswith(organisation + "/"):
            yield Objection(code="lot.awaiting-maker", ordinal=ordinal, column="lot", facts={"lot": names(lot)})


def _product_differs(rows: pl.DataFrame, lots: pl.DataFrame, names: Callable[[int], str]) -> Iterable[Objection]:
    stated = rows.filter(pl.col("product").is_not_null() & ~makes_lot())
    if not stated.height:
        return
    differing = stated.join(lots, on="lot", suffix="_made").filter(
        pl.col("made") & (pl.col("product") != pl.col("product_made"))
    )
    for ordinal, lot, product, made in differing.select("ordinal", "lot", "product", "product_made").iter_rows():
        facts = {"product": product, "lot": names(lot), "maker_product": made}
        yield Objection(code="product.differs-from-maker", ordinal=ordinal, column="product", facts=facts)


def _process_objections(rows: pl.DataFrame, lots: pl.DataFrame, register: Register) -> Iterable[Objection]:
    """Judges what each event made of what it was fed.

    Events of a `run` are left to the site's balance: the run may have been fed in another month.
    """
    process = rows.filter((pl.col("kind") == "transformation") & pl.col("run").is_null()).with_columns(process="event")
    if not process.height:
        return
    # Inputs have the composition of their lot; outputs state their own.
    inputs = process.filter(pl.col("role") == "in").drop("composition")
    known = inputs.join(lots.select("lot", "composition"), on="lot", how="left").select(process.columns)
    process = pl.concat([known, process.filter(pl.col("role") != "in")])
    # A process with an input of unstated composition cannot be judged, nor one that shows no input.
    unstated = known.filter(pl.col("composition").is_null()).select("process")
    judged = process.join(unstated, on="process", how="anti").join(
        known.select("process").unique(), on="process", how="semi"
    )
    if not judged.height:
        return
    masses = _element_masses(judged)
    named = (
        judged.filter(pl.col("role") != "in")
        .group_by("process")
        .agg(pl.col("ordinal").min(), pl.col("site").first(), net_mg=pl.col("dry_mg").sum())
    )
    masses = masses.join(named, on="process")
    yield from _out_exceeds_in(masses)
    yield from _yield_outside_band(masses, register)


def _element_masses(process: pl.DataFrame) -> pl.DataFrame:
    """Per `process` and `element`: `in_mg`, `out_mg` (waste included), `product_mg` (without), from compositions."""
    masses = process.with_row_index("place").select("place", "process", "role", "dry_mg")
    mass = share_mg_expr(pl.col("dry_mg"), pl.col("ppb"))
    return (
        with_treo(explode(process["composition"]))
        .join(masses, on="place")
        .group_by("process", "element", maintain_order=True)
        .agg(
            in_mg=mass.filter(pl.col("role") == "in").sum(),
            out_mg=mass.filter(pl.col("role") != "in").sum(),
            product_mg=mass.filter(pl.col("role") == "out").sum(),
        )
    )


def _out_exceeds_in(masses: pl.DataFrame) -> Iterable[Objection]:
    """More of a rare earth comes out of a process than went in, beyond three standard uncertainties."""
    # Inputs that state only a total say nothing of single elements.
    stated = ((pl.col("in_mg") > 0) & (pl.col("element") != TREO_INDEX)).any().over("process")
    sigma_mg = (
        DEFAULT_ASSAY * (pl.col("in_mg").cast(pl.Float64()) ** 2 + pl.col("out_mg").cast(pl.Float64()) ** 2).sqrt()
    )
    over = masses.with_columns(stated=stated).filter(
        (pl.col("element") < len(RARE_EARTHS)) & pl.col("stated") | (pl.col("element") == TREO_INDEX),
        pl.col("out_mg") > pl.col("in_mg") + 3 * sigma_mg + TRACE_SHARE * pl.col("net_mg"),
    )
    for name, ordinal, element, in_mg, out_mg in (
        over.sort("ordinal", "element").select("process", "ordinal", "element", "in_mg", "out_mg").iter_rows()
    ):
        facts = {
            "event": name, "element": SYMBOLS[element], "in_kg": format_kg(in_mg), "out_kg": format_kg(out_mg),
        }  # fmt: skip
        yield Objection(code="element.out-exceeds-in", ordinal=ordinal, column="composition", facts=facts)


def _yield_outside_band(masses: pl.DataFrame, register: Register) -> Iterable[Objection]:
    """REO out (without waste) over REO in, outside the stage's band by more than the band is wide."""
    total = masses.filter((pl.col("element") == TREO_INDEX) & (pl.col("in_mg") > 0) & (pl.col("product_mg") > 0))
    for name, ordinal, site, in_mg, product_mg in (
        total.sort("ordinal").select("process", "ordinal", "site", "in_mg", "product_mg").iter_rows()
    ):
        low, high = register.yield_band.get(register.site_stage.get(site, ""), (0.0, math.inf))
        percent = 100 * product_mg / in_mg
        if not low - (high - low) <= percent <= high + (high - low):
            facts = {"event": name, "yield_pct": f"{percent:.1f}", "low_pct": f"{low:g}", "high_pct": f"{high:g}"}
            yield Objection(code="yield.outside-band", ordinal=ordinal, column="mass_kg", facts=facts)


def _unusual_masses(rows: pl.DataFrame, earlier: Earlier) -> Iterable[Objection]:
    """A mass over a thousand times the median of at least five earlier-dated rows of its kind and product."""
    if not rows.height:
        return
    by_kind = rows.group_by("kind", "product").agg(
        most_mg=pl.col("mass_mg").max(), least_mg=pl.col("mass_mg").filter(pl.col("mass_mg") > 0).min()
    )
    smallest = earlier.smallest()
    # The median is at least the minimum: almost every filing is cleared without computing one.
    suspects = [
        (kind, product)
        for kind, product, most_mg, least_mg in by_kind.iter_rows()
        if most_mg is not None
        and most_mg > UNUSUAL_RATIO * min(filter(None, (least_mg, smallest.get((kind, product)))), default=most_mg)
    ]
    if not suspects:
        return
    columns = ["kind", "product", "on", "mass_mg"]
    pool = pl.concat([earlier.masses().select(columns), rows.select(columns)])
    for suspect, product in sorted(suspects, key=str):
        same = (pl.col("kind") == suspect) & pl.col("product").eq_missing(pl.lit(product))
        of_kind = pool.filter(same)
        for ordinal, on, mass_mg in rows.filter(same).select("ordinal", "on", "mass_mg").iter_rows():
            before = of_kind.filter(pl.col("on") < on)["mass_mg"]
            median = before.median()
            if len(before) >= UNUSUAL_ROWS and isinstance(median, float) and mass_mg > UNUSUAL_RATIO * median:
                facts = {"mass_kg": format_kg(mass_mg), "median_kg": format_kg(round(median))}
                yield Objection(code="mass.unusual", ordinal=ordinal, column="mass_kg", facts=facts)


def _transfer_differences(rows: pl.DataFrame, state: State, names: Callable[[int], str]) -> Iterable[Objection]:
    """Where the other party's filing says otherwise about the same transfer."""
    pairs = state.transfers.filter(
        pl.col("shipment_line").is_not_null()
        & pl.col("receipt_line").is_not_null()
        & (
            pl.col("party_differs")
            | pl.col("lot_differs")
            | ((pl.col("shipped_mg") - pl.col("received_mg")).abs() > closing_tolerance_mg(pl.col("shipped_mg")))
        )
    )
    if not pairs.height:
        return
    mine = dict(rows.select("line", "ordinal").iter_rows())
    lines = {line: (lot, party, organisation) for line, lot, party, organisation in state.lines.filter(
        pl.col("line").is_in(pairs["receipt_line"].implode())
    ).select("line", "lot", "party", "organisation").iter_rows()}  # fmt: skip
    for shipment, receipt, lot, receiver, shipped_mg, received_mg, lot_differs, party_differs in pairs.select(
        "shipment_line", "receipt_line", "lot", "receiver", "shipped_mg", "received_mg", "lot_differs", "party_differs"
    ).iter_rows():
        ordinal = mine.get(receipt, mine.get(shipment))
        if ordinal is None:
            continue
        received_lot, _, received_by = lines[receipt]
        if party_differs:
            facts = {"shipment_party": receiver or "?", "receipt_party": received_by}
            yield Objection(code="transfer.party-differs", ordinal=ordinal, column="counterparty", facts=facts)
        if lot_differs:
            facts = {"shipped_lot": names(lot), "received_lot": names(received_lot)}
            yield Objection(code="transfer.lot-differs", ordinal=ordinal, column="lot", facts=facts)
        if abs(shipped_mg - received_mg) > closing_tolerance_mg(shipped_mg):
            facts = {"shipped_kg": format_kg(shipped_mg), "received_kg": format_kg(received_mg)}
            yield Objection(code="transfer.mass-differs", ordinal=ordinal, column="mass_kg", facts=facts)


def _not_listed(rows: pl.DataFrame, held_at_sites: pl.DataFrame) -> Iterable[Objection]:
    """Lots in book at a site that is counted as a whole, but not on its list: they count as zero."""
    if not held_at_sites.height:
        return
    whole = rows.filter((pl.col("kind") == "stock") & pl.col("location").is_null() & pl.col("product").is_null())
    first = whole.group_by("site", maintain_order=True).agg(pl.col("ordinal").first())
    listed = rows.select("site", "lot").unique()
    missing = held_at_sites.join(listed, on=["site", "lot"], how="anti").join(first, on="site")
    for ordinal, site, lot, mass_mg in missing.select("ordinal", "site", "name", "mass_mg").iter_rows():
        facts = {"site": site, "lot": lot, "held_kg": format_kg(mass_mg)}
        yield Objection(code="stock.not-listed", ordinal=ordinal, column="lot", facts=facts)
