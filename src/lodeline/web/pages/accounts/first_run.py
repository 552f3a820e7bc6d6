"""The first run: whoever started the server opens the account of the first registrar, with the code that it printed."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpResponse, HttpResponseRedirect

from lodeline.office.access import clock
from lodeline.office.accounts.first_run import begin, is_first_run
from lodeline.office.accounts.people import InputError, PeopleError
from lodeline.web.pages.accounts.invitation import account_fields, enter
from lodeline.web.pages.common.entered import field_errors, problems_part
from lodeline.web.parts.shell import show
from lodeline.web.parts.values import Field
from lodeline.web.visit import Visit


def first_run(visit: Visit) -> HttpResponse:
    """The page `first-run/`; home as soon as there is an account."""
    url = settings.LODELINE_DATABASE
    if not is_first_run(url):
        return HttpResponseRedirect(f"/{visit.language}/home/")
    error: InputError | None = None
    form = visit.request.POST
    if visit.request.method == "POST":
        language = "zh" if form.get("language") == "zh" else "en"
        try:
            user = begin(
                url, form.get("code", ""), name=form.get("name", ""), email=form.get("email", ""),
                password=form.get("password", ""), language=language, today=clock.today(visit.law.timezone),
                now=clock.now(),
            )  # fmt: skip
        except InputError as wrong:
            error = wrong
        except PeopleError:
            return HttpResponseRedirect(f"/{visit.language}/home/", status=303)  # somebody was quicker
        else:
            return enter(visit, user, f"/{language}/organisations/")
    return show(
        visit,
        "lodeline/accounts/first_run.html",
        title=visit.text("Nobody has an account here yet: yours is the first", "尚无账户：请创建第一个账户"),
        status=400 if error else 200,
        problems=problems_part(visit, error),
        fields=[
            Field(
                name="code", label=visit.text("Code", "代码"), required=True, value=form.get("code", ""),
                errors=field_errors(visit, error, "code"),
                hint=visit.text("Printed where the server was started.", "启动服务器的终端中输出的代码。"),
            ),
            Field(
                name="email", label=visit.text("E-mail address", "电子邮箱"), kind="email", required=True,
                autocomplete="username", value=form.get("email", ""), errors=field_errors(visit, error, "email"),
            ),
            *account_fields(visit, error),
        ],
    )  # fmt: skip
