"""Another e-mail address of the own account: the link that was sent to it asks once, for programs follow links too."""

from __future__ import annotations

from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpResponse, HttpResponseRedirect

from lodeline.language import text
from lodeline.office.access import clock
from lodeline.office.accounts.email_change import EmailChangeError, ask, change, new_address
from lodeline.office.accounts.people import account_of
from lodeline.web.accounts.letters import post_email_link, post_email_notice
from lodeline.web.pages.common.signed_in import is_recent
from lodeline.web.parts.shell import show
from lodeline.web.parts.values import Act
from lodeline.web.visit import NotHereError, Visit


def ask_for_link(visit: Visit) -> HttpResponse:
    """What the form of the page `self/` does. Raises InputError, EmailChangeError.

    The answer is the same whether or not an account has the address, and takes as long.
    """
    if not settings.LODELINE_SENDS_MAIL:
        raise EmailChangeError(
            text("This portal sends no mail, so no address can prove itself. Ask the registrar for a new invitation.")
        )
    if not is_recent(visit):
        back = urlencode({"next": f"{visit.request.path}#email"})
        return HttpResponseRedirect(f"/{visit.language}/account/reauthenticate/?{back}")
    email = visit.request.POST.get("email", "").strip().lower()
    token = ask(visit.actor, email=email, now=clock.now())
    if token is not None:
        post_email_link(visit, email, token)
    return HttpResponseRedirect(f"{visit.request.path}?done=email", status=303)


def account_email(visit: Visit, token: str) -> HttpResponse:
    """The page `self/email/TOKEN/`, for the account that asked; its form changes the address."""
    now = clock.now()
    try:
        address = new_address(visit.actor, token, now=now)
        if visit.request.method == "POST":
            changed = change(visit.actor, token, now=now)
            post_email_notice(visit, changed.user, changed.before)
            return HttpResponseRedirect(f"/{visit.language}/self/?done=email-changed", status=303)
    except EmailChangeError as error:
        raise NotHereError(error.words) from error
    return show(
        visit,
        "lodeline/accounts/account_email.html",
        title=visit.text("Sign in with {address} from now on?", address=address),
        before=account_of(visit.actor).email,
        act=Act(label=visit.text("Change the address")),
        back=visit.url("account-self"),
    )
