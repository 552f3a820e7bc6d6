"""What can be asked about a lot: how to find it, what was said of it, and the nearest and largest of its relations.

Shares are those of `flow.trace`: of the whole walk, however little of it is picked out to be looked at.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl

from lodeline.flow.index import FlowIndex
from lodeline.flow.origins import origins, origins_by_place
from lodeline.flow.trace import Trace, trace
from lodeline.ledger.movement import makes_lot
from lodeline.material.assay import TREO_INDEX
from lodeline.material.element import SYMBOLS
from lodeline.store.snapshot import Snapshot

#: Lots picked out beside the asked one, and events between them and it: what a page takes in.
PICKED: Final = 28
DEPTH: Final = 5

Places = npt.NDArray[np.int64]


def catalogue(snapshot: Snapshot) -> pl.DataFrame:
    """Every lot, newest first: `lot`, `name`, `maker`, `product`, `site`, `on`, `made_mg`, `treo_ppb`.

    `site` to `made_mg` are null where nobody has filed the making, `treo_ppb` where no composition is stated.
    """
    return snapshot.once(computed_catalogue)


def computed_catalogue(snapshot: Snapshot) -> pl.DataFrame:
    made = (
        snapshot.lines.select("kind", "role", "lot", "site", "on", made_mg="dry_mg")
        .filter(makes_lot())
        .select("lot", "site", "on", "made_mg")
        .unique("lot", keep="first", maintain_order=True)
    )
    total = snapshot.lot_assays.filter(pl.col("element") == TREO_INDEX).select("lot", treo_ppb="ppb")
    found = (
        snapshot.lots.join(snapshot.lot_facts.select("lot", "product"), on="lot", how="left")
        .join(made, on="lot", how="left")
        .join(total, on="lot", how="left")
        .sort("on", "name", descending=[True, False], nulls_last=True)
    )
    return snapshot.at_rest(found)


def composition(index: FlowIndex, lot: int) -> dict[str, int]:
    """Symbol → ppb of dry mass, TREO with it, of a lot of the graph; empty where nobody has stated any."""
    facts = index.graph.lots[lot]
    stated = index.graph.assays[facts["assay_start"] : facts["assay_start"] + facts["assay_count"]]
    return {
        SYMBOLS[element]: ppb for element, ppb in zip(stated["element"].tolist(), stated["ppb"].tolist(), strict=True)
    }


def sources(snapshot: Snapshot, *, lot: str) -> dict[str, list[dict[str, Any]]]:
    """Where a lot's elements came from: `places` by origin kind and place, `lots` by origin lot (`flow.origins`).

    Places have their bounds.

    Raises UnknownLot.
    """
    found = origins(snapshot.flow_index(), lot)
    return {"places": origins_by_place(found, bounded=True), "lots": found.as_json()["rows"]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Picked:
    """A lot picked out: its place in `Relations.table`, and how many events lie between it and the asked one."""

    place: int
    depth: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """Mass that went from one lot into the next nearer (upstream) or farther (downstream) one.

    `near` and `far` are places; `far` None stands for the lots left out behind `near` at `depth`. `share` is the part
    of the asked lot's element that took this way.
    """

    near: int
    far: int | None
    depth: int
    mass_mg: int
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Relations:
    """A lot with what it was made from, or with `forward` what was made with it.

    `table`: one row per lot, the asked one first: `name`, `product`, `organisation`, `site`, `on` (text), `made_mg`,
    `distance`, `origin_kind`, `share` (0 where the element is not stated). `left_out`: depth → lots one event behind
    those picked that are not picked themselves. `reached`: lots beside the asked one.
    """

    table: pl.DataFrame
    picked: tuple[Picked, ...]
    passages: tuple[Passage, ...]
    left_out: dict[int, int]
    reached: int
    cyclic: bool


def relations(snapshot: Snapshot, *, lot: str, element: str, forward: bool = False) -> Relations:
    """The relations of a lot, and of them the ones that carry most of an element. Raises UnknownLot.

    Lots are picked one after the other, always the one that carries most among those next to lots already picked, up to
    PICKED lots and DEPTH events away, so that what is picked hangs together.
    """
    index = snapshot.flow_index()
    found = trace(index, lot, forward=forward, limit=None)
    share = found.shares[:, found.elements.index(element)] if element in found.elements else np.zeros(len(found.lots))
    walk = _Walk.of(index, found, share, element)
    picked = _deep(walk, _pick(walk, found.distance))
    passages, left_out = _passages(walk, picked)
    return Relations(
        table=_table(index, found, share),
        picked=tuple(Picked(place=place, depth=depth) for place, depth in picked.items()),
        passages=passages,
        left_out=left_out,
        reached=found.reached - 1,
        cyclic=found.cyclic,
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Walk:
    """The links of a trace seen from its places, without those that the books lead round in a circle.

    Links are sorted by `near`; those of place i stand from `start[i]` to `start[i + 1]`.
    """

    near: Places
    far: Places
    mass_mg: Places
    share: npt.NDArray[np.float64]
    #: Of a place: the part of it that this way tells of.
    carried: npt.NDArray[np.float64]
    start: Places

    @staticmethod
    def of(index: FlowIndex, found: Trace, share: npt.NDArray[np.float64], element: str) -> _Walk:
        """`found` is a whole trace: it holds every lot that its links name."""
        order = np.argsort(found.lots)

        def place(lots: npt.NDArray[np.int32]) -> Places:
            return order[np.searchsorted(found.lots, lots, sorter=order)]

        source, target, links = place(found.links.source), place(found.links.target), found.links
        backward = found.direction == "backward"
        near, far = (target, source) if backward else (source, target)
        facts = index.graph.lots[found.lots]
        whole_mg = (facts["made_mg"] + facts["unaccounted_mg"]).astype(np.float64)
        part = np.divide(facts["made_mg"], whole_mg, out=np.zeros(len(whole_mg)), where=whole_mg > 0)
        if backward:
            # What a lot brings into the next is its element mass, of that of all that the event took.
            # As floats, for the product of mass and share does not fit into 64 bits.
            weight = links.mass_mg.astype(np.float64) * _ppb(index, found.lots, element)[source]
            carried = _parts(weight, target, len(share)) * (share * part)[target]
        else:
            # What an event makes is of its inputs as the asked lot's element came in with them.
            taken = np.divide(links.mass_mg, whole_mg[source], out=np.zeros(len(source)), where=whole_mg[source] > 0)
            carried = _parts(taken * share[source], target, len(share)) * share[target]
        # Places follow the order of the events, so a link that goes against it closes a circle.
        sound = near < far
        by_near = np.flatnonzero(sound)[np.argsort(near[sound], kind="stable")]
        counts = np.bincount(near[by_near], minlength=len(share))
        return _Walk(
            near=near[by_near], far=far[by_near], mass_mg=links.mass_mg[by_near], share=share,
            carried=carried[by_near], start=np.concatenate(([0], np.cumsum(counts))),
        )  # fmt: skip

    def links(self, place: int) -> slice:
        return slice(int(self.start[place]), int(self.start[place + 1]))


def _parts(weight: npt.NDArray[np.float64], group: Places, groups: int) -> npt.NDArray[np.float64]:
    """Each weight as a part of its group's sum; 0 where that is nothing."""
    total = np.bincount(group, weights=weight, minlength=groups)[group]
    return np.divide(weight, total, out=np.zeros(len(weight)), where=total > 0)


