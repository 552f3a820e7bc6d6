"""The year: what does not close, element by element and stage by stage; what was frozen of it; and how it is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final

import polars as pl
from django.http import HttpResponse

from lodeline.language import Text, bilingual, text
from lodeline.material.element import RARE_EARTHS, TREO
from lodeline.service.balance import year as answers
from lodeline.service.balance.reconciling import Reconciled, reconcile_nation
from lodeline.service.balance.year import Verdict, cells
from lodeline.service.overview import overview as questions
from lodeline.service.overview.overview import Months
from lodeline.web.pages.balance.network import Network, network
from lodeline.web.pages.balance.part import mass_cell, site_years_of
from lodeline.web.pages.common.filters import Filters, filters
from lodeline.web.pages.log.editions import Frozen, freezing
from lodeline.web.parts import choice
from lodeline.web.parts.shell import show
from lodeline.web.parts.table import Cell, Column, Table, shown, wanted_csv
from lodeline.web.visit import BadQuestionError, Visit
from lodeline.web.words import format as written
from lodeline.web.words import words
from lodeline.web.words.words import Tone

#: State of service.balance.year.cells → word, shape, tone, and the states of sites (`?state=`) that make them.
_STATES: Final[Mapping[str, tuple[Text, str, Tone, str]]] = {
    "loss": (text("Missing", context="balance"), "down", "loss", "loss"),
    "gain": (text("Too much"), "up", "gain", "gain"),
    "beyond": (text("Beyond 3 σ, no alarm"), "half", "ink", "beyond"),
    "closes": (text("Closes"), "tick", "flow", "closes"),
    "unknown": (text("Cannot be said"), "ring", "ink", "once"),
    "none": (text("Not counted"), "bar", "quiet", "none"),
}
_BY: Final = ("element", "region")
_TAKES: Final = ("period", "element", "stage", "region")


def year(visit: Visit) -> HttpResponse:
    """The page `year/`: `?period=`, `?element=`, `?stage=`, `?region=`, `?by=region`; its form freezes a month."""
    reading = visit.reading
    months = reading.answer(questions.months, reading.store, reading.snapshot, reading.law)
    if months is None:
        title = visit.text("Nobody has filed yet")
        return show(visit, "lodeline/common/overview_empty.html", title=title)
    present = reading.answer(questions.elements, reading.snapshot)
    line = filters(visit, months, takes=_TAKES, present=present, keeps=("by",))
    frozen = freezing(visit, months, line.span)
    if frozen is not None and frozen.done is not None:
        return frozen.done
    asked = Asked(visit=visit, months=months, line=line, by=_by(visit))
    made = None if asked.nation is None else network(visit, asked.nation)
    tables = {"cells": _cells_table(asked)}
    if frozen is not None:
        tables["editions"] = frozen.table
    if made is not None:
        tables |= made.tables
    csv = wanted_csv(visit, *tables.values())
    if csv is not None:
        return csv
    return show(
        visit,
        "lodeline/balance/year.html",
        title=_headline(asked),
        status=400 if frozen is not None and frozen.problems else 200,
        span=written.span(line.span, visit.language),
        element=None if asked.verdict is None else words.element(asked.verdict.element, visit.language),
        filters=line,
        elements=[_every_element(asked), *choice.element_links(visit, present, line.element)],
        lede=_lede(asked, made),
        states=_state_links(asked),
        matrix=_matrix(asked),
        by=[
            {"text": visit.text("By element"), "href": visit.here(by=None), "here": asked.by == "element"},
            {"text": visit.text("By region"), "href": visit.here(by="region"), "here": asked.by == "region"},
        ],
        months=_months(asked, frozen),
        frozen=frozen,
        method=made,
        method_open=_is_turned(visit, made),
        tables={name: shown(visit, table) for name, table in tables.items()},
    )


def _by(visit: Visit) -> str:
    by = visit.query("by") or "element"
    if by not in _BY:
        raise BadQuestionError(text("`by` can be element or region, not {by!r}.", by=by))
    return by


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What is asked for, and the answers about it."""

    visit: Visit
    months: Months
    line: Filters
    by: str

    @cached_property
    def of_all(self) -> pl.DataFrame:
        """The sites of stage and region, of every element."""
        rows = site_years_of(self.visit, self.line.span)
        for name, value in {"stage": self.line.stage, "region": self.line.region}.items():
            rows = rows if value is None else rows.filter(pl.col(name) == value)
        return rows

    @cached_property
    def verdict(self) -> Verdict | None:
        """What they come to; None where none of them holds the element."""
        found = answers.verdict(self.of_all, element=self.line.element, fallback=choice.FIRST_ELEMENT)
        return found if found is None or self.nation is None else replace(found, nation=answers.nation(self.nation))

    @cached_property
    def element(self) -> str:
        """What the page is about: the element that is asked for, else that of the verdict."""
        found = answers.verdict(self.of_all, element=self.line.element, fallback=choice.FIRST_ELEMENT)
        return self.line.element or (choice.FIRST_ELEMENT if found is None else found.element)

    @cached_property
    def nation(self) -> Reconciled | None:
        """The nation made to balance; a region has no such answer, nor has a stage."""
        if self.visit.territory is not None or self.line.region is not None:
            return None
        reading, months, span = self.visit.reading, self.months.all, self.line.span
        first, last = max(span.first, months[0]), min(span.last, months[-1])
        return reading.answer(reconcile_nation, reading.snapshot, element=self.element, first=first, last=last)

    @cached_property
    def rows(self) -> pl.DataFrame:
        """The sites behind the matrix: of one element where the address names one, or where regions are its rows."""
        one = self.line.element or (self.element if self.by == "region" else None)
        return self.of_all if one is None else self.of_all.filter(pl.col("element") == one)

    def sites(self, **narrowed: object) -> str | None:
        """The address of the sites behind a figure; None where they have no stage or region to be asked for by."""
        if "" in narrowed.values():
            return None
        line = self.line
        query = {"period": str(line.span), "element": self.element, "stage": line.stage, "region": line.region}
        return self.visit.opens("balances", query=query | narrowed)


