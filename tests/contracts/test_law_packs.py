"""Two officers make a pack the law of a store while it goes on; what was judged before is judged again alike."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.contracts.harm import unguarded
from tests.desk import Desk, organisation, site
from tests.law_packs import LIST, notice, with_notice

from lodeline.control.declaration import read_fields
from lodeline.control.rulebook import LawDay
from lodeline.journal.verify import Fault
from lodeline.regulation.pack import Pack, shipped
from lodeline.regulation.parameter import Jurisdiction, load
from lodeline.service.customs.desk import Ledger, answer
from lodeline.service.customs.replay import replay_proposal
from lodeline.service.entries.office_log import enter_first_law
from lodeline.service.law import publishing
from lodeline.service.law.publishing import Proposal, PublishingError
from lodeline.service.log.audit import verify
from lodeline.service.log.backup import back_up
from lodeline.store.law import law_before, law_by_digest, law_now
from lodeline.store.opening import create, open_store
from lodeline.store.snapshot import Snapshot
from lodeline.store.snapshot_opening import open_snapshot, open_snapshot_as_of
from lodeline.store.store import PACK_FACT, Store, StoreError

NOW = datetime(2026, 11, 29, 2, 0, tzinfo=UTC)
TODAY = date(2026, 11, 29)
NOTICE = notice(TODAY)
MAGNETS = {
    "line": "1", "exporter": "MAG", "product_name": "NdFeB magnets", "hs_code": "8505111000",
    "composition": "Nd=29.4;Fe=69.3;B=1.1", "mass_kg": "100", "destination": "DE", "end_user_name": "Motoren GmbH",
}  # fmt: skip


@pytest.fixture
def desk(url: str) -> Desk:
    return _made(url)


def _made(url: str) -> Desk:
    made = Desk(url)
    made.register(organisations=[organisation("MAG", roles="magnet-maker")], sites=[site("mag", "MAG", "magnet")])
    return made


@pytest.fixture
def older(url: str, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A store of before the log said with which law it was made."""
    with monkeypatch.context() as then:
        then.setattr(Store, "_first", lambda self, envelope: envelope)
        return _made(url)


def exchanged(store: Store) -> Store:
    """The store with another law to begin with: files and digest, in both rows, the guards to the letter."""
    other = with_notice(TODAY)
    files_ = json.dumps(dict(other.files), ensure_ascii=False, sort_keys=True)
    with unguarded(store):
        store.database.execute(
            "UPDATE fact SET key = %s, value = %s WHERE key = %s",
            (PACK_FACT + other.digest, files_, PACK_FACT + store.first_pack),
        )
        store.database.execute("UPDATE fact SET value = %s WHERE key = 'pack'", (other.digest,))
    return open_store(store.database.url)


def files(**more: str) -> dict[str, bytes]:
    """The pack that comes with the program, with these files beside or in place of its own."""
    return {path: text.encode() for path, text in {**shipped("cn").files, **more}.items()}


def propose(store: Store, by: str = "ann", **more: str) -> Proposal:
    return publishing.propose(store, files(**(more or NOTICE)), reason="No. 99", filed_at=NOW, by=by)


def preview(store: Store, proposal: int) -> dict[str, Any]:
    return replay_proposal(store, open_snapshot(store), law_now(store), proposal=proposal, on=TODAY)


def publish(store: Store, proposal: int, by: str = "ben") -> publishing.Publication:
    return publishing.publish(store, proposal, preview=preview(store, proposal), filed_at=NOW, by=by)


def verdict(law: Jurisdiction, store: Store, entry: int | None = None) -> dict[str, Any]:
    snapshot = open_snapshot(store) if entry is None else open_snapshot_as_of(store, entry)
    return answer(read_fields(MAGNETS), LawDay.of(law, TODAY), Ledger(snapshot=snapshot))


