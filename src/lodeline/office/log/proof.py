"""Whether what the office keeps is what was written: judged against the log, from the tables as they stand.

`judge` goes with `service.log.audit.verify`, for `lodeline verify` and `lodeline restore`. A store without an office
has nothing to be judged. What nobody can show is said on the page on security: it stands in no anchor yet, or is
nowhere committed to, as an account's address and password.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Final

from lodeline.journal.verify import Fault
from lodeline.office.access import papers
from lodeline.office.access.guarded import OFFICE_TABLES, has_office
from lodeline.office.log import acts_proof, audit_proof, rights_proof, step_proof, strategy_proof
from lodeline.service.log.audit import Beside
from lodeline.service.log.judging import judged
from lodeline.store.guards import guards_of
from lodeline.store.queries.log import audit_record_count
from lodeline.store.store import Store, StoredEntry

TEXTS: Final[dict[str, tuple[str, str]]] = {
    **acts_proof.TEXTS,
    **audit_proof.TEXTS,
    **papers.TEXTS,
    **rights_proof.TEXTS,
    **step_proof.TEXTS,
    **strategy_proof.TEXTS,
}


def judge(store: Store, entries: Sequence[StoredEntry]) -> Beside:
    """What does not hold of the office, and how many audit records no anchor covers yet."""
    if not has_office(store.database):
        return Beside(texts=TEXTS, counts={"audit_records": 0, "not_anchored": 0})
    found = audit_proof.Found(faults=(), records=audit_record_count(store), not_anchored=0)

    def of_records() -> Iterator[Fault]:
        nonlocal found
        found = audit_proof.judge(store, entries)
        yield from found.faults

    return Beside(
        faults=(
            *judged("guards", partial(_guards, store)),
            *judged("audit records", of_records),
            *judged("rights", partial(rights_proof.judge, store, entries)),
            *judged("steps", partial(step_proof.judge, store, entries)),
            *judged("papers", partial(papers.judge, store)),
            *judged("acts", partial(acts_proof.judge, store)),
            *judged("strategy", partial(strategy_proof.judge, store)),
        ),
        texts=TEXTS,
        counts={"audit_records": found.records, "not_anchored": found.not_anchored},
    )


def _guards(store: Store) -> Iterator[Fault]:
    guards = guards_of(store.database, OFFICE_TABLES)
    for what, names in (("store.guard-missing", guards.missing), ("store.guard-foreign", guards.foreign)):
        for name in names:
            yield Fault(entry=None, what=what, facts={"trigger": name})
