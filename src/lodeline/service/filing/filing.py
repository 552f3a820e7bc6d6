"""File a month: the verb behind `lodeline file`, the portal and the API alike."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from lodeline.filing.check import Checked
from lodeline.journal.certification import Certification
from lodeline.ledger.problem import Problem, problem
from lodeline.regulation.parameter import Jurisdiction
from lodeline.service.entries.receipts import receipt
from lodeline.service.entries.upload import Upload
from lodeline.service.filing import posting
from lodeline.service.filing.foresight import foresee
from lodeline.service.filing.preparing import Encoded, Progress
from lodeline.store.store import Store, StoredEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class Filed:
    """What the filer gets: the entry and its receipt, or the problems that stand in the way."""

    entry: StoredEntry | None
    problems: tuple[Problem, ...]
    repeated: bool
    receipt: dict[str, object] | None


def submit(
    store: Store,
    checked: Checked,
    *,
    uploads: Sequence[Upload],
    filed_at: datetime,
    law: Jurisdiction,
    corrects: int | None = None,
    encoded: Encoded | None = None,
    certification: Certification | None = None,
    progress: Progress | None = None,
    in_transaction: Callable[[StoredEntry], None] | None = None,
    problems_shown: Sequence[Problem] | None = None,
) -> Filed:
    """Files a checked filing whole or not at all, and returns its receipt.

    `uploads` are the bytes that were checked, to be kept beside the entry. `also` is done in the transaction that
    writes a new entry. `problems_shown`: see `posting.post`.
    """
    missing = _who_and_when(checked)
    if missing:
        return Filed(entry=None, problems=(*checked.problems, *missing), repeated=False, receipt=None)
    if checked.rejects:
        return Filed(entry=None, problems=checked.problems, repeated=False, receipt=None)
    outcome = posting.post(
        store, checked, filed_at=filed_at, law=law, corrects=corrects, uploads=uploads, encoded=encoded,
        certification=certification, progress=progress, in_transaction=in_transaction, problems_shown=problems_shown,
    )  # fmt: skip
    proof = receipt(store, outcome.entry.index) if outcome.entry is not None else None
    return Filed(entry=outcome.entry, problems=outcome.problems, repeated=outcome.repeated, receipt=proof)


def preview(
    store: Store,
    checked: Checked,
    *,
    filed_at: datetime,
    law: Jurisdiction,
    corrects: int | None = None,
    encoded: Encoded | None = None,
) -> tuple[Problem, ...]:
    """Every problem that filing this now would meet; nothing is written."""
    return posting.judge_only(store, checked, filed_at=filed_at, law=law, corrects=corrects, encoded=encoded)


def preview_with_books(
    store: Store,
    checked: Checked,
    *,
    filed_at: datetime,
    law: Jurisdiction,
    corrects: int | None = None,
    encoded: Encoded | None = None,
) -> tuple[tuple[Problem, ...], dict[str, list[dict[str, Any]]] | None]:
    """`preview`, and what filing this now would do to the filer's books (`foresee`); None where it is filed already."""
    work = posting.prepare_only(store, checked, filed_at=filed_at, law=law, corrects=corrects, encoded=encoded)
    if isinstance(work, posting.Outcome):
        return tuple(work.problems), None
    assert checked.organisation, "what is judged has a filer"
    books = foresee(store, work, organisation=checked.organisation, law=law, now=filed_at)
    return tuple(work.problems), books


def _who_and_when(checked: Checked) -> list[Problem]:
    missing = []
    if checked.organisation is None:
        missing.append(problem("organisation.required"))
    if checked.period is None:
        missing.append(problem("period.required"))
    return missing


def resolve_correction(store: Store, named: str) -> int:
    """The entry that `--corrects` names: its index, or the file that was filed. -1 where there is none."""
    if named.isdecimal():
        return int(named)
    path = Path(named)
    if path.is_file():
        entry = store.entry_of_upload(sha256(path.read_bytes()).hexdigest())
        return -1 if entry is None else entry.index
    return -1
