"""The flow index: who made which lot from what, as memory-mapped arrays.

The graph is bipartite and never expanded: events consume lots and make lots. Opening an index loads nothing,
so a command or a web worker answers its first question in milliseconds. Files are never changed: a new state of
the ledger is a new directory, with the stamp of the ledger that it shows.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from lodeline.errors import UserError
from lodeline.flow import kernels
from lodeline.flow.arrays import MANIFEST, Array, DamagedIndex, map_arrays, write_arrays
from lodeline.flow.kernels import Graph
from lodeline.language import enumerated, text
from lodeline.material.element import SYMBOLS
from lodeline.material.mass import share_mg

__all__ = ["DamagedIndex", "FlowIndex", "UnknownLot", "build_index", "open_index"]

EVENT_KINDS = ("transformation", "origin")
#: Ids and times are 32 bits wide: the walk's hash tables pack an id and a place into one word.
ID_LIMIT = 2**31
_SUGGESTIONS = 5
_LINKS_AT_ONCE = 2**18
#: A maker's own id for a lot.
LOCAL_ID = pl.col("name").str.extract("([^/]*)$")
_EPOCH = date(1970, 1, 1).toordinal()


class UnknownLot(UserError, LookupError):  # noqa: N818  (a question about a lot that nobody filed, not a fault)
    """No lot of that canonical name; `suggestions` are names that the asker may have meant, best first."""

    def __init__(self, name: str, suggestions: tuple[str, ...]) -> None:
        super().__init__(
            text(
                "There is no lot {name}; like it: {suggestions}.",
                name=name,
                suggestions=enumerated(suggestions),
            )
            if suggestions
            else text("There is no lot {name}.", name=name)
        )
        self.name = name
        self.suggestions = suggestions


Order = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Texts:
    """A column of texts: one UTF-8 blob and where each text starts."""

    blob: npt.NDArray[np.uint8]
    start: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.start) - 1

    def raw(self, row: int) -> bytes:
        return self.blob[self.start[row] : self.start[row + 1]].tobytes()

    def __getitem__(self, row: int) -> str:
        return self.raw(row).decode("utf-8")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Codes:
    """A column of texts that repeat, as numbers of a table; -1 is no text."""

    code: npt.NDArray[np.int32]
    texts: Texts

    def __getitem__(self, row: int) -> str | None:
        code = int(self.code[row])
        return None if code < 0 else self.texts[code]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FlowIndex:
    """An open index. Lots and events are the dense ids it was built with; safe to share between threads."""

    stamp: Mapping[str, Any]
    elements: tuple[str, ...]
    graph: Graph = dataclasses.field(repr=False)
    lot_name: Texts = dataclasses.field(repr=False)
    lot_product: Codes = dataclasses.field(repr=False)
    lot_organisation: Codes = dataclasses.field(repr=False)
    event_name: Texts = dataclasses.field(repr=False)
    event_organisation: Codes = dataclasses.field(repr=False)
    event_site: Codes = dataclasses.field(repr=False)
    event_origin_kind: Codes = dataclasses.field(repr=False)
    event_origin_place: Codes = dataclasses.field(repr=False)
    event_day: npt.NDArray[np.int32] = dataclasses.field(repr=False)  # days since 1970-01-01
    #: Lots in the order of a text.
    lots_by_name: Order = dataclasses.field(repr=False)
    lots_by_local_id: Order = dataclasses.field(repr=False)

    def find(self, name: str) -> int:
        """The lot of a canonical name. Raises UnknownLot with close names."""
        found = self.lot_called(name)
        if found is None:
            raise UnknownLot(name, self._close_to(name))
        return found

    def lot_called(self, name: str) -> int | None:
        """The lot of a canonical name; None where there is none."""
        wanted, order = name.encode("utf-8"), self.lots_by_name
        at = self._first(order, wanted, local=False)
        return int(order[at]) if at < len(order) and self.lot_name.raw(int(order[at])) == wanted else None

    def lots_with_local_id(self, local_id: str) -> Iterator[int]:
        """Lots of every maker whose own id for it is `local_id`, by name."""
        wanted = local_id.encode("utf-8")
        return self._starting_with(self.lots_by_local_id, wanted, local=True, whole=True)

    def element_columns(self, lot: int) -> tuple[tuple[str, ...], npt.NDArray[np.int8]]:
        """Symbols that the lot's composition states, and for each element its column among them, else -1."""
        facts = self.graph.lots[lot]
        stated = self.graph.assays["element"][facts["assay_start"] : facts["assay_start"] + facts["assay_count"]]
        column = np.full(len(self.elements), -1, np.int8)
        column[stated] = np.arange(len(stated))
        return tuple(self.elements[element] for element in stated), column

    def made_event(self, lot: int) -> int:
        """The event that made a lot, -1 when nobody filed it."""
        return int(self.graph.lots[lot]["made_event"])

    def day(self, event: int) -> str:
        """ISO date of an event."""
        return date.fromordinal(_EPOCH + int(self.event_day[event])).isoformat()

    def _key(self, lot: int, local: bool) -> bytes:
        name = self.lot_name.raw(lot)
        return name.rpartition(b"/")[2] if local else name

    def _first(self, order: Order, wanted: bytes, *, local: bool) -> int:
        low, high = 0, len(order)
        while low < high:
            middle = (low + high) // 2
            if self._key(int(order[middle]), local) < wanted:
                low = middle + 1
            else:
                high = middle
        return low

    def _starting_with(self, order: Order, start: bytes, *, local: bool, whole: bool = False) -> Iterator[int]:
        for at in range(self._first(order, start, local=local), len(order)):
            key = self._key(int(order[at]), local)
            if not (key == start if whole else key.startswith(start)):
                return
            yield int(order[at])

    def _close_to(self, name: str) -> tuple[str, ...]:
        """Lots that other makers gave the same id, then lots that share the longest beginning of the name."""
        found: dict[str, None] = {}
        for lot in self.lots_with_local_id(name.rpartition("/")[2]):
            found[self.lot_name[lot]] = None
            if len(found) == _SUGGESTIONS:
                return tuple(found)
        for length in range(len(name), 2, -1):
            for lot in self._starting_with(self.lots_by_name, name[:length].encode("utf-8"), local=False):
                found[self.lot_name[lot]] = None
                if len(found) == _SUGGESTIONS:
                    break
            if found:
                break
        return tuple(found)


