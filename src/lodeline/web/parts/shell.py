"""The frame around every page: the menu, who has signed in, the languages, and what the page was computed from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus

from django.conf import settings
from django.db import Error as DjangoDatabaseError
from django.http import HttpRequest, HttpResponse
from django.template import Engine, RequestContext

from lodeline.build import build
from lodeline.errors import UserError
from lodeline.language import LANGUAGES, Language
from lodeline.office.access import clock
from lodeline.office.access.looking import LOOK_REASONS
from lodeline.office.parties.parties import waiting
from lodeline.web.access.access_log import reason_of
from lodeline.web.parts.menu import AGENCY_MENU, FIRM_MENU, MENU, Groups, Line, open_lines, opened
from lodeline.web.parts.values import Tab
from lodeline.web.reading import Reading
from lodeline.web.visit import Visit
from lodeline.web.words import format as written
from lodeline.web.words.language import NAMES, TAGS, language_at


def show(visit: Visit, template: str, *, title: str, status: int = 200, **context: object) -> HttpResponse:
    """The page: `template` with `context`, in the shell, under `title` (text, without the name of the program)."""
    reading = visit.__dict__.get("reading")
    links = {one: visit.here(language=one) for one in LANGUAGES}
    computed_from = None if reading is None else _computed_from(visit, reading)
    context = {
        # What an address asks in vain does not go along.
        **_frame(visit, links, carries=status < HTTPStatus.BAD_REQUEST),
        "title": title,
        "computed_from": computed_from,
        "law_pack": _law_pack(visit, reading),
        **context,
    }
    told = RequestContext(visit.request)
    told.push(context)
    try:
        return HttpResponse(Engine.get_default().get_template(template).render(told), status=status)
    finally:
        # A context refers to itself: else tables of a nation would stay until Python looks for rings of dead objects.
        told.dicts.clear()


def account_frame(request: HttpRequest) -> dict[str, object]:
    """Django's context processor: the shell around the account library's own pages, which know no visit."""
    if hasattr(request, "visit"):
        return {}  # a page of the table: `show` makes its shell
    language = language_at(request.path_info, request.headers.get("Accept-Language", ""))
    visit = Visit(request, language=language, name="account", arguments={})
    query = f"?{request.GET.urlencode()}" if request.GET else ""
    rest = request.path_info.lstrip("/").partition("/")[2]
    return {**_frame(visit, {one: f"/{one}/{rest}{query}" for one in LANGUAGES}), "title": "Lodeline"}


def _frame(visit: Visit, links: Mapping[Language, str], *, carries: bool = False) -> dict[str, object]:
    """What the shell shows around any page; `links`: this page in each language; `carries`: what this page is narrowed
    to can be answered, and goes along."""
    on_demo_clock = settings.LODELINE_DEMO_CLOCK and not visit.alone
    return {
        "visit": visit,
        "actor": visit.actor,
        "firm": visit.firm,
        "demo": settings.LODELINE_DEMO,
        "tour": visit.url("tour") if settings.LODELINE_DEMO else None,
        "demo_day": written.day(clock.today(visit.law.timezone), visit.language) if on_demo_clock else None,
        "language": visit.language,
        "tag": TAGS[visit.language],
        "languages": [
            {"tag": TAGS[one], "name": NAMES[one], "href": links[one], "here": one == visit.language}
            for one in LANGUAGES
        ],
        "menu": _menu(visit, carries=carries),
        "beside": None if visit.alone else _tabs(visit, carries=carries),
        "home": visit.url("home"),
        "find_at": _find_at(visit),
        "reason": _reason(visit),
        "computed_from": None,
        # Strangers need not know which faults of which build to try.
        "build": build(visit.language) if visit.actor.signed_in else None,
        "synthetic": "" if visit.alone else _synthetic(visit),
    }


def _find_at(visit: Visit) -> str | None:
    """Where the field at the side looks: among a firm's own on its pages, else where whoever asks may."""
    own = None if visit.firm is None else visit.opens("firm-find", organisation=visit.firm)
    return own or visit.opens("find") or visit.opens("desk-find")


