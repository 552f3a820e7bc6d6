"""Judges a filing against what is held. Nothing here changes the ledger; every judgement names its row.

The filing has already been judged by itself. What contradicts the ledger outright is refused; what looks
like a slip must be confirmed with a reason; what contradicts somebody else's filing or assay is only flagged.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Protocol

import polars as pl

from lodeline.ledger.label import newest_aliases, on_the_label
from lodeline.ledger.movement import ACCOUNT, is_making, plain_rows
from lodeline.ledger.process import JUDGED, Band, Process, unusual
from lodeline.ledger.register import Register
from lodeline.ledger.state import State
from lodeline.ledger.transfer import closing_tolerance_mg
from lodeline.material.element import TREO
from lodeline.material.laboratory import assay_sigma
from lodeline.material.mass import format_kg

#: Relative standard uncertainty where the register names no method (assumption; docs/reference/ledger.md).
DEFAULT_WEIGHING = 0.001
#: An element may gain this share of the output's mass before it is questioned: trace contamination
#: (assumption: the 0.1 % by weight below which trade calls a magnet free of an element, a tenth of it).
TRACE_SHARE = 0.0001
#: A mass this many times the median of the firm's earlier rows of the kind and product looks like kg for t.
UNUSUAL_RATIO = 1000
UNUSUAL_ROWS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Objection:
    """A problem before it has an address: `ordinal` is the row of the filing, from 0, or None for all of it.

    `only_flag`: what its code has confirmed elsewhere is only told here, since it may be another firm's slip.
    """

    code: str
    ordinal: int | None
    column: str | None
    facts: Mapping[str, str | int]
    only_flag: bool = False


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
    names : what a lot is called to who files, by its id.
    earlier : the organisation's earlier masses, asked only when a mass is in question.
    held_at_sites : `site`, `lot`, `mass_mg` in book at the sites that the filing counts, with what it books itself.
    """
    objections = [
        *_made_already(rows, state.lines, organisation, names),
        *_shortfalls(rows, state.balanced, register, names),
        *_awaiting_maker(rows, state, organisation, names),
        *_product_differs(rows, state.lots, names),
        *_process_objections(rows, state, register),
        *_unusual_masses(rows, earlier),
        *_transfer_differences(rows, state, organisation, names),
        *_not_listed(rows, held_at_sites, names),
    ]
    return sorted(objections, key=lambda objection: (objection.ordinal is not None, objection.ordinal or 0))


def _made_already(
    rows: pl.DataFrame, everything: pl.DataFrame, organisation: str, names: Callable[[int], str]
) -> Iterable[Objection]:
    if everything.height == rows.height:
        return
    making = {
        lot: ordinal for lot, kind, role, ordinal in plain_rows(rows, "lot", "kind", "role", "ordinal")
        if is_making(kind, role)
    }  # fmt: skip
    mine = set(rows["line"].to_list())
    for line, lot, kind, role, event, by in plain_rows(everything, *_MAKING):
        if lot not in making or line in mine or not is_making(kind, role):
            continue
        if by == organisation:
            facts = {"lot": names(lot), "event": event}
            yield Objection(code="lot.exists", ordinal=making[lot], column="lot", facts=facts)
        else:
            # In which event, is the business of whoever made it.
            yield Objection(code="lot.made-elsewhere", ordinal=making[lot], column="lot", facts={"lot": names(lot)})


_MAKING = ["line", "lot", "kind", "role", "event", "organisation"]


def _shortfalls(
    rows: pl.DataFrame, balanced: pl.DataFrame, register: Register, names: Callable[[int], str]
) -> Iterable[Objection]:
    """Draws beyond what the site's account of the lot held on the day, in the order of event dates."""
    if not balanced["unaccounted_mg"].sum():
        return
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
    rows: pl.DataFrame, state: State, organisation: str, names: Callable[[int], str]
) -> Iterable[Objection]:
    if state.lots["made"].all():
        return
    unmade = {lot for lot, made in plain_rows(state.lots, "lot", "made") if not made}
    # A label is no lot of the shipper's: it waits for whoever made what was shipped under it.
    behind = dict(plain_rows(state.renamed, "lot", "shipped_lot"))
    unmade -= {lot for lot in behind if _end_of(lot, behind) not in unmade}
    for ordinal, lot, kind in plain_rows(rows, "ordinal", "lot", "kind"):
        if kind == "receipt" and lot in unmade and not names(lot).startswith(organisation + "/"):
            yield Objection(code="lot.awaiting-maker", ordinal=ordinal, column="lot", facts={"lot": names(lot)})


