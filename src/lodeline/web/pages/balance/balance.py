"""The balance of one site: whether its books close, month by month, and what would explain it if they do not.

The firm and the authority see the same page. A difference is called a gain or a loss only where a finding says so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import polars as pl
from django.http import HttpResponse
from django.utils.functional import cached_property

from lodeline.material.element import TREO
from lodeline.service.balance import sites
from lodeline.service.balance.site_books import SiteBooks, site_books
from lodeline.service.balance.site_run import Run
from lodeline.service.findings.finding import findings
from lodeline.service.overview import overview as questions
from lodeline.web.access.territory import of_one_site
from lodeline.web.pages.balance import tables as tables_of
from lodeline.web.pages.balance.chart import draw_chart, draw_parts
from lodeline.web.pages.balance.explained import asked_about, explanations_table
from lodeline.web.pages.balance.part import (
    balances_of,
    draw_sites,
    draw_yields,
    sites_table,
    state_cell,
    yields_table,
    z_links,
)
from lodeline.web.pages.balance.run import (
    ceiling_words,
    detection_power_table,
    signature_here,
    signature_table,
    sources_table,
    tests_table,
    verdict,
)
from lodeline.web.pages.inspections.visits_part import inspected_here
from lodeline.web.parts import choice
from lodeline.web.parts.shell import show
from lodeline.web.parts.table import Table, shown, wanted_csv
from lodeline.web.visit import BadQuestionError, NotHereError, Visit
from lodeline.web.words import format as written
from lodeline.web.words import words
from lodeline.web.words.successions import of_site

#: A finding (a row of `service.findings.finding.findings`) as the reader may know it.
Describe = Callable[[Mapping[str, Any]], Mapping[str, Any]]

_site_books = of_one_site(site_books)


def balance(visit: Visit, site: str) -> HttpResponse:
    """The page `sites/ID/`: `?element=`; `?from=`, `?to=` (months) cut the span; `?until=` (a day) picks a balance."""
    return balance_page(visit, site)


def balance_page(
    visit: Visit, site: str, *, holder: str | None = None, describe: Describe | None = None,
    called: Callable[[str], str] | None = None,
) -> HttpResponse:  # fmt: skip
    """The page as the authority sees it, or with `holder` and `describe` as the firm does that holds the site, or held
    it.

    `describe` gives a finding as the firm may know it, `called` a lot; its peers have no names there, and of a
    site that changed hands it sees its own time alone.
    """
    record = _record(visit, site)
    if holder is not None:
        record = {**record, "organisation": holder}
    reading = visit.reading
    months = reading.answer(questions.months, reading.store, reading.snapshot, reading.law)
    every = balances_of(visit).filter(pl.col("site") == site)
    if holder is not None:
        every = every.filter(pl.col("organisation") == holder)
    if months is None or not every.height:
        return _nothing_yet(visit, record)
    chosen = Chosen(
        visit=visit, record=record, months=months, every=every, holder=holder, describe=describe, called=called
    )
    return _page(chosen)


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """One site, what a reader wants to see of it, and the answers about that. `every`: its balances, as judged.

    `holder`, `describe`, `called`: see `balance_page`.
    """

    visit: Visit
    record: Mapping[str, Any]
    months: questions.Months
    every: pl.DataFrame
    holder: str | None = None
    describe: Describe | None = None
    called: Callable[[str], str] | None = None

    @property
    def site(self) -> str:
        return str(self.record["id"])

    @property
    def name(self) -> str:
        return str(self.record["name"] or self.record["id"])

    @cached_property
    def present(self) -> tuple[str, ...]:
        return sites.elements_of(self.every)

    @cached_property
    def element(self) -> str:
        """What is asked for; else what the newest finding about the site speaks of, else what magnets are made of."""
        if self.visit.query("element") is None:
            stated = self.every.filter(pl.col("finding").is_not_null()).sort("until", pl.col("muf_mg").abs())
            return str(stated["element"][-1]) if stated.height else choice.element(self.visit, self.present)
        reading = self.visit.reading
        asked = choice.element(self.visit, (*reading.answer(questions.elements, reading.snapshot), *self.present))
        if asked not in self.present:
            listed = ", ".join(self.present)
            raise NotHereError(
                f"No lot at this site holds {words.element(asked, 'en')}: look at one of {listed}.",
                f"该场所没有含{words.element(asked, 'zh')}的批次：可选 {listed}。",
            )
        return asked

    @cached_property
    def span(self) -> tuple[str, str]:
        """The first and the last month to be shown."""
        first, last = (self.visit.query(name) or default for name, default in (("from", self.first), ("to", self.last)))
        for month in (first, last):
            choice.check_month(month)
        if first > last:
            raise BadQuestionError(
                f"{first} is later than {last}: choose a month to begin with that is no later than the last.",
                f"{first} 晚于 {last}：起始月份不能晚于结束月份。",
            )
        if last < self.first or first > self.last:
            raise NotHereError(
                f"There is no balance from {first} to {last}: this site has months from {self.first} to {self.last}.",
                f"{first} 至 {last} 没有物料平衡：该场所有 {self.first} 至 {self.last} 的数据。",
            )
        return first, last

    @property
    def first(self) -> str:
        return str(self.every["period"].min())

    @property
    def last(self) -> str:
        return str(self.every["period"].max())

    @cached_property
    def all_rows(self) -> pl.DataFrame:
        """Of the element, in every month."""
        return self.every.filter(pl.col("element") == self.element).sort("until")

    @cached_property
    def rows(self) -> pl.DataFrame:
        """Of the element, in the span."""
        first, last = self.span
        return self.all_rows.filter(pl.col("period").is_between(pl.lit(first), pl.lit(last)))

    @cached_property
    def tested(self) -> pl.DataFrame:
        return self.rows.filter(pl.col("z").is_not_null())

    @cached_property
    def worst(self) -> dict[str, Any] | None:
        """The largest difference of the span that a finding speaks of."""
        stated = self.tested.filter(pl.col("finding").is_not_null()).sort(pl.col("muf_mg").abs())
        return stated.row(-1, named=True) if stated.height else None

    @cached_property
    def books(self) -> SiteBooks:
        """What the page needs of the rows."""
        reading, (first, last) = self.visit.reading, self.span
        return reading.answer(
            _site_books, reading.snapshot, reading.law, site=self.site, organisation=self.record["organisation"],
            element=self.element, first=first, last=last, holder=self.holder, statement=self.statement,
        )  # fmt: skip

    @property
    def run(self) -> Run:
        """The balances of the span, tested together."""
        return self.books.run

    @cached_property
    def of_all(self) -> pl.DataFrame:
        """The balances of every site; of this one, what the reader may see."""
        every = balances_of(self.visit)
        if self.holder is None:
            return every
        return every.filter((pl.col("site") != self.site) | (pl.col("organisation") == self.holder))

    def is_here(self, finding: Mapping[str, Any]) -> bool:
        """Whether a finding is about the site, and about the time of the firm that reads it."""
        subject = finding["subject"]
        return subject.get("site") == self.site and self.holder in (None, subject.get("organisation"))

    @cached_property
    def _site_names(self) -> dict[str, str]:
        return words.site_names(self.visit.reading.snapshot.register)

    def measured(self, laboratory: str | None, method: str) -> str:
        """What measurements of a method are called; of a partner's laboratory a firm is told no more than that."""
        visit = self.visit
        if laboratory is not None and self.describe is not None and laboratory != self.site:
            return visit.text("a laboratory of a partner", "对方化验室")
        named = visit.text("no method named", "未注明方法") if method.startswith(";") else method
        if laboratory is None:
            return str(named)
        name = self._site_names.get(laboratory, laboratory)
        return visit.text(f"{name}, {named}", f"{name}，{named}")

    def lot(self, name: str) -> str:
        """What the reader calls a lot."""
        return name if self.called is None else self.called(name)

    @cached_property
    def statement(self) -> sites.Statement:
        """The balance that is set out as a sum: the one asked for, else the worst, else the furthest beyond, else the
        newest."""
        asked = self.visit.query("until")
        if asked is not None:
            return self._asked_statement(asked)
        counted = self.rows.filter(pl.col("muf_mg").is_not_null())
        newest = next(frame for frame in (self.tested, counted, self.rows, self.all_rows) if frame.height)
        beyond = self.tested.filter(pl.col("state") == "beyond").sort(pl.col("z").abs())
        until = self.worst["until"] if self.worst else (beyond if beyond.height else newest)["until"][-1]
        found = sites.statement(self.all_rows, until=until)
        assert found is not None, "the day is that of a row"
        return found

    def _asked_statement(self, asked: str) -> sites.Statement:
        try:
            until = date.fromisoformat(asked)
        except ValueError:
            raise BadQuestionError(
                f"{asked!r} is no day: write it like 2025-06-30.", f"{asked!r} 不是日期：请写作 2025-06-30。"
            ) from None
        found = sites.statement(self.all_rows, until=until)
        if found is None:
            days = ", ".join(str(day) for day in self.all_rows["until"].unique().sort()[-6:])
            raise NotHereError(
                f"No balance ends on {asked}. The newest end on {days}.",
                f"没有在 {asked} 结束的平衡。最近的为 {days}。",
            )
        return found

    @cached_property
    def findings(self) -> list[dict[str, Any]]:
        """About this site, in the span; those that speak of the element first."""
        reading = self.visit.reading
        first, last = self.span
        here = [
            row
            for row in reading.answer(findings, reading.store, reading.snapshot, reading.law)["rows"]
            if self.is_here(row) and first <= row["period"]["to"] and row["period"]["from"] <= last
        ]
        return sorted(here, key=lambda row: self.element not in row["elements"])

    @cached_property
    def bound_mg(self) -> int:
        """What at least came from nowhere, where the site has never counted; of the total oxide alone."""
        reading = self.visit.reading
        found = reading.answer(findings, reading.store, reading.snapshot, reading.law)
        found = {**found, "rows": [row for row in found["rows"] if self.is_here(row)]}
        return sites.gain_bounds(found, until=self.span[1]).get(self.site, 0)


