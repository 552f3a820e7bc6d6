"""What an officer has before deciding an application: the goods as the desk sees them, and the exporter's own history.

Everything is computed from the ledger as it was read and names its source; nothing here proposes a decision.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import polars as pl

from lodeline.control.licences.application import Application
from lodeline.control.rulebook import LawDay
from lodeline.flow.origins import origins, origins_by_place
from lodeline.material.element import TREO
from lodeline.material.product import product_kind
from lodeline.regulation.control_list import control_items
from lodeline.regulation.parameter import Jurisdiction
from lodeline.service.customs import desk
from lodeline.service.firm.organisation_view import OrganisationView
from lodeline.service.licences.answers import RegisteredLicence
from lodeline.service.parties.index import screener_of
from lodeline.service.parties.screening import screening_json, with_law
from lodeline.store.queries.customs import exports_of
from lodeline.store.snapshot import Snapshot
from lodeline.store.store import Store

Json = dict[str, Any]
#: Lots whose origins are asked for: the largest in stock of the products applied for.
LOTS_MOST: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """What is known of an application's goods and of who applies.

    desk : what `service.customs.desk.answer` says of the goods if they were declared without a licence.
    parties : what `service.parties.screening.screening_json` says of end users and consignee, by register, lists,
    filings and
        the lists of the law pack.
    licences : `service.firm.organisation_view.OrganisationView.licences` of the exporter.
    balances : the newest counted balance of each of its sites on total REO (`accountancy.balance.BALANCE`).
    exports : `on`, `end_user_name`, `destination`, `product`, `mass_mg`, `licence`, `same`, the newest first; `same`:
        to an end user of the application.
    origins : `name`, `product`, `held_mg`, `element`, `origin_kind`, `origin_place`, `share`: of the exporter's largest
        lots of these products, where each element of the items applied for comes from. Where no item is stated, or it
        names no element, the first element of each origin.
    """

    desk: Json
    parties: list[Json]
    licences: tuple[RegisteredLicence, ...]
    balances: pl.DataFrame
    exports: pl.DataFrame
    origins: pl.DataFrame


def review(
    store: Store, snapshot: Snapshot, law: Jurisdiction, *, application: Application, exporter: str,
    balances: pl.DataFrame, today: date,
) -> Review:  # fmt: skip
    """The review of an application of `exporter` as of the snapshot; `today` is the day of law and of the register.

    `balances`: those of the nation (`service.balance.book.balances`), which every page of a reading shares.
    """
    own = OrganisationView(store, law, exporter)
    first = application.goods[0] if application.goods else None
    names = [
        *application.end_users,
        *([first["consignee_name"]] if first is not None and first["consignee_name"] else []),
    ]
    screener = screener_of(store, snapshot)
    return Review(
        desk=desk.answer(application.declaration, LawDay.of(law, today), desk.Ledger(snapshot=snapshot)),
        parties=[
            screening_json(with_law(screener.screen(name, day=today), law, day=today, known=today))
            for name in dict.fromkeys(names)
        ],
        licences=own.licences(today),
        balances=_balances(balances, snapshot, exporter),
        exports=_exports(store, exporter, application),
        origins=_origins(snapshot, law, exporter, application, today),
    )


def _balances(balances: pl.DataFrame, snapshot: Snapshot, exporter: str) -> pl.DataFrame:
    sites = [site for site, owner in snapshot.register.site_organisation.items() if owner == exporter]
    return (
        balances.filter(pl.col("site").is_in(sites) & (pl.col("element") == TREO) & pl.col("muf_mg").is_not_null())
        .sort("site", "period")
        .group_by("site", maintain_order=True)
        .last()
    )


def _exports(store: Store, exporter: str, application: Application) -> pl.DataFrame:
    users = [_plain(one) for one in application.end_users]
    found = exports_of(store, [exporter]).sort("on", "line", descending=[True, False])
    same = [_plain(name) in users for name in found["end_user_name"].to_list()]
    return found.with_columns(same=pl.Series(same, dtype=pl.Boolean()))


def _origins(
    snapshot: Snapshot, law: Jurisdiction, exporter: str, application: Application, today: date
) -> pl.DataFrame:
    schema = {
        "name": pl.String(), "product": pl.String(), "held_mg": pl.Int64(), "element": pl.String(),
        "origin_kind": pl.String(), "origin_place": pl.String(), "share": pl.Float64(),
    }  # fmt: skip
    kinds = {product_kind(line["product"]) for line in application.goods if line["product"]}
    stated = {line["control_item"] for line in application.goods}
    items = (one for one in control_items(law, today, known=today) if _is_of(one.item, stated))
    listed = list(dict.fromkeys(element for one in items for element in one.rare_earths))
    sites = [site for site, owner in snapshot.register.site_organisation.items() if owner == exporter]
    held = held_most(snapshot, sites=tuple(sites), kinds=tuple(sorted(kinds)))
    rows = []
    for held_mg, name, product in held.select("held_mg", "name", "product").iter_rows():
        for one in origins_by_place(origins(snapshot.flow_index(), name)):
            # An origin that gave none of what is applied for is no answer: not with a share of something else.
            for element in (
                [symbol for symbol in listed if symbol in one["booked_shares"]]
                if listed
                else [*one["booked_shares"]][:1]
            ):
                share = one["booked_shares"][element]
                rows.append((name, product, held_mg, element, one["origin_kind"], one["origin_place"], share))
    return pl.DataFrame(rows, schema=schema, orient="row").sort(
        "held_mg", "name", "element", "share", descending=[True, False, False, True]
    )  # fmt: skip


def held_most(snapshot: Snapshot, *, sites: tuple[str, ...], kinds: tuple[str, ...]) -> pl.DataFrame:
    """The lots of these kinds of product of which most is held at sites: `lot`, `held_mg`, `product`, `name`."""
    return (
        snapshot.balanced.filter(pl.col("site").is_in(sites))
        .group_by("lot").agg(held_mg=pl.col("delta_mg").sum())
        .filter(pl.col("held_mg") > 0)
        .join(snapshot.lot_facts.select("lot", "product"), on="lot")
        .join(snapshot.lots.select("lot", "name"), on="lot")
        .filter(pl.col("product").str.split(":").list.first().is_in(kinds))
        .sort("held_mg", "name", descending=[True, False])
        .head(LOTS_MOST)
    )  # fmt: skip


def _is_of(item: str, stated: Collection[str | None]) -> bool:
    """Whether an item of the list is one that is stated, or lies under it: 1C902.d under 1C902."""
    return any(one and (item == one or item.startswith(f"{one}.")) for one in stated)


def _plain(name: str | None) -> str:
    return "".join(filter(str.isalnum, (name or "").casefold()))
