"""One instrument of the law: what it says rule by rule on a day, what it does to others, and who rests on it."""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import Any

from django.http import HttpResponse

from lodeline.language import bilingual, text
from lodeline.service.law.texts import text_of
from lodeline.web.pages.common import law_days
from lodeline.web.pages.law.run import draw_run, runs
from lodeline.web.pages.law.tables import change_table, fine_rows, item_table
from lodeline.web.parts.shell import show
from lodeline.web.parts.table import shown, wanted_csv
from lodeline.web.visit import NotHereError, Visit
from lodeline.web.words import format as written
from lodeline.web.words.law import EVIDENCE, MARKS, STATUS, sentences, short_title

Json = dict[str, Any]


def law_text(visit: Visit, instrument: str) -> HttpResponse:
    """The page `law/texts/ID/`: `?on=` and `?known=` as on the page of the law."""
    law_days.stamp(visit)
    pack = visit.law
    today = law_days.today(pack)
    on, known = law_days.day(visit, "on", today), law_days.day(visit, "known", today)
    one = text_of(pack, instrument, on, known)
    if one is None:
        raise NotHereError(
            text(
                "Up to {known} no text {instrument!r} had been published that this law knows: find it in "
                "the list of instruments.",
                known=known,
                instrument=instrument,
            )
        )
    tables = {
        "items": item_table(visit, one["items"]),
        "fines": fine_rows(visit, one["fines"]),
        "changes": change_table(visit, one["changes"]),
    }
    csv = wanted_csv(visit, *tables.values())
    if csv is not None:
        return csv
    own = [run for run in runs(pack, known) if run.instrument == instrument]
    return show(
        visit,
        "lodeline/law/law_text.html",
        title=_headline(visit, one, on),
        name=visit.localized(one["title"]),
        issuer=visit.localized(one["issuer"]),
        number=one["number"],
        published=written.day(one["published"], visit.language),
        source=visit.localized(one["source"]),
        evidence=visit.localized(EVIDENCE[one["evidence"]]),
        acts=[_effect(visit, effect) for effect in one["effects"]],
        acted_on_by=[_acted_on(visit, act) for act in one["acted_on_by"]],
        rules=[_rule(visit, row) for row in one["rules"]],
        cited_by=[_citing(visit, row) for row in one["cited_by"]],
        on=on.isoformat(),
        known=known.isoformat(),
        on_day=written.day(on, visit.language),
        known_day=written.day(known, visit.language),
        bounds=(law_days.FIRST_DAY.isoformat(), law_days.LAST_DAY.isoformat()),
        drawing=draw_run(visit, own, on=on) if own else None,
        tables={name: shown(visit, table) for name, table in tables.items()},
        has={"items": bool(one["items"]), "fines": bool(one["fines"]), "changes": bool(one["changes"])},
        law=visit.url("law", query={"on": on.isoformat(), "known": known.isoformat()}),
    )


def _headline(visit: Visit, one: Json, on: date) -> str:
    """What it is called for short, and how its rules stand on the day."""
    name, day = short_title(visit.localized(one["title"])), written.day(on, visit.language)
    stand = Counter(row["status"] for row in one["rules"])
    if not stand:
        return visit.text("{name}: no rule of this pack on {day}", name=name, day=day)
    parts = [visit.text("{n} {status}", n=written.count(n), status=STATUS[status]) for status, n in stand.items()]
    listed = visit.text(", ", context="law, text").join(parts)
    return visit.text("{name}: of its rules on {day}, {listed}", name=name, day=day, listed=listed)


def _rule(visit: Visit, row: Json) -> dict[str, object]:
    shape, tone = MARKS[row["status"]]
    last = row["in_force_to"]
    first = written.day(row["in_force_from"], visit.language)
    cited = row["citation"]
    return {
        "id": f"rule-{row['parameter']}",
        "label": visit.localized(row["label"]),
        "status": visit.localized(STATUS[row["status"]]),
        "shape": shape,
        "tone": tone,
        # The items of a control list are a table of their own.
        "says": [] if row["parameter"] == "control-list" else sentences(row["value"], visit.language),
        "items": len(row["value"] or ()) if row["parameter"] == "control-list" else 0,
        "days": visit.text("from {first}", context="law, text", first=first)
        if last is None
        else visit.text(
            "{first} to {last}",
            context="law",
            first=first,
            last=bilingual(written.day(last, "en"), written.day(last, "zh")),
        ),
        "article": visit.localized(cited["article"]),
        "by": None
        if cited["instrument"] == row["instrument"]
        else {
            "text": short_title(visit.localized(cited["title"])),
            "href": law_days.text_href(visit, cited["instrument"]),
        },
        "evidence": visit.localized(EVIDENCE[row["evidence"]]),
        "notes": [visit.localized(row[name]) for name in ("note", "informs") if row[name]],
    }


def _citing(visit: Visit, row: Json) -> dict[str, object]:
    return {
        "text": visit.localized(row["label"]),
        "title": short_title(visit.localized(row["title"])),
        "href": law_days.text_href(visit, row["instrument"], row["parameter"]),
        "article": visit.localized(row["citation"]["article"]),
    }


def _acted_on(visit: Visit, act: Json) -> dict[str, object]:
    first = written.day(act["from"], visit.language)
    if not act["suspends"]:
        text = visit.text("Its suspension ended on {first} by", first=first)
    elif act["to"] is None:
        text = visit.text("Suspended from {first} on by", first=first)
    else:
        last = written.day(act["to"], visit.language)
        text = visit.text("Suspended from {first} to {last} by", first=first, last=last)
    return {
        "text": text,
        "title": short_title(visit.localized(act["title"])),
        "href": law_days.text_href(visit, act["instrument"]),
    }


def _effect(visit: Visit, effect: Json) -> str:
    """What becomes of the instruments that this one suspends, in words."""
    what = visit.text("; ", context="law").join(short_title(visit.localized(title)) for title in effect["titles"])
    since = written.day(effect["from"], visit.language)
    if not effect["suspends"]:
        return visit.text("Ends the suspension of {what} on {since}.", what=what, since=since)
    until = effect["to"] and written.day(effect["to"], visit.language)
    told = visit.text("Suspends {what} from {since} on", what=what, since=since)
    if until:
        told = visit.text("Suspends {what} from {since} to {until}", what=what, since=since, until=until)
    ending = visit.text("; what holds afterwards was not found.")
    return told + (ending if effect["afterwards"] == "unknown" else visit.text("."))
