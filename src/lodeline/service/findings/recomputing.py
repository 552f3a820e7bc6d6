"""Recomputes a finding from its evidence bundle, without the store that made it and without trusting whoever sent it.

First the proofs: every row that is used is part of an entry of the signed log. Then the finding: the detector looks at
these rows, under the law that came with them, and what it sees is held against what is claimed, figure by figure.
What a bundle cannot show is that rows were left out of it: for that, the log itself is asked.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from importlib.resources import files as resources
from pathlib import Path
from typing import Any, Final

import polars as pl

from lodeline import __version__
from lodeline import language as lang
from lodeline.accountancy.accounts import Accounts
from lodeline.accountancy.verification.frames import SINGLE, VERIFIED
from lodeline.detection.battery import DETECTORS, finding_of
from lodeline.detection.identity import called
from lodeline.detection.imbalance import TESTED
from lodeline.detection.papers import CUSTOMS, DRAWS, FILINGS, PAPERS
from lodeline.filing.canonical import parse_cells
from lodeline.filing.schema import CELLS
from lodeline.journal.checkpoint import NoteError, Verifier, open_checkpoint
from lodeline.journal.verify import Fault, text_of, verify_receipt
from lodeline.ledger.movement import LINE
from lodeline.ledger.register import TABLES, Register
from lodeline.ledger.resolution import maker_and_local
from lodeline.material.mass import PPB, share_mg_expr
from lodeline.regulation.checking import law_of_stranger
from lodeline.regulation.parameter import Jurisdiction
from lodeline.service.filing.status import filing_states
from lodeline.service.findings.evidence_file import PACK, BundleError, document, unpacked
from lodeline.service.findings.evidence_text import index_page, readme
from lodeline.service.findings.finding import SnapshotView
from lodeline.store.snapshot import Snapshot

_TEXTS: Final[Mapping[str, tuple[str, str]]] = {
    "checkpoint": ("The checkpoint is not that of the stamp", "检查点与印记不符"),
    "entry": ("A receipt is not of the entry and the checkpoint that it stands for", "回执与所代表的条目或检查点不符"),
    "row": ("The rows used are not the rows that are proved", "所用的行与已证明的行不符"),
    "paper": ("What was said in the case is not what the log holds", "核查记录与日志所载不符"),
    "detector": ("This program knows no such detector", "本程序没有该检测方法"),
    "parameters": (
        "This program draws other lines than the bundle: use the version that made it",
        "本程序的检测参数与证据包不同：请使用制作该证据包的版本",
    ),
    "text": ("What people read of it is not what its data say", "供阅读的文本与数据不符"),
    "verifier": ("The verifier in the bundle is not the one of this program", "证据包内的核验程序与本程序不同"),
    "absent": ("From these rows the detector does not see it", "由所附各行，检测方法未见该线索"),
    "differs": ("From these rows the detector sees something else", "由所附各行，检测结果不同"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Recomputed:
    """What has come of it. `gives_the_finding`: whether the bundle claims to hold all that the detector needs."""

    finding: str
    detector: str
    entry: int
    root: str
    entries: int
    rows: int
    gives_the_finding: bool
    faults: tuple[dict[str, Any], ...]

    @property
    def ok(self) -> bool:
        return not self.faults

    def as_json(self) -> dict[str, Any]:
        """What `lodeline finding recompute --json` prints."""
        return {
            "ok": self.ok, "finding": self.finding, "detector": self.detector,
            "stamp": {"entry": self.entry, "root": self.root}, "entries": self.entries, "rows": self.rows,
            "recomputed": self.gives_the_finding, "faults": list(self.faults),
        }  # fmt: skip


def recompute(content: bytes, *, vkey: str | None = None) -> Recomputed:
    """Proves and recomputes a bundle. `vkey`: the log's key, got elsewhere; without it the bundle's own is believed.

    Raises BundleError for what is no bundle, or is damaged.
    """
    files = unpacked(content)
    try:
        read = _Bundle(files)
        faults = [*_proof_faults(read, vkey or str(read.stamp["vkey"]))]
        if not faults and read.stamp["gives_the_finding"]:
            faults = [*_figure_faults(read)]
        return Recomputed(
            finding=str(read.stamp["finding"]), detector=str(read.stamp["detector"]), entry=int(read.stamp["entry"]),
            root=str(read.stamp["root"]), entries=len(read.receipts), rows=len(read.data), faults=tuple(faults),
            gives_the_finding=bool(read.stamp["gives_the_finding"]),
        )  # fmt: skip
    except (KeyError, ValueError, TypeError, AttributeError, IndexError, pl.exceptions.PolarsError) as error:
        raise BundleError(lang.text("its content cannot be read: {error!r}", error=error)) from error


def gives_its_finding(content: bytes) -> bool:
    """Whether the detector sees in a bundle what the bundle claims; its proofs are not looked at."""
    return not any(_figure_faults(_Bundle(unpacked(content))))


class _Bundle:
    """A bundle's documents, as claimed."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self.files = files
        self.stamp: dict[str, Any] = document(files, "stamp.json")
        if self.stamp["format"] != PACK:
            raise BundleError(lang.text("another format of bundle"))
        self.row: dict[str, Any] = document(files, "finding.json")
        self.data: list[dict[str, Any]] = document(files, "data/lines.json")
        self.lots: list[dict[str, Any]] = document(files, "data/lots.json")
        self.receipts: dict[int, dict[str, Any]] = {
            int(Path(name).stem): document(files, name) for name in sorted(files) if name.startswith("entries/")
        }

    @cached_property
    def envelopes(self) -> dict[int, dict[str, Any]]:
        return {index: json.loads(one["envelope"]) for index, one in self.receipts.items()}

    def opened(self, kind: str) -> Iterator[tuple[int, int, bytes]]:
        """(entry, ordinal, cells) of the rows that are shown of entries of a kind, in the order of the log."""
        for index in sorted(self.receipts):
            if self.envelopes[index]["kind"] == kind:
                for row in self.receipts[index]["rows"]:
                    yield index, row["ordinal"], bytes.fromhex(row["cells"])

    @cached_property
    def local(self) -> dict[int, str]:
        """Number of a lot → its maker's own id."""
        return {one["lot"]: maker_and_local(one["name"], one["maker"])[1] for one in self.lots}

    @cached_property
    def maker(self) -> dict[int, str]:
        """Number of a lot → whose it is by its name."""
        return {one["lot"]: one["maker"] for one in self.lots}

    @cached_property
    def lines(self) -> pl.DataFrame:
        """The rows in the columns of `ledger.movement.LINE`."""
        return self.cells.select(*LINE)

    @cached_property
    def cells(self) -> pl.DataFrame:
        """The rows: their opened cells, with where they stand and what they resolved to."""
        cells = {(entry, ordinal): parse_cells(text) for entry, ordinal, text in self.opened("filing")}
        rows = []
        for one in self.data:
            entry, ordinal = one["entry"], one["ordinal"]
            rows.append(
                {
                    **cells[entry, ordinal], "entry": entry, "ordinal": ordinal, "line": one["line"], "lot": one["lot"],
                    "maker": self.maker.get(one["lot"]), "local": self.local[one["lot"]], "party": one["party"],
                    "organisation": self.envelopes[entry]["organisation"],
                }
            )  # fmt: skip
        schema = {**CELLS, **LINE}
        frame = pl.DataFrame(rows, schema={name: kind for name, kind in schema.items() if name != "dry_mg"})
        moisture = pl.col("moisture_ppb").fill_null(0)
        return frame.with_columns(dry_mg=share_mg_expr(pl.col("mass_mg"), PPB - moisture))

    @cached_property
    def register(self) -> Register:
        records: dict[str, list[list[Any]]] = {name: [] for name in TABLES}
        for _, _, text in self.opened("register"):
            table, cells = json.loads(text)
            records[table].append(cells)
        tables = {}
        for name, schema in TABLES.items():
            stored = {column: pl.String() if kind == pl.Date else kind for column, kind in schema.items()}
            tables[name] = pl.DataFrame(records[name], schema=stored, orient="row").with_columns(
                pl.col(column).str.to_date("%Y-%m-%d") for column, kind in schema.items() if kind == pl.Date
            )
        return Register(tables=tables)

    @cached_property
    def snapshot(self) -> Snapshot:
        """The ledger, as far as the bundle shows it."""
        lots = pl.DataFrame(self.lots, schema={"lot": pl.Int64(), "name": pl.String(), "maker": pl.String()})
        return Snapshot(
            files=None, entry=self.stamp["entry"], root=self.stamp["root"], as_of=self.stamp["as_of"],
            lines=self.lines, lots=lots, register=self.register,
        )  # fmt: skip

    def law(self) -> Jurisdiction:
        """The law that came with it. Raises ValueError where it is not the one that the stamp names."""
        code = str(self.stamp["law"])
        at = f"law/{code}/"
        files = {name.removeprefix(at): content for name, content in self.files.items() if name.startswith(at)}
        law = law_of_stranger(code, files)
        if law.digest != self.stamp.get("pack", law.digest):
            raise ValueError("the law is not the one that the bundle names")
        return law


