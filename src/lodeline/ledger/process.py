"""Processes of a filing: of each event, what it was fed and what it made, element by element, in whole milligrams.

All events of a filing are added up at once, in columns; only those whose sums are out of the ordinary are looked at one
by one. A filing of half a million process rows is judged in a second.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from lodeline.ledger.movement import plain_rows
from lodeline.material.composition import balance_shares, serving_shares
from lodeline.material.element import RARE_EARTHS, TREO
from lodeline.material.mass import share_mg

#: What processes are judged by.
JUDGED = (*RARE_EARTHS, TREO)

#: The least and the greatest yield in percent.
Band = tuple[float, float]
_Integers = npt.NDArray[np.int64]
_Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """What one event was fed and what it made. Masses by symbol of `JUDGED`, in mg.

    ordinal, site : of its first output.
    fed_net_mg, net_mg : dry mass of all inputs, of all outputs and waste.
    product_mg : TREO in the outputs, waste left out.
    only_total : its inputs state a total alone, which says nothing of single elements.
    by_label : an input of which there is only what another firm says.
    """

    event: str
    ordinal: int
    site: str
    fed_net_mg: int
    net_mg: int
    fed_mg: Mapping[str, int]
    out_mg: Mapping[str, int]
    product_mg: int
    only_total: bool
    by_label: bool


def unusual(
    rows: pl.DataFrame, lots: pl.DataFrame, lines: pl.DataFrame, band_of: Callable[[str], Band]
) -> Iterator[Process]:
    """The processes among `rows` that have an output, inputs of known composition, and either more of an element in the
    outputs than in the inputs or a yield outside the band of their site: a superset of what there is to object to.

    Inputs have the composition that serves the site: its own assay, else the maker's. Outputs have their own. Events of
    a `run` are left to the site's balance: the run may have been fed in another month.

    Parameters
    ----------
    rows : lines of a filing (columns of `movement.LINE`).
    lots : `lot`, `composition` of every lot among the rows.
    lines : every line in force of these lots, for the sites' own assays.
    band_of : the least and the greatest yield in percent that is ordinary at a site.
    """
    if "transformation" not in set(rows["kind"].to_list()):
        return
    steps = rows[_COLUMNS].filter(_TRANSFORMATION)
    if steps.height:
        yield from _Steps.of(steps, dict(plain_rows(lots, "lot", "composition")), _own_assays(lines)).unusual(band_of)


_COLUMNS = [
    "ordinal", "event", "role", "site", "lot", "dry_mg", "composition", "kind", "run", "maker", "organisation",
]  # fmt: skip
_TRANSFORMATION = (pl.col("kind") == "transformation") & pl.col("run").is_null()


def _own_assays(lines: pl.DataFrame) -> dict[tuple[str, int], str]:
    """(site, lot) → the site's own newest assay, of its receipts and counts."""
    stated = lines.filter(pl.col("kind").is_in(["receipt", "stock"]) & pl.col("composition").is_not_null())
    ordered = stated.sort("on", "organisation", "event", "ordinal") if stated.height > 1 else stated
    return {(site, lot): text for site, lot, text in plain_rows(ordered, "site", "lot", "composition")}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Steps:
    """The rows of processes: of each its event and its composition by number, its dry mass and what it is."""

    #: Event → its number.
    events: dict[str, int]
    #: (composition, own assay or None) → its number.
    texts: dict[tuple[str, str | None], int]
    event_of: _Integers
    text_of: _Integers
    dry_mg: _Integers
    fed: _Bools
    product: _Bools
    #: Number of an event → ordinal and site of its first output.
    outputs: dict[int, tuple[int, str]]
    #: Numbers of events of which an input has no composition, and of those of which one has another firm's alone.
    unstated: set[int]
    by_label: set[int]

    @classmethod
    def of(cls, rows: pl.DataFrame, of_lot: Mapping[int, str | None], own: Mapping[tuple[str, int], str]) -> _Steps:
        events: dict[str, int] = {}
        texts: dict[tuple[str, str | None], int] = {}
        outputs: dict[int, tuple[int, str]] = {}
        unstated: set[int] = set()
        by_label: set[int] = set()
        event_of, text_of = [], []
        columns = ("ordinal", "event", "role", "site", "lot", "composition", "maker", "organisation")
        for ordinal, name, role, site, lot, composition, maker, by in plain_rows(rows, *columns):
            event = events.setdefault(name, len(events))
            text: tuple[str, str | None]
            if role == "in":
                stated, assay = of_lot[lot], own.get((site, lot))
                if stated is None and assay is None:
                    unstated.add(event)
                if maker != by and assay in (None, stated):
                    by_label.add(event)
                text = (stated or "", assay)
            else:
                outputs.setdefault(event, (ordinal, site))
                text = (composition or "", None)
            event_of.append(event)
            text_of.append(texts.setdefault(text, len(texts)))
        return cls(
            events=events, texts=texts, event_of=np.array(event_of, np.int64), text_of=np.array(text_of, np.int64),
            dry_mg=rows["dry_mg"].to_numpy(), fed=(rows["role"] == "in").to_numpy(),
            product=(rows["role"] == "out").to_numpy(), outputs=outputs, unstated=unstated, by_label=by_label,
        )  # fmt: skip

    def unusual(self, band_of: Callable[[str], Band]) -> Iterator[Process]:
        """Those that the function of this name is about, in the order of their first rows."""
        shares = [dict(serving_shares(stated, own) if own else balance_shares(stated)) for stated, own in self.texts]
        fed_mg: dict[str, _Integers] = {}
        out_mg: dict[str, _Integers] = {}
        product_mg = np.zeros(len(self.events), np.int64)
        suspect = np.zeros(len(self.events), bool)
        for symbol in JUDGED:
            ppb = np.array([one.get(symbol, 0) for one in shares], np.int64)
            if not ppb.any():
                continue
            mass_mg = share_mg(self.dry_mg, ppb[self.text_of])
            fed_mg[symbol], out_mg[symbol] = self._added(mass_mg, self.fed), self._added(mass_mg, ~self.fed)
            suspect |= out_mg[symbol] > np.maximum(fed_mg[symbol], 0)
            if symbol == TREO:
                product_mg = self._added(mass_mg, self.product)
                suspect |= self._is_outside(band_of, fed_mg[TREO], product_mg)
        several = np.array([len(one) > 1 for one in shares], bool)[self.text_of]
        fed, fed_elements = self._with_any(self.fed), self._with_any(self.fed & several)
        suspect &= fed
        if not suspect.any():
            return
        fed_net_mg, net_mg = self._added(self.dry_mg, self.fed), self._added(self.dry_mg, ~self.fed)
        names = list(self.events)
        for event in np.flatnonzero(suspect).tolist():
            if event not in self.outputs or event in self.unstated:
                continue
            ordinal, site = self.outputs[event]
            yield Process(
                event=names[event], ordinal=ordinal, site=site, fed_net_mg=int(fed_net_mg[event]),
                net_mg=int(net_mg[event]), fed_mg={symbol: int(masses[event]) for symbol, masses in fed_mg.items()},
                out_mg={symbol: int(masses[event]) for symbol, masses in out_mg.items()},
                product_mg=int(product_mg[event]), only_total=not fed_elements[event], by_label=event in self.by_label,
            )  # fmt: skip

    def _added(self, mass_mg: _Integers, which: _Bools) -> _Integers:
        """Of each event the sum over some of its rows; in integers, since a sum of floats would round."""
        added = np.zeros(len(self.events), np.int64)
        np.add.at(added, self.event_of[which], mass_mg[which])
        return added

    def _with_any(self, which: _Bools) -> _Bools:
        """The events with any of these rows."""
        found = np.zeros(len(self.events), bool)
        found[self.event_of[which]] = True
        return found

    def _is_outside(self, band_of: Callable[[str], Band], fed_mg: _Integers, product_mg: _Integers) -> _Bools:
        """The events whose yield is further outside the band of their site than the band is wide, or all but."""
        bands = {site: band_of(site) for site in {site for _, site in self.outputs.values()}}
        edges = {site: (low - (high - low), high + (high - low)) for site, (low, high) in bands.items()}
        made = list(self.outputs)
        lowest, highest = np.array([edges[site] for _, site in self.outputs.values()], float).reshape(-1, 2).T
        percent = 100 * product_mg[made] / np.maximum(fed_mg[made], 1)
        outside = np.zeros(len(self.events), bool)
        outside[made] = (percent < lowest + _SLACK_PCT) | (percent > highest - _SLACK_PCT)
        return outside & (product_mg > 0) & (fed_mg > 0)


#: What is this near to an edge is looked at one by one: masses past 2⁵³ are no whole numbers in a division of columns.
_SLACK_PCT = 1e-6
