"""More was mined or separated than was granted for the year.

Loophole: an organisation keeps producing after its quota is used up, or without any, and relies on nobody adding up
its months. Its own filings are added up here, row by row, as they draw on the quota.

Innocent: a grant that is not in the register yet; feed that draws on no quota (secondary, or processed for the holder
of another quota); a mass or a content of oxide filed too high; a row dated in the wrong year.
Ask: the notice of the grant; contracts of processing for others; the assays of the rows from the day of the overrun.
Evidence: the totals, the row with which the grant was passed, the largest rows after it.
Source: what draws is stated in ledger.drawdown (Decree 785 of 2024; Order 71 of 2025, arts 2-3). A year of which the
register holds no grant of that kind to anybody is not judged: not known is not zero.
"""

from __future__ import annotations

import bisect
import itertools
from typing import Any, Final

import polars as pl

from lodeline.detection.detector import ROW, Detector, plain
from lodeline.detection.evidence import EVIDENCE_ROWS, described
from lodeline.detection.finding import Finding, ranked
from lodeline.language import Text, text
from lodeline.ledger.drawdown import FEED, draws
from lodeline.ledger.register import Register
from lodeline.material.element import TREO
from lodeline.material.mass import format_kg
from lodeline.message import NOTHING, Count, Day, Key, Mass, Term, Texts
from lodeline.regulation.parameter import Jurisdiction

INNOCENT: tuple[Text, ...] = (
    text("A grant, or an addition to it during the year, is not in the register yet."),
    text("Feed was processed for the holder of another quota, or was secondary and filed as mineral."),
    text("A mass or a content of oxide was filed too high, in the wrong unit, or twice."),
    text("A row was dated in the wrong year, or the ore type of its grant is another."),
)
ASK: tuple[Text, ...] = (
    text("The notices of all grants for the year, with their dates."),
    text("Production records and assays of the rows from the day on which the grant was passed."),
    text("Contracts under which feed of others was processed."),
)
TEXTS: Final = Texts(
    "quota-overrun",
    {
        "overrun": text(
            "For {kind}{ore} in {year}, {granted} kg REO were granted and {used} kg used: {overrun} kg too much."
        ),
        "passed": text("The grant was passed on {day}, with event {event}; {rows} rows followed."),
    },
)
_KINDS: Final = {"mining": Term(**text("mining")), "separation": Term(**text("separation"))}
_ORES: Final = {"rock": Term(**text(" of rock ore")), "ion": Term(**text(" of ion ore")), "": NOTHING}
_GRANT = ("organisation", "kind", "ore_type", "year")
_Grant = tuple[str, str, str, int]


def quota_overrun(
    *, lines: pl.DataFrame, lot_facts: pl.DataFrame, register: Register, law: Jurisdiction
) -> list[Finding]:
    """One finding per grant (organisation, kind, ore type, year) of which more was used than granted, as `ranked`.

    Parameters: `lines` in force (columns of `ledger.movement.LINE`), `lot_facts` what each lot is (as for
    `ledger.drawdown.draws`). Only organisations of the jurisdiction's country draw on its quotas. `mass_mg` is the
    overrun in REO, of masses as filed: `score` is None and both bounds are unknown.
    """
    domestic = register.tables["organisations"].filter(pl.col("country") == law.country)["id"]
    is_theirs = pl.col("organisation").is_in(domestic.implode())
    feed = lines.lazy().filter(FEED, pl.col("lot").is_not_null(), is_theirs).select(_FEED).collect()
    drawn = _beyond_grants(_drawn_rows(feed, lot_facts, made=lines), register)
    placed = drawn.join(lines.select("on", "event", "ordinal", "entry", seq="line"), on="seq")
    return ranked(
        _finding(grant, register.grants.get(grant, 0), rows) for grant, rows in _by_grant(placed, register).items()
    )


DETECTOR: Final = Detector(
    name="quota-overrun",
    label=text("Quota overrun"),
    mark=("square", "hold"),
    find=quota_overrun,
    texts=TEXTS,
    question=text("Why is {firm} {mass} over its {quota} quota of {year}?"),
    labels={
        "used_kg": text("Used, REO"),
        "overrun_kg": text("Beyond the grant, REO"),
        "passed_on": text("Grant passed on"),
    },
    shown={**ROW, "totals": plain("granted_kg", "used_kg", "overrun_kg", "passed_on")},
)


