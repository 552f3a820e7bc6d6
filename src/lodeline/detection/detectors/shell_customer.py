"""Several customers that are one: names that are likely one firm's, the same address or telephone; they buy, never use.

Loophole: a buyer that may not be supplied, or that wants to stay below a bound, buys under several names. None of them
files, holds a site or passes anything on: what they bought is out of sight. Or one that is new takes many magnets.

Innocent: companies of one group, or tenants; a firm renamed; two records of one customer; a bookkeeper's address.
Ask: who owns and runs the customers; where the goods are used; delivery notes with the place of delivery.
Evidence: what the customers share, then the largest sales to them.
Source: Regulations on dual-use items (know your end user); how likely two names are one firm's: `party.likeness`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from functools import lru_cache
from typing import Final

import polars as pl

from lodeline.detection.alarm import ALARM_SCORE
from lodeline.detection.customers import (
    Customer,
    Trait,
    alike,
    buyers_of,
    customers_of,
    groups_of,
    names_of,
    wordings_of,
)
from lodeline.detection.detector import ROW, Detector
from lodeline.detection.evidence import EVIDENCE_ROWS, described, last_day, months_of, with_treo_mass
from lodeline.detection.finding import Finding, ranked
from lodeline.detection.limits import Limits
from lodeline.detection.null import binomial_tail, score_of
from lodeline.detection.rewording import reworded, rewording
from lodeline.language import Text, text
from lodeline.ledger.register import Register
from lodeline.ledger.roles import FILING_ROLES
from lodeline.material.element import TREO
from lodeline.message import SEMICOLON, Contact, Count, Mass, Message, Name, Number, Party, Series, Texts
from lodeline.party.name import Name as NameOf

#: A seller, its customers that are one, what they share (of a new one the sentence about it), and the score.
_Seen = tuple[str, tuple[str, ...], tuple[Trait, ...] | Message, float | None]

INNOCENT: tuple[Text, ...] = (
    text("The customers are companies of one group, or tenants of one building."),
    text("A firm was renamed, and both names stand in the register."),
    text("The seller's own books have one customer twice."),
    text("The address is that of a bookkeeper or agent."),
)
ASK: tuple[Text, ...] = (
    text("Who owns and who runs each of the customers."),
    text("Where the goods are used, and for what."),
    text("Delivery notes that show where the goods were handed over."),
)
TEXTS: Final = Texts(
    "shell-customer",
    {
        "share": text("{number} customers ({customers}) share {shared}."),
        "new": text(
            "A customer of no register ({customers}) is new and took {share} % of the firm's magnets in {days} days."
        ),
        "name": text("the name {name}"),
        "contact": text("the contact {contact}"),
        "bought": text("They bought {mass} kg TREO in {rows} rows, and none of them files, holds a site or sells on."),
    },
)


def _bought(*, lines: pl.DataFrame) -> pl.DataFrame:
    """Who bought of an `organisation` (`customers.buyers_of`), and the days `on` of the sales to it, one each."""
    sales = _sales(lines).select("organisation", "party", "event", "on", "line", "counterparty_country")
    days = (
        sales.unique(["organisation", "party", "event"], keep="first", maintain_order=True)
        .group_by("organisation", "party", maintain_order=True)
        .agg("on")
    )
    return buyers_of(sales).join(days, on=["organisation", "party"], maintain_order="left")


def _filers(*, lines: pl.DataFrame) -> pl.DataFrame:
    """Each `organisation` that filed."""
    return lines.select("organisation").unique()


def shell_customer(
    *, lines: pl.DataFrame, lot_assays: pl.DataFrame, register: Register, limits: Limits
) -> list[Finding]:
    """One finding per seller and group of its customers that are likely one, or new customer, as `ranked`.

    Parameters: `lines` in force (columns of `ledger.movement.LINE`), `lot_assays` as in `accountancy.frames`.
    Customers are organisations that neither file nor hold a site, and names that are no party of the register; a name
    that a seller wrote once is a typing error. `score`: how unlikely so many sales bear another name than the group's
    commonest; None where all are of the register, as nobody knows how often honest customers share a roof. `mass_mg` is
    the TREO sold to the group.
    """
    bought = _bought(lines=lines)
    filers = _filers(lines=lines)
    values = limits.on(last_day(lines))
    customers = _strangers(bought, filers, register)
    theirs = bought.filter(pl.col("party").is_in(list(customers))).sort("line")
    sold: dict[str, dict[str, int]] = {}
    for seller, party, number in theirs.select("organisation", "party", pl.col("on").list.len()).iter_rows():
        sold.setdefault(seller, {})[party] = number
    people = {seller: tuple(customers[one] for one in parties) for seller, parties in sold.items()}
    wordings = {
        seller: [tuple(sorted(one.party for one in group)) for group in wordings_of(some)]
        for seller, some in people.items()
    }
    firms = {seller: [members for members, _ in groups_of(some)] for seller, some in people.items()}
    grouped = {one for groups in (wordings, firms) for one, some in groups.items() if any(len(own) > 1 for own in some)}
    days = _days(theirs.filter(pl.col("organisation").is_in(grouped)))
    of_each = {seller: sum(parties.values()) for seller, parties in sold.items()}
    habits = {
        True: rewording(of_each, wordings, days, least=values["reworded_rate"], weight=values["habit_sales"]),
        False: rewording(of_each, firms, days, least=values["renamed_rate"], weight=values["habit_sales"]),
    }
    seen: list[_Seen] = []
    for seller in grouped:
        days_of = days[seller]
        known = tuple(
            one for one in people[seller]
            if one.party in register.party_ids or len(days_of[one.party]) >= values["least_sales"]
        )  # fmt: skip
        groups = [(members, shared, False) for members, shared in groups_of(known)]
        # Two wordings of one name are a habit until others are seen to have none.
        if habits[True].of_others(seller)[1] >= values["least_others"]:
            groups += [(members, (Trait(True, members[0]),), True) for members in wordings[seller]]
        asked: set[str] = set()
        for members, shared, is_one in groups:
            if len(members) < values["least_customers"] or not asked.isdisjoint(members):
                continue
            score = None
            if is_one or not register.party_ids.issuperset(members):
                others, count = reworded(days_of, members, meanwhile=is_one)
                chance = habits[is_one].chance(seller, reworded(days_of, members))
                score = score_of(binomial_tail(others, count, chance), tests=len(wordings[seller]))
                if others < values["least_reworded"] or score < ALARM_SCORE:
                    continue
            asked |= set(members)
            seen.append((seller, members, shared, score))
    seen += _newcomers(_sales(lines), wordings, register, values)
    if not seen:
        return []
    sales = _sales(lines.filter(pl.col("organisation").is_in({seller for seller, *_ in seen})))
    sales = with_treo_mass(sales, lot_assays).with_columns(registered=pl.col("party").is_in(register.party_ids))
    return ranked(
        _finding(
            seller, members, shared,
            sales.filter((pl.col("organisation") == seller) & pl.col("party").is_in(members)), score,
        )
        for seller, members, shared, score in seen
    )  # fmt: skip


DETECTOR: Final = Detector(
    name="shell-customer",
    label=text("Shell customer"),
    mark=("square", "ink"),
    find=shell_customer,
    texts=TEXTS,
    labels={"shared": text("What they share"), "customers": text("Customers")},
    shown={**ROW, "party": "party"},
)


def _sales(lines: pl.DataFrame) -> pl.DataFrame:
    return lines.filter(pl.col("kind").is_in(["shipment", "export", "title"]) & pl.col("party").is_not_null())


def _days(bought: pl.DataFrame) -> dict[str, dict[str, list[date]]]:
    """Seller → party → the days of the sales to it."""
    days: dict[str, dict[str, list[date]]] = {}
    for seller, party, on in bought.select("organisation", "party", "on").iter_rows():
        days.setdefault(seller, {})[party] = on
    return days


def _newcomers(
    sales: pl.DataFrame, wordings: Mapping[str, list[tuple[str, ...]]], register: Register, values: Mapping[str, float]
) -> Iterator[_Seen]:
    """New customers of makers of magnets that no register has, with how much they took."""
    span = timedelta(days=values["new_days"])
    magnets = sales.filter(pl.col("product").str.starts_with("magnet"), pl.col("organisation").is_in(list(wordings)))
    for (seller,), rows in magnets.group_by("organisation", maintain_order=True):
        for members in wordings[str(seller)]:
            theirs = rows.filter(pl.col("party").is_in(members))
            if theirs["event"].n_unique() < values["new_sales"] or not register.party_ids.isdisjoint(members):
                continue
            first, begun = min(theirs["on"]), min(rows["on"])
            since = pl.col("on").is_between(first, first + span, closed="left")
            taken, sold = (float(one.filter(since)["dry_mg"].sum()) for one in (theirs, rows))
            if first - begun >= span and 100 * taken >= values["new_share_pct"] * sold > 0:
                named, share = Series(tuple(map(Name, members))), Number(100 * taken / sold, 0)
                sentence = TEXTS.message("new", customers=named, share=share, days=Count(span.days))
                yield str(seller), members, sentence, None


def _strangers(bought: pl.DataFrame, filers: pl.DataFrame, register: Register) -> dict[str, Customer]:
    """Buyers that neither must file, nor did, nor hold a site, under whatever name."""
    table = register.tables["organisations"]
    filing = pl.col("roles").fill_null([]).list.eval(pl.element().is_in(list(FILING_ROLES))).list.any()
    seen = pl.concat([register.tables["sites"]["organisation"], filers["organisation"]]).unique()
    at_work = table.filter(filing.fill_null(False) | pl.col("id").is_in(seen.implode()))
    strange = bought.filter(~pl.col("party").is_in(at_work["id"].implode())).sort("told_in")
    customers = customers_of(strange, register)
    named = [one for one in customers.values() if one.party not in register.party_ids]
    # A filer by another name is no stranger.
    places = _alike_places(tuple(one.names[0] for one in named), tuple(names_of(at_work)))
    by_another = {named[place].party for place in places}
    return {party: one for party, one in customers.items() if party not in by_another}


@lru_cache(maxsize=4)
def _alike_places(ones: tuple[NameOf, ...], others: tuple[NameOf, ...]) -> frozenset[int]:
    """The places of names that may be one of the others. Kept at hand: few filings bring another name."""
    return frozenset(place for place, *_ in alike(ones, others))


def _finding(
    seller: str, members: Sequence[str], shared: tuple[Trait, ...] | Message, sales: pl.DataFrame, score: float | None
) -> Finding:
    first, last = months_of(sales)
    mass_mg = int(sales["treo_mg"].sum())
    registered = set(sales.filter("registered")["party"])
    customers = Series(tuple(Party(one) if one in registered else Name(one) for one in members))
    traits = () if isinstance(shared, Message) else shared
    words = (
        TEXTS.message("name", name=Name(one.text))
        if one.is_name
        else TEXTS.message("contact", contact=Contact(one.text))
        for one in traits[:3]
    )
    alike_in = Series(tuple(words), SEMICOLON)
    return Finding(
        detector=DETECTOR.name, subject={"organisation": seller, "customer": str(sales.sort("on", "line")["party"][0])},
        first_period=first, last_period=last, score=score, mass_mg=mass_mg, interval_mg=(mass_mg, None),
        elements=(TREO,) if mass_mg else (),
        explanation=(
            shared
            if isinstance(shared, Message)
            else TEXTS.message("share", number=Count(len(members)), customers=customers, shared=alike_in),
            TEXTS.message("bought", mass=Mass(mass_mg), rows=Count(sales.height)),
        ),
        innocent=INNOCENT, ask=ASK,
        evidence=(
            {"shared": [one.text for one in traits], "customers": list(members)},
            *(
                {"party": row["party"], **described({**row, "seq": row["line"]}, mass=row["dry_mg"])}
                for row in sales.sort("dry_mg", "line", descending=[True, False])
                .head(EVIDENCE_ROWS)
                .iter_rows(named=True)
            ),
        ),
    )  # fmt: skip
