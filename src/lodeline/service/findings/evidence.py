"""The evidence bundle of a finding: all that it rests on, proved against a signed checkpoint, to be checked anywhere.

A bundle holds as little as gives the same finding again: first the rows of the organisations concerned and of those
they deal with directly, then those of their neighbours, then what others filed of the same kind, then the whole
ledger. It is tried out before it is handed over: one that does not give the finding says so itself. The same finding
of the same log gives the same bytes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cached_property
from hashlib import sha256
from importlib.resources import files
from typing import Any, Final, Literal

import polars as pl

from lodeline import __version__
from lodeline.detection.finding import Finding
from lodeline.detection.identity import called, named_in
from lodeline.errors import UserError
from lodeline.filing.canonical import cells
from lodeline.journal import entry as journal
from lodeline.journal import merkle
from lodeline.journal.checkpoint import sign_checkpoint
from lodeline.journal.receipt import receipt_document
from lodeline.language import text
from lodeline.ledger.movement import makes_lot
from lodeline.ledger.register import TABLES
from lodeline.regulation.duty import next_month
from lodeline.regulation.parameter import Jurisdiction
from lodeline.service.entries.receipts import row_salt_key
from lodeline.service.entries.records import record_cells
from lodeline.service.findings.evidence_file import PACK, json_bytes, packed
from lodeline.service.findings.evidence_text import index_page, readme
from lodeline.service.findings.finding import findings
from lodeline.service.findings.recomputing import gives_its_finding
from lodeline.service.law.law import in_force
from lodeline.store.published import answered
from lodeline.store.queries import log
from lodeline.store.snapshot import Snapshot
from lodeline.store.store import Store, StoredEntry

#: Whose rows a bundle holds.
Scope = Literal["subject", "neighbours", "peers", "ledger"]
_SCOPES: Final[tuple[Scope, ...]] = ("subject", "neighbours", "ledger")
#: A bundle of more rows than this is read by nobody: it then shows the rows of the subject and says what it lacks.
ROWS_MOST: Final = 50_000

#: Whether a record goes with what of the ledger a bundle holds.
_Goes = Callable[["_Chosen", Mapping[str, Any]], bool]


class NoSuchFindingError(UserError):
    """The filings do not raise this finding, or not any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """A file that goes with a bundle: what was said and decided about the finding. `entry` commits to its bytes."""

    name: str
    content: bytes
    entry: int | None = None
    #: Steps of a case and their files, or what inspectors found.
    folder: Literal["case", "inspections"] = "case"


def bundle(
    store: Store, snapshot: Snapshot, law: Jurisdiction, finding: str, *, detector: str | None = None,
    papers: Sequence[Paper] = (),
) -> bytes:  # fmt: skip
    """The bytes of a ZIP file. `detector`: whose finding it is, where that is known.

    Raises NoSuchFindingError for a finding that is none.
    """
    from lodeline.service.findings import evidence_pdf as paper  # noqa: PLC0415  (few need what sets pages)

    of_one = {} if detector is None else {"detector": detector}
    row = called(answered(findings, store, snapshot, law, **of_one).raised, finding)
    if row is None:
        raise NoSuchFindingError(
            text("the filings raise no finding {finding}: list them with `lodeline findings --json`", finding=finding)
        )
    prover = _Prover(store, snapshot)
    for scope in _SCOPES:
        chosen = _Chosen(snapshot=snapshot, row=row, scope=scope)
        if chosen.lines.height > ROWS_MOST:
            break
        made = _made(prover, law, chosen, papers=papers, gives_it=True)
        if gives_its_finding(packed(made)):
            return packed({**made, paper.NAME: paper.evidence_pdf(made)})
    chosen = _Chosen(snapshot=snapshot, row=row, scope="subject", most=ROWS_MOST)
    made = _made(prover, law, chosen, papers=papers, gives_it=False)
    return packed({**made, paper.NAME: paper.evidence_pdf(made)})


