"""The program states which commit it was made from: in any checkout, installed from a wheel, and without git."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from lodeline import __version__
from lodeline.build import build, commit_of

REPOSITORY = Path(__file__).parents[2]
#: A person whose git has settings of its own commits as ours does.
GIT = {
    "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull,
    **dict.fromkeys(("GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME"), "Li"),
    **dict.fromkeys(("GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL"), "li@example.org"),
}  # fmt: skip
COMMIT = "0123456789abcdef0123456789abcdef01234567"


def git(at: Path, *words: str) -> str:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")} | GIT
    done = subprocess.run(["git", *words], cwd=at, env=environment, check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A repository with the program's own files of the build in it, and one commit."""
    root = tmp_path / "checkout"
    (root / "src" / "lodeline").mkdir(parents=True)
    for name in (
        "pyproject.toml",
        "hatch_build.py",
        "README.md",
        "LICENSE",
        "src/lodeline/__init__.py",
        "src/lodeline/build.py",
    ):
        shutil.copy(REPOSITORY / name, root / name)
    git(root, "init", "--quiet", "--initial-branch=main")
    git(root, "add", ".")
    git(root, "commit", "--quiet", "--message=First")
    return root


def stated(package: Path) -> str:
    """What the program in this directory says of itself."""
    program = "from lodeline.build import build; print(build())"
    # Not the package of the tests: only what stands there.
    done = subprocess.run(
        [sys.executable, "-S", "-c", program], env={"PYTHONPATH": str(package)}, check=True, capture_output=True,
        text=True,
    )  # fmt: skip
    return done.stdout.strip()


@pytest.mark.medium
def test_checkout_of_any_kind_says_its_commit(checkout: Path, tmp_path: Path) -> None:
    head = git(checkout, "rev-parse", "HEAD")
    named = f"{__version__}, build {head[:12]}"
    assert (commit_of(checkout), stated(checkout / "src")) == (head, named)
    git(checkout, "pack-refs", "--all")
    assert commit_of(checkout) == head, "the name of the branch is in one file with all others"
    git(checkout, "worktree", "add", "--quiet", "-b", "topic/one", str(tmp_path / "worktree"))
    assert stated(tmp_path / "worktree" / "src") == named
    git(tmp_path / "worktree", "commit", "--quiet", "--allow-empty", "--message=Second")
    assert commit_of(tmp_path / "worktree") == git(tmp_path / "worktree", "rev-parse", "HEAD") != head
    git(checkout, "checkout", "--quiet", "--detach")
    assert commit_of(checkout) == head
    git(tmp_path, "clone", "--quiet", "--bare", str(checkout), "bare")
    git(tmp_path, "clone", "--quiet", str(checkout), "clone")
    assert stated(tmp_path / "clone" / "src") == named


@pytest.mark.parametrize(
    "kept", [None, "no hash", "ref: refs/heads/none", "ref: HEAD", COMMIT[:8], "0123456789ab/../.."]
)
def test_what_is_no_commit_is_an_unknown_build(checkout: Path, kept: str | None) -> None:
    shutil.rmtree(checkout / ".git")
    if kept is not None:
        (checkout / ".git").mkdir()
        (checkout / ".git" / "HEAD").write_text(f"{kept}\n")
    assert stated(checkout / "src") == f"{__version__}, unknown build"


@pytest.mark.medium
@pytest.mark.parametrize("given", ["by git", "by the environment", "by nobody"])
def test_wheel_and_archive_of_the_sources_say_the_commit(
    checkout: Path, tmp_path: Path, given: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from hatchling.builders.sdist import SdistBuilder  # noqa: PLC0415
    from hatchling.builders.wheel import WheelBuilder  # noqa: PLC0415

    monkeypatch.delenv("LODELINE_COMMIT", raising=False)
    commit = git(checkout, "rev-parse", "HEAD")
    if given != "by git":
        shutil.rmtree(checkout / ".git")
        commit = COMMIT if given == "by the environment" else ""
        monkeypatch.setenv("LODELINE_COMMIT", commit)
    named = f"{__version__}, build {commit[:12]}" if commit else f"{__version__}, unknown build"

    (wheel,) = WheelBuilder(str(checkout)).build(directory=str(tmp_path / "wheels"), versions=["standard"])
    zipfile.ZipFile(wheel).extractall(tmp_path / "installed")
    assert stated(tmp_path / "installed") == named
    assert not list(checkout.rglob("COMMIT")), "the checkout is as it was"

    (archive,) = SdistBuilder(str(checkout)).build(directory=str(tmp_path / "archives"), versions=["standard"])
    monkeypatch.delenv("LODELINE_COMMIT", raising=False)
    with tarfile.open(archive) as tar:
        tar.extractall(tmp_path, filter="data")
    unpacked = tmp_path / f"lodeline-{__version__}"
    (again,) = WheelBuilder(str(unpacked)).build(directory=str(tmp_path / "again"), versions=["standard"])
    zipfile.ZipFile(again).extractall(tmp_path / "installed again")
    assert stated(tmp_path / "installed again") == named


def test_both_languages_name_the_build() -> None:
    assert build(version="1.2", of="0123456789ab") == "1.2, build 0123456789ab"
    assert build("zh", version="1.2", of="0123456789ab") == "1.2，构建 0123456789ab"
    assert build("zh", version="1.2") == "1.2，构建未知"
