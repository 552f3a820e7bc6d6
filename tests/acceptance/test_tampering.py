"""What is changed behind the guards: `verify` says no and names it, or the page on security says that nothing can.

Guards that are put back to the letter tell nothing by themselves. Each kind of alteration is made in a copy of one
store that has something of everything in it, several in one copy where each gives a fault of its own.
"""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.test import override_settings
from tests import worlds
from tests.cli.program import ENVELOPE, JUNE, Lodeline, write_register
from tests.law_packs import with_notice
from tests.office.test_strategy_runs import inputs
from tests.stores import put_away
from tests.unit.strategy.test_disclosure import even, run

from lodeline.journal.verify import Fault
from lodeline.office.access.actor import Actor, actor_of
from lodeline.office.accounts import erasure, holds, people, tokens
from lodeline.office.accounts.proposals import confirm, propose_invitation
from lodeline.office.inspections import visits
from lodeline.office.jobs.work import work_once
from lodeline.office.law import packs
from lodeline.office.log.anchoring import anchor
from lodeline.office.log.proof import judge
from lodeline.office.models import Bookmark, User
from lodeline.office.strategy import releases, runs
from lodeline.regulation.pack import Pack
from lodeline.service.inspections.visits import Seal, Visited
from lodeline.service.licences.runs import announce_run
from lodeline.service.log.audit import verify
from lodeline.store.opening import open_store
from lodeline.store.queries.accounts import sample_firms
from lodeline.store.snapshot_opening import open_snapshot
from lodeline.store.store import Store

CHANGE = "UPDATE line SET mass_mg = mass_mg + 1 WHERE event = 'S-1'"


def change_sqlite(path: str, *, put_back: bool) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        guards = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for name, _ in guards:
            connection.execute(f'DROP TRIGGER "{name}"')
        assert connection.execute(CHANGE).rowcount == 1
        if put_back:
            for _, sql in guards:
                connection.execute(sql)


def change_postgresql(url: str, *, put_back: bool) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("ALTER TABLE line DISABLE TRIGGER USER")
        assert connection.execute(CHANGE).rowcount == 1
        if put_back:
            connection.execute("ALTER TABLE line ENABLE TRIGGER USER")


@pytest.fixture
def change(lodeline: Lodeline) -> Callable[..., None]:
    """Changes the mass; `put_back` says whether the guards stand afterwards."""
    harm = change_postgresql if lodeline.database.startswith("postgresql") else change_sqlite

    def make(*, put_back: bool) -> None:
        harm(lodeline.database, put_back=put_back)

    return make


@pytest.mark.medium
@pytest.mark.parametrize("put_back", [True, False], ids=["guards put back", "guards left off"])
def test_verify_names_the_entry(
    lodeline: Lodeline, tmp_path: Path, change: Callable[..., None], *, put_back: bool
) -> None:
    assert lodeline("load", write_register(tmp_path / "dossier")).status == 0
    for period in ("2025-06", "2025-07"):
        month = tmp_path / f"{period}.csv"
        # Events and lots of the second month have names of their own.
        month.write_text(
            JUNE if period == "2025-06" else JUNE.replace("2025-06", period).replace("-1,", "-7,"), "utf-8"
        )
        assert lodeline("file", month, "--organisation", "ACME", "--period", period).status == 0
    assert lodeline("verify", "--json").document["faults"] == []

    change(put_back=put_back)
    answer = lodeline("verify", "--json")
    assert answer.status == 1 and answer.document["ok"] is False
    faults = [(fault["entry"], fault["what"]) for fault in answer.document["faults"]]
    # The changed row is the fifth of the first filing; the second filing is left in peace.
    assert (1, "row.changed") in faults
    assert {entry for entry, _ in faults} == ({1} if put_back else {1, None})
    assert any(what == "store.guard-missing" for _, what in faults) is not put_back
    assert "entry 1: row.changed" in lodeline("verify").out


