"""Why an official looks: said once, kept for the session, written beside every look at a firm."""

from __future__ import annotations

from django.http import HttpResponse, HttpResponseRedirect
from django.utils.http import url_has_allowed_host_and_scheme

from lodeline.language import text
from lodeline.office.access.looking import LOOK_REASONS
from lodeline.web.access.access_log import give_reason, reason_of
from lodeline.web.parts.shell import show
from lodeline.web.parts.values import Field
from lodeline.web.visit import BadQuestionError, Visit


def reason(visit: Visit) -> HttpResponse:
    """The page `reason/`: `?next=` leads back to where the official was."""
    back = visit.query("next") or ""
    if not url_has_allowed_host_and_scheme(back, allowed_hosts=None):
        back = str(visit.url("home"))
    if visit.request.method == "POST":
        code = visit.request.POST.get("reason", "")
        if code not in LOOK_REASONS:
            raise BadQuestionError(text("Choose one of the reasons."))
        give_reason(visit, code)
        return HttpResponseRedirect(back, status=303)
    return show(
        visit,
        "lodeline/common/reason.html",
        title=visit.text("Why are you looking?"),
        field=Field(
            name="reason", label=visit.text("From now on, in this session"), kind="radio",
            value=reason_of(visit), options=[(code, visit.localized(text)) for code, text in LOOK_REASONS.items()],
        ),
        back=back,
    )  # fmt: skip
