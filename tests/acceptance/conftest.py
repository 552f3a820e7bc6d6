"""New databases of both kinds for the installed program."""

from __future__ import annotations

import pytest
from tests.cli.conftest import world
from tests.cli.program import Lodeline

#: The small world of the command line's tests stands here too.
__all__ = ["world"]


@pytest.fixture
def lodeline(url: str) -> Lodeline:
    """The program with a new, empty database of each kind in turn, in which `init` has been run."""
    program = Lodeline(database=url)
    assert program("init").status == 0
    return program
