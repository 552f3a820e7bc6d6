"""What waits for a firm, each thing with one act and the day by which it is wanted; and what of it is done.

Whatever is here is the firm's own, or is said to it: nothing of anybody else's business is asked.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, Literal, get_args

import polars as pl

from lodeline.language import Text, text
from lodeline.office.access.actor import Permission
from lodeline.office.customs.seen import queried_line
from lodeline.office.findings.seen import finding_seen
from lodeline.office.findings.views import own_state
from lodeline.office.models import Draft
from lodeline.office.notices.notices import ReadNotice
from lodeline.office.overview.home import Home
from lodeline.service.firm.organisation_view import Month
from lodeline.web.pages.common.drafts import apart
from lodeline.web.pages.common.firm_part import Firm, counted
from lodeline.web.pages.customs.verdicts import QUERY_STATES
from lodeline.web.pages.findings.firm_finding import place
from lodeline.web.pages.licences import application_part
from lodeline.web.words import exceptions as exception_words
from lodeline.web.words import format as written
from lodeline.web.words import lots as lot_words
from lodeline.web.words import words
from lodeline.web.words.due import extended_words, last_day

Kind = Literal["month", "draft", "question", "query", "application", "discrepancy", "delivery", "notice"]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
#: What a kind is called beside the things of it, and where all of it stand together.
KIND_WORDS: Final[dict[Kind, tuple[Text, Text]]] = {
    "month": (text("Month", context="overview"), text("Months", context="overview")),
    "draft": (text("Draft"), text("Drafts")),
    "question": (text("Question of the authority"), text("Questions", context="overview")),
    "query": (text("Customs query"), text("Customs queries")),
    "application": (text("Application", context="overview"), text("Applications", context="overview")),
    "discrepancy": (text("Discrepancy"), text("Discrepancies", context="overview")),
    "delivery": (text("Delivery"), text("Deliveries", context="overview")),
    "notice": (text("Notice"), text("Notices")),
}
_DRAFT_STATES: Final[dict[str, Text]] = {
    Draft.State.OPEN: text("being made"),
    Draft.State.CHECKING: text("being checked"),
    Draft.State.ASKED: text("waits for the certifier"),
    Draft.State.FILING: text("being filed", context="overview"),
}
#: Whoever may do one of these answers the authority.
_ANSWERS: Final[tuple[Permission, ...]] = ("own.file", "own.certify")
#: Pages of a firm whose address needs more than the firm: which fact of the notice it takes, and its name there.
_ARGUMENTS: Final = {
    "firm-draft": ("draft", "draft"),
    "firm-finding": ("finding", "finding"),
    "firm-query": ("case", "case"),
    "firm-application": ("application", "application"),
    "firm-balance": ("site", "site"),
    "firm-licence": ("licence", "licence"),
}
#: Kinds of notices that lead to a part of a page.
_PARTS: Final = {"records-disagree": {"kind": "discrepancy"}, "run-put-off": {"view": "quota"}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One thing. `by`: the last day on which it is in time; `since`: from when it waits, or when it was done.

    `is_late`: the day is past, or both sides' days are. `waits`: for the firm, now. `act`: the label of the one act,
    which `act_href` leads to; a notice is marked as read by its number instead.
    """

    kind: Kind
    text: str
    note: str = ""
    href: str | None = None
    act: str = ""
    act_href: str | None = None
    by: date | None = None
    since: datetime | date | None = None
    is_late: bool = False
    waits: bool = True
    state: str = ""
    notice: int | None = None


def items_of(firm: Firm, found: Home, notices: Sequence[ReadNotice], disagreeing: pl.DataFrame | None) -> list[Item]:
    """Everything, what waits and what is done, the most urgent first. `disagreeing`: the firm's exceptions."""
    every = [
        *_months(firm, found),
        *_drafts(firm, found),
        *_questions(firm, found),
        *_queries(firm, found),
        *_applications(firm, found),
        *_disagreeing(firm, disagreeing),
        *_deliveries(firm, found),
        *_notices(firm, notices),
    ]
    return sorted(every, key=lambda one: (group_of(one), one.by or date.max, KINDS.index(one.kind), _age(one)))


def group_of(one: Item) -> int:
    """0 late, 1 by a day, 2 without a day, 3 to be read."""
    if one.kind == "notice":
        return 3
    return 0 if one.is_late else 1 if one.by is not None else 2


def _age(one: Item) -> float:
    """The oldest first; of notices, and of what is done, the newest."""
    since = one.since
    if since is None:
        return 0.0
    day = since.timestamp() if isinstance(since, datetime) else float(since.toordinal()) * 86_400
    return -day if one.kind == "notice" or not one.waits else day


