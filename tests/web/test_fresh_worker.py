"""What a process that answers has not loaded before anybody asks: it would cost each of them memory and start."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.medium

#: Compilers and solvers, writers of workbooks, papers and codes, and what belongs to the command line or to programs.
NOT_LOADED = (
    "numba", "scipy", "highspy", "openpyxl", "reportlab", "qrcode", "pypinyin", "pandas", "pyarrow", "typer", "rich",
    "ninja",
)  # fmt: skip


def test_a_fresh_worker_has_not_loaded_what_few_pages_need() -> None:
    code = (
        "import sys; from lodeline.web.wsgi import application; import lodeline.web.urls;"
        f" print(*sorted(set({NOT_LOADED!r}) & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ)
    assert done.stdout == "\n"
