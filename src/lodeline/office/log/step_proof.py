"""Whether each step of a case or application is the one that its entry commits to, and each such entry has its step.

With the steps are judged their files and documents, and what is kept of a case because it follows from its steps:
where it stands, whom it is about, what was handed in. A step that only arranges the authority's work has no entry, and
stands for nothing.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final

from lodeline.control.licences import licensing
from lodeline.journal import entry as journal
from lodeline.journal.verify import Fault
from lodeline.office.access.guarded import moment
from lodeline.office.findings import states as case_states
from lodeline.office.licences.document_seal import opened
from lodeline.service.entries import cases
from lodeline.service.entries.moment import utc_text
from lodeline.service.entries.salt import salt_key
from lodeline.store.database import integer
from lodeline.store.queries import log
from lodeline.store.store import Store, StoredEntry

TEXTS: Final[dict[str, tuple[str, str]]] = {
    "step.changed": (
        "A step of a case or application is not the one that its entry commits to",
        "案件或申请的步骤与其条目所承诺的内容不符",
    ),
    "step.without-entry": ("A step of a case or application has no entry", "案件或申请的步骤没有对应条目"),
    "step.missing": ("The step that an entry commits to is missing", "条目所承诺的步骤缺失"),
    "step.file-changed": ("The files of a step are not those that it states", "步骤所附文件与其所述不符"),
    "case.differs": (
        "A case or application does not stand as its steps say",
        "案件或申请的现状与其步骤不符",
    ),
}  # fmt: skip
_OF_CASE: Final = ("state", "steps", "finding", "matter", "also")
_OF_APPLICATION: Final = ("state", "steps", "relation", "of_licence", "content", "proposal", "licence", "officer")
#: Steps that have no entry.
_UNLOGGED: Final = "assigned"
Json = Mapping[str, Any]


@dataclass(slots=True)
class _Paper:
    """A case or application, and what its steps say of it."""

    reference: str
    organisation: str
    stated: dict[str, object]
    steps: dict[int, tuple[str, Json]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step:
    """A step as it stands."""

    row: int
    paper: _Paper
    number: int
    kind: str
    stated: dict[str, object]
    content: str
    entry: int | None


#: Entry → the opaque name, the number of the step, and the commitment.
_Committed = dict[int, tuple[object, object, str | None]]
#: Row of a step → the step, and the files that it states and that were not found yet.
_Stated = dict[int, tuple[_Step, list[tuple[object, ...]]]]


def judge(store: Store, entries: Sequence[StoredEntry]) -> Iterator[Fault]:
    """Every step, its entry, its files, and the papers that follow from them."""
    committed = dict(_committed(entries))
    yield from _of_cases(store, committed)
    yield from _of_applications(store, committed)
    for index, (case, step, _) in committed.items():
        yield Fault(entry=index, what="step.missing", facts={"case": str(case), "step": str(step)})


def _committed(entries: Sequence[StoredEntry]) -> Iterator[tuple[int, tuple[object, object, str | None]]]:
    for entry in entries:
        if entry.kind == cases.KIND:
            try:
                envelope = journal.Envelope.from_bytes(entry.envelope.encode())
            except journal.EntryError:
                continue  # the audit of the log has named it
            yield entry.index, (envelope.facts.get("case"), envelope.facts.get("step"), envelope.upload_hash)


def _of_cases(store: Store, committed: _Committed) -> Iterator[Fault]:
    papers = {
        integer(row[0]): _Paper(str(row[1]), str(row[2]), dict(zip(_OF_CASE, row[3:], strict=True)))
        for row in log.cases(store)
    }
    stated: _Stated = {}
    for step in _steps(papers, log.steps(store, "case")):
        content = _content(step)
        step.paper.steps[step.number] = step.kind, {}
        stands = step.paper.stated
        named = {"case": step.paper.reference, "finding": stands["finding"], "also": stands["also"] or None}
        yield from _of_step(store, step, content, committed, named)
        if content.get("files"):
            stated[step.row] = step, _listed(content["files"], "name", "kind", "sha256", "size")
    yield from _files(store, stated)
    for paper in papers.values():
        if _case_state(paper) != paper.stated["state"] or not _is_whole(paper):
            yield Fault(entry=None, what="case.differs", facts={"case": paper.reference})


def _of_applications(store: Store, committed: _Committed) -> Iterator[Fault]:
    papers = {
        integer(row[0]): _Paper(str(row[1]), str(row[2]), dict(zip(_OF_APPLICATION, row[3:], strict=True)))
        for row in log.applications(store)
    }
    stated: _Stated = {}
    for step in _steps(papers, log.steps(store, "application")):
        content = _content(step)
        step.paper.steps[step.number] = step.kind, content
        yield from _of_step(store, step, content, committed, {"application": step.paper.reference})
        stated[step.row] = step, _listed(content.get("documents"), "kind", "name", "sha256", "size")
    yield from _documents(store, papers, stated)
    for paper in papers.values():
        if _application(paper) != paper.stated or not _is_whole(paper):
            yield Fault(entry=None, what="case.differs", facts={"case": paper.reference})


def _steps(papers: Mapping[int, _Paper], rows: Iterator[tuple[object, ...]]) -> Iterator[_Step]:
    """All steps but those of a paper that is gone: their entries are then found to have none."""
    for row, paper, number, kind, at, who, organisation, content, entry in rows:
        written = moment(at)
        if integer(paper) in papers:
            yield _Step(
                row=integer(row), paper=papers[integer(paper)], number=integer(number), kind=str(kind),
                content=str(content), entry=None if entry is None else integer(entry),
                stated={"at": None if written is None else utc_text(written), "by": who, "organisation": organisation},
            )  # fmt: skip


def _listed(stated: object, *names: str) -> list[tuple[object, ...]]:
    """The files that a step states, column by column; what is no list of files states none, and fits no commitment."""
    files = stated if isinstance(stated, list) else []
    return [tuple(one.get(name) for name in names) for one in files if isinstance(one, dict)]


def _content(step: _Step) -> dict[str, Any]:
    """What the step says; nothing where it is no JSON, which its commitment shows."""
    content = _read(step.content)
    return content if isinstance(content, dict) else {}


def _of_step(
    store: Store, step: _Step, content: Json, committed: _Committed, named: Mapping[str, object]
) -> Iterator[Fault]:
    facts = {"case": step.paper.reference, "step": str(step.number)}
    columns = {
        "number": step.number, "kind": step.kind, "about": step.paper.organisation, **step.stated, **named
    }  # fmt: skip
    agrees = all(content.get(name) == value for name, value in columns.items())
    if step.entry is None:
        if step.kind != _UNLOGGED:
            yield Fault(entry=None, what="step.without-entry", facts=facts)
        elif not agrees:
            yield Fault(entry=None, what="step.changed", facts=facts)
        return
    stands = committed.pop(step.entry, None)
    if stands is None:
        yield Fault(entry=step.entry, what="step.without-entry", facts=facts)
        return
    case, number, commitment = stands
    key = salt_key(store, None, None, None, cases.place_of(case, number))
    opens = journal.upload_commitment(sha256(step.content.encode()).digest(), key) == commitment
    if not (agrees and opens and (case, number) == (step.paper.reference, step.number)):
        yield Fault(entry=step.entry, what="step.changed", facts=facts)


def _is_whole(paper: _Paper) -> bool:
    """Whether its steps are numbered from 1 without gaps, as many as it says."""
    return sorted(paper.steps) == list(range(1, integer(paper.stated["steps"]) + 1))


def _case_state(paper: _Paper) -> object:
    state: object = "open"
    for _, (kind, _) in sorted(paper.steps.items()):
        if paper.stated["matter"]:
            # A query of customs stands where its last step has put it.
            state = kind
        else:
            state = next((to for name, (_, to) in case_states.MOVES.items() if name == kind), None) or state
    return state


def _application(paper: _Paper) -> dict[str, object]:
    """What is kept of an application, as its steps say; of a draft, which nobody has handed in, as it is."""
    found = dict(paper.stated)
    if not paper.steps:
        return found | {"state": "draft"}
    found |= {"licence": "", "officer": None}
    state: object = "draft"
    proposed: object = None
    for _, (kind, content) in sorted(paper.steps.items()):
        state = next((to for name, (_, to) in licensing.MOVES.items() if name == kind), None) or state
        if kind == "submitted":
            found |= {"relation": content.get("relation"), "of_licence": content.get("of_licence")}
            if _read(paper.stated["content"]) != content.get("content"):
                found["content"] = None
        elif kind == "taken":
            found["officer"] = content.get("by")
        elif kind in ("proposed", "returned"):
            proposed = content.get("proposal") if kind == "proposed" else None
        elif kind == "granted":
            found["licence"] = content.get("licence", "")
    if _read(paper.stated["proposal"] or "null") != proposed:
        found["proposal"] = None
    return found | {"state": state}


def _read(text: object) -> object:
    try:
        return json.loads(str(text))
    except ValueError:
        return None


def _files(store: Store, stated: _Stated) -> Iterator[Fault]:
    """Steps with files that are not as they came, beside what they state, or missing."""
    wrong: set[int] = set()
    for _, step, name, kind, digest, size, content in log.case_files(store):
        _, left = stated.get(integer(step), (None, []))
        if (name, kind, digest, size) in left and _unpacked(content) == digest:
            left.remove((name, kind, digest, size))
        else:
            wrong.add(integer(step))
    wrong |= {row for row, (_, left) in stated.items() if left}
    for row in sorted(wrong):
        # A step that is gone shows by its entry.
        for reference, number, entry in log.step_of_case(store, row):
            facts = {"case": str(reference), "step": str(number)}
            yield Fault(entry=None if entry is None else integer(entry), what="step.file-changed", facts=facts)


def _documents(store: Store, papers: Mapping[int, _Paper], stated: _Stated) -> Iterator[Fault]:
    """The same of documents; those of a draft are nobody's word yet, and one of no step is wrong beside steps."""
    wrong: set[int] = set()
    for _, application, step, kind, name, digest, size, sealed in log.documents(store):
        paper = papers.get(integer(application))
        if paper is None or (step is None and not paper.steps):
            continue
        # Of no step: as if it came with the first.
        first = min((key for key, (of, _) in stated.items() if of.paper is paper), default=0)
        row = first if step is None else integer(step)
        if row not in stated:
            continue  # a step that is gone shows by its entry
        of, left = stated[row]
        is_stated = step is not None and of.paper is paper and (kind, name, digest, size) in left
        if is_stated and _is_sealed(store, paper.reference, sealed, str(digest)):
            left.remove((kind, name, digest, size))
        else:
            wrong.add(row)
    for row, (of, left) in stated.items():
        if left or row in wrong:
            facts = {"case": of.paper.reference, "step": str(of.number)}
            yield Fault(entry=of.entry, what="step.file-changed", facts=facts)


def _is_sealed(store: Store, reference: str, sealed: object, digest: str) -> bool:
    try:
        opened(store, reference, bytes(sealed), digest)  # type: ignore[call-overload]
    except (ValueError, TypeError):
        return False
    return True


def _unpacked(content: object) -> str | None:
    try:
        return sha256(zlib.decompress(bytes(content))).hexdigest()  # type: ignore[call-overload]
    except (zlib.error, TypeError):
        return None
