"""Backups that cannot deceive: a restored store is recomputed entry by entry before it may be used.

A backup is a tar file: each table in column files (Parquet), and last a manifest with the size, root and signed
checkpoint of the log and the SHA-256 of every file, under a code that only the store's secret gives. What no backup can
show by itself, that it is old or that its log was rewritten, shows against a checkpoint kept elsewhere.

    BackupError          the file cannot be used, or there is no room for it
     └─ RefusedError     it can be read, and what it holds does not hold
"""

from __future__ import annotations

import glob
import hmac
import io
import json
import os
import tarfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import polars as pl

from lodeline import __version__
from lodeline.build import build, commit
from lodeline.journal.checkpoint import open_checkpoint
from lodeline.journal.verify import Fault, text_of
from lodeline.language import Language, bilingual, text
from lodeline.service.entries.moment import utc_text
from lodeline.service.log.audit import Judge, Verdict, verify
from lodeline.service.log.older_backup import (
    BackupError,
    ChangeTables,
    Progress,
    last_steps,
    made_by,
    up_to_date,
)
from lodeline.store import archive
from lodeline.store.appearing import appear, clear_abandoned, work_room
from lodeline.store.archive import Table
from lodeline.store.database import Database
from lodeline.store.law import assert_first_pack
from lodeline.store.opening import bring_up, open_store, secret_for
from lodeline.store.queries.log import has_fact
from lodeline.store.store import Store
from lodeline.store.trouble import happening_at

#: This program reads backups of this format and of the one before.
FORMAT: Final = 1
NAME: Final = "lodeline-backup-"
#: The last part of a backup but for its code: what the file is, and of which moment.
MANIFEST: Final = "manifest.json"
_CODE: Final = "manifest.code"
#: Faults that are told one by one.
_FAULTS_LISTED: Final = 5


class RefusedError(BackupError):
    """What the backup holds is not what was filed, or not the log that is asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A backup that was made. `secret_inside`: who has it can sign for the log."""

    file: Path
    size: int
    root: str
    checkpoint: str
    rows: int
    bytes: int
    secret_inside: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """A store that was restored.

    missing  entries that a kept checkpoint has and the backup has not
    updated  the backup is of an older program: its tables were brought up to date
    """

    size: int
    root: str
    missing: int
    updated: bool = False


def back_up(store: Store, file: Path, *, made_at: datetime, progress: Progress | None = None) -> Made:
    """Writes everything that the store holds at one moment, while others go on using it.

    The signed checkpoint appears beside it first (`checkpoint_beside`): no backup is without one.

    Raises BackupError where `file` exists; TakenError where another process makes it; StoreError where a table cannot
    be read, or the law is not the one that the store was made with.
    """
    assert_first_pack(store)
    clear_abandoned(file.parent, glob.escape(file.name))
    if file.exists():
        raise BackupError(text("{file} exists: a backup is never overwritten. Name a new file", file=file))
    report = progress or (lambda _done, _all: None)
    parts: list[dict[str, Any]] = []
    with work_room(file) as room:
        growing, checkpoint = room / file.name, room / "checkpoint"
        with (
            happening_at(growing),
            archive.one_view(store.database, room) as view,
            open(growing, "wb", opener=_for_the_owner_alone) as out,
            tarfile.open(fileobj=out, mode="w") as tar,
        ):
            found = archive.tables(view)
            total = sum(archive.row_count(view, table) for table in found)
            for table in found:
                for number, rows in enumerate(archive.rows_of(view, table)):
                    parts.append(_add_rows(tar, table, number, rows))
                    report(sum(part["rows"] for part in parts), total)
            manifest = _manifest(Store(view, store.facts, store.secret), found, parts, made_at)
            encoded = json.dumps(manifest, ensure_ascii=False, indent=1).encode()
            _add(tar, MANIFEST, encoded)
            _add(tar, _CODE, _code(store.secret, encoded).encode())
        with happening_at(checkpoint), checkpoint.open("w", encoding="utf-8") as kept:
            kept.write(manifest["checkpoint"])
            kept.flush()
            os.fsync(kept.fileno())
        checkpoint.replace(checkpoint_beside(file))
        appear(growing, file)
    return Made(
        file=file, size=manifest["size"], root=manifest["root"], checkpoint=manifest["checkpoint"],
        rows=total, bytes=file.stat().st_size, secret_inside=manifest["secret_inside"],
    )  # fmt: skip


