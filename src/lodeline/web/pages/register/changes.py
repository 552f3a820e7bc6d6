"""A registrar's changes: a merger, a site that changes hands, a site that is closed; and the goods that follow."""

from __future__ import annotations

import csv
import io
from typing import Any, Final

import polars as pl
from django.http import HttpResponse, HttpResponseRedirect

from lodeline import language as lang
from lodeline.language import Text
from lodeline.ledger.succession import KINDS, handovers, merged_into
from lodeline.office.access import clock
from lodeline.office.accounts.people import InputError
from lodeline.office.register.successions import REASON_CHARACTERS, Wanted, enter, handover_rows
from lodeline.web.pages.common.entered import day_of, field_errors, problems_part
from lodeline.web.parts.shell import show
from lodeline.web.parts.values import Field, Notice
from lodeline.web.visit import BadQuestionError, NotHereError, Visit
from lodeline.web.words import words
from lodeline.web.words.successions import of_firm

_KINDS: Final[dict[str, Text]] = {
    "merger": lang.text("It becomes part of another firm"),
    "holder": lang.text("A site of it changes hands"),
    "closure": lang.text("A site of it is closed"),
}


def register_changes(visit: Visit, organisation: str) -> HttpResponse:
    """The page `register/changes/ID/`."""
    record = _record(visit, organisation)
    error: InputError | None = None
    if visit.request.method == "POST":
        try:
            entry = enter(visit.actor, visit.store, _wanted(visit, organisation), now=clock.now())
        except InputError as refused:
            error = refused
        else:
            visit.has_filed(entry.index)
            return HttpResponseRedirect(f"{visit.request.path}?entry={entry.index}", status=303)
    name = words.organisation_names(visit.register, visit.language).get(organisation, organisation)
    into = merged_into(visit.register, organisation)
    return show(
        visit,
        "lodeline/register/register_changes.html",
        title=visit.text("{name}: mergers, holders, closures", name=name),
        status=400 if error else 200,
        notices=_entered(visit),
        problems=problems_part(visit, error),
        said=of_firm(visit, organisation),
        goods=_goods(visit, organisation),
        fields=None if into is not None else _fields(visit, organisation, error),
        back=visit.url("register-organisation", organisation=organisation),
        id=record["id"],
    )


def handover_file(visit: Visit, organisation: str, successor: str) -> HttpResponse:
    """The deliveries by which goods follow to a successor, as a file that the firm which hands over can file."""
    rows = _handed_over(visit, organisation).get(successor)
    if not rows:
        raise NotHereError(lang.text("Nothing of it waits to be handed over."))
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    response = HttpResponse(text.getvalue(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="handover-{organisation}-{successor}.csv"'
    return response


def _record(visit: Visit, organisation: str) -> dict[str, Any]:
    found = visit.register.tables["organisations"].filter(pl.col("id") == organisation)
    if not found.height:
        raise NotHereError(lang.text("No organisation {organisation!r} is in the register.", organisation=organisation))
    return found.row(0, named=True)


def _wanted(visit: Visit, organisation: str) -> Wanted:
    form = visit.request.POST
    kind = next((one for one in KINDS if one == form.get("kind")), None)
    if kind is None:
        raise BadQuestionError(lang.text("Say what happens."))
    return Wanted(
        kind=kind,
        organisation=organisation,
        on=day_of(form.get("on", ""), "on"),
        reason=form.get("reason", ""),
        successor="" if kind == "closure" else form.get("successor", "").strip(),
        site="" if kind == "merger" else form.get("site", ""),
    )


def _handed_over(visit: Visit, organisation: str) -> dict[str, list[dict[str, str]]]:
    """Successor → the deliveries that are still in the book of who handed over."""
    found: dict[str, list[dict[str, str]]] = {}
    for site, moves in handovers(visit.register).items():
        for one in moves:
            if one.organisation == organisation:
                rows = handover_rows(visit.store, organisation, one.successor, [site], one.on)
                found.setdefault(one.successor, []).extend(rows)
    return {successor: rows for successor, rows in found.items() if rows}


def _goods(visit: Visit, organisation: str) -> list[dict[str, object]]:
    names = words.organisation_names(visit.register, visit.language)
    return [
        {
            "text": visit.text(
                "{rows} lots are still in its book, to be delivered to {successor}.",
                rows=len(rows),
                successor=names.get(successor, successor),
            ),
            "href": visit.url("handover-file", organisation=organisation, successor=successor),
        }
        for successor, rows in sorted(_handed_over(visit, organisation).items())
    ]


def _entered(visit: Visit) -> list[Notice]:
    entry = visit.query("entry")
    if entry is None or not entry.isdecimal():
        return []
    text = visit.text("It stands in the log as entry {entry}.", entry=entry)
    return [Notice(kind="success", text=text)]


def _fields(visit: Visit, organisation: str, error: InputError | None) -> list[Field]:
    form = visit.request.POST if error is not None else {}
    sites = visit.register.tables["sites"].filter(pl.col("organisation") == organisation)
    offered = [(row["id"], row["name"] or row["id"]) for row in sites.iter_rows(named=True)]
    return [
        Field(
            name="kind",
            label=visit.text("What happens", context="register"),
            kind="select",
            required=True,
            value=form.get("kind", "merger"),
            options=[(one, visit.localized(text)) for one, text in _KINDS.items()],
            errors=field_errors(visit, error, "kind"),
        ),
        Field(
            name="on",
            label=visit.text("From", context="register"),
            kind="date",
            required=True,
            width="short",
            value=form.get("on", ""),
            errors=field_errors(visit, error, "on"),
            hint=visit.text("The first day of what is new; of a merger the first of a month"),
        ),
        Field(
            name="site",
            label=visit.text("Site"),
            kind="select",
            value=form.get("site", ""),
            options=[("", visit.text("all of them (a merger)")), *offered],
            errors=field_errors(visit, error, "site"),
        ),
        Field(
            name="successor",
            label=visit.text("Who follows, by id"),
            width="short",
            value=form.get("successor", ""),
            errors=field_errors(visit, error, "successor"),
            hint=visit.text("Empty for a closure"),
        ),
        Field(
            name="reason",
            label=visit.text("On what ground"),
            kind="textarea",
            lines=2,
            width="full",
            required=True,
            value=form.get("reason", ""),
            errors=field_errors(visit, error, "reason"),
            hint=visit.text(
                "It stays in the log; at most {reason_characters} characters.", reason_characters=REASON_CHARACTERS
            ),
        ),
    ]
