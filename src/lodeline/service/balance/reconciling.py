"""The books made to balance: the nation stage by stage, or one site month by month, and where the error or leak is.

What was measured twice (shipped and received, counted and booked) is brought together with the smallest corrections;
what nobody measured, a stock that was never counted, is computed where the balances determine it. A suspicion names
all that no filing of this network can tell apart from it. It raises no finding: it says where to look.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl

from lodeline.accountancy.grid import cut
from lodeline.accountancy.network import (
    NODES,
    ROWS,
    STREAMS,
    Balanced,
    Suspect,
    balanced,
    covariance_in_parts,
    masses,
    measured_streams,
)
from lodeline.accountancy.untestable import NO_COUNTS, REASONS
from lodeline.material.element import SYMBOLS
from lodeline.material.mass import format_kg
from lodeline.regulation.duty import next_month
from lodeline.service.balance.national import (
    CROSSING,
    Acts,
    acts_at,
    combinations,
    legs,
    named,
    rows_of_nation,
    sites_of,
    what_moved,
)
from lodeline.service.entries.subject import Json, known_element, known_id
from lodeline.store.snapshot import Snapshot

__all__ = ["FAMILY_RATE", "Reconciled", "Suspect", "as_json", "reconcile_nation", "reconcile_site"]

#: A suspicion is worth a look when a network without fault would show one as strong so often; an assumption, not law.
FAMILY_RATE: Final = 0.10
NATION: Final = "nation"
_NAMED: Final = ["area", "site", "lot", "seq", "method", "mass_mg", "kind", "source", "target", "name"]
_STREAM = {"stream": pl.String(), "source": pl.String(), "target": pl.String(), "kind": pl.String(),
           "measured": pl.Boolean()}  # fmt: skip
_NODE = {"node": pl.String(), "kind": pl.String(), "stage": pl.String(), "counted": pl.Boolean()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciled:
    """A network of one element, made to balance.

    `subject` is "nation" or a site; `first` to `last` are months, both included. `streams` and `nodes` have the columns
    `accountancy.network.STREAMS` and `NODES`. `reason` (a code of `accountancy.untestable`) says why there are no
    tests. `suspects`, best first, are worth a look when `p` ≤ FAMILY_RATE; `untold` as `Balanced` has them.
    """

    subject: str
    element: str
    first: str
    last: str
    reason: str | None
    global_test: float
    freedom: int
    p: float
    streams: pl.DataFrame
    nodes: pl.DataFrame
    suspects: tuple[Suspect, ...]
    untold: tuple[tuple[str, str], ...]


def reconcile_nation(
    snapshot: Snapshot, *, element: str = "TREO", first: str | None = None, last: str | None = None
) -> Reconciled:
    """All sites, by stage: what each took in, sent out and held from the first month to the last (all without them).

    Sites that counted on the last day (and on the eve of the first, unless they began later) are one node of their
    stage, the others another, whose change of stock nobody measured. Each pair of nodes with deliveries has a node
    of its own between them: what was shipped and what was received. A shipment that no receipt of these months answers
    (to a user, under way, or lost) leaves the network. Raises UnknownSubject for an element that is none.
    """
    index = known_element(element)
    sites = sites_of(snapshot)
    if sites["first"].null_count() == sites.height:
        return _nothing(NATION, SYMBOLS[index], first, last)
    began, ended = sites.select(
        pl.col("first").min().dt.strftime("%Y-%m"), pl.col("last").max().dt.strftime("%Y-%m")
    ).row(0)
    span = (first or str(began), last or str(ended))
    eve, end = _day_before(span[0]), _day_before(next_month(span[1]))
    stage_of = dict(snapshot.register.tables["sites"].select("id", pl.col("stage").fill_null("?")).iter_rows())
    site = _stage_nodes(sites, stage_of, eve=eve, end=end)
    nodes = site.select("node", "stage", "counted").unique().sort("stage", "counted", descending=[False, True])
    nodes = nodes.with_columns(kind=pl.lit("stage"))
    rows, node = _rows_between(snapshot, index, site, nodes["node"], eve=eve, end=end)
    of_streams = rows["what"].cast(pl.String) != "adjustment"
    adjusted = rows.with_columns(stream=node).filter(~of_streams)
    stated = masses(adjusted, streams=nodes.height)
    rows, node = rows.filter(of_streams), node[of_streams.to_numpy()]
    leg = legs(snapshot.transfers, rows, node, nodes.height)
    found, number = combinations(rows, node, leg, list(nodes["node"]))
    between = found.select(node="leg", kind=pl.lit("transfer")).drop_nulls().unique().sort("node")
    changes = nodes.filter(~pl.col("counted")).select(
        stream=pl.concat_str("node", pl.lit(": stock change")), source="node", target=pl.lit(None, pl.String),
        kind=pl.lit("stock"), measured=pl.lit(False),
    )  # fmt: skip
    nodes = pl.concat([nodes, between], how="diagonal").select(list(_NODE))
    streams, place = _streams(found, changes)
    rows = rows.with_columns(stream=place[number])
    methods = snapshot.register.tables["methods"]
    covariance = covariance_in_parts(rows, streams=streams.height, element=index, methods=methods)
    network = balanced(
        streams=streams, nodes=nodes, mass_mg=masses(rows, streams=streams.height), covariance_mg2=covariance,
        stated_mg=np.concatenate([stated, np.zeros(between.height)]),
    )  # fmt: skip
    return _told(network, subject=NATION, element=index, span=span)


def reconcile_site(
    snapshot: Snapshot, site: str, *, element: str = "TREO", first: str | None = None, last: str | None = None
) -> Reconciled:
    """One site: a node for each month (cut where it was counted in between), tied by the stock carried from one to the
    next. A stock that was not counted is a stream that nobody measured. Raises UnknownSubject for what is not known.
    """
    index = known_element(element)
    site = known_id(snapshot, "sites", site)
    acts = acts_at(snapshot, pl.col("site") == site)
    segments = cut(acts.moves, acts.inventories, first_period=first, last_period=last).sort("until")
    opening = segments.filter("opens")
    spans = segments.filter(~pl.col("opens")).with_row_index("place")
    if spans.is_empty():
        return _nothing(site, SYMBOLS[index], first, last)
    month_end = pl.col("until").dt.month_end() == pl.col("until")
    name = pl.when(month_end).then("period").otherwise(pl.col("until").dt.strftime("%Y-%m-%d"))
    spans = spans.with_columns(node=name).with_columns(next_node=pl.col("node").shift(-1))
    begins = opening["until"].min() if opening.height else spans["since"].min()
    moves = (
        acts.moves.filter(pl.col("on") > begins)
        .sort("on")
        .join_asof(spans.select("until", "node").sort("until"), left_on="on", right_on="until", strategy="forward")
        .drop_nulls("node")
    )
    crossing = moves.filter(pl.col("kind").is_in(list(CROSSING)))
    ends = spans.select("until", source="node", target="next_node")
    if opening.height:
        ends = pl.concat([opening.select("until", source=pl.lit(None, pl.String), target=spans["node"][0]), ends])
    stocks = _carried(acts.counts, acts.inventories, ends)
    crossing = named(
        crossing.with_columns(what=what_moved(), enters=pl.col("delta_mg") > 0, leg=pl.lit(None, pl.String))
    ).with_columns(mass_mg=pl.col("delta_mg").abs())
    rows = pl.concat([crossing.select(_NAMED), stocks[0].select(_NAMED)])
    nodes = spans.select("node", kind=pl.lit("month"), stage=pl.lit(None, pl.String), counted="counted")
    stated = moves.filter(pl.col("kind") == "adjustment")
    return _reconciled(
        snapshot, acts, rows=rows, known_streams=stocks[1], nodes=nodes, stated=stated, subject=site, element=index,
        span=(spans["period"][0], spans["period"][-1]),
    )  # fmt: skip


def as_json(reconciled: Reconciled) -> Json:
    """What `lodeline reconcile --json` prints; masses as decimal kg text, null where nothing can be said."""
    tested = reconciled.reason is None
    return {
        "subject": reconciled.subject,
        "element": reconciled.element,
        "period": {"from": reconciled.first, "to": reconciled.last},
        "reason": reconciled.reason,
        "explanation": None if reconciled.reason is None else REASONS[reconciled.reason],
        "global_test": round(reconciled.global_test, 6) if tested else None,
        "freedom": reconciled.freedom,
        "p": round(reconciled.p, 9) if tested else None,
        "suspects": [
            {
                "kind": one.kind, "place": one.place, "z": round(one.z, 6), "mass_kg": format_kg(round(one.mass_mg)),
                "sigma_kg": format_kg(round(one.sigma_mg)), "p": round(one.p, 9), "alarm": one.p <= FAMILY_RATE,
                "alike": [{"kind": kind, "place": place} for kind, place in one.alike],
            }
            for one in reconciled.suspects
        ],
        "untold": [{"kind": kind, "place": place} for kind, place in reconciled.untold],
        "nodes": [_in_kilograms(row) for row in reconciled.nodes.iter_rows(named=True)],
        "streams": [_in_kilograms(row) for row in reconciled.streams.iter_rows(named=True)],
    }  # fmt: skip


def _in_kilograms(row: dict[str, Any]) -> Json:
    shown: Json = {}
    for name, value in row.items():
        if name.endswith("_mg"):
            shown[f"{name.removesuffix('_mg')}_kg"] = None if value is None else format_kg(round(value))
        else:
            shown[name] = round(value, 6) if isinstance(value, float) else value
    return shown


def _stage_nodes(sites: pl.DataFrame, stage_of: dict[str, str], *, eve: date, end: date) -> pl.DataFrame:
    """`site`, `node`, `stage`, `counted`: whether the stock of a site is known at both ends."""
    at_eve, at_end = (pl.col("inventories").list.contains(day).fill_null(False) for day in (eve, end))
    known = sites.select(
        "site", counted=at_end & (at_eve | (pl.col("began") > eve)).fill_null(False),
        stage=pl.col("site").replace_strict(stage_of, default="?", return_dtype=pl.String),
    )  # fmt: skip
    node = pl.when("counted").then("stage").otherwise(pl.concat_str("stage", pl.lit(", not counted")))
    return known.with_columns(node=node)


def _rows_between(
    snapshot: Snapshot, element: int, site: pl.DataFrame, nodes: pl.Series, *, eve: date, end: date
) -> tuple[pl.DataFrame, npt.NDArray[np.int64]]:
    """The `rows_of_nation` that count after one day and until another, with the number `area` of their site; what was
    counted on the first day `enters`. And the node of each, a place in `nodes`."""
    stock = pl.col("what").cast(pl.String) == "stock"
    rows = rows_of_nation(snapshot, element).with_columns(stock=stock)
    rows = rows.filter(
        pl.when("stock").then(pl.col("on").is_in([eve, end])).otherwise(
            pl.col("on").is_between(eve, end, closed="right")
        )
    ).with_columns(
        area=pl.col("site").cast(pl.Enum(site["site"])).to_physical().cast(pl.UInt32),
        enters=pl.col("enters") | (pl.col("stock") & (pl.col("on") == eve)),
    )  # fmt: skip
    at = rows["area"].to_numpy()
    taken = pl.Series(site["counted"].to_numpy()[at]) | ~rows["stock"]
    node = site["node"].cast(pl.Enum(nodes)).to_physical().cast(pl.Int64).to_numpy()
    return rows.filter(taken), node[at[taken.to_numpy()]]


def _carried(counts: pl.DataFrame, inventories: pl.DataFrame, ends: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Stock carried from span to span of a site: rows of what was counted, and the streams, counted or not."""
    days = inventories["on"].unique().implode()
    ends = ends.with_columns(
        kind=pl.lit("stock"),
        name=pl.concat_str(pl.lit("stock "), pl.col("until").cast(pl.String)),
        measured=pl.col("until").is_in(days),
    )
    rows = counts.join(ends.filter("measured"), left_on="on", right_on="until").select(_NAMED)
    return rows, ends.select("source", "target", "kind", "measured", stream="name")


