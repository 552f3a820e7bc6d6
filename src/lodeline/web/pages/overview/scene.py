"""What the overview is about: one element in one month, the answers about it, and the sentence that sums them up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import polars as pl
from django.utils.functional import cached_property

from lodeline.language import Language, bilingual
from lodeline.ledger.extension import due
from lodeline.material.element import TREO
from lodeline.regulation.duty import next_month
from lodeline.service.balance.book import balances
from lodeline.service.balance.sites import gain_bounds
from lodeline.service.filing import status as filing_status
from lodeline.service.findings.finding import Found, findings
from lodeline.service.overview import overview as questions
from lodeline.service.overview.overview import Months
from lodeline.web.pages.common.chain import total
from lodeline.web.visit import Visit
from lodeline.web.words import format as written
from lodeline.web.words import words


@dataclass(frozen=True, kw_only=True)
class Scene:
    """What a reader has chosen, and the answers about it."""

    visit: Visit
    months: Months
    element: str
    period: str

    @cached_property
    def status(self) -> pl.DataFrame:
        reading = self.visit.reading
        return reading.answer(filing_status.filing_status, reading.store, reading.snapshot, reading.law)

    @cached_property
    def found(self) -> Found:
        reading = self.visit.reading
        return reading.answer(findings, reading.store, reading.snapshot, reading.law)

    @cached_property
    def all_unexplained(self) -> pl.DataFrame:
        """Of the chosen element, in every month."""
        stages = self.visit.reading.snapshot.register.site_stage
        stage = pl.col("site").replace_strict(stages, default="", return_dtype=pl.String)
        return (
            questions.unexplained(self.found.rows).filter(pl.col("element") == self.element).with_columns(stage=stage)
        )

    @cached_property
    def unexplained(self) -> pl.DataFrame:
        return self.all_unexplained.filter(pl.col("period") == self.period)

    @cached_property
    def all_flows(self) -> pl.DataFrame:
        reading = self.visit.reading
        every = reading.answer(questions.chain, reading.snapshot, reading.law)
        return every.filter(pl.col("element") == self.element)

    @cached_property
    def flows(self) -> pl.DataFrame:
        return self.all_flows.filter(pl.col("period") == self.period)

    @cached_property
    def crossings(self) -> pl.DataFrame:
        """Of every element in every month."""
        reading = self.visit.reading
        return reading.answer(questions.crossings, reading.snapshot, reading.law)

    @cached_property
    def stages(self) -> pl.DataFrame:
        reading = self.visit.reading
        every = reading.answer(balances, reading.store, reading.snapshot, reading.law)
        return questions.by_stage(reading.snapshot, every, element=self.element, period=self.period)

    @cached_property
    def filed(self) -> dict[str, int]:
        """State → organisations, for the chosen month."""
        chosen = self.status.filter(pl.col("period") == self.period)
        return {"filed": 0, "late": 0, "missing": 0} | dict(chosen.group_by("state").len().iter_rows())

    @property
    def missing(self) -> str | None:
        return written.count(self.filed["missing"]) if self.filed["missing"] else None

    @property
    def last_day_in_time(self) -> date:
        """The last day on which the month could be filed in time: a deadline at midnight is met on the day before.

        What was extended for a region or for some firms is said on the page of who has filed. The month's own last day
        where no law has it filed.
        """
        late_from = self._late_from
        if late_from is None:
            return date.fromisoformat(f"{next_month(self.period)}-01") - timedelta(days=1)
        return (late_from - timedelta(seconds=1)).date()

    @property
    def _late_from(self) -> datetime | None:
        reading = self.visit.reading
        return due(None, self.period, reading.law, reading.snapshot.register)

    @property
    def due(self) -> str:
        """The deadline as a day: 9 November 2026; or that there is none."""
        if self._late_from is None:
            return self.visit.text("no day that a law sets")
        return written.day(self.last_day_in_time, self.visit.language)

    @property
    def headline(self) -> str:
        """The largest unexplained mass of the month, or that there is none."""
        visit = self.visit
        month = written.month_name(int(self.period[5:7]), visit.language)
        name = words.element(self.element, visit.language)
        if not self.unexplained.height:
            if self.bounds:
                site, mass_mg = max(self.bounds.items(), key=lambda bound: (bound[1], bound[0]))
                mass, firm = written.mass(mass_mg, visit.language), self._holder(site)
                return visit.text(
                    "In {month}, {firm} sent out at least {mass} of {name} that it never had",
                    month=month,
                    firm=firm,
                    mass=mass,
                    name=name,
                )
            if not int(self.stages["tested"].sum() or 0):
                return visit.text("No site closed its {name} books by a count in {month}", name=name, month=month)
            return visit.text("In {month}, every {name} balance that was tested closes", month=month, name=name)
        side, stage, mass_mg = largest(self.unexplained)
        mass = written.mass(mass_mg, visit.language)
        at = words.word(words.STAGES, stage, visit.language)
        if side < 0:
            return visit.text(
                "By {month}, {mass} of {name} had appeared in {at} without an origin",
                month=month,
                mass=mass,
                name=name,
                at=bilingual(at.lower(), at),
            )
        return visit.text(
            "By {month}, {mass} of {name} had left {at} without a trace",
            month=month,
            mass=mass,
            name=name,
            at=bilingual(at.lower(), at),
        )

    @cached_property
    def bounds(self) -> dict[str, int]:
        """Site → mg that at least came from nowhere in the month, where nobody counts; known of the total alone."""
        return gain_bounds(self.found.rows, first=self.period, until=self.period) if self.element == TREO else {}

    def _holder(self, site: str) -> str:
        register = self.visit.reading.snapshot.register
        return words.organisation_names(register, self.visit.language)[register.site_organisation[site]]

    @property
    def lede(self) -> dict[str, Any]:
        """The numbers that carry the headline, as the template says them."""
        language = self.visit.language
        entered = int(self.flows.filter(pl.col("from").str.starts_with("origin:"))["mass_mg"].sum())
        elsewhere = self.all_unexplained.filter(pl.col("period") != self.period).sort(pl.col("muf_mg").abs())
        worst = elsewhere.tail(1).to_dicts()
        return {
            "filed": written.count(self.filed["filed"]),
            "of": written.count(sum(self.filed.values())),
            "late": written.count(self.filed["late"]),
            "missing": written.count(self.filed["missing"]),
            "entered": written.mass(entered, language),
            "tested": written.count(int(self.stages["tested"].sum() or 0)),
            "sites": written.count(int(self.stages["sites"].sum() or 0)),
            "gain": _found(self.unexplained.filter(pl.col("side") < 0), language),
            "loss": _found(self.unexplained.filter(pl.col("side") > 0), language),
            "bounds": None
            if not self.bounds
            else {
                "sites": written.count(len(self.bounds)),
                "mass": written.mass(sum(self.bounds.values()), language),
            },
            "elsewhere": None
            if not worst
            else {
                "count": elsewhere["period"].n_unique(),
                "mass": written.mass_with_sigma(abs(worst[0]["muf_mg"]), worst[0]["sigma_mg"], language),
                "month": written.month(worst[0]["period"], language),
                "gain": worst[0]["side"] < 0,
                "href": self.visit.here(period=worst[0]["period"]),
            },
        }


def _found(unexplained: pl.DataFrame, language: Language) -> dict[str, str] | None:
    """What the counts of one side found together, and at how many sites."""
    if not unexplained.height:
        return None
    mass_mg, sigma_mg = total(unexplained)
    return {
        "mass": written.mass_with_sigma(abs(mass_mg), sigma_mg, language),
        "sites": written.count(unexplained["site"].n_unique()),
    }


def largest(unexplained: pl.DataFrame) -> tuple[int, str, int]:
    """Side, stage and mass of the stage with the most unexplained mass on one side."""
    sums = unexplained.group_by("side", "stage").agg(pl.col("muf_mg").sum().abs())
    side, stage, mass_mg = sums.sort("muf_mg", "stage").row(-1)
    return int(side), str(stage), int(mass_mg)
