"""What a search shows: kinds of things, each with its matches, in the order of the kinds."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from django.http import HttpResponse

from lodeline.service.customs.looking import Asked
from lodeline.web.parts.shell import show
from lodeline.web.visit import Visit

#: Matches shown of each kind; who wants more writes more letters.
SHOWN: Final = 20
#: A beginning of an id that is a hash, long enough to be meant.
HASH: Final = re.compile(r"[0-9a-f]{6,64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A thing that is like what was looked for; it leads to its page where there is one."""

    text: str
    note: str
    href: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """Things of one kind."""

    heading: str
    rows: Sequence[Match]


def kind(heading: str, rows: Iterable[Match]) -> Kind:
    """One more than is shown says that there are more."""
    found = []
    for row in rows:
        found.append(row)
        if len(found) > SHOWN:
            break
    return Kind(heading=heading, rows=found)


def found_page(visit: Visit, text: str, kinds: Sequence[Kind], lede: str) -> HttpResponse:
    """What resembles a text, or where nothing was asked what can be asked."""
    kept = [one for one in kinds if one.rows]
    if not text:
        title = visit.text("Find")
    elif kept:
        title = visit.text("What is like “{text}”", text=text)
    else:
        title = visit.text("Nothing is like “{text}”", text=text)
    return show(visit, "lodeline/overview/find.html", title=title, find_text=text, kinds=kept, limit=SHOWN, lede=lede)


def asked_match(visit: Visit, one: Asked, href: str | None) -> Match:
    """A question to the desk."""
    number = ", ".join(one.numbers) or visit.text("entry {entry}", entry=one.entry)
    return Match(text=number, note=" · ".join([*one.exporters[:1], *one.goods[:1]]), href=href)
