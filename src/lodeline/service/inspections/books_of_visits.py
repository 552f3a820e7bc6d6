"""What firms' books say of what visits measured: the balance that a count of the day closes, and the rows behind it.

Only the sites visited are looked at, with the rows of the book (`service.balance.book`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import polars as pl

from lodeline.accountancy.accounts import Rows
from lodeline.accountancy.balance import Reckoning, reckon
from lodeline.accountancy.batches import assay_acts, parts_of_totals
from lodeline.accountancy.frames import AREA, element_indices, element_mass, serving_shares
from lodeline.accountancy.verification.difference import Books
from lodeline.accountancy.verification.frames import ASSAYS, BATCHES, BOOKS, STATED
from lodeline.detection.imbalance import TESTED
from lodeline.ledger.succession import holders_of
from lodeline.store.snapshot import Snapshot

#: A visit as books are asked of it.
VISITS: Final = {
    "visit": pl.Int64(), "organisation": pl.String(), "site": pl.String(), "on": pl.Date(), "waiting": pl.Boolean(),
}  # fmt: skip
#: What is looked up of an item: `number` is the ledger's lot; `event` the firm's row of a receipt or shipment.
ASKED: Final = {
    "item": pl.Int64(), "visit": pl.Int64(), "lot": pl.Int64(), "place": pl.String(), "event": pl.String(),
}  # fmt: skip
#: Rows in which a lot of the book was weighed: it came, was made or counted.
_COMING: Final = ("stock", "receipt", "origin", "transformation", "move")


@dataclass(frozen=True, kw_only=True)
class SiteBooks:
    """The books of the sites of some visits. `snapshot` is of these sites alone (`Snapshot.of_sites`), and so are the
    `rows` of the book (`Accounts.rows_of`)."""

    snapshot: Snapshot
    rows: Rows
    visits: pl.DataFrame

    @cached_property
    def _reckoned(self) -> Reckoning | None:
        return reckon(**self.rows, elements=TESTED, sites=self.visits["site"].unique().to_list())

    @cached_property
    def _segments(self) -> pl.DataFrame:
        """The segments of the visits' sites that a physical inventory ends, with their `row` in the grid."""
        found = self._reckoned
        if found is None:
            return pl.DataFrame(schema={"row": pl.Int64(), **dict.fromkeys(AREA, pl.String()), "until": pl.Date()})
        rows = found.grid.segments.with_row_index("row").with_columns(pl.col("row").cast(pl.Int64))
        return rows.filter("counted").join(found.areas, on="area").select("row", *AREA, "until")

    @cached_property
    def counted(self) -> pl.DataFrame:
        """The visits on whose day the firm's count speaks for the whole site: `visit`, `row` of the segment."""
        same = self.visits.join(self._segments, left_on=[*AREA, "on"], right_on=[*AREA, "until"])
        return same.filter(~pl.col("waiting")).select("visit", "row")

    @cached_property
    def _since(self) -> pl.DataFrame:
        """`visit`, `since`: the firm's last count before the day of the visit."""
        before = self.visits.join(self._segments, on=AREA).filter(pl.col("until") < pl.col("on"))
        return before.group_by("visit").agg(since=pl.col("until").max())

    @cached_property
    def _cells(self) -> pl.DataFrame:
        """Cells that counts of the visits' days end: `visit`, `element`, `run`, `closed`, `muf_mg`, `counted_mg`."""
        found = self._reckoned
        schema = {"visit": pl.Int64(), "element": pl.UInt8(), "run": pl.Int64(), "closed": pl.Boolean(),
                  "muf_mg": pl.Int64(), "counted_mg": pl.Int64()}  # fmt: skip
        if found is None or self.counted.is_empty():
            return pl.DataFrame(schema=schema)
        cells = pl.DataFrame(
            {
                "row": found.grid.segment, "element": found.grid.element, "run": found.rolled.run,
                "closed": found.rolled.closed, "muf_mg": found.rolled.muf, "counted_mg": found.rolled.physical,
            }
        )  # fmt: skip
        return cells.join(self.counted, on="row").select(pl.col(name).cast(kind) for name, kind in schema.items())

    def balances(self, shares: pl.DataFrame) -> pl.DataFrame:
        """BOOKS, of the elements that `shares` (`visit`, `lot`, `element`, `operator_ppb`) name."""
        stock = self.book.join(shares, on=["visit", "lot"]).with_columns(held_mg=element_mass("dry_mg", "operator_ppb"))
        book = stock.group_by("visit", "element").agg(book_mg=pl.col("held_mg").sum())
        asked = shares.select("visit", "element").unique()
        state = pl.when("waiting").then(pl.lit("waiting")).otherwise(pl.lit("compared"))
        return (
            asked.join(self.visits, on="visit")
            .join(self._since, on="visit", how="left")
            .join(self._cells, on=["visit", "element"], how="left")
            .join(book, on=["visit", "element"], how="left")
            .with_columns(
                muf_mg=pl.when("closed").then("muf_mg"),
                closing_mg=pl.coalesce("counted_mg", "book_mg").fill_null(0),
                state=state,
            )
            .select(list(BOOKS))
            .sort("visit", "element")
        )

    @cached_property
    def _rows(self) -> pl.DataFrame:
        """BATCHES of the balances that the visits' days close, with `seq` of the row."""
        found = self._reckoned
        closed = self._cells.filter("closed")
        if found is None or closed.is_empty():
            return pl.DataFrame(schema={**BATCHES, "seq": pl.Int64()})
        lots = pl.concat([frame.select("seq", "lot") for frame in (self.rows["movements"], self.rows["counts"])])
        mine = found.batches.with_columns(pl.col("run").cast(pl.Int64)).join(closed.select("visit", "run"), on="run")
        held = mine.group_by("held").agg(pl.col("seq").first()).join(lots.unique("seq"), on="seq").select("held", "lot")
        return mine.join(held, on="held").select(
            pl.col(name).cast(kind) for name, kind in {**BATCHES, "seq": pl.Int64()}.items()
        )

    @property
    def batches(self) -> pl.DataFrame:
        """BATCHES of the balances that the visits' days close."""
        return self._rows.drop("seq")

    @cached_property
    def book(self) -> pl.DataFrame:
        """What lies at each visit's site at the end of its day by the book, and by its count where it counted: `visit`,
        `lot`, `act`, `method`, `dry_mg`, a row for each row of a count."""
        register = self.snapshot.register
        # What another holder of the site has in book there is not what this one answers for.
        others = [
            (visit, who)
            for visit, organisation, site in self.visits.select("visit", *AREA).iter_rows()
            for who in holders_of(register, site)
            if who != organisation
        ]
        elsewhere = pl.DataFrame(others, schema={"visit": pl.Int64(), "owner": pl.String()}, orient="row")
        held = _anew(
            self._held_by("on", elsewhere),
            self._held_by("since", elsewhere),
            self.snapshot.counts.join(self._since, left_on="on", right_on="since").join(
                self.visits.select("visit", *AREA), on=["visit", *AREA]
            ),
        )
        rows = self.snapshot.lines.filter(
            pl.col("kind").is_in(list(_COMING)) & (pl.col("role").fill_null("out") != "in")
        )
        rows = self.visits.join(rows.select("site", "lot", "method", day="on", act="line"), on="site")
        weighed = (
            rows.filter(pl.col("day") <= pl.col("on"))
            .sort("day", "act")
            .group_by("visit", "lot", maintain_order=True)
            .agg(pl.col("act").last(), pl.col("method").last())
        )
        book = held.join(weighed, on=["visit", "lot"], how="left").join(self.counted, on="visit", how="anti")
        counts = self.snapshot.counts.select(*AREA, "lot", "on", act="seq", method="method", dry_mg="mass_mg")
        counts = self.visits.join(self.counted, on="visit", how="semi").join(counts, on=[*AREA, "on"])
        columns = ["visit", "lot", "act", "method", "dry_mg"]
        return pl.concat([book.select(columns), counts.select(columns)])

    def _held_by(self, day: str, elsewhere: pl.DataFrame) -> pl.DataFrame:
        """`visit`, `lot`, `dry_mg` of the ledger at the end of a day of the visits: `on`, or `since` of those that
        have one. `elsewhere`: `visit`, `owner` of what another answers for."""
        days = self.visits.join(self._since, on="visit", how="left").select("visit", "site", until=day).drop_nulls()
        held = self.snapshot.balanced.select("site", "lot", "owner", day="on", held="held_mg")
        return (
            days.join(held, on="site", maintain_order="right")
            .filter(pl.col("day") <= pl.col("until"))
            .join(elsewhere, on=["visit", "owner"], how="anti", maintain_order="left")
            .group_by("visit", "lot", "owner", maintain_order=True)
            .agg(pl.col("held").last())
            .group_by("visit", "lot")
            .agg(dry_mg=pl.col("held").sum())
        )

    def stated(self, asked: pl.DataFrame) -> pl.DataFrame:
        """STATED of the items of `asked` (ASKED)."""
        stock = asked.filter(pl.col("place") == "stock").join(self.book, on=["visit", "lot"])
        flows = self.snapshot.lines.filter(pl.col("kind").is_in(["receipt", "shipment", "export"])).select(
            "site", "lot", "event", "method", act="line", dry_mg="dry_mg",
        )  # fmt: skip
        moved = (
            asked.filter(pl.col("place") != "stock")
            .join(self.visits.select("visit", "site"), on="visit")
            .join(flows, on=["site", "lot", "event"])
        )
        found = pl.concat([frame.select(list(STATED)) for frame in (stock, moved)])
        # A count that repeats the one before was weighed there.
        repeats = self._rows.filter((pl.col("signed_mg") < 0) & (pl.col("seq") != pl.col("act")))
        first = repeats.select("seq", first="act", by="method").unique("seq")
        repeated = pl.col("first").is_not_null()
        return found.join(first, left_on="act", right_on="seq", how="left", maintain_order="left").select(
            "item", act=pl.coalesce("first", "act"), method=pl.when(repeated).then("by").otherwise("method"),
            dry_mg="dry_mg",
        )  # fmt: skip

    def _held(self, lots: pl.DataFrame) -> pl.DataFrame:
        """`visit`, `lot` numbered as `held`, with their `area` and site."""
        areas = self.visits.select(AREA).unique().sort(AREA).with_row_index("area")
        return (
            lots.unique().sort("visit", "lot")
            .join(self.visits.select("visit", *AREA), on="visit", maintain_order="left")
            .join(areas, on=AREA, maintain_order="left")
            .with_row_index("held")
        )  # fmt: skip

    def compositions(self, lots: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
        """What the books have of these lots (`visit`, `lot`) and of those of the balances: shares (`visit`, `lot`,
        `element`, `operator_ppb`), and who measured them (ASSAYS)."""
        snapshot = self.snapshot
        lots = pl.concat(
            [lots.select("visit", "lot"), *(one.select("visit", "lot") for one in (self._rows, self.book))]
        )
        held = self._held(lots)
        shares = serving_shares(
            held.select("held", "site", "lot"), lot_assays=snapshot.lot_assays, site_assays=snapshot.site_assays,
            elements=element_indices(TESTED),
        )  # fmt: skip
        here = [
            frame.join(held.select("area", *AREA).unique(), on=AREA)
            for frame in (self.rows["movements"], self.rows["counts"])
        ]  # fmt: skip
        acts = assay_acts(
            held.select("held"), held, shares, parts=parts_of_totals(shares), makers=snapshot.accountancy_movements,
            receivers=here[0], counts=here[1],
        )  # fmt: skip
        by_visit = held.select("held", "visit", "lot")
        own = shares.join(by_visit, on="held").select("visit", "lot", "element", operator_ppb="ppb")
        return own, acts.join(by_visit, on="held").select(pl.col(name).cast(kind) for name, kind in ASSAYS.items())

    def of(self, asked: pl.DataFrame) -> tuple[Books, pl.DataFrame]:
        """The books of the items of `asked` (ASKED), and the shares that they have of their lots, as `compositions`."""
        shares, assays = self.compositions(asked)
        books = Books(
            balances=self.balances(shares), batches=self.batches, assays=assays, stated=self.stated(asked)
        )  # fmt: skip
        return books, shares


def _anew(held: pl.DataFrame, then: pl.DataFrame, counted: pl.DataFrame) -> pl.DataFrame:
    """What a book that starts anew at a count has (`visit`, `lot`, `dry_mg` > 0): what was counted, and what has moved
    since. `held`, `then`: what the ledger has at the visit and had at the count; `counted`: the rows of the counts."""
    start = counted.group_by("visit", "lot").agg(dry_mg=pl.col("mass_mg").sum())
    parts = [held, then.with_columns(-pl.col("dry_mg")), start]
    return pl.concat(parts).group_by("visit", "lot").agg(pl.col("dry_mg").sum()).filter(pl.col("dry_mg") > 0)
