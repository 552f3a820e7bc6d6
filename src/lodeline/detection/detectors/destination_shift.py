"""After a control date, exports turn up in a country that never bought before, and fall where they used to go.

Loophole: goods that may no longer go straight to their user go round: to a third country, or to a new party near the
old one. For each exporter two things are asked of the date on which a control list came into force. Were the
consignments before and after it one trade, how many would have gone to the new buyer, and how many to the old
countries? And how often do exporters win, in so short a time, a buyer that nobody had ever supplied?

Innocent: a new customer won in fair trade; an old customer that moved its plant; a licence that was granted for one
country first; seasons.
Ask: who the new buyers are, what they make of the goods, and the end-user statements; why the old trade ended.
Evidence: consignments before and after by country, then the rows that went the new way.
Source: Reuters, 9 July 2025 (antimony through Thailand and Mexico); the days are those of the control lists of the
law.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

import polars as pl

from lodeline.detection.alarm import alarm_score
from lodeline.detection.customers import customers_of, wordings_of
from lodeline.detection.detector import ROW, Detector, plain
from lodeline.detection.evidence import EVIDENCE_ROWS, described, last_day, months_of, with_treo_mass
from lodeline.detection.finding import Finding, ranked
from lodeline.detection.limits import Limits, control_days
from lodeline.detection.need import Need
from lodeline.detection.null import hypergeometric_tail, product_tail, score_of
from lodeline.language import Text, text
from lodeline.ledger.register import Register
from lodeline.material.element import SYMBOLS, TREO
from lodeline.material.mass import PPB
from lodeline.message import Count, Day, Fact, Key, Mass, Name, Party, Texts
from lodeline.regulation.control_list import control_items
from lodeline.regulation.parameter import Jurisdiction
from lodeline.tables import table_rows

INNOCENT: tuple[Text, ...] = (
    text("A new customer was won, or an old one moved its plant."),
    text("Licences were granted for one country before another."),
    text("The goods sent now are not controlled, and the market for them is elsewhere."),
)
ASK: tuple[Text, ...] = (
    text("Who the new buyers are, who owns them, and what they make of the goods."),
    text("End-user statements, and proof that the goods arrived and were used there."),
    text("Correspondence about the end of the trade with the old customers."),
)
TEXTS: Final = Texts(
    "destination-shift",
    {
        "rose": text(
            "Before {day} none of {before} consignments of free goods went to {where}; since then "
            "{there} of {after} did, {mass} kg TREO."
        ),
        "buyer": text("{party} ({country})"),
        "fell": text("{country} had {before} before and has had {after} since."),
    },
)


def _exported(
    *, lines: pl.DataFrame, lot_facts: pl.DataFrame, lot_assays: pl.DataFrame, law: Jurisdiction
) -> pl.DataFrame:
    """What an `organisation` exports to another `country`, the `goods` that the lot is, and where its buyer is by the
    row (`counterparty_country`).
    """
    facts = lot_facts.select("lot", goods=pl.col("product").str.split(":").list.first())
    return with_treo_mass(_exports(lines, law), lot_assays).join(facts, on="lot", how="left", maintain_order="left")


def _held(*, lines: pl.DataFrame, lot_assays: pl.DataFrame, law: Jurisdiction) -> pl.DataFrame:
    """The compositions of the lots that an `organisation` exports: `lot`, `element`, `ppb`."""
    sent = _exports(lines, law).select("organisation", "lot").unique()
    return sent.join(lot_assays.filter(pl.col("lot").is_in(sent["lot"].unique().implode())), on="lot")


def destination_shift(
    *, lines: pl.DataFrame, lot_facts: pl.DataFrame, lot_assays: pl.DataFrame, register: Register, law: Jurisdiction,
    limits: Limits,
) -> list[Finding]:  # fmt: skip
    """One finding per exporter whose free goods went to one new country after a control date, as `ranked`.

    Parameters: `lines` in force and `lot_facts` (`ledger.movement`), `lot_assays` as in `accountancy.frames`. A
    consignment is what one export event takes to a country; looked at are goods that no list names, because licences
    alone decide where the others go. An exporter that sold nothing before the date, or fewer than `least_after`
    consignments to the new country, is not testable; with fewer than `least_before` before it, the old trade is not
    compared. `mass_mg` is the TREO that went the new way.
    """
    exported = _exported(lines=lines, lot_facts=lot_facts, lot_assays=lot_assays, law=law)
    held = _held(lines=lines, lot_assays=lot_assays, law=law)
    values = limits.on(last_day(lines))
    if exported.is_empty():
        return []
    exports = exported.sort("line")
    listed = _listed_lots(exports, held, law, values["controlled_pct"] / 100)
    exports = exports.with_columns(party=pl.col("party").replace(_buyers(exports, register)))
    consignments = (
        exports.join(listed, on="lot", how="anti", maintain_order="left")
        .group_by("organisation", "event", "country", maintain_order=True)
        .agg(pl.col("dry_mg", "treo_mg").sum(), pl.col("on", "party", "entry", "line", "kind").first())
    )
    found: dict[str, Finding] = {}
    exporters = consignments["organisation"].n_unique()
    alarm = alarm_score(tested=max(1, exporters), sites=register.tables["sites"].height)
    first, last = (consignments.select(bound).item() for bound in (pl.col("on").min(), pl.col("on").max()))
    days = [day for day in control_days(law) if first is not None and first < day <= last]
    sent = consignments.group_by("organisation", maintain_order=True).agg("on", "country", "party")
    by_firm = [(firm, list(zip(*columns, strict=True))) for firm, *columns in sent.iter_rows()]
    for day in days:
        arrivals = _arrivals(consignments, day, values)
        for organisation, rows in by_firm:
            # The lists came in steps; an exporter is asked about the first after which it changed its ways.
            if organisation in found:
                continue
            shift = _judged(organisation, rows, arrivals, values, dates=len(days))
            if shift is not None and shift.score >= alarm:
                own = consignments.filter(pl.col("organisation") == organisation)
                found[organisation] = _finding(shift, own, arrivals.strangers, register.party_ids)
    return ranked(found.values())


DETECTOR: Final = Detector(
    name="destination-shift",
    label=text("Destination shift"),
    mark=("diamond", "flow"),
    find=destination_shift,
    need=Need(months=2),
    texts=TEXTS,
    shown={**ROW, "party": "party", "totals": plain("control_date", "before", "after")},
)


def _exports(lines: pl.DataFrame, law: Jurisdiction) -> pl.DataFrame:
    """Rows that take goods to another country."""
    exports = lines.filter((pl.col("kind") == "export") & (pl.col("dry_mg") > 0)).select(
        "organisation", "event", "entry", "line", "kind", "on", "lot", "party", "dry_mg",
        country=pl.coalesce("destination", "counterparty_country"),
        counterparty_country=pl.coalesce("counterparty_country", "destination"),
    )  # fmt: skip
    return exports.filter(pl.col("country").is_not_null() & (pl.col("country") != law.country))


def _listed_lots(exports: pl.DataFrame, held: pl.DataFrame, law: Jurisdiction, least: float) -> pl.DataFrame:
    """Lots that hold an element in a form that a list names: `lot`. Lists count as they stood on the last day."""
    day = last_day(exports)
    items = control_items(law, day, known=day) if day is not None else ()
    pairs = {(SYMBOLS.index(element), item.form) for item in items for element in item.rare_earths}
    named = pl.DataFrame(sorted(pairs), schema={"element": pl.UInt8, "form": pl.String}, orient="row")
    forms = pl.DataFrame(
        [
            (row["product"], form)
            for row in table_rows("reference/product_forms.csv")
            for form in row["forms"].split("|")
        ],
        schema=["goods", "form"],
        orient="row",
    )
    goods = exports.select("lot", "goods").unique()
    named = goods.join(forms, on="goods").join(named, on="form")
    return (
        named.join(held.filter(pl.col("ppb") > least * PPB), on=["lot", "element"], how="semi").select("lot").unique()
    )


def _buyers(exports: pl.DataFrame, register: Register) -> dict[str, str]:
    """Name that no register has → who it is: an old customer whose name is written in another way is no new one."""
    found: dict[str, str] = {}
    for group in wordings_of(tuple(customers_of(exports.drop_nulls("party"), register).values())):
        parties = sorted((one.party for one in group), key=lambda one: (one not in register.party_ids, one))
        found.update((one, parties[0]) for one in parties if one not in register.party_ids)
    return found


_ARRIVAL: Final = ("organisation", "party", "on", "afar")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Arrivals:
    """Buyers that nobody had supplied before a day: (exporter, buyer) → when it first supplied them, and whether afar
    (in a country where the exporter sold nothing before). `later`: afar or not → how many came later than the `window`.

    `exposed` exporter-days are behind those that came later than the `window` after the day, when trade goes round.
    """

    rows: Mapping[tuple[str, str], tuple[date, bool]]
    later: Mapping[bool, int]
    strangers: frozenset[str]
    exposed: float
    window: timedelta
    day: date

    def chance(self, organisation: str, party: str) -> float:
        """How likely an exporter wins such a buyer so soon after the day, by what others did at other times."""
        mine = self.rows.get((organisation, party))
        if mine is None:
            return 1.0
        on, afar = mine
        alike = self.later[afar] - (on >= self.day + self.window)
        # Half an arrival more than were seen: what never happened may happen. So short a wait is one, or a shorter.
        return -math.expm1(-(alike + 0.5) / self.exposed * ((on - self.day).days + 1))


def _arrivals(consignments: pl.DataFrame, day: date, values: Mapping[str, float]) -> _Arrivals:
    window = timedelta(days=values["window_days"])
    known = consignments.filter(pl.col("on") < day)["party"].drop_nulls().unique()
    new = consignments.filter(pl.col("party").is_not_null() & ~pl.col("party").is_in(known.implode()))
    homes = consignments.filter(pl.col("on") < day).select("organisation", "country", home=pl.lit(True)).unique()
    rows = (
        new.sort("on", "line")
        .group_by("organisation", "party", maintain_order=True)
        .agg(pl.col("on", "country").first(), pl.len())
        .filter(pl.col("len") >= values["least_after"])
        .join(homes, on=["organisation", "country"], how="left")
        .with_columns(afar=pl.col("home").is_null())
    )
    exporters = consignments["organisation"].n_unique()
    last = last_day(consignments)
    came_later = rows.filter(pl.col("on") >= day + window)["afar"]
    later = max(0, (last - day - window).days) if last is not None else 0
    return _Arrivals(
        rows={(one, party): (on, afar) for one, party, on, afar in rows.select(*_ARRIVAL).iter_rows()},
        later={afar: int((came_later == afar).sum()) for afar in (False, True)},
        strangers=frozenset(new["party"]),
        exposed=exporters * max(later, window.days),
        window=window,
        day=day,
    )


def _judged(
    organisation: str, rows: Sequence[tuple[date, str, str | None]], arrivals: _Arrivals,
    values: Mapping[str, float], *, dates: int,
) -> _Shift | None:  # fmt: skip
    """What one exporter did at one date: a country that rose, another that fell, and whether buyers are new there.

    `rows`: day, country and buyer of each consignment.
    """
    before = [country for on, country, _ in rows if on < arrivals.day]
    after = [(country, party) for on, country, party in rows if on >= arrivals.day]
    if not before or not after:
        return None
    old = dict(sorted(Counter(before).items()))
    # A buyer that nobody supplied before is new wherever it is; else a country is.
    new = Counter(
        (country, party if party in arrivals.strangers else None)
        for country, party in after
        if party in arrivals.strangers or country not in old
    )
    risen = sorted(
        ((number, *one) for one, number in new.items() if number >= values["least_after"]),
        key=lambda one: (one[0], one[1], one[2] is None, one[2] or ""),
    )
    if not risen:
        return None
    still = Counter(country for country, _ in after)
    fallen = {one: hypergeometric_tail(old[one], len(rows), len(before), old[one] + still[one]) for one in old}
    lost = min(fallen, key=lambda one: (fallen[one], one))
    compared = len(before) >= values["least_before"]
    best: _Shift | None = None
    for number, country, party in risen:
        # If the date meant nothing, all orders of the consignments were as likely: hypergeometric.
        p_rise = hypergeometric_tail(number, len(rows), len(after), number)
        p = product_tail([p_rise, min(1.0, len(fallen) * fallen[lost])]) if compared else 1.0
        if party is not None:
            # A buyer that nobody knew says more than one that others supply: by itself, or with the change; two tests.
            chance = arrivals.chance(organisation, party)
            p = min(1.0, 2 * min(chance, product_tail([p, chance])))
        score = score_of(p, tests=len(risen) * dates)
        if best is None or score > best.score:
            best = _Shift(
                organisation=organisation, country=country, party=party, lost=lost, day=arrivals.day, score=score
            )
    return best


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shift:
    organisation: str
    country: str
    party: str | None
    lost: str
    day: date
    score: float


def _finding(shift: _Shift, own: pl.DataFrame, strangers: frozenset[str], known: frozenset[str]) -> Finding:
    """About the consignments of the exporter. `known`: the ids of the register."""
    before, after = own.filter(pl.col("on") < shift.day), own.filter(pl.col("on") >= shift.day)
    there = after.filter(pl.col("country") == shift.country).sort("on", "line")
    if shift.party:
        there = there.filter((pl.col("party") == shift.party) & pl.col("party").is_in(list(strangers)))
    first, last = months_of(there)
    mass_mg = int(there["treo_mg"].sum())
    where: Fact = Key(shift.country)
    if shift.party:
        buyer = Party(shift.party) if shift.party in known else Name(shift.party)
        where = TEXTS.message("buyer", party=buyer, country=where)
    was, still = (part.filter(pl.col("country") == shift.lost).height for part in (before, after))
    return Finding(
        detector=DETECTOR.name,
        subject={"organisation": shift.organisation, "country": shift.country}
        | ({"party": shift.party} if shift.party else {}),
        first_period=first, last_period=last, score=shift.score, mass_mg=mass_mg, interval_mg=(None, None),
        elements=(TREO,) if mass_mg else (),
        explanation=(
            TEXTS.message(
                "rose",
                day=Day(shift.day.isoformat()),
                before=Count(before.height),
                where=where,
                there=Count(there.height),
                after=Count(after.height),
                mass=Mass(mass_mg),
            ),
            TEXTS.message("fell", country=Key(shift.lost), before=Count(was), after=Count(still)),
        ),
        innocent=INNOCENT, ask=ASK,
        evidence=(
            {
                "totals": {
                    "control_date": shift.day.isoformat(),
                    "before": _by_country(before),
                    "after": _by_country(after),
                }
            },
            *(_row(row) for row in there.sort("dry_mg", descending=True).head(EVIDENCE_ROWS).iter_rows(named=True)),
        ),
    )  # fmt: skip


def _by_country(rows: pl.DataFrame) -> dict[str, int]:
    return dict(rows.group_by("country").agg(pl.len()).sort("len", "country", descending=[True, False]).iter_rows())


def _row(row: dict[str, Any]) -> dict[str, Any]:
    description = described({**row, "seq": row["line"]}, mass=row["dry_mg"])
    return {**description, **({"party": row["party"]} if row["party"] else {})}
