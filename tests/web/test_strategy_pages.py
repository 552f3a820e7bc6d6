"""The strategic view: the answer in words first, every number with what it rests on, one sheet for a minister."""

from __future__ import annotations

import csv
import io
import json
import re
import zlib
from collections.abc import Callable
from hashlib import sha256
from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest
from django.test import Client
from tests.based import unbased
from tests.web.conftest import Browser
from tests.web.strategy_sample import run
from tests.web.test_pages import AGENT
from tests.web.test_permissions import actor

from lodeline.language import LANGUAGES, Language
from lodeline.office.access import clock
from lodeline.office.models import AuditRecord, StrategyRun
from lodeline.office.strategy import releases, runs
from lodeline.service.strategy import asked
from lodeline.service.strategy.briefing import briefing, with_names
from lodeline.strategy.figure import BASES
from lodeline.web.words import strategy as says
from lodeline.web.words import strategy_pictures as pictures
from lodeline.web.words.strategy_sheet import document

pytestmark = pytest.mark.medium
NAMES = ("dy-licence", "dy-general")


def _scenarios(store: object, snapshot: object) -> list[dict[str, str]]:
    return [{"scenario": one, "name_en": f"Scenario {one}", "name_zh": f"情景 {one}"} for one in NAMES]


def _run(store: object, snapshot: object, law: object, *, name: str) -> dict[str, Any]:
    return run(name, later=21.0 if name == "dy-general" else 0.0)


def _compared(store: object, snapshot: object, law: object, *, first: str, second: str) -> dict[str, Any]:
    both = {"first": _run(0, 0, 0, name=first), "second": _run(0, 0, 0, name=second)}
    both["second"]["totals"]["first_stop"] = {"p10": 52.0, "p50": 59.0, "p90": 68.0, "never_pct": 0.0}
    plants = [
        {**one, **{side: {"stop": side_one["stop"], "lost_kg": side_one["lost_kg"]}
                   for side, side_one in (("first", one), ("second", other))}}
        for one, other in zip(both["first"]["plants"], both["second"]["plants"], strict=True)
    ]  # fmt: skip
    stated = {"basis": "synthetic", "source": "both runs, draw by draw", "vintage": "97"}
    verdict = {"en": "Loosening is never worse.", "zh": "放宽从不更差。", **stated}
    ran = {side: one.pop("settings") for side, one in both.items()}
    settings = {"first": first, "second": second, "seed": 1, "draws": 200, "runs": ran}
    return {"stamp": run()["stamp"], "settings": settings, **both, "verdict": verdict, "plants": plants}


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch, browser: Browser) -> Browser:
    """The small world, of which somebody has filed two scenarios; nobody keeps a run."""
    monkeypatch.setattr(asked, "scenarios", _scenarios)
    monkeypatch.setattr(asked, "compared", _compared)
    monkeypatch.setattr(asked, "run", _run)
    return browser


def exported(browser: Browser, path: str) -> list[dict[str, str]]:
    text = browser.get(path).content.decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_headline_comes_first_and_each_picture_has_its_table(told: Browser, language: str) -> None:
    page = told.page(f"/{language}/strategy/")
    assert page.status == 200
    assert page.headings == [run()["headline"][language]]
    for name in ("stops", "helps", "loss", "standing", "tornado"):
        assert f'data-chart="{name}"' in page.html
    for table in ("plants", "lost", "helps", "loss", "standing", "inputs"):
        assert f'id="{table}"' in page.html and f"table={table}" in page.html


@pytest.mark.parametrize("table", ["plants", "lost", "helps", "loss", "standing", "inputs"])
def test_each_row_of_a_csv_says_what_it_rests_on(told: Browser, table: str) -> None:
    rows = exported(told, f"/en/strategy/?format=csv&table={table}")
    assert rows
    assert all(row["Basis"] in BASES and row["Source"] and row["Vintage"] for row in rows)
    ends = [head.lower() for head in rows[0]]
    assert any("low" in head for head in ends) and any("high" in head for head in ends)


def test_what_rests_on_nothing_stated_is_not_shown_as_a_figure() -> None:
    assert unbased(run()) == []
    assert unbased(briefing(run())) == []