@dataclass(frozen=True, slots=True, kw_only=True)
class Near:
    """Which rows of the ledger are near to a finding: of these parties, of these events in entries, of these kinds."""

    parties: tuple[str, ...]
    entries: tuple[int, ...]
    events: tuple[str, ...]
    kinds: tuple[str, ...]

    @classmethod
    def of(cls, row: Finding, parties: set[str], scope: Scope) -> Near:
        """Those of a finding, of whose subject these are the parties."""
        evidence = row.evidence
        # Where many are compared, what they filed of this kind is what they are compared by.
        kinds = {str(one["kind"]) for one in evidence if one.get("kind")} if scope == "peers" else set()
        return cls(
            parties=tuple(sorted(parties)), kinds=tuple(sorted(kinds)),
            entries=tuple(sorted({one["entry"] for one in evidence if isinstance(one.get("entry"), int)})),
            events=tuple(sorted({one["event"] for one in evidence if isinstance(one.get("event"), str)})),
        )  # fmt: skip


def lines_near(snapshot: Snapshot, *, near: Near | None, around: bool, most: int) -> pl.DataFrame:
    """The first `most` lines near to a finding; `around`: near to the parties of those too. All where it is None."""
    if near is None:
        return snapshot.lines.head(most)
    lines = _lines_of(snapshot.lines, near)
    if around:
        named = {*near.parties, *lines["organisation"], *lines["party"].drop_nulls()}
        lines = _lines_of(snapshot.lines, replace(near, parties=tuple(sorted(named))))
    return lines.head(most)


def _lines_of(lines: pl.DataFrame, near: Near) -> pl.DataFrame:
    is_near = (
        pl.col("organisation").is_in(near.parties)
        | pl.col("party").is_in(near.parties)
        | (pl.col("entry").is_in(near.entries) & pl.col("event").is_in(near.events))
        | pl.col("kind").is_in(near.kinds)
    )
    lots = lines.filter(is_near)["lot"].unique()
    # A lot's composition stands where it was made, whoever made it.
    return lines.filter(is_near | (pl.col("lot").is_in(lots.implode()) & makes_lot()))


class _Chosen:
    """What of the ledger a bundle holds."""

    def __init__(self, *, snapshot: Snapshot, row: Finding, scope: Scope, most: int | None = None) -> None:
        self.row, self.scope = row, scope
        self._register = snapshot.register
        known = set(snapshot.register.tables["organisations"]["id"])
        parties = known.intersection(named_in(row.subject))
        # One more than a bundle holds says that there are too many.
        self.lines = lines_near(snapshot, near=None if scope == "ledger" else Near.of(row, parties, scope),
            around=scope in ("neighbours", "peers"), most=ROWS_MOST + 1 if most is None else most,
        )  # fmt: skip
        everybody = scope in ("peers", "ledger")
        self.organisations = known if everybody else {
            *parties, *self.lines["organisation"], *self.lines["party"].drop_nulls(),
        }  # fmt: skip
        self.filers = known if everybody else {*parties, *self.lines["organisation"]}
        licences = snapshot.register.tables["licences"]
        self.licences = set(licences.filter(pl.col("exporter").is_in(self.organisations))["id"])

    def has_record(self, table: str, record: Mapping[str, Any]) -> bool:
        """Whether a record of the register goes with these rows."""
        return self.scope in ("peers", "ledger") or GOES_WITH[table](self, record)

    @cached_property
    def texts(self) -> set[str]:
        """Everything that rows may have in the place of these organisations, and whom it leads to."""
        meant = {self._register.party_of.get(one, one) for one in self.organisations}
        return self.organisations.union(meant, *map(self._register.texts_of, meant))


def _of(*columns: str) -> _Goes:
    """A record is of the organisations that stand in these columns."""
    return lambda chosen, record: any(record[column] in chosen.organisations for column in columns)


def _of_texts(*columns: str) -> _Goes:
    """A record is about what rows have in the place of a party, in these columns."""
    return lambda chosen, record: any(record[column] in chosen.texts for column in columns)


def _everybody(_chosen: _Chosen, _record: Mapping[str, Any]) -> bool:
    """A record holds for all."""
    return True


def _nobody(_chosen: _Chosen, _record: Mapping[str, Any]) -> bool:
    """Nothing follows from what nobody has confirmed; what was confirmed stands in another table."""
    return False


def _for_all_or_some(chosen: _Chosen, record: Mapping[str, Any]) -> bool:
    """For everybody or a region: whoever it is for, it says when the month was due."""
    return not record["organisations"] or not chosen.organisations.isdisjoint(record["organisations"])


