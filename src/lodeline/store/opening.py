"""Making, finding and opening a store; what is none, or not ours, or too new, is said with its cure."""

from __future__ import annotations

import hmac
import json
import os
import secrets
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pkgutil import iter_modules
from typing import Final

import polars as pl
from django.db import Error as DjangoDatabaseError
from django.db import transaction

from lodeline.journal.checkpoint import MalformedNoteError, Signer, sign_checkpoint
from lodeline.journal.merkle import Frontier
from lodeline.language import bilingual, text
from lodeline.regulation.pack import Pack, shipped, shipped_codes
from lodeline.store import migrations
from lodeline.store.append import append
from lodeline.store.archive import Steps
from lodeline.store.column_files import answers_beside, directory_of
from lodeline.store.database import Database
from lodeline.store.guards import guards_of, make_guards
from lodeline.store.store import PACK_FACT, Store, StoreError
from lodeline.store.trouble import at_place, place_of, trouble

FORMAT = 2
"""This program reads a store of this format and of the one before. A higher one is a fact of its own (`format-2`).

2: the log holds entries of the office, which programs before take for damaged ones.
"""
#: Characters that a secret must have: a shorter one can be guessed from what it has signed, and then signs anything.
SECRET_CHARACTERS = 16
#: Under this name tables are made by one at a time (`Database.alone`).
TABLES: Final = "tables"
#: What a log is called that nobody has named.
DEFAULT_ORIGIN = "lodeline.local/log"
#: Addresses of stores that this process has found: where one of them is missing, it is lost.
_found: set[str] = set()


def create(
    url: str,
    *,
    secret: str | None = None,
    origin: str | None = None,
    jurisdiction: str | Pack | None = None,
) -> tuple[Store, bool]:
    """Makes the store, or finds the one that is there; returns it and whether it is new.

    `secret` (else the environment's LODELINE_SECRET, else a random one kept in the store) salts every row and
    seeds the log's key. `origin`: the name of a new log, under which it signs. `jurisdiction`: the pack whose law a new
    store begins with, or the code of one that comes with the program, by default of the first. Raises StoreError where
    one of them cannot be, or the store that is there has another.
    """
    _require_pack(jurisdiction)
    _require_name(origin)
    database = Database(url)
    given = secret or os.environ.get("LODELINE_SECRET")
    _judge_before(database, given)
    if database.path is not None:
        database.path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with database.alone(TABLES):
            migrate(database, "store")
    except DjangoDatabaseError as error:
        _raise_trouble(error, database)
        raise StoreError(text("cannot make the store at {shown}: {error}", shown=_shown(url), error=error)) from error
    with database.transaction():
        make_guards(database)
        new = _state_of(database).format is None
        _bring_up(database, jurisdiction)
        if new:
            used, name = given or secrets.token_hex(32), origin or DEFAULT_ORIGIN
            signer = Signer.of_store(used.encode(), name)
            facts = {"format": str(FORMAT), "origin": name, "secret-fingerprint": _fingerprint(used)}
            if not given:
                facts["secret"] = used
            _put_facts(database, facts)
            checkpoint = sign_checkpoint(size=0, root=Frontier().root(), signer=signer)
            database.execute(
                "INSERT INTO head (id, size, next_line, next_lot, frontier, checkpoint, register_entry)"
                " VALUES (1, 0, 1, 1, %s, %s, -1)",
                (Frontier().to_bytes(), checkpoint),
            )
    store = open_store(url, secret=secret)
    _require_kept(store, origin=origin, jurisdiction=jurisdiction)
    return store, new


def _judge_before(database: Database, given: str | None) -> None:
    """Raises StoreError where nothing may be made or changed, before anything is: what is refused leaves nothing."""
    url = database.url
    if database.path is not None and database.path.exists():
        _refuse_a_file_of_others(database, url)
    # Where nothing is yet, there is nothing to know; what is no database at all is named when the tables are made.
    state = _State(facts={}, made=frozenset())
    with suppress(DjangoDatabaseError):
        state = _state_of(database) if _there(url) else state
        _require_known(state, url)
    if given and state.format is None:
        assert_long_enough(given)


def _require_kept(store: Store, *, origin: str | None, jurisdiction: str | Pack | None) -> None:
    """Raises StoreError where a store that was there is asked to be another."""
    place = _shown(store.database.url)
    if origin not in (None, store.origin):
        raise StoreError(
            text(
                "the log of the store at {place} is called {origin}, which its receipts name, and keeps "
                "the name: make another store for {origin2}",
                place=place,
                origin=store.origin,
                origin2=origin,
            )
        )
    if isinstance(jurisdiction, Pack):
        if jurisdiction.digest != store.first_pack:
            raise StoreError(
                text(
                    "the store at {place} was made with another law, and keeps it: propose this one "
                    "(`lodeline law propose`), or make another store",
                    place=place,
                )
            )
    elif jurisdiction not in (None, store.jurisdiction):
        raise StoreError(
            text(
                "the store at {place} has the jurisdiction {jurisdiction!r}, and keeps it: make another "
                "store for {jurisdiction2!r}",
                place=place,
                jurisdiction=store.jurisdiction,
                jurisdiction2=jurisdiction,
            )
        )


