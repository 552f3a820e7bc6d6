"""A signed bundle: what a port needs to answer without a network, and what it must say of its age and its limits.

It holds the law pack as files, the licences with what was left of them when it was made, the tranches that are allotted
to the port, who is registered and who owns whom, models, the lists of parties that stand, standing answers about rules
that no text tells, and which questions of ports the log has already. Whoever opens it checks that the log's key signed
every byte of it and that its last day has not passed.

    head   the signed note: origin, format, key, moment made, last day, entry, root, port, SHA-256 of the rest
    rest   gzip of canonical JSON

A key that was pinned beforehand is the only proof of who signed; without one the bundle is checked against the key
that it names itself, which shows that it is whole, and the answer says that nobody vouched for the key.

BundleError    the bundle cannot be used: torn, changed, signed by another, past its last day; the message says which
"""

from __future__ import annotations

import gzip
import io
import json
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from hashlib import sha256
from typing import Any, Final

import polars as pl

from lodeline import language as lang
from lodeline.control.record import Records
from lodeline.control.screened import Screened
from lodeline.control.sources import Sources
from lodeline.control.standing_answer import StandingAnswer
from lodeline.errors import UserError
from lodeline.journal.checkpoint import NoteError, Verifier, open_note
from lodeline.journal.entry import canonical_json
from lodeline.ledger.register import TABLES, Register
from lodeline.party.registered import held_stakes, registered
from lodeline.party.screening import Screener
from lodeline.regulation.checking import law_of_stranger
from lodeline.regulation.document import PackError
from lodeline.regulation.pack import Pack
from lodeline.regulation.parameter import Jurisdiction
from lodeline.service.customs.papers import facts_of
from lodeline.service.customs.records import models_of_table
from lodeline.service.customs.standing_answers import standing_answers
from lodeline.service.entries.moment import utc_text
from lodeline.service.licences.drawn import LEFT
from lodeline.service.licences.port_draws import Promised, Tranche, less_promised, port_licences
from lodeline.service.parties.lists import files_of, read_again
from lodeline.service.parties.owners import owners_behind
from lodeline.store.snapshot import Snapshot
from lodeline.store.store import DESK_KIND, Store

FORMAT: Final = "lodeline-bundle-v3"
#: How long a bundle may be used: licences are spent and law changes while it lies at the port.
USUAL_DAYS: Final = 7
_BYTES_MOST: Final = 200_000_000
_NOTE_BYTES: Final = 10_000
_LINES: Final = 9
_DIVIDER: Final = b"\n--bundle--\n"
#: Tables of the register that a port screens parties and models by.
_REGISTER: Final = ("organisations", "parties", "party_names", "ownership", "models")
Json = dict[str, Any]


class BundleError(UserError):
    """The bundle cannot be used."""


