"""What pages about an application share: its words, its goods, the steps taken, and the clock as a sentence."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any, Final

from django.http import HttpResponse

from lodeline import language as lang
from lodeline.control.labels import LABELS as COLUMNS
from lodeline.control.licences import application as written_application
from lodeline.control.licences.end_use import read_needs
from lodeline.control.licences.licensing import Clock
from lodeline.language import Text
from lodeline.ledger.problem import Problem
from lodeline.material.mass import format_kg
from lodeline.office.licences import application_views
from lodeline.office.licences.application_documents import open_document
from lodeline.office.models import Application, ApplicationStep
from lodeline.regulation.instrument import Citation, articles_once
from lodeline.service.entries.receipts import receipt
from lodeline.web.pages.common.attachment import attachment
from lodeline.web.pages.findings.case_part import Taken
from lodeline.web.parts.table import Cell, Column, Table
from lodeline.web.parts.values import Fact, Field
from lodeline.web.visit import NotHereError, Visit
from lodeline.web.words import format as written
from lodeline.web.words import words
from lodeline.web.words.lots import composition_text, product_and_code
from lodeline.web.words.words import Tone

STATES: Final[Mapping[str, tuple[Text, str, Tone]]] = {
    "draft": (lang.text("Draft"), "ring", "quiet"),
    "submitted": (lang.text("Being examined"), "half", "flow"),
    "queried": (lang.text("Queried", context="licences, application part, states"), "diamond", "hold"),
    "proposed": (lang.text("Proposed, to be decided"), "half", "flow"),
    "granted": (lang.text("Granted", context="licences, application part"), "tick", "flow"),
    "refused": (lang.text("Refused", context="licences"), "cross", "loss"),
    "withdrawn": (lang.text("Withdrawn", context="licences, application part, states"), "bar", "quiet"),
}
RELATIONS: Final[Mapping[str, Text]] = {
    "new": lang.text("New licence"), "renewal": lang.text("Renewal"), "amendment": lang.text("Amendment"),
}  # fmt: skip
KINDS: Final[Mapping[str, Text]] = {
    "individual": lang.text("individual"),
    "general": lang.text("general"),
    "registration": lang.text("registration"),
}
LABELS: Final[Mapping[str, Text]] = {
    **COLUMNS,
    "kind": lang.text("Kind of licence"),
    "contract": lang.text("Contract or agreement"),
    "end_users": lang.text("End users, one a line"),
    "valid_from": lang.text("From", context="licences, application part"),
    "valid_to": lang.text("Until", context="licences, application part"),
    "statement": lang.text("Statement of end user and end use"),
    "needs": lang.text("What the end users need in a year"),
    "goods": lang.text("Goods", context="licences"),
}
#: Where what was written is read, and not asked for.
_READ: Final[Mapping[str, Text]] = {
    "end_users": lang.text("End users"),
    "destination": lang.text("Destination", context="licences"),
    "end_user_country": lang.text("Country of the end user"),
}
REPORTS: Final[Mapping[str, Text]] = {
    "shipment": lang.text("Shipment", context="licences"), "arrival": lang.text("Arrival"),
    "installation": lang.text("Installation"), "use": lang.text("Use", context="licences"),
}  # fmt: skip
_STEPS: Final[Mapping[str, tuple[Text, str, Tone]]] = {
    "submitted": (lang.text("Handed in", context="licences, application part"), "circle", "ink"),
    "taken": (lang.text("Taken in charge"), "diamond", "quiet"),
    "queried": (lang.text("Queried", context="licences, application part, steps"), "half", "hold"),
    "answered": (lang.text("Answered", context="licences"), "circle", "ink"),
    "identification-began": (lang.text("Identification by experts begins"), "half", "quiet"),
    "identification-ended": (lang.text("Identification by experts ends"), "ring", "quiet"),
    "check-began": (lang.text("Check on site begins"), "half", "quiet"),
    "check-ended": (lang.text("Check on site ends"), "ring", "quiet"),
    "referred": (lang.text("Referred to the State Council"), "diamond", "quiet"),
    "proposed": (lang.text("Decision proposed"), "half", "flow"),
    "returned": (lang.text("Proposal not followed"), "ring", "quiet"),
    "granted": (lang.text("Granted", context="licences, application part"), "tick", "flow"),
    "refused": (lang.text("Refused", context="licences"), "cross", "loss"),
    "withdrawn": (lang.text("Withdrawn", context="licences, application part, steps"), "bar", "quiet"),
    "reported": (lang.text("Reported", context="licences"), "circle", "ink"),
}


def problem_text(visit: Visit, found: Problem) -> str:
    """What is wrong with an application, with its fields and kinds by their words."""
    facts = dict(found.facts)
    between = visit.text(", ", context="licences")
    for name in ("column", "columns"):
        if name in facts:
            facts[name] = between.join(_within(visit, one) for one in str(facts[name]).split(", "))
    if found.code == "grant.kind-unknown":
        known = str(facts["known"]).split(", ")
        facts["known"] = between.join(words.word(KINDS, one, visit.language) for one in known)
    return replace(found, facts=facts).message(visit.language)


def problems_once(found: Sequence[Problem]) -> list[Problem]:
    """Of a field that is empty it is enough to say so once: what it may hold stands in the form."""
    empty = {one.where for one in found if one.code == "application.cell-missing"}
    return [one for one in found if one.code == "application.cell-missing" or one.where not in empty]


def _within(visit: Visit, name: str) -> str:
    """A field within a sentence; a name that has no label as it is."""
    return written.within(visit.localized(_READ.get(name, LABELS[name])) if name in LABELS else name)


def state_cell(visit: Visit, application: Application) -> Cell:
    """Where an application stands."""
    word, shape, tone = STATES[application.state]
    note = ""
    if application.until is not None:
        note = visit.text("answer by ") + written.day(application.until, visit.language)
    elif application.licence:
        note = application.licence
    return Cell(text=visit.localized(word), value=application.state, shape=shape, tone=tone, note=note)


def clock_text(visit: Visit, clock: Clock) -> str:
    """The time to decide, in a sentence."""
    if clock.status == "unlimited":
        return visit.text("The law sets no limit of time here.")
    if clock.limit is None or clock.used is None:
        return visit.text("No law known here sets a limit of time.")
    used = visit.text("{used} of {limit} working days used", used=clock.used, limit=clock.limit)  # fmt: skip
    if clock.status == "ended":
        return visit.text("Decided after {used} of {limit} working days.", used=clock.used, limit=clock.limit)
    if clock.status == "stopped":
        return used + visit.text("; the clock stands.")
    due = written.day(clock.due, visit.language)
    over = clock.left is not None and clock.left < 0
    if over:
        return used + visit.text("; it was to be decided by {due}.", due=due)
    return used + visit.text("; to be decided by {due}.", due=due)


def clock_note(visit: Visit, clock: Clock) -> str:
    """What the clock rests on: each instrument and each of its articles once, however many rules cite it."""
    law, cited = visit.law, dict[str, list[Citation]]()
    for one in clock.law:
        cited.setdefault(one.citation.instrument, []).append(one.citation)
    placed = [
        (visit.localized(law.title(instrument)), visit.localized(articles_once(places)))
        for instrument, places in cited.items()
    ]
    text = visit.text("; ", context="licences").join(
        visit.text("{title}, {places}", title=title, places=places) for title, places in placed
    )  # fmt: skip
    if clock.assumed:
        text += visit.text(". Partly an assumption of the law pack.")
    return text


def facts(visit: Visit, application: Application) -> list[Fact]:
    """What is applied for, but for the goods."""
    content = json.loads(application.content)
    made = [Fact(term=visit.text("About", context="licences"), text=_about(visit, application))]
    for name in (*written_application.TERMS, *written_application.SHARED):
        text = content.get(name, "")
        if not text:
            continue
        if name == "kind":
            text = words.word(KINDS, text, visit.language)
        elif name in ("destination", "end_user_country") and text:
            text = f"{words.country(text, visit.language)} ({text})"
        elif name in ("valid_from", "valid_to"):
            # What a draft says need not be a day yet.
            day = day_of(text)
            text = text if day is None else written.day(day, visit.language)
        elif name == "end_users":
            text = visit.text("; ", context="licences").join(text.splitlines())
        elif name == "needs":
            text = needs_text(visit, content)
        made.append(Fact(term=visit.localized(_READ.get(name, LABELS[name])), text=text))
    return made


def needs_text(visit: Visit, content: Mapping[str, str]) -> str:
    """The needs as sentences; a draft's that cannot be read yet as they were written."""
    end_users = tuple(filter(None, (one.strip() for one in content["end_users"].splitlines())))
    needs, unread = read_needs(content["needs"], end_users)
    if unread:
        return content["needs"]
    sentences = []
    for one in needs:
        need, own = format_kg(one.need_mg), None if one.own_mg is None else format_kg(one.own_mg)
        text = visit.text(
            "{end_user}: {need} kg of {element} a year", end_user=one.end_user, need=need, element=one.element
        )
        sentences.append(text + ("" if own is None else visit.text(", {own} kg for its own use", own=own)))
    return visit.text("; ", context="licences").join(sentences)