#: Table of the register → whether a record of it goes with what was chosen, by what that table says whose it is.
GOES_WITH: Final[Mapping[str, _Goes]] = {
    "organisations": _of("id"),
    "sites": _of("organisation"),
    "methods": _everybody,
    "models": _of("organisation"),
    "processes": _everybody,
    "quotas": _of("organisation"),
    "licences": _of("exporter"),
    "licence_acts": lambda chosen, record: record["licence"] in chosen.licences,
    "licence_proposals": _nobody,
    "extensions": _for_all_or_some,
    "parallel_run": _everybody,
    "successions": _of("organisation", "successor"),
    "parties": _of_texts("id", "merged_into"),
    "party_names": _of_texts("name", "party"),
    "ownership": _of_texts("owner", "owned"),
    "party_proposals": _nobody,
}


class _Prover:
    """Receipts against the log as a snapshot has it; what a receipt does not show stays closed."""

    def __init__(self, store: Store, snapshot: Snapshot) -> None:
        self.store, self.snapshot = store, snapshot
        self.size = snapshot.entry + 1
        self._subtree = store.subtrees(store.head().frontier)
        root = merkle.Frontier.at(self._subtree, self.size).root()
        assert root.hex() == snapshot.root, "a snapshot is of the log that it was read from"
        self.checkpoint = sign_checkpoint(size=self.size, root=root, signer=store.signer)
        self.entries = [one for one in store.entries() if one.index < self.size]

    def receipt(
        self, entry: StoredEntry, rows: Sequence[journal.RowProof] = (), *, content: bytes | None = None
    ) -> dict[str, object]:
        """The receipt of an entry with some rows opened, and with `content`, where it commits to that."""
        salt = journal.opening_salt(row_salt_key(self.store, entry), "upload")
        return receipt_document(
            envelope=entry.envelope.encode(),
            inclusion=merkle.inclusion_proof(self._subtree, entry.index, self.size),
            checkpoint=self.checkpoint,
            vkey=self.store.signer.verifier.vkey,
            upload_sha256=None if content is None else sha256(content).digest(),
            upload_salt=None if content is None else salt,
            rows=rows,
        )

    def rows(self, entry: StoredEntry, ordinals: Sequence[int]) -> list[journal.RowProof]:
        """Proofs of rows of a filing."""
        stored = log.rows_of_entry(self.store, entry.index)
        shown = stored.filter(pl.col("ordinal").is_in(ordinals))
        encoded = [text.encode() for text in cells(shown)]
        opened = dict(zip(shown["ordinal"], encoded, strict=True))
        return journal.prove_rows(opened, b"".join(stored["leaf"].to_list()), row_salt_key(self.store, entry))

    def records(self, chosen: _Chosen) -> Iterator[tuple[StoredEntry, list[journal.RowProof]]]:
        """The entries of the register with the records of them that are in force and go with the rows chosen."""
        stored = log.records(self.store)
        newest: dict[tuple[str, str], tuple[int, int]] = {}
        by_entry: dict[int, dict[int, tuple[str, str]]] = {}
        for _, entry, ordinal, table, key, body in stored:
            if int(str(entry)) < self.size:
                place = (int(str(entry)), int(str(ordinal)))
                newest[str(table), str(key)] = place
                by_entry.setdefault(place[0], {})[place[1]] = (str(table), str(body))
        in_force = set(newest.values())
        for index, records in sorted(by_entry.items()):
            encoded = {ordinal: record_cells(table, body) for ordinal, (table, body) in records.items()}
            shown = {
                ordinal: encoded[ordinal]
                for ordinal, (table, body) in records.items()
                if (index, ordinal) in in_force
                and chosen.has_record(table, dict(zip(TABLES[table], json.loads(body), strict=True)))
            }
            entry = self.entries[index]
            key = row_salt_key(self.store, entry)
            leaves = journal.row_leaves([encoded[ordinal] for ordinal in sorted(encoded)], key)
            if shown:
                yield entry, journal.prove_rows(shown, leaves, key)

    def filings(self, chosen: _Chosen) -> Iterator[StoredEntry]:
        """The filings that say who has filed what when, as far as the rows' organisations are concerned."""
        filed = [one for one in self.entries if one.kind == "filing"]
        if not filed:
            return
        periods = sorted(filed, key=lambda one: (one.period or "", one.index))
        # When the months begin and end, and up to when anybody has filed, is asked of the whole log.
        bounds = {periods[0].index, periods[-1].index, max(filed, key=lambda one: one.filed_at).index}
        with_rows = set(chosen.lines["entry"])
        for one in filed:
            if one.organisation in chosen.filers or one.index in bounds or one.index in with_rows:
                yield one