def _end_of(lot: int, behind: Mapping[int, int]) -> int:
    """The lot that a name stands for, along a chain of traders."""
    seen = {lot}
    while lot in behind and behind[lot] not in seen:
        lot = behind[lot]
        seen.add(lot)
    return lot


def _product_differs(rows: pl.DataFrame, lots: pl.DataFrame, names: Callable[[int], str]) -> Iterable[Objection]:
    of_maker = {lot: product for lot, made, product in plain_rows(lots, "lot", "made", "product") if made}
    for ordinal, lot, kind, role, product in plain_rows(rows, "ordinal", "lot", "kind", "role", "product"):
        if product is None or (made := of_maker.get(lot)) is None or product == made or is_making(kind, role):
            continue
        facts = {"product": product, "lot": names(lot), "maker_product": made}
        yield Objection(code="product.differs-from-maker", ordinal=ordinal, column="product", facts=facts)


def _process_objections(rows: pl.DataFrame, state: State, register: Register) -> Iterable[Objection]:
    """Judges what each event made of what it was fed (`process.unusual`)."""

    def band_of(site: str) -> Band:
        return register.yield_band.get(register.site_stage.get(site, ""), (0.0, math.inf))

    for process in unusual(rows, state.lots, state.lines, band_of):
        yield from _out_exceeds_in(process)
        yield from _yield_outside_band(process, band_of(process.site))


def _out_exceeds_in(process: Process) -> Iterable[Objection]:
    """More of a rare earth comes out than went in, beyond three standard uncertainties and a trace."""
    # Inputs that state only a total say nothing of single elements.
    for symbol in (TREO,) if process.only_total else JUDGED:
        out_mg = process.out_mg.get(symbol, 0)
        if not out_mg or out_mg <= (in_mg := process.fed_mg.get(symbol, 0)):
            continue
        sigma_mg = math.hypot(assay_sigma(in_mg, process.fed_net_mg), assay_sigma(out_mg, process.net_mg))
        if out_mg > in_mg + 3 * sigma_mg + TRACE_SHARE * process.net_mg:
            facts = {
                "event": process.event, "element": symbol, "in_kg": format_kg(in_mg), "out_kg": format_kg(out_mg),
            }  # fmt: skip
            yield Objection(code="element.out-exceeds-in", ordinal=process.ordinal, column="composition", facts=facts)


def _yield_outside_band(process: Process, band: Band) -> Iterable[Objection]:
    """REO out (without waste) over REO in, outside the stage's band by more than the band is wide."""
    in_mg, product_mg = process.fed_mg.get(TREO, 0), process.product_mg
    if not in_mg or not product_mg:
        return
    low, high = band
    percent = 100 * product_mg / in_mg
    if not low - (high - low) <= percent <= high + (high - low):
        facts = {
            "event": process.event, "yield_pct": f"{percent:.1f}", "low_pct": f"{low:g}", "high_pct": f"{high:g}",
        }  # fmt: skip
        yield Objection(
            code="yield.outside-band", ordinal=process.ordinal, column="mass_kg", facts=facts,
            only_flag=process.by_label,
        )  # fmt: skip


def _unusual_masses(rows: pl.DataFrame, earlier: Earlier) -> Iterable[Objection]:
    """A mass over a thousand times the median of at least five earlier-dated rows of its kind and product."""
    if not rows.height:
        return
    least: dict[tuple[str, str | None], int] = dict(earlier.smallest())
    most: dict[tuple[str, str | None], int] = {}
    for kind, product, mass_mg in plain_rows(rows, "kind", "product", "mass_mg"):
        key = (kind, product)
        if mass_mg > most.get(key, 0):
            most[key] = mass_mg
        if mass_mg > 0 and (key not in least or mass_mg < least[key]):
            least[key] = mass_mg
    # The median is at least the minimum: almost every filing is cleared without computing one.
    suspects = {key for key, mass_mg in most.items() if mass_mg > UNUSUAL_RATIO * least[key]}
    if not suspects:
        return
    filed = list(plain_rows(rows, "kind", "product", "on", "mass_mg", "ordinal"))
    pool: dict[tuple[str, str | None], list[tuple[date, int]]] = {key: [] for key in suspects}
    for kind, product, on, mass_mg in (*earlier.masses().iter_rows(), *(row[:4] for row in filed)):
        if (kind, product) in pool:
            pool[kind, product].append((on, mass_mg))
    for kind, product, on, mass_mg, ordinal in filed:
        if mass_mg <= UNUSUAL_RATIO * least.get((kind, product), mass_mg) or (kind, product) not in pool:
            continue
        before = [other_mg for day, other_mg in pool[kind, product] if day < on]
        if len(before) >= UNUSUAL_ROWS and mass_mg > UNUSUAL_RATIO * statistics.median(before):
            facts = {"mass_kg": format_kg(mass_mg), "median_kg": format_kg(round(statistics.median(before)))}
            # What arrived is as large as the shipper made it.
            yield Objection(
                code="mass.unusual", ordinal=ordinal, column="mass_kg", facts=facts, only_flag=kind == "receipt"
            )


