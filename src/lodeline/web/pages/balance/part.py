"""How a balance is judged, by word and shape, and the drawing of many; for every page that shows balances."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import polars as pl

from lodeline.language import Text, text
from lodeline.regulation.parameter import Jurisdiction
from lodeline.regulation.span import Span
from lodeline.service.balance.book import balances, shared_errors
from lodeline.service.balance.sites import judged
from lodeline.service.balance.year import site_years
from lodeline.service.findings.finding import findings
from lodeline.store.published import answered
from lodeline.store.snapshot import Snapshot
from lodeline.store.store import Store
from lodeline.web.access.territory import kept_to_firms
from lodeline.web.drawing.strip import Dot, DotKind, Strip, draw_strip
from lodeline.web.drawing.svg import NARROW, Markup, wide_and_narrow
from lodeline.web.parts import choice
from lodeline.web.parts.table import Cell, Column, Table
from lodeline.web.reading import Reading
from lodeline.web.visit import Visit
from lodeline.web.words import format as written
from lodeline.web.words import words
from lodeline.web.words.words import Tone

#: States of service.balance.sites.STATES: word, shape, tone.
STATES: Final[Mapping[str, tuple[Text, str, Tone]]] = {
    "gain": (text("Gain"), "up", "gain"),
    "loss": (text("Loss", context="balance"), "down", "loss"),
    "beyond": (text("Beyond 3 σ, no alarm"), "half", "ink"),
    "closes": (text("Closes"), "tick", "quiet"),
    "unfiled": (text("Not tested: a month is not filed"), "ring", "ink"),
    "untested": (text("Not tested: not enough assays"), "ring", "ink"),
    "once": (text("Counted once"), "ring", "quiet"),
    "none": (text("Not counted"), "bar", "quiet"),
}
_KINDS: Final[Mapping[str, DotKind]] = {"gain": "gain", "loss": "loss"}
_BAND: Final = 3.0
#: Fewer sites than this say nothing of what is usual.
_PEERS_LEAST: Final = 3


def balances_of(visit: Visit) -> pl.DataFrame:
    """Every balance of this reading, as `service.balance.sites.judged`."""
    return _judged_of(visit.reading)


def _judged_of(reading: Reading) -> pl.DataFrame:
    return reading.answer(judged_balances, reading.store, reading.snapshot, reading.law)


@kept_to_firms
def judged_balances(store: Store, snapshot: Snapshot, law: Jurisdiction) -> pl.DataFrame:
    """The report of `balances_of`."""
    return judged(answered(balances, store, snapshot, law), answered(findings, store, snapshot, law).rows)


def site_years_of(visit: Visit, span: Span) -> pl.DataFrame:
    """What the balances of each site come to in some months, as `service.balance.year.site_years`."""
    reading = visit.reading
    return reading.answer(_site_years, reading, first=span.first, last=span.last)


@kept_to_firms
def _site_years(reading: Reading, *, first: str, last: str) -> pl.DataFrame:
    every = _judged_of(reading)
    shared = reading.answer(shared_errors, reading.store, reading.snapshot, reading.law)
    return site_years(reading.snapshot, every, shared, first=first, last=last)


def state_cell(visit: Visit, state: str, finding: str | None = None) -> Cell:
    """The state by word and shape; it leads to the finding that says so."""
    word, shape, tone = STATES[state]
    href = None if finding is None else visit.url("finding", finding=finding)
    return Cell(text=visit.localized(word), value=state, shape=shape, tone=tone, href=href)


def mass_cell(mass_mg: float | None, shown: str) -> Cell:
    """A mass as `shown`, exported in kg; a dash where there is none."""
    return Cell(text=shown, value=None if mass_mg is None else mass_mg / written.MG_PER_KG)


def sites_table(
    visit: Visit, rows: pl.DataFrame, bounds: Mapping[str, int], *, name: str, element: str, per_page: int = 50,
    span: Span | None = None,
) -> Table:  # fmt: skip
    """Rows of `service.balance.sites.newest`, or with `span` of `site_years_of`; each leads to its site's page."""
    language = visit.language
    query = {"element": element, "period": None if span is None else str(span)}
    sites = words.site_names(visit.reading.snapshot.register)
    firms = words.organisation_names(visit.reading.snapshot.register, language)

    def cells(row: Mapping[str, Any]) -> tuple[Cell, ...]:
        site, muf_mg, until = row["site"], row["muf_mg"], row["until"]
        at_least = bounds.get(site)
        unknown = visit.text("unknown")
        if muf_mg is None and at_least:
            unknown = visit.text("at least ") + written.mass(-at_least, language, signed=True)
        return (
            Cell(
                text=sites.get(site, site), value=site, note=firms.get(row["organisation"], row["organisation"]),
                href=visit.url("balance", site=site, query=query),
            ),
            Cell(text=words.word(words.STAGES, row["stage"], language), value=row["stage"]),
            Cell(text=written.day(until, language), value=None if until is None else until.isoformat()),
            mass_cell(muf_mg, unknown if muf_mg is None else written.mass(muf_mg, language, signed=True)),
            mass_cell(row["sigma_mg"], written.mass(row["sigma_mg"], language)),
            Cell(text=written.sigmas(row["z"]), value=row["z"]),
            state_cell(visit, row["state"], row["finding"]),
            Cell(
                text=visit.text("{wrong} of {tested}", wrong=row['wrong'], tested=row['tested'])
                if row["tested"] else written.NOTHING,
                value=row["wrong"] if row["tested"] else None,
            ),
        )  # fmt: skip

    return Table(
        name=name,
        caption=visit.text("Newest balance of each site")
        if span is None
        else visit.text("Balances of each site, summed"),
        columns=(
            Column(key="site", label=text("Site")),
            Column(key="stage", label=text("Stage")),
            Column(key="until", label=text("Counted", context="balance, part")),
            Column(key="muf", label=text("Difference", context="balance"), number=True, unit="kg"),
            Column(key="sigma", label=text("Uncertainty"), number=True, unit="kg"),
            Column(key="z", label=text("z", context="balance"), number=True),
            Column(key="state", label=text("Verdict", context="balance")),
            Column(key="wrong", label=text("Alarms"), number=True),
        ),
        rows=[cells(row) for row in rows.iter_rows(named=True)],
        per_page=per_page,
        empty=visit.text("No site is like that: take a filter away."),
    )