def checkpoint_beside(file: Path) -> Path:
    """Where the checkpoint of a backup is written."""
    return file.with_name(f"{file.name}.checkpoint")


def restore(
    file: Path,
    url: str,
    *,
    make_tables: Callable[[str], object],
    change_tables: ChangeTables,
    judge: Judge | None = None,
    kept: Sequence[str] = (),
    older: bool = False,
    progress: Progress | None = None,
) -> Restored:
    """Puts a backup where no store is, recomputes it, and leaves nothing there unless everything holds.

    make_tables    makes the tables of this program at an address
    change_tables  makes those of an older program, and brings them up to date
    judge          judges with the log what a room above keeps in the store (office.log.proof)
    kept           checkpoints kept elsewhere, as signed notes: the backup must hold them
    older          a backup that ends before a kept checkpoint is taken, and what it lacks is said

    Raises BackupError, RefusedError, StoreError (no secret, or another), DatabaseError.
    """
    place = Database(url).path
    if place is not None:
        clear_abandoned(place.parent, glob.escape(place.name))
    if not archive.nothing_there(Database(url)):
        raise BackupError(
            text("there is something at this address already: a backup is restored into an empty place only")
        )
    report = progress or (lambda _done, _all: None)
    try:
        with tarfile.open(file) as tar:
            manifest = _read_manifest(tar)
            for _ in _parts(tar, manifest):  # every part is whole before anything is made
                pass
            with archive.appearing(url) as building:
                make_tables(building)
                database = Database(building)
                ready = up_to_date(manifest, _parts(tar, manifest), file, database, change_tables, progress=report)
                with ready as (tables, parts, updated), database.transaction():
                    archive.make_ready(database, list(tables.values()))
                    for table, rows, done in parts:
                        archive.fill(database, tables[table], rows)
                        report(done, max(done, manifest["rows"] * (2 if updated else 1)))
                    archive.settle(database)
                    bring_up(building)
                    store = open_store(building)
                    restored = _judge(store, manifest, judge, kept=kept, older=older, progress=report)
    except (tarfile.TarError, EOFError, pl.exceptions.PolarsError) as error:
        raise _damaged(str(error)) from error
    return replace(restored, updated=updated)


def _add_rows(tar: tarfile.TarFile, table: Table, number: int, rows: pl.DataFrame) -> dict[str, Any]:
    buffer = io.BytesIO()
    rows.write_parquet(buffer, compression="zstd")
    name = _part_name(table.name, number)
    _add(tar, name, buffer.getvalue())
    return {
        "name": name, "table": table.name, "rows": rows.height, "bytes": buffer.tell(),
        "sha256": sha256(buffer.getvalue()).hexdigest(),
    }  # fmt: skip


def _part_name(table: str, number: int) -> str:
    return f"tables/{table}/{number:06d}.parquet"


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mode = len(content), 0o600
    tar.addfile(member, io.BytesIO(content))