def _ppb(index: FlowIndex, lots: npt.NDArray[np.int32], element: str) -> npt.NDArray[np.int64]:
    """The share of an element in each of the lots, in ppb of dry mass."""
    wanted, graph = SYMBOLS.index(element), index.graph
    starts, counts = graph.lots["assay_start"][lots], graph.lots["assay_count"][lots]
    found = np.zeros(len(lots), np.int64)
    for offset in range(int(counts.max(initial=0))):
        stated = counts > offset
        entry = graph.assays[starts[stated] + offset]
        found[stated] += np.where(entry["element"] == wanted, entry["ppb"], 0)
    return found


def _pick(walk: _Walk, distance: npt.NDArray[np.int32]) -> set[int]:
    """The asked lot and those next to it that carry most."""
    picked: set[int] = set()
    seen, waiting = {0}, [(-2.0, 0)]
    while waiting and len(picked) <= PICKED:
        _, place = heapq.heappop(waiting)
        picked.add(place)
        for far in walk.far[walk.links(place)].tolist():
            if far not in seen and distance[far] <= DEPTH:
                seen.add(far)
                heapq.heappush(waiting, (-float(walk.share[far]), far))
    return picked


def _deep(walk: _Walk, picked: set[int]) -> dict[int, int]:
    """Place → depth, the longest way from the asked lot among the picked; what comes out too deep is not picked."""
    depth = {0: 0}
    for place in sorted(picked):
        if place not in depth or depth[place] > DEPTH:
            continue
        for far in walk.far[walk.links(place)].tolist():
            if far in picked:
                depth[far] = max(depth.get(far, 0), depth[place] + 1)
    return {place: depth[place] for place in sorted(depth) if depth[place] <= DEPTH}


