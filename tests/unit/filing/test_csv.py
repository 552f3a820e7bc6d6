"""A CSV file becomes text cells with the right row numbers, or a problem that names the place."""

from __future__ import annotations

import resource
from collections.abc import Callable
from pathlib import Path

import pytest

from lodeline.filing.check import check
from lodeline.filing.formats import Limits
from lodeline.filing.table import Table, read

FileBytes = Callable[..., Table]
MEBIBYTE = 1024**2


def found(table: Table) -> list[tuple[str, int | None, str | None]]:
    return [(one.code, one.where.row, one.where.column) for one in table.problems]


def cells(table: Table) -> list[tuple[object, ...]]:
    return table.frame.drop("source").rows()


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_delimiters_marks_and_line_ends(file_bytes: FileBytes, delimiter: str, mark: bytes, end: str) -> None:
    text = end.join(delimiter.join(row) for row in (["event", "note"], ["A", "净重"], ["B", ""]))
    table = file_bytes("a.csv", mark + text.encode())
    assert cells(table) == [("A", "净重", 2), ("B", None, 3)]
    assert table.problems == ()


def test_line_breaks_in_quotation_marks_do_not_count_as_rows(file_bytes: FileBytes) -> None:
    table = file_bytes("a.csv", 'event,"no\nte"\nA,"x\ny"\n"B ""b"", c",z\n')
    assert cells(table) == [("A", "x\ny", 2), ('B "b", c', "z", 3)]


def test_empty_rows_are_skipped_and_counted(file_bytes: FileBytes) -> None:
    assert cells(file_bytes("a.csv", "event,note\nA,a\n\n,\n  , \nB,b\n\n")) == [("A", "a", 2), ("B", "b", 6)]


def test_a_header_alone_is_a_nil_return(file_bytes: FileBytes) -> None:
    for content in ("event,kind,on", "event,kind,on\n", "event,kind,on\r\n\r\n"):
        checked = check(file_bytes("a.csv", content), organisation="ACME", period="2025-06")
        assert (checked.rows.height, checked.problems) == (0, ())


@pytest.mark.parametrize(
    ("content", "offset", "line", "guess"),
    [
        ("event,note\nA,b\nB,净重".encode("gbk"), 17, 3, "GBK"),
        ("event,note\nA,b".encode("utf-16"), 0, 1, "UTF-16"),
        (b"event,note\nA,caf\xe9", 16, 2, "Latin-1"),
        ("事件编号,note\n".encode("gbk"), 0, 1, "GBK"),
    ],
)
def test_wrong_encoding_names_the_byte(
    file_bytes: FileBytes, content: bytes, offset: int, line: int, guess: str
) -> None:
    table = file_bytes("a.csv", content)
    (one,) = table.problems
    assert not table.readable
    assert (one.code, dict(one.facts)) == ("file.encoding", {"offset": offset, "line": line, "guess": guess})


def test_wrong_encoding_far_into_a_large_file(file_bytes: FileBytes) -> None:
    line = "A,净重净重净重净重净重净重净重\n".encode()
    count = 9 * MEBIBYTE // len(line)
    content = b"event,note\n" + line * count + b"B,\xff\n"
    (one,) = file_bytes("a.csv", content).problems
    assert (one.facts["offset"], one.facts["line"]) == (len(content) - 2, count + 2)


BROKEN = [
    (b"event,note\nA,b\nB,\0\n", ("file.nul-byte", 3, None)),
    (b"event\0,note\nA,b\n", ("file.nul-byte", 1, None)),
    (b'event,note\nA,b\nB,4.5" disc\nC,d\n', ("file.quotes", 3, None)),
    (b'event,note\nA,"b" x\nB,c\n', ("file.quotes", 2, None)),
    (b'event,note\nA,b\nB,"never closed\nC,d\n', ("file.quotes", 3, None)),
    (b"", ("file.empty", 1, None)),
    (b"\xef\xbb\xbf \n", ("file.empty", 1, None)),
    (b"event,note\rA,b\rB,c", ("file.line-ends", 1, None)),
    (b"\nevent,note\nA,b\n", ("header.missing", 1, None)),
    (b'4.5" disc,note\nA,b\n', ("file.quotes", 1, None)),
    (b'event,"note\nA,b\n', ("file.quotes", 1, None)),
    (b"a," * 500, ("column.too-many", 1, None)),
]


@pytest.mark.parametrize(("content", "problem"), BROKEN, ids=lambda value: str(value)[:30])
def test_a_broken_file_is_a_problem(
    file_bytes: FileBytes, content: bytes, problem: tuple[str, int | None, str | None]
) -> None:
    table = file_bytes("a.csv", content)
    assert not table.readable
    assert found(table) == [problem]


