"""Notices: what an organisation's people should know, said once, unread until each has read it.

A notice is a kind with the facts that its sentence needs; the sentence is made when it is read, in the reader's
language. `key` says what happened: what has happened once is told once, however often it is looked for.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from django.db import transaction
from django.db.models import Q, QuerySet

from lodeline.office.actor import Actor
from lodeline.office.models import Notice, NoticeRead
from lodeline.office.router import OneStore

Facts = Mapping[str, Any]
#: What a sentence needs beside the facts: the name of an organisation in the reader's language.
Named = Callable[[str], str]
#: A text in both languages.
Text = Mapping[str, str]

_MONTHS: Final = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of notice: its sentence, the page that it leads to, and what a mail says of it.

    `says` may name whom the organisation deals with; `mail` says only that there is something, and never of whom, of
    how much or of what. `at_once`: mailed without waiting for the day's digest.
    """

    says: Callable[[Facts, Named], Text]
    mail: Text
    page: str
    at_once: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A notice as its reader gets it. `page` is a page of the firm, `facts` what its address needs."""

    notice: int
    kind: str
    says: Text
    page: str
    facts: Facts
    created_at: datetime
    read: bool


def month(period: str) -> Text:
    """`2026-01` → January 2026, 2026年1月."""
    year, number = int(period[:4]), int(period[5:7])
    return {"en": f"{_MONTHS[number - 1]} {year}", "zh": f"{year}年{number}月"}


def day(on: str) -> Text:
    """`2026-02-09` → 9 February 2026, 2026年2月9日."""
    at = date.fromisoformat(on)
    return {"en": f"{at.day} {_MONTHS[at.month - 1]} {at.year}", "zh": f"{at.year}年{at.month}月{at.day}日"}


def _text(en: str, zh: str) -> Text:
    return {"en": en, "zh": zh}


def _deliveries(count: int) -> Text:
    return _text("One delivery" if count == 1 else f"{count} deliveries", f"{count}笔到货")


def _due_soon(facts: Facts, named: Named) -> Text:
    del named
    period, last = month(facts["period"]), day(facts["last_day"])
    days = facts["days"]
    left = {0: "today", 1: "tomorrow"}.get(days, f"in {days} days")
    left_zh = {0: "即今天", 1: "即明天"}.get(days, f"还有{days}天")
    return _text(
        f"{period['en']} is due by {last['en']}, {left}.", f"{period['zh']}的申报{last['zh']}截止，{left_zh}。"
    )


def _late(facts: Facts, named: Named) -> Text:
    del named
    period, last = month(facts["period"]), day(facts["last_day"])
    return _text(
        f"{period['en']} was due by {last['en']} and is not filed. It can still be filed; it will be marked late.",
        f"{period['zh']}的申报已于{last['zh']}截止，贵企业尚未申报。仍可申报，将标记为逾期。",
    )


def _extended_deadline(facts: Facts, named: Named) -> Text:
    del named
    period, last = month(facts["period"]), day(facts["last_day"])
    return _text(
        f"{period['en']} can be filed in time until the end of {last['en']}. The authority's reason: {facts['reason']}",
        f"{period['zh']}的申报期限延至{last['zh']}。主管部门说明：{facts['reason']}",
    )


def _to_accept(facts: Facts, named: Named) -> Text:
    del named
    some = _deliveries(facts["count"])
    verb = "waits" if facts["count"] == 1 else "wait"
    return _text(f"{some['en']} {verb} for you to accept.", f"有{some['zh']}待确认。")


def _exceptions(facts: Facts, named: Named) -> Text:
    del named
    count, period = facts["count"], month(facts["period"])
    shipments = "One transfer" if count == 1 else f"{count} transfers"
    return _text(
        f"{shipments} of {period['en']} {'is' if count == 1 else 'are'} past both deadlines without the other half.",
        f"{period['zh']}有{count}笔流转双方均已逾期，仍缺一方申报。",
    )


def _records(facts: Facts, named: Named) -> Text:
    del named
    count, period = facts["count"], month(facts["period"])
    papers = "One paper" if count == 1 else f"{count} papers"
    return _text(
        f"{papers} of {period['en']} {'disagrees' if count == 1 else 'disagree'} with what the tax authority or customs"
        " record. A correction settles most.",
        f"{period['zh']}有{count}项单据与税务或海关记录不符，多数可通过更正申报消除。",
    )


def _corrected(facts: Facts, named: Named) -> Text:
    who, period = named(facts["other"]), month(facts["period"])
    return _text(
        f"{who} has corrected its filing of {period['en']}, and with it deliveries between you.",
        f"{who}更正了{period['zh']}的申报，涉及与贵企业之间的流转。",
    )


def _certify(facts: Facts, named: Named) -> Text:
    del named
    period = month(facts["period"])
    return _text(f"The filing of {period['en']} waits for you to certify it.", f"{period['zh']}的申报待您签认。")


def _disputed(facts: Facts, named: Named) -> Text:
    who = named(facts["other"])
    return _text(f"{who} disputes your shipment {facts['event']}.", f"{who}对贵企业的发货 {facts['event']} 提出异议。")


def _dispute_answered(facts: Facts, named: Named) -> Text:
    who = named(facts["other"])
    return _text(
        f"{who} has answered your dispute of shipment {facts['event']}.",
        f"{who}答复了贵企业对发货 {facts['event']} 的异议。",
    )


def _dispute_withdrawn(facts: Facts, named: Named) -> Text:
    who = named(facts["other"])
    return _text(
        f"{who} has withdrawn its dispute of your shipment {facts['event']}.",
        f"{who}撤回了对贵企业发货 {facts['event']} 的异议。",
    )


def _confirm(facts: Facts, named: Named) -> Text:
    who, some = named(facts["other"]), _deliveries(facts["count"])
    return _text(f"{who} asks you to confirm: {some['en'].lower()}.", f"{who}请贵企业确认{some['zh']}。")


def _reminded(facts: Facts, named: Named) -> Text:
    del named
    period = month(facts["period"])
    return _text(f"The authority reminds you to file {period['en']}.", f"主管部门提醒贵企业申报{period['zh']}。")


def _ordered(facts: Facts, named: Named) -> Text:
    del named
    period, until = month(facts["period"]), day(facts["until"])
    return _text(
        f"The authority orders you to file {period['en']} by {until['en']}.",
        f"主管部门责令贵企业在{until['zh']}前申报{period['zh']}。",
    )


def _ordered_to_correct(facts: Facts, named: Named) -> Text:
    del named
    period, until = month(facts["period"]), day(facts["until"])
    return _text(
        f"The authority orders you to correct {period['en']} by {until['en']}: {facts['why']}",
        f"主管部门责令贵企业在{until['zh']}前更正{period['zh']}：{facts['why']}",
    )


def _asked(facts: Facts, named: Named) -> Text:
    del named
    until = day(facts["until"])
    return _text(
        f"The authority asks you about a finding. Please answer by {until['en']}.",
        f"主管部门就一条线索向贵企业询问，请于{until['zh']}前答复。",
    )


def _extended(facts: Facts, named: Named) -> Text:
    del named
    until = day(facts["until"])
    return _text(
        f"You have until {until['en']} to answer the authority's question.",
        f"对主管部门询问的答复期限延至{until['zh']}。",
    )


def _unanswered(facts: Facts, named: Named) -> Text:
    del named
    until = day(facts["until"])
    return _text(
        f"A question of the authority is to be answered by {until['en']}.",
        f"主管部门的一项询问须于{until['zh']}前答复。",
    )


def _overdue(facts: Facts, named: Named) -> Text:
    del named
    until = day(facts["until"])
    return _text(
        f"A question of the authority was to be answered by {until['en']}. You can still answer until it is decided.",
        f"主管部门的一项询问应于{until['zh']}前答复，现已逾期。作出决定前仍可答复。",
    )


#: What became of a question, as the organisation is told it.
_DECIDED: Final[Mapping[str, Text]] = {
    "explained": _text(
        "The authority accepts the explanation of a question it asked you.", "主管部门已接受贵企业对一项询问的说明。"
    ),
    "confirmed": _text("The authority has confirmed a finding about you.", "主管部门已认定一条涉及贵企业的线索。"),
    "withdrawn": _text("The authority has withdrawn a question it asked you.", "主管部门已撤回一项询问。"),
    "reopened": _text(
        "A question that was settled is open again. You will be asked before anything is decided.",
        "一项已办结的询问重新开启。作出决定前将再次听取贵企业说明。",
    ),
}


def _decided(facts: Facts, named: Named) -> Text:
    del named
    return _DECIDED[facts["decided"]]


def _key(facts: Facts, named: Named) -> Text:
    del named
    entry, certifier = facts["entry"], facts["certifier"]
    return _text(
        f"A key that certifies for you was registered in entry {entry}; its holder is {certifier}. Tell the authority"
        " if nobody of you knows of it.",
        f"第 {entry} 号条目登记了一个代表贵企业签认的密钥，持有人为 {certifier}。如贵企业无人知悉，请告知主管部门。",
    )


def _customs_asked(facts: Facts, named: Named) -> Text:
    del named
    until = day(facts["until"])
    return _text(
        f"Customs queries a line that you declared. Submit the documents by {until['en']}; until then the goods stay.",
        f"海关对贵企业申报的一项货物提出质疑，请于{until['zh']}前提交材料；其间货物不予放行。",
    )


def _customs_due(facts: Facts, named: Named) -> Text:
    del named
    until = day(facts["until"])
    return _text(
        f"The documents for a query of customs are due by {until['en']}.",
        f"海关质疑所需材料须于{until['zh']}前提交。",
    )


def _customs_overdue(facts: Facts, named: Named) -> Text:
    del named
    until = day(facts["until"])
    return _text(
        f"The documents for a query of customs were due by {until['en']}. They can be submitted until it is decided.",
        f"海关质疑所需材料应于{until['zh']}前提交，现已逾期。作出决定前仍可提交。",
    )


#: What became of a query of customs, as the exporter is told it.
_CUSTOMS: Final[Mapping[str, Text]] = {
    "laboratory": _text(
        "Customs has sent goods that it queries to a laboratory.", "海关已将所质疑的货物送实验室鉴别。"
    ),
    "found": _text("The laboratory's result about queried goods is there.", "所质疑货物的鉴别结果已出具。"),
    "released": _text("Customs has released goods that it had queried.", "海关已放行所质疑的货物。"),
    "refused": _text("Customs does not release goods that it had queried.", "海关对所质疑的货物不予放行。"),
    "closed": _text("A query of customs is closed.", "海关的一项质疑已结束。"),
}


def _customs_decided(facts: Facts, named: Named) -> Text:
    del named
    return _CUSTOMS[facts["became"]]


def _application_queried(facts: Facts, named: Named) -> Text:
    del named
    if not facts["until"]:
        return _text(
            "The licensing authority asks about your application. Its time to decide stands until you answer.",
            "许可机关就贵企业的申请提出质询，答复前审查期限中止。",
        )
    until = day(facts["until"])
    return _text(
        f"The licensing authority asks about your application. Please answer by {until['en']}.",
        f"许可机关就贵企业的申请提出质询，请于{until['zh']}前答复。",
    )


def _application_overdue(facts: Facts, named: Named) -> Text:
    del named
    until = day(facts["until"])
    return _text(
        f"A query about your application was to be answered by {until['en']}. You can still answer.",
        f"就贵企业申请提出的质询应于{until['zh']}前答复，现已逾期，仍可答复。",
    )


_APPLICATION_DECIDED: Final[Mapping[str, Text]] = {
    "granted": _text("The licence that you applied for is granted.", "贵企业申请的许可证已获准。"),
    "refused": _text(
        "The licence that you applied for is refused; the reasons are with it.",
        "贵企业申请的许可证未获准，理由见决定。",
    ),
}


def _application_decided(facts: Facts, named: Named) -> Text:
    del named
    return _APPLICATION_DECIDED[facts["decided"]]


def _line(facts: Facts) -> Text:
    declaration, line = facts["declaration"], facts["line"]
    return _text(f"declaration {declaration}, line {line}", f"申报 {declaration} 第 {line} 项")


def _exit_confirmed(facts: Facts, named: Named) -> Text:
    del named
    line, licence, mass = _line(facts), facts["licence"], facts["mass_kg"]
    return _text(
        f"Customs confirms that {mass} kg left under {line['en']}; they count on the licence {licence}.",
        f"海关确认{line['zh']}的 {mass} 千克货物已出境，计入许可证 {licence}。",
    )


def _reservation_void(facts: Facts, named: Named) -> Text:
    del named
    line, licence = _line(facts), facts["licence"]
    return _text(
        f"What was reserved on the licence {licence} for {line['en']} is taken back. The reason: {facts['reason']}",
        f"许可证 {licence} 为{line['zh']}预留的额度已收回。理由：{facts['reason']}",
    )


def _extension_ended(facts: Facts, named: Named) -> Text:
    del named
    period, last = month(facts["period"]), day(facts["last_day"])
    return _text(
        f"The extension for {period['en']} ends early: it can be filed in time until the end of {last['en']}.",
        f"{period['zh']}的延期提前结束：按期申报截至{last['zh']}。",
    )


def _inspected(facts: Facts, named: Named) -> Text:
    del named
    on, site, entry = day(facts["on"]), facts["site"], facts["entry"]
    return _text(
        f"The authority has entered what it found at {site} on {on['en']}, as entry {entry}.",
        f"主管部门已将{on['zh']}在 {site} 的检查结果记入第 {entry} 号条目。",
    )


def _merged_into(facts: Facts, named: Named) -> Text:
    who, on = named(facts["other"]), day(facts["on"])
    return _text(
        f"From {on['en']} you are part of {who}. File the months before, with the deliveries of your goods to it; you"
        " go on seeing what you have filed.",
        f"自{on['zh']}起贵企业并入{who}。请申报此前各月，并申报向其交付的货物；贵企业仍可查看已申报的内容。",
    )


def _merged_from(facts: Facts, named: Named) -> Text:
    who, on = named(facts["other"]), day(facts["on"])
    return _text(
        f"From {on['en']} {who} is part of you: its sites are yours to file, and its goods come as deliveries.",
        f"自{on['zh']}起{who}并入贵企业：其场所由贵企业申报，其货物以交付方式转入。",
    )


def _handed_over(facts: Facts, named: Named) -> Text:
    who, on, site = named(facts["other"]), day(facts["on"]), facts["site"]
    return _text(
        f"From {on['en']} the site {site} is held by {who}. File your own days there, and deliver what goes with it.",
        f"自{on['zh']}起场所 {site} 由{who}持有。请申报此前由贵企业持有的期间，并申报随之交付的货物。",
    )


def _taken_over(facts: Facts, named: Named) -> Text:
    who, on, site = named(facts["other"]), day(facts["on"]), facts["site"]
    return _text(
        f"From {on['en']} you hold the site {site}, which {who} held before.",
        f"自{on['zh']}起贵企业持有场所 {site}，此前由{who}持有。",
    )


def _closed(facts: Facts, named: Named) -> Text:
    del named
    on, site = day(facts["on"]), facts["site"]
    return _text(
        f"The site {site} is closed from {on['en']} on. File what became of its goods before.",
        f"场所 {site} 自{on['zh']}起关闭。请申报此前其货物的去向。",
    )


_DUE: Final = _text("A month is due soon.", "有月份即将截止申报。")
_DISPUTES: Final = _text("There is news about a disputed delivery.", "有关于异议的消息。")
_FROM_AUTHORITY: Final = _text("The authority has written to you.", "主管部门有新的通知。")
#: Stored names: what a kind means never changes. docs/reference/notices.md explains each.
KINDS: Final[Mapping[str, Kind]] = {
    "due-soon": Kind(says=_due_soon, mail=_DUE, page="firm-file"),
    "due-tomorrow": Kind(
        says=_due_soon,
        mail=_text("A month is due by tomorrow.", "有月份明天截止申报。"),
        page="firm-file",
        at_once=True,
    ),
    "deadline-extended": Kind(
        says=_extended_deadline, mail=_text("A deadline is extended.", "有申报期限已延长。"), page="firm-file"
    ),
    "extension-ended": Kind(
        says=_extension_ended, mail=_text("A deadline has changed.", "有申报期限变更。"), page="firm-file", at_once=True
    ),
    "late": Kind(says=_late, mail=_text("A month is late.", "有月份已逾期。"), page="firm-file"),
    "transfer-to-accept": Kind(
        says=_to_accept, mail=_text("Deliveries wait to be accepted.", "有到货待确认。"), page="firm-transfers"
    ),
    "exception-ageing": Kind(
        says=_exceptions,
        mail=_text("Transfers are past both deadlines.", "有流转双方均已逾期。"),
        page="firm-transfers",
    ),
    "records-disagree": Kind(
        says=_records,
        mail=_text("Records of other authorities disagree with a filing.", "其他部门记录与申报不符。"),
        page="firm-exceptions",
    ),
    "corrected-by-counterparty": Kind(
        says=_corrected,
        mail=_text("A counterparty has corrected a filing.", "有交易对方更正了申报。"),
        page="firm-transfers",
    ),
    "certification-asked": Kind(
        says=_certify, mail=_text("A filing waits to be certified.", "有申报待签认。"), page="firm-draft"
    ),
    "key-registered": Kind(
        says=_key,
        mail=_text("A key that certifies for you was registered.", "登记了代表贵企业签认的密钥。"),
        page="firm-people",
    ),
    "confirmation-asked": Kind(
        says=_confirm,
        mail=_text("A supplier asks you to confirm deliveries.", "供应商请您确认到货。"),
        page="firm-transfers",
    ),
    "dispute-raised": Kind(says=_disputed, mail=_DISPUTES, page="firm-transfers"),
    "dispute-answered": Kind(says=_dispute_answered, mail=_DISPUTES, page="firm-transfers"),
    "dispute-withdrawn": Kind(says=_dispute_withdrawn, mail=_DISPUTES, page="firm-transfers"),
    "reminded": Kind(says=_reminded, mail=_FROM_AUTHORITY, page="firm-file"),
    "ordered-to-file": Kind(says=_ordered, mail=_FROM_AUTHORITY, page="firm-file"),
    "ordered-to-correct": Kind(says=_ordered_to_correct, mail=_FROM_AUTHORITY, page="firm-filings"),
    "inspected": Kind(says=_inspected, mail=_FROM_AUTHORITY, page="firm-balance"),
    "merged-into": Kind(says=_merged_into, mail=_FROM_AUTHORITY, page="firm-file"),
    "merged-from": Kind(says=_merged_from, mail=_FROM_AUTHORITY, page="firm"),
    "site-handed-over": Kind(says=_handed_over, mail=_FROM_AUTHORITY, page="firm-balance"),
    "site-taken-over": Kind(says=_taken_over, mail=_FROM_AUTHORITY, page="firm-balance"),
    "site-closed": Kind(says=_closed, mail=_FROM_AUTHORITY, page="firm-balance"),
    "question-asked": Kind(says=_asked, mail=_FROM_AUTHORITY, page="firm-finding", at_once=True),
    "question-extended": Kind(says=_extended, mail=_FROM_AUTHORITY, page="firm-finding"),
    "question-due": Kind(
        says=_unanswered,
        mail=_text("A question of the authority waits for your answer.", "主管部门的询问待答复。"),
        page="firm-finding",
        at_once=True,
    ),
    "question-overdue": Kind(
        says=_overdue,
        mail=_text("A question of the authority is overdue.", "对主管部门询问的答复已逾期。"),
        page="firm-finding",
    ),
    "question-decided": Kind(says=_decided, mail=_FROM_AUTHORITY, page="firm-finding"),
    "customs-query": Kind(says=_customs_asked, mail=_FROM_AUTHORITY, page="firm-query", at_once=True),
    "customs-query-due": Kind(says=_customs_due, mail=_FROM_AUTHORITY, page="firm-query", at_once=True),
    "customs-query-overdue": Kind(says=_customs_overdue, mail=_FROM_AUTHORITY, page="firm-query"),
    "customs-query-decided": Kind(says=_customs_decided, mail=_FROM_AUTHORITY, page="firm-query", at_once=True),
    "application-queried": Kind(says=_application_queried, mail=_FROM_AUTHORITY, page="firm-application", at_once=True),
    "application-overdue": Kind(says=_application_overdue, mail=_FROM_AUTHORITY, page="firm-application"),
    "application-decided": Kind(says=_application_decided, mail=_FROM_AUTHORITY, page="firm-application", at_once=True),
    "exit-confirmed": Kind(
        says=_exit_confirmed, mail=_text("Customs has confirmed an exit.", "海关已确认出境。"), page="firm-licence"
    ),
    "reservation-void": Kind(says=_reservation_void, mail=_FROM_AUTHORITY, page="firm-licence"),
}


def notify(organisation: str, kind: str, facts: Facts, *, key: str, now: datetime, role: str = "") -> bool:
    """Tells an organisation something once; False where it was told before. `role`: to whom of it, "" for all."""
    assert kind in KINDS, f"{kind!r} is no kind of notice"
    with transaction.atomic(using=OneStore().db_for_write(Notice)):
        _, new = Notice.objects.get_or_create(
            key=key,
            defaults={
                "organisation": organisation, "role": role, "kind": kind, "created_at": now,
                "facts": json.dumps(dict(facts), ensure_ascii=False),
            },
        )  # fmt: skip
    return new


def unread(actor: Actor, organisation: str) -> int:
    """How many notices of an organisation the person has not read. Requires "own.read"."""
    actor.require("own.read", organisation)
    return _unread(actor, organisation).count()


def told(actor: Actor, organisation: str, named: Named, *, most: int = 500) -> list[Told]:
    """The notices for a person, unread first, then the newest; `most` of each. Requires "own.read"."""
    actor.require("own.read", organisation)
    order = ("-created_at", "-id")
    fresh = _unread(actor, organisation).order_by(*order)[:most]
    known = _for(actor, organisation).filter(reads__user=actor.user).order_by(*order)[:most]
    return [_told(one, named, read=False) for one in fresh] + [_told(one, named, read=True) for one in known]


def mark_read(actor: Actor, organisation: str, notices: Sequence[int] | None, *, now: datetime) -> int:
    """Marks notices as read by the person, all that are unread where `notices` is None; returns how many were.

    Requires "own.read". Another's notices, and those of another organisation, are left alone.
    """
    actor.require("own.read", organisation)
    assert actor.user is not None, "a program does not read notices"
    fresh = _unread(actor, organisation)
    if notices is not None:
        fresh = fresh.filter(pk__in=notices)
    rows = [NoticeRead(notice_id=number, user_id=actor.user, at=now) for number in fresh.values_list("pk", flat=True)]
    # In two windows at once, one of them finds it done.
    NoticeRead.objects.bulk_create(rows, ignore_conflicts=True)
    return len(rows)


def _for(actor: Actor, organisation: str) -> QuerySet[Notice]:
    """The notices of an organisation for a person: those for all, and those for a role that the person has."""
    wanted = Q(role="") | Q(role__in=actor.roles(organisation))
    return Notice.objects.filter(wanted, organisation=organisation, kind__in=KINDS)


def _unread(actor: Actor, organisation: str) -> QuerySet[Notice]:
    return _for(actor, organisation).exclude(reads__user=actor.user)


def _told(one: Notice, named: Named, *, read: bool) -> Told:
    facts, kind = json.loads(one.facts), KINDS[one.kind]
    return Told(
        notice=one.pk, kind=one.kind, says=kind.says(facts, named), page=kind.page, facts=facts,
        created_at=one.created_at, read=read,
    )  # fmt: skip
