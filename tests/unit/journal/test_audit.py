import json
import re
from pathlib import Path
from typing import Any

import pytest

from lodeline.journal import audit, merkle
from lodeline.journal.checkpoint import Checkpoint, open_checkpoint
from lodeline.journal.entry import row_leaves
from lodeline.journal.verify import Fault, text_of

DOCUMENT = Path(__file__).parents[3] / "docs" / "reference" / "journal.md"


def head(log: Any, size: int = 8) -> Checkpoint:
    return open_checkpoint(log.checkpoint(size), log.signer.verifier)


def seen(faults: list[Fault]) -> list[tuple[int | None, str]]:
    return [(fault.entry, fault.what) for fault in faults]


def test_a_whole_log_has_no_fault(log: Any) -> None:
    kept = [head(log, size) for size in (0, 1, 5, 8)]
    assert audit.audit_log(log.entries(), head=head(log), kept=kept) == []


def test_a_changed_entry_is_named_once(log: Any) -> None:
    entries = log.entries()
    entries[3] = (3, entries[3][1].replace(b'"rows":20', b'"rows":21'), entries[3][2])
    assert seen(audit.audit_log(entries, head=head(log), kept=[head(log, 5)])) == [(3, "entry.changed")]


def test_a_changed_entry_with_a_fresh_leaf_lies_between_two_checkpoints(log: Any) -> None:
    entries = log.entries()
    envelope = entries[3][1].replace(b'"rows":20', b'"rows":21')
    entries[3] = (3, envelope, merkle.leaf_hash(envelope))
    history = [head(log, size) for size in range(9)]
    assert seen(audit.audit_log(entries, head=head(log), kept=history)) == [(3, "log.fork"), (3, "log.root-differs")]
    faults = audit.audit_log(entries, head=head(log), kept=[head(log, 2)])
    assert [(fault.what, fault.facts) for fault in faults] == [("log.root-differs", {"size": 8, "first": 2, "last": 7})]


def test_a_log_rewritten_and_signed_again_is_a_fork_of_what_was_kept(log: Any) -> None:
    entries = log.entries()
    envelope = entries[3][1].replace(b'"rows":20', b'"rows":21')
    entries[3] = (3, envelope, merkle.leaf_hash(envelope))
    root = merkle.root_of_leaves([leaf for _, _, leaf in entries])
    again = Checkpoint(origin="example.org/log", size=8, root=root)
    assert audit.audit_log(entries, head=again) == []
    assert seen(audit.audit_log(entries, head=again, kept=[head(log, 4)])) == [(None, "log.fork")]


def test_missing_doubled_and_swapped_entries_are_named(log: Any) -> None:
    entries = log.entries()
    without_two = audit.audit_log([*entries[:2], *entries[4:]], head=head(log))
    assert [(fault.entry, fault.what, fault.facts) for fault in without_two] == [(2, "entry.missing", {"until": 3})]
    assert seen(audit.audit_log([*entries[:3], *entries[2:]], head=head(log))) == [(2, "entry.duplicated")]
    swapped = list(entries)
    swapped[2], swapped[6] = (2, *entries[6][1:]), (6, *entries[2][1:])
    assert seen(audit.audit_log(swapped, head=head(log))) == [
        (2, "entry.swapped"),
        (6, "entry.swapped"),
        (None, "log.root-differs"),
    ]


def test_a_truncated_log_and_an_old_backup(log: Any) -> None:
    assert seen(audit.audit_log(log.entries()[:5], head=head(log))) == [(5, "log.truncated")]
    assert audit.audit_log(log.entries()[:5], head=head(log, 5)) == []
    old_backup = audit.audit_log(log.entries()[:5], head=head(log, 5), kept=[head(log, 3), head(log)])
    assert seen(old_backup) == [(5, "log.older-than-checkpoint")]
    assert seen(audit.audit_log([], head=head(log))) == [(0, "log.truncated")]


def test_entries_after_the_signed_end_are_named(log: Any) -> None:
    assert seen(audit.audit_log(log.entries(), head=head(log, 6))) == [(6, "entry.unsigned")]


def test_what_is_no_envelope_is_named_even_if_its_hash_holds(log: Any) -> None:
    entries = [*log.entries()[:7], (7, b"{}", merkle.leaf_hash(b"{}"))]
    assert seen(audit.audit_log(entries, head=head(log)))[0] == (7, "entry.malformed")


def test_a_kept_checkpoint_must_be_signed(log: Any) -> None:
    notes = [log.checkpoint(4), log.checkpoint(5).replace("\n5\n", "\n6\n"), "nonsense"]
    kept, faults = audit.read_kept(notes, log.signer.verifier)
    assert [checkpoint.size for checkpoint in kept] == [4]
    assert [(fault.what, fault.facts["number"]) for fault in faults] == [
        ("checkpoint.signature", 2),
        ("checkpoint.malformed", 3),
    ]


def rows_faults(log: Any, cells: list[bytes], kept: bytes | None) -> list[tuple[str, dict[str, int]]]:
    root, key = merkle.root_of_leaves(row_leaves(log.cells(5), log.key(5))), log.key(5)
    faults = audit.audit_rows(entry=5, expected_root=root, count=20, cells=cells, row_salt_key=key, kept_leaves=kept)
    assert all(fault.entry == 5 for fault in faults)
    return [(fault.what, dict(fault.facts)) for fault in faults]  # type: ignore[arg-type]