def _about(visit: Visit, application: Application) -> str:
    text = words.word(RELATIONS, application.relation, visit.language)
    return f"{text} · {application.of_licence}" if application.of_licence else text


def goods_table(visit: Visit, application: Application) -> Table:
    """The goods as they were written."""
    content, rows = json.loads(application.content), []
    for row in content["goods"]:
        product = row.get("product") or ""
        rows.append(
            (
                Cell(
                    text=row.get("product_name", ""),
                    note=" · ".join(
                        filter(None, (row.get("model"), product and product_and_code(product, visit.language)))
                    ),
                ),
                Cell(text=row.get("control_item", ""), note=row.get("hs_code", "")),
                Cell(text=composition_text(row.get("composition", "")), value=row.get("composition", "")),
                Cell(text=_as_written(row.get("mass_kg") or "", visit.text("kg")), value=row.get("mass_kg")),
                Cell(text=_as_written(row.get("value") or "", content["currency"] or ""), value=row.get("value")),
            )
        )
    return Table(
        name="goods",
        caption=visit.text("Goods", context="licences"),
        columns=(
            Column(key="goods", label=lang.text("Goods", context="licences")),
            Column(key="item", label=lang.text("Control item", context="licences")),
            Column(key="composition", label=lang.text("Composition, %")),
            Column(key="mass", label=lang.text("Net mass"), number=True, unit="kg"),
            Column(key="value", label=lang.text("Value", context="licences"), number=True),
        ),
        rows=rows,
        empty=visit.text("No goods are named."),
    )


