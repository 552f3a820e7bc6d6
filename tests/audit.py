"""What is installed, as a list, and what is known against it: `make audit`.

Writes `var/sbom.json` (CycloneDX) of the packages that run, and asks for published weaknesses of all that are locked.
It fails only where the question was answered and a release mends what was found: all else is reported.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

REPOSITORY: Final = Path(__file__).parents[1]
#: Each holds what runs as well, so that of `run` alone nothing is asked.
LOCKS: Final = ("dev", "spark", "large")
_PATIENCE_S: Final = 300


def judged(report: Mapping[str, Any]) -> tuple[list[str], bool]:
    """Lines about a report of `pip-audit --format json`, and whether an update mends something.

    A service that knows none of the packages gives the same exit code as one that finds nothing.
    """
    packages: list[Mapping[str, Any]] = report["dependencies"]
    asked = [one for one in packages if "skip_reason" not in one]
    if not asked:
        return [could_not(f"nothing is known of any of {len(packages)} packages")], False
    lines, can_be_mended = [], False
    for one in asked:
        for found in one["vulns"]:
            mended = found["fix_versions"]
            can_be_mended |= bool(mended)
            cure = f"update to {' or '.join(mended)}, then `make lock`" if mended else "no release mends it yet"
            lines.append(f"{one['name']} {one['version']}: {found['id']}; {cure}")
    lines.append(f"{len(asked)} packages asked about, {len(lines)} weaknesses found")
    if left := sorted({one["name"] for one in packages if "skip_reason" in one}):
        lines.append(f"of {len(left)} nothing is known: {', '.join(left)}")
    return lines, can_be_mended


def could_not(why: str) -> str:
    """The line about a check that was not made."""
    return f"Published weaknesses could not be asked for: {why}"


def asked(locks: Iterable[Path], report: Path) -> str:
    """Asks, and puts the answer into `report`; what went wrong where there is none."""
    command = [
        sys.executable, "-m", "pip_audit", "--format", "json", "--output", str(report), "--progress-spinner", "off",
        "--disable-pip", "--require-hashes",
    ]  # fmt: skip
    for lock in locks:
        command += ["--requirement", str(lock)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_PATIENCE_S)
    except subprocess.TimeoutExpired:
        return f"no answer in {_PATIENCE_S} seconds"
    return "" if report.exists() and report.stat().st_size else (done.stderr.strip().splitlines() or ["no answer"])[-1]


def main() -> int:
    """Writes the list, asks and prints; 1 where an update mends something."""
    locks = REPOSITORY / "requirements"
    inventory = REPOSITORY / "var/sbom.json"
    inventory.parent.mkdir(exist_ok=True)
    subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "cyclonedx_py", "requirements", str(locks / "run.lock"), "--pyproject",
         str(REPOSITORY / "pyproject.toml"), "--output-reproducible", "--output-file", str(inventory)],
        check=True,
    )  # fmt: skip
    print(
        f"{inventory.relative_to(REPOSITORY)}: {len(json.loads(inventory.read_text('utf-8'))['components'])} packages"
    )
    with tempfile.TemporaryDirectory() as room:
        report = Path(room) / "report.json"
        failure = asked([locks / f"{name}.lock" for name in LOCKS], report)
        lines, can_be_mended = ([could_not(failure)], False) if failure else judged(json.loads(report.read_text()))
    print(*lines, sep="\n")
    return int(can_be_mended)


if __name__ == "__main__":
    sys.exit(main())
