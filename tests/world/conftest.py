"""Two worlds shared by the tests: a small one, and one large enough to hold nearly every kind of dirt."""

from __future__ import annotations

import pytest

from lodeline.world import build_world, write_world
from tests.world.reading import Dossier


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
    write_world(build_world(seed=8, organisations=60, months=9), out)
    return Dossier(out)