def _page(chosen: Chosen) -> HttpResponse:
    visit, reading, language = chosen.visit, chosen.visit.reading, chosen.visit.language
    statement, symbol = chosen.statement, chosen.element
    unit = tables_of.months_unit(visit, chosen.rows)
    peers = sites.newest(reading.snapshot, chosen.of_all, element=symbol, until=chosen.span[1]).filter(
        pl.col("stage") == (chosen.record["stage"] or "")
    )
    yields = sites.yields(chosen.of_all, element=symbol, first=chosen.span[0], last=chosen.span[1])
    yields = yields.filter(pl.col("site").is_in(peers["site"].implode()))
    named = chosen.describe is None
    months = tables_of.months_table(visit, chosen.rows, unit)
    tables = _tables(chosen, peers) | {"yields": yields_table(visit, yields, asked=chosen.site, named=named)}
    inspected = inspected_here(visit, chosen.site, called=chosen.lot, own=not named)
    found = [inspected.made] if inspected is not None and inspected.made is not None else []
    csv = wanted_csv(visit, months, *tables.values(), *found)
    if csv is not None:
        return csv
    name = words.element(symbol, language)
    firms = words.organisation_names(reading.snapshot.register, language)
    owner = chosen.record["organisation"]
    return show(
        visit,
        "lodeline/balance/balance.html",
        title=_headline(chosen),
        record=chosen.record,
        # A firm is told of its partners as its own words have it.
        names=firms if named else {},
        name=chosen.name,
        stage=words.word(words.STAGES, chosen.record["stage"] or "", language),
        owner=firms.get(owner, owner),
        owner_href=visit.url("organisation", organisation=owner),
        element=name,
        symbol=symbol,
        unit=unit.word,
        elements=z_links(visit, chosen.every, chosen.present, symbol),
        span=[written.month(month, language) for month in chosen.span],
        asked={"from": chosen.span[0], "to": chosen.span[1], "element": symbol},
        months=[(one, written.month(one, language)) for one in chosen.months.all if chosen.first <= one <= chosen.last],
        lede=_lede(chosen),
        chart=draw_chart(visit, chosen.rows, chosen.run, element=symbol),
        verdict=verdict(visit, chosen.run, element=symbol, chosen=_is_cut(visit)),
        ceiling=ceiling_words(visit, chosen.run, element=symbol, measured=chosen.measured),
        signature=signature_here(visit, chosen.run),
        parts=draw_parts(visit, statement),
        statement=_set_out(visit, statement),
        implied=_implied(chosen),
        explained=asked_about(
            visit,
            chosen.findings,
            chosen.books,
            organisation=owner,
            element=symbol,
            statement=statement,
            describe=chosen.describe,
        ),
        own=chosen.describe is not None,
        inspected=inspected,
        succession=of_site(visit, chosen.site, only=chosen.holder),
        yields_drawing=draw_yields(visit, yields, asked=chosen.site, named=named),
        peers_drawing=draw_sites(
            visit, peers, name=visit.text("z at this stage", "同环节 z 值"), asked=chosen.site, named=named
        ),
        left_out=len(months.columns) - len(tables_of.with_mass(months).columns),
        months_table=shown(visit, tables_of.with_mass(months)),
        tables={key: shown(visit, table) for key, table in tables.items()},
        balances=visit.url("balances", query={"element": symbol}),
    )


