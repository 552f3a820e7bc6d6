"""In place of a page whose answers take longer than a request waits: what is computed, how far it is, then the page.

With a script it asks again in place, without one it loads itself again. A program that asks for no page is told when.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from django.http import HttpResponse

from lodeline.language import Text, bilingual, text
from lodeline.web.parts.shell import show
from lodeline.web.parts.values import Progress
from lodeline.web.reading import Stage
from lodeline.web.visit import Visit

#: Seconds until the page asks again.
AGAIN_S: Final = 2
#: What a computation goes through (`Stage.what`), in this order, and what that is called.
_STEPS: Final[Mapping[str, Text]] = {
    "rows": text("the rows of the log are read"),
    "answers": text("flows and balances are computed"),
    "detectors": text("what does not fit is looked for, in one way after another"),
}
_ANOTHER: Final = text(
    "A server of another version of the program computes on this store. This page appears once that server has ended."
)


def computing(visit: Visit, stage: Stage) -> HttpResponse:
    """The page in place of the one that `visit` is to; 503 for whoever does not ask for a page."""
    at = _at(stage)
    asks_for_a_page = "text/html" in visit.request.headers.get("Accept", "")
    response = show(
        visit, "lodeline/common/computing.html", title=visit.text("This page is being computed"),
        status=202 if asks_for_a_page else 503,
        progress=Progress(
            id="computing",
            label=visit.text("Computing"),
            text=visit.localized(bilingual(at["en"], at["zh"])),
            # A single part says nothing of how far it is.
            done=stage.done, total=stage.total if (stage.total or 0) > 1 else None, seconds=AGAIN_S,
        ),
    )  # fmt: skip
    response["Retry-After"] = str(AGAIN_S)
    response["Cache-Control"] = "no-store"
    return response


def _at(stage: Stage) -> Text:
    if stage.what not in _STEPS:
        return _ANOTHER
    step, steps, name = list(_STEPS).index(stage.what) + 1, len(_STEPS), _STEPS[stage.what]
    return text("Step {step} of {steps}: {name}.", step=step, steps=steps, name=name)
