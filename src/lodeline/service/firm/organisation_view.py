"""What one organisation is told of its own business: by SQL about it alone, never from the nation's snapshot.

Nothing here names an organisation that is not next to it: a party of its own filings, or whoever has filed that it
shipped to it or received from it. Thousands open these pages on the day of a deadline, so each question reads the
organisation's own rows and no others. Moments are passed in; masses are milligrams.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Final, Literal

import polars as pl

from lodeline.ledger.extension import Extension, both_passed, due, extension_of
from lodeline.ledger.parallel_run import in_parallel_run
from lodeline.ledger.register import Register
from lodeline.ledger.resolution import maker_and_local
from lodeline.ledger.succession import former_holders, partners, sites_held_before
from lodeline.ledger.transfer import judge
from lodeline.regulation.duty import next_month, period_of
from lodeline.regulation.parameter import Jurisdiction
from lodeline.service.filing.status import has_duty
from lodeline.service.licences.answers import RegisteredLicence, registered_licences
from lodeline.service.licences.quotas import OwnQuota, own_quotas
from lodeline.service.lots.lot_naming import LotNaming
from lodeline.store.queries import lots as lot_rows
from lodeline.store.queries.filing import first_filings_of, first_period, own_transfers
from lodeline.store.queries.parties import partners_filed
from lodeline.store.store import Store

MonthState = Literal["filed", "late", "missing", "due", "running"]

#: Where a transfer of the organisation stands, from its own side.
#: `to-accept`: shipped to it, not (wholly) received. `unconfirmed`: shipped by it, not (wholly) received. `unsent`: the
#: other side received what it never filed as shipped. `awaiting-shipper`: it received what the shipper has not filed.
DeliveryStatus = Literal["to-accept", "unconfirmed", "unsent", "awaiting-shipper", "differs", "closed"]
WAITING: Final[tuple[DeliveryStatus, ...]] = ("to-accept", "unconfirmed", "unsent", "awaiting-shipper")

_Duty = Callable[[str | None, date], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Month:
    """A month that the organisation has to file, or has filed. `due`: the moment from which it is late."""

    period: str
    due: datetime
    state: MonthState
    #: The first entry that filed it; None while nobody has.
    entry: int | None
    #: By which it is due later than the law has it.
    extension: Extension | None = None


class OrganisationView:
    """One organisation, asked about itself. `store` is read as of now; what is read is kept for one request."""

    def __init__(self, store: Store, law: Jurisdiction, organisation: str) -> None:
        self.store = store
        self.law = law
        self.organisation = organisation

    def today(self, now: datetime) -> date:
        """The day of a moment on the jurisdiction's calendar."""
        return self.law.day_of(now)

    @cached_property
    def register(self) -> Register:
        """The whole register; only `parties` and `sites` of it are the organisation's to see."""
        return self.store.newest_register()

    @cached_property
    def sites(self) -> pl.DataFrame:
        """Its own sites, as registered."""
        return self.register.tables["sites"].filter(pl.col("organisation") == self.organisation)

    @cached_property
    def sites_before(self) -> pl.DataFrame:
        """The sites that it held and holds no more, as registered now."""
        before = sites_held_before(self.register, self.organisation)
        return self.register.tables["sites"].filter(pl.col("id").is_in(before))

    @cached_property
    def parties(self) -> pl.DataFrame:
        """The register's rows of the organisation itself and of those next to it."""
        next_to = [self.organisation, *self.next_to]
        return self.register.tables["organisations"].filter(pl.col("id").is_in(next_to))

    @cached_property
    def lot_naming(self) -> LotNaming:
        """What it calls lots."""
        return LotNaming(self.store, self.organisation)

    @property
    def next_to(self) -> frozenset[str]:
        """Ids of the organisations next to it: `LotNaming.next_to`, and whom it follows or who follows it."""
        return self.lot_naming.next_to | partners(self.register, self.organisation)

    # Lots go by a name that tells no more than the own edge.

    def lot_name(self, name: str, maker: str, local: str, *, sent: tuple[str, int] | None = None) -> str:
        """What the organisation calls a lot: `LotNaming.lot_name`."""
        return self.lot_naming.lot_name(name, maker, local, sent=sent)

    def lot_of(self, called: str) -> int | None:
        """The number of the lot that the organisation calls so, if it holds it, once held it, or is being sent it."""
        hidden = [name for name, label in self.lot_naming.hidden_names.items() if label == called]
        marked = called.startswith("~")
        texts = [called.partition("/")[2]] if marked else [called, *hidden]
        found = lot_rows.own_lots_called(self.store, self.organisation, "local" if marked else "name", texts)
        fits = [int(str(lot)) for lot, *names in found if self.lot_name(*map(str, names)) == called]
        return fits[0] if fits else self._being_sent(called)

    def _being_sent(self, called: str) -> int | None:
        """The lot that goes by this name on the papers of a delivery to the organisation, which it has not received."""
        fits = {
            int(str(lot)) for shipper, lot, *names in lot_rows.lots_on_the_way(self.store, self.organisation)
            if self.lot_name(*map(str, names), sent=(str(shipper), int(str(lot)))) == called
        }  # fmt: skip
        return min(fits, default=None)

    # Months.

    def months(self, now: datetime) -> list[Month]:
        """Every month that a law has filed from the beginning of its duty to the running one, oldest first."""
        filed = first_filings_of(self.store, self.organisation)
        first = self._first_month(filed)
        running = period_of(now, self.law)
        if first is None or first > running:
            return []
        duty = has_duty(Register(tables={"organisations": self.parties}), self.law)
        months, period = [], first
        while period <= running:
            extension = extension_of(self.organisation, period, self.law, self.register)
            late_from = due(self.organisation, period, self.law, self.register)
            last_day = date.fromordinal(date.fromisoformat(f"{next_month(period)}-01").toordinal() - 1)
            entry, at = filed.get(period, (None, ""))
            if late_from is None:
                period = next_month(period)
                continue
            counts = not in_parallel_run(period, self.register)
            if entry is not None:
                state: MonthState = "late" if counts and datetime.fromisoformat(at) >= late_from else "filed"
            elif not counts and now >= late_from:
                # Practice that nobody did is not asked for afterwards.
                period = next_month(period)
                continue
            elif not duty(self.organisation, last_day):
                period = next_month(period)
                continue
            else:
                state = "running" if period == running else "due" if now < late_from else "missing"
            months.append(Month(period=period, due=late_from, state=state, entry=entry, extension=extension))
            period = next_month(period)
        return months

    def _first_month(self, filed: dict[str, tuple[int, str]]) -> str | None:
        """The month of registration, but none before anybody filed anything: the law's records begin with the log."""
        first = first_period(self.store)
        if first is None:
            return None
        since = self.parties.filter(pl.col("id") == self.organisation)["valid_from"].to_list()
        registered = f"{since[0]:%Y-%m}" if since and since[0] is not None else str(first)
        return min([max(str(first), registered), *filed])

    # Transfers.

    def transfers(self, now: datetime, *, waiting: bool = False) -> pl.DataFrame:
        """Its transfers, newest first; with `waiting`, only those that have not closed (quick however many there are).

        `lot` and what the organisation calls it (`called`, by lot_name, and `local`, the id in it): of a delivery to it
        what it received, and until then what stands on the papers. `product`, `document`, `other` (the other side),
        `shipper`, `receiver`, `shipment_line`, `shipment_event`, `receipt_event`, `shipped_mg`, `received_mg`,
        `left_mg` (not received yet), `shipped_on`, `received_on`, `day`, `state` and `cause` of
        `ledger.transfer.judge`, `standing`, `age_days` (from `day` to the day of `now`; null where it has closed).
        """
        found = own_transfers(self.store, self.organisation, maybe_open=waiting)
        own, closed = pl.lit(self.organisation), pl.col("state").is_in(["matched", "delivered-unfiled"])
        lacks_receipt = pl.col("state").is_in(["open", "partial", "exception"]) & pl.col("shipment_line").is_not_null()
        standing = (
            pl.when((pl.col("state") == "matched") & pl.col("cause").is_not_null())
            .then(pl.lit("differs"))
            .when(closed)
            .then(pl.lit("closed"))
            .when(lacks_receipt & (pl.col("receiver") == own))
            .then(pl.lit("to-accept"))
            .when(lacks_receipt)
            .then(pl.lit("unconfirmed"))
            .when(pl.col("shipper") == own)
            .then(pl.lit("unsent"))
            .otherwise(pl.lit("awaiting-shipper"))
        )
        found = self._as_it_knows_them(found)
        judged = (
            judge(found, has_duty=self._duty_next_to, both_deadlines_passed=both_passed(now, self.law, self.register))
            .with_columns(
                day=pl.coalesce("shipped_on", "received_on"),
                other=pl.when(pl.col("shipper") == own).then("receiver").otherwise("shipper"),
                left_mg=pl.col("shipped_mg") - pl.col("received_mg").fill_null(0),
                standing=standing,
            )
            .with_columns(
                age_days=pl.when(pl.col("standing").is_in(WAITING)).then(
                    (pl.lit(self.today(now)) - pl.col("day")).dt.total_days()
                )
            )
            .drop("name", "maker", "by_reference", "lot_differs", "party_differs")
        )
        if waiting:
            judged = judged.filter(pl.col("standing").is_in(WAITING))
        return judged.sort("day", "shipment_event", "called", descending=[True, False, False])

    def _as_it_knows_them(self, found: pl.DataFrame) -> pl.DataFrame:
        """With `lot`, `called` and `local` as of its own side; every other name of the lots is dropped."""
        to_it = pl.col("receiver") == self.organisation
        got = to_it & pl.col("shipment_line").is_not_null() & pl.col("receipt_lot").is_not_null()
        mine = found.with_columns(
            pl.when(got).then(f"receipt_{column}").otherwise(column).alias(column)
            for column in ("lot", "name", "maker", "local")
        ).with_columns(sent=to_it & pl.col("receipt_lot").is_null())
        called = [
            self.lot_name(name, maker, local, sent=(shipper, lot) if sent else None)
            for name, maker, local, sent, shipper, lot in mine.select(
                "name", "maker", "local", "sent", "shipper", "lot"
            ).iter_rows()
        ]  # fmt: skip
        locals_ = [maker_and_local(name, "")[1] for name in called]
        return mine.with_columns(
            called=pl.Series(called, dtype=pl.String), local=pl.Series(locals_, dtype=pl.String)
        ).drop("sent", "receipt_lot", "receipt_name", "receipt_maker", "receipt_local")

    @cached_property
    def _duty_next_to(self) -> _Duty:
        return has_duty(Register(tables={"organisations": self.parties}), self.law)

    # Lots.

    def lots(self) -> pl.DataFrame:
        """Every lot that its filings in force name, newest first.

        `lot`, `called`, `alias` (the newest that it gave the lot), `made` (it is the maker), `product`, `first_on`,
        `last_on`, `held_mg` (at its sites, by the book), `lines`.
        """
        found = lot_rows.own_lots(self.store, self.organisation)
        called = [self.lot_name(*row) for row in found.select("name", "maker", "local").iter_rows()]
        return (
            found.with_columns(called=pl.Series(called, dtype=pl.String), made=pl.col("maker") == self.organisation)
            .join(self.aliases().select("lot", "alias"), on="lot", how="left")
            .join(self.held(), on="lot", how="left")
            .with_columns(pl.col("held_mg").fill_null(0))
            .drop("name", "maker", "local")
            .sort("last_on", "called", descending=[True, False], nulls_last=True)
        )

    def aliases(self) -> pl.DataFrame:
        """`lot`, `alias`: what its papers call the lots that it has given an alias."""
        found = lot_rows.aliases_given(self.store, self.organisation)
        return found.unique("lot", keep="last", maintain_order=True).select("lot", "alias")

    def held(self) -> pl.DataFrame:
        """`lot`, `held_mg` (Int64): what the book has at its sites, whoever owns it, and what it has not delivered from
        sites that it held before."""
        before = former_holders(self.register)
        own = self.sites["id"].to_list()
        found = self.store.books.held_at(own + sites_held_before(self.register, self.organisation))
        foreign = [(site, owner) for site in own for owner in sorted(before.get(site, ()))]
        others = pl.DataFrame(foreign, schema={"site": pl.String(), "owner": pl.String()}, orient="row")
        its = (pl.col("owner") == self.organisation) | pl.col("site").is_in(own)
        return (
            found.join(others, on=["site", "owner"], how="anti")
            .filter(its)
            .group_by("lot")
            .agg(held_mg=pl.col("mass_mg").sum())
        )

    def lot_history(self, lot: int) -> pl.DataFrame:
        """What happened to a lot as far as the organisation may know, in order: its own lines in force, and those in
        which another names it as receiver or shipper.

        `own`, `entry`, `event`, `kind`, `role`, `on`, `site`, `dry_mg`, `composition`, `method`, `party` (the other
        side), `party_name` as filed, `to_site`. Of another's line `entry`, `site` and `party_name` are null: they are
        not the organisation's to see.
        """
        texts = self.register.texts_of(self.organisation)
        found = self.register.meant(lot_rows.own_history(self.store, self.organisation, lot, texts))
        own = pl.col("organisation") == self.organisation
        return (
            found.with_columns(pl.when(own).then(column).alias(column) for column in ("entry", "site", "party_name"))
            .with_columns(own=own, party=pl.when(own).then("party").otherwise("organisation"))
            .drop("organisation")
        )

    # Customers and suppliers, as its filings name them.

    def partners(self) -> pl.DataFrame:
        """Its customers and suppliers, one row for each and side, largest mass first.

        `party` (null: not in the register), `names` as filed (the most frequent first), `countries` as filed, `side`
        (`customer`: shipped or exported to; `supplier`: received from), `deliveries`, `mass_mg`, `first_on`, `last_on`.
        """
        return (
            self.register.meant(partners_filed(self.store, self.organisation))
            .sort("deliveries", "name", descending=[True, False], nulls_last=True)
            .group_by(pl.coalesce("party", "name").alias("who"), "side", maintain_order=True)
            .agg(
                pl.col("party").first(), names=pl.col("name").drop_nulls().unique(maintain_order=True),
                countries=pl.col("country").drop_nulls().unique(maintain_order=True),
                deliveries=pl.col("deliveries").sum(), mass_mg=pl.col("mass_mg").sum(),
                first_on=pl.col("first_on").min(), last_on=pl.col("last_on").max(),
            )
            .drop("who")
            .sort("mass_mg", "side", descending=[True, False], nulls_last=True)
        )  # fmt: skip

    # What it is allowed.

    def quota(self, today: date) -> tuple[OwnQuota, ...]:
        """Its grants and what draws on them, the newest year first."""
        return own_quotas(self.store, self.register, self.organisation, day=today)

    def licences(self, today: date) -> tuple[RegisteredLicence, ...]:
        """The export licences that it holds or held, with what is drawn on each."""
        firm = self.organisation
        return registered_licences(self.store, self.register, self.law, day=today, organisation=firm, reader=firm)
