"""Find an organisation, a site, a lot or an entry by what a reader remembers of it."""

from __future__ import annotations

import re
from typing import Any

from django.http import HttpResponse, HttpResponseRedirect

from lodeline.service.lots.lots import lots_like
from lodeline.web.parts.shell import show
from lodeline.web.visit import Visit
from lodeline.web.words import format as written
from lodeline.web.words import words
from lodeline.web.words.lots import product as product_word

#: Matches shown of each kind; who wants more writes more letters.
SHOWN = 20


def find(visit: Visit) -> HttpResponse:
    """The page `find/?q=`: straight to the one thing of that very name, else what resembles it."""
    text = visit.query("q")
    if text is None:
        return _page(visit, "", {})
    exact = _exact(visit, text)
    if exact is not None:
        return HttpResponseRedirect(exact)
    return _page(
        visit,
        text,
        {"organisations": _organisations(visit, text), "sites": _sites(visit, text), "lots": _lots(visit, text)},
    )


def _page(visit: Visit, text: str, found: dict[str, list[dict[str, Any]]]) -> HttpResponse:
    visit.reading  # noqa: B018  (the frame says what was searched)
    if not text:
        title = visit.text("Find", "查找")
    elif any(found.values()):
        title = visit.text(f"What is like “{text}”", f"与“{text}”相近的内容")
    else:
        title = visit.text(f"Nothing is like “{text}”", f"没有与“{text}”相近的内容")
    return show(visit, "lodeline/overview/find.html", title=title, find_text=text, found=found, limit=SHOWN)


def _exact(visit: Visit, text: str) -> str | None:
    """The page of the one thing that is called exactly so."""
    snapshot = visit.reading.snapshot
    if re.fullmatch(r"\d{1,12}", text) and int(text) <= snapshot.entry:
        return visit.url("entry", entry=int(text))
    if text in snapshot.register.roles:
        return visit.url("organisation", organisation=text)
    named = snapshot.register.organisation_by_name.get(text.casefold())
    if named is not None:
        return visit.url("organisation", organisation=named)
    if text in snapshot.register.site_organisation:
        return visit.url("balance", site=text)
    if snapshot.flow_index().lot_called(text) is not None:
        return visit.url("lot", lot=text)
    return None


def _organisations(visit: Visit, text: str) -> list[dict[str, Any]]:
    wanted, found = text.casefold(), []
    table = visit.reading.snapshot.register.tables["organisations"]
    names = words.organisation_names(visit.reading.snapshot.register, visit.language)
    for one, zh, en, aliases, uscc, lei in table.select(
        "id", "name_zh", "name_en", "aliases", "uscc", "lei"
    ).iter_rows():
        if any(wanted in (name or "").casefold() for name in (one, zh, en, uscc, lei, *(aliases or ()))):
            found.append({"text": names[one], "note": one, "href": visit.url("organisation", organisation=one)})
    return found[: SHOWN + 1]


def _sites(visit: Visit, text: str) -> list[dict[str, Any]]:
    wanted, found = text.casefold(), []
    for site, name, stage in visit.reading.snapshot.register.tables["sites"].select("id", "name", "stage").iter_rows():
        if wanted in site.casefold() or wanted in (name or "").casefold():
            word = words.word(words.STAGES, stage or "", visit.language)
            found.append({"text": name or site, "note": f"{site} · {word}", "href": visit.url("balance", site=site)})
    return found[: SHOWN + 1]


def _lots(visit: Visit, text: str) -> list[dict[str, Any]]:
    snapshot = visit.reading.snapshot
    if visit.opens("lots") is None:
        return []
    facts = snapshot.ask(lots_like, text=text, most=SHOWN + 1)
    return [
        {
            "text": name,
            "note": product_word(product, visit.language) if product else written.NOTHING,
            "href": visit.url("lot", lot=name),
        }
        for name, product in facts.select("name", "product").iter_rows()
    ]
