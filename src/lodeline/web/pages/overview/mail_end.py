"""The page on which whoever gets mails about notices ends them."""

from __future__ import annotations

from django.http import HttpResponse, HttpResponseRedirect

from lodeline.language import text
from lodeline.office.notices import mail
from lodeline.web.parts.shell import show
from lodeline.web.parts.values import Act, Notice
from lodeline.web.visit import NotHereError, Visit


def mail_end(visit: Visit, token: str) -> HttpResponse:
    """The page `mail/end/TOKEN/`: the link in every mail. It asks once, for programs follow links too."""
    person = mail.person_of(token)
    if person is None:
        raise NotHereError(
            text("This link is not whole. Copy all of it from the mail, or change it on your account page.")
        )
    if visit.request.method == "POST":
        mail.end(token)
        return HttpResponseRedirect(visit.here(), status=303)
    if person.wants_mail:
        title = visit.text("No more mails about notices?")
    else:
        title = visit.text("You get no more mails about notices")
    return show(
        visit,
        "lodeline/overview/mail_end.html",
        title=title,
        act=Act(label=visit.text("No more mails")) if person.wants_mail else None,
        notices=[]
        if person.wants_mail
        else [
            Notice(
                kind="success",
                text=visit.text("The notices themselves stay in the portal."),
                more=visit.text("Mails can be switched on again on your account page."),
            )
        ],
    )
