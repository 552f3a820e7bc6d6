"""Planned runs on pages: the table of them, and the forms by which a firm announces one and puts it off."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from django.http import HttpResponse, HttpResponseRedirect

from lodeline.language import Text, bilingual, text
from lodeline.material.mass import parse_mass
from lodeline.office.access import clock
from lodeline.office.licences import runs
from lodeline.service.licences.runs import PlannedRun
from lodeline.web.parts.table import Cell, Column, Row, Table
from lodeline.web.parts.values import Field, Notice
from lodeline.web.visit import BadQuestionError, Visit
from lodeline.web.words import format as written
from lodeline.web.words import words
from lodeline.web.words.words import Tone

STATES: Final[Mapping[str, tuple[Text, str, Tone]]] = {
    "awaited": (text("Waits for its rows"), "half", "flow"),
    "drawn": (text("Drawn", context="licences, runs, states"), "tick", "quiet"),
    "lapsed": (text("Lapsed"), "bar", "quiet"),
    "put-off": (text("Called off", context="licences, runs"), "bar", "quiet"),
}
_NOTICES: Final[Mapping[str, Text]] = {
    "announce": text("The run is announced, and its quota set aside."),
    "put-off": text("The run is called off: what it has not drawn is free again."),
    "repeated": text("That stood already: nothing was written."),
}
_MOST: Final = 4_000


def runs_table(visit: Visit, found: Sequence[PlannedRun], names: Mapping[str, str] | None = None) -> Table:
    """`names`: those of the firms, where it is not about one."""
    return Table(
        name="runs",
        caption=visit.text("Planned runs"),
        columns=(
            Column(key="run", label=text("Run", context="licences, runs, runs table")),
            *(() if names is None else (Column(key="organisation", label=text("Firm")),)),
            Column(key="kind", label=text("Quota", context="licences, runs")),
            Column(key="reo", label=text("Announced, REO"), number=True, unit="kg"),
            Column(key="used", label=text("Drawn", context="licences, runs, runs table"), number=True, unit="kg"),
            Column(key="open", label=text("Still reserved"), number=True, unit="kg"),
            Column(key="until", label=text("Until", context="licences, runs")),
            Column(key="state", label=text("State")),
        ),
        rows=[_row(visit, row, names) for row in found],
        empty=visit.text("No run is announced."),
    )


def _row(visit: Visit, row: PlannedRun, names: Mapping[str, str] | None) -> Row:
    language = visit.language
    word, shape, tone = STATES[row.state]
    ore = words.word(words.ORE_TYPES, row.ore_type, language) if row.ore_type else ""

    def mass(mass_mg: int) -> Cell:
        text = written.mass(mass_mg, language) if mass_mg else written.NOTHING
        return Cell(text=text, value=mass_mg / written.MG_PER_KG)

    firm = row.organisation
    firm_cell = (
        ()
        if names is None
        else (
            Cell(
                text=names.get(firm, firm),
                value=firm,
                note=firm if names.get(firm) != firm else "",
                href=visit.opens("organisation", organisation=firm) if firm in names else None,
            ),
        )
    )
    return (
        Cell(
            text=row.run,
            value=row.run,
            whole=True,
            href=None if names is None else visit.opens("planned-run", run=row.reservation),
        ),
        *firm_cell,
        Cell(
            text=visit.text(
                "{word} {year}",
                word=bilingual(
                    words.word(words.QUOTA_KINDS, row.kind, "en"), words.word(words.QUOTA_KINDS, row.kind, "zh")
                ),
                year=row.year,
            ),
            value=f"{row.kind} {row.year}",
            note=ore,
        ),
        mass(row.reo_mg),
        mass(row.used_mg),
        mass(row.open_mg),
        Cell(text=written.day(row.until, language), value=row.until.isoformat() if row.until else None),
        Cell(text=visit.localized(word), value=row.state, shape=shape, tone=tone),
    )


def done(visit: Visit, organisation: str) -> HttpResponse | list[str]:
    """Does what a form of the firm asks, and leads back to the page; or why it was not done, as sentences."""
    form, now, law = visit.request.POST, clock.now(), visit.law
    act = form.get("act")
    if act == "announce":
        reo_mg = _mg(form.get("reo_kg", ""))
        if reo_mg is None:
            shown = form.get("reo_kg", "").strip()[:40]
            english = f"{shown!r} is no mass in kilograms: write it like 1200."
            return [visit.localized(bilingual(english, f"{shown!r} 不是以千克计的质量：请写作 1200。"))]
        kind, ore = form.get("kind", ""), form.get("ore_type", "")
        year = form.get("year", "")
        if kind not in words.QUOTA_KINDS or (ore and ore not in words.ORE_TYPES) or not _is_year(year):
            raise BadQuestionError(text("Choose a quota, an ore and a year of those offered."))
        found = runs.announce(
            visit.actor,
            visit.store,
            organisation,
            run=form.get("run", ""),
            kind=kind,
            ore_type=ore,
            year=int(year),
            reo_mg=reo_mg,
            law=law,
            now=now,
        )
    elif act == "put-off":
        found = runs.put_off(
            visit.actor,
            visit.store,
            organisation,
            run=form.get("run", ""),
            reason=form.get("reason", ""),
            law=law,
            now=now,
        )
    else:
        raise BadQuestionError(text("Choose what to do."))
    if found.draw is None:
        return [one.message(visit.language) for one in found.problems]
    visit.has_filed(found.draw.entry)
    act_code = "repeated" if found.repeated else act
    return HttpResponseRedirect(visit.here(said=act_code, flag="over" if found.problems else None), status=303)


def notices(visit: Visit, refused: Sequence[str] | None) -> list[Notice]:
    """What a form has come to, or why it has not."""
    if refused:
        return [Notice(kind="problem", text=one) for one in refused]
    code = visit.query("said")
    if code is None or code not in _NOTICES:
        return []
    more = visit.text("It passes your quota: that is accepted, and flagged with when and by how much.")
    return [Notice(kind="success", text=visit.localized(_NOTICES[code]), more=more if visit.query("flag") else "")]


def forms(visit: Visit, found: Sequence[PlannedRun], *, year: int) -> dict[str, list[Field] | None]:
    """The fields of the two forms; None where there is nothing to put off."""
    waiting = [one for one in found if one.state == "awaited"]
    kinds = [(key, visit.localized(text)) for key, text in words.QUOTA_KINDS.items()]
    ores = [("", visit.text("the grant names none"))]
    ores += [(key, visit.localized(text)) for key, text in words.ORE_TYPES.items()]
    return {
        "announce": [
            Field(
                name="run",
                key="announce",
                label=visit.text("Number of the run"),
                required=True,
                value=_sent(visit, "announce", "run"),
                hint=visit.text("As the rows of the run will have it, in their column run."),
            ),
            Field(
                name="kind",
                key="announce",
                label=visit.text("Quota", context="licences, runs"),
                kind="select",
                required=True,
                options=kinds,
                value=_sent(visit, "announce", "kind"),
                width="short",
            ),
            Field(
                name="ore_type",
                key="announce",
                label=visit.text("Ore", context="licences"),
                kind="select",
                required=True,
                options=ores,
                value=_sent(visit, "announce", "ore_type"),
                width="medium",
            ),
            Field(
                name="year",
                key="announce",
                label=visit.text("Year", context="licences"),
                kind="select",
                required=True,
                options=[(str(one), str(one)) for one in (year, year + 1)],
                width="short",
                value=_sent(visit, "announce", "year"),
            ),
            Field(
                name="reo_kg",
                key="announce",
                label=visit.text("What it will draw, kg REO"),
                required=True,
                inputmode="decimal",
                value=_sent(visit, "announce", "reo_kg"),
                width="short",
            ),
        ],
        "put_off": [
            Field(
                name="run",
                key="put-off",
                label=visit.text("Run", context="licences, runs, forms"),
                kind="select",
                required=True,
                width="full",
                options=[
                    (
                        row.run,
                        visit.text(
                            "{run}: {open_mg} still reserved",
                            run=row.run,
                            open_mg=bilingual(written.mass(row.open_mg, "en"), written.mass(row.open_mg, "zh")),
                        ),
                    )
                    for row in waiting
                ],
                value=_sent(visit, "put-off", "run"),
            ),
            Field(
                name="reason",
                key="put-off",
                label=visit.text("Why", context="licences, runs"),
                kind="textarea",
                lines=2,
                required=True,
                width="full",
                value=_sent(visit, "put-off", "reason"),
                hint=visit.text("It goes into the log and stays there."),
            ),
        ]
        if waiting
        else None,
    }


def _sent(visit: Visit, act: str, name: str) -> str:
    form = visit.request.POST
    return form.get(name, "")[:_MOST] if form.get("act") == act else ""


def _is_year(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) == len("2026")


def _mg(text: str) -> int | None:
    try:
        return int(parse_mass(text.strip()))
    except ValueError:
        return None
