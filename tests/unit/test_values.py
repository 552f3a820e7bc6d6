"""Answers as files hold them: every kind comes back as it was, and nothing else has a form."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from lodeline.language import bilingual
from lodeline.service.lots.aliases import AliasError
from lodeline.service.overview.overview import Months
from lodeline.store.publications import plain
from lodeline.store.values import UnpublishableError, packed, unpacked

LEAVES = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5) | st.binary(max_size=5)
    | st.dates() | st.datetimes(timezones=st.just(UTC))
)  # fmt: skip
KEYS = st.text(max_size=4) | st.just("$") | st.integers() | st.tuples(st.integers(), st.text(max_size=2))
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=4) | st.lists(inner, max_size=4).map(tuple) | st.dictionaries(KEYS, inner, max_size=4)
        | st.frozensets(st.integers() | st.text(max_size=3), max_size=4) | st.sets(st.integers(), max_size=4)
    ),
    max_leaves=20,
)  # fmt: skip


def there_and_back(value: Any) -> Any:
    stated, frames = packed(value)
    return unpacked(json.loads(json.dumps(stated)), lambda number: frames[number])


@given(VALUES)
def test_every_value_comes_back_with_its_types_and_order(value: Any) -> None:
    back = there_and_back(value)
    assert back == value
    assert type(back) is type(value)


def test_a_set_has_one_form_whatever_its_order() -> None:
    names = [f"FIRM-{number}" for number in range(40)]
    other = frozenset(reversed(names))
    assert packed(frozenset(names)) == packed(other)
    # Sets of equal elements that were filled in another order may be gone through in another one.
    assert packed(frozenset(names))[0]["of"] == sorted(names)


def test_frames_arrays_classes_and_errors_come_back() -> None:
    frame = pl.DataFrame({"lot": [1, 2], "on": [date(2025, 1, 2), None]})
    months = Months(all=("2025-01", "2025-02"), newest="2025-02")
    value: dict[Any, Any] = {
        "frame": (frame, frame.head(1)),
        "array": np.arange(6.0).reshape(2, 3),
        "class": months,
        3: np.int64(7),
    }
    back = there_and_back(value)
    assert_frame_equal(back["frame"][0], frame)
    assert_frame_equal(back["frame"][1], frame.head(1))
    assert np.array_equal(back["array"], value["array"]) and back["class"] == months and back[3] == 7
    refused = there_and_back(AliasError(bilingual("No.", "不可。")))
    assert isinstance(refused, AliasError) and (refused.en, refused.zh, str(refused)) == ("No.", "不可。", "No.")


@dataclass
class Elsewhere:
    one: int


@pytest.mark.parametrize("value", [object(), Elsewhere(1), print, ValueError("x"), bytearray(b"x"), {"a": [object()]}])
def test_what_has_no_form_is_refused(value: Any) -> None:
    with pytest.raises(UnpublishableError):
        packed(value)


@pytest.mark.parametrize(
    "name", ["os:system", "lodeline.store.published:function_of", "lodeline.store.values:packed", "builtins:eval"]
)
@pytest.mark.parametrize("kind", ["class", "error"])
def test_a_file_names_no_function_to_call(name: str, kind: str) -> None:
    with pytest.raises((UnpublishableError, AttributeError)):
        unpacked({"$": kind, "name": name, "of": {"args": ["true"], "facts": {}}}, lambda number: pl.DataFrame())


def test_a_moment_keeps_its_clock() -> None:
    at = datetime(2025, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert there_and_back((at, at.date())) == (at, date(2025, 1, 2))


def test_equal_frames_are_written_alike_whatever_lies_under_a_null() -> None:
    whole = pl.DataFrame({"a": [1.5, None, 3.0], "b": ["稀土", None, "a text that is longer than its view"]})
    pieces = whole.with_columns(a=pl.col("a").fill_null(float("nan")).fill_nan(None))
    pieces = pl.concat([pieces.slice(0, 1), pieces.slice(1)])
    assert pieces.equals(whole)
    written = [io.BytesIO(), io.BytesIO()]
    for frame, into in zip((whole, pieces), written, strict=True):
        plain(frame).write_ipc(into)
    assert written[0].getvalue() == written[1].getvalue() and plain(pieces).equals(whole)
