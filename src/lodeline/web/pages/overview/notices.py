"""What a firm's people should know: unread first; and the page on which whoever gets mails about it ends them."""

from __future__ import annotations

from django.http import HttpResponse, HttpResponseRedirect

from lodeline.office.access import clock
from lodeline.office.notices import mail
from lodeline.office.notices.notices import ReadNotice, mark_read, notices_of
from lodeline.web.pages.common.firm_part import Firm, counted
from lodeline.web.parts.shell import show
from lodeline.web.parts.table import Cell, Column, Row, Table, shown, wanted_csv
from lodeline.web.parts.values import Act, Notice
from lodeline.web.visit import NotHereError, Visit
from lodeline.web.words.language import text

#: Pages of a firm whose address needs more than the firm: which fact of the notice it takes, and its name there.
_ARGUMENTS = {
    "firm-draft": ("draft", "draft"), "firm-finding": ("finding", "finding"),
    "firm-query": ("case", "case"), "firm-application": ("application", "application"),
    "firm-balance": ("site", "site"), "firm-licence": ("licence", "licence"),
}  # fmt: skip


def firm_notices(visit: Visit, organisation: str) -> HttpResponse:
    """The page `firm/ID/notices/`; its form marks one notice, or all, as read."""
    firm = Firm(visit, organisation)
    if visit.request.method == "POST":
        asked = visit.request.POST.get("notice", "")
        chosen = None if asked == "all" else [int(asked)] if asked.isdecimal() and len(asked) < 19 else []
        mark_read(visit.actor, organisation, chosen, now=clock.now())
        return HttpResponseRedirect(visit.here(), status=303)
    found = notices_of(visit.actor, organisation, lambda one: firm.names.get(one, visit.text("a firm", "某企业")))
    table = _table(firm, found)
    csv = wanted_csv(visit, table)
    if csv is not None:
        return csv
    unread = sum(not one.read for one in found)
    return show(
        visit,
        "lodeline/overview/firm_notices.html",
        title=counted(visit, unread, "One notice is not read", "{n} notices are not read", "有{n}条未读通知")
        if unread
        else visit.text("Everything is read", "通知均已读"),
        name=firm.name,
        table=shown(visit, table),
        unread={one.notice for one in found if not one.read},
    )


def _table(firm: Firm, found: list[ReadNotice]) -> Table:
    visit = firm.visit
    return Table(
        name="notices",
        caption=visit.text("Notices", "通知"),
        columns=(
            Column(key="says", label=text("Notice", "通知")),
            Column(key="when", label=text("Since", "时间")),
            Column(key="read", label=text("Read", "状态")),
        ),
        rows=[_row(firm, one) for one in found],
        per_page=25,
        empty=visit.text(
            "Nothing yet. Deadlines, deliveries and what others say of them appear here.",
            "暂无通知。截止日期、到货及对方的消息会出现在此处。",
        ),
    )


def _row(firm: Firm, one: ReadNotice) -> Row:
    visit = firm.visit
    arguments = {}
    if one.page in _ARGUMENTS:
        fact, name = _ARGUMENTS[one.page]
        arguments = {name: one.facts[fact]}
    return (
        Cell(text=visit.localized(one.text), value=one.notice, href=firm.url(one.page, **arguments)),
        Cell(text=firm.moment(one.created_at), value=one.created_at.isoformat()),
        Cell(
            text=visit.text("read", "已读") if one.read else visit.text("not read", "未读"),
            value=visit.text("read", "已读") if one.read else visit.text("not read", "未读"),
            shape="tick" if one.read else "circle", tone="quiet" if one.read else "ink",
        ),
    )  # fmt: skip


def mail_end(visit: Visit, token: str) -> HttpResponse:
    """The page `mail/end/TOKEN/`: the link in every mail. It asks once, for programs follow links too."""
    person = mail.person_of(token)
    if person is None:
        raise NotHereError(
            "This link is not whole. Copy all of it from the mail, or change it on your account page.",
            "链接不完整。请从邮件中完整复制，或在账户页面更改。",
        )
    if visit.request.method == "POST":
        mail.end(token)
        return HttpResponseRedirect(visit.here(), status=303)
    if person.wants_mail:
        title = visit.text("No more mails about notices?", "不再接收通知邮件？")
    else:
        title = visit.text("You get no more mails about notices", "您将不再收到通知邮件")
    return show(
        visit,
        "lodeline/overview/mail_end.html",
        title=title,
        act=Act(label=visit.text("No more mails", "停止发送")) if person.wants_mail else None,
        notices=[]
        if person.wants_mail
        else [
            Notice(
                kind="success",
                text=visit.text("The notices themselves stay in the portal.", "通知仍保留在门户中。"),
                more=visit.text("Mails can be switched on again on your account page.", "可在账户页面重新开启邮件。"),
            )
        ],
    )
