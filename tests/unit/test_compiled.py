"""Kernels run also where nothing can be kept that was compiled: on a read-only system, by any account."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.medium

KERNEL = """
from lodeline.compiled import njit


@njit(cache=True, nogil=True)
def twice(number):
    return 2 * number
"""
#: Of Linux' <sys/prctl.h> and <linux/capability.h>.
PR_CAPBSET_DROP, CAP_DAC_OVERRIDE = 24, 1


def _bound_by_modes() -> None:
    """From here on root may write only where the owner of a directory may."""
    if sys.platform == "linux" and os.getuid() == 0:
        ctypes.CDLL(None).prctl(PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, 0, 0, 0)


def run_kernel(room: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    code, home = room / "code", room / "nobody" / "home"
    (code / "__pycache__").mkdir(parents=True)
    (code / "kernel.py").write_text(KERNEL)
    home.parent.mkdir()
    locked = [code / "__pycache__", code, home.parent]
    for directory in locked:
        directory.chmod(0o555)
    kept = {name: value for name, value in os.environ.items() if name not in ("XDG_CACHE_HOME", "NUMBA_CACHE_DIR")}
    return subprocess.run(
        [sys.executable, "-c", "import kernel; print(kernel.twice(21))"],
        env=kept | {"HOME": str(home), "PYTHONPATH": os.pathsep.join([str(code), *sys.path])} | environment,
        cwd=room, capture_output=True, text=True, check=False, preexec_fn=_bound_by_modes,
    )  # fmt: skip


def test_where_nothing_can_be_kept_a_kernel_is_compiled_each_time(tmp_path: Path) -> None:
    ended = run_kernel(tmp_path)
    assert (ended.returncode, ended.stdout) == (0, "42\n"), ended.stderr
    assert "NUMBA_CACHE_DIR" in ended.stderr and "Traceback" not in ended.stderr


def test_a_directory_that_is_named_keeps_what_was_compiled(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    ended = run_kernel(tmp_path, NUMBA_CACHE_DIR=str(tmp_path / "kept"))
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "42\n", "")
    assert list((tmp_path / "kept").rglob("*.nbc"))
