"""Backups that have served their time: what is erased in the store stays in each backup until that one is gone.

The newest backup of a directory is never removed, however old, nor is a file that this program has not written.
"""

from __future__ import annotations

import json
import tarfile
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from lodeline.language import text
from lodeline.service.log.backup import MANIFEST, NAME
from lodeline.service.log.older_backup import BackupError
from lodeline.store.appearing import clear_abandoned


@dataclass(frozen=True, slots=True, kw_only=True)
class Dated:
    """A backup and when it was made (UTC)."""

    file: Path
    made_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Pruned:
    """What was removed and what is left, oldest first each."""

    removed: tuple[Path, ...]
    kept: tuple[Dated, ...]

    @property
    def oldest(self) -> datetime | None:
        """Whoever was erased after this moment is still in a backup."""
        return self.kept[0].made_at if self.kept else None


def prune(directory: Path, *, days: int, now: datetime) -> Pruned:
    """Removes the backups of a directory that were made more than `days` ago, and what killed ones left behind.

    Checkpoints stay: they name nobody, and only against them does a rewritten log show. Raises BackupError where there
    is no such directory.
    """
    assert days > 0, "a backup is kept for a day at least"
    if not directory.is_dir():
        raise BackupError(text("{directory} is no directory with backups", directory=directory))
    before = now - timedelta(days=days)
    found = sorted(_backups(directory), key=lambda one: (one.made_at, one.file))
    expired = [one.file for one in found[:-1] if one.made_at < before]
    for file in expired:
        file.unlink()
    left = clear_abandoned(directory)
    return Pruned(removed=(*expired, *left), kept=tuple(one for one in found if one.file not in expired))


def _backups(directory: Path) -> list[Dated]:
    found = []
    for file in directory.iterdir():
        made_at = _made_at(file) if file.is_file() and not file.is_symlink() else None
        if made_at is not None:
            found.append(Dated(file=file, made_at=made_at))
    return found


def _made_at(file: Path) -> datetime | None:
    """When a backup was made; None for a file that is none, or whose manifest cannot be read."""
    try:
        with tarfile.open(file, mode="r:") as tar:
            content = tar.extractfile(MANIFEST)
            manifest = json.loads(content.read()) if content is not None else {}
        made_at = datetime.fromisoformat(manifest["made_at"]) if str(manifest["format"]).startswith(NAME) else None
    except (tarfile.TarError, EOFError, OSError, ValueError, KeyError, TypeError):
        return None
    return None if made_at is None or made_at.tzinfo is None else made_at