def _tables(chosen: Chosen, peers: pl.DataFrame) -> dict[str, Table]:
    visit, statement, symbol = chosen.visit, chosen.statement, chosen.element
    return {
        "statement": tables_of.statement_table(visit, statement),
        "explanations": explanations_table(
            visit,
            books=chosen.books,
            organisation=chosen.record["organisation"],
            element=symbol,
            statement=statement,
            lot=chosen.lot,
            measured=chosen.measured,
        ),
        "tests": tests_table(visit, chosen.run),
        "sight": detection_power_table(visit, chosen.run),
        "signature": signature_table(visit, chosen.run),
        "sources": sources_table(visit, chosen.run, measured=chosen.measured),
        "filings": tables_of.filings_table(visit, chosen.record["organisation"], chosen.span),
        "methods": tables_of.methods_table(visit, chosen.books.methods),
        **(
            {"peers": sites_table(visit, peers, {}, name="peers", element=symbol, per_page=10)}
            if chosen.describe is None
            else {}
        ),
    }


def _is_cut(visit: Visit) -> bool:
    """Whether the reader has chosen the span."""
    return visit.query("from") is not None or visit.query("to") is not None


def _record(visit: Visit, site: str) -> dict[str, Any]:
    table = visit.reading.snapshot.register.tables["sites"]
    found = table.filter(pl.col("id") == site).to_dicts()
    if found:
        return found[0]
    near = [one for one in table["id"] if site.casefold() in one.casefold()][:5]
    raise NotHereError(
        f"No site {site!r} is in the register."
        + (f" Perhaps {', '.join(near)}." if near else " Find it by its name in the field at the side."),
        f"登记簿中没有场所 {site!r}。" + (f"或许是 {'、'.join(near)}。" if near else "请在侧栏的查找框中按名称查找。"),
    )


