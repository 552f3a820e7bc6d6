"""The desk as a page: the verdict that `declare` gives, its law, its export; bounded, and kept in the log."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import zipfile
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpRequest, HttpResponse
from django.test import Client, override_settings
from tests.licences import licence_from
from tests.web.as_official import OFFICIAL
from tests.web.conftest import Browser, Page

from lodeline.control.declaration import read_fields
from lodeline.control.labels import LABELS
from lodeline.control.rulebook import LawDay
from lodeline.office.access import clock
from lodeline.office.customs import desk as office_desk
from lodeline.office.jobs.work import work_once
from lodeline.regulation.parameter import load
from lodeline.service.customs.desk import Ledger, answer
from lodeline.service.customs.published_cases import as_declaration, published_cases
from lodeline.service.customs.release import judge
from lodeline.service.licences.licences import grant_licence
from lodeline.store.opening import open_store
from lodeline.store.snapshot_opening import open_snapshot
from lodeline.store.store import Store
from lodeline.web.kept import Kept
from lodeline.web.pages.common import law_days
from lodeline.web.pages.customs import desk
from lodeline.web.pages.customs.desk import KEPT
from lodeline.web.pages.customs.reasons import reason_text
from lodeline.web.visit import Visit
from lodeline.web.words import words

pytestmark = pytest.mark.medium

MAGNET = {"product_name": "NdFeB magnets", "hs_code": "8505111000"}
HEADER_OF_FIRM = "line,exporter,product_name,hs_code,composition,mass_kg,destination\n"
HEADER = "line,product_name,hs_code,composition,mass_kg,destination\n"


def led_to(browser: Browser, data: Mapping[str, Any], language: str = "en") -> str:
    """The address of the answer."""
    response = browser.post(f"/{language}/desk/", dict(data))
    assert response.status_code == 303
    return str(response["Location"])


def asked(browser: Browser, data: Mapping[str, Any], language: str = "en") -> Page:
    return browser.page(led_to(browser, data, language))


def sent(browser: Browser, name: str, content: bytes, language: str = "en") -> Page:
    return asked(browser, {"file": SimpleUploadedFile(name, content)}, language)


def exported(response: HttpResponse) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(response.content.decode("utf-8-sig"))))


@pytest.mark.parametrize("case", published_cases(), ids=lambda case: f"line {case.line}")
def test_published_case_fills_the_form_and_gets_the_verdict_of_the_service(
    elsewhere: Any, store: Store, case: Any, tmp_path: Path
) -> None:
    # An id binds the state of the log; in a copy nobody else asks, and a page never lags behind it.
    assert store.database.path is not None
    copy = shutil.copy(store.database.path, tmp_path / "store.sqlite3")
    browser, store = elsewhere(copy), open_store(str(copy))
    form = browser.page(f"/en/desk/?case={case.line}")
    given = dict(re.findall(r'<input type="text" id="f-\w+" name="(\w+)" value="([^"]+)"', form.html))
    chosen = r'(?s)<select id="f-\w+" name="(\w+)"(?:(?!</select>).)*<option value="([^"]+)" selected'
    given |= dict(re.findall(chosen, form.html))
    assert given == dict(case.fields)
    law = load("cn")
    expected = answer(
        read_fields(case.fields), LawDay.of(law, law_days.today(law)), Ledger(snapshot=open_snapshot(store))
    )
    page = asked(browser, given)
    assert expected["id"] in page.html
    assert {"hold": "This line must wait", "query": "This line needs an answer before it leaves"}[
        expected["verdict"]
    ] == page.headings[0]


def test_reason_leads_to_its_law_on_the_day_of_the_line(browser: Browser) -> None:
    page = asked(browser, MAGNET | {"composition": "Nd=24;Pr=6;Dy=1.5", "on": "2025-07-04"})
    (href,) = {str(link["href"]) for link in page.links if "/law/texts/announcement-18-2025/" in str(link.get("href"))}
    assert "on=2025-07-04" in href
    assert "seven medium and heavy rare earths" in browser.page(href).text
    assert "1C905.a.4 (Dy, NdFeB magnet material) needs a licence" in page.text


def test_what_is_not_stated_and_who_and_where_are_said_in_words(browser: Browser, store: Store) -> None:
    """The log keeps ids and names of columns; a page says what they are called."""
    firm = "MAG-0001"
    where = led_to(browser, MAGNET | {"composition": "Nd=24;Pr=6", "exporter": firm, "destination": "DE"})
    english, chinese = browser.page(where), browser.page(where.replace("/en/", "/zh/"))
    register = store.newest_register()
    names = {"en": words.organisation_names(register, "en")[firm], "zh": words.organisation_names(register, "zh")[firm]}
    said = "Not stated, so not checked: day of the declaration, end user, whether the goods are controlled, net mass"
    assert said in english.text and "end_user_name" not in english.text
    assert f"{names['en']}, to Germany" in english.text and f"{names['zh']}，运往德国" in chinese.text
    assert "China, as published" in english.text and "中国，截至" in chinese.text
    assert "Nd 24 · Pr 6" in english.text.replace("\u00a0", " ")


def test_a_reason_is_said_of_its_facts_and_one_without_facts_as_it_was_said() -> None:
    reader = Visit(HttpRequest(), language="zh", name="desk", arguments={})

    told = {
        "code": "pattern.new-destination", "text": {"en": "…", "zh": "旧文"},
        "facts": {"exporter": "MAG-1", "since": "2025-01-09", "destination": "DE", "day": "2025-04-04"},
    }  # fmt: skip
    assert reason_text(reader, told, {"MAG-1": "某磁业"}) == (
        "某磁业自 2025年1月9日起有出口申报，但在管制日 2025年4月4日前未曾向德国出口。"
    )
    assert reason_text(reader, {**told, "facts": {}}, {}) == "旧文"


def test_headline_counts_the_lines_and_what_needs_somebody_comes_first(browser: Browser) -> None:
    page = sent(browser, "cases.csv", as_declaration())
    assert page.headings == ["Three lines must wait, three need an answer"]
    assert re.findall(r"row (\w+)", " ".join(_verdicts(page))) == ["Hold"] * 3 + ["Query"] * 3
    assert asked(browser, {"cases": "all"}, "zh").headings == ["3项暂缓放行，3项须答复质疑"]


def test_a_line_that_may_leave(browser: Browser) -> None:
    line = {"product_name": "ferrite magnets", "hs_code": "8505190090", "composition": "Fe=62", "destination": "DE",
            "exporter": "X", "end_user_name": "Y", "mass_kg": "10", "value": "50", "currency": "USD"}  # fmt: skip
    page = asked(browser, line)
    assert page.headings == ["This line may leave"]
    assert "To Germany" in page.text and "USD 50" in page.text.replace("\u00a0", " ")


def test_export_has_every_line_with_its_reasons_and_id(browser: Browser) -> None:
    where = led_to(browser, {"cases": "all"})
    rows = exported(browser.get(f"{where}?format=csv"))
    assert {row["Line"] for row in rows} == {"1", "2", "3", "4", "5", "6"}
    assert all(len(row["Id of the verdict"]) == 64 and row["Why"] for row in rows)
    assert next(row for row in rows if row["Line"] == "2")["Codes of the reasons"] == "item.no-licence"
    assert _verdicts(browser.page(f"{where}?verdict=query")) == ["row Query"] * 3


def test_answer_is_the_same_in_the_other_language(browser: Browser) -> None:
    where = led_to(browser, MAGNET | {"composition": "Nd=24;Dy=1"})
    page = browser.page(where)
    (other,) = {str(link["href"]) for link in page.links if link.get("lang") == "zh-Hans"}
    assert browser.page(other).headings == ["本项暂缓放行"]


def test_cell_that_cannot_be_read_is_named_and_stands_in_the_form(browser: Browser) -> None:
    for language, said in (("en", "abc is not a number"), ("zh", "abc 不是数字")):
        page = asked(browser, MAGNET | {"mass_kg": "abc"}, language)
        assert said in page.text
        assert re.search(r'name="mass_kg" value="abc"[^>]*aria-invalid="true"', page.html)
    page = sent(browser, "lines.csv", (HEADER + "1,NdFeB magnets,8505111000,Nd=x,1,DE\n").encode())
    assert "row 2 · Composition, %" in page.text


@pytest.mark.parametrize("name", ["lines.pdf", "lines", "x." + "y" * 300, "lines.xlsx", "lines.json", "../../etc.csv"])
def test_file_that_is_none_is_answered(browser: Browser, name: str) -> None:
    page = sent(browser, name, b"%PDF \x00\xff", "zh")
    assert page.status == 200
    assert page.headings == ["文件无法读取：均暂缓放行"]


def test_workbook_json_and_chinese_heads(browser: Browser) -> None:
    rows = [{"项号": "1", "商品名称": "NdFeB magnets", "商品编码": "8505111000", "成分": "Nd=24;Dy=1"}]
    workbook, out = openpyxl.Workbook(), io.BytesIO()
    sheet = workbook.worksheets[0]
    sheet.append(list(rows[0]))
    sheet.append(list(rows[0].values()))
    workbook.save(out)
    for name, content in (("a.xlsx", out.getvalue()), ("a.json", json.dumps({"rows": rows}).encode())):
        assert sent(browser, name, content).headings == ["This line must wait"], name


def test_workbook_that_unpacks_too_large_is_refused_unread(browser: Browser) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as workbook:
        workbook.writestr("xl/worksheets/sheet1.xml", b"0" * 60_000_000)
    assert len(out.getvalue()) < 100_000
    page = sent(browser, "bomb.xlsx", out.getvalue())
    assert "nothing of it is released" in page.headings[0]
    assert "file.zip-bomb" in page.text


def test_more_lines_or_bytes_than_are_answered_at_once_become_a_batch(elsewhere: Any, copied: Store) -> None:
    browser = elsewhere(copied.database.url)
    line = "1,NdFeB magnets,8505111000,,,\n"
    with override_settings(LODELINE_DESK_LINES=3):
        assert len(re.findall('class="line is-', sent(browser, "three.csv", (HEADER + line * 3).encode()).html)) == 3
        where = led_to(browser, {"file": SimpleUploadedFile("four.csv", (HEADER + line * 4).encode())})
    assert "/en/desk/batches/" in where
    page = browser.page(where)
    assert page.headings == ["The batch waits for its turn"] and 'value="stop"' in page.html
    assert "four.csv" in browser.page("/en/desk/").text
    with override_settings(LODELINE_UPLOAD_BYTES=2_000):
        file = SimpleUploadedFile("large.csv", (HEADER + line * 100).encode())
        assert "/zh/desk/batches/" in led_to(browser, {"file": file}, "zh")
    with override_settings(LODELINE_BATCH_BYTES=2_000, LODELINE_UPLOAD_BYTES=1_000):
        large = SimpleUploadedFile("huge.csv", b"x" * 1_100_000)
        page = Page(browser.post("/zh/desk/", {"file": large}))
    assert (page.status, page.lang) == (400, "zh-Hans")


def test_a_batch_shows_what_came_of_it_part_by_part_and_as_one_file(elsewhere: Any, copied: Store) -> None:
    browser = elsewhere(copied.database.url)
    rows = [f"{n},NdFeB magnets,8505111000,{'Nd=24;Dy=1' if n % 2 else '=cmd'},1,DE" for n in range(1, 6)]
    with override_settings(LODELINE_DESK_LINES=3):
        where = led_to(browser, {"file": SimpleUploadedFile("five.csv", (HEADER + "\n".join(rows)).encode())})
    while work_once("machine:1:aaaa"):
        pass
    page = browser.page(where)
    assert page.headings == ["5 lines judged, 3 must wait"]
    assert 'value="stop"' not in page.html
    (entry,) = {int(found) for found in re.findall(r"/en/desk/asked/(\d+)/", page.html)}
    assert browser.page(f"/en/desk/asked/{entry}/").status == 200
    answer = browser.get(f"{where}?format=csv&table=verdicts")
    table = list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode("utf-8-sig"))))
    assert [row["Verdict"] for row in table] == ["Hold", "Query", "Hold", "Query", "Hold"]
    assert {row["Entry"] for row in table} == {str(entry)} and all(row["Why"] for row in table)
    assert [row["Lines of the file"] for row in exported(browser.get(f"{where}?format=csv"))] == ["1"]
    assert browser.page("/en/desk/asked/").text.count("first part of a batch") == 1
    refused = Page(browser.post(where, {"act": "stop"}))
    assert (refused.status, "not under way" in refused.text) == (400, True)
    assert browser.page("/en/desk/batches/none/").status == 404


def test_a_file_of_which_nothing_is_judged_says_why(elsewhere: Any, copied: Store) -> None:
    browser = elsewhere(copied.database.url)
    line = "1,NdFeB magnets,8505111000,,,\n"
    with override_settings(LODELINE_DESK_LINES=3, LODELINE_BATCH_LINES=5):
        where = led_to(browser, {"file": SimpleUploadedFile("six.csv", (HEADER + line * 6).encode())})
        while work_once("machine:1:aaaa"):
            pass
    page = browser.page(where)
    assert page.headings == ["Nothing of this file was judged"]
    assert "file.too-many-rows" in page.text


def test_what_is_reserved_for_a_line_and_why_nothing_is_stand_beside_its_reasons(elsewhere: Any, copied: Store) -> None:
    browser, law, now = elsewhere(copied.database.url), load("cn"), clock.now()
    today = clock.today(law.timezone)
    firm = str(copied.register(copied.head()).tables["organisations"]["id"][0])
    terms = {
        "id": "XK-1", "kind": "general", "exporter": firm, "end_users": ["Motors GmbH"], "mass_mg": 100_000_000,
        "control_items": ["1C905.a.4"], "valid_from": date(2025, 5, 1), "valid_to": today + timedelta(days=60),
    }  # fmt: skip
    granted = grant_licence(store=copied, licence=licence_from(terms), law=law, filed_at=now)
    assert granted.accepted, [one.message("en") for one in granted.problems]
    line = MAGNET | {
        "line": "1", "declaration": "D-1", "on": "2025-07-04", "exporter": firm, "licence": "XK-1", "destination": "DE",
        "composition": "Nd=28;Pr=2;Dy=2;Fe=66;B=1", "end_user_name": "Motors GmbH", "value": "2700", "currency": "USD",
    }  # fmt: skip

    def ask(kg: str) -> Page:
        judged = judge(
            read_fields(line | {"mass_kg": kg}),
            LawDay.of(law, today),
            Ledger(snapshot=open_snapshot(copied), store=copied),
        )
        entry = office_desk.ask(
            OFFICIAL, copied, judged.declaration, judged.document, now=now, judged=judged, reserve=True
        ).index
        return Page(browser.get(f"/en/desk/asked/{entry}/"))

    released, refused = ask("60"), ask("10")
    assert "60 kg are reserved on XK-1 until" in released.text
    assert refused.headings == ["This line must wait"] and "reservation.exists-with-other-content" in refused.text
    assert "Nothing reserved" in refused.text and "To release" not in refused.text


def test_an_officer_releases_from_the_page_and_the_licence_is_reserved(elsewhere: Any, copied: Store) -> None:
    browser, law, now = elsewhere(copied.database.url), load("cn"), clock.now()
    firm = str(copied.register(copied.head()).tables["organisations"]["id"][0])
    terms = {
        "id": "XK-2", "kind": "general", "exporter": firm, "end_users": ["Motors GmbH"], "mass_mg": 100_000_000,
        "control_items": ["1C905.a.4"], "valid_from": date(2025, 5, 1),
        "valid_to": clock.today(law.timezone) + timedelta(days=60),
    }  # fmt: skip
    assert grant_licence(store=copied, licence=licence_from(terms), law=law, filed_at=now).accepted
    line = MAGNET | {
        "line": "1", "declaration": "D-7", "on": "2025-07-04", "exporter": firm, "licence": "XK-2", "destination": "DE",
        "composition": "Nd=28;Pr=2;Dy=2;Fe=66;B=1", "end_user_name": "Motors GmbH", "value": "2700", "currency": "USD",
        "mass_kg": "60",
    }  # fmt: skip
    answer = asked(browser, line)
    assert answer.headings[0] == "This line may leave" and "Release and reserve" in answer.text
    (kept,) = set(re.findall(r'action="(/en/desk/asked/[0-9]+/)"', answer.html))
    done = browser.post(kept, {"act": "release"})
    assert done.status_code == 303
    page = browser.page(str(done["Location"]))
    assert "60 kg are reserved on XK-2 until" in page.text and "1 released" in page.text
    assert 'href="/en/desk/licences/XK-2/"' in page.html
    assert "Release and reserve" not in page.text
    assert "已放行1项" in browser.page(kept.replace("/en/", "/zh/")).text
    again = Page(browser.post(kept, {"act": "release"}))
    assert again.status == 400 and "No line of it waits to be released" in again.text


@pytest.fixture
def copied(store: Store, tmp_path: Path) -> Store:
    """A copy of the small world that a test may change."""
    assert store.database.path is not None
    room = Path(shutil.copytree(store.database.path.parent, tmp_path / "copy"))
    return open_store(str(room / store.database.path.name))


def test_nothing_asked_is_said_and_the_form_stays(browser: Browser) -> None:
    page = Page(browser.post("/en/desk/", {"line": "1", "product_name": "  "}))
    assert page.status == 400
    assert "Nothing was asked" in page.text and 'name="hs_code"' in page.html


def test_address_fills_the_form_and_cannot_break_out_of_it(browser: Browser) -> None:
    page = browser.page('/en/desk/?composition=Nd=1"><script>&mass_kg=4&basis=odd&nonsense=1')
    assert "<script>" not in page.html.replace("<script src", "")
    assert 'value="Nd=1&quot;&gt;&lt;script&gt;"' in page.html and 'value="4"' in page.html
    assert re.search(r'<option value="odd" selected', page.html), "what was written is what is asked"


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("/en/desk/?answer=0000", 404, "Ask again"),
        ("/zh/desk/?answer=0000", 404, "重新查询"),
        ("/en/desk/?case=9", 404, "one of 1, 2"),
        ("/en/desk/?format=pdf", 400, "csv"),
    ],
)
def test_question_that_has_no_answer(browser: Browser, path: str, status: int, said: str) -> None:
    page = browser.page(path)
    assert (page.status, said in page.text) == (status, True)


def test_form_of_another_site_is_refused(browser: Browser) -> None:
    assert Client(HTTP_HOST="127.0.0.1", enforce_csrf_checks=True).post("/en/desk/", MAGNET).status_code == 403


def test_without_a_store_licences_are_unknown_and_that_is_said(elsewhere: Any, tmp_path: Path) -> None:
    browser = elsewhere(tmp_path / "none.sqlite3")
    assert "lodeline init" in browser.page("/en/desk/").text
    page = asked(browser, MAGNET | {"composition": "Nd=24;Dy=1", "licence": "L-1"})
    assert page.status == 200
    assert "No register of licences was at hand" in page.text and "none at hand" in page.text
    assert exported(browser.get(f"{led_to(browser, MAGNET)}&format=csv"))[0]["Verdict"] == "Query"
    assert not (tmp_path / "none.sqlite3").exists()


def test_a_question_is_kept_in_the_log_and_says_nothing_about_goods(browser: Browser, store: Store) -> None:
    before = store.head()
    page = asked(browser, {"cases": "all"})
    after = store.head()
    assert (after.size, after.next_line, after.next_lot) == (before.size + 1, before.next_line, before.next_lot)
    assert f"Kept in the log as entry {before.size}" in page.text


def test_another_process_of_the_server_finds_the_answer_again(browser: Browser) -> None:
    at = led_to(browser, MAGNET | {"composition": "Nd=24;Dy=1"})
    first = exported(browser.get(f"{at}&format=csv"))
    KEPT.forget()
    assert exported(browser.get(f"{at}&format=csv")) == first


def test_oldest_answers_are_let_go_and_the_newest_never_is() -> None:
    kept: Kept[str] = Kept(10)
    first, second = kept.put("first", weight=6), kept.put("second", weight=4)
    assert (kept.get(first), kept.get(second)) == ("first", "second")
    third = kept.put("third", weight=50)
    assert (kept.get(first), kept.get(second), kept.get(third)) == (None, None, "third")


def test_every_answer_has_an_address_of_its_own(browser: Browser) -> None:
    assert led_to(browser, MAGNET) != led_to(browser, MAGNET)


def test_every_field_of_the_form_is_a_column(browser: Browser) -> None:
    names = set(re.findall(r'id="f-(\w+)"', browser.page("/zh/desk/").html)) - {"file"}
    assert names == set(LABELS)
    assert len(exported(browser.get("/en/desk/?format=csv"))) == len(LABELS)


def _verdicts(page: Page) -> list[str]:
    """The verdicts of the table of lines, as they stand."""
    return [f"row {word}" for word in re.findall(r'data-l="Verdict"[^>]*>.*?</svg>\s*(\w+)', page.html, re.DOTALL)]


def test_many_lines_are_a_table_a_card_opens_and_all_are_decided_at_once(elsewhere: Any, copied: Store) -> None:
    browser = elsewhere(copied.database.url)
    firm = str(copied.register(copied.head()).tables["organisations"]["id"][0])
    rows = "".join(f"{n},{firm},NdFeB magnets,8505111000,Nd 24; Dy 1,10,Germany\n" for n in range(1, 7))
    where = led_to(browser, {"file": SimpleUploadedFile("six.csv", HEADER_OF_FIRM.encode() + rows.encode())})
    page = browser.page(where)
    assert "/desk/asked/" in where and page.html.count('name="do-') == 6 and 'class="line is-' not in page.html
    card = browser.page(f"{where}?line=3")
    assert card.html.count('class="line is-') == 1 and "Germany was read as DE" in card.text
    assert browser.get(f"{where}?line=77").status_code == 404
    preset = browser.page(f"{where}?set=query")
    chosen = dict(re.findall(r'name="(do-[^"]+)">(?:(?!</select>).)*value="(\w+)" selected', preset.html, re.DOTALL))
    assert set(chosen.values()) == {"query"} and len(chosen) == 6
    refused = Page(browser.post(where, {"act": "many", **chosen, "text": ""}))
    assert refused.status == 400 and "Nothing was decided" in refused.text
    done = browser.post(where, {"act": "many", **chosen, "text": "Which licence covers it?"})
    assert done.status_code == 303
    assert browser.page(str(done["Location"])).text.count("Waits for the shipper") >= 6
    assert Page(browser.post(where, {"act": "many", next(iter(chosen)): "free it", "text": "x"})).status == 400


def test_an_answer_that_is_not_kept_is_none() -> None:
    assert desk.KEPT.get("no such key") is None
