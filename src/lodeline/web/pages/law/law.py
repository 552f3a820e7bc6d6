"""The law in force: what each rule says on a day, as it could be known on another, and how it has run.

What is unknown is called unknown, an assumption is called an assumption, and each value says where it stands.
"""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from typing import Any

from django.http import HttpResponse

from lodeline.regulation.parameter import Jurisdiction
from lodeline.service.law import law as questions
from lodeline.service.law.lists import control_list, fine_table, instruments, quota_years
from lodeline.service.law.texts import QUERY_LENGTH, found
from lodeline.web.pages.common import law_days
from lodeline.web.pages.law.run import draw_run, runs, span_table
from lodeline.web.pages.law.tables import fine_rows, hit_table, instrument_table, item_table, quota_table, rule_table
from lodeline.web.parts.shell import show
from lodeline.web.parts.table import shown, wanted_csv
from lodeline.web.visit import Visit
from lodeline.web.words import format as written
from lodeline.web.words.law import CHANGES

Json = dict[str, Any]
#: Days with a change that are listed; all others are in the comparison of two days.
_TURNS_SHOWN = 8
_YEAR = timedelta(days=365)


def law(visit: Visit) -> HttpResponse:
    """The page `law/`: `?on=` the day asked about, `?known=` the day up to which it is published, both today; `?q=`:
    what the law says with these words."""
    law_days.stamp(visit)
    pack = visit.law
    today = law_days.today(pack)
    on, known = law_days.day(visit, "on", today), law_days.day(visit, "known", today)
    if (query := visit.query("q")) is not None:
        return _found(visit, query[:QUERY_LENGTH], on=on, known=known)
    rows = questions.in_force(pack, on, known)["rows"]
    items, quotas = control_list(pack, on, known), quota_years(pack, known)
    drawn = runs(pack, known)
    spans = span_table(visit, drawn)
    # A file has columns that the page has no room for: they are written only for a file.
    full = visit.query("format") is not None
    tables = {
        "rules": rule_table(visit, rows, full=full), "spans": spans, "items": item_table(visit, items, full=full),
        "quotas": quota_table(visit, quotas, full=full), "fines": fine_rows(visit, fine_table(pack, on, known)),
        "instruments": instrument_table(visit, instruments(pack, known), rows),
    }  # fmt: skip
    csv = wanted_csv(visit, *tables.values())
    if csv is not None:
        return csv
    language = visit.language
    return show(
        visit,
        "lodeline/law/law.html",
        title=_headline(visit, rows, on),
        jurisdiction=pack.label[language],
        on=on.isoformat(), known=known.isoformat(), today=today.isoformat(),
        on_day=written.day(on, language), known_day=written.day(known, language),
        bounds=(law_days.FIRST_DAY.isoformat(), law_days.LAST_DAY.isoformat()),
        assumptions=sum(row["evidence"] == "assumption" for row in rows),
        suspensions=_suspensions(visit, rows),
        drawing=draw_run(visit, drawn, on=on),
        tables={name: shown(visit, table) for name, table in tables.items()},
        turns=_turns(visit, pack, known),
        items_in_force=sum(item["status"] == "in-force" for item in items),
        year_before=(on - _YEAR).isoformat(),
        diff=visit.url("law-diff"),
        pack=written.short_hash(pack.digest), packs=visit.url("law-packs"),
    )  # fmt: skip


def _found(visit: Visit, query: str, *, on: date, known: date) -> HttpResponse:
    """What the law says with these words, on the days of the page."""
    hits = found(visit.law, query, on, known)
    table = hit_table(visit, hits)
    csv = wanted_csv(visit, table)
    if csv is not None:
        return csv
    n, language = written.count(len(hits)), visit.language
    return show(
        visit,
        "lodeline/law/found.html",
        title=visit.text("“{query}” in the law: {n} places", query=query, n=n)
        if hits
        else visit.text("Nothing in the law says “{query}”", query=query),
        query=query, table=shown(visit, table), back=visit.here(q=None),
        on=on.isoformat(), known=known.isoformat(),
        on_day=written.day(on, language), known_day=written.day(known, language),
    )  # fmt: skip


def _headline(visit: Visit, rows: list[Json], on: date) -> str:
    """How many rules stand how on the day; what is an assumption of the pack is not called a rule."""
    stand = Counter(row["status"] for row in rows if row["evidence"] != "assumption")
    day = written.day(on, visit.language)
    n = {status: written.count(number) for status, number in stand.items()}
    if visit.language == "zh":
        phrases = {
            "in-force": "{}项有效",
            "suspended": "{}项暂停实施",
            "unknown": "{}项情况不明",
            "not-yet": "{}项尚未施行",
        }
        parts = [text.format(n[status]) for status, text in phrases.items() if status in n]
        return f"{day}：" + ("，".join(parts) if parts else "本库没有有效的规定")
    if "in-force" not in n:
        return f"On {day} no rule of this pack was in force"
    phrases = {
        "suspended": ", {} suspended",
        "not-yet": ", {} still to come",
        "unknown": "; whether {} others hold is not known",
    }
    parts = [text.format(n[status]) for status, text in phrases.items() if status in n]
    are = "rule is" if stand["in-force"] == 1 else "rules are"
    return f"On {day}, {n['in-force']} {are} in force" + "".join(parts)


def _suspensions(visit: Visit, rows: list[Json]) -> list[dict[str, object]]:
    """What suspends or has suspended the rules of this day: by which instrument, from when to when, how many."""
    found: dict[tuple[str, str, str | None, str], list[Json]] = {}
    for row in rows:
        if row["suspension"] is not None:
            effect = row["suspension"]
            key = (effect["citation"]["instrument"], effect["from"], effect["to"], row["status"])
            found.setdefault(key, []).append(row)
    return [
        {
            "title": visit.localized(members[0]["suspension"]["citation"]["title"]),
            "href": law_days.text_href(visit, instrument),
            "from": written.day(first, visit.language),
            "to": None if last is None else written.day(last, visit.language),
            "count": written.count(len(members)),
            "unknown": status == "unknown",
        }
        for (instrument, first, last, status), members in found.items()
    ]


def _turns(visit: Visit, pack: Jurisdiction, known: date) -> list[dict[str, object]]:
    """The newest days on which something changed: how many rules, in which way, and the law of that day."""
    by_day: dict[str, Counter[str]] = {}
    for row in questions.diff(pack, law_days.FIRST_DAY, known)["rows"]:
        by_day.setdefault(row["on"], Counter())[row["what"]] += 1
    newest = sorted(by_day.items(), reverse=True)[:_TURNS_SHOWN]
    return [
        {
            "day": written.day(day, visit.language),
            "href": visit.url("law", query={"on": day, "known": known.isoformat()}),
            "text": (visit.text(", ", context="law")).join(
                visit.text("{number} {changes}", number=written.count(number), changes=CHANGES[what])
                for what, number in counts.items()
            ),
        }
        for day, counts in newest
    ]
