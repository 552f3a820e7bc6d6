"""A scenario on one sheet of A4: in the page, on paper, and as a file of its own that needs no network."""

from __future__ import annotations

from django.http import HttpResponse

from lodeline.service.strategy.briefing import briefing as briefing_of
from lodeline.web.pages.strategy import asked
from lodeline.web.parts.shell import show
from lodeline.web.visit import BadQuestionError, Visit
from lodeline.web.words.strategy_sheet import document, sheet


def briefing(visit: Visit, scenario: str) -> HttpResponse:
    """The page `strategy/scenarios/ID/briefing/`; `?format=html` gives it as a file."""
    name = asked.known(visit, asked.scenarios(visit), scenario)
    brief = briefing_of(asked.run_of(visit, name))
    wish = visit.query("format")
    if wish == "html":
        response = HttpResponse(document(brief, visit.language), content_type="text/html; charset=utf-8")
        response["Content-Disposition"] = f'attachment; filename="lodeline-briefing-{name}-{visit.language}.html"'
        return response
    if wish is not None:
        raise BadQuestionError("`format` can only be html.", "`format` 只能是 html。")
    return show(
        visit,
        "lodeline/strategy/briefing.html",
        title=brief["headline"][visit.language],
        sheet=sheet(brief, visit.language),
        back=visit.opens("strategy", query={"scenario": name}),
        file=visit.here(format="html"),
    )
