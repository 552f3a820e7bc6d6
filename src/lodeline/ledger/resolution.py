"""Which lot a filed identifier means.

A canonical name (`MAKER/LOT`, or a GS1 URI) means itself. A bare id means one's own lot, else the one lot
of that id that the filer holds or received, else the counterparty's (on a receipt), else the one lot of that id that
was shipped to the filer and never received, else one's own.
A lot that came as another kind of product than the row states is not meant by a bare id: a firm whose makings are not
filed yet may have a lot of that number as well.
An alias means the lot that it was given to: one's own alias, and that of a lot which was bought by title under it.
On a receipt, a lot of that id that came from somebody else is no candidate: two suppliers may both number
their lots from 1.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import date

import polars as pl

from lodeline.ledger.movement import is_making, plain_rows

LABELS: dict[str, pl.DataType] = {"filed": pl.String(), "name": pl.String(), "held_mg": pl.Int64()}
#: A shipment without a receipt: what its papers call the lot, bare (`filed`) and in full, and the shipper's event.
SHIPPED: dict[str, pl.DataType] = {
    "filed": pl.String(), "name": pl.String(), "shipment": pl.String(), "product": pl.String(),
    "shipped_on": pl.Date(),
}  # fmt: skip
NO_LABELS = pl.DataFrame(schema=LABELS)
NOTHING_SHIPPED = pl.DataFrame(schema=SHIPPED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the ledger knows that can settle an identifier, for one organisation.

    made : local ids that the organisation has ever made, of those asked for.
    received : `local`, `name`, `party` (from whom), `held_mg`, `product` (as it came): lots it has ever received or
        bought.
    labels : `filed` (an alias, bare or as `SHIPPER/ALIAS`), `name` (what it may mean), `held_mg`.
    shipped : `SHIPPED`, what was sent to it and no receipt answers, the oldest first.
    """

    made: Collection[str]
    received: pl.DataFrame
    labels: pl.DataFrame = field(default_factory=lambda: NO_LABELS)
    shipped: pl.DataFrame = field(default_factory=lambda: NOTHING_SHIPPED)


_RECEIVED: dict[str, pl.DataType] = {
    "local": pl.String(), "name": pl.String(), "party": pl.String(), "held_mg": pl.Int64(),
    "product": pl.String(),
}  # fmt: skip
NOTHING = Known(made=(), received=pl.DataFrame(schema=_RECEIVED))


def maker_and_local(name: str, filer: str) -> tuple[str, str]:
    """Who made a lot, by its canonical name; a GS1 URI names nobody, so its first filer stands for the maker."""
    if "://" in name or name.startswith("urn:"):
        return filer, name
    maker, _, local = name.partition("/")
    return maker, local


def is_uri(lot: str) -> bool:
    """Whether a lot identifier is a GS1 URI, which is canonical as it stands."""
    return "://" in lot or lot.startswith("urn:")


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """Per row, in order: `names` (canonical lot name, None for voids), `ambiguous` (what it may mean, canonical, or
    None) and `assumed` (the shipper's event by which alone the lot is known, or None)."""

    names: list[str | None]
    ambiguous: list[tuple[str, ...] | None]
    assumed: list[str | None]


def resolve(rows: pl.DataFrame, *, organisation: str, known: Callable[[Sequence[str]], Known] | None) -> Resolved:
    """The lot that each row means.

    Loops over plain rows: each identifier is settled by a few look-ups, and names are needed as text anyway.

    Parameters
    ----------
    rows : `kind`, `role`, `lot` (as filed), `party`, `product`, `on`; other columns are not looked at.
    known : asked once for the bare ids that the filing itself does not settle; None where nothing is known.
    """
    filed = list(plain_rows(rows, "kind", "role", "lot", "party", "product"))
    lots = dict.fromkeys(rows["lot"].to_list())
    canonical = {lot for lot in lots if _is_canonical(lot)}
    made = {lot for kind, role, lot, *_ in filed if is_making(kind, role) and lot not in canonical}
    unsettled = [lot for lot in lots if lot is not None and lot not in made and lot not in canonical]
    found = known(unsettled) if known is not None else NOTHING
    made |= set(found.made)
    book = _Book.of(found)
    own = organisation + "/"
    names: list[str | None] = []
    open_places: list[int] = []
    for place, (kind, role, lot, party, product) in enumerate(filed):
        name = None
        if lot is None or (book.has_labels and kind != "receipt" and book.is_label(lot) and not is_making(kind, role)):
            pass
        elif lot in canonical:
            name = lot
        elif lot in made:
            name = own + lot
        elif kind == "receipt":
            name = book.from_party(lot, party)
        names.append(name)
        if name is None:
            open_places.append(place)
        elif kind == "receipt":
            book.arrive(name, product)
    ambiguous: list[tuple[str, ...] | None] = [None] * len(names)
    assumed: list[str | None] = [None] * len(names)
    for place in open_places:
        kind, _, lot, _, product = filed[place]
        if lot is not None and kind != "void":
            candidates = book.candidates(lot, product, made=own + lot if lot in made else None)
            shipped = {} if candidates else book.sent(lot, product, rows["on"][place])
            candidates = candidates or sorted(shipped)
            names[place] = candidates[0] if len(candidates) == 1 else lot if _is_canonical(lot) else own + lot
            ambiguous[place] = tuple(candidates) if len(candidates) > 1 else None
            assumed[place] = next(iter(shipped.values())) if len(shipped) == 1 else None
    return Resolved(names=names, ambiguous=ambiguous, assumed=assumed)


