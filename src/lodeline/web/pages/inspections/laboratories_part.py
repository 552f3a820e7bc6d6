"""Laboratories and scales as tables and as a drawing: bias, growth, who is off, the visits behind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import expm1
from typing import Any, Final

import polars as pl

from lodeline.accountancy.untestable import REASONS
from lodeline.accountancy.verification.laboratories import BUDGET
from lodeline.language import Text, text
from lodeline.service.inspections.laboratories import Instruments
from lodeline.web.drawing.intervals import Interval, Intervals, draw_intervals
from lodeline.web.drawing.number import grouped
from lodeline.web.drawing.svg import NARROW, NOTHING, Markup, wide_and_narrow
from lodeline.web.parts.table import Cell, Column, FrameRows, Row, Table
from lodeline.web.visit import Visit
from lodeline.web.words import format as written
from lodeline.web.words import words

Drift = Mapping[str, Any]
#: So many are drawn; the table has all.
_DRAWN: Final = 12
_PER_PAGE: Final = 50
KINDS: Final[Mapping[str, Text]] = {"laboratory": text("laboratory"), "scale": text("scale")}
_OFF: Final[Mapping[str | None, Text]] = {
    "own": text("the firm's"),
    "other": text("the other"),
    "both": text("both"),
    "neither": text("neither"),
    None: text("not told", context="inspections"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Naming:
    """What rows are called, whose they are, and where they lead to."""

    visit: Visit
    sites: Mapping[str, str]
    firms: Mapping[str, str]
    #: Kind, own and method → the firms at which it was, and the sites.
    owners: Mapping[tuple[str, str, str | None], tuple[list[str], list[str]]]

    def whose(self, one: Drift) -> str:
        """A laboratory by its name, a scale by its site's."""
        own: str = one["own"]
        return own if one["kind"] == "laboratory" else self.sites.get(own, own)

    def firms_and_sites(self, one: Drift) -> tuple[list[str], list[str]]:
        return self.owners.get((one["kind"], one["own"], one["method"]), ([], []))

    def firms_of(self, one: Drift) -> str:
        """The firm, or how many there are."""
        firms, _ = self.firms_and_sites(one)
        if len(firms) == 1:
            return self.firms.get(firms[0], firms[0])
        return self.visit.text("at {firms} firms", firms=len(firms))

    def who(self, one: Drift) -> Cell:
        """Leads to the firm."""
        firms, _ = self.firms_and_sites(one)
        name, kind = self.whose(one), self.visit.localized(KINDS[one["kind"]])
        return Cell(
            text=name,
            value=name,
            note=self.visit.text("{kind}, ", kind=kind) + self.firms_of(one),
            href=self.visit.url("organisation", organisation=firms[0]) if len(firms) == 1 else None,
        )

    def visits(self, one: Drift) -> Cell:
        """Leads to the visits of the site, or to the list of all behind it."""
        _, sites = self.firms_and_sites(one)
        if len(sites) == 1:
            name = self.sites.get(sites[0], sites[0])
            return Cell(text=name, value=sites[0], href=self.visit.url("inspections", site=sites[0]))
        return Cell(text=self.visit.text("{sites} sites", sites=len(sites)), value=" ".join(sites), href="#behind")


def naming(visit: Visit, found: Instruments) -> Naming:
    register = visit.reading.snapshot.register
    owners = found.behind.group_by("kind", "own", "method").agg(
        pl.col("organisation").unique().sort(), pl.col("site").unique().sort()
    )
    return Naming(
        visit=visit,
        sites=words.site_names(register),
        firms=words.organisation_names(register, visit.language),
        owners={(kind, own, method): (firms, sites) for kind, own, method, firms, sites in owners.iter_rows()},
    )


def percent_of(bias: float) -> float:
    """A difference of logarithms as a part of the other's figure, in %."""
    return 100 * expm1(bias)


def _of_what(visit: Visit, one: Drift) -> str:
    if one["element"] is None:
        return visit.text("mass")
    return words.element(one["element"], visit.language)


def _how(visit: Visit, one: Drift) -> str:
    calibration = one["calibration"]
    parts = [
        one["method"] or visit.text("no method stated"),
        visit.text("calibrated {calibration}", calibration=calibration) if calibration else "",
    ]
    return visit.text(", ", context="inspections, laboratories part").join([*filter(None, parts), _period(visit, one)])


def _period(visit: Visit, one: Drift) -> str:
    first, last = (written.day(one[name], visit.language) for name in ("first", "last"))
    return first if first == last else visit.text("{first} to {last}", context="inspections", first=first, last=last)


def _bias(visit: Visit, one: Drift) -> Cell:
    low, high = (_percent(one[name]) for name in ("low", "high"))
    return Cell(
        text=_percent(one["bias"]),
        value=percent_of(one["bias"]),
        note=visit.text("{low} to {high}", low=low, high=high),
    )


