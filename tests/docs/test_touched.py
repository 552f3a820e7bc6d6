"""`make touched` runs the tests that belong to what was changed, and no others."""

from __future__ import annotations

import pytest

from tests.touched import belonging_to

TESTS = (
    "tests/api/test_runs.py", "tests/browser/test_quotas.py", "tests/cli/test_law.py",
    "tests/contracts/test_draw_races.py", "tests/contracts/test_draws.py", "tests/contracts/test_lots.py",
    "tests/docs/test_docs.py", "tests/docs/test_tutorials.py",
    "tests/unit/control/test_reference_page.py", "tests/unit/filing/test_problem.py", "tests/unit/filing/test_rules.py",
    "tests/unit/party/test_words.py", "tests/unit/regulation/test_parameter.py", "tests/web/test_lots.py",
    "tests/web/test_quotas.py",
)  # fmt: skip


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("src/lodeline/web/pages/licences/quotas.py", ["tests/web/test_quotas.py"]),
        ("src/lodeline/web/templates/lodeline/lots/firm_lot.html", ["tests/web/test_lots.py"]),
        (
            "src/lodeline/service/licences/draws.py",
            ["tests/contracts/test_draw_races.py", "tests/contracts/test_draws.py"],
        ),
        ("src/lodeline/office/lots/firm_view.py", ["tests/contracts/test_lots.py", "tests/web/test_lots.py"]),
        ("src/lodeline/web/api/law.py", ["tests/cli/test_law.py"]),
        ("src/lodeline/filing/rules.py", ["tests/unit/filing/test_rules.py"]),
        ("src/lodeline/filing/typed.py", ["tests/unit/filing/test_problem.py", "tests/unit/filing/test_rules.py"]),
        ("src/lodeline/web/words/words.py", []),
        ("src/lodeline/data/regulations/cn/desk/rates.yaml", ["tests/unit/regulation/test_parameter.py"]),
        (
            "src/lodeline/data/reference/problems.csv",
            ["tests/unit/control/test_reference_page.py", "tests/unit/filing/test_problem.py"],
        ),
        ("docs/reference/law.md", ["tests/docs/test_docs.py", "tests/unit/control/test_reference_page.py"]),
        ("docs/tutorial/file-a-month.md", ["tests/docs/test_docs.py", "tests/docs/test_tutorials.py"]),
        ("tests/api/test_runs.py", ["tests/api/test_runs.py"]),
        ("tests/stores.py", []),
        ("Makefile", []),
    ],
)
def test_the_belonging_to_a_file_are_those_of_its_name_else_of_its_subject(path: str, found: list[str]) -> None:
    assert belonging_to(path, TESTS) == found
