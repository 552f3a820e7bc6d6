"""The frame around every page: the menu, who has signed in, the languages, and what the page was computed from.

A menu lists names of pages, and shows those that urls.py knows and that are open to whoever asks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Final

from django.conf import settings
from django.db import Error as DjangoDatabaseError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from lodeline.errors import UserError
from lodeline.office.access import clock
from lodeline.office.access.looking import LOOK_REASONS
from lodeline.office.parties.parties import waiting
from lodeline.web.access.access_log import reason_of
from lodeline.web.parts.values import Tab
from lodeline.web.reading import Reading
from lodeline.web.visit import Visit
from lodeline.web.words import format as written
from lodeline.web.words.language import LANGUAGES, NAMES, TAGS, Language, Text, language_at, text


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line of the menu: a page, and the pages that are reached through it.

    `tabs`: pages that stand beside each other under this line, as tabs; the first that is open is where it leads.
    `begins`: permission → the tab where whoever has it begins. `folds_into`: the page of the line that takes it in as a
    tab where the menu would be longer than `LINES_MOST`. `takes`: what of the filter line the page can be narrowed to,
    which goes along (`web/pages/common/filters.py`).
    """

    page: str
    label: Text
    leads_to: tuple[str, ...] = ()
    tabs: tuple[Line, ...] = ()
    begins: tuple[str, str] | None = None
    takes: tuple[str, ...] = ()
    folds_into: str = ""

    @property
    def pages(self) -> frozenset[str]:
        """Every page that is reached through this line."""
        return frozenset((self.page, *self.leads_to)).union(*(one.pages for one in self.tabs))


_EVERYTHING: Final = ("period", "element", "stage", "region", "organisation", "product")
Groups = Sequence[tuple[Text, Sequence[Line]]]
#: So many lines a menu has at most: what one sees at a glance.
LINES_MOST: Final = 10