def _as_written(number: str, unit: str) -> str:
    """A number with its unit, to the last digit: it is this that is applied for."""
    whole, point, rest = number.partition(".")
    grouped = written.count(int(whole)) if whole.isascii() and whole.isdecimal() and len(whole) < 19 else whole
    return f"{grouped}{point}{rest} {unit}".strip() if number else ""


def changes_table(visit: Visit, application: Application) -> Table | None:
    """What a renewal or an amendment says otherwise than the application of its licence; None where there is none."""
    before = application_views.before_of(application)
    if before is None:
        return None
    changed = written_application.differences(json.loads(before.content), json.loads(application.content))
    return Table(
        name="changes",
        caption=visit.text("What changes"),
        columns=(
            Column(key="what", label=lang.text("What", context="licences, application part")),
            Column(key="before", label=lang.text("Before", context="licences")),
            Column(key="after", label=lang.text("Now", context="licences")),
        ),
        rows=[
            (
                Cell(text=visit.localized(LABELS[name])),
                Cell(text=old or written.NOTHING),
                Cell(text=new or written.NOTHING),
            )
            for name, old, new in changed
        ],
        empty=visit.text("Nothing is different."),
    )


def taken(
    visit: Visit, application: Application, *, disclosed_only: bool, called: Callable[[str], str], timezone: str,
    may_open: bool = True,
) -> list[Taken]:  # fmt: skip
    """The steps, oldest first; of people their pseudonym is in the words alone. `may_open`: lead to documents."""
    steps = application_views.steps_of(application, disclosed_only=disclosed_only)
    every = [_taken(visit, step, content, called=called, timezone=timezone) for step, content in steps]
    return every if may_open else [replace(one, files=tuple((name, "") for name, _ in one.files)) for one in every]


