"""Every kind of notice: what it says, what a mail says of it, where it leads, and whether it waits for the digest."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from lodeline.office.notices import sentences
from lodeline.office.notices.sentences import Facts, Named
from lodeline.spoken import Text, text


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


_DUE: Final = text("A month is due soon.", "有月份即将截止申报。")
_DISPUTES: Final = text("There is news about a disputed delivery.", "有关于异议的消息。")
_FROM_AUTHORITY: Final = text("The authority has written to you.", "主管部门有新的通知。")
#: Stored names: what a kind means never changes. docs/reference/notices.md explains each.
KINDS: Final[Mapping[str, Kind]] = {
    "due-soon": Kind(says=sentences.due_soon, mail=_DUE, page="firm-file"),
    "due-tomorrow": Kind(
        says=sentences.due_soon,
        mail=text("A month is due by tomorrow.", "有月份明天截止申报。"),
        page="firm-file",
        at_once=True,
    ),
    "deadline-extended": Kind(
        says=sentences.extended_deadline, mail=text("A deadline is extended.", "有申报期限已延长。"), page="firm-file"
    ),
    "extension-ended": Kind(
        says=sentences.extension_ended,
        mail=text("A deadline has changed.", "有申报期限变更。"),
        page="firm-file",
        at_once=True,
    ),
    "late": Kind(says=sentences.late, mail=text("A month is late.", "有月份已逾期。"), page="firm-file"),
    "transfer-to-accept": Kind(
        says=sentences.to_accept, mail=text("Deliveries wait to be accepted.", "有到货待确认。"), page="firm-transfers"
    ),
    "exception-ageing": Kind(
        says=sentences.exceptions,
        mail=text("Transfers are past both deadlines.", "有流转双方均已逾期。"),
        page="firm-transfers",
    ),
    "records-disagree": Kind(
        says=sentences.records,
        mail=text("Records of other authorities disagree with a filing.", "其他部门记录与申报不符。"),
        page="firm-exceptions",
    ),
    "corrected-by-counterparty": Kind(
        says=sentences.corrected,
        mail=text("A counterparty has corrected a filing.", "有交易对方更正了申报。"),
        page="firm-transfers",
    ),
    "certification-asked": Kind(
        says=sentences.certify, mail=text("A filing waits to be certified.", "有申报待签认。"), page="firm-draft"
    ),
    "key-registered": Kind(
        says=sentences.key,
        mail=text("A key that certifies for you was registered.", "登记了代表贵企业签认的密钥。"),
        page="firm-people",
    ),
    "confirmation-asked": Kind(
        says=sentences.confirm,
        mail=text("A supplier asks you to confirm deliveries.", "供应商请您确认到货。"),
        page="firm-transfers",
    ),
    "dispute-raised": Kind(says=sentences.disputed, mail=_DISPUTES, page="firm-transfers"),
    "dispute-answered": Kind(says=sentences.dispute_answered, mail=_DISPUTES, page="firm-transfers"),
    "dispute-withdrawn": Kind(says=sentences.dispute_withdrawn, mail=_DISPUTES, page="firm-transfers"),
    "reminded": Kind(says=sentences.reminded, mail=_FROM_AUTHORITY, page="firm-file"),
    "ordered-to-file": Kind(says=sentences.ordered, mail=_FROM_AUTHORITY, page="firm-file"),
    "ordered-to-correct": Kind(says=sentences.ordered_to_correct, mail=_FROM_AUTHORITY, page="firm-filings"),
    "inspected": Kind(says=sentences.inspected, mail=_FROM_AUTHORITY, page="firm-balance"),
    "merged-into": Kind(says=sentences.merged_into, mail=_FROM_AUTHORITY, page="firm-file"),
    "merged-from": Kind(says=sentences.merged_from, mail=_FROM_AUTHORITY, page="firm"),
    "site-handed-over": Kind(says=sentences.handed_over, mail=_FROM_AUTHORITY, page="firm-balance"),
    "site-taken-over": Kind(says=sentences.taken_over, mail=_FROM_AUTHORITY, page="firm-balance"),
    "site-closed": Kind(says=sentences.closed, mail=_FROM_AUTHORITY, page="firm-balance"),
    "question-asked": Kind(says=sentences.asked, mail=_FROM_AUTHORITY, page="firm-finding", at_once=True),
    "question-extended": Kind(says=sentences.extended, mail=_FROM_AUTHORITY, page="firm-finding"),
    "question-due": Kind(
        says=sentences.unanswered,
        mail=text("A question of the authority waits for your answer.", "主管部门的询问待答复。"),
        page="firm-finding",
        at_once=True,
    ),
    "question-overdue": Kind(
        says=sentences.overdue,
        mail=text("A question of the authority is overdue.", "对主管部门询问的答复已逾期。"),
        page="firm-finding",
    ),
    "question-decided": Kind(says=sentences.decided, mail=_FROM_AUTHORITY, page="firm-finding"),
    "customs-query": Kind(says=sentences.customs_asked, mail=_FROM_AUTHORITY, page="firm-query", at_once=True),
    "customs-query-due": Kind(says=sentences.customs_due, mail=_FROM_AUTHORITY, page="firm-query", at_once=True),
    "customs-query-overdue": Kind(says=sentences.customs_overdue, mail=_FROM_AUTHORITY, page="firm-query"),
    "customs-query-decided": Kind(
        says=sentences.customs_decided, mail=_FROM_AUTHORITY, page="firm-query", at_once=True
    ),
    "application-queried": Kind(
        says=sentences.application_queried, mail=_FROM_AUTHORITY, page="firm-application", at_once=True
    ),
    "application-overdue": Kind(says=sentences.application_overdue, mail=_FROM_AUTHORITY, page="firm-application"),
    "application-decided": Kind(
        says=sentences.application_decided, mail=_FROM_AUTHORITY, page="firm-application", at_once=True
    ),
    "exit-confirmed": Kind(
        says=sentences.exit_confirmed,
        mail=text("Customs has confirmed an exit.", "海关已确认出境。"),
        page="firm-licence",
    ),
    "exit-corrected": Kind(
        says=sentences.exit_corrected,
        mail=text("Customs has corrected the confirmation of an exit.", "海关已更正出境确认。"),
        page="firm-licence",
    ),
    "reservation-void": Kind(says=sentences.reservation_void, mail=_FROM_AUTHORITY, page="firm-licence"),
    "licence-act": Kind(says=sentences.licence_act, mail=_FROM_AUTHORITY, page="firm-licence", at_once=True),
    "run-put-off": Kind(says=sentences.run_put_off, mail=_FROM_AUTHORITY, page="firm-quota"),
}
