"""Organisations: who there is, who has filed a month and who has not, and what has been said to them about it.

Whoever keeps the register admits organisations from here, and changes what is known of each.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

import polars as pl
from django.http import HttpResponse, HttpResponseRedirect

from lodeline import language as lang
from lodeline.detection.identity import named_in
from lodeline.language import bilingual
from lodeline.office.filing.duty import DemandError, demands
from lodeline.service.filing import status as filing_status
from lodeline.service.findings.finding import findings
from lodeline.service.overview import overview as questions
from lodeline.web.pages.common.filters import NAMES
from lodeline.web.pages.register import filed
from lodeline.web.parts import choice
from lodeline.web.parts.shell import show
from lodeline.web.parts.table import Cell, Column, Row, RowsOf, Table, shown, wanted_csv
from lodeline.web.reading import EmptyStoreError, Reading
from lodeline.web.visit import BadQuestionError, NotHereError, Visit
from lodeline.web.words import format as written
from lodeline.web.words import words
from lodeline.web.words.words import STATE_MARKS

#: Firms of one state are chosen together: nobody who is to be reminded stands on another page.
_CHOSEN_AT_ONCE: Final = 500
_PER_PAGE: Final = 50
#: What narrows this page, beside the names of the filter line that it does not take.
_TAKES: Final = ("period", "region")


def organisations(visit: Visit) -> HttpResponse:
    """The page `organisations/`: `?q=`, `?role=`, `?country=`, `?region=`, `?state=` (of `?period=`) narrow it; its
    form says something to those chosen."""
    reading = _reading(visit)
    months = None if reading is None else reading.answer(questions.months, reading.store, reading.snapshot, reading.law)
    period = None if months is None else choice.period(visit, months)
    states = _states(reading, period)
    state = _state(visit)
    refused: DemandError | None = None
    if visit.request.method == "POST":
        try:
            said = filed.say(visit, period or "", set(states))
            return HttpResponseRedirect(visit.here(said=said), status=303)
        except DemandError as error:
            refused = error
    may_chase = state is not None and period is not None and visit.actor.may("duty.chase")
    table = _table(visit, _chosen(visit, states, state), states, period, reading, at_once=may_chase)
    csv = wanted_csv(visit, table)
    if csv is not None:
        return csv
    return show(
        visit,
        "lodeline/register/organisations.html",
        title=_title(visit, states, period),
        status=200 if refused is None else 400,
        table=shown(visit, table),
        total=written.count(visit.register.tables["organisations"].height),
        due="" if reading is None or period is None else filed.due(visit, reading, period),
        extended=[] if period is None else filed.extended(visit, period),
        periods=None if months is None or period is None else choice.period_links(visit, months, period),
        months=[] if months is None else [(one, written.month(one, visit.language)) for one in reversed(months.all)],
        states=_state_links(visit, states, state),
        kinds=filed.kinds(visit) if may_chase else [],
        fields=filed.fields(visit, refused),
        notices=filed.notices(visit),
        acts=_acts(visit),
        asked={name: visit.query(name) or "" for name in ("q", "role", "country", "region", "state")}
        | {"period": period or ""},
        rest={name: value for name in NAMES if name not in _TAKES and (value := visit.query(name))},
        **_options(visit),
    )


def _reading(visit: Visit) -> Reading | None:
    """What the ledger says; None where nothing was entered yet, for whoever can enter it."""
    try:
        return visit.reading
    except EmptyStoreError:
        if not visit.actor.may("register.write"):
            raise
        return None


def _states(reading: Reading | None, period: str | None) -> dict[str, str]:
    """Organisation → filed, late or missing, in the chosen month."""
    if reading is None or period is None:
        return {}
    status = reading.answer(filing_status.filing_status, reading.store, reading.snapshot, reading.law)
    return dict(status.filter(pl.col("period") == period).select("organisation", "state").iter_rows())


def _state(visit: Visit) -> str | None:
    state = visit.query("state")
    if state is not None and state not in words.FILING_STATES:
        known = ", ".join(words.FILING_STATES)
        raise BadQuestionError(lang.text("No state is called {state!r}: {known}.", state=state, known=known))
    return state


def _title(visit: Visit, states: Mapping[str, str], period: str | None) -> str:
    register = visit.register.tables["organisations"]
    if not register.height:
        return visit.text("The register is empty")
    if period is None:
        every = written.count(register.height)
        return visit.text("{every} organisations, and nobody has filed yet", every=every)
    month, every = written.month(period, visit.language), written.count(len(states))
    missing = sum(state == "missing" for state in states.values())
    if not missing:
        return visit.text("All {every} firms that had to file {month} have done so", every=every, month=month)
    have = "has" if missing == 1 else "have"
    return visit.text(
        "{missing} of {every} firms that had to file {month} {have} not",
        missing=written.count(missing),
        every=every,
        month=month,
        have=have,
    )


def _state_links(visit: Visit, states: Mapping[str, str], chosen: str | None) -> list[dict[str, object]]:
    """All, and each state of the month with how many are in it."""
    counts = Counter(states.values())
    every = {"key": "", "name": visit.text("All"), "count": "", "href": visit.here(state=None)}
    links = [
        {"key": key, "name": visit.localized(words.FILING_STATES[key]), "count": written.count(counts[key])}
        | {"href": visit.here(state=key, said=None, **{"organisations.page": None})}
        for key in ("missing", "late", "filed")
    ]
    return [one | {"here": one["key"] == (chosen or "")} for one in (every, *links)] if states else []


def _acts(visit: Visit) -> list[dict[str, str]]:
    """What whoever keeps the register does from here."""
    found = (
        (visit.opens("register-new"), visit.text("Admit an organisation")),
        (visit.opens("extensions"), visit.text("Extend a deadline", context="register")),
        (visit.opens("register-take-over"), visit.text("Take over from a table")),
    )
    return [{"href": href, "label": label} for href, label in found if href is not None]


def _options(visit: Visit) -> dict[str, list[tuple[str, str]]]:
    """What can be chosen of roles, countries and regions."""
    register, language = visit.register, visit.language
    table = register.tables["organisations"]
    roles = sorted({role for names in table["roles"].to_list() for role in names or ()})
    countries = sorted(set(table["country"].drop_nulls()), key=lambda code: words.country(code, language))
    return {
        "roles": [(role, words.word(words.ROLES, role, language)) for role in roles],
        "countries": [(code, words.country(code, language)) for code in countries],
        "regions": [(one, words.region(one, language)) for one in sorted(register.firms_of_region)],
    }


def _chosen(visit: Visit, states: Mapping[str, str], state: str | None) -> list[dict[str, Any]]:
    wanted, role, country, region = (visit.query(name) for name in ("q", "role", "country", "region"))
    within = None if region is None else visit.register.firms_of_region.get(region)
    if region is not None and within is None:
        raise NotHereError(
            lang.text(
                "No firm has a site in {region!r}: take the region away, or choose one of the list.", region=region
            )
        )
    text = (wanted or "").casefold()
    rows = []
    for row in visit.register.tables["organisations"].iter_rows(named=True):
        names = (row["id"], row["name_zh"], row["name_en"], row["uscc"], row["lei"], *(row["aliases"] or ()))
        if (
            any(text in (name or "").casefold() for name in names)
            and role in (None, *(row["roles"] or ()))
            and country in (None, row["country"])
            and (within is None or row["id"] in within)
            and state in (None, states.get(row["id"]))
        ):
            rows.append(row)
    return rows


def _table(
    visit: Visit,
    rows: Sequence[Mapping[str, Any]],
    states: Mapping[str, str],
    period: str | None,
    reading: Reading | None,
    *,
    at_once: bool,
) -> Table:
    language, register = visit.language, visit.register
    names = words.organisation_names(register, language)
    sites = Counter(register.site_organisation.values())
    found = None if reading is None else reading.answer(findings, reading.store, reading.snapshot, reading.law)
    about = Counter(firm for row in (found.rows if found else ()) for firm in named_in(row.subject))
    said = {} if period is None else demands(period)
    keeps = visit.actor.may("register.write")

    def cells(row: Mapping[str, Any]) -> Row:
        one, roles = row["id"], row["roles"] or ()
        made = [
            Cell(text=names[one], value=names[one], note=one, href=visit.url("organisation", organisation=one)),
            Cell(
                text=visit.text(", ", context="register, organisations").join(
                    words.word(words.ROLES, role, language) for role in roles
                )
                or written.NOTHING,
                value=", ".join(roles),
            ),
            Cell(
                text=words.country(row["country"], language) if row["country"] else written.NOTHING,
                value=row["country"],
            ),
            _count_cell(sites[one]),
            state_cell(visit, states.get(one)),
            filed.said_cell(visit, said.get(one, [])),
            _count_cell(about[one], visit.opens("findings", query={"organisation": one}) if about[one] else None),
        ]
        return (*made, _record_cell(visit, row)) if keeps else tuple(made)

    return Table(
        name="organisations",
        caption=visit.text("Organisations"),
        columns=(
            Column(key="name", label=lang.text("Organisation", context="register")),
            Column(key="roles", label=lang.text("What it does")),
            Column(key="country", label=lang.text("Country", context="register")),
            Column(key="sites", label=lang.text("Sites"), number=True),
            Column(key="state", label=lang.text("Filing")),
            Column(key="said", label=lang.text("Said to it")),
            Column(key="findings", label=lang.text("Findings", context="register"), number=True),
            *((Column(key="until", label=lang.text("Record")),) if keeps else ()),
        ),
        rows=RowsOf(rows, cells),
        per_page=_CHOSEN_AT_ONCE if at_once else _PER_PAGE,
        empty=visit.text("Nobody is like that: take a filter away.")
        if visit.register.tables["organisations"].height
        else visit.text("Nobody is in the register yet: admit the first organisation."),
    )


def _record_cell(visit: Visit, row: Mapping[str, Any]) -> Cell:
    """What the register has of it leads to where that is changed; until when it is in the register."""
    until = row["valid_to"]
    return Cell(
        text=visit.text("Change", context="register"),
        value=str(until or ""),
        href=visit.opens("register-organisation", organisation=row["id"]),
        note=visit.text("until {until}", until=bilingual(written.day(until, "en"), written.day(until, "zh")))
        if until
        else "",
    )


def _count_cell(number: int, href: str | None = None) -> Cell:
    return Cell(text=written.count(number) if number else written.NOTHING, value=number, href=href)


def state_cell(visit: Visit, state: str | None) -> Cell:
    """The state of a filing by word and shape; a dash where there was no duty and no filing."""
    if state is None:
        return Cell(text=written.NOTHING)
    shape, tone = STATE_MARKS[state]
    return Cell(text=words.word(words.FILING_STATES, state, visit.language), value=state, shape=shape, tone=tone)
