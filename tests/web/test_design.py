"""The parts of the pages: whole, tied together by ids that exist, and all of them on the page that shows them."""

from __future__ import annotations

import gzip
import re
from collections import Counter
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from django.http import HttpResponse
from django.template import engines
from django.test import override_settings
from django.urls import path
from hypothesis import given
from hypothesis import strategies as st
from tests.web.conftest import Browser

import lodeline.web
from lodeline.language import LANGUAGES
from lodeline.web import urls
from lodeline.web.pages.design.design import design
from lodeline.web.parts.values import (
    Act,
    Field,
    Grid,
    GridCell,
    GridColumn,
    GridProblem,
    GridRow,
    Notice,
    Problem,
    Problems,
    Progress,
)
from lodeline.web.visit import Visit

PARTS = Path(lodeline.web.__file__).parent / "templates/lodeline/parts"


def shown(request: Any, language: Any) -> HttpResponse:
    visit = Visit(request, language=language, name="design", arguments={})
    request.visit = visit
    return design(visit)


urlpatterns = [path("<language:language>/design/", shown, name="design"), *urls.urlpatterns]
handler404 = urls.handler404


@pytest.fixture
def demo(browser: Browser) -> Iterator[Browser]:
    with override_settings(LODELINE_DEMO=True, ROOT_URLCONF=__name__):
        yield browser


class Ties(HTMLParser):
    """Ids of a page, and what refers to them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.refers: set[str] = set()
        self.controls: set[str] = set()
        self.labelled: set[str] = set()
        self._labels = 0
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        self._labels += tag == "label"
        if "id" in told:
            self.ids.append(told["id"])
        for name in ("aria-describedby", "aria-labelledby", "for", "list", "popovertarget"):
            self.refers |= set(told.get(name, "").split())
        if told.get("href", "").startswith("#"):
            self.refers.add(told["href"][1:])
        if tag == "label":
            self.labelled.add(told.get("for", ""))
        if tag in ("input", "select", "textarea") and told.get("type") not in ("hidden", "radio"):
            self.controls.add(told.get("id", f"{tag} without an id, {told.get('name')}"))
            if self._labels or "aria-label" in told:
                self.labelled.add(told.get("id", f"{tag} without an id, {told.get('name')}"))

    def handle_endtag(self, tag: str) -> None:
        self._labels -= tag == "label"


@pytest.mark.parametrize("language", LANGUAGES)
def test_whatever_refers_to_an_id_finds_it_and_every_control_has_a_label(demo: Browser, language: str) -> None:
    response = demo.get(f"/{language}/design/")
    assert response.status_code == 200
    ties = Ties(response.content.decode())
    assert [one for one, times in Counter(ties.ids).items() if times > 1] == []
    assert ties.refers - set(ties.ids) == set()
    assert ties.controls - ties.labelled == set()


def included(template: Path) -> set[str]:
    """Names of the parts in a template, and in those parts."""
    found = set(re.findall(r'{%-? include "lodeline/parts/(\w+\.html)"', template.read_text("utf-8")))
    return found | {name for one in found for name in included(PARTS / one)}


def test_every_part_is_shown() -> None:
    """Those that take a value of `web.parts.values`, and the two that take a field of Django's and a drawing."""
    parts = {one.name for one in PARTS.iterdir() if "lodeline.web.parts.values." in one.read_text("utf-8")}
    assert len(parts) > 15
    assert (parts | {"bound_field.html", "drawing.html"}) - included(PARTS.parent / "design/design.html") == set()


def test_only_in_the_demonstration(demo: Browser) -> None:
    with override_settings(LODELINE_DEMO=False):
        assert demo.get("/en/design/").status_code == 404


def test_what_is_sent_is_answered_and_not_kept(demo: Browser) -> None:
    answer = demo.post("/en/design/", {"firm": "written-by-a-test"})
    assert "nothing was kept" in answer.content.decode()
    assert "written-by-a-test" not in answer.content.decode()


def test_page_is_light_and_within_the_policy(demo: Browser) -> None:
    html = demo.get("/en/design/").content.decode()
    assert not re.search(r"<style|<script(?! src)|\sstyle=|\son[a-z]+=", html)
    total = len(gzip.compress(html.encode()))
    for href in sorted(set(re.findall(r"/static/[^\"]+", html))):
        asset = demo.get(href)
        total += len(gzip.compress(b"".join(asset.streaming_content)))
        asset.close()
    assert total < 250_000


def rendered(template: str, **context: object) -> str:
    found = engines["django"].get_template(f"lodeline/parts/{template}")
    return found.render({"language": "en", **context})