def _every_element(asked: Asked) -> dict[str, object]:
    visit = asked.visit
    return {
        "symbol": visit.text("All"),
        "number": "",
        "name": visit.text("all elements"),
        "href": visit.here(element=None),
        "here": asked.line.element is None,
    }


def _headline(asked: Asked) -> str:
    """The verdict in one sentence."""
    visit, language, found = asked.visit, asked.visit.language, asked.verdict
    when = written.span(asked.line.span, language)
    if found is None:
        name = None if asked.line.element is None else words.element(asked.line.element, language)
        return visit.text(
            "No site here holds {name} in {when}", name=bilingual(name or "any rare earth", name or "稀土"), when=when
        )
    name = words.element(found.element, language)
    said = _said(visit, found, name=name, when=when)
    if asked.line.element is not None or not found.of:
        return said
    n, of = written.count(found.closing), written.count(found.of)
    if found.closing == found.of:
        return visit.text("All {of} elements closed in {when}: {said}", of=of, when=when, said=said)
    if not found.closing:
        return said
    return visit.text("{n} of {of} elements closed in {when}; {said}", n=n, of=of, when=when, said=said)


def _said(visit: Visit, found: Verdict, *, name: str, when: str) -> str:
    """What is said of the element of a verdict. Alone it names the months; beside others it does not."""
    language, cell, state = visit.language, found.cell, found.cell["state"]
    # Where the sentence stands behind one that has named the months.
    alone = visit.query("element") is not None or not found.closing
    in_en, in_zh = (f" in {when}", when) if alone else ("", "")
    upper = name[:1].upper() + name[1:] if alone else name
    if state in ("loss", "gain"):
        mass = written.mass_with_sigma(abs(cell["wrong_mg"]), cell["wrong_sigma_mg"], language)
        stage = words.word(words.STAGES, found.worst["stage"] if found.worst else "", language)
        in_stage = stage[:1].lower() + stage[1:]
        only = found.worst is not None and found.worst["wrong_mg"] == cell["wrong_mg"]
        where_en, where_zh = (f" in {in_stage}", stage) if only else (f", most of it in {in_stage}", f"主要在{stage}")
        what_en, what_zh = ("are missing", "短少") if state == "loss" else ("are too much", "多出")
        return visit.text(
            "{upper} did not close{in_}: {mass} {what}{where}",
            upper=bilingual(upper, name),
            in_=bilingual(in_en, in_zh),
            mass=mass,
            what=bilingual(what_en, what_zh),
            where=bilingual(where_en, where_zh),
        )
    if state == "unknown":
        return visit.text(
            "Whether {name} closed{in_} cannot be said: no balance has an uncertainty",
            name=name,
            in_=bilingual(in_en, in_zh),
        )
    if state == "none":
        return visit.text("Nobody counted {name}{in_}", name=name, in_=bilingual(in_en, in_zh))
    mass = written.mass_with_sigma(cell["muf_mg"], cell["sigma_mg"], language)
    if state == "beyond":
        return visit.text(
            "{upper} raised no alarm{in_}, yet its sum lies beyond 3 σ: {mass}",
            upper=bilingual(upper, name),
            in_=bilingual(in_en, in_zh),
            mass=mass,
        )
    return (
        visit.text("{upper} closed{in_}: {mass}", upper=bilingual(upper, name), in_=bilingual(in_en, in_zh), mass=mass)
        if alone
        else visit.text("{name} {mass}", name=name, mass=mass)
    )


