"""What the books of a site say: how each balance is judged, which is the newest, and the sum that it closes with.

A balance is judged by the detectors alone: it is called a gain or a loss only where a finding says that measurement
does not explain it, and what has never been counted is unknown, not zero.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import polars as pl

from lodeline.accountancy.accounts import Accounts
from lodeline.accountancy.balance import FLOWS, IDENTITY
from lodeline.detection.detectors.unassayed_lot import DETECTOR as UNASSAYED_LOT
from lodeline.detection.evidence import with_element_mass
from lodeline.detection.finding import Finding
from lodeline.material.element import SYMBOLS, TREO
from lodeline.material.mass import share_mg_expr
from lodeline.service.balance.book import SIGMAS
from lodeline.service.overview.overview import unexplained
from lodeline.store.snapshot import Snapshot

#: What a row of a balance can be. `gain`, `loss`: a finding says so; `beyond`: outside of 3 σ, below the alarm;
#: `unfiled`: its firm never filed a month of it; `untested`: what assays leave out may be anything; `once`: a count
#: ends it and none began it, so it has no σ; `none`: no count ends it.
STATES: Final = ("gain", "loss", "beyond", "closes", "unfiled", "untested", "once", "none")
#: Flows that cross the border of a site, and those inside of it.
_CROSSING: Final = tuple(flow for flow in FLOWS if flow not in ("consumed", "made"))


def judged(balances: pl.DataFrame, findings: Sequence[Finding]) -> pl.DataFrame:
    """The rows of `service.balance.book.balances` with `state` (one of STATES) and `finding` (the id, where one says
    so).

    A balance that is `unfiled` or `untested` has no
    `z`, because its difference is not known; `finding` of the latter is the one that asks for the assays.
    """
    stated = unexplained(findings).select("finding", "side", *IDENTITY).unique(IDENTITY, keep="first")
    rows = balances.join(stated, on=IDENTITY, how="left", maintain_order="left")
    state = (
        pl.when(pl.col("muf_mg").is_null())
        .then(pl.lit("none"))
        .when(pl.col("z").is_null())
        .then(pl.lit("once"))
        .when(pl.col("side") < 0)
        .then(pl.lit("gain"))
        .when(pl.col("side") > 0)
        .then(pl.lit("loss"))
        .when("unfiled")
        .then(pl.lit("unfiled"))
        .when("untested")
        .then(pl.lit("untested"))
        .when(pl.col("z").abs() > SIGMAS)
        .then(pl.lit("beyond"))
        .otherwise(pl.lit("closes"))
    )
    asked = {
        (one.subject["site"], date.fromisoformat(item["untested"]["until"])): one.id
        for one in findings
        if one.detector == UNASSAYED_LOT.name
        for item in one.evidence
        if "untested" in item
    }
    asking = pl.DataFrame(
        [(*key, finding) for key, finding in asked.items()],
        schema={"site": pl.String(), "until": pl.Date(), "asking": pl.String()},
        orient="row",
    )
    untested = pl.col("state") == "untested"
    return (
        rows.with_columns(state=state)
        .join(asking, on=["site", "until"], how="left", maintain_order="left")
        .with_columns(
            finding=pl.when(untested).then("asking").otherwise("finding"),
            z=pl.when(pl.col("state").is_in(["unfiled", "untested"])).then(None).otherwise("z"),
        )
        .drop("side", "untested", "unfiled", "asking")
    )


def newest(snapshot: Snapshot, rows: pl.DataFrame, *, element: str, until: str) -> pl.DataFrame:
    """One row for each site: its newest balance of an element that ended by the month `until`; largest |z| first.

    `rows` is the answer of `judged`. A balance between two counts goes before one that a single count ends, and that
    before none. `organisation`, `site`, `stage`, `since`, `until`, `muf_mg`, `sigma_mg`, `z`, `state`, `finding`; of a
    site without a count `since` … `z` are null. `tested`, `wrong`: how many balances of the site had been tested by
    then, and how many of them a finding says do not close. Sites that carry none of the element have no row.
    """
    rank = pl.col("state").replace_strict({"once": 1, "none": 2}, default=0, return_dtype=pl.Int64)
    stages = snapshot.register.tables["sites"].select("stage", site="id")
    counted = pl.col("state") != "none"
    known = rows.filter((pl.col("element") == element) & (pl.col("period") <= until))
    history = known.group_by("site").agg(
        tested=pl.col("z").is_not_null().sum(), wrong=pl.col("state").is_in(["gain", "loss"]).sum()
    )
    return (
        known.sort(rank, -pl.col("until").to_physical())
        .unique("site", keep="first", maintain_order=True)
        .join(stages, on="site", how="left", maintain_order="left")
        .join(history, on="site", how="left", maintain_order="left")
        .select(
            "organisation", "site", pl.col("stage").fill_null(""),
            *(pl.when(counted).then(column).alias(column) for column in ("since", "until", "muf_mg", "sigma_mg", "z")),
            "state", "finding", "tested", "wrong",
        )
        .sort(rank, -pl.col("z").abs().fill_null(0), "site")
    )  # fmt: skip


def yields(rows: pl.DataFrame, *, element: str, first: str, last: str) -> pl.DataFrame:
    """What each site made of what it consumed of an element in the months `first` to `last`: `site`, `share`.

    `rows` is the answer of `judged`. Sites that consumed none have no row.
    """
    return (
        rows.filter((pl.col("element") == element) & pl.col("period").is_between(pl.lit(first), pl.lit(last)))
        .group_by("site")
        .agg(pl.col("consumed_mg", "made_mg").sum())
        .filter(pl.col("consumed_mg") > 0)
        .select("site", share=pl.col("made_mg") / pl.col("consumed_mg"))
        .sort("site")
    )


def gain_bounds(findings: Iterable[Finding], *, until: str, first: str = "") -> dict[str, int]:
    """Site → mg of rare-earth oxide that at least came from nowhere from month to month, at sites that never counted.

    The bound of each month is what it adds to those before (detection.detectors.unexplained_gain), so they sum.
    """
    bounds: dict[str, int] = {}
    for one in findings:
        if one.detector == "unexplained-gain" and one.score is None and first <= one.last_period <= until:
            site = one.subject["site"]
            bounds[site] = bounds.get(site, 0) + one.mass_mg
    return bounds


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One balance as a sum, in signed milligrams of the element: `opening_mg` + Σ `flows` − `closing_mg` = `muf_mg`.

    Where no count ends it, `flows` has what went on inside of the site as well and the sum gives `closing_mg`, the
    book; `muf_mg` is None. `parts` say where a difference shows and add up to it: `process` (consumed − made),
    `unaccounted` (taken beyond what was held, negative), `count` (book − counted).
    """

    since: date
    until: date
    opening_mg: int
    flows: tuple[tuple[str, int], ...]
    closing_mg: int
    muf_mg: int | None
    sigma_mg: float | None
    z: float | None
    state: str
    finding: str | None
    parts: tuple[tuple[str, int], ...]


