"""The frame around every page: the menu, who has signed in, the languages, and what the page was computed from.

A menu lists names of pages, and shows those that urls.py knows and that are open to whoever asks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from django.conf import settings
from django.db import Error as DjangoDatabaseError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from lodeline.errors import UserError
from lodeline.office.access import clock
from lodeline.office.access.looking import LOOK_REASONS
from lodeline.office.notices.notices import unread
from lodeline.office.parties.parties import waiting
from lodeline.web.access.access_log import reason_of
from lodeline.web.reading import Reading
from lodeline.web.visit import Visit
from lodeline.web.words import format as written
from lodeline.web.words.language import LANGUAGES, NAMES, TAGS, Language, Text, language_at, text


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line of the menu: a page, and the pages that are reached through it."""

    page: str
    label: Text
    leads_to: tuple[str, ...] = ()


#: What a firm's own people see; addresses are those of the firm.
FIRM_MENU: Final[tuple[tuple[Text, tuple[Line, ...]], ...]] = (
    (
        text("This month", "本月"),
        (
            Line(page="firm", label=text("Home", "首页")),
            Line(page="firm-file", label=text("File a month", "月度申报"), leads_to=("firm-draft",)),
            Line(page="firm-transfers", label=text("Transfers", "流转"), leads_to=("firm-transfer",)),
            Line(page="firm-exceptions", label=text("Discrepancies", "单据差异"), leads_to=("firm-exception",)),
            Line(page="firm-findings", label=text("Questions", "询问"), leads_to=("firm-finding",)),
            Line(
                page="firm-desk",
                label=text("Pre-export check", "出口预查"),
                leads_to=("firm-asked", "firm-asked-one", "firm-batch"),
            ),
            Line(page="firm-queries", label=text("Customs queries", "海关质疑"), leads_to=("firm-query",)),
            Line(page="firm-notices", label=text("Notices", "通知")),
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
            Line(page="firm-filings", label=text("Filings", "申报记录"), leads_to=("firm-filing",)),
            Line(page="firm-customers", label=text("Customers", "客户")),
            Line(
                page="firm-licences",
                label=text("Licences", "许可证"),
                leads_to=("firm-licence", "firm-applications", "firm-application"),
            ),
            Line(page="firm-quota", label=text("Quota", "总量控制指标")),
        ),
    ),
    (
        text("Set up", "设置"),
        (
            Line(page="firm-people", label=text("People", "人员")),
            Line(page="firm-tokens", label=text("Programs", "程序接入")),
            Line(page="firm-profiles", label=text("Column names", "列对应")),
        ),
    ),
    (
        text("Look up", "查询"),
        (
            Line(page="law", label=text("Law in force", "现行法规"), leads_to=("law-text", "law-diff")),
            Line(page="verify", label=text("Verify a receipt", "核验回执")),
        ),
    ),
)
#: What the authority sees.
MENU: Final[tuple[tuple[Text, tuple[Line, ...]], ...]] = (
    (
        text("Watch", "监看"),
        (
            Line(page="overview", label=text("Overview", "总览")),
            Line(page="year", label=text("The year", "全年"), leads_to=("balances", "balance", "edition")),
            Line(
                page="inspection-plans",
                label=text("Inspections", "现场检查"),
                leads_to=(
                    "inspections",
                    "inspection-plan",
                    "inspection-plan-new",
                    "inspection-labels",
                    "inspection-visit",
                ),
            ),
            Line(page="laboratories", label=text("Laboratories and scales", "实验室与衡器")),
            Line(page="findings", label=text("Findings", "线索"), leads_to=("finding",)),
            Line(page="transfers", label=text("Transfers", "流转")),
            Line(page="exceptions", label=text("Invoices and customs", "三方核对"), leads_to=("exception",)),
            Line(page="lots", label=text("Lots", "批次"), leads_to=("lot",)),
        ),
    ),
    (
        text("Decide", "决定"),
        (
            Line(page="duty", label=text("Who has filed", "申报情况")),
            Line(page="applications", label=text("Licences", "许可审查"), leads_to=("application",)),
            Line(page="quotas", label=text("Quotas", "总量控制指标"), leads_to=("planned-run",)),
            Line(page="licences", label=text("Licences in use", "许可证使用"), leads_to=("licence",)),
            Line(
                page="desk",
                label=text("Customs desk", "海关窗口"),
                leads_to=(
                    "desk-asked",
                    "desk-asked-one",
                    "desk-batch",
                    "desk-rules",
                    "desk-licences",
                    "desk-licence",
                ),
            ),
            Line(page="desk-queries", label=text("Customs queries", "海关质疑"), leads_to=("desk-query",)),
            Line(page="parties", label=text("Parties", "交易方"), leads_to=("party-name", "party")),
            Line(
                page="register",
                label=text("Register", "登记管理"),
                leads_to=("register-organisation", "register-changes", "register-methods", "extensions"),
            ),
        ),
    ),
    (
        text("Look up", "查询"),
        (
            Line(page="organisations", label=text("Organisations", "企业"), leads_to=("organisation",)),
            Line(page="screening", label=text("Screening", "名称筛查")),
            Line(
                page="law",
                label=text("Law in force", "现行法规"),
                leads_to=("law-text", "law-diff", "law-replay", "law-packs", "law-pack"),
            ),
            Line(page="log", label=text("Log", "日志"), leads_to=("entry",)),
            Line(page="verify", label=text("Verify a receipt", "核验回执")),
            Line(page="audit", label=text("Access records", "查阅记录")),
            Line(page="system", label=text("System", "系统")),
            Line(page="erasures", label=text("Erasure", "删除个人信息"), leads_to=("erasure",)),
            Line(page="holds", label=text("Legal holds", "法律保全")),
        ),
    ),
)


