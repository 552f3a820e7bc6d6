"""What filing a month would do to the filer's books, told before it is filed: nothing is written.

It is read off the state that judging the filing has projected, so it is what posting would project; where somebody else
files in between, it may come otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any, Final

import polars as pl

from lodeline.accountancy.balance import balance
from lodeline.ledger.extension import both_passed
from lodeline.ledger.movement import LINE
from lodeline.ledger.process import JUDGED
from lodeline.ledger.register import Register
from lodeline.ledger.transfer import judge
from lodeline.regulation.parameter import Jurisdiction
from lodeline.service.entries.history import tied_history
from lodeline.service.filing.preparing import Prepared
from lodeline.service.filing.status import has_duty
from lodeline.store.queries.filing import lots_moved
from lodeline.store.snapshot import Snapshot
from lodeline.store.store import Store

#: How far back a count is looked for that the one of the filing closes a balance with: an assumption of this program.
_LOOKED_BACK: Final = timedelta(days=400)
#: State of a transfer → what its half in the filing comes to.
_CLOSES: Final = ("matched", "delivered-unfiled")


def foresee(
    store: Store, prepared: Prepared, *, organisation: str, law: Jurisdiction, now: datetime
) -> dict[str, list[dict[str, Any]]]:
    """`sites`: `site`, `before_mg`, `after_mg` (dry, in book) of each own site whose book changes. `transfers`: `half`
    (shipment, receipt), `state` (`closes`, `differs`, `waits`), `count`, `mass_mg`. `quota`: `kind`, `ore_type`,
    `year`, `before_mg`, `after_mg`, `granted_mg` of each grant that it draws on. `balances`: `site`, `on`, `element`,
    `muf_mg`, `sigma_mg`, `z` of each own site that it counts, of the element that is furthest from closing.
    """
    register = store.register(store.head())
    return {
        "sites": _sites(store, prepared, register, organisation),
        "transfers": _transfers(prepared, register, organisation, law, now),
        "quota": _quota(store, prepared, register, organisation),
        "balances": _balances(store, prepared, register, organisation),
    }


def _sites(store: Store, prepared: Prepared, register: Register, organisation: str) -> list[dict[str, Any]]:
    own = [site for site, holder in register.site_organisation.items() if holder == organisation]
    sites = sorted({*own, *prepared.lines["site"].drop_nulls()})
    held = store.books.held_at(sites)
    touched = pl.col("lot").is_in(list(prepared.touched))
    before, gone = _by_site(held), _by_site(held.filter(touched))
    new = _by_site(prepared.state.holdings.filter(pl.col("site").is_in(sites), touched))
    found = [
        {"site": site, "before_mg": before.get(site, 0),
         "after_mg": before.get(site, 0) - gone.get(site, 0) + new.get(site, 0)}
        for site in sites
    ]  # fmt: skip
    return [one for one in found if one["before_mg"] != one["after_mg"]]


def _by_site(holdings: pl.DataFrame) -> Mapping[str, int]:
    return dict(holdings.group_by("site").agg(pl.col("mass_mg").sum()).select("site", "mass_mg").iter_rows())


def _balances(store: Store, prepared: Prepared, register: Register, organisation: str) -> list[dict[str, Any]]:
    """What the balances that the filing's counts close would say, from the rows of the lots that lay there since the
    count before; sites that were not counted before have none."""
    rows = prepared.lines.filter(pl.col("kind") != "void")[[*LINE]]
    counted = rows.filter(pl.col("kind") == "stock")
    if counted.is_empty():
        return []
    days = counted.group_by("site").agg(on=pl.col("on").max())
    sites, since = days["site"].to_list(), counted["on"].min()
    assert isinstance(since, date)
    lots = {*prepared.touched, *store.books.held_at(sites)["lot"]}
    lots |= lots_moved(store, organisation, sites, since=since - _LOOKED_BACK)
    head = store.head()
    lots, older = tied_history(store, head, rows, lots)
    replaced = [event for _, event, _, _ in prepared.superseded]
    older = older.filter((pl.col("organisation") != organisation) | ~pl.col("event").is_in(replaced))
    ledger = Snapshot(
        files=None, entry=head.size, root="", as_of=None, lines=pl.concat([older, rows]), lots=prepared.lots,
        register=register, aliases=store.books.aliases(sorted(lots)),
    )  # fmt: skip
    found = balance(
        **ledger.accounts(JUDGED).rows, methods=register.tables["methods"], sites=sites, organisations=[organisation],
        elements=JUDGED,
    )  # fmt: skip
    furthest = (
        found.join(days, left_on=["site", "until"], right_on=["site", "on"])
        .filter(pl.col("z").is_finite())
        .sort("site", pl.col("z").abs())
        .group_by("site", maintain_order=True)
        .agg(pl.col("until", "element", "muf_mg", "sigma_mg", "z").last())
    )
    return [
        {"site": one["site"], "on": one["until"].isoformat(), "element": one["element"], "muf_mg": one["muf_mg"],
         "sigma_mg": one["sigma_mg"], "z": one["z"]}
        for one in furthest.iter_rows(named=True)
    ]  # fmt: skip


def _transfers(
    prepared: Prepared, register: Register, organisation: str, law: Jurisdiction, now: datetime
) -> list[dict[str, Any]]:
    lines = prepared.lines["line"].to_list()
    mine = prepared.state.transfers.filter(
        (pl.col("shipment_line").is_in(lines) & (pl.col("shipper") == organisation))
        | (pl.col("receipt_line").is_in(lines) & (pl.col("receiver") == organisation))
    )
    if mine.is_empty():
        return []
    judged = judge(
        mine, has_duty=has_duty(register, law), both_deadlines_passed=both_passed(now, law, register)
    )  # fmt: skip
    shipped = pl.col("shipment_line").is_in(lines)
    closes = pl.col("state").is_in(_CLOSES)
    state = (
        pl.when(closes & pl.col("cause").is_not_null())
        .then(pl.lit("differs"))
        .when(closes)
        .then(pl.lit("closes"))
        .otherwise(pl.lit("waits"))
    )
    return (
        judged.select(
            half=pl.when(shipped).then(pl.lit("shipment")).otherwise(pl.lit("receipt")),
            state=state,
            mass_mg=pl.when(shipped).then("shipped_mg").otherwise("received_mg"),
        )
        .group_by("half", "state")
        .agg(count=pl.len(), mass_mg=pl.col("mass_mg").sum())
        .sort("half", "state")
        .to_dicts()
    )


def _quota(store: Store, prepared: Prepared, register: Register, organisation: str) -> list[dict[str, Any]]:
    new = prepared.state.drawdowns.filter(pl.col("organisation") == organisation)
    before = store.books.drawn(organisation)
    if new.is_empty() and before.is_empty():
        return []
    others = before.filter(~pl.col("lot").is_in(list(prepared.touched)))
    then = _per_grant(before, register, organisation)
    after = _per_grant(pl.concat([others, new.select(before.columns)]), register, organisation)
    return [
        {"kind": grant[1], "ore_type": grant[2], "year": grant[3], "before_mg": then.get(grant, 0),
         "after_mg": after.get(grant, 0), "granted_mg": register.grants.get(grant, 0)}
        for grant in sorted({*then, *after})
        if then.get(grant, 0) != after.get(grant, 0)
    ]  # fmt: skip


def _per_grant(draws: pl.DataFrame, register: Register, organisation: str) -> dict[tuple[str, str, str, int], int]:
    totals: dict[tuple[str, str, str, int], int] = {}
    for kind, ore_type, year, reo_mg in draws.select("kind", "ore_type", "year", "reo_mg").iter_rows():
        grant = register.grant_for(organisation, kind, ore_type, year)
        totals[grant] = totals.get(grant, 0) + reo_mg
    return totals