def _made(
    prover: _Prover, law: Jurisdiction, chosen: _Chosen, *, papers: Sequence[Paper], gives_it: bool
) -> dict[str, bytes]:  # fmt: skip
    """The files of the bundle but for the paper, which is set once the bundle is known to be the one."""
    from lodeline.service.findings.evidence_pdf import SETTER  # noqa: PLC0415

    snapshot, row = prover.snapshot, chosen.row
    entries: dict[int, dict[str, object]] = {}
    ordinals: dict[int, list[int]] = {
        int(entry[0]): group["ordinal"].to_list() for entry, group in chosen.lines.group_by("entry")
    }
    for one in prover.filings(chosen):
        shown = ordinals.get(one.index, [])
        entries[one.index] = prover.receipt(one, prover.rows(one, shown) if shown else ())
    for one, records in prover.records(chosen):
        entries[one.index] = prover.receipt(one, records)
    stamp = {
        "format": PACK, "finding": row.id, "detector": row.detector, "scope": chosen.scope,
        "gives_the_finding": gives_it, "program": __version__, "entry": snapshot.entry, "root": snapshot.root,
        "as_of": snapshot.as_of, "law": law.code, "pack": law.digest, "vkey": prover.store.signer.verifier.vkey,
        "paper": SETTER,
    }  # fmt: skip
    lots = snapshot.rows("lots", "lot", chosen.lines["lot"].drop_nulls().unique().sort()).sort("lot")
    # The last day that the finding speaks of, as far as the law of then could be known when it was computed.
    ends = date.fromisoformat(next_month(row.last_period) + "-01") - timedelta(days=1)
    known = ends if snapshot.as_of is None else max(ends, date.fromisoformat(snapshot.as_of[:10]))
    law_days = in_force(law, ends, known)
    made = {
        "finding.json": json_bytes(row.as_json()),
        "stamp.json": json_bytes(stamp),
        "checkpoint.txt": prover.checkpoint.encode(),
        "data/lines.json": json_bytes(_data(chosen.lines)),
        "data/lots.json": json_bytes(lots.to_dicts()),
        "law/in-force.json": json_bytes(law_days),
        "law/parameters.csv": _reference("detector_parameters.csv"),
        "verify.py": (files("lodeline") / "journal/verify.py").read_bytes(),
        **{f"entries/{index}.json": json_bytes(document) for index, document in entries.items()},
        **_law_pack(law),
        **_papers(prover, papers),
    }
    made["README.md"] = readme(row.as_json(), stamp).encode()
    made["index.html"] = index_page(row.as_json(), stamp, law_days, made).encode()
    return made


def _data(lines: pl.DataFrame) -> list[dict[str, object]]:
    """What the rows resolved to; everything else of a row stands in its opened cells."""
    return lines.select("entry", "ordinal", "line", "party", "lot").to_dicts()


def _papers(prover: _Prover, papers: Sequence[Paper]) -> dict[str, bytes]:
    made: dict[str, bytes] = {}
    for paper in papers:
        made[f"{paper.folder}/{paper.name}"] = paper.content
        if paper.entry is not None and paper.entry < prover.size:
            document = prover.receipt(prover.entries[paper.entry], content=paper.content)
            made[f"{paper.folder}/{paper.name.removesuffix('.json')}.receipt.json"] = json_bytes(document)
    return made


def _law_pack(law: Jurisdiction) -> dict[str, bytes]:
    return {f"law/{law.code}/{path}": text.encode() for path, text in law.pack.files.items()}


def _reference(name: str) -> bytes:
    return (files("lodeline") / "data/reference" / name).read_bytes()