class _BundleView(SnapshotView):
    """What a detector looks at, from a bundle alone."""

    def __init__(self, read: _Bundle) -> None:
        super().__init__(store=None, snapshot=read.snapshot, law=read.law())  # type: ignore[arg-type]  # asked for nothing
        object.__setattr__(self, "_read", read)

    @cached_property
    def books(self) -> Accounts:
        """The book of the rows that it holds."""
        return self.snapshot.accounts(TESTED, self.status)

    @cached_property
    def papers(self) -> pl.DataFrame:
        """The commercial cells of the rows, as opened."""
        read: _Bundle = self._read  # type: ignore[attr-defined]
        return read.cells.select(*PAPERS)

    @cached_property
    def customs(self) -> pl.DataFrame:
        """The customs cells of the export rows, as opened."""
        read: _Bundle = self._read  # type: ignore[attr-defined]
        return read.cells.filter(pl.col("kind") == "export").select(*CUSTOMS)

    @cached_property
    def draws(self) -> pl.DataFrame:
        """A bundle holds no draw-downs: a finding that rests on them is proved by its rows, and not recomputed."""
        return pl.DataFrame(schema=dict(DRAWS))

    @property
    def verified(self) -> pl.DataFrame:
        """A bundle gives no statistics of visits: a finding that rests on them is proved by its papers."""
        return pl.DataFrame(schema=dict(VERIFIED))

    @property
    def single(self) -> pl.DataFrame:
        """As `verified`."""
        return pl.DataFrame(schema=dict(SINGLE))

    @cached_property
    def filings(self) -> pl.DataFrame:
        """The filings and corrections whose receipts came with it."""
        read: _Bundle = self._read  # type: ignore[attr-defined]
        filed = [{**one, "entry": one["index"]} for one in read.envelopes.values() if one["kind"] == "filing"]
        return pl.DataFrame(filed, schema=dict(FILINGS))

    @cached_property
    def status(self) -> pl.DataFrame:
        """As the log has it, of the filings whose receipts came with it."""
        read: _Bundle = self._read  # type: ignore[attr-defined]
        filed = [
            (one["organisation"], one["period"], one["filed_at"])
            for one in read.envelopes.values()
            if one["kind"] == "filing" and one["corrects"] is None
        ]
        columns = {"organisation": pl.String(), "period": pl.String(), "filed_at": pl.String()}
        first = pl.DataFrame(filed, schema=columns, orient="row").group_by("organisation", "period").min()
        return filing_states(first, self.register, self.law, as_of=read.stamp["as_of"])


