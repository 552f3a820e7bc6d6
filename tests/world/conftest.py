"""Two worlds shared by the tests: a small one, and one large enough to hold every kind of dirt."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from lodeline.world import build_world, write_world

sys.path.insert(0, str(Path(__file__).parent))

from reading import Dossier  # noqa: E402  (the tests' own reader stands beside this file)


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Dossier:
    """20 organisations, 3 months."""
    out = tmp_path_factory.mktemp("world") / "small"
    write_world(build_world(seed=1, organisations=20, months=3), out)
    return Dossier(out)


@pytest.fixture(scope="session")
def year(tmp_path_factory: pytest.TempPathFactory) -> Dossier:
    """60 organisations, 9 months: through the controls of April 2025 and the first licences."""
    out = tmp_path_factory.mktemp("world") / "year"
    write_world(build_world(seed=5, organisations=60, months=9), out)
    return Dossier(out)
