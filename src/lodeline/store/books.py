"""What the rows of a ledger say: lots, what they are called, lines in force, masses. What a writer asks."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence
from datetime import date

import polars as pl

from lodeline.ledger.label import ALIAS, NO_ALIASES, with_inherited
from lodeline.ledger.movement import LINE, plain_rows
from lodeline.ledger.register import Register
from lodeline.ledger.resolution import LABELS, NO_LABELS, NOTHING_SHIPPED, SHIPPED, Known
from lodeline.store.database import CHUNK, Database, integer, marks

#: A line with the maker and the local id of its lot, in the columns of `ledger.movement.LINE`.
LINE_SELECT = (
    'SELECT l.id, l.entry, l.organisation, l.ordinal, l.event, l.kind, l.role, l."on", l.site, l.lot_id, lot.maker,'
    " lot.local, l.product, l.mass_mg, l.dry_mg, l.composition, l.composition_status, l.method, l.origin_kind,"
    " l.origin_place, l.owner, l.party, l.counterparty_country, l.to_site, l.location, l.reference, l.destination,"
    " l.run, l.reason"
    " FROM line l LEFT JOIN lot ON lot.id = l.lot_id"
)
#: Condition on a line `l`: no later entry of its organisation has restated or voided its event.
IN_FORCE = (
    "NOT EXISTS (SELECT 1 FROM superseded s WHERE s.organisation = l.organisation AND s.event = l.event"
    " AND s.entry = l.entry)"
)

#: The same, where a later entry counts only up to one.
_IN_FORCE_THEN = IN_FORCE[:-1] + ' AND s."by" <= %s)'

#: What of a line says which other lots may be tied to its own.
_TYING = ["kind", "organisation", "event", "party", "reference", "local", "lot"]
#: What an owner has in book of a lot, and in which columns it is said what came to one: from whom, and as what.
_HELD = "COALESCE((SELECT SUM(mass_mg) FROM holding WHERE holding.lot = lot.id AND holding.owner = %s), 0)"
_COME: dict[str, pl.DataType] = {
    "lot": pl.Int64(), "kind": pl.String(), "local": pl.String(), "name": pl.String(), "party": pl.String(),
    "held_mg": pl.Int64(), "product": pl.String(),
}  # fmt: skip

#: How far back an organisation's usual masses are looked up: ten times as many rows as are judged, within these.
NEWEST_ROWS = (2_000, 20_000)


class Books:
    """The rows of one store. Whom a row's `party` means is said as of the newest register (`Register.party_of`)."""

    def __init__(self, database: Database, newest_register: Callable[[], Register]) -> None:
        self._database = database
        self._newest_register = newest_register

    def filed_events(self, organisation: str, events: Sequence[str]) -> dict[str, int]:
        """Event → the last entry in which the organisation has filed it, for those of the events that it has."""
        # Most of the largest filings are the first of their organisation.
        if len(events) > CHUNK and not self._database.rows(
            "SELECT 1 FROM line WHERE organisation = %s LIMIT 1", (organisation,)
        ):
            return {}
        found = self._database.rows_in(
            "SELECT event, MAX(entry) FROM line WHERE organisation = %s AND event IN ({keys}) GROUP BY event",
            events,
            before=(organisation,),
        )
        return {str(event): integer(entry) for event, entry in found}

    def known(self, organisation: str, wanted: Sequence[str]) -> Known:
        """What settles these bare lot identifiers for the organisation."""
        made = self._database.rows_in(
            "SELECT local FROM lot WHERE name IN ({keys}) AND EXISTS (SELECT 1 FROM line WHERE lot_id = lot.id"
            " AND (kind = 'origin' OR kind = 'transformation' AND role IN ('out', 'waste')))",
            [f"{organisation}/{local}" for local in wanted],
        )
        own = {str(local) for (local,) in made}
        wanted = [local for local in wanted if local not in own]
        register = self._newest_register()
        own_texts = register.texts_of(organisation)
        labels, bought = self._labels(organisation, own_texts)
        received = pl.concat([self._received(organisation, wanted), self._bought(organisation, own_texts, wanted)])
        # Who has a lot by title under an alias is told the alias, and never the id.
        if bought:
            received = received.filter((pl.col("kind") != "title") | ~pl.col("lot").is_in(sorted(bought)))
        settled = set(received["local"])
        return Known(
            made=own,
            received=register.meant(received[["local", "name", "party", "held_mg", "product"]]),
            labels=labels,
            shipped=self._shipped(organisation, [lot for lot in wanted if lot not in settled]),
        )

    def _received(self, organisation: str, wanted: Sequence[str]) -> pl.DataFrame:
        """The lots of these local ids of which the organisation has ever filed a receipt (`_COME`).

        Begins with the lots of that id, of all makers, and asks the index of receipts for each: what a firm received in
        ten years is far more than that.
        """
        # SQLite takes the tables of a CROSS JOIN in the order in which they are named.
        return self._database.frame_in(
            f"SELECT DISTINCT lot.id, line.kind, lot.local, lot.name, line.party, {_HELD}, line.product FROM lot"
            " CROSS JOIN line WHERE line.organisation = %s AND line.kind = 'receipt' AND line.lot_id = lot.id"
            " AND lot.local IN ({keys})",
            wanted, before=(organisation, organisation), schema=_COME,
        )  # fmt: skip

    def _bought(self, organisation: str, texts: Sequence[str], wanted: Sequence[str]) -> pl.DataFrame:
        """As `_received`: the lots to which the organisation was ever given title, by one of these texts."""
        return self._database.frame_in(
            f"SELECT DISTINCT lot.id, line.kind, lot.local, lot.name, line.organisation, {_HELD}, line.product FROM lot"
            f" CROSS JOIN line WHERE line.party IN ({marks(texts)}) AND line.kind = 'title' AND line.lot_id = lot.id"
            " AND lot.local IN ({keys})",
            wanted, before=(organisation, *texts), schema=_COME,
        )  # fmt: skip

    def _shipped(self, organisation: str, wanted: Sequence[str]) -> pl.DataFrame:
        """What was sent to the organisation under these bare ids and no receipt answers (`resolution.SHIPPED`).

        A lot that its shipper has given an alias goes by that alone: its own id is not the receiver's to learn.
        """
        found = [
            row
            for named in ("lot.local", "a.alias")
            for row in self._database.rows_in(
                "SELECT t.shipped_on, t.shipment_event, t.shipper, s.product, t.lot, lot.local FROM transfer t"
                " JOIN lot ON lot.id = t.lot JOIN line s ON s.id = t.shipment_line LEFT JOIN alias a ON a.lot = t.lot"
                f" WHERE t.receiver = %s AND t.receipt_line IS NULL AND {named} IN ({{keys}})",
                wanted,
                before=(organisation,),
            )
        ]
        if not found:
            return NOTHING_SHIPPED
        oldest_first = sorted(set(found), key=lambda row: [*map(str, row)])
        lots = sorted({integer(lot) for *_, lot, _ in found})
        called: dict[tuple[str, int], set[str]] = {}
        for who, lot, alias in with_inherited(self.aliases(lots), self.titles_of(lots)).iter_rows():
            called.setdefault((who, lot), set()).add(alias)
        rows = [
            (name, f"{shipper}/{name}", event, product, date.fromisoformat(str(day)))
            for day, event, shipper, product, lot, local in oldest_first
            for name in sorted(called.get((str(shipper), integer(lot)), {str(local)}))
            if name in wanted
        ]
        return pl.DataFrame(rows, schema=SHIPPED, orient="row")

    def _labels(self, organisation: str, texts: Sequence[str]) -> tuple[pl.DataFrame, set[int]]:
        """What an alias in a row of the organisation may mean (`ledger.resolution.LABELS`), and what it bought under
        one. `texts`: what rows of others call it by."""
        if not self._database.rows("SELECT 1 FROM alias LIMIT 1"):
            return NO_LABELS, set()
        named = self._database.rows(
            "SELECT a.lot FROM alias a WHERE a.organisation = %s UNION SELECT l.lot_id FROM line l WHERE l.party IN"
            f" ({marks(texts)}) AND l.kind = 'title'"
            " AND EXISTS (SELECT 1 FROM alias a WHERE a.lot = l.lot_id)",
            (organisation, *texts),
        )
        lots = [integer(lot) for (lot,) in named]
        given = self.aliases(lots)
        titles = self.titles_of(lots)
        sellers = set(titles.filter(pl.col("party") == organisation).select("organisation", "lot").iter_rows())
        names, every = self.lot_names(lots), with_inherited(given, titles)
        meant = [
            (filed, names[lot], lot)
            for who, lot, alias in every.iter_rows()
            if who == organisation or (who, lot) in sellers
            for filed in (alias, f"{who}/{alias}")
        ]
        own = set(given.filter(pl.col("organisation") == organisation)["lot"])
        bought = {lot for who, lot, _ in every.iter_rows() if who == organisation} - own
        # A lot that was received, or made, under the same letters competes.
        same = self._database.rows_in(
            "SELECT lot.name, lot.id FROM lot WHERE EXISTS (SELECT 1 FROM line l WHERE l.lot_id = lot.id"
            " AND l.organisation = %s) AND lot.name IN ({keys})",
            sorted({filed for filed, *_ in meant if "/" in filed}),
            before=(organisation,),
        )
        meant += [(str(name), str(name), integer(lot)) for name, lot in same]
        held = self._database.rows_in(
            "SELECT lot, mass_mg FROM holding WHERE owner = %s AND lot IN ({keys})",
            sorted({lot for *_, lot in meant}),
            before=(organisation,),
        )
        held_mg: dict[int, int] = {}
        for number, mass_mg in held:
            held_mg[integer(number)] = held_mg.get(integer(number), 0) + integer(mass_mg)
        rows = [(filed, name, held_mg.get(lot, 0)) for filed, name, lot in meant]
        return pl.DataFrame(rows, schema=LABELS, orient="row"), bought

    def titles_of(self, lots: Sequence[int]) -> pl.DataFrame:
        """The titles in force of these lots, as `ledger.label.with_inherited` wants them."""
        found = self._database.frame_in(
            "SELECT l.kind, l.organisation, l.party, l.lot_id, lot.maker FROM line l JOIN lot ON lot.id = l.lot_id"
            f" WHERE l.kind = 'title' AND l.lot_id IN ({{keys}}) AND {IN_FORCE}",
            lots,
            schema={
                "kind": pl.String(), "organisation": pl.String(), "party": pl.String(), "lot": pl.Int64(),
                "maker": pl.String(),
            },
        )  # fmt: skip
        return self._newest_register().meant(found)

    def lot_ids(self, names: Sequence[str]) -> dict[str, int]:
        """Canonical name → id, for the lots that exist."""
        found = self._database.rows_in("SELECT name, id FROM lot WHERE name IN ({keys})", names)
        return {str(name): integer(lot) for name, lot in found}

    def lot_names(self, ids: Sequence[int]) -> dict[int, str]:
        """Id → canonical name."""
        found = self._database.rows_in("SELECT id, name FROM lot WHERE id IN ({keys})", ids)
        return {integer(lot): str(name) for lot, name in found}

    def lines_of_lots(self, lots: Sequence[int]) -> pl.DataFrame:
        """Every line in force about these lots; `party` is whom each means today (`Register.party_of`)."""
        found = self._database.frame_in(f"{LINE_SELECT} WHERE l.lot_id IN ({{keys}}) AND {IN_FORCE}", lots, schema=LINE)
        return self._newest_register().meant(found)

    def lines_of_lot(self, lot: int, *, entry: int) -> pl.DataFrame:
        """The lines about a lot that were in force when `entry` was the last of the log, in its order; `party` is as
        filed."""
        return self._lines_then("l.lot_id = %s", (lot,), entry)

    def exports_with(self, organisation: str, texts: Sequence[str], *, entry: int) -> pl.DataFrame:
        """As `lines_of_lot`: the exports of an organisation, and those to whom these texts name."""
        to_it = f"l.party IN ({marks(texts)})"
        return self._lines_then(
            f"l.kind = 'export' AND (l.organisation = %s OR {to_it})", (organisation, *texts), entry
        )  # fmt: skip

    def _lines_then(self, condition: str, params: tuple[str | int, ...], entry: int) -> pl.DataFrame:
        return self._database.frame(
            f"{LINE_SELECT} WHERE {condition} AND l.entry <= %s AND l.kind <> 'void' AND {_IN_FORCE_THEN}"
            " ORDER BY l.id",
            (*params, entry, entry), schema=LINE,
        )  # fmt: skip

    def lines_of_events(self, organisation: str, events: Sequence[str]) -> pl.DataFrame:
        """Every line in force of these events of the organisation; `party` as in `lines_of_lots`."""
        found = self._database.frame_in(
            f"{LINE_SELECT} WHERE l.organisation = %s AND l.event IN ({{keys}}) AND {IN_FORCE}",
            events, before=(organisation,), schema=LINE,
        )  # fmt: skip
        return self._newest_register().meant(found)

    def lots_tied(self, lines: Sequence[pl.DataFrame]) -> set[int]:
        """Lots that may be paired with these shipments and receipts in a transfer.

        By reference: receipts that quote the shipments' events, shipments whose events the receipts quote. By
        the local id or an alias: what the same two parties shipped or received under it, whoever they named as maker.
        `party` of the lines is whom they mean (`Register.meant`).
        """
        register = self._newest_register()
        seen = {lot for frame in lines for lot in frame["lot"].to_list()}
        # Whoever gave a name: a buyer by title ships under it too (ledger.label.with_inherited).
        aliases: dict[int, list[str]] = {}
        for _, lot, alias in self.aliases([lot for lot in seen if lot is not None]).iter_rows():
            aliases.setdefault(lot, []).append(alias)
        shipped: set[tuple[str, str]] = set()
        quoted: set[tuple[str, str]] = set()
        between: set[tuple[str, ...]] = set()
        rows = itertools.chain.from_iterable(plain_rows(frame, *_TYING) for frame in lines)
        labels: set[tuple[str, str]] = set()
        for kind, organisation, event, party, reference, local, lot in rows:
            if party is None or kind not in ("shipment", "receipt"):
                continue
            # The other side's line names the parties the other way round.
            between.add((local, party, organisation, "receipt" if kind == "shipment" else "shipment"))
            if kind == "shipment":
                shipped.add((organisation, event))
                between |= {(alias, party, organisation, "receipt") for alias in aliases.get(lot, ())}
                continue
            labels.add((party, local))
            if reference is not None:
                quoted.add((party, reference))
        return {
            *self._lots_of_aliases(labels),
            *self._lots_by(
                "reference IS NOT NULL AND (party, reference)",
                {(text, event) for shipper, event in shipped for text in register.texts_of(shipper)},
            ),
            *self._lots_by("(organisation, event)", quoted),
            *self._lots_between(between, seen),
        }

    def aliases(self, lots: Sequence[int]) -> pl.DataFrame:
        """The aliases of these lots, in the order in which they were given (`ledger.label.ALIAS`)."""
        # Most stores hold none, and every filing asks about hundreds of lots.
        if not self._database.rows("SELECT 1 FROM alias LIMIT 1"):
            return NO_ALIASES
        found = self._database.frame_in(
            "SELECT entry, organisation, lot, alias FROM alias WHERE lot IN ({keys})", lots,
            schema={"entry": pl.Int64(), **ALIAS},
        )  # fmt: skip
        return found.sort("entry").select(*ALIAS)

    def all_aliases(self, before: int | None = None) -> pl.DataFrame:
        """Every alias, or those that an entry below `before` gave, in the order in which they were given."""
        condition, params = ("", ()) if before is None else (" WHERE entry < %s", (before,))
        return self._database.frame(
            f"SELECT organisation, lot, alias FROM alias{condition} ORDER BY entry", params, schema=dict(ALIAS)
        )

    def _lots_of_aliases(self, labels: set[tuple[str, str]]) -> set[int]:
        """The lots for which these labels, (shipper, alias), stand or, where they were bought by title, may stand."""
        found = self._database.rows_in(
            "SELECT organisation, alias, lot FROM alias WHERE alias IN ({keys})", sorted({alias for _, alias in labels})
        )
        if not found:
            return set()
        buyers = self.titles_of(sorted({integer(lot) for *_, lot in found})).select("party", "lot")
        bought = set(buyers.iter_rows())
        shippers: dict[str, set[str]] = {}
        for shipper, alias in labels:
            shippers.setdefault(alias, set()).add(shipper)
        return {
            integer(lot) for giver, alias, lot in found
            if any(who == giver or (who, lot) in bought for who in shippers[str(alias)])
        }  # fmt: skip

    def _lots_by(self, columns: str, wanted: Iterable[tuple[str, str]]) -> set[int]:
        found = self._database.rows_in_tuples(
            f"SELECT DISTINCT lot_id FROM line WHERE lot_id IS NOT NULL AND {columns} IN ({{keys}})", sorted(wanted)
        )
        return {integer(lot) for (lot,) in found}

    def _lots_between(self, wanted: set[tuple[str, ...]], seen: set[int]) -> set[int]:
        """Other lots of the same local id whose lines (local, filer, party, kind) are among those wanted.

        Begins with the lots of that id, of all makers, and asks the index of parties for each: what two firms filed of
        each other in ten years is far more than that.
        """
        if not wanted:
            return set()
        register = self._newest_register()
        asked = {(local, text, filer) for local, filer, party, _ in wanted for text in register.texts_of(party)}
        # SQLite takes the tables of a CROSS JOIN in the order in which they are named; PostgreSQL would begin with the
        # parties, did not MATERIALIZED find the lots first.
        found = self._database.rows_in_tuples(
            "WITH asked (local, party, filer) AS ({keys}), named AS MATERIALIZED (SELECT lot.id, asked.*"
            " FROM asked CROSS JOIN lot WHERE lot.local = asked.local)"
            " SELECT DISTINCT named.id, named.local, line.organisation, line.party, line.kind"
            " FROM named CROSS JOIN line WHERE line.party = named.party AND line.organisation = named.filer"
            " AND line.lot_id = named.id AND line.kind IN ('shipment', 'receipt')",
            sorted(asked),
        )
        meant = register.party_of
        return {
            integer(lot)
            for lot, local, filer, party, kind in found
            if (local, filer, meant.get(str(party), party), kind) in wanted
        } - seen

    def _newest_rows(self, organisation: str, limit: int) -> list[tuple[int, int]]:
        """The numbers [first, end) of the rows of each of the organisation's newest entries that hold about `limit`
        together. The rows of one entry lie side by side."""
        newest = self._database.rows(
            'SELECT first_line, row_count FROM entry WHERE organisation = %s ORDER BY "index" DESC LIMIT %s',
            (organisation, limit),
        )
        spans: list[tuple[int, int]] = []
        rows = 0
        for first, count in newest:
            if rows >= limit:
                break
            rows += integer(count)
            spans.append((integer(first), integer(first) + integer(count)))
        return spans

    def smallest_masses(self, organisation: str, *, judged: int) -> dict[tuple[str, str | None], int]:
        """(kind, product) → the smallest positive mass in the organisation's newest rows, as far back as so many that
        are `judged` ask for (NEWEST_ROWS)."""
        found = self._database.frame_in_spans(
            "SELECT l.kind, l.product, MIN(l.mass_mg) FROM line l WHERE ({spans}) AND l.mass_mg > 0"
            " GROUP BY l.kind, l.product",
            self._newest_rows(organisation, _rows_before(judged)),
            column="l.id",
            schema={"kind": pl.String(), "product": pl.String(), "mass_mg": pl.Int64()},
        )
        return {(kind, product): least for kind, product, least in found.sort("mass_mg", descending=True).iter_rows()}

    def earlier_masses(self, organisation: str, *, judged: int | None = None) -> pl.DataFrame:
        """`kind`, `product`, `on`, `mass_mg` of the organisation's newest lines in force, as far back as
        `smallest_masses`; without `judged` the most that NEWEST_ROWS allows."""
        return self._database.frame_in_spans(
            "SELECT l.kind, l.product, l.\"on\", l.mass_mg FROM line l WHERE ({spans}) AND l.kind <> 'void'"
            f" AND {IN_FORCE}",
            self._newest_rows(organisation, NEWEST_ROWS[1] if judged is None else _rows_before(judged)),
            column="l.id",
            schema={"kind": pl.String(), "product": pl.String(), "on": pl.Date(), "mass_mg": pl.Int64()},
        )

    def held_at(self, sites: Sequence[str]) -> pl.DataFrame:
        """`site`, `lot`, `owner`, `mass_mg`: what is in book at these sites."""
        return self._database.frame_in(
            "SELECT site, lot, owner, mass_mg FROM holding WHERE mass_mg > 0 AND site IN ({keys})"
            " ORDER BY site, lot, owner",
            sites,
            schema={"site": pl.String(), "lot": pl.Int64(), "owner": pl.String(), "mass_mg": pl.Int64()},
        )

    def all_lines(self) -> pl.DataFrame:
        """Every line in force, in the order of the log; `party` as in `lines_of_lots`."""
        found = self._database.frame(
            f"{LINE_SELECT} WHERE l.lot_id IS NOT NULL AND {IN_FORCE} ORDER BY l.id", schema=LINE
        )
        return self._newest_register().meant(found)

    def lots_naming(self, texts: Sequence[str], *, first_line: int = 0) -> set[int]:
        """The lots of rows, from a number on, that have one of these texts in the place of their counterparty."""
        found = self._database.rows_in(
            "SELECT DISTINCT lot_id FROM line WHERE id >= %s AND lot_id IS NOT NULL AND party IN ({keys})",
            texts,
            before=(first_line,),
        )
        return {integer(lot) for (lot,) in found}

    def drawn(self, organisation: str) -> pl.DataFrame:
        """`lot`, `kind`, `ore_type`, `year`, `reo_mg` drawn by the organisation, by lot."""
        return self._database.frame(
            "SELECT lot, kind, ore_type, year, reo_mg FROM drawdown WHERE organisation = %s",
            (organisation,),
            schema={
                "lot": pl.Int64(), "kind": pl.String(), "ore_type": pl.String(), "year": pl.Int64(),
                "reo_mg": pl.Int64(),
            },
        )  # fmt: skip


def _rows_before(judged: int) -> int:
    """How many rows are looked back where so many are `judged`: what a firm filed long ago must not slow it down."""
    least, most = NEWEST_ROWS
    return min(max(10 * judged, least), most)