def _transfer_differences(
    rows: pl.DataFrame, state: State, organisation: str, names: Callable[[int], str]
) -> Iterable[Objection]:
    """Where the other party's filing says otherwise about the same transfer."""
    differing = [row for row in plain_rows(state.transfers, *_PAIR) if _differs(row)]
    if not differing:
        return
    mine = dict(rows[["line", "ordinal"]].iter_rows())
    sides = state.lines.filter(pl.col("line").is_in([line for pair in differing for line in pair[:2]]))
    filed = {row["line"]: row for row in sides.select(*_SIDE).iter_rows(named=True)}
    called = newest_aliases(state.aliases)
    for shipment, receipt, lot, receiver, shipped_mg, received_mg, lot_differs, party_differs in differing:
        ordinal = mine.get(receipt, mine.get(shipment))
        if ordinal is None:
            continue
        sent, received = filed[shipment], filed[receipt]
        shipper, received_lot, received_by = sent["organisation"], received["lot"], received["organisation"]
        if party_differs and organisation == shipper:
            facts = {"shipment_party": receiver or "?", "receipt_party": received_by}
            yield Objection(code="transfer.party-differs", ordinal=ordinal, column="counterparty", facts=facts)
        elif party_differs:
            # For whom it was meant, and how much of what, is the shipper's business.
            facts = {"shipper": shipper, "shipment": sent["event"]}
            yield Objection(code="transfer.for-another", ordinal=ordinal, column="counterparty", facts=facts)
            continue
        if lot_differs and (received["maker"], received["local"]) == (shipper, sent["local"]):
            facts = {"label": names(received_lot), "shipper": shipper}
            yield Objection(code="transfer.label-ambiguous", ordinal=ordinal, column="lot", facts=facts)
        elif lot_differs:
            shipped_as = names(lot)
            if organisation != shipper:
                # Who made it, and what the shipper calls it, is not the receiver's to learn.
                shipped_as = on_the_label(
                    shipper=shipper, reader=organisation, name=shipped_as, maker=sent["maker"] or "",
                    local=sent["local"], alias=called.get((shipper, lot)),
                )  # fmt: skip
            facts = {"shipped_lot": shipped_as, "received_lot": names(received_lot)}
            yield Objection(code="transfer.lot-differs", ordinal=ordinal, column="lot", facts=facts)
        if abs(shipped_mg - received_mg) > closing_tolerance_mg(shipped_mg):
            facts = {"shipped_kg": format_kg(shipped_mg), "received_kg": format_kg(received_mg)}
            yield Objection(code="transfer.mass-differs", ordinal=ordinal, column="mass_kg", facts=facts)


_SIDE = ["line", "lot", "organisation", "maker", "local", "event"]
_PAIR = [
    "shipment_line", "receipt_line", "lot", "receiver", "shipped_mg", "received_mg", "lot_differs", "party_differs",
]  # fmt: skip


def _differs(pair: tuple[Any, ...]) -> bool:
    shipment, receipt, _, _, shipped_mg, received_mg, lot_differs, party_differs = pair
    if shipment is None or receipt is None:
        return False
    return bool(lot_differs or party_differs) or abs(shipped_mg - received_mg) > closing_tolerance_mg(shipped_mg)


def _not_listed(rows: pl.DataFrame, held_at_sites: pl.DataFrame, names: Callable[[int], str]) -> Iterable[Objection]:
    """Lots in book at a site that is counted as a whole, but not on its list: they count as zero.

    What the same filing received or made, and left there, is in book as well.
    """
    if not held_at_sites.height:
        return
    whole: dict[str, int] = {}
    listed: set[tuple[str, int]] = set()
    for site, lot, kind, location, product, ordinal in plain_rows(rows, *_COUNTED):
        if kind != "stock":
            continue
        listed.add((site, lot))
        if location is None and product is None:
            whole.setdefault(site, ordinal)
    for site, held, mass_mg in held_at_sites[["site", "lot", "mass_mg"]].iter_rows():
        ordinal = whole.get(site)
        if ordinal is None or (site, held) in listed:
            continue
        facts = {"site": site, "lot": names(held), "held_kg": format_kg(mass_mg)}
        yield Objection(code="stock.not-listed", ordinal=ordinal, column="lot", facts=facts)


_COUNTED = ["site", "lot", "kind", "location", "product", "ordinal"]
