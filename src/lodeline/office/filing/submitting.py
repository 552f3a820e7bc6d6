"""Filing by a program: the same drafts, checks and certification that people go through, without pages between them.

A filing that is handed in becomes a draft. A small one is checked at once, a large one by a worker. What would not be
accepted leaves nothing behind; what would waits for a certifier, unless the program may certify (scope
`filings:certify`): then it brings the signature of whoever made its token, or needs none where the portal certifies by
password.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from typing import Any, Final

from django.conf import settings

from lodeline import language as lang
from lodeline.filing.check import check as check_table
from lodeline.filing.check import month_bounds
from lodeline.filing.edits import Changes
from lodeline.filing.table import read_bytes
from lodeline.journal.certification import Certification
from lodeline.language import bilingual
from lodeline.ledger.problem import Problem, problem
from lodeline.office.accounts.tokens import CERTIFY, Program
from lodeline.office.filing import certify, draft_check, drafts, filing_now
from lodeline.office.filing.draft_check import SMALL_BYTES
from lodeline.office.filing.draft_content import Content, limits
from lodeline.office.filing.drafts import DraftError, FileIn
from lodeline.office.filing.transfers import AcceptanceError, accepting, local_id, pending
from lodeline.office.filing.transfers import Sent as Delivered
from lodeline.office.jobs import jobs
from lodeline.office.models import Draft, Job
from lodeline.regulation.duty import deadline_without_extension
from lodeline.regulation.parameter import Jurisdiction, NoLawError
from lodeline.service.firm.acceptance import Acceptance, receipt_rows
from lodeline.service.firm.organisation_view import OrganisationView
from lodeline.store.store import Store

State = Draft.State
#: Bytes up to which a filing is checked while whoever sent it waits.
CHECKED_AT_ONCE_BYTES: Final = SMALL_BYTES


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What filing this now would meet. `statement`: what a certifier would sign; None where it would be refused."""

    accepted: bool
    problems: tuple[Problem, ...]
    statement: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A filing as a program sends it. `period` None: the files say it themselves."""

    files: Sequence[FileIn]
    period: str | None
    corrects: int | None = None


def judge(
    program: Program, organisation: str, sent: Sent, *, store: Store, law: Jurisdiction, now: datetime
) -> Judgement:
    """Every problem that the filing has; nothing is written. Requires "own.file"."""
    program.require("own.file", organisation)
    table = read_bytes([(one.name, one.content) for one in sent.files], limits=limits())
    checked = check_table(
        table, organisation=organisation, period=sent.period, register=store.newest_register(),
        correcting=sent.corrects is not None,
    )  # fmt: skip
    missing = () if checked.period else (problem("period.required"),)
    if checked.rejects or missing or checked.organisation != organisation:
        return Judgement(accepted=False, problems=(*checked.problems, *missing), statement=None)
    assert checked.period is not None
    _require_law(checked.period, law)
    draft = Draft(organisation=organisation, period=checked.period, corrects=sent.corrects)
    content = Content(table=table, uploaded=table, changes=Changes(), keys=tuple(range(len(table.sources))))
    judged = draft_check.judge(draft, content, store=store, law=law, now=now)
    accepted = judged.accepted
    signed = draft_check.statement_of(draft, judged.checked, store).decode() if accepted else None
    return Judgement(accepted=accepted, problems=judged.problems, statement=signed)


def submit(
    program: Program, organisation: str, sent: Sent, *, law: Jurisdiction, now: datetime
) -> Draft:  # fmt: skip
    """A draft of what was sent, checked, or (state `checking`) being checked by a worker. Requires "own.file".

    The same files sent again while the first draft is on its way are that draft, whether or not the program says so.
    Raises DraftError where the month or the entry to be corrected cannot be meant.
    """
    program.require("own.file", organisation)
    assert sent.period is not None, "whoever hands in knows the month"
    _require_law(sent.period, law)
    before = _on_its_way(organisation, sent)
    if before is not None:
        # A small one is checked by whoever sends it: that it still is may mean that this went down with its process.
        again = before.state == State.CHECKING and draft_check.is_small(before)
        return draft_check.begin(before, now=now) if again else before
    draft = drafts.start(program, organisation, sent.period, law=law, now=now, corrects=sent.corrects)
    draft = drafts.add_files(program, draft, sent.files, seen=draft.revision, now=now)
    return draft_check.begin(draft, now=now)


def _on_its_way(organisation: str, sent: Sent) -> Draft | None:
    digests = sorted(sha256(one.content).hexdigest() for one in sent.files)
    alike = Draft.objects.filter(
        organisation=organisation, period=sent.period, corrects=sent.corrects, sandbox=False, edits__isnull=True,
        state__in=(State.CHECKING, State.ASKED, State.FILING), files__sha256=digests[0],
    )  # fmt: skip
    fits = (one for one in alike.distinct() if sorted(one.files.values_list("sha256", flat=True)) == digests)
    return next(fits, None)


def accept(
    program: Program, organisation: str, acceptances: Sequence[Acceptance], *, on: date, site: str, store: Store,
    law: Jurisdiction, now: datetime,
) -> Draft:  # fmt: skip
    """A draft of the receipts that confirm deliveries, and of nothing else, checked. Requires "own.file".

    Raises ClosedShipment, DraftError, AcceptanceError.
    """
    program.require("own.file", organisation)
    if on > law.day_of(now):
        raise AcceptanceError(lang.text("The day of receipt cannot be later than today."))
    rows = receipt_rows(OrganisationView(store, law, organisation), acceptances, on=on, site=site)
    with accepting(organisation):
        taken = pending(program, organisation)
        if any(
            Delivered(shipper=row["counterparty"], event=row["reference"], local=local_id(row["lot"])) in taken
            for row in rows
        ):
            raise AcceptanceError(lang.text("Some of this is accepted already and waits to be certified."))
        draft = drafts.new_from_rows(program, organisation, f"{on:%Y-%m}", rows, now, law=law)
    return draft_check.begin(draft, now=now)


def may_certify(program: Program, organisation: str) -> bool:
    """Whether the program may certify what it files."""
    return CERTIFY in (program.scopes or ()) and program.may("own.certify", organisation)


def certification_of(program: Program, stated: Mapping[str, Any] | None) -> Certification | None:
    """The certification that a program brings; None where it brings none and needs one.

    `stated`: `{"kind": "certificate", "certificate": …, "signature": …}`, the certificate in PEM or in base64 of DER,
    the signature in base64, over the bytes of the statement. The certificate is one that the maker of the token has
    registered. Raises DraftError, CertificationError.
    """
    if stated is None:
        by_password = settings.LODELINE_DEMO or settings.LODELINE_CERTIFY == "password"
        return Certification.by_password(certifier=program.pseudonym) if by_password else None
    certificate, signature = stated.get("certificate"), stated.get("signature")
    if stated.get("kind") != "certificate" or not isinstance(certificate, str) or not isinstance(signature, str):
        raise DraftError(
            lang.text('A program certifies with `{"kind": "certificate", "certificate": …, "signature": …}`.')
        )
    encoded = _certificate_bytes(certificate)
    made = Certification.by_certificate(
        certifier=program.pseudonym, certificate=encoded, signature=_base64_bytes(signature)
    )
    registered = {_base64_text(one.der) for one in certify.certificates(program)}
    if made.certificate not in registered:
        raise DraftError(
            lang.text(
                "Whoever made the token has not registered this certificate. Register it on the page "
                "where one certifies."
            )
        )
    return made


def advance(program: Program, draft: Draft, certification: Mapping[str, Any] | None, *, now: datetime) -> Draft:
    """What follows a draft that has been checked: it is filed where the program certifies it, else it is asked for.

    A draft that would not be accepted, or is being checked, stays as it is. Raises CertificationError, and DraftError
    also where another draft of the month has filed all of it meanwhile.
    """
    if draft.state == State.SUPERSEDED:
        raise drafts.ClosedDraftError(bilingual(*drafts.closed(draft)))
    if draft.state == State.FILING and draft_check.is_small(draft):
        # Sent again: the request that was to file it may have lost the store on its way, and to file twice is once.
        return filing_now.begin(draft, now=now)
    if draft.state not in (State.OPEN, State.ASKED) or not draft.accepted:
        return draft
    draft = certify.ask(program, draft, seen=draft.revision, now=now)
    if not may_certify(program, draft.organisation):
        return draft
    signed = certification_of(program, certification)
    statement = certify.statement(draft)
    if signed is None or statement is None:
        return draft
    held = certify.certify(program, draft, signed, signed=statement, seen=draft.revision, now=now)
    return filing_now.begin(held, now=now)


def _require_law(period: str, law: Jurisdiction) -> None:
    """Raises DraftError for a month before there was a law to file by."""
    if month_bounds(period)[0] is None:
        raise DraftError(lang.text("A month is written like 2026-01."))
    try:
        # Whether there is a law is asked, and not which day: no extension makes a duty where there is none.
        deadline_without_extension(period, law)
    except (NoLawError, OverflowError, ValueError):
        raise DraftError(
            lang.text("No law is known by which {period} would have to be filed.", period=period)
        ) from None


def discard(program: Program, draft: Draft, *, now: datetime) -> None:
    """Throws away what was handed in and would not be accepted."""
    drafts.drop(program, draft, seen=draft.revision, now=now)


def problems_of(draft: Draft) -> list[dict[str, Any]]:
    """The problems of a draft as it was last checked, in the shape of `check --json`."""
    found: list[dict[str, Any]] = json.loads(draft.problems)
    return found


def job_of(draft: Draft) -> Job | None:
    """The work that is done on a draft, or was done last."""
    key = filing_now.key_of(draft) if draft.state in (State.FILING, State.FILED) else draft_check.check_key(draft)
    return jobs.newest(key)


def _certificate_bytes(text: str) -> bytes:
    return text.encode() if text.lstrip().startswith("-----BEGIN") else _base64_bytes(text)


def _base64_bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text.replace("-", "+").replace("_", "/") + "=" * (-len(text) % 4), validate=True)
    except ValueError as error:
        raise DraftError(lang.text("Certificate and signature are base64 text.")) from error


def _base64_text(content: bytes) -> str:
    return base64.b64encode(content).decode()