def build_index(  # noqa: PLR0917  (four frames in the order of the ledger, then where and of when)
    lots: pl.DataFrame,
    events: pl.DataFrame,
    links: pl.DataFrame,
    assays: pl.DataFrame,
    directory: Path,
    stamp: Mapping[str, Any],
) -> None:
    """Write the index of a ledger to `directory`; `stamp` (JSON) says which state of the ledger it shows.

    Row order is free; the same rows give the same bytes. All masses are dry milligrams.

    lots: `lot` (int, dense 0…n-1), `name` (str, unique canonical MAKER/LOT), `product` (str or null),
        `organisation` (str, the maker), `made_event` (int, -1 when nobody filed the making), `made_mg`
        (int ≥ 0, 0 when never made), `unaccounted_mg` (int ≥ 0: drawn anywhere beyond what was held).
    events: `event` (int ≥ 0, unique: its number in the ledger, whose order decides among events of equal day),
        `name`, `organisation`, `site` (str), `on` (Date), `kind` (`origin` or `transformation`), `origin_kind`,
        `origin_place` (str or null).
    links: `event`, `lot`, `mass_mg` (int > 0): what transformations consumed.
    assays: `lot`, `element` (int, place in `lodeline.material.element.SYMBOLS`), `ppb` (int ≥ 0 of dry
        mass): the current composition of each lot, one row an element, TREO always with it.

    Raises ValueError when the frames break this contract, FileExistsError when `directory` holds
    anything but an index.
    """
    lots, events = lots.sort("lot"), events.sort("event")
    _check_contract(lots, events, links, assays)
    links = links.with_columns(event=places_of(events["event"], links["event"]))
    lots = lots.with_columns(made_event=places_of(events["event"], lots["made_event"]))
    graph = _graph(lots, events, links, assays)
    by_name = lots["name"].arg_sort().cast(pl.Int32).to_numpy()
    by_local_id = lots.select(pl.arg_sort_by(LOCAL_ID, "name")).to_series().cast(pl.Int32).to_numpy()
    arrays: dict[str, Array] = {
        **_texts("lot_name", lots["name"]),
        **_codes("lot_product", lots["product"]),
        **_codes("lot_organisation", lots["organisation"]),
        **_texts("event_name", events["name"]),
        **_codes("event_organisation", events["organisation"]),
        **_codes("event_site", events["site"]),
        **_codes("event_origin_kind", events["origin_kind"]),
        **_codes("event_origin_place", events["origin_place"]),
        "event_day": int32(events["on"]),
        "lots_by_name": by_name,
        "lots_by_local_id": by_local_id,
        **{f"graph.{name}": array for name, array in graph._asdict().items()},
    }
    write_arrays(directory, arrays, {"stamp": dict(stamp), "elements": list(SYMBOLS)})


