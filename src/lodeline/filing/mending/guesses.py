"""What a cell may have been meant to say, told from what the filer's own books and papers hold.

A guess is offered for one press and never made unasked. It rests on nothing but the filer's own edge: lots that it
holds or was sent, masses of its own lots and of deliveries to it, names it has dealt with. Of two candidates none is
offered.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from typing import Any, Final

import polars as pl
from rapidfuzz import process
from rapidfuzz.distance import OSA

from lodeline.filing.cell import compatible
from lodeline.filing.check import month_bounds
from lodeline.filing.edits import Edit
from lodeline.filing.schema import MASS_COLUMNS
from lodeline.ledger.movement import is_making
from lodeline.material.mass import format_kg

#: Kinds of guesses, each of which can be applied at once: a lot, a mass, a day, a name.
KINDS: Final = ("lot", "mass", "day", "name")
#: A name shorter than this is another name when a letter differs.
_NAME_CHARACTERS: Final = 6
#: Lots of a product that must be there before their masses say what is usual.
USUAL_LOTS: Final = 3
#: Whoever files more mends the export; and more texts that nobody here knows than so are no slips.
ROWS_LIMIT: Final = 20_000
UNKNOWN_LIMIT: Final = 200
_READ: Final = (
    "kind", "role", "on", "site", "lot", "product", "mass_mg", "dry_mg", "counterparty_name", "source", "row"
)  # fmt: skip
_DRAWS: Final = ("shipment", "export", "loss", "stock")


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """What one firm knows of itself and of what others have sent to it, as it calls things. Masses in mg.

    known : every text by which its rows may name a lot.
    held : lots in its book, as it writes them.
    sent : lots that were sent to it and wait for its receipt → the net masses as shipped.
    books : (site, lot) → dry mass in book.
    made : product → the smallest and the largest mass of its own lots, where there are enough of them.
    names : name of a customer or supplier, as it has filed it → the party that it means.
    registered : names that the register has, folded; a name that is somebody's is no slip.
    """

    known: frozenset[str] = frozenset()
    held: frozenset[str] = frozenset()
    sent: Mapping[str, Sequence[int]] = field(default_factory=dict)
    books: Mapping[tuple[str, str], int] = field(default_factory=dict)
    made: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    registered: Container[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Guess:
    """An edit that may be what was meant: of which kind, what stands in the cell now, and why, in both languages."""

    kind: str
    edit: Edit
    before: str
    en: str
    zh: str


def bare(lot: str) -> str:
    """The id of a lot without its maker; a GS1 address is an id as it stands."""
    return lot if "://" in lot else lot.rpartition("/")[2]


def guesses(rows: pl.DataFrame, texts: pl.DataFrame, edge: Edge, *, period: str) -> list[Guess]:
    """The guesses for a filing, in the order of its rows, at most one for a cell.

    `rows`: as checked (`schema.ROWS`; what could not be read is null), `texts`: the cells as filed, with `source` and
    `row`. Lots that the filing itself makes or takes in are the firm's as well. None for more than `ROWS_LIMIT` rows.
    """
    if rows.height > ROWS_LIMIT:
        return []
    masses = [name for name in MASS_COLUMNS if name in texts.columns]
    filed = {(one["source"], one["row"]): one for one in texts.select("source", "row", *masses).iter_rows(named=True)}
    read = [one for one in rows.select(_READ).iter_rows(named=True) if (one["source"], one["row"]) in filed]
    edge = _with_own_rows(edge, read)
    if len({row["lot"] for row in read} - edge.known) > UNKNOWN_LIMIT:
        edge = replace(edge, held=frozenset(), sent={})
    if len({row["counterparty_name"] for row in read} - set(edge.names)) > UNKNOWN_LIMIT:
        edge = replace(edge, names={})
    outside = _outside(read, period)
    held, sent = _Ids(edge.held), _Ids(edge.sent)
    found = []
    for row in read:
        cells = filed[row["source"], row["row"]]
        at_hand = sent if row["kind"] == "receipt" else held
        for guess in (_lot(row, edge, at_hand), _mass(row, cells, edge), _day(row, outside, period), _name(row, edge)):
            if guess is not None:
                found.append(guess)
    return found


def _with_own_rows(edge: Edge, rows: Sequence[Mapping[str, Any]]) -> Edge:
    """The edge with what the filing itself brings: lots it makes, and what comes to each site."""
    made = {row["lot"] for row in rows if row["lot"] and is_making(row["kind"] or "", row["role"])}
    books = dict(edge.books)
    for row in rows:
        if row["lot"] and row["dry_mg"] and (row["kind"] == "receipt" or row["lot"] in made) and _enters(row):
            key = (row["site"], bare(row["lot"]))
            books[key] = books.get(key, 0) + row["dry_mg"]
    return replace(edge, known=edge.known | made, held=edge.held | made, books=books)


def _enters(row: Mapping[str, Any]) -> bool:
    return row["kind"] == "receipt" or is_making(row["kind"] or "", row["role"])


def _guess(
    kind: str, row: Mapping[str, Any], column: str, *, before: str, after: str, why: tuple[str, str]
) -> Guess:  # fmt: skip
    edit = Edit(source=int(row["source"]), row=int(row["row"]), column=column, text=after)
    return Guess(kind=kind, edit=edit, before=before, en=why[0], zh=why[1])


# A lot, one slip away.


class _Ids:
    """Lots by the ids that a text may mean: with their maker where it names one, else without."""

    def __init__(self, lots: Collection[str]) -> None:
        self._lots = sorted(lots)
        self._near: dict[str, tuple[str, ...]] = {}

    def near(self, lot: str) -> tuple[str, ...]:
        """The lots whose ids differ from this one by case, O and 0, hyphens, or one character put in, left out,
        changed or swapped."""
        if lot not in self._near:
            ids, alike = self._with_maker if "/" in lot else self._without
            slips = process.extract(lot, ids, scorer=OSA.distance, score_cutoff=1, limit=None)
            places = {place for _, _, place in slips} | set(alike.get(_alike(lot), ()))
            self._near[lot] = tuple(self._lots[place] for place in sorted(places) if ids[place] != lot)
        return self._near[lot]

    @cached_property
    def _with_maker(self) -> tuple[list[str], dict[str, list[int]]]:
        return self._lots, _by_alike(self._lots)

    @cached_property
    def _without(self) -> tuple[list[str], dict[str, list[int]]]:
        ids = [bare(lot) for lot in self._lots]
        return ids, _by_alike(ids)


def _by_alike(ids: Sequence[str]) -> dict[str, list[int]]:
    """What is left of ids that are easily taken for each other → their places."""
    found: dict[str, list[int]] = {}
    for place, one in enumerate(ids):
        found.setdefault(_alike(one), []).append(place)
    return found


def _lot(row: Mapping[str, Any], edge: Edge, at_hand: _Ids) -> Guess | None:
    """The one lot at hand whose id is a slip away from one that nobody here knows."""
    lot, kind = row["lot"], row["kind"]
    if not lot or not kind or lot in edge.known or kind == "void" or is_making(kind, row["role"]):
        return None
    candidates = at_hand.near(lot)
    if len(candidates) != 1:
        return None
    (meant,) = candidates
    after = meant if "/" in lot else bare(meant)
    en, zh = (
        ("That was sent to you", "该批次已发往贵企业") if kind == "receipt" else ("You have that lot", "贵企业有该批次")
    )
    why = (f"Is it {after}? {en}, and none called {lot}", f"是否为“{after}”？{zh}，没有“{lot}”")
    return _guess("lot", row, "lot", before=lot, after=after, why=why)


def _alike(lot: str) -> str:
    return re.sub("[-_. ]", "", compatible(lot).casefold().replace("o", "0"))


# A mass, a thousand times off.


def _mass(row: Mapping[str, Any], cells: Mapping[str, Any], edge: Edge) -> Guess | None:
    """The mass × 1 000 or ÷ 1 000, where that and not the mass as filed fits what is known of the lot or its kind."""
    filed = next((name for name in MASS_COLUMNS if cells.get(name)), None)
    net_mg, dry_mg = row["mass_mg"], row["dry_mg"]
    if filed is None or not net_mg or not dry_mg or net_mg < 0:
        return None
    beside = _beside(row)
    fitting = [(meant, why) for meant in _thousandfold(net_mg) if (why := beside(row, meant, edge)) is not None]
    if len(fitting) != 1:
        return None
    meant, (en, zh) = fitting[0]
    before, after = str(cells[filed]).strip(), format_kg(meant)
    why = (f"Is it {after} kg? {en}", f"是否为 {after} 千克？{zh}")
    return _guess("mass", row, "mass_kg", before=before, after=after, why=why)


def _thousandfold(mass_mg: int) -> Iterator[int]:
    yield mass_mg * 1000
    if mass_mg % 1000 == 0:
        yield mass_mg // 1000


#: Why a mass fits, in both languages; None where it does not.
_Why = tuple[str, str] | None


def _beside(row: Mapping[str, Any]) -> Callable[[Mapping[str, Any], int, Edge], _Why]:
    """What the mass of a row is held against."""
    if row["kind"] == "receipt":
        return _beside_shipment
    return _beside_own_lots if is_making(row["kind"] or "", row["role"]) else _beside_book


def _beside_shipment(row: Mapping[str, Any], meant: int, edge: Edge) -> _Why:
    shipped = next((masses for lot, masses in edge.sent.items() if _same_lot(row["lot"], lot)), ())
    if any(_near(row["mass_mg"], one, part=2) for one in shipped):
        return None
    fitting = next((one for one in shipped if _near(meant, one)), None)
    if fitting is None:
        return None
    text = format_kg(fitting)
    return f"{text} kg of it were shipped to you", f"该批次已向贵企业发货 {text} 千克"


def _beside_own_lots(row: Mapping[str, Any], meant: int, edge: Edge) -> _Why:
    least, most = edge.made.get(row["product"] or "", (0, 0))
    usual = bool(most) and least <= meant * 3 and meant <= most * 3
    if not usual or (least <= row["mass_mg"] * 100 and row["mass_mg"] <= most * 100):
        return None
    low, high = format_kg(least), format_kg(most)
    return f"Your lots of this product have {low} to {high} kg", f"贵企业该产品各批次为 {low} 至 {high} 千克"


def _beside_book(row: Mapping[str, Any], meant: int, edge: Edge) -> _Why:
    held, net_mg = edge.books.get((row["site"], bare(row["lot"] or "")), 0), row["mass_mg"]
    if not held or (row["kind"] not in _DRAWS and row["role"] != "in"):
        return None
    whole = row["kind"] == "stock" or meant > net_mg
    if not (_near(meant, held) if whole else net_mg > held * 20 and meant <= held * 21 // 20):
        return None
    return f"{row['site']} has {format_kg(held)} kg of the lot", f"{row['site']} 账上该批次为 {format_kg(held)} 千克"


def _near(mass: int, other: int, *, part: int = 20) -> bool:
    """Whether two masses differ by no more than a twentieth (or another part) of the second."""
    return abs(mass - other) * part <= other


def _same_lot(lot: str | None, other: str) -> bool:
    return bool(lot) and (lot == other or lot == bare(other))


# A day of another month.


def _outside(rows: Sequence[Mapping[str, Any]], period: str) -> set[tuple[int, int]]:
    """The rows dated in another month, where they are the fewer: a file of another month is not mended day by day."""
    dated = [row for row in rows if isinstance(row["on"], date)]
    found = {(row["source"], row["row"]) for row in dated if f"{row['on']:%Y-%m}" != period}
    return found if len(found) * 2 < len(dated) or len(dated) == 1 else set()


def _day(row: Mapping[str, Any], outside: set[tuple[int, int]], period: str) -> Guess | None:
    """The same day of the filing's month, of a row that is dated in another."""
    if (row["source"], row["row"]) not in outside:
        return None
    first, last = month_bounds(period)
    if first is None or last is None or row["on"].day > last.day:
        return None
    before, after = row["on"].isoformat(), first.replace(day=row["on"].day).isoformat()
    why = (f"Is it {after}?", f"是否为 {after}？")
    return _guess("day", row, "on", before=before, after=after, why=why)


# A name, one letter off.


def _name(row: Mapping[str, Any], edge: Edge) -> Guess | None:
    """The name of the one party that the firm has dealt with under a name one letter away."""
    name = row["counterparty_name"]
    if not name or len(name) < _NAME_CHARACTERS or name in edge.names or name.strip().casefold() in edge.registered:
        return None
    close = {known: party for known, party in edge.names.items() if _is_misspelt(name, known)}
    if not close or len(set(close.values())) != 1:
        return None
    after = min(close)
    why = (f"Is it {after}? You have dealt with them before", f"是否为“{after}”？贵企业与其有过往来")
    return _guess("name", row, "counterparty_name", before=name, after=after, why=why)


def _is_misspelt(name: str, known: str) -> bool:
    """One letter put in, left out, changed or swapped; a digit tells one plant of a firm from another."""
    if re.sub("[^0-9]", "", name) != re.sub("[^0-9]", "", known):
        return False
    return OSA.distance(name.casefold(), known.casefold(), score_cutoff=1) <= 1
