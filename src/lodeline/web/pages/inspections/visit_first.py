"""The page `inspections/`, Visit first: which firms to visit this month and why, what to take along, what visits found.

Whoever reads of the nation reads it; who may enter visits also has the plans, and the way to a new one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Final

import polars as pl
from django.http import HttpResponse

from lodeline.language import bilingual, text
from lodeline.office.access import clock
from lodeline.office.findings.views import unsettled
from lodeline.office.inspections.plans import plans_open_to
from lodeline.regulation.span import Span
from lodeline.service.findings.finding import findings
from lodeline.service.inspections import choosing, outcomes
from lodeline.service.inspections.choosing import Choice
from lodeline.service.inspections.outcomes import Result
from lodeline.service.inspections.planning import plans
from lodeline.service.inspections.precision import measured
from lodeline.service.inspections.reading import visits_of
from lodeline.service.inspections.taking_along import TakingAlong, taking_along
from lodeline.service.inspections.visits import Inspection, inspections
from lodeline.web.access.territory import kept_to_firms, of_one_site
from lodeline.web.pages.common import asked
from lodeline.web.pages.common.filters import Filters, filters
from lodeline.web.pages.inspections.plans_part import plans_table
from lodeline.web.pages.inspections.visit_first_part import (
    choices_table,
    entry,
    outcomes_table,
    precision_table,
    roles_table,
)
from lodeline.web.pages.inspections.visits_part import inspections_table
from lodeline.web.parts import choice
from lodeline.web.parts.shell import show
from lodeline.web.parts.table import Table, shown, wanted_csv
from lodeline.web.parts.values import Field
from lodeline.web.reading import StillComputingError
from lodeline.web.visit import BadQuestionError, Visit
from lodeline.web.words import format as written

_visitable: Final = kept_to_firms(choosing.visitable)
_waiting: Final = kept_to_firms(outcomes.waiting)
#: A site of a firm that may be seen.
_taking_along: Final = of_one_site(taking_along)
#: Firms that are told of in sentences; the table has all.
IN_WORDS: Final = 20
_OWN: Final = ("month", "visits", "share")


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """A month's visits, and what was found at those of before."""

    month: str
    chosen: Sequence[Choice]
    results: Sequence[Result]
    made: Sequence[Inspection]


def visit_first(visit: Visit) -> HttpResponse:
    """The page; `?month=`, `?visits=` and `?share=` (percent by lot) say for how many visits firms are chosen,
    `?stage=`, `?region=` and `?organisation=` among which."""
    month = visit.query("month") or f"{clock.today(visit.law.timezone):%Y-%m}"
    choice.check_month(month)
    narrowed = _narrowed(visit, month)
    found = _round(visit, month, narrowed)
    writes = visit.actor.may("inspection.write")
    tables: dict[str, Table] = {
        "choices": choices_table(visit, found.chosen),
        "outcomes": outcomes_table(visit, found.results),
        "precision": precision_table(visit, found.results),
        "roles": roles_table(visit),
        "inspections": inspections_table(visit, found.made),
    }
    if writes:
        tables["plans"] = plans_table(visit, plans_open_to(visit.actor, visit.store))
    csv = wanted_csv(visit, *tables.values())
    if csv is not None:
        return csv
    told = found.chosen[:IN_WORDS]
    taken, reckoned = _taken(visit, told)
    last = {one.visit.site: one for one in found.results if one.visit.on.isoformat()[:7] < month}
    counted = next(iter(measured().values()))
    return show(
        visit,
        "lodeline/inspections/visit_first.html",
        title=_title(visit, found),
        entries=[entry(visit, one, taken.get(one.site), last) for one in told],
        reckoned=reckoned,
        more=written.count(len(found.chosen) - IN_WORDS) if len(found.chosen) > IN_WORDS else None,
        tables={name: shown(visit, table) for name, table in tables.items()},
        chance=written.percent(max((one.chance for one in found.chosen), default=0.0), visit.language, 0),
        seeds=counted.seeds,
        laboratories=visit.opens("laboratories"),
        filters=narrowed,
        fields=_fields(visit, month),
        month=written.month(month, visit.language),
    )