def open_index(directory: Path) -> FlowIndex:
    """Map an index into memory.

    Sizes and headers are checked; the seal of a store checks the content. Raises DamagedIndex, which names the file;
    FileNotFoundError when there is no index.
    """
    manifest, arrays = map_arrays(directory)
    missing = {f"graph.{name}" for name in Graph._fields} - arrays.keys()
    if missing:
        raise DamagedIndex(directory / MANIFEST, f"names no {', '.join(sorted(missing))}: build the index again")

    def texts(name: str) -> Texts:
        return Texts(blob=arrays[f"{name}.blob"], start=arrays[f"{name}.start"])

    def codes(name: str) -> Codes:
        return Codes(code=arrays[f"{name}.code"], texts=texts(name))

    return FlowIndex(
        stamp=manifest["stamp"],
        elements=tuple(manifest["elements"]),
        graph=Graph(**{name: arrays[f"graph.{name}"] for name in Graph._fields}),
        lot_name=texts("lot_name"),
        lot_product=codes("lot_product"),
        lot_organisation=codes("lot_organisation"),
        event_name=texts("event_name"),
        event_organisation=codes("event_organisation"),
        event_site=codes("event_site"),
        event_origin_kind=codes("event_origin_kind"),
        event_origin_place=codes("event_origin_place"),
        event_day=arrays["event_day"],
        lots_by_name=arrays["lots_by_name"],
        lots_by_local_id=arrays["lots_by_local_id"],
    )


def _graph(lots: pl.DataFrame, events: pl.DataFrame, links: pl.DataFrame, assays: pl.DataFrame) -> Graph:
    inputs = links.sort("event", "lot", "mass_mg")
    uses = links.sort("lot", "event", "mass_mg")
    stated = assays.filter(pl.col("ppb") > 0).sort("lot", "element")
    made = lots.filter(pl.col("made_event") >= 0).sort("made_event", "lot")
    assay_start, link_start = _starts(stated["lot"], lots.height), _starts(inputs["event"], events.height)
    made_event, is_origin = int32(lots["made_event"]), (events["kind"] == "origin").to_numpy()
    time = _times(link_start, made_event[int32(inputs["lot"])], int32(events["on"]))
    made_time = np.where(made_event >= 0, time[made_event] if len(time) else -1, -1).astype(np.int32)
    lot_records = records(
        kernels.LOT,
        lots.height,
        made_mg=lots["made_mg"],
        unaccounted_mg=lots["unaccounted_mg"],
        made_event=made_event,
        made_time=made_time,
        assay_start=assay_start[:-1],
        assay_count=np.diff(assay_start),
    )
    assay_records = records(kernels.ASSAY, stated.height, element=stated["element"], ppb=stated["ppb"])
    link_records = records(kernels.LINK, inputs.height, mass_mg=inputs["mass_mg"], lot=inputs["lot"])
    maker = made_event[link_records["lot"]]
    maker[maker >= 0] = np.where(is_origin[maker[maker >= 0]], kernels.NO_MAKER, maker[maker >= 0])
    maker[made_time[link_records["lot"]] >= time[int32(inputs["event"])]] = kernels.BACK_REFERENCE
    link_records["maker"] = maker
    use_records = records(kernels.USE, uses.height, mass_mg=uses["mass_mg"], event=uses["event"])
    use_records["event"][made_time[int32(uses["lot"])] >= time[int32(uses["event"])]] = kernels.BACK_REFERENCE
    return Graph(
        lots=lot_records,
        assays=assay_records,
        links=link_records,
        uses=use_records,
        content=contents(link_records, lot_records, assay_records),
        out_lot=int32(made["lot"]),
        link_span=_spans(link_start),
        use_span=_spans(_starts(uses["lot"], lots.height)),
        out_span=_spans(_starts(made["made_event"], events.height)),
        rank=time.astype(np.int64) << 32 | events["event"].cast(pl.Int64).to_numpy(),
        is_origin=is_origin,
    )


