"""How the tests are run: what a module makes once is made in one worker alone, and a plain login is enough."""

from __future__ import annotations

import os
import resource

import pytest


@pytest.fixture(scope="module")
def made_once() -> list[int]:
    return []


@pytest.mark.skipif("PYTEST_XDIST_WORKER" not in os.environ, reason="one process has no workers to choose from")
def test_tests_that_share_what_their_module_makes_are_kept_together(
    request: pytest.FixtureRequest, made_once: list[int]
) -> None:
    """A pytest that pytest-xdist does not understand ignores groups without a word, and everything takes longer."""
    assert request.node.nodeid.endswith("@tests/docs/test_suite.py")


def test_a_test_is_of_one_group(request: pytest.FixtureRequest) -> None:
    """Of two names pytest-xdist makes a third, whose tests may run in another worker than those of either."""
    groups = {
        item.nodeid: {mark.args[0] for mark in item.iter_markers("xdist_group")} for item in request.session.items
    }
    assert [test for test, names in groups.items() if len(names) > 1] == []


def test_a_plain_login_has_descriptors_enough() -> None:
    """Debian gives it 1 024, and lets it ask for more."""
    given, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert given == most or given >= 1 << 16