def migrate(database: Database, app: str | None = None, *, to: Steps | None = None) -> None:
    """Takes the steps of tables that were not taken, of one app or of all, each in one transaction with the record of
    it; `to`: up to these steps and no further. Call it within `Database.alone`, in no transaction.

    Django's command of that name records some steps after their transaction: whoever is killed in between leaves tables
    of which nobody knows, and the next attempt fails with "already exists". It also fills tables of permissions, which
    nothing here asks (office.access.rights does that).
    """
    from django.db.migrations import Migration  # noqa: PLC0415  (takes time that whoever opens does not have)
    from django.db.migrations.executor import MigrationExecutor  # noqa: PLC0415
    from django.db.migrations.state import ProjectState  # noqa: PLC0415

    class WholeSteps(MigrationExecutor):
        def apply_migration(self, state: ProjectState, migration: Migration, *how: bool, **more: bool) -> ProjectState:
            # SQLite refuses to change tables where it watches over keys, and cannot be told so inside a transaction.
            with self.connection.constraint_checks_disabled(), transaction.atomic(using=self.connection.alias):
                return super().apply_migration(state, migration, *how, **more)

    executor = WholeSteps(database.connection)
    last = executor.loader.graph.leaf_nodes() if to is None else list(to.items())
    executor.migrate([key for key in last if app in (None, key[0])])


def bring_up(url: str) -> None:
    """Has a store whose tables are up to date say what one of this program says. Raises StoreError for a newer one."""
    database = Database(url)
    _require_known(_state_of(database), url)
    _bring_up(database, None)


def _bring_up(database: Database, jurisdiction: str | Pack | None) -> None:
    format_ = _state_of(database).format
    if format_ is not None and format_ < FORMAT:
        # A fact is never changed: the higher format stands beside the one that the store was made with.
        _put_facts(database, {f"format-{FORMAT}": str(FORMAT)})
    _give_law(database, jurisdiction)


def _give_law(database: Database, jurisdiction: str | Pack | None) -> None:
    """What a store has no law of gets that of the pack that is named, or of one that comes with the program, for good:
    another program changes nothing about it. Another law is published in the log (service.law.publishing)."""
    if "pack" not in _state_of(database).facts:
        pack = jurisdiction if isinstance(jurisdiction, Pack) else shipped(jurisdiction or shipped_codes()[0])
        text = json.dumps(dict(pack.files), ensure_ascii=False, sort_keys=True)
        _put_facts(database, {"jurisdiction": pack.code, "pack": pack.digest, PACK_FACT + pack.digest: text})


def _put_facts(database: Database, facts: Mapping[str, str]) -> None:
    append(database, "fact", pl.DataFrame({"key": list(facts), "value": list(facts.values())}))


def _require_pack(jurisdiction: str | Pack | None) -> None:
    if isinstance(jurisdiction, str) and jurisdiction not in shipped_codes():
        codes = ", ".join(shipped_codes())
        raise StoreError(
            text(
                "there is no pack {jurisdiction!r}: name the folder of one, or one that comes with the "
                "program: {codes}",
                jurisdiction=jurisdiction,
                codes=codes,
            )
        )


def origin_of(hosts: Sequence[str]) -> str | None:
    """The name of a log that is reached under these names: by the first that others than this machine and its network
    know; None where there is none."""
    for host in (one.removeprefix(".").lower() for one in hosts):
        labels = host.split(".")
        # The last label of an address is a number, and `*` stands for any name.
        if len(labels) > 1 and labels[-1].isalpha() and labels[-1] not in ("local", "localhost", "internal"):
            return f"{host}/log"
    return None


def _require_name(origin: str | None) -> None:
    try:
        if origin is not None:
            Signer.of_store(b"any", origin)
    except MalformedNoteError as error:
        raise StoreError(
            text(
                "{origin!r} cannot be the name of a log: write one without blanks and plus signs, such "
                "as lodeline.example/log",
                origin=origin,
            )
        ) from error


