"""On Spark of this machine: the files that are published without it, and what becomes of workers that die."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from tests.web.test_engines import published
from tests.worlds import small

from lodeline.engine.running import Engine, EngineError, Frames, engine_of, parted
from lodeline.store.opening import open_store
from lodeline.store.publications import Publications

pytest.importorskip("pyspark")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("java") is None, reason="Java is not here"),
    pytest.mark.filterwarnings("default"),
]

ROWS = pl.DataFrame({"a": range(10), "b": ["稀土", None] * 5})


def parts() -> Iterator[Frames]:
    return parted(4, rows=(ROWS, pl.col("a")))


@pytest.fixture
def spark() -> Iterator[Engine]:
    with engine_of("local[2]")() as engine:
        yield engine


@pytest.mark.parametrize("engine", ["local[2]", "processes[2]"])
def test_every_engine_publishes_the_same_bytes(engine: str, run_room: Path, tmp_path: Path) -> None:
    url = small(run_room).copied_to(tmp_path / "store.sqlite3")
    whole = published(url, None)
    found = published(url, engine_of(engine))
    assert [name for name in whole if found.get(name) != whole[name]] == []
    assert found.keys() == whole.keys()


def test_parts_come_back_in_their_order_and_as_they_are(spark: Engine) -> None:
    assert spark.processors == 2

    def same(part: Frames) -> Frames:
        return part

    found = spark.run(same, parts())
    assert all(one["rows"].equals(other["rows"]) for one, other in zip(found, parts(), strict=True))
    assert spark.run(same, []) == []


def test_a_worker_that_dies_once_is_replaced(spark: Engine, tmp_path: Path) -> None:
    died = tmp_path / "died"

    def dies_once(part: Frames) -> Frames:
        if 3 in part["rows"]["a"] and not died.exists():
            died.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return part

    found = spark.run(dies_once, parts())
    assert died.exists()
    assert pl.concat([one["rows"] for one in found]).sort("a").equals(ROWS)


def test_one_that_dies_always_and_a_function_that_fails_are_told_with_their_place(spark: Engine) -> None:
    def dies(part: Frames) -> Frames:
        os._exit(1 if 3 in part["rows"]["a"] else 0)

    def fails(part: Frames) -> Frames:
        raise ValueError("a row of which nobody knows")

    with pytest.raises(
        EngineError, match=r"dies failed, and nothing was published: .*Task \d in stage .* failed 4 times"
    ):
        spark.run(dies, parts())
    with pytest.raises(EngineError, match=r"fails failed, .*: part 1: ValueError: a row of which .*test_spark.py:\d+"):
        spark.run(fails, parts())


def test_a_worker_with_another_program_is_refused(spark: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lodeline.engine.spark.program", lambda: "another")

    def same(part: Frames) -> Frames:
        return part

    with pytest.raises(EngineError, match="a worker has another program"):
        spark.run(same, parts())


def test_where_spark_fails_nothing_is_published(
    run_room: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = small(run_room).copied_to(tmp_path / "store.sqlite3")

    def dies(part: Frames) -> Frames:
        os._exit(1)

    monkeypatch.setattr("lodeline.service.overview.by_engine.booked_by_lot", dies)
    with pytest.raises(EngineError, match="failed 4 times"):
        published(url, engine_of("local[2]"))
    assert Publications(open_store(url)).current() is None


def test_a_master_that_does_not_answer_is_said() -> None:
    with pytest.raises(EngineError, match=r"nobody answers at spark://127.0.0.1:9,localhost:9: is the master started"):
        engine_of("spark://127.0.0.1:9,localhost:9")().__enter__()