def statement(rows: pl.DataFrame, *, until: date) -> Statement | None:
    """The balance that ends on a day; None where no row does. `rows`: all of one site and element, as `judged`."""
    ends = rows.filter(pl.col("until") == until)
    if not ends.height:
        return None
    last = ends.row(-1, named=True)
    run = rows.filter((pl.col("since") == last["since"]) & (pl.col("until") <= until)).sort("until")
    opening_mg = int(run["opening_mg"][0])
    flows = [(flow, FLOWS[flow] * int(run[f"{flow}_mg"].sum())) for flow in _CROSSING]
    process_mg, unaccounted_mg = (int(run[f"{name}_mg"].sum()) for name in ("process_difference", "unaccounted"))
    muf_mg, closing_mg = last["muf_mg"], last["physical_mg"]
    parts: tuple[tuple[str, int], ...] = ()
    if muf_mg is None:
        flows += [("process", -process_mg), ("unaccounted", unaccounted_mg)]
        closing_mg = last["book_mg"]
    else:
        parts = (("process", process_mg), ("unaccounted", -unaccounted_mg), ("count", last["count_difference_mg"]))
        assert sum(mass_mg for _, mass_mg in parts) == muf_mg, "the parts of a difference add up to it"
    assert opening_mg + sum(mass_mg for _, mass_mg in flows) - closing_mg == (muf_mg or 0), "a statement closes"
    return Statement(
        since=last["since"], until=until, opening_mg=opening_mg, flows=tuple(flows), closing_mg=closing_mg,
        muf_mg=muf_mg, sigma_mg=last["sigma_mg"], z=last["z"], state=last["state"], finding=last["finding"],
        parts=parts,
    )  # fmt: skip