def test_synthetic_is_said_and_so_are_notes(told: Browser) -> None:
    page = told.page("/en/strategy/")
    assert 'class="synth">Synthetic data' in page.html
    assert "Capacity in the register is of the main product alone." in page.text


def test_a_plant_that_stops_in_some_draws_only_says_in_how_many_it_does_not(told: Browser) -> None:
    page = told.page("/en/strategy/?scenario=dy-licence")
    assert "from 14 December · never 48" in page.text
    assert "does not stop" in page.text


def test_names_of_plants_are_escaped(told: Browser) -> None:
    html = told.get("/en/strategy/").content.decode()
    assert "<Sons>" not in html and "&lt;Sons&gt;" in html


def test_a_scenario_that_is_not_there_names_those_that_are(told: Browser) -> None:
    response = told.get("/en/strategy/?scenario=nothing")
    assert response.status_code == 404
    assert "dy-licence, dy-general" in response.content.decode()


def test_without_a_scenario_the_page_says_what_to_file(told: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(store: object, snapshot: object) -> list[dict[str, str]]:
        return []

    monkeypatch.setattr(asked, "scenarios", nothing)
    for at in ("strategy/", "strategy/compare/"):
        page = told.page(f"/en/{at}")
        assert page.status == 200 and "File a row in the table of scenarios" in page.text


def test_two_scenarios_stand_beside_each_other(told: Browser) -> None:
    page = told.page("/en/strategy/compare/?first=dy-licence&second=dy-general")
    assert page.headings[0].endswith("the first plant stops 21\u00a0days later, and 7 stop instead of 7")
    assert "Loosening is never worse." in page.text
    rows = exported(told, "/en/strategy/compare/?format=csv")
    assert {row["Later by, days"] for row in rows[:-1]} == {"21.0"}
    assert rows[-1]["Later by, days"] == "stops in neither"
    plants = {f"{one['plant']} {one['class']}": one for one in run()["plants"]}
    for row in rows:
        for part in ("p10", "p50", "p90"):
            day = plants[row["Plant"]]["stop"][part]
            told_kg = float(row[f"Lost, {part.upper()} in dy-licence (kg)"])
            assert row[f"{part.upper()} in dy-licence (day)"] == ("not" if day is None else str(float(day)))
            assert told_kg == plants[row["Plant"]]["lost_kg"][part]
    assert page.text.count("P10 in") == 0, "the ends stand in the file alone"


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_briefing_has_five_figures_three_pictures_and_its_ground(told: Browser, language: str) -> None:
    page = told.page(f"/{language}/strategy/scenarios/dy-licence/briefing/")
    assert page.status == 200 and len(page.headings) == 1
    sheet = page.html[page.html.index('<article class="brief"') :]
    figures = sheet[sheet.index("brief-figures") : sheet.index("</ul>")]
    assert figures.count("<li>") == 5 and figures.count('class="st c-') == 5
    assert sheet.count("<figure>") == 3 and sheet.count('class="drawing') == 4, "one of them for narrow screens, too"
    assert "abab" in sheet and "97" in sheet


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_file_asks_no_network_and_runs_no_script(told: Browser, language: Language) -> None:
    response = told.get(f"/{language}/strategy/scenarios/dy-licence/briefing/?format=html")
    assert response["Content-Disposition"].endswith(f'lodeline-briefing-dy-licence-{language}.html"')
    html = response.content.decode()
    assert html == document(briefing(run()), language)
    assert not re.search(r"<script|<link|src=|url\((?!#)|@import|https?://(?!www\.w3\.org/2000/svg)", html)


def test_a_run_that_touches_nothing_says_so(told: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    def empty(store: object, snapshot: object, law: object, *, name: str) -> dict[str, Any]:
        found = run(name, plants=0)
        never = {"p10": None, "p50": None, "p90": None, "never_pct": 100.0}
        nothing = {"p10": 0.0, "p50": 0.0, "p90": 0.0}
        found["scope"]["edges"] = 0
        found["totals"] |= {"touched": 0, "first_stop": never, "stopping": nothing, "lost_kg": nothing, "by_day": []}
        return {**found, "tornado": [], "loss": None, "inputs": []}

    monkeypatch.setattr(asked, "run", empty)
    for at in ("strategy/", "strategy/scenarios/dy-licence/briefing/"):
        page = told.page(f"/en/{at}")
        assert page.status == 200
    assert "none is touched" in told.page("/en/strategy/").text


def test_days_of_a_run_in_words() -> None:
    assert says.between("2025-03-01", 41, 52, "en").replace("\u00a0", " ") == "11–22 April"
    assert says.between("2025-03-01", 20, 35, "en").replace("\u00a0", " ") == "21 March – 5 April"
    assert says.between("2025-03-01", 41, 52, "zh") == "4月11日至22日"
    assert says.between("2025-10-15", 10, 50, "zh") == "10月25日至12月4日"
    assert says.between("2025-11-15", 10, 50, "zh") == "11月25日至1月4日"


def test_what_both_lose_in_two_currencies_is_drawn_apart_and_does_not_cross() -> None:
    found = run()
    found["loss"]["seller_currency"] = "CNY"
    assert pictures.loss(run(), "en").count("<svg") == 1
    apart = pictures.loss(found, "en")
    assert apart.count("<svg") == 2 and "cross on" not in apart
    assert "Buyers lose by" in document(briefing(found), "en"), "what the buyers lose, instead of a day"


def test_a_plant_without_a_name_is_called_by_its_firm(told: Browser) -> None:
    register: Any = SimpleNamespace(
        tables={"organisations": pl.DataFrame({"id": ["ABR-0001"], "name_en": ["Acme"], "name_zh": ["爱克"]})}
    )
    found = run(plants=2)
    found["plants"][0] |= {"plant": "ABR-0001-P1", "name_en": "ABR-0001-P1", "name_zh": ""}
    first, second = with_names(found, register)["plants"]
    assert (first["name_en"], first["name_zh"]) == ("Acme P1", "爱克 P1")
    assert second["name_en"] == "Nordwind Turbinen AG"


def test_a_run_that_is_kept_is_shown_and_says_how_old_it_is(told: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    content = json.dumps(run(later=7.0)).encode()
    kept = StrategyRun(
        reference="a" * 64, scenario="dy-licence", entry=3, state="done", sha256=sha256(content).hexdigest(),
        created_at=clock.now(), content=zlib.compress(content),
    )  # fmt: skip
    monkeypatch.setattr(runs, "saved", lambda actor, **_: [kept])
    monkeypatch.setattr(runs, "load", lambda actor, reference: kept)
    page = told.page("/en/strategy/")
    assert "at entry 3." in page.text and "run it anew to count what they say" in page.text
    assert "9–25 October" in page.text, "the run that is kept, and none of now"


def test_a_run_that_is_not_kept_is_not_found(told: Browser) -> None:
    assert told.get(f"/en/strategy/?run={'0' * 64}").status_code == 404


def test_looking_at_firms_of_the_register_is_written_down(told: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    def of_a_firm(store: object, snapshot: object, law: object, *, name: str) -> dict[str, Any]:
        found = run(name, plants=2)
        found["plants"][0]["organisation"] = "USE-0001"
        return found

    monkeypatch.setattr(asked, "run", of_a_firm)
    before = AuditRecord.objects.filter(kind="look", what="strategy").count()
    told.get("/en/strategy/?scenario=dy-licence")
    looks = AuditRecord.objects.filter(kind="look", what="strategy").order_by("id")[before:]
    assert [(one.organisation, one.subject) for one in looks] == [("USE-0001", "dy-licence")]


def test_an_agency_sees_what_is_published_to_its_state_and_nothing_else(
    told: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = {
        "class": "magnet-ndfeb+heavy", "part": "DE", "firms": "5-9", "need_kg_per_day": 120.0,
        "stopping_kg_per_day": None, "lost_kg": 3400.0, "kept_back": {"stopping_kg_per_day": "difference"}, "own": True,
        "basis": "synthetic", "source": "run", "vintage": "entry 97",
    }  # fmt: skip
    sent = {
        "run": "a" * 64, "published": "2025-09-02", "stamp": run()["stamp"], "scenario": {"name_en": "Licences"},
        "settings": {"starts": "2025-09-01", "horizon_days": 180}, "country": "DE", "rows": [row],
    }  # fmt: skip
    monkeypatch.setattr(releases, "told", lambda actor: [sent])
    agency = Browser(client=Client(HTTP_HOST="127.0.0.1", **AGENT))
    page = agency.page("/en/strategy/aggregate/")
    assert page.headings == ["1 run of scenarios is published to Germany"]
    assert "5-9" in page.text and "with what was told before it would tell of a firm" in page.text
    (told_row,) = exported(agency, "/en/strategy/aggregate/?format=csv")
    assert [told_row[head] for head in ("Basis", "Low", "High", "Vintage")] == ["synthetic", "", "", "entry 97"]
    assert agency.get("/en/strategy/")["Location"] == "/en/home/"
    assert agency.get("/en/home/")["Location"] == "/en/strategy/aggregate/"
    for at in ("compare/", "dependence/", "tables/", "backtest/", "scenarios/dy-licence/briefing/"):
        assert agency.get(f"/en/strategy/{at}").status_code == 403


@pytest.mark.parametrize(("language", "magnet"), [("en", "Magnet"), ("zh", "磁体")])
def test_dependence_is_drawn_by_stages_and_each_ribbon_is_a_row(browser: Browser, language: str, magnet: str) -> None:
    at = f"/{language}/strategy/dependence/?element=Nd"
    page = browser.page(at)
    drawing = page.html[page.html.index('data-chart="dependence"') :]
    assert page.status == 200 and f"{magnet} → " in drawing[: drawing.index("</svg>")]
    rows = exported(browser, f"{at}&format=csv&table=stages")
    columns = list(rows[0])
    into, left = ({row[column] for row in rows} for column in columns[1::-1])
    assert magnet in into & left
    buyers = {row[next(iter(row))] for row in exported(browser, f"{at}&format=csv")}
    assert buyers and len(into - left) == len(buyers), "what nothing goes on from is a buyer"


@pytest.mark.parametrize("of", ["filer", "customs-officer", "inspector", "registrar"])
def test_who_may_not_read_it_is_led_home(told: Browser, of: str, client_as: Callable[[str], Browser]) -> None:
    response = client_as(of).get("/en/strategy/")
    assert response.status_code == 302 and response["Location"] == "/en/home/"
    assert client_as(of).get("/en/strategy/compare/").status_code == 403


@pytest.fixture
def client_as(told: Browser) -> Callable[[str], Browser]:
    """A browser of somebody with one role."""

    def of(role: str) -> Browser:
        who: Any = {"lodeline.actor": actor(role, "MIN-0001" if role == "filer" else "")}
        return Browser(client=Client(HTTP_HOST="127.0.0.1", **who))

    return of


def test_sources_are_told_in_the_readers_language() -> None:
    said = "rows of 2025-07 to 2025-12; strategy_assumptions.csv"
    assert says.source(said, "zh") == "2025-07至2025-12申报行; strategy_assumptions.csv"
    assert says.source(said, "en") == said
    assert says.of_when("entry 97", "zh") == "条目 97" and says.of_when("2026-01-11T05:03:00Z", "en") == "2026-01-11"


def test_a_list_of_ids_in_a_note_is_folded(told: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    def noted(store: object, snapshot: object, law: object, *, name: str) -> dict[str, Any]:
        note = {"en": "3 inputs differ (by bill: a day): A: 1 / 2; B: 2 / 3; C: 3 / 4", "zh": "3 项不同：甲; 乙; 丙"}
        return {**run(name), "notes": [{"code": "differs", **note}]}

    monkeypatch.setattr(asked, "run", noted)
    for language, head in (("en", "3 inputs differ (by bill: a day).</span>"), ("zh", "3 项不同。</span>")):
        html = told.page(f"/{language}/strategy/").html
        assert head in html and html.index(head) < html.index("<summary>", html.index(head))