@dataclass(frozen=True, slots=True, kw_only=True)
class _State:
    """What a store says of itself: its facts, and the changes of its tables (migrations) that were made."""

    facts: dict[str, str]
    made: frozenset[str]

    @property
    def formats(self) -> frozenset[int]:
        """The formats that it was made with and has come to; none where it says none."""
        formats = [value for key, value in self.facts.items() if key == "format" or key.startswith("format-")]
        return frozenset(int(value) for value in formats if value.isdecimal())

    @property
    def format(self) -> int | None:
        """The format that it has come to; None where it says none."""
        return max(self.formats, default=None)

    @property
    def behind(self) -> bool:
        """Whether `create` would bring it up to date."""
        changed = bool(_known_changes() - self.made) or "pack" not in self.facts
        return self.format is not None and (self.format < FORMAT or changed)


def _state_of(database: Database) -> _State:
    """Raises Django's DatabaseError where no store is."""
    found = database.rows(
        "SELECT 'fact', key, value FROM fact WHERE key NOT LIKE %s UNION ALL"
        " SELECT 'made', name, '' FROM django_migrations WHERE app = 'store'",
        (f"{PACK_FACT}%",),
    )
    facts = {str(key): str(value) for kind, key, value in found if kind == "fact"}
    return _State(facts=facts, made=frozenset(str(name) for kind, name, _ in found if kind == "made"))


@cache
def _known_changes() -> frozenset[str]:
    """The changes of the store's tables that this program knows."""
    return frozenset(one.name for one in iter_modules(migrations.__path__))


def _require_known(state: _State, url: str) -> None:
    """Raises StoreError where a newer program made the store, or changed its tables, or made it long ago."""
    stored = state.format
    if (stored is not None and stored > FORMAT) or state.made - _known_changes():
        newest = max(state.made - _known_changes(), default=stored)
        raise StoreError(
            text(
                "the store{{at}} was made or changed by a newer version ({newest}): update the program", newest=newest
            ),
            place=_shown(url),
        )
    if stored is not None and stored < FORMAT - 1:
        raise StoreError(
            text(
                "the store{{at}} has format {stored}, and this program reads {format} and {format2}: "
                "open it with the versions in between first, one after another",
                stored=stored,
                format=FORMAT - 1,
                format2=FORMAT,
            ),
            place=_shown(url),
        )


def is_behind(url: str) -> bool:
    """Whether there is a store here that `create` would bring up to date or guard again."""
    try:
        database = _there(url)
        return database is not None and (_state_of(database).behind or bool(missing_guards(url)))
    except DjangoDatabaseError:
        return False


def missing_guards(url: str) -> tuple[str, ...]:
    """The guards of the store here that `create` would set again; none where no store is."""
    try:
        database = _there(url)
        return () if database is None or _state_of(database).format is None else guards_of(database).missing
    except DjangoDatabaseError:
        return ()


def steps_of(url: str) -> frozenset[str]:
    """The steps that made the store here what it is; none where no store is.

    `store.0008_lines_of_an_invoice` is a change of tables (migration), of the ledger or the portal; `format-2` a format
    that the store has come to.
    """
    try:
        database = _there(url)
        if database is None:
            return frozenset()
        made = database.rows("SELECT app, name FROM django_migrations")
        return frozenset(f"{app}.{name}" for app, name in made) | {
            f"format-{one}" for one in _state_of(database).formats
        }
    except DjangoDatabaseError:
        return frozenset()


def _there(url: str) -> Database | None:
    """The database of a URL; None for a file that is not there, which asking would make."""
    database = Database(url)
    return database if database.path is None or database.path.exists() else None


def _refuse_a_file_of_others(database: Database, url: str) -> None:
    """A SQLite file that holds tables, but not ours, belongs to another program."""
    try:
        tables = {str(name) for (name,) in database.rows("SELECT name FROM sqlite_master WHERE type = 'table'")}
    except DjangoDatabaseError:
        return  # what is no database at all is named when the tables are made
    if tables and "django_migrations" not in tables:
        raise StoreError(text("{shown} is the database of another program: name a new file", shown=_shown(url)))


def open_store(url: str, *, secret: str | None = None) -> Store:
    """Opens a store that `create` has made.

    Raises StoreError where there is none, where it was made by a newer version or an older one and has to be brought up
    to date, or where the secret is another.
    """
    try:
        database = Database(url)
        if database.path is not None and not database.path.exists():
            raise _nothing_there(database)
        state = _state_of(database)
    except DjangoDatabaseError as error:
        raise _not_opened(database, error) from error
    _require_known(state, url)
    if state.format is None:
        raise _nothing_there(database)
    if state.made != _known_changes() or "pack" not in state.facts:
        raise StoreError(
            text(
                "the store{at} was made by an older version: make a backup with that version, then bring "
                "the store up to date with `lodeline init`"
            ),
            place=_shown(url),
        )
    facts = state.facts
    used = secret_for(facts, secret)
    if not hmac.compare_digest(_fingerprint(used), facts["secret-fingerprint"]):
        raise StoreError(text("LODELINE_SECRET is not the secret that this store was made with"))
    expect(url)
    return Store(database, facts, used.encode())