@pytest.mark.usefixtures("pages")
class TestField:
    def test_hint_and_errors_are_told_with_the_control(self) -> None:
        field = Field(name="mass", label="Mass", hint="Dry.", errors=["No number.", "Too long."], key="7")
        html = rendered("field.html", field=field)
        assert 'id="f-mass-7"' in html and 'aria-invalid="true"' in html
        assert 'aria-describedby="h-f-mass-7 w-f-mass-7"' in html
        assert re.search(r'id="w-f-mass-7">.*No number\. Too long\.', html)

    def test_a_good_field_says_nothing_of_errors(self) -> None:
        html = rendered("field.html", field=Field(name="mass", label="Mass", required=True))
        assert "aria-" not in html and "required" in html and "optional" not in html

    @pytest.mark.parametrize("kind", ["text", "textarea", "select", "radio", "checkbox", "date", "password"])
    def test_what_was_written_stays_and_is_no_markup(self, kind: Any) -> None:
        hostile = '"><script>alert(1)</script>'
        options = [(hostile, hostile)] if kind in ("select", "radio") else []
        html = rendered("field.html", field=Field(name="x", label=hostile, kind=kind, value=hostile, options=options))
        assert "<script" not in html and "&lt;script&gt;" in html
        assert kind not in ("select", "radio") or re.search(" (selected|checked)", html)


@pytest.mark.usefixtures("pages")
class TestAct:
    def test_link_or_button(self) -> None:
        assert re.search(
            r'<a class="btn ghost small" href="/x">',
            rendered("act.html", act=Act(label="Go", href="/x", look="ghost", small=True)).replace("  ", " "),
        )
        pressed = rendered("act.html", act=Act(label="Go", name="way", value="1"))
        assert '<button class="btn "' in pressed and 'name="way" value="1"' in pressed

    def test_what_cannot_be_done_is_no_link(self) -> None:
        html = rendered("act.html", act=Act(label="Go", href="/x", disabled=True))
        assert "href" not in html and "disabled" in html


@pytest.mark.usefixtures("pages")
def test_a_problem_is_told_at_once_and_a_success_in_a_pause() -> None:
    assert 'role="alert"' in rendered("notices.html", notices=[Notice(kind="problem", text="No.")])
    assert 'role="status"' in rendered("notices.html", notices=[Notice(kind="success", text="Done.")])


@pytest.mark.usefixtures("pages")
@pytest.mark.parametrize("running", [True, False])
def test_page_asks_again_for_a_job_that_runs_with_and_without_script(running: bool) -> None:
    progress = Progress(
        id="job", label="Checking", text="62 of 100 rows", done=62, total=100, running=running, seconds=4
    )
    head, part = (rendered(name, progress=progress) for name in ("progress_head.html", "progress.html"))
    assert ('<meta http-equiv="refresh" content="4">' in head.partition("<noscript>")[2]) == running
    assert ('data-live="4"' in part) == running
    assert 'max="100" value="62"' in part and "62 of 100 rows" in part


@pytest.mark.usefixtures("pages")
def test_problem_without_a_place_is_itself_the_link() -> None:
    html = rendered("problems.html", part=Problems(heading="One", problems=[
        Problem(severity="reject", text="Choose a site.", href="#f-site"),
        Problem(severity="flag", text="Nothing to do."),
    ]))  # fmt: skip
    assert html.count("Choose a site.") == 1 and '<a href="#f-site">Choose a site.</a>' in html
    assert html.count("Nothing to do.") == 1


@given(
    columns=st.integers(1, 24),
    problems=st.lists(st.tuples(st.none() | st.integers(0, 23), st.sampled_from(["reject", "confirm", "flag"]))),
)
def test_messages_of_a_grid_fill_its_width_and_can_be_read(
    columns: int, problems: list[tuple[int | None, Any]]
) -> None:
    said = [
        GridProblem(id=f"m{at}", severity=severity, text="…", column=None if column is None else column % columns)
        for at, (column, severity) in enumerate(problems)
    ]
    grid = Grid(
        caption="Rows",
        columns=[GridColumn(label=str(at)) for at in range(columns)],
        rows=[GridRow(number="1", id="r1", cells=[GridCell(text="x")] * columns, problems=said)],
    )
    ((_, cells, messages),) = grid.shown()
    assert len(cells) == columns
    for message in messages:
        assert message.before >= 1 and message.before + message.span == columns + 1
        assert message.span >= min(4, columns)
        if message.problem.column is not None:
            assert message.before <= message.problem.column + 1


def test_row_with_another_number_of_cells_is_our_mistake() -> None:
    grid = Grid(caption="Rows", columns=[GridColumn(label="A")], rows=[GridRow(number="1", id="r1", cells=[])])
    with pytest.raises(ValueError, match="shorter"):
        list(grid.shown())
