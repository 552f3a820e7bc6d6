"""A kept question comes out the same under the pack that it names, whatever has become of law, lists and licences."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest
from tests.desk import Desk, organisation, site
from tests.law_packs import with_notice

from lodeline.control.declaration import read_fields
from lodeline.control.rulebook import LawDay
from lodeline.regulation.parameter import Jurisdiction
from lodeline.service.customs import bundle as bundles
from lodeline.service.customs import offline, rejudging
from lodeline.service.customs import papers as desk_papers
from lodeline.service.customs.desk import Ledger
from lodeline.service.customs.papers import DeskError
from lodeline.service.customs.rejudging import judged_again
from lodeline.service.customs.release import judge
from lodeline.service.customs.replay import replay_proposal
from lodeline.service.law import publishing
from lodeline.service.licences.draws import Wanted, reserve
from lodeline.service.parties.lists import load_list
from lodeline.store.law import law_now
from lodeline.store.opening import open_store
from lodeline.store.snapshot_opening import open_snapshot
from lodeline.store.store import LAW_KIND, Store

NOW, TODAY = datetime(2026, 11, 29, 2, 0, tzinfo=UTC), date(2026, 11, 29)
#: Neodymium magnets; under the notice of the day they are held.
FREE = {
    "line": "1", "declaration": "D-1", "exporter": "MAG", "product_name": "NdFeB magnets", "hs_code": "8505111000",
    "composition": "Nd=29.4;Fe=69.3;B=1.1", "mass_kg": "100", "destination": "DE", "end_user_name": "Motoren GmbH",
}  # fmt: skip
#: Magnets with dysprosium on a licence for 500 kg.
LICENSED = {
    **FREE, "declaration": "D-2", "composition": "Nd=24.1;Pr=6.02;Dy=1.5;Fe=66;B=0.98", "licence": "LIC-1",
    "control_item": "1C905.a.4", "mass_kg": "300",
}  # fmt: skip


@pytest.fixture
def store(url: str) -> Store:
    made = Desk(url)
    licence = {
        "id": "LIC-1", "kind": "general", "exporter": "MAG", "end_users": ["Motoren GmbH"],
        "control_items": ["1C905.a.4"], "products": [], "mass_mg": 500_000_000, "elements": None, "destination": "DE",
        "end_use": None, "valid_from": date(2026, 5, 1), "valid_to": date(2027, 4, 30),
    }  # fmt: skip
    made.register(organisations=[organisation("MAG", roles="exporter")], sites=[site("mag", "MAG")], licences=[licence])
    return made.store


def kept(store: Store, line: dict[str, str], **options: Any) -> int:
    law = law_now(store)
    asked = read_fields(line)
    ledger = Ledger(snapshot=open_snapshot(store), store=store, asker=options.get("asker"))
    judged = judge(asked, LawDay.of(law, TODAY), ledger, amends=options.get("amends"))
    return desk_papers.put_question(
        store, asked, judged.document, by="o", channel="desk", filed_at=NOW, **options
    ).index  # fmt: skip


def publish(store: Store) -> None:
    files = {path: text.encode() for path, text in with_notice(TODAY).files.items()}
    made = publishing.propose(store, files, reason="No. 99", filed_at=NOW, by="ann").entry.index
    seen = replay_proposal(store, open_snapshot(store), law_now(store), proposal=made, on=TODAY)
    publishing.publish(store, made, preview=seen, filed_at=NOW, by="ben")


@pytest.mark.medium
def test_what_was_answered_follows_from_its_pack_and_the_records_of_then(store: Store) -> None:
    first = law_now(store).digest
    entries = [kept(store, FREE), kept(store, LICENSED)]
    before = [desk_papers.question(store, one).content for one in entries]
    publish(store)
    # The licence is nearly spent since, and a list names the buyer.
    options: dict[str, Any] = {"declaration": "D-9", "line": "1", "mass_mg": 450_000_000}
    wanted = [Wanted(licence="LIC-1", organisation="MAG", **options)]
    assert reserve(store=store, wanted=wanted, law=law_now(store), on=TODAY, filed_at=NOW)[0].draw
    load_list(store, b"id,names\nW-1,Motoren GmbH\n", name="watch", file="watch.csv", filed_at=NOW, by="o")
    elsewhere = open_store(store.database.url)
    for entry in entries:
        assert judged_again(elsewhere, entry=entry) == {"pack": first, "entry": entry, "lines": 1, "rows": []}
    assert [desk_papers.question(store, one).content for one in entries] == before
    # Under the law and the records of now both come out otherwise, and what is kept from now on names the new pack.
    now = [kept(store, one) for one in (FREE, LICENSED)]
    for old, new in zip(entries, now, strict=True):
        was, is_now = (desk_papers.question(store, one).paper["answer"] for one in (old, new))
        assert (was["pack"], is_now["pack"]) == (first, law_now(store).digest)
        assert was["lines"][0]["verdict"] != is_now["lines"][0]["verdict"] == "hold"
        assert judged_again(store, entry=new)["rows"] == []


def test_an_answer_that_does_not_follow_is_told_line_by_line(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = kept(store, FREE)
    publish(store)
    monkeypatch.setattr(rejudging, "law_by_digest", lambda store, digest: law_now(store))
    (row,) = judged_again(store, entry=entry)["rows"]
    assert (row["line"], row["again"]["verdict"]) == ("1", "hold") and row["was"]["verdict"] != "hold"


def test_an_amendment_is_judged_again_without_what_it_amends(store: Store) -> None:
    first = kept(store, LICENSED)
    second = kept(store, LICENSED | {"mass_kg": "320"}, amends=first)
    assert judged_again(store, entry=second)["rows"] == []


def test_what_rests_on_more_than_the_store_is_not_judged_again_and_says_why(store: Store) -> None:
    law = law_now(store)
    content = bundles.make(store, open_snapshot(store), law, now=NOW, port="Ningbo")
    opened = bundles.open_bundle(content, today=TODAY)
    answer = offline.answer_offline(read_fields(FREE), opened, LawDay.of(bundles.law_of(opened), TODAY), now=NOW)
    line = offline.record_line(read_fields(FREE), answer, asked_at=NOW)
    entry = offline.merge(store, line, law=law, now=NOW, today=TODAY)["rows"][0]["entry"]
    merged = offline.merge(store, line, law=law, now=NOW, today=TODAY)
    assert merged["problems"] == []
    with pytest.raises(DeskError, match=f"from bundle {opened.digest[:12]}"):
        judged_again(store, entry=entry)
    with pytest.raises(DeskError, match="no question"):
        judged_again(store, entry=0)


def test_a_bundle_from_before_a_publication_is_stale_by_name(store: Store) -> None:
    def record(law: Jurisdiction, number: str) -> bytes:
        """What a port that has just fetched a bundle keeps."""
        opened = bundles.open_bundle(
            bundles.make(store, open_snapshot(store), law, now=NOW, port="Ningbo"), today=TODAY
        )
        asked = read_fields(FREE | {"declaration": number})
        answer = offline.answer_offline(asked, opened, LawDay.of(bundles.law_of(opened), TODAY), now=NOW)
        return offline.record_line(asked, answer, asked_at=NOW)

    first = law_now(store)
    old = record(first, "P-1")
    publish(store)
    second = law_now(store)
    assert second.digest != first.digest
    new = record(second, "P-2")
    (told,) = offline.merge(store, old + new, law=second, now=NOW, today=TODAY)["problems"]
    published = store.entries_of(LAW_KIND)[0].index
    bundle = json.loads(old)["answer"]["bundle"]["sha256"]
    assert told["code"] == "offline.other-law" and told["message"]["en"].startswith(
        f"Bundle {bundle[:12]}… for Ningbo rests on law pack {first.digest[:12]}…; entry {published} has published"
        f" {second.digest[:12]}… since: fetch a new one."
    )
    # The new bundle carries the new pack, and holds what the old one let go.
    words = [json.loads(line)["answer"]["verdict"] for line in (old, new)]
    assert words[0] != words[1] == "hold" and json.loads(new)["answer"]["pack"] == second.digest
