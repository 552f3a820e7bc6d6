"""The evidence of a finding: a file that gives the same finding without the store, and that cannot be altered unseen."""

from __future__ import annotations

import base64
import io
import json
import re
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests import worlds
from tests.cli.program import Lodeline
from tests.formerly import formerly

from lodeline.service.findings.evidence_file import SUMS, BundleError, packed, unpacked
from lodeline.service.findings.evidence_pdf import evidence_pdf
from lodeline.service.findings.evidence_text import index_page, readme
from lodeline.service.findings.recomputing import gives_its_finding, recompute

pytestmark = pytest.mark.medium
Files = dict[str, bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A store with findings, the bundle of one of them, and where the log's key is known from."""

    lodeline: Lodeline
    rows: list[dict[str, Any]]
    row: dict[str, Any]
    bundle: Path
    vkey: str


@pytest.fixture(scope="module")
def case(run_room: Path, tmp_path_factory: pytest.TempPathFactory) -> Case:
    """A small world in which SEP-0001 never filed January and SEP-0002 was granted less than it used."""
    room = tmp_path_factory.mktemp("case")
    store = worlds.flawed(run_room).copied_to(room / "store.sqlite3")
    lodeline = Lodeline(database=store, snapshots=str(room / "snapshots"))
    document = lodeline("findings", "--json").document
    rows = document["rows"] + document["duties"]
    row = next(row for row in rows if row["detector"] == "quota-overrun")
    bundle = room / "evidence.zip"
    assert lodeline("finding", "bundle", row["id"], bundle).status == 0
    vkey = lodeline("receipt", 1).document["vkey"]
    return Case(lodeline=lodeline, rows=rows, row=row, bundle=bundle, vkey=vkey)


@pytest.fixture(scope="module")
def files(case: Case) -> Files:
    return unpacked(case.bundle.read_bytes())


@pytest.mark.ci
def test_the_bundle_of_every_kind_of_finding_gives_it_again(case: Case, tmp_path: Path) -> None:
    first = {row["detector"]: row for row in reversed(case.rows)}
    assert {"quota-overrun", "missing-filing"} <= set(first)
    for row in first.values():
        out = case.bundle if row == case.row else tmp_path / f"{row['detector']}.zip"
        assert out.exists() or case.lodeline("finding", "bundle", row["id"], out).status == 0
        answer = case.lodeline("finding", "recompute", out, "--vkey", case.vkey, "--json")
        assert answer.status == 0, answer.out
        assert (answer.document["finding"], answer.document["recomputed"]) == (row["id"], True)
        shown = unpacked(out.read_bytes())
        assert json.loads(shown["finding.json"]) == row


def test_it_needs_no_store(case: Case, tmp_path: Path) -> None:
    nowhere = Lodeline(database=str(tmp_path / "no/such/store.sqlite3"))
    for language in ("en", "zh"):
        answer = nowhere("finding", "recompute", case.bundle, language=language)
        assert answer.status == 0, answer.err
        assert ("The key was taken from the bundle itself" in answer.out) == (language == "en")
    assert list(tmp_path.iterdir()) == []


def test_the_same_finding_gives_the_same_bytes(case: Case, tmp_path: Path) -> None:
    again = tmp_path / "again.zip"
    assert case.lodeline("finding", "bundle", case.row["id"], again).status == 0
    assert again.read_bytes() == case.bundle.read_bytes()


def test_the_verifier_in_it_accepts_its_receipts_by_itself(case: Case, files: Files, tmp_path: Path) -> None:
    with zipfile.ZipFile(case.bundle) as archive:
        archive.extractall(tmp_path)
    names = sorted(name for name in files if name.startswith("entries/"))
    shown = [name for name in names if json.loads(files[name])["rows"]]
    for name in (names[0], shown[-1]):
        command = [sys.executable, "-I", "verify.py", name, "--vkey", case.vkey]
        assert subprocess.run(command, cwd=tmp_path, capture_output=True, check=False).returncode == 0
    sums = subprocess.run(["sha256sum", "-c", SUMS], cwd=tmp_path, capture_output=True, check=False)
    assert sums.returncode == 0, sums.stdout


def test_it_shows_no_more_organisations_than_it_needs(case: Case, files: Files) -> None:
    stamp = json.loads(files["stamp.json"])
    assert stamp["scope"] == "subject"
    filers = {json.loads(json.loads(files[name])["envelope"])["organisation"] for name in files if "entries/" in name}
    whole = {row["organisation"] for row in case.lodeline("balance", "--json").document["rows"]}
    assert case.row["subject"]["organisation"] in filers
    assert len(filers - {None}) < len(whole)


def test_a_flipped_byte_in_any_file_is_refused(files: Files, tmp_path: Path) -> None:
    with_sums = {**files, SUMS: packed_sums(files)}
    for name, content in with_sums.items():
        place = len(content) // 2
        flipped = content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]
        with pytest.raises(BundleError):
            recompute(zipped({**with_sums, name: flipped}))
    for name in with_sums:
        with pytest.raises(BundleError):
            recompute(zipped({other: content for other, content in with_sums.items() if other != name}))