def expect(url: str) -> None:
    """From here on this process takes a store that is missing at an address for one that was lost."""
    _found.add(url)


def _was_there(database: Database) -> bool:
    """Whether a store was here before: this process found one, or its files for analysis are there still."""
    files = directory_of(database)
    return database.url in _found or files.exists() or answers_beside(files).exists()


def _nothing_there(database: Database) -> StoreError:
    """What there is to say where no store is. A new one in place of a lost one would have the same key, and sign
    another history under its name."""
    if _was_there(database):
        return StoreError(
            text("the store{at} is gone, with all that was filed: restore the newest backup (`lodeline restore`)"),
            place=_shown(database.url),
        )
    return StoreError(
        text("there is no store{at}: make one with `lodeline init`"),
        place=_shown(database.url),
    )


def _not_opened(database: Database, error: DjangoDatabaseError) -> StoreError:
    """What there is to say of a database that does not answer as a store does."""
    place = _shown(database.url)
    if "locked" in str(error):
        return StoreError(
            text("the store{at} is locked by another program: wait until it has ended, or stop it"),
            place=place,
        )
    if database.path is not None and not os.access(database.path.parent, os.W_OK):
        return StoreError(
            text(
                "the store{at} lies where this account cannot write, and was not closed: copy it with "
                "its -wal file to a place of your own, and open the copy"
            ),
            place=place,
        )
    _raise_trouble(error, database)
    server = ("", "") if database.is_sqlite else ("If the server is down, start it. ", "如服务器未运行，请先启动。")
    en, zh = "If there is none yet, make one with `lodeline init`", "如尚未建立，请运行 `lodeline init`"
    if _was_there(database):
        en, zh = (
            "If it is lost, restore the newest backup (`lodeline restore`)",
            "如已丢失，请用 `lodeline restore` 恢复最新备份",
        )
    return StoreError(
        text(
            "cannot open the store{{at}}{{reason}}. {server}{text}",
            server=server[0],
            text=en,
            server2=server[1],
            text2=zh,
        ),
        place=place,
        reason=str(error),
    )


def _raise_trouble(error: DjangoDatabaseError, database: Database) -> None:
    """Raises StoreError where it is the disk under a file of ours; a server says better what ails it."""
    if database.path is None or database.path.is_dir() or "not a database" in str(error):
        return
    at_place(error, str(database.path))
    message = trouble(error, placed=False)
    if message is not None:
        en, zh = message
        raise StoreError(bilingual(f"{{place}}{en}", f"{{place}}{zh}"), place=place_of(error)) from error


def secret_for(facts: Mapping[str, str], given: str | None = None) -> str:
    """The secret given, else the environment's, else the one that the store's facts hold. Raises StoreError if none."""
    used = given or os.environ.get("LODELINE_SECRET") or facts.get("secret")
    if used is None:
        raise StoreError(text("the store was made with a secret of its own: set LODELINE_SECRET to it"))
    return used


def assert_guarded(store: Store) -> None:
    """Raises StoreError unless every trigger that refuses changes stands, and nothing of others beside them."""
    found = guards_of(store.database)
    if found.foreign:
        named = ", ".join(found.foreign)
        raise StoreError(
            text(
                "triggers, rules or settings of others are on the tables of facts ({named}): find out "
                "who made them, run `lodeline verify`, then drop them in the database",
                named=named,
            )
        )
    if found.missing:
        named = ", ".join(found.missing)
        raise StoreError(
            text(
                "the store is not guarded against changes (missing: {named}): run `lodeline verify`, "
                "then `lodeline init` to set the guards again",
                named=named,
            )
        )


def assert_long_enough(secret: str) -> None:
    """Raises StoreError for a secret that can be guessed."""
    if len(secret) < SECRET_CHARACTERS:
        raise StoreError(
            text(
                "the store's secret has fewer than {secret_characters} characters and can be guessed, "
                "and with it the key that signs its log: make a store with a longer LODELINE_SECRET "
                "(`openssl rand -hex 32`), or with none, and load into it what was filed",
                secret_characters=SECRET_CHARACTERS,
            )
        )


def _fingerprint(secret: str) -> str:
    return hmac.digest(secret.encode(), b"lodeline secret fingerprint v1", sha256).hex()


def _shown(url: str) -> str:
    """The URL without its password."""
    head, at, tail = url.rpartition("@")
    scheme, colon, _ = head.partition("://")
    return f"{scheme}{colon}…@{tail}" if at else url