def show(visit: Visit, template: str, *, title: str, status: int = 200, **context: object) -> HttpResponse:
    """The page: `template` with `context`, in the shell, under `title` (text, without the name of the program)."""
    reading = visit.__dict__.get("reading")
    links = {one: visit.here(language=one) for one in LANGUAGES}
    computed_from = None if reading is None else _computed_from(visit, reading)
    context = {
        **_frame(visit, links), "title": title, "computed_from": computed_from, "law_pack": _law_pack(visit, reading),
        **context,
    }  # fmt: skip
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


def _frame(visit: Visit, links: Mapping[Language, str]) -> dict[str, object]:
    """What the shell shows around any page; `links`: this page in each language."""
    return {
        "visit": visit,
        "actor": visit.actor,
        "firm": visit.firm,
        "demo": settings.LODELINE_DEMO,
        "demo_day": (
            written.day(clock.today(visit.law.timezone), visit.language) if settings.LODELINE_DEMO_CLOCK else None
        ),
        "language": visit.language,
        "tag": TAGS[visit.language],
        "languages": [
            {"tag": TAGS[one], "name": NAMES[one], "href": links[one], "here": one == visit.language}
            for one in LANGUAGES
        ],
        "menu": _menu(visit),
        "home": visit.url("home"),
        "find_at": visit.opens("find"),
        "reason": _reason(visit),
        "computed_from": None,
        "synthetic": _synthetic(visit),
    }


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


def _menu(visit: Visit) -> list[dict[str, object]]:
    groups: list[dict[str, object]] = []
    firm = visit.firm
    chosen = FIRM_MENU if firm or not visit.actor.is_official else MENU
    for heading, lines in chosen:
        shown = []
        for line in lines:
            if line.page.startswith("firm"):
                href = None if firm is None else visit.opens(line.page, organisation=firm)
            else:
                href = visit.opens(line.page)
            if href is None:
                continue
            current = "page" if visit.name == line.page else "true" if visit.name in line.leads_to else None
            count = unread(visit.actor, firm) if line.page == "firm-notices" and firm else 0
            if line.page == "parties":
                count = _waiting(visit)
            shown.append({"label": visit.localized(line.label), "href": href, "current": current, "count": count})
        if shown:
            groups.append({"heading": visit.localized(heading), "lines": shown})
    return groups


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