def _reconciled(
    snapshot: Snapshot,
    acts: Acts,
    *,
    rows: pl.DataFrame,
    known_streams: pl.DataFrame,
    nodes: pl.DataFrame,
    stated: pl.DataFrame,
    subject: str,
    element: int,
    span: tuple[str, str],
) -> Reconciled:
    """The network of `rows` (what was measured) and of `known_streams` besides; `stated` are adjustments by node."""
    streams, place = _streams(rows, known_streams)
    numbered = rows.with_columns(stream=place).select(list(ROWS))
    shared: dict[str, Any] = {
        "element": element, "movements": _with_area(snapshot, acts), "counts": acts.counts,
        "lot_assays": snapshot.lot_assays, "site_assays": snapshot.site_assays,
        "methods": snapshot.register.tables["methods"],
    }  # fmt: skip
    mass, covariance = measured_streams(numbered, streams=streams.height, **shared)
    at = dict(zip(nodes["node"], range(nodes.height), strict=True))
    adjusted = stated.with_columns(stream=pl.col("node").replace_strict(at, return_dtype=pl.Int64), mass_mg="delta_mg")
    stated_mg = np.zeros(nodes.height)
    if adjusted.height:
        stated_mg, _ = measured_streams(adjusted.select(list(ROWS)), streams=nodes.height, **shared)
    found = balanced(streams=streams, nodes=nodes, mass_mg=mass, covariance_mg2=covariance, stated_mg=stated_mg)
    return _told(found, subject=subject, element=element, span=span)