def _percent(bias: float | None) -> str:
    if bias is None:
        return written.NOTHING
    return grouped(percent_of(bias), 2, signed=True)


def _p(visit: Visit, one: Drift) -> Cell:
    p = one["p"]
    if p is None:
        return Cell(text=written.NOTHING)
    marked = one["q"] <= BUDGET
    return Cell(
        text=written.probability(p),
        value=p,
        shape="diamond" if marked else "",
        tone="hold" if marked else None,
        note=visit.text("beyond chance") if marked else "",
    )


def _growing(visit: Visit, one: Drift) -> Cell:
    """A growth that chance gives among so many rows is shown, and said to be one."""
    if one["since"] is None:
        return Cell(text=written.NOTHING)
    marked = one["q_growing"] <= BUDGET
    return Cell(
        text=written.day(one["since"], visit.language),
        value=one["since"].isoformat(),
        shape="diamond" if marked else "",
        tone="hold" if marked else "quiet",
        note=f"p = {written.probability(one['p_growing'])}" + ("" if marked else visit.text(", may be chance")),
    )


def _off(visit: Visit, one: Drift) -> Cell:
    if one["kind"] == "scale":
        return Cell(text=written.NOTHING)
    sides = (("own_off", _OFF["own"]), ("other_off", _OFF["other"]))
    notes = [f"{visit.localized(name)} {_percent(one[key])} %" for key, name in sides if one[key] is not None]
    return Cell(
        text=visit.localized(_OFF[one["anchor"]]),
        value=one["anchor"] or "",
        note=visit.text("; ", context="inspections").join(notes),
        tone="hold" if one["anchor"] in ("own", "both") else None,
        shape="square" if one["anchor"] in ("own", "both") else "",
    )


_WHOSE: Final = Column(key="whose", label=text("Whose"))
_OTHER: Final = Column(key="other", label=text("Beside"))
_VISITS: Final = Column(key="visits", label=text("Visits", context="inspections, laboratories part"))


def _other(visit: Visit, one: Drift) -> Cell:
    name = one["other"] or visit.text("the inspector's scale")
    return Cell(text=name, value=name)


def _plain(value: object) -> Cell:
    return Cell(text=written.NOTHING if value is None else str(value), value="" if value is None else str(value))


def _columns(visit: Visit, named: Naming) -> list[tuple[Column, Callable[[Drift], Cell], str]]:
    """Every column with its cell, and where it is: "page", "file" or "both"."""
    return [
        (_WHOSE, named.who, "both"),
        (
            Column(key="kind", label=text("Kind", context="inspections")),
            lambda one: _plain(visit.localized(KINDS[one["kind"]])),
            "file",
        ),
        (Column(key="firm", label=text("Firm")), lambda one: _plain(" ".join(named.firms_and_sites(one)[0])), "file"),
        (_OTHER, lambda one: _other(visit, one), "both"),
        (
            Column(key="of", label=text("Of what")),
            lambda one: Cell(
                text=_of_what(visit, one), value=one["element"] or _of_what(visit, one), note=_how(visit, one)
            ),
            "both",
        ),
        (
            Column(key="method", label=text("Method", context="inspections, laboratories part")),
            lambda one: _plain(one["method"]),
            "file",
        ),
        (
            Column(key="calibration", label=text("Calibration", context="inspections")),
            lambda one: _plain(one["calibration"]),
            "file",
        ),
        (
            Column(key="n", label=text("Times"), number=True),
            lambda one: Cell(text=written.count(one["n"]), value=one["n"]),
            "both",
        ),
        (Column(key="first", label=text("First")), lambda one: _plain(one["first"]), "file"),
        (Column(key="last", label=text("Last", context="inspections")), lambda one: _plain(one["last"]), "file"),
        (
            Column(key="bias", label=text("Bias, %", context="inspections"), number=True),
            lambda one: _bias(visit, one),
            "both",
        ),
        *(
            (Column(key=key, label=label, number=True), _number(key), "file")
            for key, label in (("low", text("Low, % (95 %)")), ("high", text("High, % (95 %)")))
        ),
        (Column(key="p", label=text("p"), number=True), lambda one: _p(visit, one), "both"),
        (Column(key="q", label=text("p, of all together"), number=True), lambda one: _share(one["q"]), "file"),
        (Column(key="growing", label=text("Growing since")), lambda one: _growing(visit, one), "both"),
        (
            Column(key="q-growing", label=text("p of no growth, of all together"), number=True),
            lambda one: _share(one["q_growing"]),
            "file",
        ),
        (Column(key="off", label=text("Who is off")), lambda one: _off(visit, one), "both"),
        (_VISITS, named.visits, "both"),
    ]


