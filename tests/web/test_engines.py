"""Whatever runs the parts, the same files are published; and what cannot run says why, and publishes nothing."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl
import pytest
from tests.conftest import REPOSITORY
from tests.desk import Desk as Filer
from tests.worlds import small

from lodeline.engine.running import (
    Engine,
    EngineError,
    Frames,
    Here,
    Opened,
    Processes,
    engine_of,
    parted,
)
from lodeline.store.opening import open_store
from lodeline.store.publications import Publications
from lodeline.web.publisher import Publisher


def published(url: str, engine: Opened | None) -> dict[str, bytes]:
    """What is published of a store from nothing, by the names of the files."""
    room = Publications(open_store(url)).directory
    shutil.rmtree(room, ignore_errors=True)
    assert Publisher(url, engine).publish_once() is not None
    return {str(one.relative_to(room)): one.read_bytes() for one in room.rglob("*") if one.is_file()}


@contextmanager
def in_parts(number: int) -> Iterator[Engine]:
    """In this process, in more parts than there are keys of some frames."""
    yield Here(processors=number)


@pytest.mark.medium
def test_parts_give_the_files_that_the_whole_gives(pages: None, run_room: Path, tmp_path: Path) -> None:
    url = small(run_room).copied_to(tmp_path / "store.sqlite3")
    whole = published(url, None)
    assert sum(name.endswith(".arrow") for name in whole) >= 5
    found = published(url, lambda: in_parts(10))
    assert [name for name in whole if found.get(name) != whole[name]] == []
    assert found.keys() == whole.keys()


def doubled(part: Frames) -> Frames:
    return {"rows": part["rows"].with_columns(pl.col("a") * 2)}


def complaining(part: Frames) -> Frames:
    if 3 in part["rows"]["a"]:
        raise ValueError("a row of which nobody knows")
    return part


def dividing(part: Frames) -> Frames:
    return {"rows": part["lines"].head(1 // 0)}


def dying(part: Frames) -> Frames:
    os._exit(int(part["rows"].height > 0))


ROWS = pl.DataFrame({"a": range(10)})


def parts() -> Iterator[Frames]:
    return parted(4, rows=(ROWS, pl.col("a")))


def test_rows_fall_into_one_part_each_and_keep_their_order() -> None:
    found = list(parted(4, rows=(ROWS, pl.col("a")), others=(ROWS.reverse(), pl.col("a"))))
    assert sorted(one for part in found for one in part["rows"]["a"]) == list(range(10))
    for part in found:
        assert part["rows"]["a"].is_sorted() and part["others"].reverse().equals(part["rows"])


@pytest.mark.medium
def test_a_pool_gives_what_the_parts_give_and_names_the_part_that_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(REPOSITORY)
    with engine_of("processes[2]")() as engine:
        assert isinstance(engine, Processes) and engine.processors == 2
        wanted = Here().run(doubled, parts())
        assert all(
            one["rows"].equals(other["rows"]) for one, other in zip(engine.run(doubled, parts()), wanted, strict=True)
        )
        for one in (engine, Here()):
            with pytest.raises(
                EngineError, match=r"complaining failed, and nothing .*: part \d: ValueError: a row .*py"
            ):
                one.run(complaining, parts())
        with pytest.raises(EngineError, match="dying failed, and nothing was published: one of its processes died"):
            engine.run(dying, parts())


@pytest.mark.medium
def test_where_an_engine_fails_nothing_is_published(
    pages: None, run_room: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = small(run_room).copied_to(tmp_path / "store.sqlite3")

    monkeypatch.setattr("lodeline.service.overview.by_engine.booked_by_lot", dividing)
    with pytest.raises(EngineError, match="part 1: ZeroDivisionError"):
        published(url, engine_of("here"))
    assert Publications(open_store(url)).current() is None


@pytest.mark.medium
def test_where_nobody_has_filed_there_is_nothing_to_part(pages: None, tmp_path: Path) -> None:
    filer = Filer(str(tmp_path / "store.sqlite3"))
    filer.firms("MINE")
    filer.rows("MINE", "2025-06")
    assert published(filer.store.database.url, engine_of("here")) == published(filer.store.database.url, None)


@pytest.mark.parametrize(
    "name", ["", "spark", "local", "local[]", "local[0]", "processes[0]", "processes[-1]", "spark://", "yarn", "HERE"]
)
def test_an_engine_that_there_is_not_is_refused_with_those_that_there_are(name: str) -> None:
    with pytest.raises(EngineError, match="is no engine: name one of here, processes") as refused:
        engine_of(name)
    assert "可用" in refused.value.zh


def test_without_java_or_spark_the_cure_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(EngineError, match=r"pip install 'lodeline\[spark\]'"):
        engine_of("local[2]")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: object())
    for variable, value in (("PATH", str(tmp_path)), ("JAVA_HOME", str(tmp_path))):
        with monkeypatch.context() as changed:
            if variable == "PATH":
                changed.delenv("JAVA_HOME", raising=False)
            changed.setenv(variable, value)
            with pytest.raises(EngineError, match=r"needs Java 17.*apt-get install openjdk-17") as refused:
                engine_of("spark://here:7077")
            assert "Java 17" in refused.value.zh and (variable == "PATH") != (str(tmp_path) in refused.value.en)