def test_the_guards_refuse_the_change(lodeline: Lodeline, tmp_path: Path) -> None:
    assert lodeline("load", write_register(tmp_path / "dossier")).status == 0
    june = tmp_path / "june.csv"
    june.write_text(JUNE, "utf-8")
    assert lodeline("file", june, *ENVELOPE).status == 0
    if lodeline.database.startswith("postgresql"):
        with psycopg.connect(lodeline.database) as live:
            with pytest.raises(psycopg.errors.RaiseException, match="append-only"):
                live.execute(CHANGE)
            live.rollback()
    else:
        with closing(sqlite3.connect(lodeline.database)) as connection, pytest.raises(sqlite3.Error, match="append"):
            connection.execute(CHANGE)
    assert lodeline("verify").status == 0


# One of everything.

NOW = datetime.fromisoformat(worlds.MORNING)
TODAY: date = NOW.date()
SECURITY = Path(__file__).parents[2] / "docs/reference/security.md"


def who(account: str) -> Actor:
    return actor_of(User.objects.get(email=f"{account}@demo.example"), on=TODAY)


def furnish(store: Store) -> None:
    """What the people of a demo leave out."""
    maker = sample_firms(store.database)["maker"]
    site = next(iter(store.newest_register().tables["sites"].filter(organisation=maker)["id"]))
    admin, registrar, licensing = who("admin"), who("registrar"), who("licensing")
    tokens.issue(admin, maker, name="ERP", scopes=["lots:read"], days=30, now=NOW)
    people.require_second_person(admin, maker, True)
    invited = propose_invitation(registrar, email="new@a.example", name="New", role="auditor", today=TODAY, now=NOW)
    confirm(who("registrar-2"), invited.pk, today=TODAY, now=NOW)
    holds.hold_organisation(who("auditor"), maker, reason="Case 12.", registered=[maker], now=NOW)
    erasure.ask(who("supplier"), ground=next(iter(erasure.GROUNDS)), reason="I have left.", now=NOW)
    run_of: dict[str, Any] = {"kind": "mining", "ore_type": "rock", "year": 2026, "run": "R", "reo_mg": 1, "on": TODAY}
    announce_run(store=store, organisation="MIN-0001", filed_at=NOW, **run_of)
    files = {path: text.encode() for path, text in with_notice(TODAY).files.items()}
    packs.propose(licensing, store, files, reason="No. 99", now=NOW)
    seal = Visited(act="seal", site=site, on=TODAY, seals=[Seal(number="B-1", on="Gate 3")])
    visits.enter(who("inspector"), store, seal, organisation=maker, now=NOW, today=TODAY)
    made = runs.save(who("analyst"), store, "a", now=NOW)
    while work_once("w:1:1"):
        pass
    releases.propose(who("analyst"), made.reference, now=NOW)
    releases.confirm(who("analyst-2"), made.reference, now=NOW)
    Bookmark.objects.get_or_create(name="log-notices", defaults={"entry": 5, "read_at": NOW})