def test_a_pack_that_two_officers_publish_is_the_law_at_once_and_the_one_before_is_kept(desk: Desk) -> None:
    store, elsewhere = desk.store, open_store(desk.store.database.url)
    before = law_now(store)
    old = verdict(before, store)
    made = propose(store)
    assert law_now(store) is before and made.state == "proposed" and made.tests >= 2
    found = publish(store, made.entry.index)
    # Another process asks the log: nothing is restarted.
    law = law_now(elsewhere)
    assert law.digest == found.pack == made.pack != before.digest
    new = verdict(law, store)
    assert (old["pack"], new["pack"]) == (before.digest, law.digest)
    assert old["lines"][0]["verdict"] != "hold" and new["lines"][0]["verdict"] == "hold"
    assert law_before(store, found.entry.index) is before and law_before(store, found.entry.index + 1) is law
    # What was judged under the old one comes out the same under its digest, whatever stands now.
    again = law_by_digest(elsewhere, old["pack"])
    assert again is not None and verdict(again, store, old["stamp"]["entry"]) == old
    assert found.preview["rules"] == 1 and found.preview["exports"] == {"judged": 0, "different": 0}
    assert not verify(store).faults


def test_a_pack_is_withdrawn_by_publishing_the_one_before(desk: Desk) -> None:
    first = law_now(desk.store)
    publish(desk.store, propose(desk.store).entry.index)
    back = publishing.propose(desk.store, files(), reason="No. 99 was revoked", filed_at=NOW, by="ben")
    publish(desk.store, back.entry.index, by="ann")
    assert law_now(desk.store).digest == first.digest
    assert [one.pack == first.digest for one in publishing.publications(desk.store)] == [True, False]


def test_one_officer_does_not_sign_twice_and_what_is_decided_is_decided(desk: Desk) -> None:
    made = propose(desk.store)
    before = law_now(desk.store)
    with pytest.raises(PublishingError, match="another officer"):
        publish(desk.store, made.entry.index, by="ann")
    assert law_now(desk.store) is before
    assert publishing.refuse(desk.store, made.entry.index, reason="No", filed_at=NOW, by="ben").state == "refused"
    with pytest.raises(PublishingError, match="decided already"):
        publish(desk.store, made.entry.index)
    taken_back = propose(desk.store)
    ended = publishing.refuse(desk.store, taken_back.entry.index, reason="A slip", filed_at=NOW, by="ann")
    assert ended.state == "withdrawn"


def test_a_proposal_that_another_publication_overtook_is_made_again(desk: Desk) -> None:
    one, other = propose(desk.store), propose(desk.store, by="cai", **{"desk/ports.yaml": PORTS})
    publish(desk.store, one.entry.index)
    with pytest.raises(PublishingError, match="propose this one again"):
        publish(desk.store, other.entry.index)


#: The ports of the pack with another label.
PORTS = shipped("cn").files["desk/ports.yaml"].replace("label:\n  en:", "label:\n  en: Today's", 1)


def test_a_preview_of_other_packs_is_no_signature(desk: Desk) -> None:
    one, other = propose(desk.store), propose(desk.store, **{"desk/ports.yaml": PORTS})
    with pytest.raises(PublishingError, match="look at it again"):
        publishing.publish(
            desk.store, one.entry.index, preview=preview(desk.store, other.entry.index), filed_at=NOW, by="ben"
        )


LISTED = NOTICE[LIST]
ITEM = "{item: X, element: Nd, form: magnet, label: {en: a, zh: 甲}, evidence: text}"
AGAIN = f"""\
  - in_force_from: 2026-11-30
    published: 2026-11-29
    citation: {{article: {{en: a, zh: 甲}}}}
    evidence: text
    value: [{ITEM}]
tests:"""
#: What is wrong → (file, text, what is said of it).
REFUSED = {
    "a test that fails": (LISTED.replace("expect: {item: 9C999.a}", "expect: {item: 9C000}"), "9C000"),
    "an unknown element": (LISTED.replace("element: Nd, form", "element: Xx, form"), "Xx"),
    "an unknown form": (LISTED.replace("form: magnet-ndfeb", "form: lump"), "lump"),
    "values that overlap": (LISTED.replace("tests:", AGAIN), "overlap"),
    "no YAML": (LISTED + "  - [\n", "no YAML"),
}  # fmt: skip


