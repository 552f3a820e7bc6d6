"""Every kind of notice: what it says, what a mail says of it, where it leads, and whether it waits for the digest."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from lodeline.language import Text, text
from lodeline.office.notices import sentences
from lodeline.office.notices.sentences import Facts, Named


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of notice: its sentence, the page that it leads to, and what a mail says of it.

    `text` may name whom the organisation deals with; `mail` says only that there is something, and never of whom, of
    how much or of what. `at_once`: mailed without waiting for the day's digest.
    """

    text: Callable[[Facts, Named], Text]
    mail: Text
    page: str
    at_once: bool = False


_DUE: Final = text("A month is due soon.")
_DISPUTES: Final = text("There is news about a disputed delivery.")
_ACCOUNTS: Final = text("An account or a role of the authority changes.")
_FROM_AUTHORITY: Final = text("The authority has written to you.")
#: Stored names: what a kind means never changes. docs/reference/notices.md explains each.
KINDS: Final[Mapping[str, Kind]] = {
    "due-soon": Kind(text=sentences.due_soon, mail=_DUE, page="firm-file"),
    "due-tomorrow": Kind(
        text=sentences.due_soon,
        mail=text("A month is due by tomorrow."),
        page="firm-file",
        at_once=True,
    ),
    "deadline-extended": Kind(text=sentences.extended_deadline, mail=text("A deadline is extended."), page="firm-file"),
    "extension-ended": Kind(
        text=sentences.extension_ended,
        mail=text("A deadline has changed."),
        page="firm-file",
        at_once=True,
    ),
    "opening-stock": Kind(
        text=sentences.opening_stock,
        mail=text("An opening stock waits to be looked over."),
        page="firm-file",
    ),
    "late": Kind(text=sentences.late, mail=text("A month is late."), page="firm-file"),
    "transfer-to-accept": Kind(
        text=sentences.to_accept, mail=text("Deliveries wait to be accepted."), page="firm-transfers"
    ),
    "exception-ageing": Kind(
        text=sentences.exceptions,
        mail=text("Transfers are past both deadlines."),
        page="firm-transfers",
    ),
    "records-disagree": Kind(
        text=sentences.records,
        mail=text("Records of other authorities disagree with a filing."),
        page="firm",
    ),
    "corrected-by-counterparty": Kind(
        text=sentences.corrected,
        mail=text("A counterparty has corrected a filing."),
        page="firm-transfers",
    ),
    "certification-asked": Kind(
        text=sentences.certify, mail=text("A filing waits to be certified."), page="firm-draft"
    ),
    "key-registered": Kind(
        text=sentences.key,
        mail=text("A key that certifies for you was registered."),
        page="firm-people",
    ),
    "confirmation-asked": Kind(
        text=sentences.confirm,
        mail=text("A supplier asks you to confirm deliveries."),
        page="firm-transfers",
    ),
    "dispute-raised": Kind(text=sentences.disputed, mail=_DISPUTES, page="firm-transfers"),
    "dispute-answered": Kind(text=sentences.dispute_answered, mail=_DISPUTES, page="firm-transfers"),
    "dispute-withdrawn": Kind(text=sentences.dispute_withdrawn, mail=_DISPUTES, page="firm-transfers"),
    "reminded": Kind(text=sentences.reminded, mail=_FROM_AUTHORITY, page="firm-file"),
    "ordered-to-file": Kind(text=sentences.ordered, mail=_FROM_AUTHORITY, page="firm-file"),
    "ordered-to-correct": Kind(text=sentences.ordered_to_correct, mail=_FROM_AUTHORITY, page="firm-filings"),
    "inspected": Kind(text=sentences.inspected, mail=_FROM_AUTHORITY, page="firm-balance"),
    "merged-into": Kind(text=sentences.merged_into, mail=_FROM_AUTHORITY, page="firm-file"),
    "merged-from": Kind(text=sentences.merged_from, mail=_FROM_AUTHORITY, page="firm"),
    "site-handed-over": Kind(text=sentences.handed_over, mail=_FROM_AUTHORITY, page="firm-balance"),
    "site-taken-over": Kind(text=sentences.taken_over, mail=_FROM_AUTHORITY, page="firm-balance"),
    "site-closed": Kind(text=sentences.closed, mail=_FROM_AUTHORITY, page="firm-balance"),
    "question-asked": Kind(text=sentences.asked, mail=_FROM_AUTHORITY, page="firm-finding", at_once=True),
    "question-extended": Kind(text=sentences.extended, mail=_FROM_AUTHORITY, page="firm-finding"),
    "question-due": Kind(
        text=sentences.unanswered,
        mail=text("A question of the authority waits for your answer."),
        page="firm-finding",
        at_once=True,
    ),
    "question-overdue": Kind(
        text=sentences.overdue,
        mail=text("A question of the authority is overdue."),
        page="firm-finding",
    ),
    "question-decided": Kind(text=sentences.decided, mail=_FROM_AUTHORITY, page="firm-finding"),
    "customs-query": Kind(text=sentences.customs_asked, mail=_FROM_AUTHORITY, page="firm-query", at_once=True),
    "customs-query-due": Kind(text=sentences.customs_due, mail=_FROM_AUTHORITY, page="firm-query", at_once=True),
    "customs-query-overdue": Kind(text=sentences.customs_overdue, mail=_FROM_AUTHORITY, page="firm-query"),
    "customs-query-decided": Kind(
        text=sentences.customs_decided, mail=_FROM_AUTHORITY, page="firm-query", at_once=True
    ),
    "application-queried": Kind(
        text=sentences.application_queried, mail=_FROM_AUTHORITY, page="firm-application", at_once=True
    ),
    "application-overdue": Kind(text=sentences.application_overdue, mail=_FROM_AUTHORITY, page="firm-application"),
    "application-decided": Kind(
        text=sentences.application_decided, mail=_FROM_AUTHORITY, page="firm-application", at_once=True
    ),
    "exit-confirmed": Kind(
        text=sentences.exit_confirmed,
        mail=text("Customs has confirmed an exit."),
        page="firm-licence",
    ),
    "exit-corrected": Kind(
        text=sentences.exit_corrected,
        mail=text("Customs has corrected the confirmation of an exit."),
        page="firm-licence",
    ),
    "reservation-void": Kind(text=sentences.reservation_void, mail=_FROM_AUTHORITY, page="firm-licence"),
    "licence-act": Kind(text=sentences.licence_act, mail=_FROM_AUTHORITY, page="firm-licence", at_once=True),
    "run-put-off": Kind(text=sentences.run_put_off, mail=_FROM_AUTHORITY, page="firm-licences"),
    "account-proposed": Kind(text=sentences.account_proposed, mail=_ACCOUNTS, page="account-self", at_once=True),
    "account-confirmed": Kind(text=sentences.account_confirmed, mail=_ACCOUNTS, page="account-self", at_once=True),
    "account-on-server": Kind(text=sentences.account_on_server, mail=_ACCOUNTS, page="account-self", at_once=True),
}