def _streams(rows: pl.DataFrame, known: pl.DataFrame) -> tuple[pl.DataFrame, npt.NDArray[np.int64]]:
    """The streams that rows measure, with those that are `known` besides, in order; and the place of each row's."""
    seen = rows.select("source", "target", "kind", stream="name", measured=pl.lit(True)).unique(
        "stream", keep="first", maintain_order=True
    )
    streams = pl.concat([known.select(list(_STREAM)), seen.select(list(_STREAM))])
    streams = streams.unique("stream", keep="first", maintain_order=True).sort("kind", "stream")
    place = rows["name"].cast(pl.Enum(streams["stream"])).to_physical().cast(pl.Int64)
    return streams, place.to_numpy()


def _told(found: Balanced, *, subject: str, element: int, span: tuple[str, str]) -> Reconciled:
    return Reconciled(
        subject=subject, element=SYMBOLS[element], first=span[0], last=span[1], reason=found.reason,
        global_test=found.global_test, freedom=found.freedom, p=found.p, streams=found.streams, nodes=found.nodes,
        suspects=found.suspects, untold=found.untold,
    )  # fmt: skip


def _with_area(snapshot: Snapshot, acts: Acts) -> pl.DataFrame:
    return snapshot.accountancy_movements.join(acts.areas, on="site", how="left")


def _nothing(subject: str, element: str, first: str | None, last: str | None) -> Reconciled:
    return Reconciled(
        subject=subject, element=element, first=first or "", last=last or "", reason=NO_COUNTS,
        global_test=float("nan"), freedom=0, p=1.0, streams=pl.DataFrame(schema=STREAMS),
        nodes=pl.DataFrame(schema=NODES), suspects=(), untold=(),
    )  # fmt: skip


def _day_before(period: str) -> date:
    return date.fromisoformat(f"{period}-01") - timedelta(days=1)