def _number(key: str) -> Callable[[Drift], Cell]:
    return lambda one: Cell(text=_percent(one[key]), value=percent_of(one[key]))


def _share(value: float | None) -> Cell:
    return Cell(text=written.NOTHING) if value is None else Cell(text=written.probability(value), value=value)


def _table(visit: Visit, found: Instruments, named: Naming, where: str) -> Table:
    columns = [(column, cell) for column, cell, place in _columns(visit, named) if place in (where, "both")]
    return Table(
        name="laboratories",
        caption=visit.text("Laboratories and scales"),
        columns=tuple(column for column, _ in columns),
        rows=[
            tuple(cell(one) for _, cell in columns)
            for one in found.drifts.filter(pl.col("p").is_not_null()).iter_rows(named=True)
        ],
        per_page=_PER_PAGE,
        empty=visit.text("No laboratory and no scale has measured twice what another measured too."),
    )


def drifts_table(visit: Visit, found: Instruments, named: Naming) -> Table:
    """What was tested, the least likely by chance first, as the page shows it."""
    return _table(visit, found, named, "page")


def exported(visit: Visit, found: Instruments, named: Naming) -> Table:
    """The same with a column for each figure that the page puts below another."""
    return _table(visit, found, named, "file")


def untested_table(visit: Visit, found: Instruments, named: Naming) -> Table:
    """What could not be tested, and why."""

    def cells(one: Drift) -> Row:
        reason = REASONS[one["reason"]][visit.language] if one["reason"] else written.NOTHING
        return (
            named.who(one),
            _other(visit, one),
            Cell(text=_of_what(visit, one), value=one["element"] or "", note=_how(visit, one)),
            Cell(text=written.count(one["n"]), value=one["n"]),
            Cell(text=reason, value=reason),
            named.visits(one),
        )

    return Table(
        name="untested",
        caption=visit.text("What could not be tested"),
        columns=(
            _WHOSE,
            _OTHER,
            Column(key="of", label=text("Of what")),
            Column(key="n", label=text("Times"), number=True),
            Column(key="why", label=text("Why", context="inspections")),
            _VISITS,
        ),
        rows=[cells(one) for one in found.drifts.filter(pl.col("p").is_null()).iter_rows(named=True)],
        per_page=_PER_PAGE,
        empty="",
    )


def behind_table(visit: Visit, found: Instruments, named: Naming) -> Table:
    """Each visit at which one of them measured what another measured too, the newest first."""

    def cells(one: Drift) -> Row:
        site, on = one["site"], one["on"]
        return (
            Cell(text=named.whose(one), value=named.whose(one), note=visit.localized(KINDS[one["kind"]])),
            _other(visit, one),
            Cell(
                text=named.sites.get(site, site),
                value=site,
                href=visit.url("inspections", site=site),
                note=named.firms.get(one["organisation"], one["organisation"]),
            ),
            Cell(
                text=written.day(on, visit.language),
                value=on.isoformat(),
                href=visit.url("inspection-visit", entry=one["visit"]),
            ),
            Cell(text=written.count(one["pairs"]), value=one["pairs"]),
        )

    return Table(
        name="behind",
        caption=visit.text("The visits behind it"),
        columns=(
            _WHOSE,
            _OTHER,
            Column(key="site", label=text("Site")),
            Column(key="on", label=text("Last measured")),
            Column(key="n", label=text("Times"), number=True),
        ),
        rows=FrameRows(found.behind, cells),
        per_page=_PER_PAGE,
        empty="",
    )


def draw_biases(visit: Visit, found: Instruments, named: Naming) -> Markup:
    """The first rows of the table: bias and interval beside no bias. "" where nothing was tested."""
    tested = found.drifts.filter(pl.col("p").is_not_null())
    if not tested.height:
        return NOTHING
    chart = Intervals(
        name=visit.text("Bias with its interval, %"),
        description=visit.text(
            "The first {min} rows of the table. A diamond is beyond chance.", min=min(_DRAWN, tested.height)
        ),
        rows=tuple(_interval(visit, one, named) for one in tested.head(_DRAWN).iter_rows(named=True)),
    )
    return wide_and_narrow(draw_intervals(chart, width=1120), draw_intervals(chart, width=NARROW))


def _interval(visit: Visit, one: Drift, named: Naming) -> Interval:
    bias, low, high = (percent_of(one[name]) for name in ("bias", "low", "high"))
    between = visit.text("{percent} to {percent2}", percent=_percent(one["low"]), percent2=_percent(one["high"]))
    return Interval(
        label=f"{named.whose(one)} · {_of_what(visit, one)}",
        value=bias,
        low=low,
        high=high,
        text=f"{_percent(one['bias'])} ({between})",
        marked=any(one[name] is not None and one[name] <= BUDGET for name in ("q", "q_growing")),
    )
