"""Legal holds, for whoever audits or inspects: on whom, why, since when; setting one and lifting it."""

from __future__ import annotations

from typing import Any, Final

from django.http import HttpResponse, HttpResponseRedirect

from lodeline.language import text
from lodeline.office.access import clock
from lodeline.office.accounts.erasure import account_called
from lodeline.office.accounts.holds import Held, hold_organisation, hold_person, holds, lift
from lodeline.office.accounts.people import InputError, PeopleError
from lodeline.web.pages.accounts.own_erasure import prove_first
from lodeline.web.pages.common.entered import field_errors, number_of, problems_part
from lodeline.web.pages.common.signed_in import is_recent
from lodeline.web.parts.shell import show
from lodeline.web.parts.table import Cell, Column, Table, shown, wanted_csv
from lodeline.web.parts.values import Field, Notice
from lodeline.web.visit import Visit
from lodeline.web.words import format as written
from lodeline.web.words.firm_names import firm_names

_DONE: Final = {
    "set": text("The hold stands."),
    "lift": text("The hold is lifted."),
}
_COLUMNS: Final = (
    Column(key="on", label=text("On", context="accounts")),
    Column(key="state", label=text("State")),
    Column(key="reason", label=text("Why", context="accounts")),
    Column(key="by", label=text("Set by")),
    Column(key="since", label=text("Since", context="accounts, holds")),
    Column(key="lifted", label=text("Lifted")),
)


def legal_holds(visit: Visit) -> HttpResponse:
    """The page `holds/`."""
    error: InputError | PeopleError | None = None
    if visit.request.method == "POST":
        if not is_recent(visit):
            return HttpResponseRedirect(prove_first(visit))
        try:
            _done(visit)
        except (InputError, PeopleError) as refused:
            error = refused
        else:
            done = visit.request.POST.get("do")
            return HttpResponseRedirect(f"{visit.request.path}?done={done if done in _DONE else ''}", status=303)
    found = holds(visit.actor)
    table = _table(visit, found)
    csv = wanted_csv(visit, table)
    if csv is not None:
        return csv
    standing = [one for one in found if one.hold.lifted_at is None]
    done = visit.query("done")
    return show(
        visit,
        "lodeline/accounts/holds.html",
        title=_title(visit, len(standing)),
        status=400 if error else 200,
        done=[Notice(kind="success", text=visit.localized(_DONE[done]))] if done in _DONE else [],
        problems=problems_part(visit, error),
        table=shown(visit, table),
        standing=[{"id": one.hold.pk, "on": _on(visit, one), "reason": one.reason} for one in standing],
        prove=None if is_recent(visit) else prove_first(visit),
        fields=_fields(visit, error),
    )


def _done(visit: Visit) -> None:
    form, now = visit.request.POST, clock.now()
    if form.get("do") == "set":
        on, reason = form.get("on", "").strip(), form.get("reason", "")
        person = account_called(on)
        if person is not None:
            hold_person(visit.actor, person, reason=reason, now=now)
        else:
            hold_organisation(visit.actor, on, reason=reason, registered=firm_names(visit).keys(), now=now)
    elif form.get("do") == "lift":
        lift(visit.actor, number_of(form.get("hold", "")), reason=form.get("reason", ""), now=now)


def _title(visit: Visit, count: int) -> str:
    if count == 0:
        return visit.text("No legal hold stands")
    if count == 1:
        return visit.text("One legal hold stands")
    return visit.text("{count} legal holds stand", count=written.count(count))


def _on(visit: Visit, one: Held) -> str:
    if one.hold.user is not None:
        return one.hold.user.name
    return firm_names(visit).get(one.hold.organisation, one.hold.organisation)


def _table(visit: Visit, found: list[Held]) -> Table:
    gone = visit.text("unreadable since the erasure")
    return Table(
        name="holds",
        caption=visit.text("Legal holds"),
        columns=_COLUMNS,
        rows=[
            (
                Cell(
                    text=_on(visit, one),
                    value=one.hold.user.pseudonym if one.hold.user is not None else one.hold.organisation,
                ),
                Cell(
                    text=visit.text("stands") if one.hold.lifted_at is None else visit.text("lifted"),
                    value="stands" if one.hold.lifted_at is None else "lifted",
                    shape="square" if one.hold.lifted_at is None else "ring",
                ),
                Cell(text=gone if one.reason is None else one.reason),
                Cell(text=one.hold.set_by.name, value=one.hold.set_by.pseudonym),
                Cell(text=_when(visit, one.hold.set_at), value=one.hold.set_at.isoformat()),
                Cell(
                    text=_when(visit, one.hold.lifted_at),
                    value=one.hold.lifted_at.isoformat() if one.hold.lifted_at else "",
                    note=one.lifted_reason or "",
                ),
            )
            for one in found
        ],
        empty=visit.text("No hold was ever set."),
    )


def _when(visit: Visit, at: Any) -> str:
    return written.moment(at.isoformat(), visit.language, visit.law.timezone) if at else written.NOTHING


def _fields(visit: Visit, error: InputError | PeopleError | None) -> list[Field]:
    form = visit.request.POST if error and visit.request.POST.get("do") == "set" else {}
    return [
        Field(
            name="on", label=visit.text("On whom"), required=True, value=form.get("on", ""),
            errors=field_errors(visit, error, "on"),
            hint=visit.text("The id of a firm, or a person's e-mail address or pseudonym."),
        ),
        Field(
            name="reason", label=visit.text("Why", context="accounts"), kind="textarea", required=True,
            value=form.get("reason", ""), errors=field_errors(visit, error, "reason"),
            hint=visit.text("The number of the case or order is enough."),
        ),
    ]  # fmt: skip