def _is_canonical(lot: str | None) -> bool:
    return lot is not None and ("/" in lot or is_uri(lot))


def _kind_of(product: str) -> str:
    return product.partition(":")[0]


class _Book:
    """What the filer holds or has received, by bare id; and what was shipped to it: name → the shipper's event."""

    def __init__(self) -> None:
        self._shipped: dict[str, dict[str, tuple[str, date]]] = {}
        # Name → the kinds of product as which the lot came.
        self._kinds: dict[str, set[str]] = {}
        self._held: dict[str, dict[str, bool]] = {}
        self._by_party: dict[tuple[str, str | None], set[str]] = {}
        self._labels: dict[str, dict[str, bool]] = {}

    @classmethod
    def of(cls, known: Known) -> _Book:
        book = cls()
        received = known.received[["local", "name", "party", "held_mg", "product"]]
        for local, name, party, held_mg, product in received.iter_rows():
            names = book._held.setdefault(local, {})
            names[name] = names.get(name, False) or held_mg > 0
            book._by_party.setdefault((local, party), set()).add(name)
            book._came_as(name, product)
        for filed, name, held_mg in known.labels[["filed", "name", "held_mg"]].iter_rows():
            names = book._labels.setdefault(filed, {})
            names[name] = names.get(name, False) or held_mg > 0
        for filed, name, shipment, product, shipped_on in known.shipped[[*SHIPPED]].iter_rows():
            book._shipped.setdefault(filed, {}).setdefault(name, (shipment, shipped_on))
            book._came_as(name, product)
        return book

    @property
    def has_labels(self) -> bool:
        """Whether any alias is known."""
        return bool(self._labels)

    def is_label(self, lot: str) -> bool:
        """Whether it is an alias that the filer gave, or bought a lot under."""
        return lot in self._labels

    def from_party(self, lot: str, party: str | None) -> str:
        """The one lot of that id that came from this counterparty before, else the counterparty's own."""
        names = self._by_party.get((lot, party), set())
        return next(iter(names)) if len(names) == 1 else f"{party}/{lot}"

    def sent(self, lot: str, product: str | None, on: date) -> dict[str, str]:
        """The lots that were shipped to the filer under a bare id and may be this product: name → the shipper's
        event. Where some were on their way by that day, what was shipped later is not meant."""
        found = {name: sent for name, sent in self._shipped.get(lot, {}).items() if self._may_be(name, product)}
        by_then = {name: event for name, (event, shipped_on) in found.items() if shipped_on <= on}
        return by_then or {name: event for name, (event, _) in found.items()}

    def _came_as(self, name: str, product: str | None) -> None:
        if product is not None:
            self._kinds.setdefault(name, set()).add(_kind_of(product))

    def _may_be(self, name: str, product: str | None) -> bool:
        """Whether a lot may be what a row says it is; where either says nothing, it may."""
        kinds = self._kinds.get(name)
        return product is None or kinds is None or _kind_of(product) in kinds

    def arrive(self, name: str, product: str | None) -> None:
        """However it was written, what has arrived can be called by its bare id from now on."""
        local = name if is_uri(name) else name.rpartition("/")[2]
        self._held.setdefault(local, {})[name] = True
        self._came_as(name, product)

    def candidates(self, lot: str, product: str | None, *, made: str | None = None) -> list[str]:
        """The lots that an identifier may mean: the only one, else those of them that are held.

        `product`: what the row says the lot is. `made`: the filer's own lot of this id, which counts as held.
        """
        received = {name: held for name, held in self._held.get(lot, {}).items() if self._may_be(name, product)}
        names = {**self._labels.get(lot, {}), **received}
        if _is_canonical(lot) and lot in self._held.get(lot.rpartition("/")[2], ()):
            names[lot] = True
        if made is not None:
            names[made] = True
        if len(names) == 1:
            return list(names)
        return sorted(name for name, held in names.items() if held) or sorted(names)