def _months(firm: Firm, found: Home) -> Iterator[Item]:
    """Months that nobody has begun; one that is begun waits as its draft."""
    visit = firm.visit
    begun = {one.period for one in found.open_drafts if one.corrects is None}
    for month in found.months:
        name = written.month(month.period, visit.language)
        if month.state in ("missing", "due") and month.period not in begun:
            href = firm.url("firm-file", query={"period": month.period})
            yield Item(
                kind="month",
                text=visit.text("File {name}", name=name),
                href=href,
                act_href=href,
                act=_may(firm, text("File it")),
                by=last_day(month.due),
                note=extended_words(visit, month.extension),
                is_late=month.state == "missing",
            )
        elif month.entry is not None:
            yield Item(
                kind="month",
                text=visit.text("{name} is filed", name=name),
                waits=False,
                href=firm.url("firm-filing", entry=month.entry),
                by=last_day(month.due),
                state=visit.text("filed late") if month.state == "late" else visit.text("filed"),
            )


def _drafts(firm: Firm, found: Home) -> Iterator[Item]:
    visit = firm.visit
    due: dict[str, Month] = {one.period: one for one in found.months if one.state in ("missing", "due")}
    certifies = visit.actor.may("own.certify", firm.organisation)
    told = apart(visit, found.open_drafts)
    for one in found.open_drafts:
        month = due.get(one.period) if one.corrects is None else None
        name = written.month(one.period, visit.language)
        href = firm.url("firm-draft", draft=one.pk)
        act, act_href = _may(firm, text("Finish it", context="overview, to do items, drafts")), href
        if one.state != Draft.State.OPEN:
            act = visit.text("Open", context="overview")
        if one.state == Draft.State.ASKED and certifies:
            act, act_href = visit.text("Read and sign"), firm.url("firm-draft-certify", draft=one.pk)
        rows = counted(visit, one.rows, text("one row"), text("{n} rows", context="overview"))
        text_ = (
            visit.text("Filing of {name}", name=name)
            if one.corrects is None
            else visit.text("Correction of {name}", name=name)
        )
        yield Item(
            kind="draft",
            text=visit.text(", ", context="overview, to do items, drafts").join(
                filter(None, (text_, told.get(one.pk, "")))
            ),
            note=visit.text(", ", context="overview, to do items, drafts").join(
                [visit.localized(_DRAFT_STATES[one.state]), rows]
            ),
            href=href,
            act=act,
            act_href=act_href,
            by=None if month is None else last_day(month.due),
            is_late=month is not None and month.state == "missing",
            since=one.changed_at,
        )


def _questions(firm: Firm, found: Home) -> Iterator[Item]:
    language = firm.visit.language
    for one in found.questions:
        seen = finding_seen(one)
        month = written.month(seen.last_period, language)
        parts = (place(firm, one), month, written.mass(seen.mass_mg, language) if seen.mass_mg else "")
        state = own_state(one, firm.organisation)
        href, waits = firm.url("firm-finding", finding=one.finding), state == "asked"
        yield Item(
            kind="question",
            text=words.word(words.DETECTORS, one.detector, language),
            href=href,
            act_href=href,
            note=" · ".join(filter(None, parts)),
            act=_may(firm, text("Answer"), *_ANSWERS),
            by=one.until if waits else None,
            since=one.changed_at,
            waits=waits,
            is_late=waits and one.until is not None and one.until < firm.today,
            state=words.word(words.FINDING_STATES, state, language),
        )


def _queries(firm: Firm, found: Home) -> Iterator[Item]:
    visit = firm.visit
    for one in found.queries:
        line = queried_line(one).line
        href, waits = firm.url("firm-query", case=one.reference), one.state == "asked"
        yield Item(
            kind="query",
            text=line["product_name"] or visit.text("Goods not named"),
            href=href,
            note=line["declaration"] or "",
            act=_may(firm, text("Answer"), *_ANSWERS),
            act_href=href,
            by=one.until if waits else None,
            since=one.changed_at,
            waits=waits,
            is_late=waits and one.until is not None and one.until < firm.today,
            state=visit.localized(QUERY_STATES[one.state][0]),
        )


