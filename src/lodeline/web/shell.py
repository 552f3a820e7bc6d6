"""The frame around every page: the menu, the languages, and what the page was computed from.

A page that does not exist yet has no line in the menu: it lists names, and shows those that urls.py knows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.http import HttpResponse
from django.shortcuts import render

from lodeline.service.overview import synthetic_organisations
from lodeline.web import format as written
from lodeline.web.language import LANGUAGES, NAMES, TAGS, Text, say
from lodeline.web.reading import Reading
from lodeline.web.visit import Visit


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line of the menu: a page, and the pages that are reached through it."""

    page: str
    label: Text
    leads_to: tuple[str, ...] = ()


MENU: Final[tuple[tuple[Text, tuple[Line, ...]], ...]] = (
    (
        say("Watch", "监看"),
        (
            Line(page="overview", label=say("Overview", "总览")),
            Line(page="balances", label=say("Balances", "物料平衡"), leads_to=("balance",)),
            Line(page="findings", label=say("Findings", "线索"), leads_to=("finding",)),
            Line(page="transfers", label=say("Transfers", "流转")),
            Line(page="lots", label=say("Lots", "批次"), leads_to=("lot",)),
        ),
    ),
    (
        say("Decide", "决定"),
        (
            Line(page="quotas", label=say("Quotas", "总量指标")),
            Line(page="desk", label=say("Customs desk", "海关窗口")),
        ),
    ),
    (
        say("Look up", "查询"),
        (
            Line(page="organisations", label=say("Organisations", "企业"), leads_to=("organisation",)),
            Line(page="law", label=say("Law in force", "现行法规"), leads_to=("law-diff", "instrument", "parameter")),
            Line(page="log", label=say("Log", "日志"), leads_to=("entry",)),
            Line(page="verify", label=say("Verify a receipt", "核验回执")),
        ),
    ),
)


def show(visit: Visit, template: str, *, title: str, status: int = 200, **context: object) -> HttpResponse:
    """The page: `template` with `context`, in the shell, under `title` (text, without the name of the program)."""
    reading = visit.__dict__.get("reading")
    frame = {
        "visit": visit,
        "language": visit.language,
        "tag": TAGS[visit.language],
        "languages": [
            {"tag": TAGS[one], "name": NAMES[one], "href": visit.here(language=one), "here": one == visit.language}
            for one in LANGUAGES
        ],
        "menu": _menu(visit),
        "title": title,
        "home": visit.url("overview"),
        "find_at": visit.url("find"),
        "computed_from": None if reading is None else _computed_from(visit, reading),
    }
    return render(visit.request, template, {**frame, **context}, status=status)


def _menu(visit: Visit) -> list[dict[str, object]]:
    groups: list[dict[str, object]] = []
    for heading, lines in MENU:
        shown = [
            {
                "label": visit.spoken(line.label),
                "href": visit.url(line.page),
                "current": "page" if visit.name == line.page else "true" if visit.name in line.leads_to else None,
            }
            for line in lines
            if visit.url(line.page) is not None
        ]
        if shown:
            groups.append({"heading": visit.spoken(heading), "lines": shown})
    return groups


def _computed_from(visit: Visit, reading: Reading) -> dict[str, object]:
    synthetic, organisations = reading.answer(synthetic_organisations, reading.snapshot)
    snapshot = reading.snapshot
    return {
        "size": written.count(snapshot.entry + 1),
        "last": written.count(snapshot.entry),
        "root": snapshot.root,
        "short_root": written.short_hash(snapshot.root),
        "filed_at": written.moment(snapshot.as_of, visit.language, reading.law.timezone),
        "log": visit.url("log"),
        "synthetic": synthetic > 0,
        "wholly_synthetic": synthetic == organisations,
    }
