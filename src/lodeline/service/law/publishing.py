"""A law pack goes into the log: an officer proposes it, another publishes it, and from that entry on it is the law.

    proposed ── published     by another officer
        ├────── refused       by another officer, who says why
        ├────── withdrawn     by the one who proposed
        └────── overtaken     another pack was published since: it is proposed again

A proposal holds the files, and is made only of a pack without a fault: its tests hold, nothing contradicts itself, no
duty is left unread. A publication names the proposal, the digest, and what it was seen to change. Nothing is edited: a
pack is withdrawn by publishing another, which may be the one before.

PublishingError    this cannot be done; the law that stands goes on
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from difflib import unified_diff
from hashlib import sha256
from typing import Any, Final, Literal

from lodeline import language as lang
from lodeline.errors import UserError
from lodeline.journal.entry import canonical_json
from lodeline.language import bilingual
from lodeline.regulation.pack import Pack
from lodeline.regulation.parameter import Jurisdiction, law_of
from lodeline.regulation.replay import differing, held
from lodeline.service.entries import papers
from lodeline.service.entries.moment import utc_text
from lodeline.service.law.checking import check_files
from lodeline.store.law import law_now, pack_of_paper
from lodeline.store.opening import assert_guarded
from lodeline.store.store import LAW_KIND, LAW_PROPOSAL_KIND, OFFICE_KIND, Head, Store, StoredEntry

FORMAT: Final = "lodeline-law-v1"
REASON_CHARACTERS: Final = 4_000
#: Entries that a store has before anything is filed in it.
_OF_NO_COUNTRY: Final = frozenset({LAW_KIND, LAW_PROPOSAL_KIND, OFFICE_KIND})
#: How far ahead a preview looks for the first day on which the packs differ.
_AHEAD: Final = timedelta(days=400)
#: What is judged of the ledger, and the lines that are judged besides.
KINDS: Final = ("exports", "declarations", "filings", "findings")
PROBES: Final = "probes"
State = Literal["proposed", "published", "refused", "withdrawn", "overtaken"]
Json = dict[str, Any]
#: Done in the transaction that writes the entry; it locks nothing.
Also = Callable[[StoredEntry], None]


class PublishingError(UserError):
    """This cannot be done; the law that stands goes on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A pack that somebody proposed. `over`: digest of the law that stood then; `by`: a pseudonym; `ended_by`: the
    entry that published, refused or withdrew it, or overtook it."""

    entry: StoredEntry
    pack: str
    over: str
    by: str
    reason: str
    tests: int
    state: State
    ended_by: int | None = None

    def as_json(self) -> Json:
        return {
            "proposal": self.entry.index, "pack": self.pack, "over": self.over, "by": self.by, "reason": self.reason,
            "tests": self.tests, "proposed_at": self.entry.filed_at, "state": self.state, "ended_by": self.ended_by,
        }  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """A pack that became the law with an entry. `proposed_by`, `by`: the two officers; `preview` as `summary`."""

    entry: StoredEntry
    proposal: int
    pack: str
    proposed_by: str
    by: str
    preview: Json

    def as_json(self) -> Json:
        return {
            "entry": self.entry.index, "root": self.entry.root, "at": self.entry.filed_at, "pack": self.pack,
            "proposal": self.proposal, "proposed_by": self.proposed_by, "by": self.by, "preview": self.preview,
        }  # fmt: skip


def proposals(store: Store) -> list[Proposal]:
    """Every proposal with what became of it, the newest first."""
    ended: dict[int, tuple[State, int]] = {}
    published: list[int] = []
    for entry in (*store.entries_of(LAW_PROPOSAL_KIND), *store.entries_of(LAW_KIND)):
        facts = _facts(entry)
        if facts["act"] in ("refused", "withdrawn", "published"):
            ended[int(facts["about"])] = facts["act"], entry.index
        if facts["act"] == "published":
            published.append(entry.index)
    found = []
    for entry in store.entries_of(LAW_PROPOSAL_KIND):
        facts = _facts(entry)
        if facts["act"] != "proposed":
            continue
        later = next((index for index in published if index > entry.index), None)
        state, by = ended.get(entry.index) or (("proposed", None) if later is None else ("overtaken", later))
        found.append(
            Proposal(
                entry=entry, pack=facts["pack"], over=facts["over"], by=facts["by"], reason=facts["reason"],
                tests=facts["tests"], state=state, ended_by=by,
            )
        )  # fmt: skip
    return found[::-1]


def proposal_of(store: Store, entry: int) -> Proposal:
    """The proposal of an entry. Raises PublishingError."""
    found = next((one for one in proposals(store) if one.entry.index == entry), None)
    if found is None:
        raise PublishingError(lang.text("Entry {entry} proposes no law pack.", entry=entry))
    return found


def publications(store: Store) -> list[Publication]:
    """Every publication, the newest, which stands, first."""
    found = []
    for entry in store.entries_of(LAW_KIND):
        paper = json.loads(papers.paper_of(store, entry))
        found.append(
            Publication(
                entry=entry, proposal=paper["about"], pack=paper["pack"], proposed_by=paper["proposed_by"],
                by=paper["by"], preview=paper["preview"],
            )
        )  # fmt: skip
    return found[::-1]


def propose(
    store: Store, files: Mapping[str, bytes], *, reason: str, filed_at: datetime, by: str, code: str | None = None,
    in_transaction: Also | None = None,
) -> Proposal:  # fmt: skip
    """Enters the pack for another officer to publish. Raises PublishingError for a pack with a fault, and for the one
    that is the law already.

    Parameters
    ----------
    files : path below the pack's folder → bytes.
    code : what that folder is called, by default as that of the law that stands. Another country's law is taken by a
        store alone in which nothing is filed: what was filed was filed under the law of its country.
    """
    assert_guarded(store)
    grounds = _grounds(reason)
    now = law_now(store).code
    if code not in (None, now) and any(one.kind not in _OF_NO_COUNTRY for one in store.entries()):
        raise PublishingError(
            lang.text(
                "This store holds what was filed under the law of {now}: make another for {code}, with "
                "`lodeline init --jurisdiction FOLDER --database …`.",
                now=now,
                code=code,
            )
        )
    checked = check_files(code or now, files)
    if checked.law is None:
        faults = bilingual("\n".join(one.en for one in checked.faults), "\n".join(one.zh for one in checked.faults))
        raise PublishingError(
            lang.text("The pack is refused, and the law that stands goes on:\n{faults}", faults=faults)
        )
    pack = checked.law.pack
    with store.database.transaction():
        head = store.head(lock=True)
        standing = law_now(store)
        if standing.digest == pack.digest:
            raise PublishingError(lang.text("These very files are the law that stands: there is nothing to publish."))
        facts = {
            "act": "proposed", "by": by, "pack": pack.digest, "over": standing.digest, "reason": grounds,
            "tests": checked.tests,
        }  # fmt: skip
        entry = _put(
            store, head, LAW_PROPOSAL_KIND, facts, filed_at=filed_at, in_transaction=in_transaction,
            more={"jurisdiction": pack.code, "files": dict(pack.files)},
        )  # fmt: skip
    return proposal_of(store, entry.index)


def publish(
    store: Store, proposal: int, *, preview: Json, filed_at: datetime, by: str, in_transaction: Also | None = None
) -> Publication:
    """Another officer publishes: the pack is the law from the entry on. `preview`: as `customs.replay.replay_proposal`
    gave it, or its `summary`, which the entry keeps. Raises PublishingError."""
    assert_guarded(store)
    with store.database.transaction():
        head = store.head(lock=True)
        found = _waits(store, proposal)
        if found.by == by:
            raise PublishingError(lang.text("You proposed this pack: another officer publishes it."))
        if preview.get("other_pack") != found.pack or preview["pack"] != law_now(store).digest:
            raise PublishingError(lang.text("The preview is of other packs than these: look at it again."))
        facts = {"act": "published", "by": by, "about": proposal, "pack": found.pack, "proposed_by": found.by}
        entry = _put(
            store, head, LAW_KIND, facts, filed_at=filed_at, in_transaction=in_transaction,
            more={"over": preview["pack"], "reason": found.reason, "preview": summary(preview)},
        )  # fmt: skip
    return next(one for one in publications(store) if one.entry.index == entry.index)


def refuse(
    store: Store, proposal: int, *, reason: str, filed_at: datetime, by: str, in_transaction: Also | None = None
) -> Proposal:
    """Another officer does not publish it, or the one who proposed takes it back; both say why."""
    grounds = _grounds(reason)
    with store.database.transaction():
        head = store.head(lock=True)
        found = _waits(store, proposal)
        act = "withdrawn" if found.by == by else "refused"
        facts = {"act": act, "by": by, "about": proposal, "pack": found.pack, "reason": grounds}
        _put(store, head, LAW_PROPOSAL_KIND, facts, filed_at=filed_at, in_transaction=in_transaction, more={})
    return proposal_of(store, proposal)


def proposed_law(store: Store, proposal: int) -> Jurisdiction:
    """The law as the pack of a proposal has it. Raises PublishingError."""
    return law_of(pack_of_paper(store, proposal_of(store, proposal).entry.index))


def first_difference(law: Jurisdiction, other: Jurisdiction, today: date) -> date:
    """The first day from today on which the two laws differ as far as each can be known then; today where they do not
    within a year."""
    turns = {today}
    for one in (law, other):
        for parameter in one.parameters.values():
            for value in parameter.values:
                turns |= {value.in_force_from, value.published}
                turns |= {value.in_force_to + timedelta(days=1)} if value.in_force_to else set()
            for effect in parameter.effects:
                turns |= {effect.first, effect.published}
                turns |= {effect.last + timedelta(days=1)} if effect.last else set()
    for day in sorted(turn for turn in turns if today <= turn <= today + _AHEAD):
        if differing(held(law, day, known=day), held(other, day, known=day)):
            return day
    return today


def summary(document: Json) -> Json:
    """What a publication keeps of a preview: its stamp and day, how many of each kind were judged and differ, and the
    SHA-256 of the whole as canonical JSON without floating-point numbers."""
    if "sha256" in document:
        return document
    counts: Json = {
        kind: {"judged": document[kind]["judged"], "different": len(document[kind]["rows"])}
        for kind in (*KINDS, PROBES) if kind in document
    }  # fmt: skip
    text = json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return {
        "on": document["from"], "stamp": document["stamp"], "pack": document["pack"],
        "other_pack": document["other_pack"],
        "sha256": sha256(text.encode()).hexdigest(), "rules": len(document["law"]),
        "altered": len(document.get("altered", ())), **counts,
    }  # fmt: skip


def changed_files(before: Pack, after: Pack) -> Iterator[tuple[str, str]]:
    """(path, unified difference) of every file that is another in one pack than in the other."""
    for path in sorted({*before.files, *after.files}):
        was, now = before.files.get(path, ""), after.files.get(path, "")
        if was != now:
            lines = unified_diff(was.splitlines(), now.splitlines(), lineterm="", n=2)
            yield path, "\n".join(list(lines)[2:])


def _waits(store: Store, proposal: int) -> Proposal:
    found = proposal_of(store, proposal)
    if found.state == "overtaken":
        raise PublishingError(
            lang.text(
                "Entry {ended_by} has published another pack since: propose this one again, over that.",
                ended_by=found.ended_by,
            )
        )
    if found.state != "proposed":
        raise PublishingError(lang.text("It is decided already."))
    return found


def _put(
    store: Store, head: Head, kind: str, facts: Json, *, filed_at: datetime, in_transaction: Also | None, more: Json
) -> StoredEntry:
    content = canonical_json({"format": FORMAT, "place": head.size, "at": utc_text(filed_at), **facts, **more})
    entry = papers.put_paper(
        store, head, content, kind=kind, name=f"law-{head.size}.json", filed_at=filed_at, facts=facts
    )
    if in_transaction is not None:
        in_transaction(entry)
    return entry


def _grounds(text: str) -> str:
    stripped = text.strip()
    if not stripped or len(stripped) > REASON_CHARACTERS:
        raise PublishingError(
            lang.text(
                "Say on which notice it rests, in at most {reason_characters} characters.",
                reason_characters=REASON_CHARACTERS,
            )
        )
    return stripped


def _facts(entry: StoredEntry) -> Json:
    return json.loads(entry.envelope)["facts"]  # type: ignore[no-any-return]