def test_rows_with_too_many_cells_are_named_and_the_rest_is_read(file_bytes: FileBytes) -> None:
    table = file_bytes("a.csv", 'event,note\nA,b\nB,c,d\n"C,c",d,,\nE\n')
    assert found(table) == [("row.too-many-cells", 3, None)]
    assert cells(table) == [("A", "b", 2), ("B", "c", 3), ("C,c", "d", 4), ("E", None, 5)]
    first = file_bytes("b.csv", "event\nA,b\nB\n")
    assert (found(first), cells(first)) == ([("row.too-many-cells", 2, None)], [("A", 2), ("B", 3)])


def test_a_cell_behind_an_unnamed_header_is_not_lost_silently(file_bytes: FileBytes) -> None:
    assert found(file_bytes("a.csv", "event,,note\nA,,b\n")) == []
    table = file_bytes("b.csv", "event,,note\nA,12,b\n")
    assert found(table) == [("column.unnamed", 1, None)]
    assert table.problems[0].facts == {"letter": "B"}


def test_a_long_cell_is_counted_in_characters(file_bytes: FileBytes) -> None:
    fits, long = "重" * 32_767, "重" * 32_770
    assert found(file_bytes("a.csv", f"event,note\nA,{fits}\n")) == []
    assert found(file_bytes("b.csv", f"event,lot,note\nA,b,c\nB,b,{long}\nC,{long},c")) == [
        ("cell.too-long", 3, "note"), ("cell.too-long", 4, "lot"),
    ]  # fmt: skip


def test_limits_of_the_file(file_bytes: FileBytes) -> None:
    assert found(file_bytes("a.csv", "event\nA\nB\n", limits=Limits(rows=1))) == [("file.too-many-rows", None, None)]
    assert found(file_bytes("a.csv", "event\nA\n", limits=Limits(file_bytes=5))) == [("file.too-large", None, None)]


def test_files_that_cannot_be_opened_or_are_of_another_kind(tmp_path: Path) -> None:
    assert found(read([tmp_path / "absent.csv"])) == [("file.not-found", None, None)]
    assert found(read([tmp_path / "filing.pdf"])) == [("file.unknown-format", None, None)]
    (tmp_path / "folder.csv").mkdir()
    assert found(read([tmp_path / "folder.csv"])) == [("file.not-found", None, None)]


def test_several_files_are_one_filing(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("event,mass_kg\nA,1\n")
    (tmp_path / "b.csv").write_text("批次,净重（吨）,event\nL,2,B\n")
    table = read([tmp_path / "a.csv", tmp_path / "b.csv"])
    assert table.frame.select("event", "mass_kg", "mass_t", "lot", "source", "row").rows() == [
        ("A", "1", None, None, 0, 2), ("B", None, "2", "L", 1, 2),
    ]  # fmt: skip
    checked = check(table)
    assert checked.rows["mass_mg"].to_list() == [10**6, 2 * 10**9]
    missing = [(one.where.file, one.where.row) for one in checked.problems if one.where.column == "lot"]
    assert missing == [(str(tmp_path / "a.csv"), 2)]


def test_a_large_file_is_read_like_a_small_one(tmp_path: Path) -> None:
    """Above a mebibyte the file is read from its path and by several threads; quoted line breaks must still hold."""
    rows = [(f"E{i}", "x\n" * (i % 4) + '"q", z') for i in range(60_000)]
    text = 'event,"no\nte"\n' + "".join(f'{event},"{note.replace(chr(34), chr(34) * 2)}"\n' for event, note in rows)
    path = tmp_path / "large.csv"
    path.write_text(text)
    assert path.stat().st_size > MEBIBYTE
    table = read([path])
    assert table.problems == ()
    assert table.frame["row"].to_list() == list(range(2, 60_002))
    assert table.frame.select("event", "note").rows() == rows


@pytest.mark.medium
def test_a_cell_of_200_megabytes_is_named_and_not_loaded(tmp_path: Path) -> None:
    path = tmp_path / "vast.csv"
    with path.open("wb") as stream:
        stream.write(b"event,lot,note\nA,b,c\nB,")
        for _ in range(200):
            stream.write(b"x" * MEBIBYTE)
        stream.write(b",c\nD,e,f\n")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    table = read([path])
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    assert found(table) == [("cell.too-long", 3, "lot")]
    assert grown < 120


@pytest.mark.ci
@pytest.mark.medium
def test_one_bad_cell_in_the_last_of_a_million_rows(tmp_path: Path) -> None:
    path = tmp_path / "million.csv"
    row = "SHIP-{i},shipment,2025-06-12,PLANT,L-{i},oxide:PrNd,1.5,Nd=60;Pr=20,BETA\n"
    with path.open("w") as stream:
        stream.write("event,kind,on,site,lot,product,mass_kg,composition,counterparty\n")
        stream.writelines(row.format(i=i) for i in range(999_999))
        stream.write(row.format(i=999_999).replace(",1.5,", ",1.5 kg,"))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    checked = check(read([path]), organisation="ACME", period="2025-06")
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    (one,) = checked.problems
    assert (one.code, one.where.row, one.where.column) == ("number.invalid", 1_000_001, "mass_kg")
    assert one.facts["value"] == "1.5 kg"
    assert checked.rows.height == 1_000_000
    assert grown < 1100
