"""Large frames in files instead of memory: written once, mapped, and let go of while nobody looks at them.

A frame is as it was, but for where it lies. Its file has no name, so that it goes with the process, however that ends,
and nobody else can open it; what another process has published lies in the file of that one. Polars reads such a file
into memory; `pyarrow` (`lodeline[large]`) maps it. Where that is not installed, and where the disk has no room, frames
stay in memory.
"""

from __future__ import annotations

import ctypes
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from threading import Event, Thread
from typing import Any, Final
from weakref import WeakValueDictionary, finalize

import polars as pl

#: Cells (rows times columns) from which on a frame is mapped: some 10 MB, the lines of half a month of a nation.
CELLS = 1_000_000
#: Bytes of a file from which on whoever reads it maps it: to load what maps takes a tenth of a second, and no national
#: year needs it for its first page.
BYTES = 32 << 20
_NAME: Final = "lodeline-mapped-"
#: Seconds after which the pages of mapped files are given back: a gigabyte is looked up again in a fifth of one.
_EVERY_S: Final = 2.0
#: Of Linux' <sys/mman.h>: pages that are read again from the file when somebody looks.
_MADV_DONTNEED: Final = 4
#: The frames that lie in files whole, by the number that each has while it lives.
_mapped: WeakValueDictionary[int, pl.DataFrame] = WeakValueDictionary()
#: Of each frame that lies in files, whole or in part, by that number: their pages. Held for as long as the frame is, so
#: that nothing else can lie there when they are given back.
_pages: dict[int, tuple[Any, ...]] = {}


def mapped(frame: pl.DataFrame, directory: Path) -> pl.DataFrame:
    """The frame, in a file of this directory where it is large."""
    if frame.height * frame.width < CELLS or _mapped.get(id(frame)) is frame or find_spec("pyarrow") is None:
        return frame
    try:
        # Column by column, each in one piece: never is all of it copied, and nobody need piece it together again.
        columns = [_mapped_column(one, directory) for one in frame.get_columns()]
    except (OSError, pl.exceptions.PolarsError):
        return frame
    found = pl.DataFrame([column for column, _ in columns])
    if found.schema != frame.schema:
        return frame
    _mapped[id(found)] = found
    return _held(found, (pages for _, pages in columns))


def in_order(frame: pl.DataFrame, order: tuple[pl.Expr, ...], directory: Path) -> pl.DataFrame:
    """The frame sorted, and `mapped` where it is large: column by column, so that it is never there twice."""
    place = frame.select(pl.arg_sort_by(*order, maintain_order=True, nulls_last=False)).to_series()
    if frame.height < CELLS:
        return mapped(frame[place], directory)
    columns = [mapped(frame.select(pl.col(name).gather(place)), directory) for name in frame.columns]
    return beside(pl.DataFrame([column.to_series() for column in columns]), *columns)


def beside(found: pl.DataFrame, *others: pl.DataFrame) -> pl.DataFrame:
    """`found`, which has columns or rows in common with these frames: the files that they lie in are its own as well,
    when one of them has gone."""
    return _held(found, (page for one in others for page in _pages.get(id(one), ())))


def read(path: Path) -> pl.DataFrame:
    """The frame in a file of another process, mapped where it is large: what is looked at is held for a few seconds.

    Raises OSError or PolarsError where the file holds no frame.
    """
    if path.stat().st_size < BYTES or find_spec("pyarrow") is None:
        return pl.read_ipc(path)
    import pyarrow  # noqa: PLC0415

    try:
        with pyarrow.memory_map(str(path)) as file:
            pages = file.read_buffer()
        table = pyarrow.ipc.open_file(pages).read_all()
        # As Polars does with what it reads: what it is given it believes, and a wrong offset would end the process.
        table.validate(full=True)
    except pyarrow.ArrowException as error:
        raise pl.exceptions.ComputeError(str(error)) from error
    found = pl.from_arrow(table, rechunk=False)
    assert isinstance(found, pl.DataFrame), "a table is a frame"
    _let_go_from_now_on()
    return _held(found, [pages])


def _held(frame: pl.DataFrame, pages: Iterable[Any]) -> pl.DataFrame:
    """The frame, with the pages of the files that it lies in."""
    before = _pages.get(id(frame), ())
    if held := {page.address: page for page in (*before, *pages)}:
        _pages[id(frame)] = tuple(held.values())
        if not before:
            finalize(frame, _pages.pop, id(frame), None)
    return frame


@cache
def _let_go_from_now_on() -> None:
    def for_ever() -> None:
        while True:
            time.sleep(_EVERY_S)
            let_go()

    Thread(target=for_ever, name="let go", daemon=True).start()


def _mapped_column(column: pl.Series, directory: Path) -> tuple[pl.Series, Any]:
    """The column in a file, and the pages of this."""
    import pyarrow  # noqa: PLC0415

    with tempfile.NamedTemporaryFile(prefix=_NAME, dir=directory) as file:
        rows = column.rechunk().to_frame()
        rows.write_ipc(file.name, compat_level=pl.CompatLevel.newest(), record_batch_size=max(rows.height, 1))
        with pyarrow.memory_map(file.name) as there:
            pages = there.read_buffer()
    found = pl.from_arrow(pyarrow.ipc.open_file(pages).read_all(), rechunk=False)
    assert isinstance(found, pl.DataFrame), "a table is a frame"
    return found.to_series(), pages


@contextmanager
def let_go_of_meanwhile() -> Iterator[None]:
    """`let_go` now and then within it, and at its end: what was looked at for one answer is not held for the next."""
    ended = Event()

    def now_and_then() -> None:
        while not ended.wait(_EVERY_S):
            let_go()

    thread = Thread(target=now_and_then, name="let go", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        let_go()


def let_go() -> None:
    """Gives back the memory that files take while frames in them are looked at; Linux alone is told."""
    if sys.platform != "linux" or not _pages:
        return
    advise = ctypes.CDLL(None).madvise
    advise.argtypes = (ctypes.c_size_t, ctypes.c_size_t, ctypes.c_int)
    # Read-only, and shared with the file: nothing that was written could be lost.
    for page in {page.address: page for pages in list(_pages.values()) for page in pages}.values():
        advise(page.address, page.size, _MADV_DONTNEED)
