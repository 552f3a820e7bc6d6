"""Drawings that answer: their words under pointer and keyboard, zoom, and the file they are saved as; and the page of
all parts, where no drawing depends on what the ledger holds."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, Route, expect

from tests.browser.conftest import context_of
from tests.browser.looking import Watch, barriers, is_dark, scrolls_sideways
from tests.browser.portal import Portal
from tests.browser.test_keyboard import FOCUS_IS_SEEN, tab_to

pytestmark = pytest.mark.medium

SVG = "{http://www.w3.org/2000/svg}"
DRAWINGS = ("sankey", "provenance", "map", "control-chart", "timeline", "bars", "stacks", "strip")


@pytest.fixture
def origin(portal: Portal) -> str:
    return portal.origin


@pytest.fixture
def design(page: Page, origin: str) -> Page:
    page.goto(f"{origin}/en/design/")
    return page


def chart(page: Page, name: str) -> Locator:
    return page.locator(f"figure[data-chart={name}]")


def first_mark(page: Page, name: str) -> Locator:
    """The one stop of Tab in a drawing."""
    stops = chart(page, name).locator("svg:visible [tabindex='0']")
    expect(stops).to_have_count(1)
    return stops


def view_box(figure: Locator) -> list[float]:
    return [float(one) for one in str(figure.locator("svg").first.get_attribute("viewBox")).split()]


@pytest.mark.ci
@pytest.mark.slow
@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize(("scheme", "width"), [("light", 1440), ("dark", 1440), ("light", 390)])
def test_every_part_is_open_to_all(browser: Browser, origin: str, language: str, scheme: str, width: int) -> None:
    context = context_of(browser, color_scheme=scheme, viewport={"width": width, "height": 900})
    page = context.new_page()
    watch = Watch(page, origin)
    page.goto(f"{origin}/{language}/design/")
    assert is_dark(page) == (scheme == "dark")
    for folded in page.locator("main details").all():
        folded.locator("summary").click()
    found, sideways = barriers(page), scrolls_sideways(page)
    context.close()
    assert watch.complaints == []
    assert (found, sideways) == ([], 0)


def test_pointer_is_told_the_words_of_a_mark_once(design: Page) -> None:
    figure = chart(design, "sankey")
    figure.scroll_into_view_if_needed()
    mark = figure.locator("[data-says^='Bastnaesite →']")
    mark.hover()
    expect(figure.locator(".tip")).to_be_visible()
    expect(figure.locator(".tip")).to_have_text("Bastnaesite → Oxide: 610 t")
    # A title would be shown by the browser a second time.
    expect(mark.locator("title")).to_have_count(0)
    design.keyboard.press("Escape")
    expect(figure.locator(".tip")).to_be_hidden()


def test_arrows_go_along_the_flow_and_enter_follows_a_link(design: Page) -> None:
    figure = chart(design, "sankey")
    tab_to(design, first_mark(design, "sankey"))
    count = figure.locator("[data-says]").count()
    focused = design.locator("[data-says]:focus")
    expect(figure.locator("[aria-live]")).to_have_text(f"1 of {count}")
    told = [str(focused.get_attribute("aria-label"))]
    for key in ["ArrowRight", "ArrowDown"]:
        design.keyboard.press(key)
        assert focused.evaluate(FOCUS_IS_SEEN)
        told.append(str(focused.get_attribute("aria-label")))
        expect(figure.locator(".tip")).to_have_text(told[-1])
    expect(figure.locator("[aria-live]")).to_have_text(f"3 of {count}")
    design.keyboard.press("ArrowLeft")
    expect(focused).to_have_attribute("aria-label", told[1])
    assert len(set(told)) == 3
    # The drawing is read from its sources to its ends.
    design.keyboard.press("Home")
    assert focused.evaluate("(mark) => mark.getBBox().x") <= min(
        figure.locator("[data-says]").evaluate_all("(marks) => marks.map((mark) => mark.getBBox().x)")
    )
    design.keyboard.press("End")
    expect(figure.locator("[aria-live]")).to_have_text(f"{count} of {count}")
    # Tab leaves it, and comes back to where one was.
    design.keyboard.press("Tab")
    expect(focused).to_have_count(0)
    design.keyboard.press("Shift+Tab")
    expect(figure.locator("[aria-live]")).to_have_text(f"{count} of {count}")
    figure.locator("a[data-says^='Bastnaesite: 610']").focus()
    design.keyboard.press("Enter")
    design.wait_for_url("**/design/#drawings")


@pytest.mark.ci
def test_zoom_by_buttons_and_keys_comes_back_to_the_whole(design: Page) -> None:
    figure = chart(design, "map")
    whole = view_box(figure)
    figure.get_by_role("button", name="Zoom in").click()
    expect(figure.locator("[aria-live]")).to_have_text("150\u00a0%")
    near = view_box(figure)
    assert near[2] == pytest.approx(whole[2] / 1.5, rel=1e-3) and near[3] == pytest.approx(whole[3] / 1.5, rel=1e-3)
    figure.get_by_role("button", name="Whole").click()
    assert view_box(figure) == whole
    figure.locator("svg [tabindex='0']").first.focus()
    for _ in range(12):
        design.keyboard.press("+")
    assert view_box(figure)[2] == pytest.approx(whole[2] / 8)
    before = view_box(figure)
    design.keyboard.press("Shift+ArrowRight")
    assert view_box(figure)[0] > before[0]
    design.keyboard.press("-")
    assert view_box(figure)[2] > before[2]
    design.keyboard.press("0")
    assert view_box(figure) == whole


@pytest.mark.ci
@pytest.mark.slow
def test_wheel_zooms_with_control_alone_and_a_hand_pans(design: Page) -> None:
    figure = chart(design, "map")
    figure.scroll_into_view_if_needed()
    box = figure.locator("svg").first.bounding_box()
    assert box is not None
    middle = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    whole = view_box(figure)
    design.mouse.move(*middle)
    design.keyboard.down("Control")
    design.mouse.wheel(0, -300)
    design.keyboard.up("Control")
    near = view_box(figure)
    assert near[2] < whole[2]
    design.mouse.down()
    design.mouse.move(middle[0] + 60, middle[1] + 20, steps=4)
    design.mouse.up()
    after = view_box(figure)
    assert after[0] < near[0] and after[1] < near[1] and after[2] == near[2]
    scrolled = design.evaluate("scrollY")
    design.mouse.wheel(0, 200)
    # The policy of the page forbids what would wait in it.
    for _ in range(200):
        if design.evaluate("scrollY") > scrolled:
            break
        design.wait_for_timeout(20)
    assert design.evaluate("scrollY") > scrolled
    assert view_box(figure) == after


@pytest.mark.ci
@pytest.mark.slow
def test_hand_that_pans_follows_no_link(design: Page) -> None:
    figure = chart(design, "sankey")
    figure.get_by_role("button", name="Zoom in").click()
    link = figure.locator("a[data-says^='Bastnaesite: 610']")
    # A mark that is reached by keys comes into sight.
    figure.get_by_role("button", name="Zoom in").click()
    link.focus()
    box = link.bounding_box()
    assert box is not None
    design.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    design.mouse.down()
    design.mouse.move(box["x"] + 80, box["y"] + box["height"] / 2, steps=4)
    design.mouse.up()
    assert "#" not in design.url


@pytest.mark.ci
@pytest.mark.slow
def test_mark_out_of_sight_comes_into_sight_with_the_focus(design: Page) -> None:
    figure = chart(design, "sankey")
    for _ in range(5):
        figure.get_by_role("button", name="Zoom in").click()
    figure.locator("svg [tabindex='0']").focus()
    design.keyboard.press("End")
    frame, mark = figure.locator("svg").bounding_box(), design.locator("[data-says]:focus").bounding_box()
    assert frame is not None and mark is not None
    assert frame["x"] <= mark["x"] + mark["width"] and mark["x"] <= frame["x"] + frame["width"]
    assert frame["y"] <= mark["y"] + mark["height"] and mark["y"] <= frame["y"] + frame["height"]


@pytest.mark.ci
@pytest.mark.slow
@pytest.mark.parametrize("name", DRAWINGS)
def test_saved_drawing_stands_alone(design: Page, tmp_path: Path, name: str) -> None:
    figure = chart(design, name)
    says = figure.locator("svg:visible [data-says]").evaluate_all("(marks) => marks.map((mark) => mark.dataset.says)")
    with design.expect_download() as download:
        figure.get_by_role("button", name="Save SVG").click()
    assert download.value.suggested_filename == f"lodeline-{name}.svg"
    download.value.save_as(tmp_path / "saved.svg")
    text = (tmp_path / "saved.svg").read_text("utf-8")
    tree = ElementTree.fromstring(text)
    assert tree.tag == f"{SVG}svg" and float(tree.attrib["width"]) > 0
    assert [one.text for one in tree.iter(f"{SVG}title") if one.text in says] != []
    for part in tree.iter():
        assert {"class", "style", "href", "tabindex"} & set(part.attrib) == set()
    # Every colour is told as it is, in a way that every program reads.
    assert "var(" not in text and "light-dark(" not in text and "color(" not in text and "color-mix(" not in text
    shapes = [one for one in tree.iter() if one.tag in (f"{SVG}path", f"{SVG}text", f"{SVG}circle")]
    assert shapes and all("fill" in one.attrib for one in shapes)
    assert all("font-size" in one.attrib for one in tree.iter(f"{SVG}text"))


@pytest.mark.ci
def test_saved_drawing_is_the_whole_one_in_the_colours_that_are_seen(
    browser: Browser, origin: str, tmp_path: Path
) -> None:
    context = context_of(browser, color_scheme="dark")
    page = context.new_page()
    page.goto(f"{origin}/zh/design/")
    figure = chart(page, "sankey")
    _, _, width, height = view_box(figure)
    figure.get_by_role("button", name="放大").click()
    with page.expect_download() as download:
        figure.get_by_role("button", name="保存 SVG").click()
    download.value.save_as(tmp_path / "saved.svg")
    context.close()
    tree = ElementTree.fromstring((tmp_path / "saved.svg").read_text("utf-8"))
    assert tree.attrib["viewBox"] == f"-16 -16 {width + 32:g} {height + 32:g}"
    paper = next(tree.iter(f"{SVG}rect"))
    assert [int(one) < 60 for one in re.findall(r"\d+", paper.attrib["fill"])] == [True] * 3


@pytest.mark.ci
@pytest.mark.slow
def test_saved_picture_is_twice_as_fine_and_not_blank(design: Page, tmp_path: Path) -> None:
    figure = chart(design, "sankey")
    _, _, width, height = view_box(figure)
    with design.expect_download() as download:
        figure.get_by_role("button", name="Save PNG").click()
    download.value.save_as(tmp_path / "saved.png")
    data = (tmp_path / "saved.png").read_bytes()
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    assert struct.unpack(">II", data[16:24]) == (int(2 * (width + 32)), int(2 * (height + 32)))
    assert len(data) > 30_000


@pytest.fixture
def plain(browser: Browser) -> Iterator[BrowserContext]:
    context = context_of(browser, java_script_enabled=False)
    yield context
    context.close()


def test_without_script_marks_keep_their_titles_and_buttons_do_not_promise(plain: BrowserContext, origin: str) -> None:
    page = plain.new_page()
    page.goto(f"{origin}/en/design/")
    figure = chart(page, "sankey")
    assert figure.locator("title").count() > 10
    expect(figure.locator("button:visible")).to_have_count(0)
    expect(figure.get_by_role("link", name="Bastnaesite: 610 t")).to_have_count(1)


def test_form_is_sent_without_script_and_answered(plain: BrowserContext, origin: str) -> None:
    page = plain.new_page()
    page.goto(f"{origin}/en/design/")
    page.get_by_role("button", name="Save the rows").click()
    expect(page.get_by_role("status").first).to_contain_text("nothing was kept")


def test_summary_leads_into_the_cell(design: Page) -> None:
    design.get_by_role("link", name="Row 7").click()
    cell = design.get_by_label("Composition, %, row 7")
    expect(cell).to_be_focused()
    expect(cell).to_be_in_viewport()


@pytest.mark.ci
@pytest.mark.slow
def test_chosen_files_are_listed_with_their_sizes(design: Page) -> None:
    files = [{"name": name, "mimeType": "text/csv", "buffer": b"x" * 2500} for name in ("mine-a.csv", "mine-b.csv")]
    design.get_by_label("Files of the month").set_input_files(files)  # type: ignore[arg-type]
    expect(design.locator(".files li")).to_have_text(["mine-a.csv · 2.5 kB", "mine-b.csv · 2.5 kB"])


@pytest.mark.ci
def test_job_is_watched_in_place_until_it_ends(page: Page, origin: str) -> None:
    asked: list[int] = []

    def job(route: Route) -> None:
        response = route.fetch()
        asked.append(1)
        body = response.text()
        if len(asked) < 8:
            body = body.replace('id="job-some"', 'id="job-some" data-live="0.2"').replace(
                "62 000 of", f"{len(asked)} of"
            )
        route.fulfill(response=response, body=body)

    page.route("**/en/design/", job)
    watch = Watch(page, origin)
    page.goto(f"{origin}/en/design/")
    page.get_by_label("Lot (optional)").fill("typed meanwhile")
    told = page.locator("#job-some [role=status]")
    expect(told).to_contain_text(re.compile("[3-7] of 100 000"))
    # What somebody is writing on the page is left alone, until the job has ended and the page shows what came of it.
    expect(page.get_by_label("Lot (optional)")).to_have_value("typed meanwhile", timeout=200)
    expect(told).to_contain_text("62 000 of 100 000")
    expect(page.locator("[data-live]")).to_have_count(0)
    assert watch.complaints == []


@pytest.mark.ci
def test_drawer_opens_beside_the_page_and_closes_with_escape(design: Page) -> None:
    drawer = design.locator("#beside")
    expect(drawer).to_be_hidden()
    design.get_by_role("button", name="Beside the page").click()
    expect(drawer).to_be_visible()
    assert barriers(design) == []
    design.keyboard.press("Escape")
    expect(drawer).to_be_hidden()


@pytest.mark.ci
def test_receipt_prints_with_its_code(design: Page) -> None:
    design.emulate_media(media="print")
    code = design.locator(".sheet .qr svg")
    box = code.bounding_box()
    assert box is not None and box["width"] >= 100
    for part in (".notice", ".steps", ".tabs", ".chart-acts", ".drop"):
        assert not design.locator(part).first.is_visible(), part
