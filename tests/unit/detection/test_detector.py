"""A detector's file says all of it: what it is called, how it is marked, what its evidence means, what it looks at."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, get_args, get_type_hints

import polars as pl
import pytest

from lodeline.detection.battery import DETECTORS
from lodeline.detection.detector import ANY_QUESTION, OFFERED, Detector, LedgerView, Tone
from lodeline.detection.finding import Finding
from lodeline.detection.limits import Limits
from lodeline.language import bilingual
from lodeline.message import Texts
from lodeline.regulation.parameter import Jurisdiction

#: Name of what may be looked at → its type.
GIVEN = {
    **{name: get_type_hints(part.fget)["return"] for name, part in vars(LedgerView).items() if name[0] != "_"},
    **dict.fromkeys(OFFERED, pl.DataFrame),
    "limits": Limits,
}
PLACES = set(re.findall(r"\{(\w+)\}", "{firm} {mass} {months} {until} {year} {quota} {label}"))


def lacking(one: Detector) -> Iterator[str]:
    """What a detector does not say of itself, or says in one language alone."""
    if not re.fullmatch(r"[a-z]+(-[a-z]+)*", one.name):
        yield "name"
    if not one.mark[0] or one.mark[1] not in get_args(Tone):
        yield "mark"
    texts = {"label": one.label, "question": one.question, **one.labels, **one.words}
    yield from (key for key, text in texts.items() if not text["en"] or not re.search("[一-龥]", text["zh"]))
    for language in (one.question["en"], one.question["zh"]):
        if not set(re.findall(r"\{(\w*)\}", language)) <= PLACES:
            yield "places of the question"
    hints = {need: hint for need, hint in get_type_hints(one.find).items() if need != "return"}
    yield from (need for need, hint in hints.items() if GIVEN.get(need) not in (hint, *get_args(hint)))


@pytest.mark.parametrize("one", DETECTORS, ids=lambda one: str(one.name))
def test_every_detector_says_what_it_is(one: Detector) -> None:
    assert list(lacking(one)) == []
    assert one.find.__name__ == one.name.replace("-", "_") and one.needs


def by_law(*, lines: pl.DataFrame, papers: pl.DataFrame, law: Jurisdiction) -> list[Finding]:
    assert (lines.height, papers.height, str(law)) == (1, 0, "law")
    return []


WHOLE = Detector(
    name="by-law", label=bilingual("By law", "依法"), mark=("ring", "ink"), find=by_law, texts=Texts("by-law", {})
)


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"name": "By_law"}, ["name"]),
        ({"mark": ("", "ink")}, ["mark"]),
        ({"label": bilingual("", "依法")}, ["label"]),
        ({"labels": {"lots": bilingual("Lots", "Lots")}}, ["lots"]),
        ({"words": {"late": bilingual("late", "")}}, ["late"]),
        ({"question": bilingual("Why {who}?", "为何 {firm}？")}, ["places of the question"]),
        ({"find": lambda *, lots: [lots]}, ["lots"]),
    ],
)
def test_what_a_detector_does_not_say_is_found(changes: dict[str, Any], what: list[str]) -> None:
    if "find" in changes:
        changes["find"].__annotations__["lots"] = Limits
    assert list(lacking(WHOLE)) == [] and WHOLE.question == ANY_QUESTION
    assert list(lacking(replace(WHOLE, **changes))) == what


def test_a_detector_is_given_what_it_takes_and_nothing_else() -> None:
    """A frame that a view has not is empty; whether the law is asked is told from what is taken."""
    view: Any = SimpleNamespace(lines=pl.DataFrame({"line": [1]}), law="law", papers=None)
    assert WHOLE.needs == ("lines", "papers", "law") and WHOLE.look(view) == []
    del view.papers
    assert WHOLE.look(view) == []
    del view.lines
    with pytest.raises(AttributeError, match="lines"):
        WHOLE.look(view)


def test_one_key_means_one_thing_whoever_uses_it() -> None:
    for part in ("labels", "words"):
        keys = [key for one in DETECTORS for key in getattr(one, part)]
        assert len(keys) == len(set(keys)), part
