"""A checked filing becomes an entry of the log: whole, once, and judged against what is held.

Filings take turns in the order in which they came, so that none works in vain against another, and none is passed by
whoever comes later. In its turn the work is done unlocked against one head: what is no filing may append meanwhile.
Then a short transaction takes the head, sees that it has not moved, and appends. If it has moved, the work is done
again; the last attempt holds the head while it works. A filing of many rows tries without a turn first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from pathlib import PurePath
from typing import Final

import polars as pl

from lodeline.filing.check import Checked
from lodeline.filing.schema import CELLS
from lodeline.journal import entry as journal
from lodeline.journal.certification import Certification, CertificationError, check, to_sign
from lodeline.ledger.problem import Problem, problem
from lodeline.regulation.parameter import Jurisdiction
from lodeline.service.entries.moment import utc_text
from lodeline.service.entries.salt import salt_key
from lodeline.service.entries.upload import Upload
from lodeline.service.filing.collecting import collecting_seldom
from lodeline.service.filing.preparing import Encoded, Job, Prepared, Progress, encode, prepare, sealed
from lodeline.service.licences.accounts import project_again
from lodeline.store.opening import assert_guarded
from lodeline.store.store import Head, Store, StoredEntry

#: How often the work is done unlocked before it is done under the head, because somebody else appended first.
OPTIMISTIC_ATTEMPTS = 2
#: From so many rows on, looking for dead cycles costs a fifth of the time of a filing, and others do not wait while it
#: is judged.
MANY_ROWS = 10_000
#: Under this name filings take turns (`Database.alone`).
TURNS: Final = "turns"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a filing: the entry that holds it (None when refused) and every problem seen."""

    entry: StoredEntry | None
    problems: tuple[Problem, ...]
    repeated: bool = False


def post(
    store: Store,
    checked: Checked,
    *,
    filed_at: datetime,
    law: Jurisdiction,
    corrects: int | None = None,
    uploads: Sequence[Upload] = (),
    encoded: Encoded | None = None,
    certification: Certification | None = None,
    progress: Progress | None = None,
    in_transaction: Callable[[StoredEntry], None] | None = None,
    problems_shown: Sequence[Problem] | None = None,
) -> Outcome:
    """Files a checked filing. Refused filings leave no trace; a filing filed before returns its old entry.

    A certification is kept in the entry if it fits what is posted; else the filing is refused. It is no part of what
    identifies a filing: what was filed before stays certified as it was. `also` is done in the transaction that writes
    a new entry, so that both stand or neither. `problems_shown`: what another ledger has against it (`judge_only`),
    which stands in place of what is held here: so a sandbox answers as the log would.
    """
    organisation, period = checked.organisation, checked.period
    assert organisation and period, "a filing that is posted has an organisation and a period"
    if any(found.severity == "reject" for found in checked.problems):
        return Outcome(entry=None, problems=tuple(checked.problems))
    assert_guarded(store)
    report = progress or (lambda _what, _share: None)
    report("hash", 0.0)
    job = Job(
        store=store, checked=checked, organisation=organisation, period=period, corrects=corrects,
        filed_at=filed_at, law=law, uploads=uploads, encoded=encoded or encode(checked), certification=certification,
        progress=report, in_transaction=in_transaction or (lambda _entry: None), problems_shown=problems_shown,
    )  # fmt: skip
    unfit = _unfit(job)
    if unfit is not None:
        return Outcome(entry=None, problems=(*checked.problems, unfit))
    with collecting_seldom() if checked.rows.height > MANY_ROWS else nullcontext():
        return _post(job)