#: What of a line says what it draws.
_FEED: Final = ("line", "lot", "kind", "role", "organisation", "event", "on", "dry_mg", "origin_kind")


def _drawn_rows(feed: pl.DataFrame, lots: pl.DataFrame, *, made: pl.DataFrame) -> pl.DataFrame:
    """What each row draws: `_GRANT`, `reo_mg`, `seq`."""
    # Draws are asked for by lot; a row that stands for a lot of its own is drawn for by itself.
    facts = feed.select("line", "lot").join(lots, on="lot").with_columns(lot="line").drop("line")
    return draws(feed.with_columns(lot="line"), facts, made).rename({"lot": "seq"})


def _beyond_grants(drawn: pl.DataFrame, register: Register) -> pl.DataFrame:
    """The rows of those grants of which more was drawn than granted."""
    judged = {(kind, year) for _, kind, _, year in register.grants}
    sums = drawn.group_by(_GRANT, maintain_order=True).agg(pl.col("reo_mg").sum())
    used: dict[_Grant, int] = {}
    grants: list[_Grant] = [register.grant_for(*row[:4]) for row in sums.iter_rows()]
    for grant, reo_mg in zip(grants, sums["reo_mg"], strict=True):
        used[grant] = used.get(grant, 0) + reo_mg
    beyond = [(one[1], one[3]) in judged and used[one] > register.grants.get(one, 0) for one in grants]
    return drawn.join(sums.filter(pl.Series(beyond, dtype=pl.Boolean)), on=_GRANT, how="semi")


def _by_grant(drawn: pl.DataFrame, register: Register) -> dict[_Grant, list[dict[str, Any]]]:
    """The rows of each grant in the order of days, then events."""
    rows: dict[_Grant, list[dict[str, Any]]] = {}
    for row in drawn.sort(*_GRANT, "on", "event", "ordinal").iter_rows(named=True):
        grant = register.grant_for(row["organisation"], row["kind"], row["ore_type"], row["year"])
        rows.setdefault(grant, []).append(row)
    # A grant without ore type takes the draws of both, which must be added up by day.
    return {grant: sorted(drawing, key=lambda row: row["on"]) for grant, drawing in rows.items()}


def _finding(grant: _Grant, granted_mg: int, rows: list[dict[str, Any]]) -> Finding:
    organisation, kind, ore_type, year = grant
    used = list(itertools.accumulate(row["reo_mg"] for row in rows))
    used_mg = used[-1]
    place = bisect.bisect_right(used, granted_mg)
    passing, later = rows[place], rows[place + 1 :]
    masses_mg = {"granted": granted_mg, "used": used_mg, "overrun": used_mg - granted_mg}
    largest = sorted(later, key=lambda row: -row["reo_mg"])[: EVIDENCE_ROWS - 1]
    totals = {f"{name}_kg": format_kg(mass_mg) for name, mass_mg in masses_mg.items()}
    source = "origin" if kind == "mining" else "transformation"
    masses = {name: Mass(mass_mg) for name, mass_mg in masses_mg.items()}
    return Finding(
        detector=DETECTOR.name, subject={"organisation": organisation, "kind": kind, "ore_type": ore_type},
        first_period=f"{year:04d}-01", last_period=f"{year:04d}-12", score=None, mass_mg=used_mg - granted_mg,
        interval_mg=(None, None), elements=(TREO,),
        explanation=(
            TEXTS.message("overrun", kind=_KINDS[kind], ore=_ORES[ore_type], year=Key(str(year)), **masses),
            TEXTS.message(
                "passed",
                day=Day(passing["on"].isoformat()),
                event=Key(str(passing["event"])),
                rows=Count(len(later)),
            ),
        ),
        innocent=INNOCENT, ask=ASK,
        evidence=(
            {"totals": {**totals, "passed_on": passing["on"].isoformat()}},
            *(described({**row, "kind": source}, mass=row["reo_mg"]) for row in (passing, *largest)),
        ),
    )  # fmt: skip