def _passages(walk: _Walk, picked: dict[int, int]) -> tuple[tuple[Passage, ...], dict[int, int]]:
    """The ways between picked lots, and one for each lot that has others behind it."""
    passages: list[Passage] = []
    left_out: dict[int, set[int]] = {}
    for near, depth in picked.items():
        sums: dict[int | None, list[float]] = {}
        links = walk.links(near)
        for far, mass_mg, share in zip(
            walk.far[links].tolist(), walk.mass_mg[links].tolist(), walk.carried[links].tolist(), strict=True
        ):
            if far not in picked:
                left_out.setdefault(depth + 1, set()).add(far)
            both = sums.setdefault(far if far in picked else None, [0, 0.0])
            both[0] += mass_mg
            both[1] += share
        passages += [
            Passage(near=near, far=far, depth=depth + 1, mass_mg=int(mass_mg), share=share)
            for far, (mass_mg, share) in sums.items()
        ]
    return tuple(passages), {depth: len(lots) for depth, lots in sorted(left_out.items())}


def _table(index: FlowIndex, found: Trace, share: npt.NDArray[np.float64]) -> pl.DataFrame:
    lots = found.lots.tolist()
    events = [index.made_event(lot) for lot in lots]
    return pl.DataFrame(
        {
            "name": [index.lot_name[lot] for lot in lots],
            "product": [index.lot_product[lot] for lot in lots],
            "organisation": [index.lot_organisation[lot] for lot in lots],
            "site": [index.event_site[event] if event >= 0 else None for event in events],
            "on": [index.day(event) if event >= 0 else None for event in events],
            "made_mg": index.graph.lots["made_mg"][found.lots],
            "distance": found.distance,
            "origin_kind": [index.event_origin_kind[event] if event >= 0 else None for event in events],
            "share": share,
        },
        schema_overrides={"product": pl.String, "site": pl.String, "on": pl.String, "origin_kind": pl.String},
    )


def lots_like(snapshot: Snapshot, *, text: str, most: int) -> pl.DataFrame:
    """`lot`, `name`, `maker`, `product` of lots with this text in their names, whatever its letters' case."""
    like = snapshot.lots.filter(pl.col("name").str.to_lowercase().str.contains(text.lower(), literal=True))
    return like.head(most).join(snapshot.lot_facts.select("lot", "product"), on="lot", how="left")


def methods_at(snapshot: Snapshot, *, site: str) -> tuple[str, ...]:
    """What the rows of a site say of their methods: each text once, several methods between semicolons."""
    return tuple(snapshot.lines.filter(pl.col("site") == site)["method"].drop_nulls().unique().sort())