def _applications(firm: Firm, found: Home) -> Iterator[Item]:
    """Those that are queried or not handed in yet; the others are done, as far as the firm can do anything."""
    visit = firm.visit
    for one in found.applications:
        content = json.loads(one.content)
        users = str(content["end_users"]).splitlines()
        goods = visit.text(", ", context="overview, to do items, applications").join(
            str(row.get("product_name", "")) for row in content["goods"][:3]
        )
        queried, href = one.state == "queried", firm.url("firm-application", application=one.reference)
        act = text("Answer") if queried else text("Finish it", context="overview, to do items, applications")
        yield Item(
            kind="application",
            text=users[0] if users else visit.text("Not stated yet for whom"),
            note=" · ".join(filter(None, (goods, one.of_licence))),
            href=href,
            act=_may(firm, act),
            act_href=href,
            by=one.until if queried else None,
            since=one.changed_at,
            waits=one.state in ("queried", "draft"),
            is_late=queried and one.until is not None and one.until < firm.today,
            state=visit.localized(application_part.STATES[one.state][0]),
        )


def _disagreeing(firm: Firm, rows: pl.DataFrame | None) -> Iterator[Item]:
    visit, language = firm.visit, firm.visit.language
    for row in () if rows is None else rows.iter_rows(named=True):
        href = firm.url("firm-exception", exception=row["id"])
        other = firm.names.get(row["counterparty"] or "", row["counterparty"] or "")
        masses = [
            f"{visit.localized(label)} {written.mass(row[f'{side}_mg'], language)}"
            for side, label in exception_words.RECORDS.items()
            if row[f"{side}_mg"] is not None
        ]
        cure = visit.localized(exception_words.CURES[row["cause"]])
        due = "" if row["state"] == "open" else visit.text("not due until {due}", due=written.day(row["due"], language))
        yield Item(
            kind="discrepancy",
            text=visit.localized(exception_words.CAUSES[row["cause"]]),
            href=href,
            act_href=href,
            note=" · ".join(filter(None, (other, *masses, cure))),
            act=visit.text("Compare", context="overview"),
            since=row["on"],
            waits=row["state"] == "open",
            state=due,
        )


def _deliveries(firm: Firm, found: Home) -> Iterator[Item]:
    """What others sent, what they say never came as it should, and what they have and the firm never filed."""
    visit, language = firm.visit, firm.visit.language
    for row in found.to_accept.reverse().iter_rows(named=True):
        sender = firm.names.get(row["shipper"] or "", visit.text("not registered"))
        mass, href = written.mass(row["shipped_mg"], language), firm.url("firm-transfer", line=row["shipment_line"])
        late = row["state"] == "exception"
        past = visit.text("past both deadlines") if late else ""
        yield Item(
            kind="delivery",
            text=visit.text("{mass} from {sender}", mass=mass, sender=sender),
            href=href,
            act_href=href,
            note=" · ".join(filter(None, (row["called"], lot_words.product(row["product"], language), past))),
            act=_may(firm, text("Accept", context="overview")),
            since=row["day"],
            is_late=late,
        )
    for one in found.disputed:
        if one.shipper == firm.organisation and not one.answer:
            href = firm.url("firm-dispute", dispute=one.pk)
            buyer = firm.names.get(one.receiver, one.receiver)
            yield Item(
                kind="delivery",
                text=visit.text("{buyer} disputes your shipment", buyer=buyer),
                href=href,
                note=f"{one.shipment_event} · {one.lot}",
                act=_may(firm, text("Answer")),
                act_href=href,
                since=one.raised_at,
            )
    unsent: Any = found.waiting.filter(pl.col("standing") == "unsent")
    if unsent.height:
        href = firm.url("firm-transfers", query={"view": "others"})
        yield Item(
            kind="delivery",
            href=href,
            act=visit.text("Look at them"),
            act_href=href,
            text=counted(
                visit,
                unsent.height,
                text("One receipt of a buyer lacks your shipment"),
                text("{n} receipts of buyers lack your shipment"),
            ),
            since=unsent["day"].min(),
            is_late=bool((unsent["state"] == "exception").any()),
        )


def _notices(firm: Firm, notices: Sequence[ReadNotice]) -> Iterator[Item]:
    for one in notices:
        arguments = {}
        if one.page in _ARGUMENTS:
            fact, name = _ARGUMENTS[one.page]
            arguments = {name: one.facts[fact]}
        yield Item(
            kind="notice",
            text=firm.visit.localized(one.text),
            since=one.created_at,
            waits=not one.read,
            href=firm.url(one.page, query=_PARTS.get(one.kind), **arguments),
            notice=one.notice,
            state=firm.visit.text("read") if one.read else "",
        )


def _may(firm: Firm, label: Text, *permissions: Permission) -> str:
    """The act for whoever may take it; for others the way to look."""
    may = any(firm.visit.actor.may(one, firm.organisation) for one in permissions or ("own.file",))
    return firm.visit.localized(label) if may else firm.visit.text("Open", context="overview")