def test_a_damaged_archive_is_refused(case: Case, tmp_path: Path) -> None:
    content = case.bundle.read_bytes()
    damaged = tmp_path / "damaged.zip"
    for changed in (b"", b"no archive", content[: len(content) // 2], content[:-100]):
        damaged.write_bytes(changed)
        answer = case.lodeline("finding", "recompute", damaged, "--json")
        assert (answer.status, answer.document["ok"]) == (1, False)


def change(name: str, alter: Callable[[Any], None]) -> Callable[[Files], None]:
    """A forger's change to a JSON file of the bundle."""

    def forge(files: Files) -> None:
        read = json.loads(files[name])
        alter(read)
        files[name] = (json.dumps(read, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode()

    return forge


def first_with_rows(files: Mapping[str, bytes]) -> str:
    return next(
        name for name in sorted(files) if name.startswith("entries/") and '"rows": []' not in files[name].decode()
    )


def heavier(files: Files) -> None:
    """A row of the ledger with another mass."""
    name = first_with_rows(files)
    read = json.loads(files[name])
    cells = bytes.fromhex(read["rows"][0]["cells"])
    read["rows"][0]["cells"] = cells.replace(b"1", b"2", 3).hex()
    files[name] = json.dumps(read).encode()


def without_entry(files: Files) -> None:
    """An entry less, and its rows."""
    name = first_with_rows(files)
    index = json.loads(files[name])["entry"]
    del files[name]
    change("data/lines.json", lambda rows: rows.__setitem__(slice(None), [r for r in rows if r["entry"] != index]))(
        files
    )


@pytest.mark.ci
@pytest.mark.parametrize(
    ("forge", "what"),
    [
        (change("finding.json", lambda row: row.update(mass_kg="1")), "bundle.differs"),
        pytest.param(
            change("finding.json", lambda row: row.update(id="ab" * 32)), "bundle.differs", marks=pytest.mark.slow
        ),
        (change("stamp.json", lambda stamp: stamp.update(root="ab" * 32)), "bundle.checkpoint"),
        pytest.param(
            change("stamp.json", lambda stamp: stamp.update(entry=3)), "bundle.checkpoint", marks=pytest.mark.slow
        ),
        pytest.param(
            change("stamp.json", lambda stamp: stamp.update(detector="no-such")),
            "bundle.differs",
            marks=pytest.mark.slow,
        ),
        (change("data/lines.json", lambda rows: rows.pop()), "bundle.row"),
        pytest.param(
            change("data/lines.json", lambda rows: rows.append(rows[0])), "bundle.row", marks=pytest.mark.slow
        ),
        (change("data/lots.json", lambda lots: lots[0].update(name="X/Y")), "bundle.row"),
        (heavier, "row.changed"),
        (without_entry, "bundle.absent"),
        (lambda files: files.update({"index.html": b"<p>All is well.</p>"}), "bundle.text"),
        pytest.param(lambda files: files.update({"README.md": b"All is well."}), "bundle.text", marks=pytest.mark.slow),
        (lambda files: files.update({"verify.py": b"print('YES')"}), "bundle.verifier"),
        (lambda files: files.update({"law/parameters.csv": b"detector,name\n"}), "bundle.parameters"),
        (lambda files: files.update({"case/note.txt": b"He said so."}), "bundle.paper"),
    ],
)
def test_a_forger_who_makes_the_sums_anew_is_found_out(
    files: Files, forge: Callable[[Files], None], what: str
) -> None:  # fmt: skip
    forged = dict(files)
    forge(forged)
    assert forged != files
    if what != "bundle.text":
        # What people read is made anew as well.
        row, stamp, law = (json.loads(forged[name]) for name in ("finding.json", "stamp.json", "law/in-force.json"))
        forged["README.md"] = readme(row, stamp).encode()
        forged["index.html"] = index_page(row, stamp, law, forged).encode()
        forged["evidence.pdf"] = evidence_pdf(forged)
    assert what in {fault["what"] for fault in recompute(packed(forged)).faults}


def test_a_bundle_of_another_log_is_none_of_this_key(case: Case, files: Files) -> None:
    other = case.vkey.replace("+", "x+", 1)
    assert [fault["what"] for fault in recompute(packed(files), vkey=other).faults] == ["checkpoint.signature"]


def test_a_finding_that_is_none_is_refused(case: Case, tmp_path: Path) -> None:
    answer = case.lodeline("finding", "bundle", "ab" * 32, tmp_path / "none.zip")
    assert answer.status == 2
    assert "raise no finding" in answer.said
    assert not (tmp_path / "none.zip").exists()


def packed_sums(files: Files) -> bytes:
    """The sums that come with these files."""
    with zipfile.ZipFile(io.BytesIO(packed(files))) as archive:
        return archive.read(SUMS)


def zipped(files: Files) -> bytes:
    """A ZIP of files as they are."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


def test_paper_says_what_the_bundle_holds_in_both_languages(case: Case, files: Files) -> None:
    told = pdf_text(files["evidence.pdf"])
    assert case.row["id"] in told
    for words in (
        "A finding is a question, not a verdict.",
        "线索是疑问，不是结论",
        case.row["explanation"]["zh"][:12],
    ):
        assert words.replace(" ", "") in told
    for name in files:
        assert name == "evidence.pdf" or name.replace(" ", "") in told, name
    leaf = json.loads(files["entries/1.json"])["leaf_hash"]
    assert leaf in told


def test_altered_paper_is_named(case: Case, files: Files) -> None:
    changed = packed({**files, "evidence.pdf": files["evidence.pdf"].replace(b"/Author", b"/Writer")})
    verdict = recompute(changed, vkey=case.vkey)
    assert [fault["facts"]["named"] for fault in verdict.faults] == ["evidence.pdf"]


def pdf_text(content: bytes) -> str:
    """What a PDF of ours shows, without blanks: each string in the encoding of the font that was set before it."""
    chinese = re.findall(rb"/BaseFont /STSong-Light /DescendantFonts.*?/Name /(F\d+)", content, re.DOTALL)[0]
    found = []
    for stream in re.findall(rb"stream\r?\n(.*?)endstream", content, re.DOTALL):
        drawn, font = zlib.decompress(base64.a85decode(stream.strip().removesuffix(b"~>"))), b""
        for name, text in re.findall(rb"/(F\d+) [\d.]+ Tf|\(((?:\\.|[^\\)])*)\) Tj", drawn, re.DOTALL):
            font = name or font
            raw = re.sub(rb"\\([0-7]{3}|.)", _unescaped, text, flags=re.DOTALL)
            found.append(raw.decode("utf-16-be" if font == chinese else "cp1252", "replace"))
    return "".join(found).replace(" ", "")


def _unescaped(found: re.Match[bytes]) -> bytes:
    escaped = found[1]
    if len(escaped) == 3:
        return bytes([int(escaped, 8)])
    return {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}.get(escaped, escaped)


def test_long_answer_goes_on_over_pages(files: Files) -> None:
    step: dict[str, Any] = {
        "at": "2025-07-01T00:00:00Z", "kind": "answered", "organisation": "SEP-0002", "until": None,
        "stands_until": None, "text": "我方说明如下。" * 1100 + "\n" * 300 + "The end.", "files": [],
    }  # fmt: skip
    receipt = files["entries/1.json"]
    told = pdf_text(
        evidence_pdf(
            {**files, "case/001-answered.json": json.dumps(step).encode(), "case/001-answered.receipt.json": receipt}
        )
    )
    assert told.count("我方说明如下。") > 1000 and "Theend." in told


def test_paper_tells_what_inspectors_measured_and_laboratories_found(files: Files) -> None:
    frame = {"site": "mine", "on": "2025-02-10", "seals": [], "note": "", "rows": []}
    item = {
        "name": "MINE/ORE", "outcome": "present", "dry_mg": 930_600_000, "declared_mg": 10**9, "composition": None,
        "seal": None,
    }  # fmt: skip
    gone = {**item, "name": "MINE/GONE", "outcome": "shipped", "dry_mg": None, "declared_mg": None}
    result = {"name": "MINE/ORE", "bag": "B-1", "reference_material": None, "composition": "Nd=198000000"}
    step = {"bag": "B-1", "from": "authority", "to": "Courier", "at": "2025-02-10"}
    papers = (
        {**frame, "act": "measurement", "rows": [item, gone]}, {**frame, "act": "custody", "bags": [step]},
        {**frame, "act": "result", "rows": [result]},
    )  # fmt: skip
    entered = {f"inspections/{number}.json": json.dumps(one).encode() for number, one in enumerate(papers)}
    receipts = {name.replace(".json", ".receipt.json"): files["entries/1.json"] for name in entered}
    told = pdf_text(evidence_pdf({**files, **entered, **receipts}))
    for words in (
        "MINE/ORE:930.6kgdry,declared1000kgnet",
        "MINE/GONE:shipped",
        "B-1:authority→Courier",
        "MINE/OREB-1:Nd",
    ):
        assert words in told, words


def test_a_bundle_of_before_and_an_id_of_before_give_the_finding_that_they_name(
    case: Case, files: Files, tmp_path: Path
) -> None:
    row = json.loads(files["finding.json"])
    old = formerly(row)
    out = tmp_path / "evidence.zip"
    assert case.lodeline("finding", "bundle", old["id"], out).status == 0
    assert out.read_bytes() == case.bundle.read_bytes()
    assert gives_its_finding(packed({**files, "finding.json": json.dumps(old).encode()}))
    another = {**old, "mass_kg": "1"}
    assert not gives_its_finding(packed({**files, "finding.json": json.dumps(another).encode()}))
    assert not gives_its_finding(packed({**files, "finding.json": json.dumps({**old, "id": "00" * 32}).encode()}))
