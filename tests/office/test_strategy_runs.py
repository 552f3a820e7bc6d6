"""Runs of scenarios: who may, that the same question is one run, that it is stopped, kept, computed again, let go."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

import polars as pl
import pytest
from tests.office.conftest import NOW, of_firm, official
from tests.office.harm import alter, faults_of
from tests.office.register import REGISTER
from tests.unit.strategy.test_disclosure import even, run

from lodeline.errors import UserError
from lodeline.language import bilingual
from lodeline.office.access.actor import Actor, NotAllowedError, RoleGrant
from lodeline.office.access.audit import record_act
from lodeline.office.jobs import jobs
from lodeline.office.jobs.work import work_once
from lodeline.office.models import AuditRecord, Job, StrategyRelease, StrategyRun
from lodeline.office.strategy import releases, runs
from lodeline.service.entries.records import put_records
from lodeline.store.store import Store, StoreError
from lodeline.strategy import disclosure
from lodeline.strategy.inputs.tables import EMPTY, Inputs, schema

ANALYST = official("analyst")
OTHER = Actor(user=0, name="Other", pseudonym="other", standings=(RoleGrant(organisation="", role="analyst"),))
AGENT = Actor(user=7, name="A", pseudonym="a", standings=(RoleGrant(organisation="", role="agency", region="JP"),))
Answer = Callable[..., Any]


def inputs(*names: str) -> Inputs:
    """Tables that have these scenarios and nothing else."""
    rows = [
        {"scenario": name, "name_en": name, "name_zh": name, "base_from": "2025-01", "base_to": "2025-06",
         "starts": NOW.date()}
        for name in names
    ]  # fmt: skip
    table = pl.DataFrame(rows, schema_overrides=dict(schema("scenarios")))
    blank = pl.DataFrame(schema=dict(schema("scenarios")))
    return Inputs(scenarios=pl.concat([blank, table], how="diagonal_relaxed"), digests={"scenarios": "00"})


def publish(reference: str, *, now: datetime) -> StrategyRelease:
    """Publishes by two."""
    releases.propose(ANALYST, reference, now=now)
    return releases.confirm(OTHER, reference, now=now)


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> dict[str, Answer]:
    """Scenario → what stands in for the engine."""
    found: dict[str, Answer] = {}

    def run_scenario(
        snapshot: Any, law: Any, tables: Any, name: str, *, draws: int | None = None, licences: Any = None,
        progress: Any = None,
    ) -> Any:  # fmt: skip
        assert law.country and tables is not EMPTY and licences is not None
        progress(1, 4)
        usual = run([*even("JP", 8), *even("DE", 7)], name=name, entry=snapshot.entry)
        answer: Answer = found.get(name, lambda **_: usual)
        return answer(snapshot=snapshot, draws=draws, progress=progress)

    monkeypatch.setattr(runs, "run_scenario", run_scenario)
    monkeypatch.setattr(runs, "inputs_of", lambda store, entry: inputs("a", "b", "c", "d"))
    return found


def work() -> None:
    while work_once("w:1:1"):
        pass


def done(store: Store, name: str = "a", **options: Any) -> StrategyRun:
    begun = runs.save(ANALYST, store, name, now=NOW, **options)
    work()
    return runs.load(ANALYST, begun.reference)


def acts() -> list[str]:
    return list(AuditRecord.objects.filter(kind="act").order_by("id").values_list("what", flat=True))


def test_a_run_carries_what_it_rests_on_and_is_the_same_for_the_same_question(
    store: Store, answers: dict[str, Answer]
) -> None:
    first = done(store)
    head = store.head()
    assert first.state == "done" and (first.entry, first.root) == (head.size - 1, head.frontier.root().hex())
    assert json.loads(first.digests).keys() == {"scenarios", "law"}
    assert runs.document(first)["scenario"]["name"] == "a"
    assert len(zlib.decompress(first.content)) == first.size
    assert runs.save(ANALYST, store, "a", now=NOW).reference == first.reference
    assert Job.objects.filter(kind="strategy.run").count() == 1
    others = {done(store, "b").reference, done(store, "a", draws=5).reference}
    assert first.reference not in others and len(others) == 2
    put_records(store, {"sites": REGISTER["sites"].head(1).with_columns(name=pl.lit("Anew"))}, filed_at=NOW)
    assert runs.save(ANALYST, store, "a", now=NOW).reference != first.reference
    assert acts().count("strategy.begin") == 4


def test_it_is_computed_again_as_of_its_own_entry_and_says_whether_the_same_came(
    store: Store, answers: dict[str, Answer]
) -> None:
    first = done(store)
    assert runs.is_same(first) is None
    put_records(store, {"sites": REGISTER["sites"].head(1).with_columns(name=pl.lit("Anew"))}, filed_at=NOW)
    runs.again(ANALYST, first.reference, now=NOW)
    work()
    assert runs.is_same(runs.load(ANALYST, first.reference)) is True
    answers["a"] = lambda **_: run(even("JP", 9))
    runs.again(official("auditor"), first.reference, now=NOW)
    work()
    found = runs.load(ANALYST, first.reference)
    assert runs.is_same(found) is False
    assert found.content == first.content, "what was kept stays as it was"


def test_a_run_that_is_under_way_is_stopped(
    store: Store, answers: dict[str, Answer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "_LOOKS_S", 0.0)
    begun = runs.save(ANALYST, store, "a", now=NOW)

    def slow(progress: Any, **_: Any) -> dict[str, Any]:
        assert StrategyRun.objects.get().state == "running"
        runs.stop(ANALYST, begun.reference, now=NOW)
        for one in range(100):
            progress(one, 100)
        raise AssertionError("it went on")

    answers["a"] = slow
    work()
    found = runs.load(ANALYST, begun.reference)
    assert (found.state, bytes(found.content)) == ("stopped", b"")
    assert Job.objects.get().state == "done"
    with pytest.raises(runs.StrategyError, match="not under way"):
        runs.stop(ANALYST, begun.reference, now=NOW)
    del answers["a"]
    assert done(store).state == "done", "and may be begun again"


def test_what_cannot_be_run_says_why(store: Store, answers: dict[str, Answer], monkeypatch: pytest.MonkeyPatch) -> None:
    def no(**_: Any) -> dict[str, Any]:
        raise UserError(bilingual("An empty base window.", "基准期为空。"))

    answers["a"] = no
    found = done(store)
    assert (found.state, found.problem_en, found.problem_zh) == ("refused", "An empty base window.", "基准期为空。")
    monkeypatch.setattr(runs, "BYTES_MOST", 10)
    assert done(store, "b").problem_en.startswith("The run is larger")
    with pytest.raises(UserError):
        runs.save(ANALYST, store, "unheard-of", now=NOW)
    for draws in (0, -1, 10**6):
        with pytest.raises(runs.StrategyError, match="draws"):
            runs.save(ANALYST, store, "a", draws=draws, now=NOW)


def test_no_more_than_some_are_under_way_and_kept(
    store: Store, answers: dict[str, Answer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "OPEN_MOST", 2)
    monkeypatch.setattr(runs, "KEPT_MOST", 2)
    runs.save(ANALYST, store, "a", now=NOW)
    runs.save(ANALYST, store, "b", now=NOW)
    with pytest.raises(runs.StrategyError, match="under way"):
        runs.save(ANALYST, store, "c", now=NOW)
    work()
    first = StrategyRun.objects.get(scenario="a")
    publish(first.reference, now=NOW)
    for name in ("c", "d"):
        done(store, name)
    # The one that agencies are told of stays beside the newest.
    assert set(StrategyRun.objects.values_list("scenario", flat=True)) == {"a", "c", "d"}


def test_a_run_is_published_withdrawn_and_told_to_agencies(store: Store, answers: dict[str, Answer]) -> None:
    first = done(store)
    assert releases.told(AGENT) == []
    made = publish(first.reference, now=NOW)
    assert (made.told, made.kept_back) == (6, 0)
    (row,) = releases.told(AGENT)
    assert (row["run"], row["country"]) == (first.reference, "JP")
    assert [(one["class"], one["part"]) for one in row["rows"]] == [("oxide:Dy", "JP"), ("oxide:Dy", "all")]
    assert releases.told(official("auditor"), "JP") == [row]
    with pytest.raises(NotAllowedError):
        releases.told(AGENT, "DE")
    with pytest.raises(runs.StrategyError, match="Name the state"):
        releases.told(ANALYST)
    with pytest.raises(runs.StrategyError, match="already"):
        publish(first.reference, now=NOW)
    releases.withdraw(official("licensing-officer"), first.reference, now=NOW + timedelta(days=1))
    assert releases.told(AGENT) == []
    with pytest.raises(runs.StrategyError, match="not published"):
        releases.withdraw(ANALYST, first.reference, now=NOW)
    assert acts()[-2:] == ["strategy.publish", "strategy.withdraw"]
    publish(first.reference, now=NOW)
    assert [one.withdrawn_at is None for one in releases.releases(ANALYST)] == [False, True]


def test_what_was_withdrawn_still_counts_in_what_is_told_later(store: Store, answers: dict[str, Answer]) -> None:
    rows = even("JP", 8)
    moved = [{**rows[0], "lost_kg": {**rows[0]["lost_kg"], "p50": 700.0}}, *rows[1:]]
    answers["a"] = lambda **_: run(rows)
    answers["b"] = lambda **_: run(moved, name="b")
    first, second = done(store, "a"), done(store, "b")
    publish(first.reference, now=NOW)
    releases.withdraw(ANALYST, first.reference, now=NOW)
    made = publish(second.reference, now=NOW)
    assert made.kept_back == 1
    (told,) = releases.told(AGENT)
    assert told["rows"][0]["kept_back"] == {"lost_kg": "difference"}


def test_two_who_publish_at_once_do_not_overlook_each_other(
    store: Store, answers: dict[str, Answer], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = done(store, "a"), done(store, "b")
    judge = disclosure.release

    def meanwhile(found: Mapping[str, Any], before: Any) -> Any:
        monkeypatch.setattr(disclosure, "release", judge)
        publish(second.reference, now=NOW)
        return judge(found, before)

    monkeypatch.setattr(disclosure, "release", meanwhile)
    with pytest.raises(runs.StrategyError, match="meanwhile"):
        publish(first.reference, now=NOW)
    assert [one.scenario for one in StrategyRelease.objects.all()] == ["b"]


def test_no_more_is_published_than_can_be_judged(
    store: Store, answers: dict[str, Answer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(releases, "RELEASES_MOST", 1)
    first, second = done(store, "a"), done(store, "b")
    publish(first.reference, now=NOW)
    with pytest.raises(runs.StrategyError, match="cannot be undone"):
        publish(second.reference, now=NOW)


REGIONAL = Actor(standings=(RoleGrant(organisation="", role="analyst", region="CN-JX", firms=frozenset({"MAG-1"})),))
VERBS: dict[str, Callable[[Actor, Store, str], object]] = {
    "save": lambda who, store, run: runs.save(who, store, "b", now=NOW),
    "stop": lambda who, store, run: runs.stop(who, run, now=NOW),
    "propose": lambda who, store, run: releases.propose(who, run, now=NOW),
    "confirm": lambda who, store, run: releases.confirm(who, run, now=NOW),
    "end_proposal": lambda who, store, run: releases.end_proposal(who, run, now=NOW),
    "withdraw": lambda who, store, run: releases.withdraw(who, run, now=NOW),
    "again": lambda who, store, run: runs.again(who, run, now=NOW),
    "saved": lambda who, store, run: runs.saved(who),
    "load": lambda who, store, run: runs.load(who, run),
    "releases": lambda who, store, run: releases.releases(who),
    "told": lambda who, store, run: releases.told(who),
}
READ = {"again", "saved", "load", "releases", "told"}


@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_is_refused_to_whom_it_is_not_open(store: Store, answers: dict[str, Answer], verb: str) -> None:
    first = done(store)
    refused = [Actor(), of_firm("MAG-1", "filer", "certifier", "organisation-admin"), REGIONAL]
    refused += [official(role) for role in ("customs-officer", "inspector", "registrar", "system-admin")]
    if verb != "told":
        refused.append(AGENT)
    if verb not in READ:
        refused += [official("auditor"), official("quota-officer")]
    for who in refused:
        with pytest.raises(NotAllowedError):
            VERBS[verb](who, store, first.reference)


def test_there_is_no_run_of_another_name(store: Store, answers: dict[str, Answer]) -> None:
    with pytest.raises(runs.NoSuchRunError):
        runs.load(ANALYST, "none")
    with pytest.raises(runs.NoSuchRunError):
        runs.stop(ANALYST, "none", now=NOW)
    assert jobs.newest("strategy.run:none") is None


def altered(store: Store, table: str, change: Callable[[dict[str, Any]], None]) -> None:
    """What is kept of the one row is another, and its digests are those of that."""
    ((content,),) = store.database.rows(f"SELECT content FROM {table}")
    document = json.loads(zlib.decompress(content))  # type: ignore[arg-type]
    change(document)
    encoded = runs.canonical(document)
    digests = ("sha256", "again_sha256") if table == "office_strategy_run" else ("sha256",)
    sets = ",".join(f"{name} = %s" for name in digests)
    digest = sha256(encoded).hexdigest()
    alter(store, f"UPDATE {table} SET content = %s, {sets}", (zlib.compress(encoded), *[digest] * len(digests)))


def faults(store: Store) -> list[tuple[str, object]]:
    return [(one.what, one.facts["run"]) for one in faults_of(store)]


def test_what_was_published_is_shown_as_it_was_published_or_not_at_all(
    store: Store, answers: dict[str, Answer]
) -> None:
    rows = even("JP", 3)
    answers["a"] = lambda **_: run(rows)
    reference = done(store).reference
    publish(reference, now=NOW)
    (before,) = releases.told(AGENT)
    assert {one["need_kg_per_day"] for one in before["rows"]} == {None}, "of few firms nothing is shown"
    assert faults(store) == []

    def nothing_kept_back(document: dict[str, Any]) -> None:
        for one in document["release"]["sums"]:
            one["why"] = ""

    altered(store, "office_strategy_release", nothing_kept_back)
    assert faults(store) == [("release.changed", reference)]
    with pytest.raises(StoreError, match="not as it was published"):
        releases.told(AGENT)
    other = done(store, "b").reference
    with pytest.raises(StoreError, match="not as it was published"):
        publish(other, now=NOW)


@pytest.mark.parametrize(
    ("statement", "what"),
    [
        ("DELETE FROM office_strategy_release", "release.missing"),
        ("UPDATE office_strategy_release SET withdrawn_at = NULL, withdrawn_by = ''", "release.changed"),
        ("UPDATE office_strategy_release SET run = 'another'", "release.without-act"),
        ("UPDATE office_strategy_release SET content = sha256", "release.changed"),
    ],
)
def test_a_release_that_was_altered_or_taken_away_is_named(
    store: Store, answers: dict[str, Answer], statement: str, what: str
) -> None:
    reference = done(store).reference
    publish(reference, now=NOW)
    releases.withdraw(ANALYST, reference, now=NOW)
    if "content" in statement and not store.database.is_sqlite:
        statement = statement.replace("= sha256", "= sha256::bytea")
    alter(store, statement)
    assert what in [one for one, _ in faults(store)]
    with pytest.raises(StoreError):
        releases.told(AGENT)


def test_a_run_that_was_altered_is_named_and_not_shown(store: Store, answers: dict[str, Answer]) -> None:
    reference = done(store).reference
    runs.again(ANALYST, reference, now=NOW)
    work()
    assert runs.is_same(runs.load(ANALYST, reference)) and faults(store) == []
    altered(store, "office_strategy_run", lambda document: document.update(headline={"en": "None stops"}))
    assert faults(store) == [("run.changed", reference)]
    with pytest.raises(StoreError, match="not what was computed"):
        runs.document(runs.load(ANALYST, reference))


def test_a_run_of_before_its_bytes_were_recorded_holds(
    store: Store, answers: dict[str, Answer], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as then:

        def recorded(who: Actor, what: str, **more: Any) -> None:
            if what != "strategy.computed":
                record_act(who, what, **more)

        then.setattr(runs, "record_act", recorded)
        older = done(store).reference
    done(store, "b")
    assert faults(store) == [] and runs.document(runs.load(ANALYST, older))
