"""One application of a firm: drafted with every problem at its field, then followed, answered and reported on."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, cast

from django.http import HttpResponse, HttpResponseRedirect, QueryDict

from lodeline import language as lang
from lodeline.control.labels import LABELS as COLUMNS
from lodeline.control.licences import application as written_application
from lodeline.control.licences.application import GOODS, SHARED, TERMS, needed_documents
from lodeline.control.licences.end_use import large_mg
from lodeline.language import Text, bilingual
from lodeline.ledger.problem import Problem as Found
from lodeline.material.mass import format_kg
from lodeline.office.findings.files import FileRefusedError, attached
from lodeline.office.licences import application_views, applications
from lodeline.office.licences.application_steps import ApplicationError, NotReadyError
from lodeline.office.models import Application
from lodeline.regulation.parameter import NoLawError
from lodeline.service.licences import parties as licence_parties
from lodeline.web.pages.common.firm_part import Firm, error_text
from lodeline.web.pages.licences import application_part as part
from lodeline.web.pages.licences.precheck import precheck
from lodeline.web.pages.licences.precheck import problems as found_problems
from lodeline.web.parts.shell import show
from lodeline.web.parts.table import Table, shown, wanted_csv
from lodeline.web.parts.values import Act, Field, Notice, Problems
from lodeline.web.visit import BadQuestionError, NotHereError, Visit

_ACCEPT: Final = ".pdf,.png,.jpg,.jpeg,.csv"
#: Lines of goods that stand empty at the end of the form.
_SPARE_ROWS: Final = 2
_NOTICES: Final[Mapping[str, Text]] = {
    "saved": lang.text("Saved."),
    "checked": lang.text("Saved and checked."),
    "attached": lang.text("The document is here, sealed."),
    "detached": lang.text("The document is taken out."),
    "submitted": lang.text("Handed in. The authority examines it now."),
    "answered": lang.text("Your answer is with the authority; the clock runs again."),
    "withdrawn": lang.text("The application is withdrawn."),
    "reported": lang.text("The report is with the authority."),
}
#: Of what a draft was begun with.
_NAME_CHARACTERS: Final = 120
#: What a draft holds of which nobody has written anything.
_EMPTY: Final = json.dumps(written_application.plain({}), ensure_ascii=False)
#: Lines of the fields that are written into at length.
_LONG: Final = {"end_users": 3, "statement": 6, "needs": 3}


def firm_application(visit: Visit, organisation: str, application: str) -> HttpResponse:
    """The page `firm/ID/applications/REFERENCE/`."""
    firm = Firm(visit, organisation)
    try:
        one = application_views.own_application(visit.actor, organisation, application)
    except ApplicationError as error:
        raise NotHereError(error.words) from error
    paper = part.wanted_paper(visit, one, disclosed_only=True)
    if paper is not None:
        return paper
    refused = ""
    problems: Sequence[Found] = ()
    if visit.request.method == "POST":
        try:
            return HttpResponseRedirect(_act(firm, one), status=303)
        except NotReadyError as error:
            problems = error.problems
        except (ApplicationError, FileRefusedError) as error:
            refused = error_text(visit, error)
        one = application_views.own_application(visit.actor, organisation, application)
    notices = [Notice(kind="problem", text=refused)] if refused else _notices(visit)
    if one.state == "draft":
        return _draft(firm, one, problems, notices, status=400 if refused or problems else 200)
    return _followed(firm, one, notices, status=400 if refused else 200)


def _act(firm: Firm, one: Application) -> str:
    """Does what a form asks; returns where to go on. Raises ApplicationError, FileRefusedError, NotAllowedError."""
    visit, form, now = firm.visit, firm.visit.request.POST, firm.now
    actor, store, law = visit.actor, visit.store, firm.own.law
    act, text = form.get("act", ""), form.get("text", "")

    def files() -> Any:
        return attached([(file.name or "", file.read()) for file in visit.request.FILES.getlist("files")])

    def save() -> str:
        applications.save(actor, one, _content(form), now=now)
        return "saved"

    def check() -> str:
        save()
        return "checked"

    def submit() -> str:
        save()
        applications.submit(actor, store, one, law, now=now)
        return "submitted"

    def attach() -> str:
        save()
        applications.attach(actor, store, one, form.get("document_kind", "other"), files())
        return "attached"

    verbs: dict[str, Callable[[], object]] = {
        "save": save,
        "check": check,
        "submit": submit,
        "attach": attach,
        "answer": lambda: applications.answer(actor, store, one, text=text, files=files(), now=now) and "answered",
        "withdraw": lambda: applications.withdraw(actor, store, one, text=text, now=now) and "withdrawn",
        "report": lambda: (
            applications.report(actor, store, one, what=_reported(form), text=text, files=files(), now=now)
            and "reported"
        ),
    }
    if act == "drop":
        applications.drop(actor, one)
        return str(firm.url("firm-licences", query={"view": "applications"}))
    if act.startswith("detach-") and act[7:].isdecimal() and len(act) < 26:
        applications.detach(actor, one, int(act[7:]))
        return visit.here(said="detached")
    if act not in verbs:
        raise BadQuestionError(lang.text("Choose what to do."))
    return visit.here(said=verbs[act]())


def _reported(form: QueryDict) -> str:
    if form.get("what") not in part.REPORTS:
        raise BadQuestionError(lang.text("Choose what is reported."))
    return str(form["what"])


def _content(form: QueryDict) -> dict[str, Any]:
    columns = {name: form.getlist(f"goods-{name}") for name in GOODS}
    rows = max((len(texts) for texts in columns.values()), default=0)
    goods = [
        {name: texts[place] for name, texts in columns.items() if place < len(texts)}
        for place in range(min(rows, written_application.GOODS_MOST))
    ]
    return {**{name: form.get(name, "") for name in (*TERMS, *SHARED)}, "goods": goods}


def _notices(visit: Visit) -> list[Notice]:
    code = visit.query("said") or ""
    return [Notice(kind="success", text=visit.localized(_NOTICES[code]))] if code in _NOTICES else []


def _begun_with(firm: Firm) -> list[Notice]:
    """What a draft that was begun with something was begun with, and from where the rest is (`?from=`, `?like=`)."""
    visit, begun = firm.visit, (firm.visit.query("from") or "")[:_NAME_CHARACTERS]
    if not begun:
        return []
    like = visit.query("like")
    text = visit.text("Begun with {begun}.", begun=begun)
    if like is None:
        more = visit.text("What is known of it is filled in; the rest is yours to write.")
        return [Notice(kind="info", text=text, more=more)]
    more = visit.text(
        "Parties, end use, contract, statement and documents are those of an earlier "
        "application, and the value is reckoned at its price: see that they still hold."
    )
    href = firm.url("firm-application", application=like)
    act = Act(label=visit.text("The earlier application"), href=href, look="ghost", small=True)
    return [Notice(kind="info", text=text, more=more, act=act)]


def _draft(
    firm: Firm, one: Application, problems: Sequence[Found], notices: Sequence[Notice], *, status: int
) -> HttpResponse:
    visit, content = firm.visit, json.loads(one.content)
    problems = part.problems_once(problems)
    wrong: dict[tuple[int | None, str], list[str]] = {}
    for found in problems:
        place = (found.where.row, found.where.column or "")
        wrong.setdefault(place, []).append(part.problem_text(visit, found))
    labels = _documents_needed(firm, content["kind"] or "individual", one)
    check = precheck(firm, one)
    return show(
        visit,
        "lodeline/licences/firm_application_draft.html",
        title=check.headline if one.content != _EMPTY else visit.text("An application for an export licence"),
        status=status,
        notices=[*notices, *_begun_with(firm)],
        check=check,
        name=firm.name,
        back=firm.url("firm-licences", query={"view": "applications"}),
        about=part.facts(visit, one)[0],
        problems=_summary(firm, problems),
        changes=_shown(visit, part.changes_table(visit, one)),
        terms=[_field(firm, name, content, wrong) for name in TERMS],
        shared=[_field(firm, name, content, wrong) for name in SHARED],
        columns=[visit.localized(COLUMNS[name]) for name in GOODS],
        goods=_goods(visit, content["goods"], wrong),
        documents=part.documents(one, labels, visit),
        document_kind=Field(
            name="document_kind",
            label=visit.text("What it is", context="licences"),
            kind="select",
            options=[(kind, visit.localized(label)) for kind, label in labels.items()],
            errors=[text for (_, column), texts in wrong.items() if column.startswith("document-") for text in texts],
        ),
        files=_files(visit),
        may=visit.actor.may("own.file", firm.organisation),
    )


def _documents_needed(firm: Firm, kind: str, one: Application) -> Mapping[str, Mapping[str, str]]:
    law, day = firm.own.law, firm.today
    read = written_application.read(json.loads(one.content), exporter=one.organisation)
    besides = licence_parties.papers(licence_parties.listed(firm.visit.store, law, read, day=day), law, day=day)
    return needed_documents(law, kind, day=day, besides=besides) or {
        "other": cast(Mapping[str, str], lang.text("document", context="licences"))
    }


def _field(
    firm: Firm, name: str, content: Mapping[str, str], wrong: Mapping[tuple[int | None, str], list[str]]
) -> Field:
    visit = firm.visit
    errors = wrong.get((None, name), ())
    common: dict[str, Any] = {
        "name": name,
        "label": visit.localized(part.LABELS[name]),
        "value": content.get(name, ""),
        "errors": errors,
        "required": name in written_application.NEEDED,
    }
    if name == "kind":
        options = [("", ""), *((one, visit.localized(text)) for one, text in part.KINDS.items())]
        return Field(kind="select", options=options, **common)
    if name in ("valid_from", "valid_to"):
        return Field(kind="date", width="short", **common)
    if name in _LONG:
        hint = _needs_hint(visit) if name == "needs" else ""
        return Field(kind="textarea", lines=_LONG[name], width="full", hint=hint, **common)
    hints = {
        "destination": visit.text("Two letters, like DE"),
        "end_user_country": visit.text("Two letters, like DE"),
        "currency": visit.text("Three letters, like CNY"),
    }
    return Field(hint=hints.get(name, ""), width="short" if name in hints else "long", **common)


def _needs_hint(visit: Visit) -> str:
    large = format_kg(large_mg())
    return visit.text(
        "One a line: element; kg a year from all suppliers; kg of it for own use; end user. Like "
        "Dy; 120; 90; Drives GmbH. Asked for from {large} kg of an element a year to one end "
        "user.",
        large=large,
    )


def _goods(
    visit: Visit, rows: Sequence[Mapping[str, str]], wrong: Mapping[tuple[int | None, str], list[str]]
) -> list[dict[str, Any]]:
    """The lines of the form, with what is wrong with each below it."""
    shown_rows: list[dict[str, Any]] = []
    for number, row in enumerate([*rows, *({} for _ in range(_SPARE_ROWS))], 1):
        cells = [
            {
                "name": f"goods-{name}",
                "value": row.get(name, ""),
                "label": visit.localized(COLUMNS[name]),
                "wrong": bool(wrong.get((number, name))),
            }
            for name in GOODS
        ]
        problems = [text for (at, _), texts in wrong.items() if at == number for text in texts]
        shown_rows.append({"number": number, "cells": cells, "text": problems})
    return shown_rows


def _summary(firm: Firm, problems: Sequence[Found]) -> Problems | None:
    visit = firm.visit
    if not problems:
        return None
    return Problems(
        heading=visit.text("It cannot be handed in yet"),
        problems=found_problems(firm, problems),
        note=visit.text("What you wrote is kept."),
    )


def _files(visit: Visit) -> Field:
    return Field(
        name="files",
        label=visit.text("File"),
        kind="file",
        multiple=True,
        accept=_ACCEPT,
        hint=visit.text(
            "PDF, PNG, JPEG or CSV; at most five at a time, 2 MB together. Sealed; only you and the "
            "officer in charge open it."
        ),
    )


def _followed(firm: Firm, one: Application, notices: Sequence[Notice], *, status: int) -> HttpResponse:
    visit = firm.visit
    tables = {"goods": part.goods_table(visit, one)}
    changes = part.changes_table(visit, one)
    if changes is not None:
        tables["changes"] = changes
    csv = wanted_csv(visit, *tables.values())
    if csv is not None:
        return csv
    clock = application_views.clock_of(one, firm.own.law, today=firm.today)
    may = visit.actor.may("own.file", firm.organisation)
    state = part.state_cell(visit, one)
    return show(
        visit,
        "lodeline/licences/firm_application.html",
        title=visit.text("Application: {lower}", lower=bilingual(state.text.lower(), state.text)),
        status=status,
        notices=notices,
        name=firm.name,
        back=firm.url("firm-licences", query={"view": "applications"}),
        reference=one.reference,
        clock=part.clock_text(visit, clock),
        clock_note=part.clock_note(visit, clock),
        facts=part.facts(visit, one),
        tables={name: shown(visit, table) for name, table in tables.items()},
        steps=part.taken(
            visit, one, disclosed_only=True, called=lambda who: firm.names.get(who, who), timezone=firm.own.law.timezone
        ),
        forms=_forms(firm, one) if may else [],
        letter=_letter(firm, one),
    )


def _letter(firm: Firm, one: Application) -> dict[str, str | None] | None:
    """The decision, as a letter to print."""
    decided = [
        step for step, _ in application_views.steps_of(one, disclosed_only=True) if step.kind in ("granted", "refused")
    ]
    if not decided:
        return None
    return {
        "to": firm.name,
        "id": firm.organisation,
        "licence": one.licence,
        "licence_at": firm.url("firm-licence", licence=one.licence) if one.licence else "",
        "when": firm.moment(decided[-1].at),
        "entry": str(decided[-1].entry),
    }


def _forms(firm: Firm, one: Application) -> list[dict[str, Any]]:
    visit = firm.visit
    text = Field(name="text", label=visit.text("In your words"), kind="textarea", lines=6, required=True, width="full")
    forms: list[dict[str, Any]] = []
    if one.state == "queried":
        forms.append(
            {
                "act": "answer",
                "heading": visit.text("Answer the query"),
                "open": True,
                "fields": [text, _files(visit)],
                "button": visit.text("Send the answer", context="licences"),
                "look": "",
            }
        )
    if one.state == "granted":
        what = Field(
            name="what",
            label=visit.text("What is reported"),
            kind="select",
            required=True,
            options=[(kind, visit.localized(label)) for kind, label in _reports(firm).items()],
        )
        forms.append(
            {
                "act": "report",
                "heading": visit.text("Report on the goods"),
                "open": False,
                "fields": [what, text, _files(visit)],
                "button": visit.text("Send the report"),
                "look": "",
            }
        )
    if one.state in ("submitted", "queried", "proposed"):
        forms.append(
            {
                "act": "withdraw",
                "heading": visit.text("Withdraw the application"),
                "open": False,
                "fields": [text],
                "button": visit.text("Withdraw it", context="licences"),
                "look": "danger",
            }
        )
    sent = visit.request.POST
    # A form is shown after it was sent only where it was refused.
    return [
        {**form, "fields": part.as_sent(form["fields"], sent), "open": True} if form["act"] == sent.get("act") else form
        for form in forms
    ]


def _reports(firm: Firm) -> Mapping[str, Text]:
    """What the law has the holder of a licence report."""
    try:
        kinds = firm.own.law.at("licence-reports", firm.today, known=firm.today).value
    except (KeyError, NoLawError):
        return part.REPORTS
    return {kind: part.REPORTS[kind] for kind in kinds if kind in part.REPORTS}


def _shown(visit: Visit, table: Table | None) -> Any:
    return None if table is None else shown(visit, table)