def contents(
    links: npt.NDArray[np.void], lots: npt.NDArray[np.void], assays: npt.NDArray[np.void]
) -> npt.NDArray[np.int64]:
    """`Graph.content` of these links; writes into `links` where the entries of each stand.

    Block by block: what is worked out on the way takes ten times what comes of it.
    """
    found, first = [np.zeros(0, np.int64)], 0
    for start in range(0, len(links), _LINKS_AT_ONCE):
        block = links[start : start + _LINKS_AT_ONCE]
        facts = lots[block["lot"]]
        link, entry = kernels.ranges(facts["assay_start"], facts["assay_count"])
        stated = assays[entry]
        content_mg = share_mg(block["mass_mg"][link], stated["ppb"].astype(np.int64))
        some = content_mg > 0
        count = np.bincount(link[some], minlength=len(block))
        if first + int(count.sum()) >= ID_LIMIT:
            raise ValueError("flow index: more element masses than 32-bit places hold")
        block["content_start"], block["content_count"] = first + np.cumsum(count) - count, count
        found.append(content_mg[some] << kernels.ELEMENT_BITS | stated["element"][some])
        first += int(count.sum())
    return np.concatenate(found)


def records(dtype: np.dtype[np.void], count: int, **columns: pl.Series | Array) -> npt.NDArray[np.void]:
    records = np.zeros(count, dtype)
    for name, column in columns.items():
        records[name] = column.to_numpy() if isinstance(column, pl.Series) else column
    return records


def _times(
    link_start: npt.NDArray[np.int64], maker: npt.NDArray[np.int32], day: npt.NDArray[np.int32]
) -> npt.NDArray[np.int32]:
    """(m,) the time of each event (`kernels.Graph`).

    Events of a circle (bad data) stand together, by day and then number; an input that an event no earlier made is a
    back-reference.
    """
    maker = np.ascontiguousarray(maker)
    component = kernels.strong_components(link_start, maker)
    order = np.lexsort((day, component))  # Stable: equal days stay in the order of their numbers.
    time: npt.NDArray[np.int32] = kernels.event_times(order, component, link_start, maker, np.ascontiguousarray(day))
    return time


def _starts(sorted_owner: pl.Series, owners: int) -> npt.NDArray[np.int64]:
    counts = np.bincount(sorted_owner.to_numpy(), minlength=owners)
    return np.concatenate((np.zeros(1, np.int64), np.cumsum(counts, dtype=np.int64)))


def _spans(starts: npt.NDArray[np.int64]) -> npt.NDArray[np.int32]:
    return np.stack((starts[:-1], starts[1:]), axis=1).astype(np.int32)