def _lede(asked: Asked, made: Network | None) -> Mapping[str, Any] | None:
    """How much the verdict rests on, and what the nation says that was made to balance."""
    visit, found = asked.visit, asked.verdict
    if found is None:
        return None
    cell = found.cell
    return {
        "name": words.element(found.element, visit.language),
        "sum": None
        if cell["muf_mg"] is None or cell["state"] not in ("loss", "gain")
        else written.mass_with_sigma(cell["muf_mg"], cell["sigma_mg"], visit.language),
        "tested": written.count(cell["tested"]),
        "of": written.count(cell["sites"]),
        "sites": asked.sites(element=found.element),
        "others": [
            {"text": words.element(one, visit.language), "href": visit.here(element=one)}
            for one in found.not_closing
            if one != found.element
        ],
        "nation": found.nation,
        "nation_text": None if made is None else made.headline,
    }


def _state_links(asked: Asked) -> Sequence[Mapping[str, object]]:
    """How many sites there are of each state, of the element of the verdict."""
    visit, found = asked.visit, asked.verdict
    if found is None:
        return []
    return [
        {
            "word": visit.localized(word),
            "shape": shape,
            "tone": tone,
            "count": written.count(found.cell[one]),
            # Two states of sites make one of cells; the page of sites shows both without the filter.
            "href": asked.sites(element=found.element, state=None if one == "unknown" else state),
            "here": False,
        }
        for one, (word, shape, tone, state) in _STATES.items()
        if found.cell[one]
    ]


def _matrix(asked: Asked) -> Mapping[str, Any]:
    """The rows of the matrix: a name with its address, and a cell for each stage and for all of them."""
    visit, language, by = asked.visit, asked.visit.language, asked.by
    stages = [one for one in words.STAGES if one in set(asked.rows["stage"])]
    stages += sorted(set(asked.rows["stage"]) - set(stages))
    found = {(row[by], row["stage"]): row for row in cells(asked.rows, [by, "stage"]).iter_rows(named=True)}
    totals = {row[by]: row for row in cells(asked.rows, [by]).iter_rows(named=True)}
    order = (*RARE_EARTHS, TREO) if by == "element" else sorted(totals)
    rows = []
    for one in order:
        if one not in totals:
            continue
        if by == "element":
            name, short = words.element(one, language), one
        else:
            name = short = words.region(one, language) if one else visit.text("no region stated")
        rows.append(
            {
                "name": name,
                "short": short,
                "href": _narrowed(visit, by, one),
                "total": _shown(asked, totals[one], asked.sites(**{by: one})),
                "cells": [
                    _shown(asked, found.get((one, stage)), asked.sites(**{by: one, "stage": stage})) for stage in stages
                ],
            }
        )
    heads = [
        {"text": words.word(words.STAGES, one, language), "href": visit.here(stage=one) if one else None}
        for one in stages
    ]
    return {"stages": heads, "rows": rows, "one_stage": len(stages) == 1}