def _post(job: Job) -> Outcome:
    # Hashed before its turn: others wait while it has one.
    _ = job.sealed
    # Inside a transaction it takes one before anything else, which would be locked until the end of that.
    takes_turn = job.checked.rows.height <= MANY_ROWS or job.store.database.in_transaction
    if not takes_turn and (done := _attempts(job)) is not None:
        return done
    with job.store.database.alone(TURNS):
        if takes_turn and (done := _attempts(job)) is not None:
            return done
        with job.store.database.transaction():
            head = job.store.head(lock=True)
            work = _repeated(job) or _judged(job, head)
            return work if isinstance(work, Outcome) else _append(job, head, work)


def _attempts(job: Job) -> Outcome | None:
    for _ in range(OPTIMISTIC_ATTEMPTS):
        done = _attempt(job)
        if done is not None:
            return done
    return None


def _attempt(job: Job) -> Outcome | None:
    """What became of the filing; None if somebody else appended while it was judged."""
    store, head = job.store, job.store.head()
    work = _repeated(job) or _judged(job, head)
    if isinstance(work, Outcome):
        # A refusal counts only if nobody appended while it was found: it may rest on half of what they did.
        return work if work.repeated or store.head().size == head.size else None
    with store.database.transaction():
        return _append(job, head, work) if store.head(lock=True).size == head.size else None


def judge_only(
    store: Store,
    checked: Checked,
    *,
    filed_at: datetime,
    law: Jurisdiction,
    corrects: int | None = None,
    encoded: Encoded | None = None,
) -> tuple[Problem, ...]:
    """Every problem that posting would meet; nothing is written. `checked` has an organisation and a period."""
    work = prepare_only(store, checked, filed_at=filed_at, law=law, corrects=corrects, encoded=encoded)
    return tuple(work.problems)


def prepare_only(
    store: Store,
    checked: Checked,
    *,
    filed_at: datetime,
    law: Jurisdiction,
    corrects: int | None = None,
    encoded: Encoded | None = None,
) -> Prepared | Outcome:
    """The filing as posting would judge it against the head, nothing being written; an Outcome where it is filed."""
    assert checked.organisation and checked.period
    job = Job(
        store=store, checked=checked, organisation=checked.organisation, period=checked.period,
        corrects=corrects, filed_at=filed_at, law=law, uploads=(), encoded=encoded or encode(checked),
        certification=None, progress=lambda _what, _share: None, in_transaction=lambda _entry: None,
    )  # fmt: skip
    return _repeated(job) or prepare(job, store.head())


def rows_root_of(
    store: Store,
    checked: Checked,
    organisation: str,
    period: str,
    corrects: int | None,
    *,
    encoded: Encoded | None = None,
) -> tuple[str, int, str]:
    """(digest, rows, rows_root) of a filing as posting will log it, for `journal.certification.to_sign`.

    The salts come from the filing's place, so the answer is the same whenever it is asked, and whoever files it. The
    digest is the commitment that the envelope keeps, not the plain one: hex, as is the root.
    """
    encoded = encoded or encode(checked)
    key = salt_key(store, organisation, period, corrects, encoded.digest)
    return sealed(encoded, journal.row_leaves(encoded.rows, key), key)


def _unfit(job: Job) -> Problem | None:
    """Why the certification does not fit what would be posted, if it does not."""
    if job.certification is None:
        return None
    digest_, rows, rows_root = job.sealed
    signed = to_sign(
        organisation=job.organisation, period=job.period, corrects=job.corrects, digest=digest_, rows=rows,
        rows_root=rows_root,
    )  # fmt: skip
    try:
        check(job.certification, to_sign=signed, at=job.filed_at)
    except CertificationError as error:
        return problem("certification.invalid", reason=error.reason)
    return None


def _repeated(job: Job) -> Outcome | None:
    """The old entry, if this very filing has been filed before."""
    before = job.store.filed_before(
        organisation=job.organisation, period=job.period, corrects=job.corrects, digest=job.encoded.digest
    )
    return Outcome(entry=before, problems=tuple(job.checked.problems), repeated=True) if before else None