def _taken(
    visit: Visit, step: ApplicationStep, content: Mapping[str, Any], *, called: Callable[[str], str], timezone: str
) -> Taken:
    title, shape, tone = _STEPS[step.kind]
    more = []
    if content["until"]:
        more.append(visit.text("To be answered by ") + written.day(content["until"], visit.language))
    if content.get("what"):
        more.append(words.word(REPORTS, content["what"], visit.language))
    if content.get("licence"):
        more.append(visit.text("Licence ") + content["licence"])
    proposal = content.get("proposal")
    if proposal and step.kind == "proposed":
        more.append(visit.text("to grant") if proposal["grant"] else visit.text("to refuse"))
        if proposal["mass_kg"]:
            more.append(f"{proposal['mass_kg']} kg")
    return Taken(
        when=written.moment(step.at.isoformat(), visit.language, timezone), title=visit.localized(title),
        by=called(step.organisation) if step.organisation else visit.text("Authority"),
        text=content["text"], more=" · ".join(more), shape=shape, tone=tone,
        files=tuple((one.name, visit.here(document=one.pk)) for one in step.documents.all()),
        entry=written.count(step.entry), entry_href=visit.opens("entry", entry=step.entry),
        words_href=visit.here(words=step.number), receipt_href=visit.here(receipt=step.number),
    )  # fmt: skip


def wanted_paper(visit: Visit, application: Application, *, disclosed_only: bool) -> HttpResponse | None:
    """What `?document=`, `?words=` or `?receipt=` asks for instead of the page; None where nothing is asked for."""
    document = visit.query("document")
    if document is not None:
        name, content = open_document(visit.actor, visit.store, application, _number(document))
        # Whatever it is, it is saved and never shown in our name.
        return attachment(content, name, "application/octet-stream")
    steps = {step.number: step for step, _ in application_views.steps_of(application, disclosed_only=disclosed_only)}
    for asked in ("words", "receipt"):
        text = visit.query(asked)
        if text is None:
            continue
        step = steps.get(_number(text))
        if step is None:
            raise NotHereError(lang.text("The application has no such step."))
        if asked == "words":
            return attachment(step.content.encode(), f"application-step-{step.number}.json", "application/json")
        proof = receipt(visit.store, step.entry, content=step.content.encode())
        made = json.dumps(proof, ensure_ascii=False, indent=1) + "\n"
        return attachment(made.encode(), f"lodeline-receipt-{step.entry}.json", "application/json")
    return None


def documents(application: Application, labels: Mapping[str, Mapping[str, str]], visit: Visit) -> list[dict[str, Any]]:
    """The documents so far, with what the law calls them."""
    return [
        {
            "number": one.pk, "name": one.name, "href": visit.here(document=one.pk),
            "kind": visit.localized(labels[one.kind]) if one.kind in labels else one.kind,
        }
        for one in application.documents.order_by("pk")
    ]  # fmt: skip


def as_sent(fields: Sequence[Field], sent: Mapping[str, str]) -> list[Field]:
    """The fields as whoever was refused has filled them in: nothing that was written is lost. Files are chosen anew."""
    return [
        field if field.kind == "file"
        else replace(field, checked=sent.get(field.name) == field.value) if field.kind == "checkbox"
        else replace(field, value=sent.get(field.name, ""))
        for field in fields
    ]  # fmt: skip


def day_of(text: str) -> date | None:
    """A day of a form; None where there is none or it cannot be read."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 19 else -1
