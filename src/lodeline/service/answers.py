"""What the system can be asked: one function per question, each returning the JSON of 03-filing section 8.

Every answer is read from a snapshot of the log and, where it is one of balances or findings, carries its stamp.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import polars as pl

from lodeline.accountancy.balance import balance as balance_of
from lodeline.accountancy.balance import balance_json
from lodeline.flow.origins import origins as origins_of
from lodeline.flow.trace import trace as trace_of
from lodeline.ledger.extension import both_passed, due, extensions
from lodeline.ledger.register import FILING_ROLES, Register
from lodeline.ledger.succession import handovers, sites_held_before
from lodeline.ledger.transfer import judge
from lodeline.material.element import SYMBOLS, TREO
from lodeline.material.mass import format_kg, share_mg_expr
from lodeline.regulation.duty import deadline, next_month
from lodeline.regulation.parameter import Jurisdiction
from lodeline.service.accounts import quota_accounts
from lodeline.spoken import SpokenError
from lodeline.store.snapshot import Snapshot
from lodeline.store.store import Store

Json = dict[str, Any]


class UnknownSubject(SpokenError):  # noqa: N818  (an answer to the asker, who can mend the question)
    """The question names an element, site or organisation that the ledger does not have; the message helps."""


def known_element(symbol: str) -> int:
    """The index of a symbol in SYMBOLS, in whatever case it is written. Raises UnknownSubject."""
    by_folded = {known.casefold(): index for index, known in enumerate(SYMBOLS)}
    if symbol.casefold() not in by_folded:
        raise UnknownSubject(
            f"no element {symbol!r}: one of {', '.join(SYMBOLS)}", f"没有元素 {symbol!r}：可选 {'、'.join(SYMBOLS)}"
        )
    return by_folded[symbol.casefold()]


def known_id(snapshot: Snapshot, table: str, wanted: str) -> str:
    """An id that a table of the register holds. Raises UnknownSubject with the nearest."""
    ids = snapshot.register.tables[table]["id"]
    if wanted not in set(ids):
        near = [known for known in ids if wanted.casefold() in known.casefold()][:5]
        raise UnknownSubject(
            f"no {table[:-1]} {wanted!r} in the register" + (f"; perhaps {', '.join(near)}" if near else ""),
            f"登记簿中没有 {wanted!r}" + (f"；或许是 {'、'.join(near)}" if near else ""),
        )
    return wanted


def balance(
    snapshot: Snapshot,
    *,
    site: str | None = None,
    organisation: str | None = None,
    element: str | None = None,
    first: str | None = None,
    last: str | None = None,
) -> Json:
    """Material balance per site, element and month; `first` and `last` are months (`YYYY-MM`), both included."""
    sites: list[str] | None = None
    if site is not None:
        sites = [known_id(snapshot, "sites", site)]
    if organisation is not None:
        known_id(snapshot, "organisations", organisation)
        # Of its own time alone: whoever held a site before it, or holds it now, has balances of its own.
        held = [name for name, owner in snapshot.register.site_organisation.items() if owner == organisation]
        held += sites_held_before(snapshot.register, organisation)
        sites = held if sites is None else [name for name in sites if name in held]
    rows = balance_of(
        movements=snapshot.accountancy_movements,
        counts=snapshot.counts,
        count_scopes=snapshot.count_scopes,
        lot_assays=snapshot.lot_assays,
        site_assays=snapshot.site_assays,
        methods=snapshot.register.tables["methods"],
        elements=None if element is None else [SYMBOLS[known_element(element)]],
        sites=sites,
        organisations=None if organisation is None else [organisation],
        first_period=first,
        last_period=last,
    )
    return {"stamp": snapshot.stamp, "rows": balance_json(rows)}


def _within(rows: pl.DataFrame, first: str | None, last: str | None) -> pl.DataFrame:
    if first is not None:
        rows = rows.filter(pl.col("period") >= first)
    if last is not None:
        rows = rows.filter(pl.col("period") <= last)
    return rows


def trace(snapshot: Snapshot, lot: str, *, forward: bool = False, depth: int | None = None) -> Json:
    """The lots upstream (downstream) of a lot. Raises flow.index.UnknownLot."""
    return trace_of(snapshot.flow_index(), lot, forward=forward, depth=depth).as_json()


def origins(snapshot: Snapshot, lot: str) -> Json:
    """The share of each origin in each element of a lot. Raises flow.index.UnknownLot."""
    return origins_of(snapshot.flow_index(), lot).as_json()


def has_duty(register: Register, law: Jurisdiction) -> Callable[[str | None, date], bool]:
    """Whether an organisation had to file on a day: a filing role, a domestic address, registered that day."""
    table = register.tables["organisations"]
    known = {row[0]: row[1:] for row in table.select("id", "roles", "country", "valid_from", "valid_to").iter_rows()}

    def duty(organisation: str | None, day: date) -> bool:
        if organisation not in known:
            return False
        roles, country, valid_from, valid_to = known[organisation]
        return (
            country == law.country
            and not set(roles or ()).isdisjoint(FILING_ROLES)
            and (valid_from is None or valid_from <= day)
            and (valid_to is None or day <= valid_to)
        )

    return duty


def judged_transfers(snapshot: Snapshot, law: Jurisdiction) -> pl.DataFrame:
    """Every transfer with state and cause, as of the last filing in the log."""
    found = snapshot.transfers.join(snapshot.lots.select("lot", "name"), on="lot", how="left")
    as_of = datetime.fromisoformat(snapshot.as_of) if snapshot.as_of else datetime.fromisoformat("1900-01-01T00:00Z")
    judged = judge(
        found, has_duty=has_duty(snapshot.register, law),
        both_deadlines_passed=both_passed(as_of, law, snapshot.register),
    )  # fmt: skip
    return judged.sort(
        pl.coalesce("shipped_on", "received_on"), "shipper", "receiver", "shipment_event", "receipt_event", "name",
        "shipped_mg", "received_mg",
    )  # fmt: skip


def transfers(snapshot: Snapshot, law: Jurisdiction, *, only_open: bool = False) -> Json:
    """Shipments with their receipts; with `only_open`, those that lack a shipment or (part of) a receipt."""
    rows = judged_transfers(snapshot, law)
    if only_open:
        rows = rows.filter(pl.col("state").is_in(["open", "partial"]) | (pl.col("state") == "exception"))
    return {
        "rows": [
            {
                "lot": row["name"],
                "shipper": row["shipper"],
                "receiver": row["receiver"],
                "shipment_event": row["shipment_event"],
                "receipt_event": row["receipt_event"],
                "shipped_on": _day(row["shipped_on"]),
                "received_on": _day(row["received_on"]),
                "shipped_kg": _kg(row["shipped_mg"]),
                "received_kg": _kg(row["received_mg"]),
                "difference_kg": _kg(_difference(row["shipped_mg"], row["received_mg"])),
                "state": row["state"],
                "cause": row["cause"],
            }
            for row in rows.iter_rows(named=True)
        ]
    }


def _difference(shipped_mg: int | None, received_mg: int | None) -> int | None:
    return None if shipped_mg is None or received_mg is None else shipped_mg - received_mg


def _kg(mass_mg: int | None) -> str | None:
    return None if mass_mg is None else format_kg(mass_mg)


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def quota(store: Store, snapshot: Snapshot, *, day: date | None = None) -> Json:
    """Granted, reserved, used, overdrawn and left: granted + overdrawn = reserved + used + left.

    What is reserved lapses by `day` (default: that of the last filing).
    """
    asked = day or (date.fromisoformat(snapshot.as_of[:10]) if snapshot.as_of else date.min)
    rows = []
    for (organisation, kind, ore_type, year), found in quota_accounts(store, snapshot.register).items():
        balance = found.balance(TREO, asked)
        rows.append(
            {
                "organisation": organisation,
                "kind": kind,
                "ore_type": ore_type or None,
                "year": year,
                "granted_kg": format_kg(balance.granted),
                "reserved_kg": format_kg(balance.reserved),
                "used_kg": format_kg(balance.used),
                "overdrawn_kg": format_kg(balance.overdrawn),
                "left_kg": format_kg(balance.left),
            }
        )
    return {"rows": rows}


def flows(
    snapshot: Snapshot,
    law: Jurisdiction,
    *,
    element: str | None = None,
    first: str | None = None,
    last: str | None = None,
    by: str = "stage",
) -> Json:
    """The flow matrix: mass of each element from each stage (organisation, country) to each, by month.

    Origins flow in from `origin:<kind>`; exports and shipments abroad flow out to `abroad:<country>`, domestic
    customers without a site are `use`; processing within a site moves nothing here.
    """
    wanted = None if element is None else known_element(element)
    ends = flow_ends(snapshot, law, by)
    shares = snapshot.lot_assays if wanted is None else snapshot.lot_assays.filter(pl.col("element") == wanted)
    rows = (
        ends.join(shares, on="lot")
        .with_columns(mass_mg=share_mg_expr(pl.col("dry_mg"), pl.col("ppb")), period=pl.col("on").dt.strftime("%Y-%m"))
        .filter(pl.col("mass_mg") > 0)
        .group_by("from", "to", "element", "period")
        .agg(pl.col("mass_mg").sum())
        .sort("period", "element", "from", "to")
    )
    return {
        "rows": [
            {"from": source, "to": target, "element": SYMBOLS[index], "period": period, "mass_kg": format_kg(mass_mg)}
            for source, target, index, period, mass_mg in _within(rows, first, last).iter_rows()
        ]
    }


def flow_ends(snapshot: Snapshot, law: Jurisdiction, by: str) -> pl.DataFrame:
    """`from`, `to`, `lot`, `on`, `dry_mg` of every line that moves mass between two ends."""
    sites = snapshot.register.tables["sites"].select(site="id", stage="stage", holder="organisation")
    organisations = snapshot.register.tables["organisations"].select(holder="id", country="country")
    site_end = (
        sites.join(organisations, on="holder", how="left")
        .select("site", end={"stage": "stage", "organisation": "holder", "country": "country"}[by])
        .with_columns(pl.col("end").fill_null("?"))
    )
    country = pl.col("country").fill_null("?")
    siteless = {
        "organisation": pl.col("holder"),
        "country": country,
        "stage": pl.when(pl.col("country") == law.country)
        .then(pl.lit("use"))
        .otherwise(pl.concat_str(pl.lit("abroad:"), country)),
    }[by]
    # A receiver is the site that received the lot; where nobody has, the organisation's first site stands in.
    # A firm that has handed over its sites received at them as long as it held them.
    moved = handovers(snapshot.register)
    before = [(site, one.organisation) for site, found in moved.items() for one in found if by != "organisation"]
    held = pl.DataFrame(before, schema={"site": pl.String(), "holder": pl.String()}, orient="row")
    first_site = (
        pl.concat([sites.select("site", "holder"), held])
        .group_by("holder", maintain_order=True)
        .agg(pl.col("site").first())
    )
    party_end = (
        organisations.join(first_site, on="holder", how="left")
        .join(site_end, on="site", how="left")
        .select(party="holder", party_end=pl.coalesce("end", siteless))
    )
    lines = snapshot.lines.join(site_end, on="site", how="left").join(party_end, on="party", how="left")
    if by == "organisation" and moved:
        # What was filed at a site stays with who filed it.
        lines = lines.with_columns(end=pl.when(pl.col("site").is_in(list(moved))).then("organisation").otherwise("end"))
    arrived = (
        lines.filter(pl.col("kind") == "receipt")
        .group_by("organisation", "party", "lot")
        .agg(receiver_end=pl.col("end").first())
        .rename({"organisation": "party", "party": "organisation"})
    )
    lines = lines.join(arrived, on=["organisation", "party", "lot"], how="left")
    abroad = pl.concat_str(
        pl.lit("" if by == "country" else "abroad:"), pl.coalesce("destination", "counterparty_country", pl.lit("?"))
    )
    source = (
        pl.when(pl.col("kind") == "origin")
        .then(pl.concat_str(pl.lit("origin:"), pl.col("origin_kind").fill_null("?")))
        .otherwise("end")
    )
    target = (
        pl.when(pl.col("kind") == "origin")
        .then("end")
        .when(pl.col("kind") == "export")
        .then(abroad)
        .when(pl.col("kind") == "loss")
        .then(pl.lit("loss"))
        .otherwise(pl.coalesce("receiver_end", "party_end", abroad))
    )
    return lines.filter(
        pl.col("kind").is_in(["origin", "export", "loss"])
        | ((pl.col("kind") == "shipment") & pl.col("to_site").is_null())
    ).select("lot", "on", "dry_mg", source.alias("from"), target.alias("to"))


def filing_status(store: Store, snapshot: Snapshot, law: Jurisdiction) -> pl.DataFrame:
    """`organisation`, `period`, `state` (filed, late, missing) for every month that somebody had to file.

    The months run from the first period filed to the last; a month is missing from its deadline on, as of the
    last filing in the log. What the authority has extended (ledger.extension) is due later.
    """
    filed = store.database.frame(
        "SELECT organisation, period, MIN(filed_at) FROM entry WHERE kind = 'filing' AND corrects IS NULL"
        " GROUP BY organisation, period",
        schema={"organisation": pl.String(), "period": pl.String(), "filed_at": pl.String()},
    )
    return filing_states(filed, snapshot.register, law, as_of=snapshot.as_of)


def filing_states(
    filed: pl.DataFrame, register: Register, law: Jurisdiction, *, as_of: str | None
) -> pl.DataFrame:  # fmt: skip
    """`filing_status` of the first filings (`organisation`, `period`, `filed_at`), as of a moment (UTC text)."""
    schema = {"organisation": pl.String(), "period": pl.String(), "state": pl.String()}
    if not filed.height or as_of is None:
        return pl.DataFrame(schema=schema)
    moment_of_asking = datetime.fromisoformat(as_of)
    first = {(organisation, period): moment for organisation, period, moment in filed.iter_rows()}
    duty, extended = has_duty(register, law), {one.period for one in extensions(register)}
    periods = [str(filed["period"].min())]
    while periods[-1] < str(filed["period"].max()):
        periods.append(next_month(periods[-1]))
    rows = []
    for organisation in register.tables["organisations"]["id"]:
        for period in periods:
            late_from = due(organisation, period, law, register) if period in extended else deadline(period, law)
            last_day = date.fromisoformat(f"{next_month(period)}-01") - timedelta(days=1)
            moment = first.get((organisation, period))
            if moment is not None:
                state = "filed" if datetime.fromisoformat(moment) < late_from else "late"
            elif duty(organisation, last_day) and moment_of_asking >= late_from:
                state = "missing"
            else:
                continue
            rows.append((organisation, period, state))
    return pl.DataFrame(rows, schema=schema, orient="row")