def _judged(job: Job, head: Head) -> Prepared | Outcome:
    """The filing judged against one head; an Outcome where it is refused."""
    prepared = prepare(job, head)
    return Outcome(entry=None, problems=tuple(prepared.problems)) if prepared.refused else prepared


def _append(job: Job, head: Head, prepared: Prepared) -> Outcome:
    """Writes the entry and everything that follows from it; the caller's transaction makes it all or nothing."""
    job.progress("post", 0.0)
    store, encoded, uploads, key = job.store, job.encoded, job.uploads, job.salt_key
    leaves = job.leaves
    digest_, rows, rows_root = job.sealed
    flags = [_as_filed(found) for found in prepared.problems]
    resolved = prepared.lines.select(
        pl.concat_str("name", pl.lit("\t"), "party_filed", pl.lit("\t"), "dry_mg", ignore_nulls=True).fill_null("")
    ).to_series()
    files = [(upload.name, sha256(upload.content).digest()) for upload in uploads]
    content = files[0][1] if len(files) == 1 else journal.uploads_sha256(files)
    envelope = journal.Envelope(
        index=head.size,
        kind="filing",
        filed_at=utc_text(job.filed_at),
        organisation=job.organisation,
        period=job.period,
        corrects=job.corrects,
        rows=rows,
        rows_root=rows_root,
        upload_hash=journal.upload_commitment(content, key) if uploads else None,
        flags_hash=journal.flags_commitment(flags, key),
        # What the rows were taken to mean is outside the leaves, and is bound here.
        facts={
            "resolved": resolved_commitment(resolved, key),
            **({"uploads": len(files)} if len(files) > 1 else {}),
            **({"upload_name": journal.name_commitment(files[0][0], key)} if len(files) == 1 else {}),
            **_certified(job.certification, digest_),
        },
    )
    entry, new_head = store.append_entry(head, envelope, digest=encoded.digest, rows=rows, flags=flags)
    store.append_rows("lot", prepared.lots)
    store.append_rows(
        "line",
        pl.DataFrame(
            [
                *(prepared.lines[name].alias(stored) for name, stored in _STORED.items()),
                pl.Series("leaf", [leaves[at : at + 32] for at in range(0, len(leaves), 32)], pl.Binary()),
            ]
        ),
    )
    store.put_superseded(prepared.superseded)
    for upload in uploads:
        store.put_upload(entry.index, name=upload.name, content=upload.content)
    store.replace_state(prepared.state, prepared.touched, known_below=head.next_lot)
    project_again(store, prepared.licences)
    store.set_head(replace(new_head, next_lot=head.next_lot + prepared.lots.height))
    job.in_transaction(entry)
    job.progress("post", 1.0)
    return Outcome(entry=entry, problems=tuple(prepared.problems))


def _certified(certification: Certification | None, digest_: str) -> dict[str, object]:
    """The facts of an entry that somebody certified: the certification, and what it signs beside the envelope."""
    return {} if certification is None else {"certification": certification.as_facts(), "digest": digest_}


#: A line's columns → what the store calls them: `lot` is there what was filed, as in the filing, and `party` whom it
#: was taken to name on that day.
_STORED = {
    **{name: name for name in ("entry", "ordinal", "organisation", *CELLS, "dry_mg")},
    "line": "id", "lot": "lot_id", "lot_filed": "lot", "party_filed": "party",
}  # fmt: skip


def _as_filed(found: Problem) -> dict[str, object]:
    """A flag as the entry keeps it: with the name of the file, not where it lay on the filer's machine."""
    where = found.where
    name = None if where.file is None else PurePath(where.file).name
    return replace(found, where=replace(where, file=name)).as_json()


def resolved_commitment(resolved: pl.Series, salt_key: bytes) -> str:
    """Commitment to what each row resolved to (lot, party, dry mass), in the order of the rows."""
    content = sha256("\n".join(resolved.to_list()).encode()).digest()
    return journal.commitment(journal.opening_salt(salt_key, "resolved"), content)
