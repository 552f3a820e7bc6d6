"""The filter line reads what an address narrows to, says what cannot be, and goes along to the next page."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest
from django.test import RequestFactory

from lodeline.ledger.register import TABLES, Register
from lodeline.regulation.span import Span
from lodeline.service.overview.overview import Months
from lodeline.web.pages.common.filters import NAMES, filters
from lodeline.web.parts import choice
from lodeline.web.visit import BadQuestionError, NotHereError, Visit
from lodeline.web.words import format as written

MONTHS = Months(all=(*(f"2025-{month:02d}" for month in range(1, 13)), "2026-01"), newest="2025-12")


def _register() -> Register:
    tables = {name: pl.DataFrame(schema=schema) for name, schema in TABLES.items()}
    given: dict[str, list[dict[str, Any]]] = {
        "organisations": [{"id": one, "name_en": f"Firm {one}"} for one in ("A", "B", "C")],
        "sites": [{"id": f"{one}-1", "organisation": one, "region": f"CN-{one}"} for one in ("A", "B")],
        "successions": [
            {"id": "S", "kind": "merger", "organisation": "C", "successor": "B", "on": date(2025, 6, 1), "reason": ""}
        ],
    }
    for name, rows in given.items():
        tables[name] = pl.DataFrame(rows, schema=TABLES[name])
    return Register(tables=tables)


def _visit(query: str, language: Any = "en") -> Visit:
    visit = Visit(RequestFactory().get(f"/en/where/?{query}"), language=language, name="where", arguments={})
    visit.__dict__["reading"] = SimpleNamespace(snapshot=SimpleNamespace(register=_register()))
    return visit


def _read(query: str, **more: Any) -> Any:
    return filters(_visit(query), MONTHS, takes=more.pop("takes", NAMES), present=("Nd", "Dy"), **more)


def test_nothing_asked_is_the_year_of_the_newest_month() -> None:
    found = _read("")
    assert (found.span, found.element, found.firms(_register())) == (Span.read("2025"), None, None)


def test_each_name_narrows() -> None:
    found = _read("period=2025-Q2&element=dy&stage=magnet&region=CN-B&organisation=B&product=oxide")
    assert str(found.span) == "2025-Q2"
    assert (found.element, found.stage, found.region) == ("Dy", "magnet", "CN-B")
    assert found.firms(_register()) == {"B"}
    assert [one.chosen for one in found.line] == ["2025-Q2", "Dy", "magnet", "CN-B", "B", "oxide"]


def test_a_firm_outside_the_region_leaves_nobody() -> None:
    assert _read("region=CN-A&organisation=B").firms(_register()) == frozenset()


def test_a_merged_firm_leads_to_whom_it_became_part_of() -> None:
    found = _read("organisation=C")
    assert (found.organisation, found.successor_of) == ("B", "C")


def test_what_a_page_does_not_take_is_carried() -> None:
    found = _read("region=CN-A&element=Dy&by=country", takes=("element",), keeps=("by",))
    assert found.rest == {"region": "CN-A", "by": "country"}


@pytest.mark.parametrize(
    ("query", "error"),
    [
        ("period=2025-13", BadQuestionError), ("period=yesterday", BadQuestionError),
        ("period=2025-06..2025-01", BadQuestionError), ("period=2019", NotHereError),
        ("element=Xx", BadQuestionError), ("element=Tb", NotHereError), ("stage=sea", NotHereError),
        ("region=CN-XX", NotHereError), ("organisation=Z", NotHereError), ("product=cheese", NotHereError),
        ("region=%00", NotHereError), ("organisation=%F0%9F%A7%B2", NotHereError),
    ],
)  # fmt: skip
def test_what_cannot_be_is_said_in_both_languages(query: str, error: type[Any]) -> None:
    with pytest.raises(error) as raised:
        _read(query)
    assert raised.value.en
    assert raised.value.zh


@pytest.mark.parametrize(
    ("query", "month"), [("2025", "2025-12"), ("2026", "2026-01"), ("2025-Q1", "2025-03"), ("2025-05", "2025-05")]
)
def test_a_page_of_one_month_takes_the_last_that_was_filed(query: str, month: str) -> None:
    assert choice.period(_visit(f"period={query}"), MONTHS) == month


@pytest.mark.parametrize(
    ("text", "en", "zh"),
    [
        ("2025", "2025", "2025年"), ("2025-Q2", "Q2 2025", "2025年第二季度"),
        ("2025-03..2025-08", "March to August 2025", "2025年3月至8月"),
        ("2024-11..2025-02", "November 2024 to February 2025", "2024年11月至2025年2月"),
    ],
)  # fmt: skip
def test_a_span_in_words(text: str, en: str, zh: str) -> None:
    assert written.span(Span.read(text), "en").replace("\u00a0", " ") == en
    assert written.span(Span.read(text), "zh") == zh