def _synthetic(visit: Visit) -> str:
    """Whether "all" or "some" organisations of the register are made up; "" for none, and where there is no store."""
    try:
        synthetic, organisations = visit.store.newest_register().synthetic
    except (UserError, DjangoDatabaseError):
        return ""
    return ("all" if synthetic == organisations else "some") if synthetic else ""


def _reason(visit: Visit) -> dict[str, str] | None:
    """Why an official says to be looking, and where that is changed; None for everybody else."""
    at = visit.opens("reason", query={"next": visit.request.get_full_path()})
    return None if at is None else {"text": visit.localized(LOOK_REASONS[reason_of(visit)]), "href": at}


def _menu(visit: Visit, *, carries: bool) -> list[dict[str, object]]:
    menu = _menu_of(visit)
    groups: list[dict[str, object]] = []
    for (heading, _), lines in zip(menu, _open_to(visit, menu), strict=True):
        shown = []
        for line in lines:
            current = "page" if visit.name == line.page else "true" if visit.name in line.pages else None
            label = visit.localized(line.label)
            href = _at(visit, line.page, line.takes if carries else ())
            shown.append({"label": label, "href": href, "current": current})
        if shown:
            groups.append({"heading": visit.localized(heading), "lines": shown})
    return groups


def _tabs(visit: Visit, *, carries: bool) -> dict[str, object] | None:
    """The pages that stand beside this one under a line of the menu; None for a page that stands alone."""
    menu = _menu_of(visit)
    alone = [one for _, lines in menu for one in lines if any(tab.page == visit.name for tab in one.tabs)]
    if not alone:
        return None
    # What was folded into another line is one tab there, and has its own beside itself.
    shown = [one for lines in _open_to(visit, menu) for one in lines if one.tabs[:1] and one.tabs[0] in alone[0].tabs]
    line = shown[0] if shown else opened(alone[0], lambda page: _at(visit, page) is not None, visit.actor.may)
    if line is None or len(line.tabs) < 2:
        return None
    return {
        "label": visit.localized(alone[0].label),
        "tabs": [
            Tab(
                label=visit.localized(tab.label),
                href=_at(visit, tab.page, tab.takes if carries else ()) or "",
                here=tab.page == visit.name,
                count=str(_waiting(visit) or "") if tab.page == "parties" else "",
            )
            for tab in line.tabs
        ],
    }


def _menu_of(visit: Visit) -> Groups:
    if visit.actor.agency_of is not None:
        return AGENCY_MENU
    return FIRM_MENU if visit.firm or not visit.actor.is_official else MENU


def _open_to(visit: Visit, menu: Groups) -> list[list[Line]]:
    return open_lines(menu, opens=lambda page: _at(visit, page) is not None, may=visit.actor.may)


def _at(visit: Visit, page: str, takes: Sequence[str] = ()) -> str | None:
    """The address of a page of the menu, narrowed to what it takes of what this one is narrowed to; None where it is
    not open to whoever asks."""
    if not page.startswith("firm"):
        return visit.opens(page, query={name: visit.query(name) for name in takes})
    return None if visit.firm is None else visit.opens(page, organisation=visit.firm)


def _waiting(visit: Visit) -> int:
    """How many names wait for a person; none that is known of where there is no store, for the law and the desk answer
    without one. To ask a file that is not there would make it: it is opened first."""
    try:
        return waiting() if visit.store else 0
    except (UserError, DjangoDatabaseError):
        return 0


def _law_pack(visit: Visit, reading: Reading | None) -> str:
    """The law pack that the page rests on, by its digest: that of its reading, or that which it asked the log for; ""
    where it asked for none."""
    law = visit.__dict__.get("law") if reading is None else reading.law
    return "" if law is None else written.short_hash(law.digest)


def _computed_from(visit: Visit, reading: Reading) -> dict[str, object]:
    snapshot = reading.snapshot
    return {
        "size": written.count(snapshot.entry + 1),
        "last": written.count(snapshot.entry),
        "root": snapshot.root,
        "short_root": written.short_hash(snapshot.root),
        "filed_at": written.moment(snapshot.as_of, visit.language, reading.law.timezone),
        "log": visit.opens("log"),
    }
