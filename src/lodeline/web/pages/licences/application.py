"""One application before an officer: what is asked for, the goods' history, and the next step with its reasons."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import polars as pl
from django.http import HttpResponse, HttpResponseRedirect, QueryDict

from lodeline import language as lang
from lodeline.control.licences import application as written_application
from lodeline.control.licences.application import needed_documents
from lodeline.control.licences.licensing import MOVES, UNDECIDED, Kind, proposers
from lodeline.language import Text
from lodeline.material.mass import format_kg, parse_mass
from lodeline.office.access import clock
from lodeline.office.licences import application_review, application_views
from lodeline.office.licences.application_review import Proposal
from lodeline.office.licences.application_steps import ApplicationError, NotReadyError
from lodeline.office.models import Application
from lodeline.party.screening import FILED
from lodeline.service.balance.book import balances
from lodeline.service.customs.licence_review import Review, review
from lodeline.service.licences import parties as licence_parties
from lodeline.service.licences.answers import RegisteredLicence
from lodeline.service.licences.end_use import end_uses
from lodeline.web.pages.common.firm_part import error_text
from lodeline.web.pages.customs.reasons import reason_text
from lodeline.web.pages.licences import application_part as part
from lodeline.web.pages.licences import end_use as end_use_part
from lodeline.web.pages.licences.licence import STATES
from lodeline.web.pages.lots.graph import origin_name
from lodeline.web.parts.shell import show
from lodeline.web.parts.table import Cell, Column, Table, shown, wanted_csv
from lodeline.web.parts.values import Act, Field, Look, Notice
from lodeline.web.visit import BadQuestionError, NotHereError, Visit
from lodeline.web.words import format as written
from lodeline.web.words import words
from lodeline.web.words.lots import product

_EXPORTS_SHOWN: Final = 50
#: Below this a name is somebody else's more likely than not.
_LIKELY: Final = 0.5
_NOTICES: Final[Mapping[str, Text]] = {
    "take": lang.text("The application is yours."),
    "query": lang.text("The applicant has been asked; the clock stands."),
    "pause": lang.text("It is written down."),
    "watch-list": lang.text("It is written down."),
    "propose": lang.text("The decision is proposed: another officer takes it."),
    "return": lang.text("It goes back to the officer in charge."),
    "decide": lang.text("The application is decided."),
}
_PAUSES: Final[Mapping[Kind, Text]] = {
    "identification-began": lang.text("identification by experts begins"),
    "identification-ended": lang.text("identification by experts ends"),
    "check-began": lang.text("a check on site begins"),
    "check-ended": lang.text("a check on site ends"),
    "referred": lang.text("it is referred to the State Council"),
}


def application(visit: Visit, application: str) -> HttpResponse:
    """The page `applications/REFERENCE/`."""
    one = _one(visit, application)
    paper = part.wanted_paper(visit, one, disclosed_only=False)
    if paper is not None:
        return paper
    refused: list[str] = []
    if visit.request.method == "POST":
        try:
            return HttpResponseRedirect(visit.here(said=_act(visit, one)), status=303)
        except NotReadyError as error:
            refused = [part.problem_text(visit, found) for found in error.problems]
        except ApplicationError as error:
            refused = [error_text(visit, error)]
        one = _one(visit, application)
    law, reading = visit.reading.law, visit.reading
    today = clock.today(law.timezone)
    read = written_application.read(json.loads(one.content), exporter=one.organisation)
    seen = review(
        reading.store,
        reading.snapshot,
        law,
        application=read,
        exporter=one.organisation,
        today=today,
        balances=reading.answer(balances, reading.store, reading.snapshot, reading.law),
    )
    used = end_uses(
        reading.store,
        reading.snapshot,
        law,
        application=read,
        pending=application_views.undecided_besides(one),
        granted=application_views.granted_on,
        today=today,
        is_decided=one.state not in UNDECIDED,
    )
    tables = {"goods": part.goods_table(visit, one), "end-use": end_use_part.table(visit, used), **_tables(visit, seen)}
    named = licence_parties.listed(reading.store, law, read, day=today)
    besides = licence_parties.papers(named, law, day=today)
    changes = part.changes_table(visit, one)
    if changes is not None:
        tables["changes"] = changes
    csv = wanted_csv(visit, *tables.values())
    if csv is not None:
        return csv
    names = words.organisation_names(visit.register, visit.language)
    name = names.get(one.organisation, one.organisation)
    time = application_views.clock_of(one, law, today=today)
    state = part.state_cell(visit, one)
    return show(
        visit,
        "lodeline/licences/application.html",
        title=f"{name}{visit.text(': ')}{state.text.lower() if visit.language == 'en' else state.text}",
        status=400 if refused else 200,
        notices=[Notice(kind="problem", text=" ".join(refused))] if refused else _notices(visit),
        list=visit.url("licences"),
        reference=one.reference,
        exporter=visit.opens("organisation", organisation=one.organisation),
        officer="" if one.officer is None else one.officer.name,
        clock=part.clock_text(visit, time),
        clock_note=part.clock_note(visit, time),
        licence=one.licence,
        licence_at=visit.opens("licence", licence=one.licence) if one.licence else None,
        facts=part.facts(visit, one),
        documents=part.documents(one, needed_documents(law, read.kind, day=today, besides=besides), visit),
        may_open=one.officer_id == visit.actor.user,
        desk=_desk(visit, seen, names),
        parties=_parties(visit, seen),
        end_use=end_use_part.headline(visit, used),
        end_use_notes=end_use_part.notes(visit, used),
        tables={name.replace("-", "_"): shown(visit, table) for name, table in tables.items()},
        steps=part.taken(
            visit,
            one,
            disclosed_only=False,
            called=lambda who: names.get(who, who),
            timezone=law.timezone,
            may_open=one.officer_id == visit.actor.user,
        ),
        forms=_forms(visit, one, asked=end_use_part.query(used)),
        seen=one.steps_taken,
    )


def _one(visit: Visit, reference: str) -> Application:
    try:
        return application_views.submitted_one(visit.actor, reference)
    except ApplicationError as error:
        raise NotHereError(error.words) from error


def _notices(visit: Visit) -> list[Notice]:
    code = visit.query("said") or ""
    return [Notice(kind="success", text=visit.localized(_NOTICES[code]))] if code in _NOTICES else []


def _act(visit: Visit, one: Application) -> str:
    """Does what a form asks; returns the act. Raises ApplicationError, NotAllowedError."""
    form, law, now = visit.request.POST, visit.reading.law, clock.now()
    actor, store, text = visit.actor, visit.store, form.get("text", "")
    sent = form.get("steps", "")
    seen = int(sent) if sent.isdecimal() and len(sent) < 19 else -1
    verbs: dict[str, Callable[[], object]] = {
        "take": lambda: application_review.take(actor, store, one, seen=seen, now=now),
        "query": lambda: application_review.query(
            actor, store, one, text=text, until=part.day_of(form.get("until", "")), seen=seen, now=now
        ),
        "pause": lambda: application_review.pause(actor, store, one, _pause(form), text=text, seen=seen, now=now),
        "watch-list": lambda: application_review.mark_watched(actor, one, on_watch_list=form.get("watched") == "yes"),
        "propose": lambda: application_review.propose(actor, store, one, _proposal(form), law, seen=seen, now=now),
        "return": lambda: application_review.send_back(actor, store, one, text=text, seen=seen, now=now),
        "decide": lambda: application_review.decide(actor, store, one, law, seen=seen, now=now),
    }
    act = form.get("act", "")
    if act not in verbs:
        raise BadQuestionError(lang.text("Choose what to do."))
    verbs[act]()
    if act == "decide":
        visit.has_filed(store.head().size - 1)
    return act


def _pause(form: QueryDict) -> Kind:
    found = next((kind for kind in _PAUSES if kind == form.get("kind")), None)
    if found is None:
        raise BadQuestionError(lang.text("Choose what begins or ends."))
    return found


def _proposal(form: QueryDict) -> Proposal:
    mass = form.get("mass_kg", "").strip()
    try:
        mass_mg = parse_mass(mass) if mass else None
    except ValueError:
        raise ApplicationError(lang.text("The mass cannot be read: write kilograms like 1200.5")) from None
    return Proposal(
        grant=form.get("decision") == "grant",
        text=form.get("text", ""),
        mass_mg=mass_mg,
        valid_from=part.day_of(form.get("valid_from", "")),
        valid_to=part.day_of(form.get("valid_to", "")),
    )


def _forms(visit: Visit, one: Application, *, asked: str) -> list[dict[str, Any]]:
    """The steps that whoever asks may take now. `asked`: what a query may begin with."""
    if not visit.actor.may("licence.decide", one.organisation):
        return []
    in_charge = one.officer_id == visit.actor.user
    proposed_by_me = visit.actor.pseudonym in proposers(one.steps.order_by("number").values_list("kind", "who"))

    def can(kind: Kind) -> bool:
        return one.state in MOVES[kind][0]

    wording = _text(visit, lang.text("Reasons"))
    forms: list[dict[str, Any]] = []

    def add(
        act: str, heading: Text, fields: Sequence[Field], *, button: Text, open: bool = False, look: Look = ""
    ) -> None:
        made = [replace(field, key=act) for field in fields]
        sent = visit.request.POST
        # It is shown after it was sent only where it was refused.
        refused = sent.get("act") == act
        if refused:
            made = part.as_sent(made, sent)
        forms.append(
            {
                "heading": visit.localized(heading),
                "fields": made,
                "open": open or refused,
                "button": Act(label=visit.localized(button), name="act", value=act, look=look),
            }
        )

    if can("taken") and not in_charge:
        add(
            "take",
            lang.text("Take it in charge"),
            [],
            button=lang.text("Take it in charge"),
            open=one.officer is None,
        )
    if in_charge and can("queried"):
        until = Field(name="until", label=visit.text("Answer by"), kind="date", width="short")
        add(
            "query",
            lang.text("Query the applicant"),
            [replace(_text(visit, lang.text("Question", context="licences")), value=asked), until],
            button=lang.text("Send the query"),
        )
        add(
            "pause",
            lang.text("Experts, check on site, State Council"),
            [_pauses(visit, one), wording],
            button=lang.text("Write it down"),
        )
        add(
            "watch-list",
            lang.text("Watch list"),
            [_watched(visit, one)],
            button=lang.text("Write it down"),
        )
    if in_charge and can("proposed"):
        add(
            "propose",
            lang.text("Propose a decision"),
            [*_terms(visit, one), wording],
            button=lang.text("Propose it", context="licences, application"),
            open=True,
        )
    if can("granted") and not proposed_by_me:
        proposal = json.loads(one.proposal)
        grant = proposal["grant"]
        add(
            "decide",
            lang.text("Grant as proposed") if grant else lang.text("Refuse as proposed"),
            [],
            button=lang.text("Grant it") if grant else lang.text("Refuse it", context="licences, application"),
            open=True,
            look="" if grant else "danger",
        )
        add("return", lang.text("Send it back"), [wording], button=lang.text("Send it back"))
    return forms


def _text(visit: Visit, label: Text) -> Field:
    return Field(name="text", label=visit.localized(label), kind="textarea", lines=4, required=True, width="full")


def _pauses(visit: Visit, one: Application) -> Field:
    identified, checked = (
        application_views.stopped_by(one, "identification-began"),
        application_views.stopped_by(one, "check-began"),
    )
    fitting = {
        "identification-began": not identified,
        "identification-ended": identified,
        "check-began": not checked,
        "check-ended": checked,
        "referred": True,
    }
    return Field(
        name="kind",
        label=visit.text("What", context="licences, application"),
        kind="select",
        required=True,
        options=[(kind, visit.localized(label)) for kind, label in _PAUSES.items() if fitting[kind]],
    )


def _watched(visit: Visit, one: Application) -> Field:
    return Field(
        name="watched",
        label=visit.text("A party of it stands on the watch list"),
        kind="checkbox",
        value="yes",
        checked=one.on_watch_list,
        hint=visit.text("Then the law sets no limit of time."),
    )


def _terms(visit: Visit, one: Application) -> list[Field]:
    read = written_application.read(json.loads(one.content), exporter=one.organisation)
    return [
        Field(
            name="decision",
            label=visit.text("Decision"),
            kind="radio",
            required=True,
            value="grant",
            options=[("grant", visit.text("grant")), ("refuse", visit.text("refuse"))],
        ),
        Field(
            name="mass_kg",
            label=visit.text("Mass of goods, kg"),
            inputmode="decimal",
            width="short",
            value=format_kg(read.mass_mg),
        ),
        Field(
            name="valid_from",
            label=visit.text("From", context="licences, application"),
            kind="date",
            width="short",
            value="" if read.valid_from is None else read.valid_from.isoformat(),
        ),
        Field(
            name="valid_to",
            label=visit.text("Until", context="licences, application"),
            kind="date",
            width="short",
            value="" if read.valid_to is None else read.valid_to.isoformat(),
        ),
    ]


def _desk(visit: Visit, seen: Review, names: Mapping[str, str]) -> list[dict[str, str]]:
    """What the desk would say of each line of goods without a licence."""
    reasons_by_line = []
    for line in seen.desk["lines"]:
        reasons = dict.fromkeys(reason_text(visit, one, names) for one in line["reasons"])
        reasons_by_line.append({"line": f"{line['line']}. {line['product_name'] or ''}", "text": " ".join(reasons)})
    return reasons_by_line


def _parties(visit: Visit, seen: Review) -> list[dict[str, Any]]:
    """Who the end users and the consignee may be. A name that filings alone have is nobody who is known."""
    found = []
    for one in seen.parties:
        known = [hit for hit in one["hits"] if any(party["source"] != FILED for party in hit["parties"])]
        hits = [
            f"{hit['name']} ({hit['probability']:.2f})" + (visit.text(", listed") if hit["listed"] else "")
            for hit in known[:5]
            if hit["probability"] >= _LIKELY or hit["listed"]
        ]
        found.append({"name": one["name"], "hits": hits})
    return found


def _tables(visit: Visit, seen: Review) -> dict[str, Table]:
    return {
        "licences": _licences_table(visit, seen.licences),
        "balances": _balances_table(visit, seen.balances),
        "exports": _exports_table(visit, seen.exports),
        "origins": _origins_table(visit, seen.origins),
    }


def _mass(visit: Visit, mass_mg: int | None, *, signed: bool = False) -> Cell:
    return Cell(
        text=written.mass(mass_mg, visit.language, signed=signed),
        value=None if mass_mg is None else mass_mg / written.MG_PER_KG,
    )


def _licences_table(visit: Visit, found: Sequence[RegisteredLicence]) -> Table:
    return Table(
        name="licences",
        caption=visit.text("Licences of the exporter"),
        columns=(
            Column(key="licence", label=lang.text("Licence", context="licences, application")),
            Column(key="for", label=lang.text("End users")),
            Column(key="until", label=lang.text("Until", context="licences, application")),
            Column(key="mass", label=lang.text("Granted", context="licences, application"), number=True, unit="kg"),
            Column(key="left", label=lang.text("Left", context="licences"), number=True, unit="kg"),
        ),
        rows=[
            (
                Cell(
                    text=one.id,
                    value=one.id,
                    whole=True,
                    note=" ".join(one.control_items or ()),
                    href=visit.opens("licence", licence=one.id),
                ),
                Cell(text=visit.text("; ", context="licences").join(one.end_users or ())),
                Cell(
                    text=written.day(one.valid_to, visit.language),
                    value=str(one.valid_to or ""),
                    note=visit.localized(STATES[one.state][0]),
                ),
                _mass(visit, one.mass_mg),
                _mass(visit, one.left_mg),
            )
            for one in found
        ],
        empty=visit.text("It has no licence yet."),
    )


def _balances_table(visit: Visit, found: pl.DataFrame) -> Table:
    return Table(
        name="balances",
        caption=visit.text("Newest counted balances"),
        columns=(
            Column(key="site", label=lang.text("Site")),
            Column(key="month", label=lang.text("Month", context="licences")),
            Column(key="muf", label=lang.text("Inventory difference"), number=True, unit="kg"),
            Column(key="z", label=lang.text("z", context="licences"), number=True),
        ),
        rows=[
            (
                Cell(text=row["site"], value=row["site"], href=visit.opens("balance", site=row["site"])),
                Cell(text=written.month(row["period"], visit.language), value=row["period"]),
                _mass(visit, row["muf_mg"], signed=True),
                Cell(text=written.sigmas(row["z"]), value=row["z"]),
            )
            for row in found.iter_rows(named=True)
        ],
        empty=visit.text("No site of it has counted yet."),
    )


def _exports_table(visit: Visit, found: pl.DataFrame) -> Table:
    shown_rows = found.sort("same", "on", descending=True).head(_EXPORTS_SHOWN)
    return Table(
        name="exports",
        caption=visit.text("Past exports"),
        columns=(
            Column(key="on", label=lang.text("Day")),
            Column(key="to", label=lang.text("End user")),
            Column(key="product", label=lang.text("Product")),
            Column(key="mass", label=lang.text("Net mass"), number=True, unit="kg"),
            Column(key="licence", label=lang.text("Licence", context="licences, application")),
        ),
        rows=[
            (
                Cell(text=written.day(row["on"], visit.language), value=str(row["on"])),
                Cell(
                    text=row["end_user_name"] or written.NOTHING,
                    note=words.country(row["destination"], visit.language) if row["destination"] else "",
                    shape="diamond" if row["same"] else "",
                ),
                Cell(text=product(row["product"], visit.language) if row["product"] else "", value=row["product"]),
                _mass(visit, row["mass_mg"]),
                Cell(
                    text=row["licence"] or written.NOTHING,
                    whole=True,
                    href=visit.opens("licence", licence=row["licence"]) if row["licence"] else None,
                ),
            )
            for row in shown_rows.iter_rows(named=True)
        ],
        empty=visit.text("It has exported nothing yet."),
    )


def _origins_table(visit: Visit, found: pl.DataFrame) -> Table:
    return Table(
        name="origins",
        caption=visit.text("Origins of its lots"),
        columns=(
            Column(key="lot", label=lang.text("Lot in stock")),
            Column(key="element", label=lang.text("Element")),
            Column(key="origin", label=lang.text("Origin")),
            Column(key="share", label=lang.text("Booked share"), number=True, unit="%"),
        ),
        rows=[
            (
                Cell(
                    text=row["name"],
                    value=row["name"],
                    href=visit.opens("lot", lot=row["name"]),
                    note=product(row["product"], visit.language),
                ),
                Cell(text=row["element"]),
                Cell(text=origin_name(visit, row["origin_kind"], row["origin_place"]), value=row["origin_place"] or ""),
                Cell(text=written.percent(row["share"], visit.language), value=row["share"]),
            )
            for row in found.iter_rows(named=True)
        ],
        empty=visit.text("No lot of these products is in its stock."),
    )
