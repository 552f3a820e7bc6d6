"""What must hold for every filing, not only for those we thought of."""

from __future__ import annotations

import csv
import io
from datetime import date
from fractions import Fraction
from unicodedata import normalize

import polars as pl
import pytest
import rfc8785
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from lodeline.filing import assay
from lodeline.filing.canonical import cells, digest, parse_cells
from lodeline.filing.cell import PARSERS, compatible
from lodeline.filing.check import check
from lodeline.filing.schema import CELLS
from lodeline.filing.table import read
from lodeline.filing.typed import extra, typed
from lodeline.material.composition import BASES, CompositionError, parse_composition, read_canonical
from lodeline.material.element import STATED_SYMBOLS
from lodeline.material.mass import UNITS_MG, parse_mass

pytestmark = pytest.mark.medium

#: What Unicode calls white space; Python also strips four separators that are none.
WHITE_SPACE = "\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=12)
VALUES = {pl.String(): TEXT, pl.Int64(): st.integers(-(2**63), 2**63 - 1), pl.Date(): st.dates()}
CELL_ROWS = st.fixed_dictionaries({name: st.none() | VALUES[dtype] for name, dtype in CELLS.items()})


@settings(deadline=None)
@given(st.lists(CELL_ROWS, min_size=1, max_size=4))
def test_canonical_rows_round_trip(rows: list[dict[str, str | int | date | None]]) -> None:
    canonical = cells(pl.DataFrame(rows, schema=CELLS))
    assert [parse_cells(text.encode()) for text in canonical] == rows


@settings(deadline=None)
@given(CELL_ROWS, st.data())
def test_any_change_of_one_cell_changes_the_bytes(row: dict[str, object], data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(list(CELLS)))
    value = data.draw(st.none() | VALUES[CELLS[name]])
    assume(value != row[name])
    both = cells(pl.DataFrame([row, row | {name: value}], schema=CELLS))
    assert both[0] != both[1]
    assert digest(both) != digest(both.reverse())
    assert digest(both[:1]) != digest(both[1:])


@settings(deadline=None)
@given(CELL_ROWS, st.integers(0, 10_000), st.binary(max_size=3))
def test_what_was_not_written_is_not_read(row: dict[str, object], place: int, junk: bytes) -> None:
    (text,) = cells(pl.DataFrame([row], schema=CELLS))
    whole = text.encode()
    place %= len(whole)
    damaged = whole[:place] + junk + whole[place + 1 :]
    assume(damaged != whole)
    try:
        found = parse_cells(damaged)
    except ValueError:
        return
    # Another row may come out, but never the same row from other bytes.
    assert cells(pl.DataFrame([found], schema=CELLS)).to_list() == [damaged.decode()]


#: Rows of a first, a second and a third version of one table.
GROWN: dict[str, pl.DataType] = {
    "lot": pl.String(),
    "mass_mg": pl.Int64(),
    "batch": pl.String(),
    "melted_on": pl.Date(),
}
NEWER = ("batch", "melted_on")


@given(st.fixed_dictionaries({name: st.none() | VALUES[dtype] for name, dtype in GROWN.items()}))
def test_columns_that_come_later_leave_the_text_of_earlier_rows_as_it_was(row: dict[str, object]) -> None:
    frame = pl.DataFrame([row], schema=GROWN)
    (text,) = cells(frame, GROWN, later=NEWER)
    assert parse_cells(text.encode(), GROWN, later=NEWER) == row
    for count in range(len(NEWER) + 1):
        known = list(GROWN)[: 2 + count]
        earlier = {name: GROWN[name] for name in known}
        if all(row[name] is None for name in GROWN.keys() - earlier.keys()):
            assert cells(frame.select(known), earlier, later=NEWER[:count]).to_list() == [text]
    with pytest.raises(ValueError, match="empty"):
        parse_cells(f"{text}-".encode(), GROWN | {"last": pl.String()}, later=(*NEWER, "last"))


SHARE = st.one_of(
    st.decimals(0, 110, places=3).map(str),
    st.decimals(0, 1, places=9).map(str),
    st.sampled_from(["0", "100.5", "100.6", "1e1", "-1", "", "NaN", "1.", " 24.1 ", "00.1", "1_0", "٣"]),
)
PART = st.tuples(
    st.sampled_from([*STATED_SYMBOLS, "nd", "ND", "Xx", " Pr ", "钕", "Al2O3", "Dy2O3", "Tb2O3"]),
    st.sampled_from(["=", " = ", "==", ""]),
    SHARE,
)
COMPOSITION = st.lists(PART.map("".join), min_size=1, max_size=6).map(";".join)


