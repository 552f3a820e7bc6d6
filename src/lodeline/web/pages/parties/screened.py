"""Who a name may be, in any script, and whether that party is listed on a day: with reasons, and nothing is written."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from lodeline.office.access import clock
from lodeline.party.registered import REGISTER
from lodeline.service.parties import lists as party_lists
from lodeline.service.parties.index import screener_of
from lodeline.service.parties.screening import with_law
from lodeline.web.pages.parties.part import registered_name, source_text
from lodeline.web.visit import Visit
from lodeline.web.words import format as written
from lodeline.web.words import words

#: So many that a name may be are shown.
_MOST = 8


def screened(visit: Visit, *, day: date) -> dict[str, Any]:
    """The field with what it was given (`?name=`, `?country=`, `?on=`), and the answer where it was given a name."""
    name, country = visit.query("name"), visit.query("country")
    lists = party_lists.newest(visit.store)
    return {
        "asked": {"name": name or "", "country": country or "", "on": day.isoformat()},
        "day": written.day(day, visit.language),
        "answer": None if name is None else _answer(visit, name, country.upper() if country else None, day),
        "lists": [
            visit.text("{name} ({parties})", name=name, parties=len(one.list.parties)) for name, one in lists.items()
        ],
    }


def _answer(visit: Visit, text: str, where: str | None, day: date) -> dict[str, Any]:
    reading, law = visit.reading, visit.law
    names = words.organisation_names(reading.snapshot.register, visit.language)
    found = screener_of(reading.store, reading.snapshot).screen(text, day=day, country=where, most=_MOST)
    found = with_law(found, law, day=day, known=law.day_of(clock.now()), country=where, most=_MOST)
    return {
        "verdict": found.verdict,
        "text": visit.localized(words.SCREENING_VERDICTS[found.verdict]),
        "mark": words.SCREENING_MARKS[found.verdict],
        "remarks": [one.text(visit.language) for one in found.remarks],
        "hits": [_hit(visit, hit, names) for hit in found.hits],
    }


def _hit(visit: Visit, hit: Any, names: Mapping[str, str]) -> dict[str, Any]:
    name = registered_name(names, hit.records, hit.name)
    registered = (one.id for one in hit.records if one.source == REGISTER)
    return {
        "name": name,
        "found_as": hit.name if hit.name != name else "",
        "probability": f"{hit.probability:.2f}",
        "sources": [source_text(visit, one.source, one.id) for one in hit.records],
        "href": next((visit.opens("party", party=one) for one in registered), None),
        "reasons": [{"speaks": one.speaks or "!", "text": one.text(visit.language)} for one in hit.reasons],
    }
