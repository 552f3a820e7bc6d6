"""The balance of a site in words: whether it closes, by how much and within what, and what there is to do about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import polars as pl

from lodeline.language import bilingual
from lodeline.material.element import TREO
from lodeline.service.balance import sites
from lodeline.store.queries import log as log_entries
from lodeline.web.pages.balance.chosen import Chosen
from lodeline.web.pages.balance.part import state_cell
from lodeline.web.parts.table import Table
from lodeline.web.visit import Visit
from lodeline.web.words import format as written
from lodeline.web.words import words


def headline(chosen: Chosen) -> str:
    """Whether it closes, how much does not, and within what."""
    visit, site, worst = chosen.visit, chosen.name, chosen.worst
    name = words.element(chosen.element, visit.language)
    if worst is not None:
        mass = written.mass_with_sigma(abs(worst["muf_mg"]), worst["sigma_mg"], visit.language)
        month = written.month(f"{worst['until']:%Y-%m}", visit.language)
        if (over := _over_a_window(chosen, worst, name)) is not None:
            return over
        if worst["state"] == "gain":
            return visit.text(
                "By {month}, {site} had given {mass} more {name} than it took in",
                month=month,
                site=site,
                mass=mass,
                name=name,
            )
        return visit.text(
            "By {month}, {mass} of {name} had left {site} without a trace", month=month, mass=mass, name=name, site=site
        )
    if chosen.tested.height:
        beyond, of = chosen.tested.filter(pl.col("state") == "beyond").height, chosen.tested.height
        if beyond > 1:
            return visit.text(
                "{site}: {name} raises no alarm, and {beyond} of {of} balances lie beyond 3 σ",
                site=site,
                name=name,
                beyond=beyond,
                of=of,
            )
        if beyond:
            return visit.text("{site}: {name} stays below the alarm, once only just", site=site, name=name)
        total = _total(chosen)
        if chosen.unfiled:
            return visit.text(
                "{site}: {name} closes where its months are filed{total}",
                site=site,
                name=name,
                total=bilingual(total and f", {total} in all", total and f"，合计{total}"),
            )
        return visit.text(
            "{site}: every {name} balance closes{total}",
            site=site,
            name=name,
            total=bilingual(total and f", {total} in all", total and f"，合计{total}"),
        )
    if chosen.element == TREO and chosen.bound_mg:
        mass = written.mass(chosen.bound_mg, visit.language)
        return visit.text(
            "{site} sent out at least {mass} of {name} more than it can have had", site=site, mass=mass, name=name
        )
    if chosen.rows["muf_mg"].is_not_null().any():
        return visit.text("{site} has counted its {name} once: a balance needs two counts", site=site, name=name)
    return visit.text("Nobody has counted the {name} at {site}", name=name, site=site)


def _total(chosen: Chosen) -> str:
    """What the balances of the span come to together; "" where they are not tested as a run."""
    if chosen.run.reason is not None or not chosen.run.balances.height:
        return ""
    last = chosen.run.balances.row(-1, named=True)
    return written.mass_with_sigma(last["sum_mg"], last["sum_sigma_mg"], chosen.visit.language)


def _over_a_window(chosen: Chosen, worst: Mapping[str, Any], name: str) -> str | None:
    """The headline where findings speak of several balances of one side: their sum. None where they do not."""
    visit, whole = chosen.visit, chosen.stated
    if whole is None or whole["wrong"] < 2:
        return None
    mass, site = written.mass_with_sigma(abs(whole["wrong_mg"]), whole["wrong_sigma_mg"], visit.language), chosen.name
    since, until = (
        written.month(f"{day:%Y-%m}", visit.language) for day in (whole["since"] + timedelta(days=1), whole["until"])
    )
    if worst["state"] == "gain":
        return visit.text(
            "From {since} to {until}, {site} gave {mass} more {name} than it took in",
            since=since,
            until=until,
            site=site,
            mass=mass,
            name=name,
        )
    return visit.text(
        "From {since} to {until}, {mass} of {name} left {site} without a trace",
        since=since,
        until=until,
        mass=mass,
        name=name,
        site=site,
    )


def lede(chosen: Chosen) -> dict[str, Any]:
    """The figures of the sentences below the headline."""
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
        "unfiled": chosen.unfiled,
        "uncounted": int((chosen.rows["muf_mg"].is_null()).sum()),
        "bound": written.mass(chosen.bound_mg, language) if chosen.bound_mg else None,
        "bound_href": None if chosen.element == TREO else chosen.visit.here(element=TREO, until=None),
    }


def implied(chosen: Chosen) -> str | None:
    """How much of what the statement says came in has no receipt, in words; None for nothing."""
    mass_mg = chosen.books.implied_mg
    return written.mass(mass_mg, chosen.visit.language) if mass_mg else None


def set_out(visit: Visit, statement: sites.Statement) -> dict[str, Any]:
    """The balance that is set out as a sum: its days, its state, and how far measurement explains it."""
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
        return visit.text("Measurement explains ±{sigma} (one σ); the difference is {z} σ.", sigma=sigma, z=z)
    if statement.state == "unfiled":
        return visit.text("The firm has not filed a month of this balance: it is not tested until it has.")
    if statement.state == "untested":
        return visit.text(
            "Nobody has stated what some lots hold, and what they may hold explains any difference: "
            "it is not tested until they are assayed."
        )
    if statement.muf_mg is not None:
        return visit.text("Only one count: how far measurement explains the difference is unknown.")
    return visit.text("No count ends it: the difference is unknown.")


def to_do(chosen: Chosen, explanations: Table) -> Sequence[Mapping[str, str | None]]:
    """What to do about it, in order, each with where it is done (`text`, `href`); nothing where it closes."""
    visit, own = chosen.visit, chosen.describe is not None
    wrong = chosen.worst is not None or chosen.statement.state == "beyond"
    acts: list[tuple[str, str | None]] = []
    if wrong and explanations.rows:
        what = explanations.rows[0][0].text
        acts.append(
            (
                visit.text("Look first at what would explain it best: {what}", what=what),
                "#explained",
            )
        )
    if wrong and (entry := _filing(chosen)) is not None:
        month = written.month(entry["period"], visit.language)
        acts.append(
            (
                visit.text("Correct {month}, if its filing is wrong", month=month)
                if own else visit.text("Read the filing of {month}", month=month),
                visit.url("entry", entry=entry["entry"]),
            )
        )  # fmt: skip
    if chosen.findings and own:
        acts.append(
            (
                visit.text("Answer what was asked of you"),
                visit.url("firm", organisation=chosen.holder),
            )
        )
    elif chosen.worst is not None:
        acts.append(
            (
                visit.text("Ask the firm, by the finding"),
                visit.url("finding", finding=chosen.worst["finding"]),
            )
        )
    if chosen.statement.state == "untested":
        acts.append((visit.text("Have the lots assayed that nobody has assayed"), "#explained"))
    if not chosen.tested.height:
        if own:
            acts.append(
                (
                    visit.text("Count the whole site at the end of two months, and file the counts with those months"),
                    visit.url("firm-file", organisation=chosen.holder),
                )
            )  # fmt: skip
        else:
            plan = visit.opens("inspection-plan-new", site=chosen.site)
            acts.append((visit.text("Plan a count at the site"), plan))
    return [{"text": text, "href": href} for text, href in acts]


def _filing(chosen: Chosen) -> Mapping[str, Any] | None:
    """The newest entry of the firm about the month of the balance that is set out."""
    reading, month = chosen.visit.reading, f"{chosen.statement.until:%Y-%m}"
    found = reading.answer(log_entries.entries, reading.store).filter(
        (pl.col("organisation") == chosen.record["organisation"]) & (pl.col("period") == month)
    )
    return found.sort("entry").row(-1, named=True) if found.height else None