@given(st.lists(st.tuples(COMPOSITION, st.sampled_from(BASES)), min_size=1, max_size=5, unique=True))
def test_compositions_read_as_columns_agree_with_the_exact_reader(pairs: list[tuple[str, str]]) -> None:
    frame = pl.DataFrame(pairs, schema=["composition", "basis_read"], orient="row")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(assay, "ONE_BY_ONE_LIMIT", 0)
        columns = assay.read_compositions(frame)
        patch.setattr(assay, "ONE_BY_ONE_LIMIT", 1000)
        singly = assay.read_compositions(frame)
    fault_free = pl.col("code").is_null()
    assert columns.texts.filter(fault_free).rows() == singly.texts.filter(fault_free).rows()
    assert columns.texts["code"].to_list() == singly.texts["code"].to_list()
    assert columns.shares.rows() == singly.shares.filter(pl.col("text").is_in(columns.shares["text"].implode())).rows()
    for (text, basis), canonical, code in zip(pairs, columns.texts["canonical"], columns.texts["code"], strict=True):
        if code is None:
            assert read_canonical(canonical) == parse_composition(text, basis)
        elif code not in ("composition.over-100", "composition.malformed"):
            with pytest.raises(CompositionError, match=code):
                parse_composition(text, basis)


NUMBER = st.one_of(
    st.decimals(allow_nan=True, allow_infinity=True).map(str),
    st.from_regex(r"-?[0-9]{1,14}(\.[0-9]{0,10})?", fullmatch=True),
    st.text("0123456789.,-+eE １２。．", max_size=8),
)


@settings(deadline=None)
@given(NUMBER, st.sampled_from(["kg", "t", "g"]))
def test_a_mass_is_exact_or_refused(text: str, unit: str) -> None:
    column = f"mass_{unit}"
    frame = pl.DataFrame({column: [text], "source": [0], "row": [2]})
    found = typed(frame)
    value = found.frame["mass_mg"][0]
    if value is None:
        assert column in found.faults or not text.strip()
    else:
        assert parse_mass(compatible(text), unit) == value
        assert Fraction(value) == Fraction(compatible(text)) * UNITS_MG[unit]


@pytest.mark.parametrize("name", sorted(PARSERS))
@settings(deadline=None)
@given(text=st.text(max_size=12) | NUMBER | st.dates().map(str))
def test_the_two_ways_of_reading_a_cell_agree(name: str, text: str) -> None:
    """Where the expression reads a text, the function for the rest would have read the same."""
    parser = PARSERS[name]
    value = pl.DataFrame({"text": [text]}, schema={"text": pl.String()}).select(parser.plain(pl.col("text"))).item()
    if value is not None:
        read_singly = parser.other(text)
        assert (read_singly.value, read_singly.code) == (value, None)


@given(st.lists(st.dictionaries(TEXT, TEXT, max_size=4), min_size=1, max_size=4))
def test_unknown_columns_become_canonical_json(rows: list[dict[str, str]]) -> None:
    names = sorted({name for row in rows for name in row})
    data: dict[str, list[str | int | None]] = {f"?{name}": [row.get(name) for row in rows] for name in names}
    found = extra(pl.DataFrame(data | {"row": [*range(len(rows))]}))
    kept = [
        {k: v for name, cell in row.items() for k, v in [(name, normalize("NFC", cell).strip(WHITE_SPACE))] if v}
        for row in rows
    ]
    if names:
        assert isinstance(found, pl.Series)
        assert found.to_list() == [rfc8785.dumps(row).decode() if row else None for row in kept]


CELL = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r"), max_size=6)


@given(st.lists(st.tuples(CELL, CELL), max_size=12), st.sampled_from(",;\t"))
def test_csv_is_read_as_the_standard_library_reads_it(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]], delimiter: str
) -> None:
    stream = io.StringIO()
    csv.writer(stream, delimiter=delimiter, lineterminator="\n").writerows([("event", "note"), *rows])
    path = tmp_path_factory.mktemp("any") / "any.csv"
    path.write_text(stream.getvalue(), "utf-8", newline="")
    table = read([path])
    assert table.problems == ()
    kept = [(number, row) for number, row in enumerate(rows, start=2) if any(cell.strip(WHITE_SPACE) for cell in row)]
    assert table.frame["row"].to_list() == [number for number, _ in kept]
    found = [tuple(cell or "" for cell in row) for row in table.frame.select("event", "note").iter_rows()]
    assert found == [row for _, row in kept]


@given(
    st.binary(max_size=300) | st.text('ab,;\t"\r\n\ufeff重 {}[]:1e', max_size=60).map(str.encode),
    st.sampled_from([".csv", ".json", ".ndjson", ".xlsx"]),
)
def test_no_bytes_break_the_reader(tmp_path_factory: pytest.TempPathFactory, content: bytes, ending: str) -> None:
    path = tmp_path_factory.mktemp("any") / f"any{ending}"
    path.write_bytes(content)
    checked = check(read([path]), organisation="ACME", period="2025-06")
    assert checked.problems or checked.rows.height == 0


@given(st.lists(st.lists(TEXT, min_size=6, max_size=6), min_size=1, max_size=5))
def test_no_cells_break_the_check(tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]]) -> None:
    path = tmp_path_factory.mktemp("any") / "any.csv"
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["event", "on", "lot", "mass_kg", "composition", "product"])
        writer.writerows(rows)
    checked = check(read([path]), organisation="ACME", period="2025-06")
    assert checked.rejects
    assert checked.rows.columns[: len(CELLS)] == list(CELLS)