@pytest.fixture(scope="module")
def everything(run_room: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A store with something of everything, all of it anchored, with its files for analysis."""
    path = tmp_path_factory.mktemp("everything") / "store.sqlite3"
    url = worlds.living(run_room).copied_to(path)
    with pytest.MonkeyPatch.context() as patch, override_settings(LODELINE_DATABASE=url):
        usual = run([*even("JP", 8), *even("DE", 7)], name="a")
        patch.setattr(runs, "run_scenario", lambda *_, **__: usual)
        patch.setattr(runs, "inputs_of", lambda store, entry: inputs("a"))
        store = open_store(url)
        furnish(store)
        anchor(store, now=NOW)
        open_snapshot(store)
        assert verify(store, judge=judge).faults == ()
        put_away(store)
        yield path


Harm = str | Callable[[sqlite3.Connection], None]


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of alteration: what is done, and the fault that names it; none where the page on security lists it.

    entry  SQL for the entry that the fault names
    fact   a fact of it, and SQL for its value
    copy   in which it is made: those that touch the same thing, or would give the same fault, in another
    """

    harm: Harm
    what: str | None = None
    entry: str = ""
    fact: tuple[str, str] | None = None
    copy: int = 1


def files_of_the_law(connection: sqlite3.Connection, *, with_digest: bool) -> None:
    """Dysprosium leaves without a licence; the digest of the files goes with them, or stays."""
    ((was,),) = connection.execute("SELECT value FROM fact WHERE key = 'pack'").fetchall()
    ((text,),) = connection.execute("SELECT value FROM fact WHERE key = ?", (f"pack-{was}",)).fetchall()
    files = json.loads(text)
    path = "announcement-18-2025/control-list.yaml"
    files[path] = re.sub(r"in_force_from: \S+", "in_force_from: 2099-01-01", files[path])
    digest = Pack(code="cn", files=files).digest if with_digest else was
    changed = (f"pack-{digest}", json.dumps(files, ensure_ascii=False, sort_keys=True), f"pack-{was}")
    connection.execute("UPDATE fact SET key = ?, value = ? WHERE key = ?", changed)
    connection.execute("UPDATE fact SET value = ? WHERE key = 'pack'", (digest,))


def repacked(table: str, change: Callable[[dict[str, Any]], None], *digests: str) -> Callable[..., None]:
    """Changes what is kept compressed in a row, with the digests that go with it."""

    def do(connection: sqlite3.Connection) -> None:
        ((row, content),) = connection.execute(f"SELECT id, content FROM {table} ORDER BY id LIMIT 1").fetchall()
        document = json.loads(zlib.decompress(content))
        change(document)
        encoded = runs.canonical(document)
        connection.execute(f"UPDATE {table} SET content = ? WHERE id = ?", (zlib.compress(encoded), row))
        for name in digests:
            connection.execute(f"UPDATE {table} SET {name} = ? WHERE id = ?", (sha256(encoded).hexdigest(), row))

    return do


def nothing_kept_back(document: dict[str, Any]) -> None:
    for one in document["release"]["sums"]:
        one["firms"]["FIRM"] = 1.0
        one["why"] = ""


def another_headline(document: dict[str, Any]) -> None:
    document["headline"] = {"en": "None stops", "zh": "均不停产"}


def copied(table: str, **changed: str) -> Callable[[sqlite3.Connection], None]:
    """Inserts a copy of the last row, some columns of it by SQL."""

    def do(connection: sqlite3.Connection) -> None:
        names = [str(row[1]) for row in connection.execute(f"PRAGMA table_info({table})") if row[1] != "id"]
        values = ",".join(changed.get(name, f'"{name}"') for name in names)
        listed = ",".join(f'"{name}"' for name in names)
        connection.execute(f"INSERT INTO {table} ({listed}) SELECT {values} FROM {table} ORDER BY id DESC LIMIT 1")

    return do


FIRST_FILING = "SELECT MIN(\"index\") FROM entry WHERE kind = 'filing'"
LAST_FILING = "SELECT MAX(\"index\") FROM entry WHERE kind = 'filing' AND row_count > 0"
ROW = f"WHERE entry = ({LAST_FILING}) AND ordinal = 0"


def paper(kind: str) -> Kind:
    """The paper of the last entry of a kind is another."""
    entry = f"SELECT MAX(\"index\") FROM entry WHERE kind = '{kind}'"
    packed = zlib.compress(b'{"act":"another"}').hex()
    return Kind(
        harm=f"UPDATE upload SET content = x'{packed}' WHERE entry = ({entry})", what="upload.changed", entry=entry
    )


CASE = "(SELECT MIN(id) FROM office_case WHERE matter = '' AND state <> 'withdrawn')"
CASE_STEP = "(SELECT MIN(id) FROM office_case_step WHERE kind = 'answered')"
STEP_OF_CASE = f"SELECT entry FROM office_case_step WHERE id = {CASE_STEP}"
APPLICATION_STEP = "(SELECT MIN(id) FROM office_application_step WHERE kind = 'submitted')"
STEP_OF_APPLICATION = f"SELECT entry FROM office_application_step WHERE id = {APPLICATION_STEP}"
RECORDS = "SELECT MAX(id) - {} FROM office_audit_record"
KINDS: dict[str, Kind] = {
    # Of the ledger.
    "mass of a row": Kind(harm=f"UPDATE line SET mass_mg = mass_mg + 1 {ROW}", what="row.changed", entry=LAST_FILING),
    "note of a row": Kind(
        harm=f"UPDATE line SET note = 'wet' WHERE entry = ({FIRST_FILING}) AND ordinal = 0", what="row.changed",
        entry=FIRST_FILING,
    ),
    "row deleted": Kind(harm=f"DELETE FROM line {ROW}", what="row.missing", entry=LAST_FILING, copy=2),
    "flags of a filing": Kind(
        harm="UPDATE entry SET flags = '[{\"code\":\"x\"}]'" f' WHERE "index" = ({LAST_FILING})',
        what="entry.columns-differ", entry=LAST_FILING,
    ),
    "filer of a filing": Kind(
        harm=f"UPDATE entry SET organisation = 'X' WHERE \"index\" = ({FIRST_FILING})", what="entry.columns-differ",
        entry=FIRST_FILING, copy=4,
    ),
    "envelope of a filing": Kind(
        harm=f"UPDATE entry SET envelope = replace(envelope, '2025', '2024') WHERE \"index\" = ({FIRST_FILING})",
        what="entry.changed", entry=FIRST_FILING, copy=3,
    ),
    "bytes of an upload": paper("filing"),
    "name of an upload": Kind(
        harm=f"UPDATE upload SET name = 'other.csv' WHERE entry = ({FIRST_FILING})", what="upload.changed",
        entry=FIRST_FILING,
    ),
    "record of the register": Kind(
        harm="UPDATE record SET body = replace(body, ',', ', ') || ' ' WHERE id = (SELECT MIN(id) FROM record)",
        what="row.changed", entry="SELECT MIN(entry) FROM record",
    ),
    "holding": Kind(
        harm="UPDATE holding SET mass_mg = mass_mg + 1 WHERE id = (SELECT MIN(id) FROM holding)", what="state.differs",
        fact=("table", "'holding'"),
    ),
    "transfer": Kind(
        harm="UPDATE transfer SET received_mg = 5 WHERE id = (SELECT MIN(id) FROM transfer)", what="state.differs",
        fact=("table", "'transfer'"),
    ),
    "draw-down": Kind(
        harm="UPDATE drawdown SET reo_mg = reo_mg + 1", what="state.differs", fact=("table", "'drawdown'")
    ),
    "superseded": Kind(
        harm="INSERT INTO superseded (organisation, event, entry, \"by\")"
        " SELECT organisation, event, entry, entry + 1 FROM line ORDER BY id LIMIT 1",
        what="state.differs", fact=("table", "'superseded'"),
    ),
    "reservation inserted": Kind(
        harm="INSERT INTO reservation (account, organisation, declaration, line, number, tranche, entry, mass_mg,"
        " used_mg, open_mg, state) VALUES ('L-1', 'MIN-0001', 'D', '1', 9, '', 1, 5, 0, 5, 'open')",
        what="state.differs", fact=("table", "'reservation'"),
    ),
    "planned run": Kind(
        harm="UPDATE draw SET organisation = 'X'", what="row.changed", entry="SELECT MIN(entry) FROM draw"
    ),
    "head": Kind(harm="UPDATE head SET next_lot = 1", what="state.differs", fact=("table", "'head'")),
    "name of a lot": Kind(
        harm="UPDATE lot SET name = name || 'X' WHERE id = (SELECT MAX(id) FROM lot)", what="row.resolution-changed",
        entry="SELECT MIN(entry) FROM line WHERE lot_id = (SELECT MAX(id) FROM lot)",
    ),
    "mass of an invoice": Kind(
        harm="UPDATE invoice_line SET mass_mg = mass_mg + 1 WHERE id = (SELECT MIN(id) FROM invoice_line)",
        what="row.changed", entry="SELECT MIN(entry) FROM invoice_line",
    ),
    "line of customs": Kind(
        harm="UPDATE customs_line SET mass_mg = mass_mg + 1 WHERE id = (SELECT MIN(id) FROM customs_line)",
        what="row.changed", entry="SELECT MIN(entry) FROM customs_line",
    ),
    "name of the log": Kind(
        harm="UPDATE fact SET value = 'other.org/log' WHERE key = 'origin'", what="checkpoint.signature", copy=5
    ),
    "law that the store was made with": Kind(
        harm=partial(files_of_the_law, with_digest=True), what="law.pack-changed", entry="SELECT 0", copy=2
    ),
    "files of that law": Kind(
        harm=partial(files_of_the_law, with_digest=False), what="law.pack-changed", entry="SELECT 0", copy=3
    ),
    "paper of a declaration": paper("declaration"),
    "paper of an inspection": paper("inspection"),
    "proposal of a law pack": paper("law-proposal"),
    # Of the office.
    "audit record": Kind(
        harm="UPDATE office_audit_record SET who = 'nobody' WHERE id = 1", what="audit.changed", fact=("records", "'1'")
    ),
    "audit record deleted": Kind(
        harm="DELETE FROM office_audit_record WHERE id = 3", what="audit.missing", fact=("records", "'3'")
    ),
    "audit record next to a deleted one": Kind(
        harm="UPDATE office_audit_record SET who = 'nobody' WHERE id = 4; DELETE FROM office_audit_record WHERE id = 5",
        what="audit.changed", fact=("records", "'4'"), copy=2,
    ),
    "role": Kind(
        harm="UPDATE office_membership SET role = 'registrar' WHERE id = 1", what="right.changed", fact=("row", "1")
    ),
    "role inserted": Kind(
        harm=copied("office_membership", role="'registrar'"), what="right.without-entry", fact=("right", "'membership'")
    ),
    "role deleted": Kind(
        harm="DELETE FROM office_membership WHERE id = 2", what="right.missing", fact=("right", "'membership'")
    ),
    "scopes of a token": Kind(
        harm="UPDATE office_token SET scopes = scopes || ' nation:read'", what="right.changed",
        fact=("right", "'token'"),
    ),
    "firm of a token": Kind(
        harm="UPDATE office_token SET organisation = 'MIN-0001'", what="right.changed", fact=("right", "'token'"),
        copy=2,
    ),
    "pseudonym of a person": Kind(
        harm="UPDATE office_user SET pseudonym = 'x' WHERE id = (SELECT user_id FROM office_membership WHERE id = 3)",
        what="right.changed", fact=("row", "3"), copy=2,
    ),
    "step of a case": Kind(
        harm=f"UPDATE office_case_step SET content = replace(content, '\"text\"', '\"words\"') WHERE id = {CASE_STEP}",
        what="step.changed", entry=STEP_OF_CASE,
    ),
    "files of a step that are numbers": Kind(
        harm=f"UPDATE office_case_step SET content = json_set(content, '$.files', json('[1]')) WHERE id = {CASE_STEP}",
        what="step.changed", entry=STEP_OF_CASE, copy=2,
    ),
    "files of a step that are a word": Kind(
        harm=f"UPDATE office_case_step SET content = json_set(content, '$.files', 'abc') WHERE id = {CASE_STEP}",
        what="step.changed", entry=STEP_OF_CASE, copy=3,
    ),
    "step of a case deleted": Kind(
        harm=f"DELETE FROM office_case_file WHERE step_id = {CASE_STEP};"
        f"DELETE FROM office_case_step WHERE id = {CASE_STEP}",
        what="step.missing", entry=STEP_OF_CASE, copy=4,
    ),
    "file of a step": Kind(
        harm="UPDATE office_case_file SET name = 'other.pdf' WHERE id = (SELECT MAX(id) FROM office_case_file)",
        what="step.file-changed",
        entry="SELECT entry FROM office_case_step"
        " WHERE id = (SELECT step_id FROM office_case_file ORDER BY id DESC LIMIT 1)",
    ),
    "case closed": Kind(
        harm=f"UPDATE office_case SET state = 'withdrawn' WHERE id = {CASE}",
        what="case.differs",
        fact=("case", f"SELECT reference FROM office_case WHERE id = {CASE}"),
        copy=2,
    ),
    "dispute": Kind(
        harm="UPDATE office_dispute SET reason = 'x' WHERE id = (SELECT MIN(id) FROM office_dispute)",
        what="paper.changed", fact=("paper", "'dispute'"),
    ),
    "dispute deleted": Kind(
        harm="DELETE FROM office_dispute WHERE id = (SELECT MAX(id) FROM office_dispute)", what="paper.missing",
        fact=("paper", "'dispute'"),
    ),
    "legal hold": Kind(
        harm="UPDATE office_legal_hold SET lifted_at = set_at", what="paper.changed", fact=("paper", "'hold'")
    ),
    "request to erase": Kind(
        harm="UPDATE office_erasure_request SET state = 'refused'", what="paper.changed", fact=("paper", "'request'")
    ),
    "state of an application": Kind(
        harm="UPDATE office_application SET state = 'granted' WHERE state = 'proposed'", what="case.differs",
        fact=("case", "SELECT reference FROM office_application WHERE state = 'proposed'"),
    ),
    "content of an application": Kind(
        harm="UPDATE office_application SET content = '{}' WHERE state = 'queried'", what="case.differs",
        fact=("case", "SELECT reference FROM office_application WHERE state = 'queried'"),
    ),
    "officer of an application": Kind(
        harm="UPDATE office_application SET officer_id = (SELECT MAX(id) FROM office_user) WHERE state = 'proposed'",
        what="case.differs", fact=("case", "SELECT reference FROM office_application WHERE state = 'proposed'"),
        copy=2,
    ),
    "step of an application": Kind(
        harm="UPDATE office_application_step SET content = json_set(content, '$.by', 'x')"
        f" WHERE id = {APPLICATION_STEP}",
        what="step.changed", entry=STEP_OF_APPLICATION, copy=2,
    ),
    "documents of a step without names": Kind(
        harm="UPDATE office_application_step SET content = json_set(content, '$.documents', json('[{}]'))"
        f" WHERE id = {APPLICATION_STEP}",
        what="step.changed", entry=STEP_OF_APPLICATION, copy=3,
    ),
    "document of an application": Kind(
        harm="UPDATE office_application_document SET name = 'other.pdf'"
        f" WHERE id = (SELECT MIN(id) FROM office_application_document WHERE step_id = {APPLICATION_STEP})",
        what="step.file-changed", entry=STEP_OF_APPLICATION,
    ),
    "run of a scenario": Kind(
        harm=repacked("office_strategy_run", another_headline, "sha256", "again_sha256"), what="run.changed"
    ),
    "what a run was asked": Kind(
        harm="UPDATE office_strategy_run SET scenario = 'another'", what="run.changed", copy=2
    ),
    "run of a scenario inserted": Kind(
        harm=copied("office_strategy_run", reference="'00'"), what="run.without-act", fact=("run", "'00'")
    ),
    "release to agencies": Kind(
        harm=repacked("office_strategy_release", nothing_kept_back, "sha256"), what="release.changed"
    ),
    "release to agencies deleted": Kind(
        harm="DELETE FROM office_strategy_release", what="release.missing", copy=2
    ),
    "release to agencies inserted": Kind(
        harm=copied("office_strategy_release", run="'00'"), what="release.without-act", fact=("run", "'00'")
    ),
    "release to agencies put back": Kind(
        harm="UPDATE office_strategy_release SET withdrawn_at = published_at", what="release.changed", copy=3
    ),
    "second person of a firm": Kind(
        harm="UPDATE office_organisation_settings SET second_person = 0", what="setting.changed"
    ),
    "invitation inserted": Kind(
        harm=copied("office_invitation", digest="'00'"), what="invitation.without-act",
        fact=("invitation", "SELECT CAST(MAX(id) + 1 AS TEXT) FROM office_invitation"),
    ),
    "role of an invitation": Kind(
        harm="UPDATE office_invitation SET role = 'registrar'", what="invitation.without-act",
        fact=("invitation", "SELECT CAST(MAX(id) AS TEXT) FROM office_invitation"), copy=2,
    ),
    **{
        f"trigger of others on {table}": Kind(
            harm=f"CREATE TRIGGER on_{table} AFTER UPDATE ON {table} BEGIN SELECT 1; END", what="store.guard-foreign",
            fact=("trigger", f"'on_{table}'"),
        )
        for table in ("line", "head", "holding", "office_audit_record", "office_token", "office_strategy_release")
    },
    "guard weakened": Kind(
        harm="CREATE TRIGGER line_no_delete BEFORE DELETE ON line WHEN 0 BEGIN SELECT 1; END",
        what="store.guard-missing", fact=("trigger", "'line_no_delete'"),
    ),
    # Nothing shows these: see the page on security.
    "address of an account": Kind(harm="UPDATE office_user SET email = 'x@y.example' WHERE id = 1"),
    "password of an account": Kind(harm="UPDATE office_user SET password = 'x' WHERE id = 1"),
    "name of a person": Kind(harm="UPDATE office_user SET name = 'X' WHERE id = 1"),
    "cell of a draft": Kind(harm="UPDATE office_draft_edit SET text = 'x'"),
    "notice": Kind(harm="UPDATE office_notice SET kind = 'month-filed' WHERE id = (SELECT MIN(id) FROM office_notice)"),
    "notice deleted": Kind(harm="DELETE FROM office_notice WHERE id = (SELECT MAX(id) FROM office_notice)"),
    "payload of a job": Kind(harm="UPDATE office_job SET payload = '{}'"),
    "bookmark": Kind(harm="UPDATE office_bookmark SET entry = entry + 1"),
    "invitation that waits for its letter": Kind(harm=copied("office_invitation", digest="'01'", waits="1")),
    "audit record of today": Kind(harm=copied("office_audit_record", what="'account.sign-in'")),
}  # fmt: skip


def made_in(copy: int) -> list[str]:
    """The kinds that are made in a copy; those that are listed in the copy 0."""
    return [name for name, kind in KINDS.items() if (kind.copy if kind.what else 0) == copy]


def verdicts(path: Path, room: Path, names: Sequence[str]) -> tuple[dict[str, Any], list[Fault]]:
    """What faults are expected of these kinds, and what is found when they are made in one copy."""
    copy = Path(shutil.copy(path, room / "store.sqlite3"))
    expected = {}
    with closing(sqlite3.connect(copy)) as connection, connection:
        for name in names:
            kind = KINDS[name]
            entry = connection.execute(kind.entry).fetchone()[0] if kind.entry else None
            sql = "" if kind.fact is None else kind.fact[1]
            fact = (
                connection.execute(sql if sql.startswith("SELECT") else f"SELECT {sql}").fetchone()[0] if sql else None
            )
            expected[name] = (kind.what, entry, None if kind.fact is None else (kind.fact[0], fact))
        guards = dict(connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall())
        for name in guards:
            connection.execute(f'DROP TRIGGER "{name}"')
        for name in names:
            harm = KINDS[name].harm
            if callable(harm):
                harm(connection)
            else:
                for one in _statements(harm):
                    assert connection.execute(one).rowcount != 0, name
        there = {str(one) for (one,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")}
        for name, sql in guards.items():
            if name not in there:
                connection.execute(sql)
    store = open_store(str(copy))
    found = list(verify(store, judge=judge).faults)
    store.database.close()
    return expected, found


def _statements(text: str) -> list[str]:
    """The statements of a text; one that makes a trigger is one."""
    return [text] if text.startswith("CREATE") else text.split(";")


@pytest.mark.medium
@pytest.mark.parametrize("copy", sorted({0} | {kind.copy for kind in KINDS.values()}))
def test_each_kind_of_alteration_is_named_or_listed(everything: Path, tmp_path: Path, copy: int) -> None:
    expected, found = verdicts(everything, tmp_path, made_in(copy))
    if copy == 0:
        assert found == [], "what is listed as shown by nothing is shown"
        return
    missed = [name for name, one in expected.items() if not any(_is(one, fault) for fault in found)]
    assert missed == [], [(one.entry, one.what, dict(one.facts)) for one in found]


def _is(expected: Any, fault: Fault) -> bool:
    what, entry, fact = expected
    return (
        fault.what == what and (entry is None or fault.entry == entry)
        and (fact is None or str(fault.facts.get(fact[0])) == str(fact[1]))
    )  # fmt: skip


def test_what_nothing_shows_is_listed_on_the_page_on_security() -> None:
    section = SECURITY.read_text("utf-8").partition("## What nothing shows")[2].partition("\n## ")[0]
    listed = re.findall(r"^\| ([^|]+?) \|", section, re.MULTILINE)[1:]
    assert sorted(listed) == sorted(name for name, kind in KINDS.items() if kind.what is None)


def test_more_kinds_are_named_than_were_tried_before() -> None:
    assert len([one for one in KINDS.values() if one.what]) > 51
