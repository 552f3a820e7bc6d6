"""A scenario on one sheet of A4: in the page, on paper, and as a file of its own that needs no network."""

from __future__ import annotations

from django.http import HttpResponse

from lodeline.language import text
from lodeline.service.strategy.briefing import briefing as briefing_of
from lodeline.web.pages.strategy import asked, kept
from lodeline.web.parts.shell import show
from lodeline.web.visit import BadQuestionError, NotHereError, Visit
from lodeline.web.words.strategy_sheet import document, sheet


def briefing(visit: Visit, scenario: str) -> HttpResponse:
    """The page `strategy/scenarios/ID/briefing/`: of the run that `strategy/` shows; `?format=html` gives a file."""
    name = asked.known(visit, asked.scenarios(visit), scenario)
    run = kept.shown_run(visit, name).run
    if run is None:
        raise NotHereError(text("This run is not done: there is no briefing of it."))
    brief = briefing_of(run)
    wish = visit.query("format")
    if wish == "html":
        response = HttpResponse(document(brief, visit.language), content_type="text/html; charset=utf-8")
        response["Content-Disposition"] = f'attachment; filename="lodeline-briefing-{name}-{visit.language}.html"'
        return response
    if wish is not None:
        raise BadQuestionError(text("`format` can only be html."))
    return show(
        visit,
        "lodeline/strategy/briefing.html",
        title=brief["headline"][visit.language],
        sheet=sheet(brief, visit.language),
        back=visit.opens("strategy", query={"scenario": name, "run": visit.query("run")}),
        file=visit.here(format="html"),
    )
