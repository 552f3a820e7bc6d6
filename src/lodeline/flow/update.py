"""What an entry changes of an index: the rows of the lots that it touched and of the events around them.

An index with such changes gives the answers, to the last bit, of one built from nothing. It rests on two facts: the
order of events follows from the ledger and not from where they stand in the arrays (`kernels.Graph`), and whatever has
an order of its own (links, uses, outputs, assays) is written again as a whole for its owner. Where that is not sure,
or would not be worth it, nothing is written and the index is built anew.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl

from lodeline.flow import kernels
from lodeline.flow.arrays import Array
from lodeline.flow.columns import Column, NoRoom, open_columns, write_patch
from lodeline.flow.index import Texts, contents, int32, records
from lodeline.flow.kernels import Int64s

#: One in so many lots may be touched, and one in so many events given another time, until building anew is quicker.
_SHARE: Final = 8
_LEAST: Final = 1_000
#: Of lots and of events, the columns that say what they are.
_LOT_CODES: Final = {"lot_product": "product", "lot_organisation": "organisation"}
_EVENT_CODES: Final = {
    "event_organisation": "organisation", "event_site": "site", "event_origin_kind": "origin_kind",
    "event_origin_place": "origin_place",
}  # fmt: skip

Frames = tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame, pl.DataFrame]


class _Unsure(Exception):  # noqa: N818  (a state of the ledger, met by whoever compares)
    """What has changed cannot be told from these rows: the index is built anew."""


def write_changes(  # noqa: PLR0917  (what is known, then what is new, then where and of when)
    base: Path,
    patch: Path | None,
    touched: npt.NDArray[np.integer],
    frames: Callable[[Int64s], Frames],
    directory: Path,
    stamp: Mapping[str, Any],
) -> bool:
    """Write to `directory` what has changed of the index at `base` with `patch`; False where it is to be built anew.

    touched: the lots, by dense id, of which anything may have changed: new ones, and those of which a row of `lots`,
        `links` or `assays` (`index.build_index`), or the event that made them, is not as it was.
    frames: given the numbers of events, returns the four frames of `build_index`, of these rows only: the touched
        lots and their assays; the events among those numbers that are still there, and all that make or consume a
        touched lot; all links of these events.
    """
    try:
        _, columns = open_columns(base, patch, growing=True)
        writing = _Writing(columns, np.unique(touched.astype(np.int64)))
        writing.take(*frames(writing.near))
    except (NoRoom, _Unsure):
        return False
    write_patch(base, columns, directory, stamp)
    return True


class _Writing:
    """The columns while the rows of some lots and events are put in place of the old."""

    def __init__(self, columns: dict[str, Column], touched: Int64s) -> None:
        self._columns = columns
        self._touched = touched
        self._old_lots = columns["graph.lots"].rows
        self._old_events = columns["graph.rank"].rows
        if len(touched) > max(_LEAST, self._old_lots // _SHARE):
            raise _Unsure
        known = touched[touched < self._old_lots]
        makers = self._of("graph.lots")["made_event"][known].astype(np.int64)
        _, uses = self._entries("graph.use_span", known)
        users = self._of("graph.uses")["event"][uses].astype(np.int64)
        if (users < 0).any():
            raise _Unsure  # A circle.
        self._near = np.unique(np.concatenate((makers[makers >= 0], users)))
        if self._of("event_in_circle")[self._near].any():
            raise _Unsure

    @property
    def near(self) -> Int64s:
        """The numbers in the ledger of the events that made or consumed a touched lot before."""
        found: Int64s = self._of("event_key")[self._near]
        return found

    def take(self, lots: pl.DataFrame, events: pl.DataFrame, links: pl.DataFrame, assays: pl.DataFrame) -> None:
        """Put these rows in place of the old."""
        lots, events = lots.sort("lot"), events.sort("event")
        if lots["lot"].to_list() != self._touched.tolist():
            raise ValueError("flow changes: the lots are not those that were touched")
        place = self._put_events(events)
        written = np.array([place[key] for key in events["event"].to_list()], np.int64)
        gone = np.setdiff1d(self._near, written)
        self._columns["graph.is_origin"].put(gone, np.zeros(len(gone), np.bool_))
        self._put_lots(lots, place, written)
        left = self._of("graph.out_span")[gone]
        if (left[:, 0] < left[:, 1]).any():
            raise _Unsure  # It made lots that are not said to be touched.
        self._put_assays(assays)
        self._put_links(links, place, written, gone)
        self._put_times(written)

    def _of(self, name: str) -> Array:
        return self._columns[name].array

    def _entries(self, span: str, owners: Int64s) -> tuple[Int64s, Int64s]:
        """What these lots or events own: the place of the owner among those asked for, and the entry."""
        spans = self._of(span)[owners].astype(np.int64)
        return kernels.ranges(spans[:, 0], spans[:, 1] - spans[:, 0])

    def _own(self, span: str, entries: str, owners: Int64s, of_entry: Int64s, rows: Array) -> None:
        """Give owners these entries, which stand by owner, in place of those before. `of_entry`: the owner of each."""
        first = self._columns[entries].append(rows)
        at = np.searchsorted(of_entry, owners)
        end = np.searchsorted(of_entry, owners, side="right")
        self._columns[span].put(owners, np.stack((first + at, first + end), axis=1).astype(np.int32))

    def _put_events(self, events: pl.DataFrame) -> dict[int, int]:
        """Returns where each event of the frame stands."""
        keys = events["event"].to_numpy().astype(np.int64)
        built = self._columns["event_key"].built
        since = {int(key): built + place for place, key in enumerate(self._of("event_key")[built : self._old_events])}
        at = np.searchsorted(self._of("event_key")[:built], keys)
        known = (at < built) & (self._of("event_key")[np.minimum(at, built - 1)] == keys) if built else at < 0
        place: dict[int, int] = {}
        added: list[int] = []
        for row, (key, found, is_known) in enumerate(zip(keys.tolist(), at.tolist(), known.tolist(), strict=True)):
            if is_known or key in since:
                place[key] = found if is_known else since[key]
            else:
                place[key] = self._old_events + len(added)
                added.append(row)
        new = events[added]
        empty = np.zeros((new.height, 2), np.int32)
        columns: dict[str, Array] = {
            "event_day": int32(new["on"]), "event_key": keys[added], "event_in_circle": np.zeros(new.height, np.bool_),
            "graph.rank": np.full(new.height, -1, np.int64), "graph.link_span": empty, "graph.out_span": empty,
            "graph.is_origin": (new["kind"] == "origin").to_numpy(),
        }  # fmt: skip
        for name, rows in columns.items():
            self._columns[name].append(rows)
        self._append_texts("event_name", new["name"])
        for name, column in _EVENT_CODES.items():
            self._columns[f"{name}.code"].append(self._codes(name, new[column]))
        old = events.with_row_index().filter(~pl.col("index").is_in(added))
        at = np.array([place[key] for key in old["event"].to_list()], np.int64)
        # An event of the same number has the same first line; what that says of it may mean another party by now.
        self._columns["event_day"].put(at, int32(old["on"]))
        self._columns["graph.is_origin"].put(at, (old["kind"] == "origin").to_numpy())
        for name, column in _EVENT_CODES.items():
            self._columns[f"{name}.code"].put(at, self._codes(name, old[column]))
        return place

    def _put_lots(self, lots: pl.DataFrame, place: Mapping[int, int], written: Int64s) -> None:
        old, new = lots.filter(pl.col("lot") < self._old_lots), lots.filter(pl.col("lot") >= self._old_lots)
        if new["lot"].to_list() != list(range(self._old_lots, self._old_lots + new.height)):
            raise _Unsure
        names = Texts(blob=self._of("lot_name.blob"), start=self._of("lot_name.start"))
        if any(names[lot] != name for lot, name in old.select("lot", "name").iter_rows()):
            raise _Unsure
        before = self._of("graph.lots")["made_event"][old["lot"].to_numpy()].astype(np.int64)
        maker = np.array([-1 if key < 0 else place[key] for key in lots["made_event"].to_list()], np.int64)
        self._columns["graph.lots"].append(np.zeros(new.height, kernels.LOT))
        self._columns["graph.use_span"].append(np.zeros((new.height, 2), np.int32))
        self._columns["graph.lots"].put(self._touched, lots["made_mg"].to_numpy(), "made_mg")
        self._columns["graph.lots"].put(self._touched, lots["unaccounted_mg"].to_numpy(), "unaccounted_mg")
        self._columns["graph.lots"].put(self._touched, maker, "made_event")
        self._columns["graph.lots"].put(self._touched, np.full(lots.height, -1, np.int32), "made_time")
        self._append_texts("lot_name", new["name"])
        for name, column in _LOT_CODES.items():
            self._columns[f"{name}.code"].append(self._codes(name, new[column]))
            self._columns[f"{name}.code"].put(old["lot"].to_numpy(), self._codes(name, old[column]))
        if new.height:
            self._order_names()
        makers = np.unique(np.concatenate((before[before >= 0], maker[maker >= 0], written)))
        owner, out = self._entries("graph.out_span", makers)
        event, lot = makers[owner], self._of("graph.out_lot")[out].astype(np.int64)
        stays = ~np.isin(lot, self._touched)
        event = np.concatenate((event[stays], maker[maker >= 0]))
        lot = np.concatenate((lot[stays], self._touched[maker >= 0]))
        order = np.lexsort((lot, event))
        self._own("graph.out_span", "graph.out_lot", makers, event[order], lot[order].astype(np.int32))

    def _order_names(self) -> None:
        """Lots that came since the index was built, by name and by their makers' own ids."""
        count, built = self._columns["graph.lots"].rows, self._columns["graph.lots"].built
        names = Texts(blob=self._of("lot_name.blob"), start=self._of("lot_name.start"))
        since = sorted((names.raw(lot), lot) for lot in range(built, count))
        self._columns["lots_by_name_since"].replace(np.array([lot for _, lot in since], np.int32))
        since.sort(key=lambda one: one[0].rpartition(b"/")[2])
        self._columns["lots_by_local_id_since"].replace(np.array([lot for _, lot in since], np.int32))

    def _put_assays(self, assays: pl.DataFrame) -> None:
        facts = self._of("graph.lots")[self._touched]
        _, old = kernels.ranges(facts["assay_start"], facts["assay_count"])
        # No lot has these rows any more, and whoever looks at all of them is to see that.
        self._columns["graph.assays"].put(old, np.full(len(old), -1, np.int32), "element")
        stated = assays.filter(pl.col("ppb") > 0).sort("lot", "element")
        rows = records(kernels.ASSAY, stated.height, element=stated["element"], ppb=stated["ppb"])
        first = self._columns["graph.assays"].append(rows)
        of_entry = stated["lot"].to_numpy().astype(np.int64)
        start = np.searchsorted(of_entry, self._touched)
        count = np.searchsorted(of_entry, self._touched, side="right") - start
        self._columns["graph.lots"].put(self._touched, first + start, "assay_start")
        self._columns["graph.lots"].put(self._touched, count, "assay_count")

    def _put_links(self, links: pl.DataFrame, place: Mapping[int, int], written: Int64s, gone: Int64s) -> None:
        both = np.sort(np.concatenate((written, gone)))
        _, before = self._entries("graph.link_span", both)
        users_of = self._of("graph.links")["lot"][before].astype(np.int64)
        event = np.array([place[key] for key in links["event"].to_list()], np.int64)
        lot, mass_mg = links["lot"].to_numpy().astype(np.int64), links["mass_mg"].to_numpy().astype(np.int64)
        order = np.lexsort((mass_mg, lot, event))
        event, lot, mass_mg = event[order], lot[order], mass_mg[order]
        rows = np.zeros(len(lot), kernels.LINK)
        maker = self._of("graph.lots")["made_event"][lot].astype(np.int64)
        if (maker == event).any():
            raise _Unsure  # The shortest circle.
        origin = (maker >= 0) & self._of("graph.is_origin")[maker]
        rows["mass_mg"], rows["lot"], rows["maker"] = mass_mg, lot, np.where(origin, kernels.NO_MAKER, maker)
        content = self._columns["graph.content"]
        content.append(contents(rows, self._of("graph.lots"), self._of("graph.assays"), first=content.rows))
        self._own("graph.link_span", "graph.links", both, event, rows)
        used = np.unique(np.concatenate((users_of, lot)))
        owner, use = self._entries("graph.use_span", used)
        uses = self._of("graph.uses")[use]
        if (uses["event"] < 0).any():
            raise _Unsure
        stays = ~np.isin(uses["event"], both)
        of_use = np.concatenate((used[owner[stays]], lot))
        rows = np.concatenate((uses[stays], records(kernels.USE, len(lot), mass_mg=mass_mg, event=event)))
        order = np.lexsort((rows["mass_mg"], self._of("event_key")[rows["event"]], of_use))
        self._own("graph.use_span", "graph.uses", used, of_use[order], rows[order])

    def _put_times(self, written: Int64s) -> None:
        graph = kernels.Graph(**{name: self._of(f"graph.{name}") for name in kernels.Graph._fields})
        events = self._columns["graph.rank"].rows
        most = max(_LEAST, events // _SHARE)
        event_written, lot_written, done = kernels.correct_times(
            graph, self._of("event_day"), self._of("event_key"), written.astype(np.int32),
            self._of("event_in_circle"), most,
        )  # fmt: skip
        if not done:
            raise _Unsure
        self._columns["graph.rank"].touch(event_written)
        self._columns["graph.lots"].touch(lot_written)

    def _append_texts(self, prefix: str, texts: pl.Series) -> None:
        blob = "".join(texts.to_list()).encode()
        first = self._columns[f"{prefix}.blob"].append(np.frombuffer(blob, np.uint8))
        ends = first + np.cumsum(texts.str.len_bytes().to_numpy(), dtype=np.int64)
        self._columns[f"{prefix}.start"].append(ends)

    def _codes(self, name: str, column: pl.Series) -> Array:
        """The numbers of these texts, of which those not met before get new ones."""
        start = self._columns[f"{name}.start"]
        texts = Texts(blob=self._of(f"{name}.blob"), start=start.live)
        known: dict[str | None, int] = {texts[row]: row for row in range(len(texts))} | {None: -1}
        new = [text for text in column.cast(pl.String).unique(maintain_order=True).to_list() if text not in known]
        self._append_texts(name, pl.Series(new, dtype=pl.String))
        known |= {text: len(texts) + place for place, text in enumerate(new)}
        return np.array([known[text] for text in column.to_list()], np.int32)
