"""The page on which whoever gets mails about notices ends them."""

from __future__ import annotations

from django.http import HttpResponse, HttpResponseRedirect

from lodeline.office.notices import mail
from lodeline.web.parts.shell import show
from lodeline.web.parts.values import Act, Notice
from lodeline.web.visit import NotHereError, Visit


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