def _nothing_yet(visit: Visit, record: Mapping[str, Any]) -> HttpResponse:
    name = record["name"] or record["id"]
    title = visit.text(f"Nothing has been filed for {name} yet", f"{name}尚无申报")
    owner = record["organisation"]
    return show(
        visit, "lodeline/balance/balance_empty.html", title=title, record=record,
        owner_href=visit.url("organisation", organisation=owner),
        owner=words.organisation_names(visit.reading.snapshot.register, visit.language).get(owner, owner),
    )  # fmt: skip


def _headline(chosen: Chosen) -> str:
    visit, site, worst = chosen.visit, chosen.name, chosen.worst
    name = words.element(chosen.element, visit.language)
    if worst is not None:
        mass = written.mass(abs(worst["muf_mg"]), visit.language)
        month = written.month(f"{worst['until']:%Y-%m}", visit.language)
        if (over := _over_a_window(chosen, worst, name)) is not None:
            return over
        if worst["state"] == "gain":
            return visit.text(
                f"By {month}, {site} had given {mass} more {name} than it took in",
                f"截至{month}，{site}的{name}比收入多出{mass}",
            )
        return visit.text(
            f"By {month}, {mass} of {name} had left {site} without a trace",
            f"截至{month}，{site}有{mass}{name}去向不明",
        )
    if chosen.tested.height:
        beyond, of = chosen.tested.filter(pl.col("state") == "beyond").height, chosen.tested.height
        if beyond > 1:
            return visit.text(
                f"{site}: {name} raises no alarm, and {beyond} of {of} balances lie beyond 3 σ",
                f"{site}的{name}未报警，{of}期平衡中有{beyond}期超出3σ",
            )
        if beyond:
            return visit.text(
                f"{site}: {name} stays below the alarm, once only just", f"{site}的{name}未达报警，但曾接近限值"
            )
        return visit.text(f"{site}: every {name} balance closes", f"{site}的{name}平衡全部闭合")
    if chosen.element == TREO and chosen.bound_mg:
        mass = written.mass(chosen.bound_mg, visit.language)
        return visit.text(
            f"{site} sent out at least {mass} of {name} more than it can have had",
            f"{site}发出的{name}至少比其可能持有量多{mass}",
        )
    if chosen.rows["muf_mg"].is_not_null().any():
        return visit.text(
            f"{site} has counted its {name} once: a balance needs two counts", f"{site}的{name}仅盘存一次，尚不能检验"
        )
    return visit.text(f"Nobody has counted the {name} at {site}", f"{site}的{name}从未盘存")


