"""What the audit records say of runs of scenarios: which bytes came of each, which were published, which withdrawn.

The records are anchored in the log. So the tables of runs and releases can be compared with the act that
made it, by `lodeline verify` and before an agency is shown anything.
"""

from __future__ import annotations

import json
import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final, Literal

from lodeline.store.database import integer
from lodeline.store.queries.access import recorded
from lodeline.store.store import Store

BEGIN: Final = "strategy.begin"
COMPUTED: Final = "strategy.computed"
_PUBLISH, _WITHDRAW = "strategy.publish", "strategy.withdraw"
#: How something differs from what is recorded of it.
How = Literal["changed", "missing", "without-act"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """A run as it was published. `withdrawn_by`: a pseudonym, None where it is not withdrawn."""

    run: str
    scenario: str
    sha256: str
    told: int
    kept_back: int
    who: str
    withdrawn_by: str | None = None


def release_of(row: Mapping[str, Any]) -> Release:
    """A release as its row says (columns of the table by name): its digest is that of the bytes that it holds."""
    digest = unpacked_sha256(row["content"])
    return Release(
        run=row["run"], scenario=row["scenario"], sha256=digest if digest == row["sha256"] else "", told=row["told"],
        kept_back=row["kept_back"], who=row["who"],
        withdrawn_by=None if row["withdrawn_at"] is None else row["withdrawn_by"],
    )  # fmt: skip


def differing_releases(store: Store, kept: Iterable[Release]) -> Iterator[tuple[How, str]]:
    """How the releases that are kept, in the order in which they were made, differ from what is recorded; of which
    run."""
    acts: dict[str, list[Release]] = defaultdict(list)
    for _, what, who, run, facts in recorded(store, (_PUBLISH, _WITHDRAW)):
        if what == _PUBLISH:
            stated = _facts(facts)
            acts[str(run)].append(
                Release(
                    run=str(run), scenario=stated.get("scenario", ""), sha256=stated.get("sha256", ""),
                    told=stated.get("told", 0), kept_back=stated.get("kept_back", 0), who=str(who),
                )
            )  # fmt: skip
        elif acts[str(run)]:
            acts[str(run)][-1] = _withdrawn(acts[str(run)][-1], str(who))
    for one in kept:
        made = acts[one.run].pop(0) if acts[one.run] else None
        if made != one:
            yield "without-act" if made is None else "changed", one.run
    for run, left in acts.items():
        for _ in left:
            yield "missing", run


def _withdrawn(one: Release, who: str) -> Release:
    return Release(
        run=one.run, scenario=one.scenario, sha256=one.sha256, told=one.told, kept_back=one.kept_back, who=one.who,
        withdrawn_by=who,
    )  # fmt: skip


@dataclass(slots=True)
class Computed:
    """What is recorded of runs: of which it must be recorded what came of them, and what came of them.

    asked  digest of what was asked, and of the run, of each that was computed
    again  digest of the last time that it was computed once more
    """

    asked: dict[str, tuple[str, str]] = field(default_factory=dict)
    again: dict[str, str] = field(default_factory=dict)
    begun: dict[str, int] = field(default_factory=dict)
    first: int | None = None

    def must_be_recorded(self, run: str) -> bool:
        """Whether a run that is done was begun when what comes of runs was recorded already, or by nobody."""
        return run not in self.begun or (self.first is not None and self.begun[run] > self.first)


def computed(store: Store, run: str | None = None) -> Computed:
    """What is recorded of all runs, or of one."""
    found = Computed()
    for number, what, _, subject, facts in recorded(store, (BEGIN, COMPUTED), subject=run):
        stated = _facts(facts)
        if what == BEGIN:
            found.begun[str(subject)] = integer(number)
        elif stated.get("again"):
            found.again[str(subject)] = str(stated.get("sha256"))
        else:
            # The first counts: the same bytes come of it each time.
            found.asked.setdefault(str(subject), (str(stated.get("asked")), str(stated.get("sha256"))))
            found.first = integer(number) if found.first is None else found.first
    return found


def asked_sha256(*, scenario: str, entry: int, root: str, draws: int | None, digests: str) -> str:
    """The digest of what a run was asked."""
    stated = [scenario, entry, root, draws, digests]
    return sha256(json.dumps(stated, separators=(",", ":")).encode()).hexdigest()


def unpacked_sha256(content: Any) -> str:
    """SHA-256 of what is kept compressed; nothing where it cannot be unpacked."""
    try:
        return sha256(zlib.decompress(bytes(content))).hexdigest()
    except (zlib.error, TypeError):
        return ""


def _facts(text: object) -> dict[str, Any]:
    try:
        facts = json.loads(str(text))
    except ValueError:
        return {}
    return facts if isinstance(facts, dict) else {}