def one_sided(
    book: Accounts,
    transfers: pl.DataFrame,
    *,
    organisation: str,
    element: str,
    since: date,
    until: date,
    gain: bool,
) -> tuple[int, int]:
    """How many transfers of an organisation in a time lack its own side, and their mass of an element in mg.

    For a gain: shipments to it without a receipt; for a loss: receipts from it without a shipment. `transfers` is the
    answer of `service.filing.transfers.judged_transfers`.
    """
    found = lacking(book, transfers, organisation=organisation, element=element, since=since, until=until, gain=gain)
    return found.height, int(found["element_mg"].sum())


def lacking(
    book: Accounts,
    transfers: pl.DataFrame,
    *,
    organisation: str,
    element: str,
    since: date,
    until: date,
    gain: bool,
) -> pl.DataFrame:
    """The transfers of `one_sided`, in their order: `lot`, `on` (the day of the side that was filed), `element_mg`."""
    own, other, missing, day = (
        ("receiver", "shipped_mg", "received_mg", "shipped_on")
        if gain
        else ("shipper", "received_mg", "shipped_mg", "received_on")
    )
    filed_by_one = transfers.filter(
        (pl.col(own) == organisation) & pl.col(missing).is_null() & pl.col(day).is_between(since, until)
    )
    if gain:
        # What is there without a receipt counts as received already.
        there = book.implied.select(shipment_line="seq")
        filed_by_one = filed_by_one.join(there, on="shipment_line", how="anti", maintain_order="left")
    shares = book.lot_assays.filter(pl.col("element") == SYMBOLS.index(element)).select("lot", "ppb")
    return filed_by_one.join(shares, on="lot", how="left", maintain_order="left").select(
        "lot", on=day, element_mg=share_mg_expr(pl.col(other), pl.col("ppb").fill_null(0))
    )


def methods_named(snapshot: Snapshot, *, site: str, element: str, since: date, until: date) -> pl.DataFrame:
    """The methods that a site's rows name between two days: the register's table `methods` with `rows`, `registered`.

    Of a method, its figure for the element stands, else its figure for all (accountancy.uncertainty).

    Where the register has no figure there are nulls: the defaults stand for it.
    """
    here = snapshot.lines.filter((pl.col("site") == site) & pl.col("on").is_between(since, until))
    named = (
        here.select(id=pl.col("method").str.split(";"))
        .explode("id")
        .with_columns(pl.col("id").str.strip_chars())
        .filter(pl.col("id") != "")
        .group_by("id")
        .agg(rows=pl.len())
    )
    methods = snapshot.register.tables["methods"]
    figures = (
        methods.filter(pl.col("element").is_null() | pl.col("element").is_in(["", element]))
        .sort(pl.col("element") != element, nulls_last=True)
        .unique(["id", "quantity"], keep="first", maintain_order=True)
    )
    registered = pl.col("id").is_in(methods["id"].unique().implode())
    return named.join(figures, on="id", how="left").with_columns(registered=registered).sort("quantity", "id")


def implied_mg(book: Accounts, *, site: str, element: str, since: date, until: date) -> int:
    """How much of an element counts as received at a site after one day and up to another without any receipt."""
    here = book.implied.filter((pl.col("site") == site) & (pl.col("on") > since) & (pl.col("on") <= until))
    masses = with_element_mass(
        here, lot_assays=book.lot_assays, site_assays=book.site_assays, elements=[SYMBOLS.index(element)]
    )
    return int(masses["element_mg"].sum())


def elements_of(rows: pl.DataFrame) -> tuple[str, ...]:
    """The elements of these balances, by atomic number, their total last."""
    present = set(rows["element"].unique())
    return tuple(symbol for symbol in SYMBOLS if symbol in present and symbol != TREO) + (
        (TREO,) if TREO in present else ()
    )