def _over_a_window(chosen: Chosen, worst: Mapping[str, Any], name: str) -> str | None:
    """The headline where several balances together say more than the worst of them; None where they do not."""
    side, visit = chosen.run.leading, chosen.visit
    if side is None or not side.alarm or side.balances < 2 or not side.since < worst["until"] <= side.until:
        return None
    if side.side != (1 if worst["state"] == "loss" else -1) or abs(side.mass_mg) <= abs(worst["muf_mg"]):
        return None
    mass, site = written.mass(abs(side.mass_mg), visit.language), chosen.name
    since, until = (
        written.month(f"{day:%Y-%m}", visit.language) for day in (side.since + timedelta(days=1), side.until)
    )
    if side.side < 0:
        return visit.text(
            f"From {since} to {until}, {site} gave about {mass} more {name} than it took in",
            f"{since}至{until}，{site}的{name}比收入约多出{mass}",
        )
    return visit.text(
        f"From {since} to {until}, about {mass} of {name} left {site} without a trace",
        f"{since}至{until}，{site}约有{mass}{name}去向不明",
    )


def _lede(chosen: Chosen) -> dict[str, Any]:
    language, tested, worst = chosen.visit.language, chosen.tested, chosen.worst
    last = tested.row(-1, named=True) if tested.height else None
    return {
        "tested": tested.height,
        "closing": tested.filter(pl.col("state") == "closes").height,
        "worst": None
        if worst is None
        else {
            "mass": written.mass_with_sigma(abs(worst["muf_mg"]), worst["sigma_mg"], language),
            "z": written.sigmas(worst["z"]),
            "since": written.day(worst["since"], language),
            "until": written.day(worst["until"], language),
        },
        "last": None
        if last is None
        else {
            "until": written.day(last["until"], language),
            "mass": written.mass_with_sigma(last["muf_mg"], last["sigma_mg"], language),
            "z": written.sigmas(last["z"]),
        },
        "uncounted": int((chosen.rows["muf_mg"].is_null()).sum()),
        "bound": written.mass(chosen.bound_mg, language) if chosen.bound_mg else None,
        "bound_href": None if chosen.element == TREO else chosen.visit.here(element=TREO, until=None),
    }


def _implied(chosen: Chosen) -> str | None:
    """How much of what the statement says came in has no receipt, in words; None for nothing."""
    mass_mg = chosen.books.implied_mg
    return written.mass(mass_mg, chosen.visit.language) if mass_mg else None


def _set_out(visit: Visit, statement: sites.Statement) -> dict[str, Any]:
    language = visit.language
    return {
        "since": written.day(statement.since, language),
        "until": written.day(statement.until, language),
        "counted": statement.muf_mg is not None,
        "text": _measured(visit, statement),
        "state": state_cell(visit, statement.state, statement.finding),
    }


def _measured(visit: Visit, statement: sites.Statement) -> str:
    """How far measurement explains the difference, or why nobody can say."""
    if statement.z is not None:
        sigma, z = written.mass(statement.sigma_mg, visit.language), written.sigmas(statement.z)
        return visit.text(
            f"Measurement explains ±{sigma} (one σ); the difference is {z} σ.",
            f"测量误差为 ±{sigma}（一倍 σ），差额为 {z} σ。",
        )
    if statement.state == "untested":
        return visit.text(
            "Nobody has stated what some lots hold, and what they may hold explains any difference: it is not tested"
            " until they are assayed.",
            "部分批次未申报成分，其可能的含量足以解释任何差额：补充化验之前不作检验。",
        )
    if statement.muf_mg is not None:
        return visit.text(
            "Only one count: how far measurement explains the difference is unknown.",
            "仅有一次盘存：无法判断测量误差的影响。",
        )
    return visit.text("No count ends it: the difference is unknown.", "期末无盘存：差额未知。")
