"""A scenario: which plant stops, when, for want of what; what still helps, and for whom waiting costs more.

The headline is the answer. Below it the pictures, each with its table; folded, everything that was assumed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.http import HttpResponse

from lodeline.errors import UserError
from lodeline.language import bilingual
from lodeline.office.models import StrategyRun
from lodeline.office.strategy.runs import OPEN
from lodeline.service.strategy.briefing import figures
from lodeline.web.pages.common.entered import problems_part
from lodeline.web.pages.strategy import asked, kept
from lodeline.web.pages.strategy import run_tables as tables
from lodeline.web.parts.shell import show
from lodeline.web.parts.table import shown, wanted_csv
from lodeline.web.parts.values import Fact
from lodeline.web.visit import Visit
from lodeline.web.words import format as written
from lodeline.web.words import strategy as says
from lodeline.web.words import strategy_pictures as pictures
from lodeline.web.words import words
from lodeline.web.words.strategy_sheet import figure_words

Json = Mapping[str, Any]
#: Plants in the picture; the table has all of them.
_PLANTS_MOST: Final = 40
#: Width in pixels of a picture that takes three fifths of the page.
_NARROWER: Final = 620.0


def strategy(visit: Visit) -> HttpResponse:
    """The page `strategy/`: `?scenario=` names one, else the first of the table; `?run=` a run that is kept, else its
    newest, else one that is computed now. Forms keep a run, stop it, compute it again, publish and withdraw it."""
    found = asked.scenarios(visit)
    if not found:
        title = visit.text("Nobody has filed a scenario yet")
        return show(visit, "lodeline/strategy/empty.html", title=title, tables=visit.opens("strategy-tables"))
    name = asked.known(visit, found, visit.query("scenario") or found[0]["scenario"])
    refused: UserError | None = None
    if visit.request.method == "POST":
        done = kept.acted(visit, name)
        if isinstance(done, HttpResponse):
            return done
        refused = done
    there = kept.shown_run(visit, name)
    about: dict[str, Any] = {
        "chosen": name,
        "options": asked.options(visit, found),
        "state": kept.state_of(visit, there.kept),
        "runs": kept.listed(visit, name),
        "problems": problems_part(visit, refused),
        "status": 400 if refused else 200,
    }
    if there.run is None:
        assert there.kept is not None, "a run of now is there"
        return _under_way(visit, there.kept, about)
    run = there.run
    every = [
        tables.plants_table(visit, run), tables.lost_table(visit, run), tables.helps_table(visit, run),
        tables.loss_table(visit, run), tables.standing_table(visit, run), tables.inputs_table(visit, run),
    ]  # fmt: skip
    csv = wanted_csv(visit, *every)
    if csv is not None:
        return csv
    return show(
        visit,
        "lodeline/strategy/scenario.html",
        title=run["headline"][visit.language],
        **about,
        **parts_of(visit, run),
        tables={one.name: shown(visit, one) for one in every},
        briefing=visit.opens("strategy-briefing", scenario=name, query={"run": visit.query("run")}),
        compare=visit.opens("strategy-compare", query={"first": name}) if len(found) > 1 else None,
    )  # fmt: skip


def _under_way(visit: Visit, run: StrategyRun, about: dict[str, Any]) -> HttpResponse:
    """A run that is not done: how far it is, or why there is none."""
    under_way = run.state in OPEN
    title = visit.text("The run {states}", states=kept.STATES[run.state])
    return show(
        visit,
        "lodeline/strategy/under_way.html",
        title=title,
        **about,
        why=visit.localized(bilingual(run.problem_en, run.problem_zh)),
        progress=kept.progress_of(visit, run) if under_way else None,
        reference=run.reference,
    )


def parts_of(visit: Visit, run: Json) -> dict[str, Any]:
    """What the template shows of a run beside its tables."""
    language = visit.language
    stops = pictures.by_stop(run["plants"])
    return {
        "kick": asked.kick(visit, run),
        "lede": _lede(visit, run),
        "synthetic_run": bool(run["stamp"].get("synthetic")),
        "tiles": tiles(visit, run),
        "notes": asked.notes(visit, run["notes"]),
        "legend": asked.legend(visit),
        "drawings": {
            "stops": pictures.stops(run, language, plants=stops[:_PLANTS_MOST], narrow=True),
            "helps": pictures.helps(run, language, width=_NARROWER),
            "loss": pictures.loss(run, language),
            "standing": pictures.standing(run, language),
            "tornado": pictures.tornado(run, language, width=_NARROWER),
        },
        "left_out": written.count(len(stops) - _PLANTS_MOST) if len(stops) > _PLANTS_MOST else "",
        "marks": {
            "totals": asked.mark(visit, run["totals"]),
            "loss": asked.mark(visit, run["loss"]) if run.get("loss") else None,
        },
        "facts": _facts(visit, run),
    }  # fmt: skip


def tiles(visit: Visit, run: Json) -> list[Json]:
    """The five figures of the briefing, each with its basis by word and shape."""
    found: list[Json] = []
    for one in figures(run):
        label, figure, more = figure_words(one, run["settings"], visit.language)
        mark = asked.mark(visit, one)
        found.append(
            {
                "label": label, "figure": figure, "more": more, "shape": mark["shape"], "tone": mark["tone"],
                "basis": mark["text"], "source": mark["source"],
            }
        )  # fmt: skip
    return found


def _lede(visit: Visit, run: Json) -> str:
    """How much the scenario touches, and how much of the flow is exact."""
    scope, edges = run["scope"], run["scope"].get("edges") or 0
    mass = says.mass(scope.get("kg_per_day") or 0.0, visit.language)
    exact = written.percent((run["coverage"].get("exact_pct") or 0.0) / 100, visit.language, 0)
    n, of, touched = (written.count(one) for one in (edges, run["totals"]["plants"], run["totals"]["touched"]))
    if not edges:
        return visit.text("No flow of the base window is in its scope: of {of} plants none is touched.", of=of)
    return visit.text(
        "It touches {n} flows with {mass} a day, and {touched} of {of} plants; {exact} of the "
        "flow is exact, and each number says what it rests on.",
        n=n,
        mass=mass,
        touched=touched,
        of=of,
        exact=exact,
    )


def _facts(visit: Visit, run: Json) -> list[Fact]:
    """By what the run can be made again."""
    settings, stamp = run["settings"], run["stamp"]
    rule = words.word(says.RULES, settings.get("rule") or "", visit.language)
    facts = [
        Fact(
            term=visit.text("Entry and root"),
            text=f"{stamp['entry']} · {stamp.get('root') or ''}",
            mono=True,
        ),
        Fact(term=visit.text("Rule where there is too little"), text=rule),
        Fact(
            term=visit.text("Draws, seed"),
            text=f"{written.count(settings['draws'])} · {settings['seed']}",
        ),
        Fact(
            term=visit.text("Substitution"),
            text=written.percent((settings.get("substitution_pct") or 0) / 100, visit.language, 0),
        ),
    ]
    return facts + [
        Fact(term=visit.text("Digest of {name}", name=name), text=str(digest), mono=True)
        for name, digest in sorted(run["digests"].items())
    ]