#: What a firm's own people see; addresses are those of the firm.
FIRM_MENU: Final[tuple[tuple[Text, tuple[Line, ...]], ...]] = (
    (
        text("This month", "本月"),
        (
            Line(
                page="firm",
                label=text("To do", "待办"),
                leads_to=("firm-finding", "firm-query", "firm-exception"),
            ),
            Line(
                page="firm-file",
                label=text("File a month", "月度申报"),
                leads_to=("firm-draft", "firm-draft-columns", "firm-draft-certify"),
            ),
            Line(
                page="firm-transfers",
                label=text("Deliveries", "收发货"),
                leads_to=("firm-transfer", "firm-dispute"),
            ),
            Line(
                page="firm-desk",
                label=text("Pre-export check", "出口预查"),
                leads_to=("firm-asked", "firm-asked-one", "firm-batch"),
            ),
        ),
    ),
    (
        text("Ours", "本企业"),
        (
            Line(
                page="firm-balances",
                label=text("Balances", "物料平衡"),
                leads_to=("firm-balance", "firm-inspections", "firm-inspection-plan", "firm-inspection-visit"),
            ),
            Line(page="firm-lots", label=text("Lots", "批次"), leads_to=("firm-lot",)),
            Line(
                page="firm-licences",
                label=text("Licences", "许可证"),
                leads_to=("firm-licence", "firm-application"),
            ),
            Line(page="firm-filings", label=text("Filings", "申报记录"), leads_to=("firm-filing",)),
        ),
    ),
    (
        text("Set up and look up", "设置与查询"),
        (
            Line(
                page="firm-people",
                label=text("Set up", "设置"),
                tabs=(
                    Line(page="firm-people", label=text("People", "人员"), leads_to=("firm-person",)),
                    Line(page="firm-delegations", label=text("Who files for us", "委托申报")),
                    Line(page="firm-tokens", label=text("Programs", "程序接入")),
                    Line(page="firm-profiles", label=text("Column names", "列对应")),
                ),
            ),
            Line(
                page="law",
                label=text("Law", "法规"),
                tabs=(
                    Line(
                        page="law",
                        label=text("Law in force", "现行法规"),
                        leads_to=("law-text", "law-diff", "law-packs"),
                    ),
                    Line(page="verify", label=text("Verify a receipt", "核验回执")),
                ),
            ),
        ),
    ),
)
#: What the authority sees. A line appears where its page, or one of its tabs, is open.
MENU: Final[tuple[tuple[Text, tuple[Line, ...]], ...]] = (
    (
        text("Watch", "监看"),
        (
            Line(page="overview", label=text("Overview", "总览"), takes=("period", "element")),
            Line(
                page="where",
                label=text("Where it goes", "流向"),
                tabs=(
                    Line(page="where", label=text("Where it goes", "流向"), takes=_EVERYTHING),
                    Line(page="traders", label=text("Traders", "贸易商"), takes=_EVERYTHING),
                ),
            ),
            Line(
                page="year",
                label=text("The year", "全年"),
                tabs=(
                    Line(page="year", label=text("The year", "全年"), takes=_EVERYTHING),
                    Line(
                        page="balances",
                        label=text("Balances", "物料平衡"),
                        leads_to=("balance",),
                        takes=_EVERYTHING,
                    ),
                ),
                leads_to=("edition",),
            ),
            Line(
                page="inspection-plans",
                label=text("Visit first", "优先检查"),
                tabs=(
                    Line(
                        page="inspection-plans",
                        label=text("Visit first", "优先检查"),
                        leads_to=(
                            "inspections",
                            "inspection-plan",
                            "inspection-plan-new",
                            "inspection-labels",
                            "inspection-telephone",
                            "inspection-visit",
                        ),
                        takes=("stage", "region", "organisation"),
                    ),
                    Line(page="laboratories", label=text("Laboratories and scales", "实验室与衡器")),
                ),
            ),
            Line(
                page="findings",
                label=text("Findings", "线索"),
                leads_to=("finding",),
                takes=("period", "element", "organisation"),
            ),
            Line(
                page="exceptions",
                label=text("Does not match", "不一致"),
                leads_to=("exception",),
                takes=("period", "region", "organisation"),
            ),
        ),
    ),
    (
        text("Decide", "决定"),
        (
            Line(
                page="licences",
                label=text("Licences", "许可证"),
                tabs=(
                    Line(
                        page="licences",
                        label=text("Licences", "许可证"),
                        leads_to=("licence", "application"),
                        takes=("organisation",),
                    ),
                    Line(
                        page="quotas",
                        label=text("Quotas", "总量控制指标"),
                        leads_to=("planned-run",),
                        takes=("organisation",),
                    ),
                ),
                begins=("quotas.decide", "quotas"),
            ),
            Line(
                page="desk",
                label=text("Customs desk", "海关窗口"),
                tabs=(
                    Line(page="desk", label=text("Ask", "查询"), leads_to=("desk-batch",)),
                    Line(
                        page="desk-asked",
                        label=text("Asked and queried", "查询与质疑"),
                        leads_to=("desk-asked-one", "desk-query"),
                    ),
                    Line(page="desk-licences", label=text("Licences", "许可证"), leads_to=("desk-licence",)),
                    Line(page="desk-rules", label=text("Standing answers", "长期答复")),
                ),
                folds_into="licences",
            ),
            Line(
                page="organisations",
                label=text("Organisations", "企业"),
                tabs=(
                    Line(
                        page="organisations",
                        label=text("Organisations", "企业"),
                        leads_to=(
                            "organisation",
                            "register-new",
                            "register-organisation",
                            "register-changes",
                            "register-take-over",
                        ),
                        takes=("period", "region"),
                    ),
                    Line(page="parties", label=text("Parties", "交易方"), leads_to=("party-name", "party")),
                    Line(page="lots", label=text("Lots", "批次"), leads_to=("lot",)),
                    Line(page="extensions", label=text("Deadlines", "申报期限")),
                    Line(page="register-methods", label=text("Methods", "测量方法")),
                    Line(
                        page="officials",
                        label=text("People", "人员"),
                        leads_to=("official", "register-people", "register-person"),
                    ),
                    Line(page="tokens", label=text("Programs", "程序接入")),
                ),
            ),
        ),
    ),
    (
        text("Look up", "查询"),
        (
            Line(
                page="law",
                label=text("Law in force", "现行法规"),
                leads_to=("law-text", "law-diff", "law-replay", "law-packs", "law-pack"),
            ),
            Line(
                page="log",
                label=text("Log", "日志"),
                tabs=(
                    Line(page="log", label=text("Entries", "条目"), leads_to=("entry",)),
                    Line(page="audit", label=text("Access records", "查阅记录")),
                    Line(page="system", label=text("System", "系统")),
                    Line(page="holds", label=text("Legal holds", "法律保全")),
                    Line(page="erasures", label=text("Erasure", "删除个人信息"), leads_to=("erasure",)),
                    Line(page="verify", label=text("Verify a receipt", "核验回执")),
                ),
            ),
        ),
    ),
)


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
    return render(visit.request, template, context, status=status)


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
    return {
        "visit": visit,
        "actor": visit.actor,
        "firm": visit.firm,
        "demo": settings.LODELINE_DEMO,
        "tour": visit.url("tour") if settings.LODELINE_DEMO else None,
        "demo_day": (
            written.day(clock.today(visit.law.timezone), visit.language) if settings.LODELINE_DEMO_CLOCK else None
        ),
        "language": visit.language,
        "tag": TAGS[visit.language],
        "languages": [
            {"tag": TAGS[one], "name": NAMES[one], "href": links[one], "here": one == visit.language}
            for one in LANGUAGES
        ],
        "menu": _menu(visit, carries=carries),
        "beside": _tabs(visit, carries=carries),
        "home": visit.url("home"),
        "find_at": _find_at(visit),
        "reason": _reason(visit),
        "computed_from": None,
        "synthetic": _synthetic(visit),
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


def open_lines(groups: Groups, *, opens: Callable[[str], bool], may: Callable[[str], bool]) -> list[list[Line]]:
    """Of each group the lines that are open, at most `LINES_MOST` in all, each led to where whoever asks begins."""
    found = [[one for line in lines if (one := _opened(line, opens, may)) is not None] for _, lines in groups]
    for line in [one for lines in found for one in lines if one.folds_into]:
        into = next((one for lines in found for one in lines if line.folds_into in one.pages), None)
        if into is not None and sum(map(len, found)) > LINES_MOST:
            alone = Line(page=line.page, label=line.label, leads_to=tuple(line.pages))
            wider = replace(into, tabs=(*into.tabs, alone))
            found = [[wider if one is into else one for one in lines if one is not line] for lines in found]
    return found


def _opened(line: Line, opens: Callable[[str], bool], may: Callable[[str], bool]) -> Line | None:
    """The line with the tabs that are open; None where nothing of it is."""
    if not line.tabs:
        return line if opens(line.page) else None
    tabs = tuple(tab for tab in line.tabs if opens(tab.page))
    if not tabs:
        return None
    permission, page = line.begins or ("anyone", line.page)
    first = next((tab for tab in tabs if tab.page == page and may(permission)), tabs[0])
    label = line.label if first.page == line.page else first.label
    return replace(line, page=first.page, label=label, tabs=tabs, takes=first.takes)


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
    line = shown[0] if shown else _opened(alone[0], lambda page: _at(visit, page) is not None, visit.actor.may)
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