def places_of(keys: pl.Series, asked: pl.Series) -> pl.Series:
    """Where each of `asked` stands among the sorted `keys`; -1 for -1."""
    wanted = asked.cast(pl.Int64).to_numpy()
    place = np.searchsorted(keys.cast(pl.Int64).to_numpy(), wanted)
    return pl.Series(np.where(wanted < 0, -1, place).astype(np.int64))


def int32(column: pl.Series) -> npt.NDArray[np.int32]:
    return column.cast(pl.Int32).to_numpy()


def _texts(prefix: str, column: pl.Series) -> dict[str, Array]:
    blob = (column.str.join("").item() if len(column) else "").encode("utf-8")
    start = np.concatenate((np.zeros(1, np.int64), np.cumsum(column.str.len_bytes().to_numpy(), dtype=np.int64)))
    return {f"{prefix}.blob": np.frombuffer(blob, np.uint8), f"{prefix}.start": start}


def _codes(prefix: str, column: pl.Series) -> dict[str, Array]:
    code = column.cast(pl.String).rank("dense").cast(pl.Int64) - 1
    texts = column.cast(pl.String).drop_nulls().unique().sort()
    return {f"{prefix}.code": int32(code.fill_null(-1)), **_texts(prefix, texts)}


def _check_contract(lots: pl.DataFrame, events: pl.DataFrame, links: pl.DataFrame, assays: pl.DataFrame) -> None:
    """Each rule is one sentence: what a broken one says is what the caller must mend."""

    def within(column: pl.Series, low: int, high: int) -> bool:
        return column.null_count() == 0 and bool(((column >= low) & (column < high)).all())

    def dense(column: pl.Series) -> bool:
        return bool((column == pl.int_range(column.len(), eager=True)).all())

    keys = assays["lot"].cast(pl.Int64) * 2**kernels.ELEMENT_BITS + assays["element"].cast(pl.Int64)

    def made_of(column: pl.Series) -> bool:
        unmade = column == -1
        return bool((unmade | column.is_in(events["event"].implode())).all())

    rules = (
        (dense(lots["lot"]), "lots.lot is not 0…n-1, each once"),
        (
            within(events["event"], 0, 2**32) and events["event"].is_unique().all(),
            "events.event is no number, or twice",
        ),
        (max(lots.height, events.height, assays.height) < ID_LIMIT, "more rows than 32-bit ids hold"),
        (lots["name"].null_count() == 0 and lots["name"].is_unique().all(), "lots.name is missing or not unique"),
        (made_of(lots["made_event"]), "lots.made_event names an event that is not there"),
        (within(lots["made_mg"], 0, 2**63 - 1), "lots.made_mg is negative or missing"),
        (within(lots["unaccounted_mg"], 0, 2**63 - 1), "lots.unaccounted_mg is negative or missing"),
        (bool(events["kind"].is_in(EVENT_KINDS).all()), f"events.kind is none of {EVENT_KINDS}"),
        (events["on"].null_count() == 0, "events.on is missing"),
        (events["name"].null_count() == 0, "events.name is missing"),
        (bool(links["event"].is_in(events["event"].implode()).all()), "links.event names an event that is not there"),
        (within(links["lot"], 0, lots.height), "links.lot names a lot that is not there"),
        (
            within(links["mass_mg"], 1, 2 ** (63 - kernels.ELEMENT_BITS)),
            "links.mass_mg is not positive, or beyond 58 bits",
        ),
        (within(assays["lot"], 0, lots.height), "assays.lot names a lot that is not there"),
        (within(assays["element"], 0, len(SYMBOLS)), "assays.element is no place in SYMBOLS"),
        (within(assays["ppb"], 0, ID_LIMIT), "assays.ppb is negative or beyond 32 bits"),
        (not (keys.sort().diff() == 0).any(), "assays holds two rows of one lot and element"),
    )
    for holds, sentence in rules:
        if not holds:
            raise ValueError(f"flow index: {sentence}")
    if links["event"].is_in(events.filter(pl.col("kind") == "origin")["event"].implode()).any():
        raise ValueError("flow index: an origin event consumes nothing, yet links names one")