@pytest.mark.parametrize("wrong", REFUSED)
def test_a_pack_with_a_fault_is_refused_in_words_and_the_old_one_stands(desk: Desk, wrong: str) -> None:
    text, said = REFUSED[wrong]
    before, size = law_now(desk.store), desk.store.head().size
    with pytest.raises(PublishingError, match="the law that stands goes on") as refused:
        propose(desk.store, **{**NOTICE, LIST: text})
    assert said in refused.value.en and f"cn/{LIST}" in refused.value.en
    assert law_now(desk.store) is before and desk.store.head().size == size


def test_a_duty_that_no_rule_reads_and_the_very_same_pack_are_refused(desk: Desk) -> None:
    unread = LISTED.replace("parameter: control-list", "parameter: stamp-duty")
    with pytest.raises(PublishingError, match="stamp-duty"):
        propose(desk.store, **{**NOTICE, "announcement-99-2026/stamp-duty.yaml": unread.replace("shared: true\n", "")})
    with pytest.raises(PublishingError, match="nothing to publish"):
        publishing.propose(desk.store, files(), reason="again", filed_at=NOW, by="ann")


def test_answers_of_the_nation_are_made_anew_under_a_new_law(desk: Desk) -> None:
    desk.rows("MAG", "2026-10")
    before = open_snapshot(desk.store)
    publish(desk.store, propose(desk.store).entry.index)
    after = open_snapshot(desk.store, before)
    assert after.entry > before.entry and after.once(Snapshot.flow_frames) is not before.once(Snapshot.flow_frames)


def test_files_that_are_not_what_was_published_are_no_law(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    from lodeline.store import law  # noqa: PLC0415

    publish(desk.store, propose(desk.store).entry.index)
    law._read.clear()
    monkeypatch.setattr(law, "pack_of_paper", lambda store, proposal: Pack(code="cn", files=dict(NOTICE)))
    with pytest.raises(StoreError, match="lodeline verify"):
        law_now(desk.store)


def test_a_store_keeps_its_jurisdiction_and_another_release_changes_no_law(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, _ = create(url, jurisdiction="cn")
    assert (store.jurisdiction, law_now(store)) == ("cn", load("cn"))
    with pytest.raises(StoreError, match="there is no pack 'atlantis'"):
        create(url, jurisdiction="atlantis")
    newer = Pack(code="cn", files={**shipped("cn").files, **NOTICE})
    monkeypatch.setattr("lodeline.store.opening.shipped", lambda code: newer)
    again, new = create(url)
    assert not new and law_now(again) == load("cn")
    store.database.close()


def test_another_law_than_the_one_it_was_made_with_is_named_and_applied_by_nobody(desk: Desk, tmp_path: Path) -> None:
    assert verify(desk.store).law_entered
    store = exchanged(desk.store)
    with pytest.raises(StoreError, match="the store was made with"):
        law_now(store)
    with pytest.raises(StoreError, match="lodeline verify"):
        back_up(store, tmp_path / "backup.tar", made_at=NOW)
    assert verify(store).faults == (Fault(entry=0, what="law.pack-changed"),)


def test_another_law_shows_in_papers_that_rest_on_the_one_before(older: Desk) -> None:
    made = propose(older.store)
    found = verify(older.store)
    assert (found.faults, found.law_entered, found.as_json()["law_entered"]) == ((), False, False)
    store = exchanged(older.store)
    pack = older.store.first_pack
    named = Fault(entry=made.entry.index, what="law.pack-unknown", facts={"pack": pack})
    assert verify(store).faults == (named,)


def test_which_law_an_older_store_was_made_with_is_entered_once(older: Desk) -> None:
    publish(older.store, propose(older.store).entry.index)
    assert enter_first_law(older.store, now=NOW) and not enter_first_law(older.store, now=NOW)
    found = verify(older.store)
    assert found.law_entered and found.faults == ()
    entry = older.store.head().size - 1
    assert Fault(entry=entry, what="law.pack-changed") in verify(exchanged(older.store)).faults


def test_an_empty_log_has_nothing_to_say_of_a_law(url: str) -> None:
    store, _ = create(url)
    assert not enter_first_law(store, now=NOW)
    assert verify(store).law_entered and law_now(store).digest == store.first_pack