def _narrowed(visit: Visit, by: str, one: str) -> str:
    """This page, about one element or one region."""
    return visit.here(element=one) if by == "element" else visit.here(region=one or None, by=None)


def _shown(asked: Asked, row: Mapping[str, Any] | None, href: str | None) -> Mapping[str, Any] | None:
    """A cell: kilograms ± σ, its state by word and shape, and how many of its sites it rests on."""
    if row is None:
        return None
    visit, language, state = asked.visit, asked.visit.language, row["state"]
    word, shape, tone, _ = _STATES[state]
    mass = None if row["muf_mg"] is None else written.mass_with_sigma(row["muf_mg"], row["sigma_mg"], language)
    label = visit.localized(word)
    if row["wrong_mg"] is not None:
        label += " " + written.mass(abs(row["wrong_mg"]), language)
    untold = row["sites"] - row["tested"]
    n, of = written.count(row["tested"]), written.count(row["sites"])
    note = (
        visit.text("{n} of {of} sites", n=n, of=of)
        if untold
        else (visit.text("{of} sites", of=of) if row["sites"] > 1 else visit.text("1 site", of=of))
    )
    if row["beyond"] and state == "closes":
        note += visit.text(", {beyond} beyond 3 σ", beyond=row["beyond"])
    return {
        "mass": mass,
        "word": label,
        "shape": shape,
        "tone": tone,
        "note": note,
        "href": href,
        "state": state,
        "partly": bool(row["none"]) and state != "none",
    }


def _cells_table(asked: Asked) -> Table:
    """The matrix as rows, for whoever goes on with it."""
    visit, language, by = asked.visit, asked.visit.language, asked.by
    counts = ("loss", "gain", "beyond", "closes", "unknown", "none")

    def kg(mass_mg: float | None) -> Cell:
        return mass_cell(mass_mg, written.mass(mass_mg, language))

    return Table(
        name="cells",
        caption=visit.text("What does not close"),
        columns=(
            Column(key=by, label=text("Element") if by == "element" else text("Region")),
            Column(key="stage", label=text("Stage")),
            Column(key="state", label=text("State")),
            Column(key="muf", label=text("Difference", context="balance"), number=True, unit="kg"),
            Column(key="sigma", label=text("Uncertainty"), number=True, unit="kg"),
            Column(key="wrong", label=text("By findings"), number=True, unit="kg"),
            Column(key="sites", label=text("Sites"), number=True),
            *(Column(key=one, label=_STATES[one][0], number=True) for one in counts),
        ),
        rows=[
            (
                Cell(text=row[by], value=row[by]),
                Cell(text=words.word(words.STAGES, row["stage"], language), value=row["stage"]),
                Cell(text=visit.localized(_STATES[row["state"]][0]), value=row["state"]),
                kg(row["muf_mg"]),
                kg(row["sigma_mg"]),
                kg(row["wrong_mg"]),
                *(Cell(text=written.count(row[one]), value=row[one]) for one in ("sites", *counts)),
            )
            for row in cells(asked.rows, [by, "stage"]).iter_rows(named=True)
        ],
        empty=visit.text("No site is like that: take a filter away."),
    )


def _months(asked: Asked, frozen: Frozen | None) -> list[Mapping[str, Any]]:
    """The months that were filed, each with the edition that stands of it."""
    visit, language = asked.visit, asked.visit.language
    editions = {} if frozen is None else frozen.newest
    return [
        {
            "name": written.short_month(one, language),
            "href": visit.here(period=one),
            "edition": editions.get(one),
            "edition_href": visit.opens("edition", period=one) if one in editions else None,
        }
        for one in asked.months.all
        if one in asked.line.span
    ]


def _is_turned(visit: Visit, made: Network | None) -> bool:
    """Whether the address sorts a table of the method or turns its pages: then it is open."""
    if made is None:
        return False
    sort = (visit.query("sort") or "").lstrip("-").partition(".")[0]
    return sort in made.tables or any(visit.query(f"{name}.page") for name in made.tables)