def _proof_faults(read: _Bundle, vkey: str) -> Iterator[dict[str, Any]]:
    stamp, checkpoint = read.stamp, read.files["checkpoint.txt"].decode()
    try:
        signed = open_checkpoint(checkpoint, Verifier.read(vkey))
    except NoteError:
        yield _proof_fault(Fault(entry=None, what="checkpoint.signature"))
        return
    if (signed.size, signed.root.hex()) != (stamp["entry"] + 1, stamp["root"]):
        yield _fault("checkpoint")
    for index, receipt in read.receipts.items():
        for found in verify_receipt(receipt, vkey):
            yield _proof_fault(found)
        if receipt["entry"] != index or receipt["checkpoint"] != checkpoint:
            yield _fault("entry", entry=index)
    yield from _row_faults(read)
    yield from _paper_faults(read, vkey, checkpoint)
    yield from _text_faults(read)
    if stamp["finding"] != read.row["id"] or stamp["detector"] != read.row["detector"]:
        yield _fault("differs", named="id")


def _row_faults(read: _Bundle) -> Iterator[dict[str, Any]]:
    """Each row used is one that is proved, once, in the order of the log, of a lot that is called as it was filed."""
    proved = {(entry, ordinal): text for entry, ordinal, text in read.opened("filing")}
    used = [(one["entry"], one["ordinal"]) for one in read.data]
    numbers = [one["line"] for one in read.data]
    if set(used) != set(proved) or used != sorted(set(used)) or numbers != sorted(set(numbers)):
        yield _fault("row")
        return
    named = {one["lot"]: (one["name"], read.local[one["lot"]]) for one in read.lots}
    for one, place in zip(read.data, used, strict=True):
        if parse_cells(proved[place])["lot"] not in (*named.get(one["lot"], ()), *(() if one["lot"] else (None,))):
            yield _fault("row", entry=place[0], ordinal=place[1])


