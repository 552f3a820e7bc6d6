"""Who looked at whom and why, and who did what: the records that nobody can change, for auditors."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Final

from django.db.models import Q
from django.http import HttpResponse

from lodeline.language import Text, text
from lodeline.office.access.acts import ACTS
from lodeline.office.access.looking import LOOK_REASONS
from lodeline.office.access.papers import DIGEST
from lodeline.office.models import AuditRecord, User
from lodeline.web.parts.shell import show
from lodeline.web.parts.table import Cell, Column, Table, shown, wanted_csv
from lodeline.web.parts.values import Tab
from lodeline.web.visit import Visit
from lodeline.web.words import format as written
from lodeline.web.words import words
from lodeline.web.words.firm_names import firm_names
from lodeline.web.words.roles import ROLE_NAMES

#: Pages that show a firm's business: what an official has looked at.
_LOOKED_AT: Final[dict[str, Text]] = {
    "organisation": text("The organisation"),
    "balance": text("Balance of a site"),
    "inspections": text("Inspections of a site"),
    "inspection-plan": text("A sampling plan"),
    "inspection-labels": text("Labels of a sampling plan"),
    "inspection-plan-new": text("A plan being drawn up"),
    "inspection-visit": text("A visit to a site"),
    "lot": text("A lot"),
    "finding": text("A finding"),
    "application": text("An application"),
    "exception": text("An exception"),
    "licence": text("A licence"),
    "planned-run": text("A planned run"),
    "entry": text("An entry of the log"),
    "receipt": text("A receipt"),
    "desk-asked-one": text("A question to the customs desk"),
    "desk-batch": text("A batch at the customs desk"),
    "desk-licence": text("A licence, at the customs desk"),
    "desk-query": text("A query of customs"),
}
#: As long is the id of a finding or a verdict: its ends tell it from others.
_HASH: Final = 64
#: What is kept of an act beside whom it was about (`record_act`), as far as it needs a word.
_FACTS: Final[dict[str, Text]] = {
    "alias": text("alias"),
    "channel": text("by", context="log, audit, facts 1"),
    "days": text("days", context="log"),
    "deliveries": text("deliveries", context="log"),
    "document": text("document"),
    "entry": text("entry"),
    "events": text("events"),
    "exits": text("exits"),
    "hold": text("hold"),
    "into": text("into"),
    "kind": text("by", context="log, audit, facts 2"),
    "lines": text("lines"),
    "on": text("from"),
    "on_watch_list": text("on the watch list:"),
    "party": text("party"),
    "period": text("month"),
    "records": text("records"),
    "region": text("region"),
    "request": text("request"),
    "role": text("role"),
    "scopes": text("scopes"),
    "kept_back": text("kept back"),
    "scenario": text("scenario"),
    "table": text("table"),
    "told": text("told"),
    "sessions": text("sessions"),
    "sha256": text("file"),
    "statement": text("statement"),
    "step": text("step"),
    "successor": text("successor"),
    "type": text("by", context="log, audit, facts 2"),
    "until": text("until"),
    "wanted": text("wanted:"),
    "why": text("because"),
}
_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
_MONTH: Final = re.compile(r"\d{4}-\d{2}")
_KINDS: Final[dict[str, Text]] = {"look": text("Looks"), "act": text("Acts")}
#: Records that one page reads at most; narrower questions reach older ones.
_MOST: Final = 5_000


def audit(visit: Visit) -> HttpResponse:
    """The page `audit/`: `?kind=look` or `act`, `?organisation=`, `?who=` (name or id) narrow it; newest first."""
    kind = visit.query("kind") if visit.query("kind") in _KINDS else "look"
    records = AuditRecord.objects.filter(kind=kind)
    if visit.territory is not None:
        records = records.filter(organisation__in=visit.territory)
    organisation, who = visit.query("organisation"), visit.query("who")
    if organisation:
        records = records.filter(organisation=organisation)
    if who:
        people = User.objects.filter(Q(name__icontains=who) | Q(pseudonym=who)).values_list("pseudonym", flat=True)
        records = records.filter(who__in=list(people))
    total = records.count()
    table = records_table(visit, str(kind), list(records.order_by("-id")[:_MOST]))
    csv = wanted_csv(visit, table)
    if csv is not None:
        return csv
    return show(
        visit,
        "lodeline/log/audit.html",
        title=(
            visit.text("{total} looks at firms, each with its reason", total=written.count(total))
            if kind == "look"
            else visit.text("{total} acts", total=written.count(total))
        ),
        table=shown(visit, table),
        tabs=[Tab(label=visit.localized(_KINDS[key]), href=visit.here(kind=key), here=key == kind) for key in _KINDS],
        kind=kind,
        organisation=organisation or "",
        who=who or "",
        most=written.count(_MOST) if total > _MOST else None,
    )


def records_table(visit: Visit, kind: str, records: list[AuditRecord], *, name: str = "audit") -> Table:
    """Records as a table, in the order given; `kind` is `look` or `act`."""
    people = dict(User.objects.filter(pseudonym__in={one.who for one in records}).values_list("pseudonym", "name"))
    timezone, names = visit.law.timezone, firm_names(visit)
    rows: list[tuple[Cell, ...]] = []
    for one in records:
        person = people.get(one.who) or (one.who and visit.text("erased person")) or visit.text("nobody yet")
        # What a paper said is kept as a digest, which tells a reader nothing.
        about = {key: value for key, value in json.loads(one.facts).items() if key != DIGEST}
        why = visit.localized(LOOK_REASONS[one.reason]) if one.reason in LOOK_REASONS else one.reason
        facts = visit.text(", ", context="log").join(
            f"{words.word(_FACTS, key, visit.language)} {_fact(visit, key, value)}"
            for key, value in about.items()
            if value not in (None, "")
        )
        kept = ", ".join(f"{key}: {value}" for key, value in about.items() if value not in (None, ""))
        rows.append(
            (
                Cell(text=written.moment(one.at.isoformat(), visit.language, timezone), value=one.at.isoformat()),
                Cell(text=person, value=one.who, note=visit.text("by program") if one.token else "", whole=True),
                Cell(
                    text=words.word(_LOOKED_AT, one.what, visit.language) if kind == "look" else _act(visit, one.what),
                    value=one.what,
                ),
                _about(visit, one, names),
                Cell(text=why or written.NOTHING)
                if kind == "look"
                else Cell(text=facts or written.NOTHING, value=kept),
            )
        )
    return Table(
        name=name,
        caption=visit.text("Records"),
        columns=(
            Column(key="at", label=text("When")),
            Column(key="who", label=text("Who")),
            Column(key="what", label=text("What", context="log, audit")),
            Column(key="organisation", label=text("About", context="log")),
            Column(key="why", label=text("Why", context="log, audit") if kind == "look" else text("How")),
        ),
        rows=rows,
        empty=visit.text("No record fits."),
    )


def _act(visit: Visit, what: str) -> str:
    return visit.localized(ACTS[what]) if what in ACTS else what


def _fact(visit: Visit, key: str, value: object) -> str:
    """What is kept of an act, as pages write it."""
    if isinstance(value, bool):
        return visit.text("yes", context="log") if value else visit.text("no", context="log")
    if isinstance(value, list):
        return ", ".join(str(one) for one in value)
    text = str(value)
    if key == "role":
        return words.word(ROLE_NAMES, text, visit.language)
    if len(text) == _HASH:
        return written.short_hash(text)
    if _DAY.fullmatch(text):
        return written.day(text, visit.language)
    return written.month(text, visit.language) if _MONTH.fullmatch(text) else text


def _about(visit: Visit, one: AuditRecord, names: Mapping[str, str]) -> Cell:
    """Whom and what a record is about: the firm by its name, with its id and the subject below."""
    if not one.organisation:
        return Cell(text=written.NOTHING, value="", note=one.subject)
    subject = written.short_hash(one.subject) if len(one.subject) == _HASH else one.subject
    parts = [one.organisation if one.organisation in names else "", subject if subject != one.organisation else ""]
    return Cell(
        text=names.get(one.organisation, one.organisation),
        value=one.organisation,
        note=" · ".join(filter(None, parts)),
        title=one.subject,
        href=visit.opens("organisation", organisation=one.organisation) if one.organisation in names else None,
    )
