"""Snapshots for analysis: the ledger as of one entry, from column files that are caught up with the log.

An answer rests on the files alone, and carries the stamp of the last entry and the root. What is read of the files is
known to be what this store wrote (`store.column_files`, `store.flow_files`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, fields, replace
from functools import cached_property, partial
from typing import Any, Final, TypeVar

import polars as pl

from lodeline.accountancy.accounts import Accounts
from lodeline.filing.feed_schema import IDENTITY, Feed
from lodeline.flow.index import FlowIndex
from lodeline.ledger.label import NO_ALIASES, drawn_as, with_inherited
from lodeline.ledger.movement import ACCOUNT, BOOKED_FROM, STATING, booked, lot_facts
from lodeline.ledger.register import Register
from lodeline.ledger.transfer import Pairing, pair_by_shippers, passed_on, stand_in, told_of_lots
from lodeline.mapped import in_order, mapped
from lodeline.material.assay import explode, with_treo
from lodeline.material.element import RARE_EARTHS
from lodeline.once import Once
from lodeline.store.column_files import ColumnFiles, Kept, Kind
from lodeline.store.flow_files import Frames, opened
from lodeline.store.flow_frames import flow_frames
from lodeline.store.store import Head

Answer = TypeVar("Answer")
#: The order of the frames of these names.
BALANCED_BY = (
    *map(pl.col, ACCOUNT), pl.col("on"), pl.col("delta_mg") < 0, pl.col("organisation"), pl.col("event"),
    pl.col("ordinal"),
)  # fmt: skip
ASSAYS_BY = (pl.col("lot"), pl.col("element"))
SITE_ASSAYS_BY = (pl.col("site"), pl.col("lot"), pl.col("element"))


def in_force(rows: pl.DataFrame, feed: Feed) -> pl.DataFrame:
    """Of the rows of a feed (`column_files.FED`, by `id`) those in force: each thing as its newest entry has it.

    Rows of an invoice that state no number of their own are numbered by their order.
    """
    newest = rows.filter(pl.col("entry") == pl.col("entry").max().over(IDENTITY[feed]))
    if feed == "customs":
        return newest
    by_order = pl.int_range(1, pl.len() + 1).over("number").cast(pl.String)
    return newest.with_columns(pl.coalesce("line", by_order).alias("line"))


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """The ledger as of one entry. Frames are computed when first asked for and kept.

    `lines` are the lines in force with the columns of `ledger.movement.LINE`; `party` is whom each means as of the
    entry (`Register.party_of`). `lines_with` adds columns of `ledger.movement.TRADE`. `files`: None where the frames
    come from elsewhere, and nothing more can be read.
    """

    files: ColumnFiles | None
    entry: int
    root: str
    as_of: str | None
    lines: pl.DataFrame
    lots: pl.DataFrame
    register: Register
    #: Names on the labels of shippers (ledger.label.ALIAS).
    aliases: pl.DataFrame = field(default_factory=NO_ALIASES.clone)

    def of_sites(self, sites: frozenset[str]) -> Snapshot:
        """What there is of some sites: every row of the lots that they ever held, and what they counted."""
        is_theirs = pl.col("site").is_in(sites)
        rows = [self.balanced.filter(is_theirs), self.counts.filter(is_theirs)]
        lots = pl.concat([frame.select("lot") for frame in rows]).unique()
        # What a firm had under another name is the same goods, along a chain of traders too.
        names = pl.concat([frame.select("lot", "shipped_lot") for frame in (self.drawn_as, self.renamed)])
        while (more := names.join(lots, on="lot").select(lot="shipped_lot").join(lots, on="lot", how="anti")).height:
            lots = pl.concat([lots, more.unique()])
        used = self.drawn_as.join(lots.rename({"lot": "shipped_lot"}), on="shipped_lot", how="semi").select("lot")
        of_lots = pl.col("lot").is_in(pl.concat([lots, used])["lot"].unique().implode())
        kept = {name: getattr(self, name).filter(of_lots) for name in _OF_LOTS}
        kept["trade"] = self.trade.join(kept["lines"].select("line"), on="line", how="semi", maintain_order="left")
        return self.but_with(**kept, count_scopes=self.count_scopes.filter(is_theirs))

    def but_with(self, **kept: Any) -> Snapshot:
        """The snapshot with these frames in place of its own; all others are computed from them."""
        own = {
            one.name: kept.pop(one.name) if one.name in kept else getattr(self, one.name) for one in fields(Snapshot)
        }
        found = Snapshot(**own)
        vars(found).update(kept)
        return found

    def once(self, question: Callable[..., Answer], /, *about: object) -> Answer:
        """`question(self, *about)`, computed once: what several answers rest on. It may not look at entry and root,
        because later snapshots of the same goods and law keep it."""
        return self._once.ask(question, self, *about)

    @cached_property
    def _once(self) -> Once:
        return Once()

    def rows(self, frame: str, column: str, values: Iterable[Any]) -> pl.DataFrame:
        """The rows of one of its frames ("lines", "lots", "lot_facts" …) of which a column has one of these values."""
        found: pl.DataFrame = getattr(self, frame)
        return found.filter(pl.col(column).is_in(list(values)))

    def lines_of_lot(self, lot: int) -> pl.DataFrame:
        """The `lines` of a lot, by its number. They are few: who has no frames reads them from the store at once."""
        return self.lines.filter(pl.col("lot") == lot)

    def exports_with(self, organisation: str) -> pl.DataFrame:
        """The `lines` of what an organisation exported, or received from those who did; as `lines_of_lot`."""
        with_it = (pl.col("organisation") == organisation) | (pl.col("party") == organisation)
        return self.lines.filter((pl.col("kind") == "export") & with_it)

    @cached_property
    def inherited(self) -> pl.DataFrame:
        """The aliases with those that came with a title (`ledger.label.with_inherited`)."""
        return with_inherited(self.aliases, self.lines)

    @cached_property
    def pairing(self) -> Pairing:
        """What of the lines belongs together, shipper by shipper (`ledger.transfer.pair`)."""
        found = pair_by_shippers(self.lines, self.inherited)
        return replace(found, rows=self.at_rest(found.rows))

    @cached_property
    def transfers(self) -> pl.DataFrame:
        """Shipments with their receipts (ledger.transfer)."""
        return self.at_rest(told_of_lots(self.pairing, self.lines))

    @cached_property
    def invoices(self) -> pl.DataFrame:
        """The rows of invoices in force (`column_files.FED`)."""
        return self._fed("invoices")

    @cached_property
    def customs(self) -> pl.DataFrame:
        """The customs lines in force (`column_files.FED`)."""
        return self._fed("customs")

    def _fed(self, feed: Feed) -> pl.DataFrame:
        """What this snapshot's entries say in a feed, each thing as its newest entry has it."""
        rows = self._more(feed).filter(pl.col("entry") <= self.entry)
        return self.at_rest(in_force(rows, feed)) if rows.height else rows

    @cached_property
    def trade(self) -> pl.DataFrame:
        """`line`, and what the lines in force state of their trade (`ledger.movement.TRADE`); only those that do."""
        lines = self.lines.lazy().select("line")

        def kept(rows: pl.DataFrame, _: Head) -> pl.DataFrame:
            theirs = lines.filter(pl.col("line").is_between(rows["line"].min(), rows["line"].max())).collect()
            return self.at_rest(rows.join(theirs, on="line", how="semi", maintain_order="left"))

        return self.at_rest(self._more("trade", kept))

    def lines_with(self, *columns: str) -> pl.DataFrame:
        """`lines`, and beside them these columns of `ledger.movement.TRADE`."""
        return self.lines.join(self.trade.select("line", *columns), on="line", how="left", maintain_order="left")

    def _more(self, kind: Kind, kept: Kept = lambda rows, _: rows) -> pl.DataFrame:
        """Rows that few questions need, read when the first one does."""
        assert self.files is not None, "this snapshot has no files to read more from"
        return self.files.read(kind, kept={kind: kept})[1][kind]

    def at_rest(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The frame, in a file where it is large (`mapped`): one that is kept for as long as the snapshot."""
        return at_rest(self.files, frame)

    @property
    def stamp(self) -> dict[str, object]:
        """What every answer carries: the last entry and the root of the log with it."""
        return {"entry": self.entry, "root": self.root}

    @cached_property
    def balanced(self) -> pl.DataFrame:
        """Movements with `delta_mg`, `held_mg` and `unaccounted_mg` (`ledger.movement.booked`)."""
        parts = -(-self.lines.height // AT_ONCE)
        if parts <= 1 or self.files is None:
            return self.at_rest(booked(self.lines))
        # Lots do not share an account.
        part = self.lines.select(pl.col("lot").hash() % parts).to_series()
        found = [self.at_rest(booked(self.lines.lazy().select(BOOKED_FROM).filter(part == one).collect()))
                 for one in range(parts)]  # fmt: skip
        return in_order(pl.concat(found), BALANCED_BY, self.files.directory)

    @cached_property
    def own_facts(self) -> pl.DataFrame:
        """What the lines of a lot say that it is (`ledger.movement.lot_facts`)."""
        parts = -(-self.lines.height // AT_ONCE)
        if parts <= 1 or not self.lots.height:
            return self.at_rest(lot_facts(self.lines))
        stating, lots = self.lines.lazy().select(STATING), -(-self.lots.height // parts)
        return self.at_rest(pl.concat([
            lot_facts(stating.filter(pl.col("lot").is_between(first, first + lots - 1)).collect())
            for first in range(1, self.lots.height + 1, lots)
        ]))  # fmt: skip

    @cached_property
    def renamed(self) -> pl.DataFrame:
        """Lots that are another under the name that a receiver had for it (`ledger.transfer.passed_on`)."""
        return passed_on(self.transfers, self.lines, self.own_facts)

    @cached_property
    def lot_facts(self) -> pl.DataFrame:
        """What each lot is, a renamed one being what it was shipped as (`ledger.state.facts_of_lots`)."""
        return self.at_rest(stand_in(self.own_facts, self.renamed))

    @cached_property
    def known_facts(self) -> pl.DataFrame:
        """`lot_facts`, what a firm uses under another name being what was shipped to it."""
        return self.at_rest(stand_in(self.lot_facts, self.drawn_as))

    @cached_property
    def drawn_as(self) -> pl.DataFrame:
        """Names under which firms use what they never received (`ledger.label.drawn_as`)."""
        return drawn_as(self.transfers, self.lines, self.aliases)

    @cached_property
    def lot_assays(self) -> pl.DataFrame:
        """`lot`, `element`, `ppb`: the current composition of every lot, TREO stated or derived."""
        # A lot holds several elements; facts stand in the order of their lots.
        facts = self.known_facts.select("lot", "composition")
        return self.at_rest(
            pl.concat([self.compositions(one) for one in facts.iter_slices(AT_ONCE)] or [self.compositions(facts)])
        )

    @staticmethod
    def compositions(facts: pl.DataFrame) -> pl.DataFrame:
        """`lot_assays` of these rows of `known_facts`."""
        facts = facts.with_row_index("place")
        shares = with_treo(explode(facts["composition"]))
        return (
            shares.join(facts.select("place", "lot"), on="place").select("lot", "element", "ppb").sort("lot", "element")
        )

    @cached_property
    def site_assays(self) -> pl.DataFrame:
        """`site`, `lot`, `element`, `ppb`: a site's own latest assay, from its receipts and counts."""
        return self.at_rest(self.own_assays(self.lines, self.lot_assays))

    @staticmethod
    def own_assays(lines: pl.DataFrame, lot_assays: pl.DataFrame) -> pl.DataFrame:
        """`site_assays` of these lines, which are all of the lots that they name."""
        own = lines.lazy().filter(pl.col("kind").is_in(["receipt", "stock"]) & pl.col("composition").is_not_null())
        latest = (
            own.select("site", "lot", "composition", "on", "organisation", "event", "ordinal")
            .collect()
            .sort("on", "organisation", "event", "ordinal")
            .group_by("site", "lot", maintain_order=True)
            .agg(pl.col("composition").last())
            .with_row_index("place")
        )
        stated = explode(latest["composition"]).join(latest.select("place", "site", "lot"), on="place")
        # A partial assay (dysprosium alone) says nothing of the total: there the maker's total stands.
        rare_earths = pl.col("element") < len(RARE_EARTHS)
        of_maker = lot_assays.filter(rare_earths).group_by("lot").agg(of_maker=pl.len())
        partial = (
            stated.filter(rare_earths)
            .group_by("place", "lot")
            .agg(own=pl.len())
            .join(of_maker, on="lot")
            .filter(pl.col("own") < pl.col("of_maker"))
        )
        whole = stated.join(partial, on="place", how="anti").select("place", "element", "ppb")
        rest = stated.join(partial, on="place", how="semi").select("place", "element", "ppb")
        shares = pl.concat([with_treo(whole), rest])
        return (
            shares.join(latest.select("place", "site", "lot"), on="place")
            .select("site", "lot", "element", "ppb")
            .sort("site", "lot", "element")
        )

    @cached_property
    def accountancy_movements(self) -> pl.DataFrame:
        """The movements with the columns that `accountancy.balance` takes."""
        balanced = self.balanced
        products = self.lot_facts.select("lot", lot_product="product")
        named = balanced.select("lot", "product").join(products, on="lot", how="left", maintain_order="left")
        # What the movements have already is not copied beside them.
        return (
            balanced.with_columns(self.at_rest(named.select(product=pl.coalesce("lot_product", "product"))))
            .select(
                "organisation", "event", "site", "lot", "product", "owner", "on", "kind", "role", "origin_kind",
                "delta_mg", "unaccounted_mg", "method", seq="line",
            )
        )  # fmt: skip

    def accounts(self, elements: tuple[str, ...], status: pl.DataFrame | None = None) -> Accounts:
        """The book of these rows (`accountancy.accounts`), of some elements; `status` says which months firms never
        filed."""
        return Accounts(
            movements=self.accountancy_movements, counts=self.counts, count_scopes=self.count_scopes,
            lot_assays=self.lot_assays, site_assays=self.site_assays, methods=self.register.tables["methods"],
            transfers=self.transfers, names=self.drawn_as, elements=elements, status=status,
            # Not the method: the book is kept by the snapshot, and would keep it in turn.
            at_rest=partial(at_rest, self.files),
        )  # fmt: skip

    @cached_property
    def counts(self) -> pl.DataFrame:
        """Physical counts of dry mass: `seq`, `organisation`, `site`, `lot`, `on`, `mass_mg`, `location`, `method` …"""
        counted = (
            self.lines.lazy()
            .filter(pl.col("kind") == "stock")
            .select("organisation", "site", "lot", "on", "location", "product", "method", seq="line", mass_mg="dry_mg")
        )
        return self.at_rest(counted.collect())

    @cached_property
    def count_scopes(self) -> pl.DataFrame:
        """What each count covers: the site, unless its rows name a storage place or, failing that, a product."""
        by_product = pl.when(pl.col("location").is_null()).then("product").alias("product")
        return self.counts.select("organisation", "site", "on", "location", by_product).unique(maintain_order=True)

    def flow_index(self) -> FlowIndex:
        """The lot graph of this snapshot, built once and memory-mapped from then on."""
        return self._flow_index

    @cached_property
    def _flow_index(self) -> FlowIndex:
        # Checked once for as long as this snapshot is held, and not at each question.
        assert self.files is not None, "this snapshot has no files to keep a lot graph in"
        return opened(self.files, entry=self.entry, root=self.root, frames=self.flow_frames)

    def flow_frames(self) -> Frames:
        """`lots`, `events`, `links`, `assays` for the flow engine (`store.flow_frames`)."""
        return flow_frames(self)


#: Lines, or lots, of which frames are made at once.
AT_ONCE = 250_000
#: The frames of which `Snapshot.of_sites` keeps what is of a lot.
_OF_LOTS: Final = (
    "lines", "transfers", "balanced", "renamed", "lot_facts", "lot_assays", "site_assays", "counts", "drawn_as",
)  # fmt: skip


def at_rest(files: ColumnFiles | None, frame: pl.DataFrame) -> pl.DataFrame:
    """`Snapshot.at_rest` of a snapshot with these files."""
    return frame if files is None else mapped(frame, files.directory)