TAMPERINGS: dict[str, tuple[Any, list[tuple[str, dict[str, int]]]]] = {
    "changed": (lambda rows: rows.__setitem__(4, b"forged"), [("row.changed", {"ordinal": 4})]),
    "missing": (lambda rows: rows.pop(4), [("row.missing", {"ordinal": 4})]),
    "missing at the end": (lambda rows: rows.pop(), [("row.missing", {"ordinal": 19})]),
    "two missing": (
        lambda rows: rows.__delitem__(slice(4, 6)),
        [("row.missing", {"ordinal": 4}), ("row.missing", {"ordinal": 5})],
    ),
    "inserted": (lambda rows: rows.insert(4, b"new"), [("row.inserted", {"ordinal": 4})]),
    "inserted at the end": (lambda rows: rows.append(b"new"), [("row.inserted", {"ordinal": 20})]),
    "neighbours swapped": (lambda rows: swap(rows, 4, 5), [("row.swapped", {"ordinal": 4, "with": 5})]),
    "first and last swapped": (lambda rows: swap(rows, 0, 19), [("row.swapped", {"ordinal": 0, "with": 19})]),
}


def swap(rows: list[bytes], one: int, other: int) -> None:
    rows[one], rows[other] = rows[other], rows[one]


@pytest.mark.parametrize("name", TAMPERINGS)
def test_with_leaves_kept_apart_the_row_is_named(log: Any, name: str) -> None:
    tamper, expected = TAMPERINGS[name]
    cells, kept = log.cells(5), row_leaves(log.cells(5), log.key(5))
    tamper(cells)
    assert rows_faults(log, cells, kept) == expected


@pytest.mark.parametrize("name", TAMPERINGS)
def test_with_leaves_beside_the_rows_the_row_is_named(log: Any, name: str) -> None:
    """Whole records are dropped, added or exchanged, each with its leaf; a changed one keeps the leaf it had."""
    tamper, expected = TAMPERINGS[name]
    leaves = row_leaves(log.cells(5), log.key(5))
    leaf_of = {row: leaves[at * 32 : at * 32 + 32] for at, row in enumerate(log.cells(5))}
    cells = log.cells(5)
    tamper(cells)
    beside = [leaf_of.get(row, leaf_of[log.cells(5)[4]]) for row in cells]
    assert rows_faults(log, cells, b"".join(beside)) == expected


def test_without_kept_leaves_only_the_kind_is_known(log: Any) -> None:
    cells = log.cells(5)
    assert rows_faults(log, cells, None) == []
    assert rows_faults(log, cells[1:], None) == [("row.missing", {"expected": 20, "found": 19})]
    assert rows_faults(log, [*cells, b"new"], None) == [("row.inserted", {"expected": 20, "found": 21})]
    assert rows_faults(log, [b"forged", *cells[1:]], None) == [("row.changed", {"expected": 20, "found": 20})]


def test_stored_leaves_that_are_not_those_of_the_entry_are_said(log: Any) -> None:
    cells, false_leaves = log.cells(5), bytes(32 * 20)
    assert rows_faults(log, cells, false_leaves) == [("row.leaves-changed", {})]
    assert rows_faults(log, cells[1:], false_leaves) == [
        ("row.leaves-changed", {}),
        ("row.missing", {"expected": 20, "found": 19}),
    ]


def test_a_row_changed_together_with_its_leaf_is_still_a_changed_row(log: Any) -> None:
    """Whoever knows the salts can make the leaf beside a row fit; the entry's root does not follow."""
    cells = [b"forged", *log.cells(5)[1:]]
    beside = row_leaves(cells, log.key(5))
    assert rows_faults(log, cells, beside) == [("row.changed", {"expected": 20, "found": 20})]


def test_a_wide_gap_and_a_wrong_secret_stay_readable(log: Any) -> None:
    key = log.key(5)
    rows = [f"row {number}".encode() for number in range(3000)]
    leaves = row_leaves(rows, key)
    claim: dict[str, Any] = {
        "entry": 5,
        "expected_root": merkle.root_of_leaves(leaves),
        "count": 3000,
        "kept_leaves": leaves,
    }
    gap = audit.audit_rows(cells=rows[:1000] + rows[1060:], row_salt_key=key, **claim)
    assert [fault.facts["ordinal"] for fault in gap if fault.what == "row.missing"] == list(range(1000, 1060))
    assert len(gap) == 60
    assert len(audit.audit_rows(cells=rows, row_salt_key=log.key(6), **claim)) == audit.ROW_FAULTS_MAX


def test_every_code_is_documented_and_has_words_in_both_languages() -> None:
    documented = set(re.findall(r"^\| `([a-z-]+\.[a-z-]+)` \|", DOCUMENT.read_text("utf-8"), re.MULTILINE))
    assert documented == set(audit.TEXTS)
    for english, chinese in audit.TEXTS.values():
        assert english.isascii() and not chinese.isascii()


def test_a_fault_is_said_with_its_facts() -> None:
    fault = Fault(entry=5, what="row.swapped", facts={"ordinal": 4, "with": 9})
    assert text_of(fault, "en", audit.TEXTS) == "Two rows changed places (ordinal 4, with 9)"
    assert text_of(fault, "zh", audit.TEXTS) == "两行互换 (ordinal 4, with 9)"
    assert json.loads(json.dumps(dict(fault.facts))) == {"ordinal": 4, "with": 9}


def test_the_example_of_the_reference_page_runs() -> None:
    [example] = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text("utf-8"), re.DOTALL)
    exec(compile(example, str(DOCUMENT), "exec"), {})