def _for_the_owner_alone(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _manifest(store: Store, found: list[Table], parts: list[dict[str, Any]], made_at: datetime) -> dict[str, Any]:
    head = store.head()
    return {
        "format": f"{NAME}{FORMAT}",
        "program": __version__,
        "commit": commit(),
        "steps": last_steps(store.database),
        "made_at": utc_text(made_at),
        "origin": store.origin,
        "vkey": store.signer.verifier.vkey,
        "size": head.size,
        "root": head.frontier.root().hex(),
        "checkpoint": head.checkpoint,
        "secret_inside": has_fact(store.database, "secret"),
        "rows": sum(part["rows"] for part in parts),
        "tables": {table.name: table.columns for table in found},
        "left_out": sorted(archive.LEFT_OUT),
        "parts": parts,
    }


def _code(secret: bytes, manifest: bytes) -> str:
    """What only a holder of the secret can put under a manifest: no root of the log covers accounts."""
    return hmac.digest(secret, b"lodeline backup v1" + manifest, sha256).hex()


def _read_manifest(tar: tarfile.TarFile) -> dict[str, Any]:
    """The manifest. Nothing of it is looked into before its code holds; the code is made alike in every format."""
    encoded = _read(tar, MANIFEST)
    if not hmac.compare_digest(_code(_secret(tar), encoded).encode(), _read(tar, _CODE)):
        raise RefusedError(text("the manifest was changed, or was written with another secret: the backup is refused"))
    try:
        manifest: dict[str, Any] = json.loads(encoded)
        written_by = manifest["format"]
    except (ValueError, KeyError, TypeError) as error:
        raise _damaged(MANIFEST) from error
    number = str(written_by).removeprefix(NAME)
    if not number.isdecimal() or int(number) < FORMAT - 1:
        raise BackupError(
            text(
                "this program reads backups from {name}{max} on, and this one is {written_by}: restore "
                "it with the version that made it, then update",
                name=NAME,
                max=max(1, FORMAT - 1),
                written_by=written_by,
            )
        )
    if int(number) > FORMAT:
        raise BackupError(
            text(
                "the backup was made by a newer program ({made_by}; {written_by}): restore it with that "
                "one, or update this one ({build})",
                made_by=bilingual(made_by(manifest, "en"), made_by(manifest, "zh")),
                written_by=written_by,
                build=bilingual(build(), build("zh")),
            )
        )
    return manifest


def _secret(tar: tarfile.TarFile) -> bytes:
    """The environment's secret, else the one in the backup: whoever wrote that file could have put any code on it."""
    facts: dict[str, str] = {}
    if not os.environ.get("LODELINE_SECRET"):
        inside = pl.read_parquet(io.BytesIO(_read(tar, _part_name("fact", 0))), columns=["key", "value"])
        facts = dict(inside.filter(pl.col("key") == "secret").iter_rows())
    return secret_for(facts).encode()


def _read(tar: tarfile.TarFile, name: str) -> bytes:
    try:
        content = tar.extractfile(name)
    except KeyError as error:
        raise _damaged(name) from error
    if content is None:
        raise _damaged(name)
    return content.read()


def _parts(tar: tarfile.TarFile, manifest: dict[str, Any]) -> Iterator[tuple[str, pl.DataFrame, int]]:
    """(table, rows, rows so far) of every part. Raises BackupError at the first that is not as it was written."""
    done = 0
    for part in manifest["parts"]:
        content = _read(tar, part["name"])
        if sha256(content).hexdigest() != part["sha256"]:
            raise _damaged(part["name"])
        rows = pl.read_parquet(io.BytesIO(content))
        done += rows.height
        yield part["table"], rows, done


def _damaged(what: str) -> BackupError:
    return BackupError(text("the backup is damaged or cut ({what}): take another copy of it", what=what))


def _judge(
    store: Store, manifest: dict[str, Any], judge: Judge | None, *, kept: Sequence[str], older: bool, progress: Progress
) -> Restored:
    """Recomputes the store. Raises RefusedError unless it is the log that the manifest and the checkpoints say."""
    verdict = verify(store, kept=kept, judge=judge, progress=lambda _what, share: progress(int(share * 100), 100))
    faults = [fault for fault in verdict.faults if not (older and fault.what == "log.older-than-checkpoint")]
    if (verdict.size, verdict.root) != (manifest["size"], manifest["root"]):
        faults.append(Fault(entry=None, what="log.root-differs"))
    if faults:
        raise RefusedError(bilingual(_fault_lines(verdict, faults, "en"), _fault_lines(verdict, faults, "zh")))
    sizes = [open_checkpoint(note, store.signer.verifier).size for note in kept]
    return Restored(size=verdict.size, root=verdict.root, missing=max(0, *(size - verdict.size for size in sizes), 0))


def _fault_lines(verdict: Verdict, faults: Sequence[Fault], language: Language) -> str:
    lines = [
        f"{fault.what}{'' if fault.entry is None else f' [{fault.entry}]'}: {text_of(fault, language, verdict.texts)}"
        for fault in faults[:_FAULTS_LISTED]
    ]
    if len(faults) > len(lines):
        left = len(faults) - len(lines)
        lines.append(text("… and {left} more", left=left)[language])
    if any(fault.what == "log.older-than-checkpoint" for fault in faults):
        lines.append(text("If there is no newer backup, --older restores this one.")[language])
    head = text("The backup is not the log that it should be, and is refused:")[language]
    return "\n".join([head, *lines])