def draw_sites(visit: Visit, rows: pl.DataFrame, *, name: str, asked: str | None = None, named: bool = True) -> Markup:
    """z of the newest balances side by side, for wide and for narrow screens; `asked` is the site to be named.

    Without `named` no other site has a name.
    """
    names = words.site_names(visit.reading.snapshot.register)
    if not named:
        names = {site: names[site] if site == asked else visit.text("another site") for site in names}
    dots = tuple(
        Dot(
            value=z,
            name=names.get(site, site),
            kind=_KINDS.get(state, "ok"),
            asked=site == asked,
            href=visit.opens("balance", site=site) if named and state in _KINDS and site != asked else None,
        )
        for site, z, state in rows.filter(pl.col("z").is_not_null()).select("site", "z", "state").iter_rows()
    )
    if not dots:
        return Markup("")
    strip = Strip(
        name=name,
        dots=dots,
        band=_BAND,
        band_word="±3 σ",
        description=visit.text("z of each site; the table has every number."),
    )
    return wide_and_narrow(draw_strip(strip, width=1120 if asked is None else 520), draw_strip(strip, width=NARROW))


def draw_yields(visit: Visit, yields: pl.DataFrame, *, asked: str, named: bool) -> Markup:
    """Yields (rows of `balance.sites.yields`) against their median, in percentage points; "" without `asked` or peers.

    Without `named` no other site has a name.
    """
    if asked not in yields["site"] or yields.height < _PEERS_LEAST:
        return Markup("")
    names, other = words.site_names(visit.reading.snapshot.register), visit.text("another site")
    median = float(str(yields["share"].median()))
    strip = Strip(
        name=visit.text("Yield at this stage"),
        dots=tuple(
            Dot(
                value=100 * (share - median), name=names.get(site, site) if named or site == asked else other,
                asked=site == asked,
            )
            for site, share in yields.select("site", "share").iter_rows()
        ),
        description=visit.text("Made of what was consumed, in percentage points from the median of the stage."),
    )  # fmt: skip
    return wide_and_narrow(draw_strip(strip), draw_strip(strip, width=NARROW))


def yields_table(visit: Visit, yields: pl.DataFrame, *, asked: str, named: bool) -> Table:
    """The same yields, the lowest first; `named` as in `draw_yields`."""
    names, other = words.site_names(visit.reading.snapshot.register), visit.text("another site")
    median = yields["share"].median()
    middle = float(str(median)) if median is not None else 0.0

    def cells(site: str, share: float) -> tuple[Cell, ...]:
        shown = named or site == asked
        return (
            Cell(
                text=names.get(site, site) if shown else other, value=site if shown else other,
                href=visit.url("balance", site=site) if shown and site != asked else None,
            ),
            Cell(text=written.percent(share, visit.language), value=round(share, 6)),
            Cell(text=written.percent(share - middle, visit.language, signed=True), value=round(share - middle, 6)),
        )  # fmt: skip

    return Table(
        name="yields",
        caption=visit.text("Yield at this stage"),
        columns=(
            Column(key="site", label=text("Site")),
            Column(key="yield", label=text("Made of what was consumed"), number=True),
            Column(key="from_median", label=text("From the median"), number=True),
        ),
        rows=[cells(site, share) for site, share in yields.sort("share").iter_rows()],
        per_page=10,
        empty=visit.text("No site of this stage processed any."),
    )


def z_links(visit: Visit, rows: pl.DataFrame, present: Sequence[str], chosen: str) -> list[dict[str, object]]:
    """The strip of elements with the z of the newest balance of each; `rows`: those of one site."""
    tested = rows.filter(pl.col("z").is_not_null()).sort("until")
    newest = dict(tested.select("element", "z").iter_rows())
    marks = {one: f"z {written.sigmas(newest[one])}" if one in newest else written.NOTHING for one in present}
    return choice.element_links(visit, present, chosen, marks=marks, until=None)