def _paper_faults(read: _Bundle, vkey: str, checkpoint: str) -> Iterator[dict[str, Any]]:
    """A step of the case is bound by its entry, and the files that came with it are bound by the step."""
    for name in read.files:
        if name.startswith(("case/", "inspections/")) and name.endswith(".receipt.json"):
            paper = read.files[name.removesuffix(".receipt.json") + ".json"]
            receipt = document(read.files, name)
            for found in verify_receipt(receipt, vkey, upload=paper):
                yield _proof_fault(found)
            if receipt["checkpoint"] != checkpoint:
                yield _fault("paper", named=name)
    stated = {
        file["sha256"]
        for name, content in read.files.items()
        if name.startswith("case/") and name.endswith(".json") and f"{name[:-5]}.receipt.json" in read.files
        for file in json.loads(content)["files"]
    }
    for name, content in read.files.items():
        if name.startswith("case/") and not name.endswith(".json") and sha256(content).hexdigest() not in stated:
            yield _fault("paper", named=name)


def _text_faults(read: _Bundle) -> Iterator[dict[str, Any]]:
    """Another version words its texts otherwise: they can be held against the data by the one that wrote them."""
    if read.stamp["program"] != __version__:
        return
    from lodeline.service.findings.evidence_pdf import NAME, SETTER, evidence_pdf  # noqa: PLC0415

    others = {name: content for name, content in read.files.items() if name not in ("README.md", "index.html")}
    page = index_page(read.row, read.stamp, document(read.files, "law/in-force.json"), others)
    for name, text in (("README.md", readme(read.row, read.stamp)), ("index.html", page)):
        if read.files[name] != text.encode():
            yield _fault("text", named=name)
    # Another setter breaks lines elsewhere; its paper can be held against the data by whoever has it.
    if read.stamp.get("paper") == SETTER and read.files.get(NAME) != evidence_pdf(read.files):
        yield _fault("text", named=NAME)


def _figure_faults(read: _Bundle) -> Iterator[dict[str, Any]]:
    detector = next((one for one in DETECTORS if one.name == read.stamp["detector"]), None)
    if detector is None:
        yield _fault("detector", named=str(read.stamp["detector"]))
        return
    if (
        read.files["law/parameters.csv"]
        != (resources("lodeline") / "data/reference/detector_parameters.csv").read_bytes()
    ):
        yield _fault("parameters")
    if read.files["verify.py"] != (resources("lodeline") / "journal/verify.py").read_bytes():
        yield _fault("verifier")
    found = called([one.stated() for one in detector.look(_BundleView(read))], read.row["id"])
    if found is None:
        yield _fault("absent")
        return
    # What became of the question is no figure.
    # What inspectors measured came after: the rows give what the books alone say.
    claimed = finding_of(read.row).by_books().as_json()
    again = json.loads(json.dumps({**found.as_json(), "state": claimed["state"]}))
    names = again.keys() | claimed.keys()
    if found.id != read.row["id"]:
        # The bundle was made when an id named the whole period: what it says of the finding is the same otherwise.
        names = claimed.keys() - {"id", "subject"}
    for name in sorted(names):
        if again.get(name) != claimed.get(name):
            yield _fault("differs", named=name)


def _fault(what: str, **facts: int | str) -> dict[str, Any]:
    words = ", ".join(f"{name} {value}" for name, value in facts.items())
    en, zh = _TEXTS[what]
    message = {"en": f"{en} ({words})" if words else en, "zh": f"{zh}（{words}）" if words else zh}
    return {"what": f"bundle.{what}", "facts": facts, "message": message}


def _proof_fault(fault: Fault) -> dict[str, Any]:
    entry = {} if fault.entry is None else {"entry": fault.entry}
    message = {"en": text_of(fault, "en"), "zh": text_of(fault, "zh")}
    return {"what": fault.what, "facts": {**entry, **fault.facts}, "message": message}