@dataclass(frozen=True, kw_only=True)
class Bundle:
    """A bundle that was opened and believed. `key`: the vkey that signed it, `pinned` where it was known beforehand;
    `port` "" for none: nothing is released there on a licence."""

    made_at: datetime
    last_day: date
    entry: int
    root: str
    port: str
    digest: str
    key: str
    pinned: bool
    content: Mapping[str, Any]

    def limits(self, now: datetime) -> Json:
        """What an answer says of the bundle that it was made with: its age in hours, and its limits."""
        hours = int((now - self.made_at).total_seconds() // 3600)
        lists = self.content["lists"]
        return {
            "sha256": self.digest,
            "made_at": utc_text(self.made_at),
            "last_day": self.last_day.isoformat(),
            "age_hours": hours,
            "entry": self.entry,
            "root": self.root,
            "port": self.port or None,
            "key": self.key,
            "pinned": self.pinned,
            "law": self.pack.code,
            "pack": self.pack.digest,
            "lists": sorted(lists),
            "tranches": [{"licence": one.licence, "tranche": one.name} for one in self.tranches],
            "limits": [
                (
                    lang.text(
                        "Licences as of entry {entry}: only what is allotted to {port} as a tranche is released here.",
                        entry=self.entry,
                        port=self.port,
                    )
                    if self.port
                    else lang.text("The bundle is of no port: nothing is released here on a licence.")
                ),
                lang.text("Lots and earlier exports are not in a bundle: they were not compared."),
            ],
        }

    @cached_property
    def pack(self) -> Pack:
        """The law pack that it carries."""
        law = self.content["law"]
        return Pack(code=law["code"], files=law["files"])

    @cached_property
    def licences(self) -> pl.DataFrame:
        """Every licence less what was drawn on it elsewhere when the bundle was made (`desk_draws.LEFT`)."""
        return _table(self.content["licences"], LEFT)

    @cached_property
    def tranches(self) -> list[Tranche]:
        """What was left of the parts of licences that are allotted to the port."""
        return [Tranche.read(one) for one in self.content["tranches"]]

    @cached_property
    def merged(self) -> frozenset[str]:
        """The SHA-256 of each line of a port's record that the log had when the bundle was made."""
        return frozenset(self.content["merged"])

    def sources(self, promised: Iterable[Promised] = ()) -> Sources:
        """What the desk answers from. `promised`: what the port has promised of licences since."""
        register = Register(
            tables={
                **Register().tables,
                **{name: _table(rows, TABLES[name]) for name, rows in self.content["register"].items()},
            }
        )
        lists = [read_again(name, content) for name, content in self.content["lists"].items()]
        stakes = [*held_stakes(register), *(stake for one in lists for stake in one.stakes)]
        screener = Screener([*registered(register), *(party for one in lists for party in one.parties)], stakes)
        return Sources(
            licences=less_promised(self.licences, promised),
            exporters=register.organisation_by_name,
            records=Records(
                models=models_of_table(register.tables["models"]),
                owners=owners_behind(register, lists, day=self.made_at.date()),
            ),
            screened=Screened(screener, lists=len(lists)),
            stamp={"entry": self.entry, "root": self.root},
            answers=[StandingAnswer.read(one) for one in self.content.get("answers", ())],
        )


def make(
    store: Store, snapshot: Snapshot, law: Jurisdiction, *, now: datetime, days: int = USUAL_DAYS, port: str = ""
) -> bytes:
    """The bytes of a bundle that may be used until the end of `days` days from today."""
    register, today = snapshot.register, law.day_of(now)
    licences, tranches = port_licences(store, register, law, day=today, port=port)
    content = canonical_json(
        {
            "law": {"code": law.code, "files": dict(law.pack.files)},
            "licences": [_row(row) for row in licences.rows()],
            "tranches": [one.as_json() for one in tranches],
            "register": {name: [_row(row) for row in register.tables[name].rows()] for name in _REGISTER},
            "lists": files_of(store),
            "answers": [one.as_json() for one in standing_answers(store, before=snapshot.entry + 1)],
            "merged": sorted(_merged(store)),
        }
    )
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", mtime=0) as stream:
        stream.write(content)
    last = today + timedelta(days=days)
    lines = (
        store.origin,
        FORMAT,
        store.signer.verifier.vkey,
        utc_text(now),
        last.isoformat(),
        str(snapshot.entry),
        snapshot.root,
        port or "-",
        sha256(packed.getvalue()).hexdigest(),
    )
    note = store.signer.sign("".join(f"{line}\n" for line in lines))
    return note.encode() + _DIVIDER + packed.getvalue()


def _merged(store: Store) -> set[str]:
    facts = (facts_of(one) for one in store.entries_of(DESK_KIND))
    return {str(facts["record"]) for facts in facts if facts.get("record")}


def open_bundle(source: bytes, *, today: date, key: str | None = None) -> Bundle:
    """The bundle in these bytes. `key`: the vkey that must have signed it; without one, the key that it names itself.

    Raises BundleError.
    """
    head, divider, packed = source.partition(_DIVIDER)
    if not divider or len(head) > _NOTE_BYTES:
        raise BundleError(lang.text("this is no bundle of lodeline"))
    note = head.decode("utf-8", "replace")
    try:
        named = note.splitlines()[2:3]
        verifier = Verifier.read(key or (named[0] if named else ""))
        text = open_note(note, [verifier])
    except NoteError as error:
        raise BundleError(
            lang.text(
                "the signature of the bundle is not to be believed ({error}): get a new one from the authority",
                error=error,
            )
        ) from error
    parts = text.splitlines()
    if len(parts) != _LINES or parts[1] != FORMAT:
        raise BundleError(lang.text("this is no bundle of a known format"))
    _, _, _, made_at, last_day, entry, root, port, digest = parts
    if sha256(packed).hexdigest() != digest:
        raise BundleError(lang.text("the bundle was changed after it was signed: get a new one"))
    if today > date.fromisoformat(last_day):
        raise BundleError(lang.text("the bundle could be used until {last_day}: get a new one", last_day=last_day))
    return Bundle(
        made_at=datetime.fromisoformat(made_at),
        last_day=date.fromisoformat(last_day),
        entry=int(entry),
        root=root,
        port="" if port == "-" else port,
        digest=digest,
        key=verifier.vkey,
        pinned=key is not None,
        content=_content(packed),
    )


def law_of(bundle: Bundle) -> Jurisdiction:
    """The law that the bundle carries, which whoever signed it may have written. Raises BundleError."""
    try:
        pack = bundle.pack
        return law_of_stranger(pack.code, {path: text.encode() for path, text in pack.files.items()})
    except PackError as error:
        raise BundleError(
            lang.text("this version cannot read the law of the bundle: {text}", text=error.words)
        ) from error
    except (KeyError, TypeError, AttributeError, UnicodeEncodeError) as error:
        raise BundleError(lang.text("the bundle carries no law: get a new one")) from error


def _content(packed: bytes) -> Mapping[str, Any]:
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(packed)) as stream:
            content = stream.read(_BYTES_MOST + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise BundleError(lang.text("the bundle is torn: copy it again")) from error
    if len(content) > _BYTES_MOST:
        raise BundleError(lang.text("the bundle is larger than any that is made"))
    found: Mapping[str, Any] = json.loads(content)
    return found


def _row(row: tuple[Any, ...]) -> list[Any]:
    return [one.isoformat() if isinstance(one, date) else list(one) if isinstance(one, tuple) else one for one in row]


def _table(rows: list[list[Any]], schema: Mapping[str, pl.DataType]) -> pl.DataFrame:
    stored = {name: pl.String() if dtype == pl.Date else dtype for name, dtype in schema.items()}
    return pl.DataFrame(rows, schema=stored, orient="row").with_columns(
        pl.col(name).str.to_date("%Y-%m-%d") for name, dtype in schema.items() if dtype == pl.Date
    )