def _narrowed(visit: Visit, month: str) -> Filters:
    """What the address narrows the firms to. Raises as `filters` does."""
    filed = asked.months(visit)
    if filed is None:
        return Filters(span=Span.read(month))
    return filters(visit, filed, takes=("stage", "region", "organisation"), keeps=_OWN)


def _round(visit: Visit, month: str, narrowed: Filters) -> Round:
    """Raises BadQuestionError."""
    reading = visit.reading
    rows = reading.answer(findings, reading.store, reading.snapshot, reading.law).rows
    sites = _among(visit, reading.answer(_visitable, reading.snapshot), narrowed)
    firms = visit.actor.firms("nation.read")
    made = inspections(visit.store, None if firms is None else sorted(firms))
    visits = int(_number(visit, "visits", choosing.VISITS))
    share = _number(visit, "share", choosing.RANDOM_SHARE * 100) / 100
    try:
        chosen = choosing.choose(
            sites,
            unsettled(rows, today=clock.today(visit.law.timezone)),
            choosing.last_of(made, month),
            month=month,
            seed=choosing.month_seed(visit.store, month),
            visits=visits,
            share=share,
        )
    except choosing.ChoosingError as error:
        raise BadQuestionError(error.words) from error
    how = {one.entry.index: str(one.paper["chosen"]) for one in plans(visit.store)}
    late = reading.answer(_waiting, reading.store, reading.snapshot)["visit"].to_list()
    return Round(month=month, chosen=chosen, made=made, results=outcomes.results(visits_of(made), how, rows, late))


def _among(visit: Visit, sites: pl.DataFrame, narrowed: Filters) -> pl.DataFrame:
    """The sites that firm, region and stage leave."""
    register = visit.reading.snapshot.register
    firms = narrowed.firms(register)
    if firms is not None:
        sites = sites.filter(pl.col("organisation").is_in(firms))
    if narrowed.stage is not None:
        of_stage = [site for site, stage in register.site_stage.items() if stage == narrowed.stage]
        sites = sites.filter(pl.col("site").is_in(of_stage))
    return sites


def _taken(visit: Visit, told: Sequence[Choice]) -> tuple[dict[str, TakingAlong], bool]:
    """Site → what to take along, as far as it is reckoned, and whether all is: nobody waits for it."""
    reading, found, reckoned = visit.reading, dict[str, TakingAlong](), True
    for one in told:
        try:
            taken = reading.answer(_taking_along, reading.snapshot, site=one.site)
        except StillComputingError:
            reckoned = False
        else:
            if taken is not None:
                found[one.site] = taken
    return found, reckoned


def _title(visit: Visit, found: Round) -> str:
    if not found.chosen:
        return visit.text("No firm here holds material in its books")
    month = written.month(found.month, visit.language)
    number, by_lot = len(found.chosen), sum(one.how == "random" for one in found.chosen)
    firms = "1 firm" if number == 1 else f"{number} firms"
    return visit.text(
        "Visit {firms} in {month}, {by_lot} of them drawn by lot",
        firms=bilingual(firms, str(number)),
        month=month,
        by_lot=by_lot,
    )


def _number(visit: Visit, name: str, default: float) -> float:
    """A number of the address. Raises BadQuestionError."""
    given = visit.query(name)
    if given is None:
        return default
    try:
        number = Decimal(given)
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or not 0 <= number <= choosing.VISITS_MOST:
        raise BadQuestionError(text("{given!r} cannot be meant: write a number.", given=given[:40]))
    return float(number)


def _fields(visit: Visit, month: str) -> list[Field]:
    return [
        Field(
            name="month",
            label=visit.text("Month", context="inspections"),
            kind="month",
            value=month,
            required=True,
            width="short",
        ),
        Field(
            name="visits",
            label=visit.text("Visits", context="inspections, visit first"),
            width="short",
            inputmode="numeric",
            required=True,
            value=visit.query("visits") or str(choosing.VISITS),
        ),
        Field(
            name="share",
            label=visit.text("By lot, %"),
            width="short",
            inputmode="decimal",
            required=True,
            value=visit.query("share") or f"{choosing.RANDOM_SHARE * 100:.0f}",
        ),
    ]
