"""A port without a network: it screens, promises its own tranches and nothing else, and its promises come home.

The drill of several bundles from one entry: `pytest tests/contracts/test_port.py -k bundles`.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from tests.contracts.test_desk_reservations import declared
from tests.contracts.test_draws import DAY, KG, MADE, account, ask, goods, grant, said, want
from tests.desk import LAW, Desk

from lodeline.control.rulebook import LawDay
from lodeline.service.customs import bundle as bundles
from lodeline.service.customs import offline
from lodeline.service.customs import papers as desk_papers
from lodeline.service.licences.draws import allot, void_tranche
from lodeline.service.licences.licences import file_papers
from lodeline.service.parties.lists import load_list
from lodeline.store.snapshot_opening import open_snapshot

NOW = datetime(2025, 6, 10, 4, tzinfo=UTC)
LATER = NOW + timedelta(days=2)
PORT = "Erenhot"


@pytest.fixture
def licensed(own: Desk) -> Desk:
    """L1 is MAG's over 100 kg of magnets with at most 4 kg of dysprosium."""
    grant(own, "L1", mass_mg=100 * KG, elements="Dy=4")
    own.rows("MAG", "2025-06", MADE.format(kg=1000))
    return own


def give_tranche(desk: Desk, kg: int, name: str = "T1", port: str = PORT) -> None:
    given = allot(
        store=desk.store, licence="L1", tranche=name, port=port, mass_mg=kg * KG,
        elements_mg={"Dy": kg * KG // 25}, law=LAW, on=DAY, filed_at=NOW,
    )  # fmt: skip
    assert given.draw, said(given)


class Port:
    """A port with a bundle and its own record."""

    def __init__(self, desk: Desk, *, port: str = PORT) -> None:
        self.record, self.at = b"", NOW
        self.fetch(desk, port=port)

    def fetch(self, desk: Desk, *, port: str = PORT, now: datetime = NOW) -> None:
        content = bundles.make(desk.store, open_snapshot(desk.store), LAW, now=now, port=port)
        self.bundle = bundles.open_bundle(content, today=DAY, key=desk.store.signer.verifier.vkey)

    def ask(self, kg_by_line: Mapping[str, float], today: date = DAY, **changes: str) -> list[dict[str, Any]]:
        declaration = declared(kg_by_line, **changes)
        told = offline.answer_offline(declaration, self.bundle, LawDay.of(LAW, today), now=NOW, record=self.record)
        self.record += offline.record_line(declaration, told, asked_at=self.at)
        return told["lines"]  # type: ignore[no-any-return]

    def verdicts(self, kg_by_line: Mapping[str, float], **changes: Any) -> list[str]:
        return [one["verdict"] for one in self.ask(kg_by_line, **changes)]

    def come_home(self, desk: Desk) -> dict[str, Any]:
        return offline.merge(desk.store, self.record, law=LAW, now=LATER, today=DAY)


def codes(line: dict[str, Any]) -> list[str]:
    return [one["code"] for one in line["reservation"]["problems"]]


def asked(line: dict[str, Any]) -> list[str]:
    """What is asked of a line that stays a question, of which nothing is promised."""
    assert (line["verdict"], line["reservation"]) == ("query", None)
    return [one["code"] for one in line["reasons"] if one["verdict"] == "query"]


def test_a_port_releases_no_more_than_its_tranche_and_each_line_once(licensed: Desk) -> None:
    give_tranche(licensed, 40)
    port = Port(licensed)
    assert port.verdicts({"1": 25}, declaration="D1") == ["release"]
    # 15 kg are left: the whole licence has 60 more, which are not this port's.
    (line,) = port.ask({"1": 16}, declaration="D2")
    assert asked(line) == ["licence.tranche-mass"]
    facts = line["reasons"][-1]["facts"]
    assert (facts["needed_kg"], facts["left_kg"], facts["port"], line["documents"]) == (
        "16", "15", PORT, ["licence-balance"],
    )  # fmt: skip
    # More than the whole licence has is held, with a network or without.
    assert port.verdicts({"1": 76}, declaration="D2") == ["hold"]
    assert port.verdicts({"1": 25}, declaration="D1") == ["release"]
    (line,) = port.ask({"1": 15}, declaration="D2")
    assert (line["verdict"], line["reservation"]["tranche"]) == ("release", "T1")
    (line,) = port.ask({"1": 14}, declaration="D1")
    assert (line["verdict"], codes(line)) == ("hold", ["reservation.exists-with-other-content"])
    assert port.verdicts({"9": 0.001}, declaration="D3") == ["query"]


def test_lines_of_one_declaration_share_what_is_left_in_their_order(licensed: Desk) -> None:
    give_tranche(licensed, 20, "T1")
    give_tranche(licensed, 15, "T2")
    port = Port(licensed)
    told = port.ask({"1": 14, "2": 14})
    assert [(one["verdict"], one["reservation"]["tranche"]) for one in told] == [("release", "T1"), ("release", "T2")]
    # 7 kg are left, in two pieces: no tranche has 7.
    (line,) = port.ask({"3": 7}, declaration="D2")
    assert asked(line) == ["licence.tranche-mass"]


def test_without_a_tranche_of_its_own_a_port_asks_and_promises_nothing(licensed: Desk) -> None:
    give_tranche(licensed, 30)
    for port in ("Manzhouli", ""):
        told = Port(licensed, port=port)
        (line,) = told.ask({"1": 1})
        assert asked(line) == ["licence.no-tranche"]
        (reason,) = (one for one in line["reasons"] if one["verdict"] == "query")
        assert (port or "this port") in reason["text"]["en"] and (port or "本口岸") in reason["text"]["zh"]
        assert "network" in reason["settle"]["en"] and "联网" in reason["settle"]["zh"] and reason["law"]
        assert told.come_home(licensed)["rows"][0]["reservations"] == []
    assert goods(licensed) == (30, 0, 70, 0)
    # What needs no licence is released there as anywhere.
    (line,) = told.ask(
        {"1": 1}, product_name="ceramic ferrite magnets", hs_code="8505190090", composition="", licence=""
    )
    assert line["verdict"] == "release", line["reasons"]


def test_a_release_without_a_number_cannot_be_promised(licensed: Desk) -> None:
    give_tranche(licensed, 40)
    (line,) = Port(licensed).ask({"1": 1}, declaration="")
    assert (line["verdict"], codes(line)) == ("hold", ["reservation.incomplete"])


def test_nothing_is_promised_of_a_licence_that_has_ended(licensed: Desk) -> None:
    grant(licensed, "L2", mass_mg=100 * KG, valid_to=date(2025, 6, 20))
    short = {"licence": "L2", "tranche": "S1", "port": PORT, "mass_mg": KG, "law": LAW}
    assert allot(store=licensed.store, on=DAY, filed_at=NOW, **short).draw  # type: ignore[arg-type]
    port = Port(licensed)
    (line,) = port.ask({"1": 1}, today=date(2025, 6, 21), licence="L2")
    assert (line["verdict"], codes(line)) == ("hold", ["reservation.not-in-force"])
    (line,) = port.ask({"1": 1}, today=date(2025, 6, 20), licence="L2")
    assert line["verdict"] == "release"


def test_a_tranche_is_spent_by_its_last_day(licensed: Desk) -> None:
    give_tranche(licensed, 40)
    port = Port(licensed)
    until = port.bundle.tranches[0].until
    assert until is not None
    (line,) = port.ask({"1": 1}, today=until + timedelta(days=1))
    assert asked(line) == ["licence.tranche-mass"]


def test_promises_come_home_once_and_spend_the_tranche(licensed: Desk) -> None:
    give_tranche(licensed, 40)
    port = Port(licensed)
    port.ask({"1": 25})
    assert goods(licensed) == (40, 0, 60, 0)
    home = port.come_home(licensed)
    (reserved,) = home["rows"][0]["reservations"]
    assert (home["conflicts"], reserved["problems"], reserved["tranche"]) == (0, [], "T1")
    assert goods(licensed) == (40, 0, 60, 0)
    (position,) = [one for one in account(licensed).account.positions if one.declaration == "D1"]
    assert position.reserved and position.reserved.tranche == "T1"
    again = port.come_home(licensed)
    assert (again["taken"], again["rows"][0]["reservations"]) == (0, [reserved])
    assert goods(licensed) == (40, 0, 60, 0)
    # The next bundle knows what came home, and the same record is not taken from it a second time.
    port.fetch(licensed, now=LATER)
    assert port.verdicts({"1": 15}, declaration="D2") == ["release"]
    assert port.verdicts({"1": 1}, declaration="D3") == ["query"]


def test_a_new_bundle_does_not_forget_what_has_not_come_home(licensed: Desk) -> None:
    give_tranche(licensed, 40)
    port = Port(licensed)
    port.ask({"1": 25})
    port.fetch(licensed, now=LATER)
    assert port.verdicts({"1": 16}, declaration="D2") == ["query"]


def test_a_tranche_that_was_allotted_anew_meanwhile_is_a_problem_that_says_what_to_do(licensed: Desk) -> None:
    give_tranche(licensed, 60)
    give_tranche(licensed, 30, "T2")
    port = Port(licensed)
    port.ask({"1": 60}, declaration="D1")
    port.ask({"1": 30}, declaration="D2")
    void_tranche(store=licensed.store, licence="L1", tranche="T1", reason="x", on=DAY, filed_at=NOW)
    ask(licensed, want("1", 50, declaration="D0"))
    home = port.come_home(licensed)
    first, second = (row["reservations"][0] for row in home["rows"])
    assert [one["code"] for one in first["problems"]] == ["offline.no-room", "reservation.tranche-unknown"]
    assert first["problems"][0]["facts"] == {"declaration": "D1", "line": "1", "licence": "L1", "mass_kg": "60"}
    assert (second["problems"], home["conflicts"], home["taken"]) == ([], 1, 2)
    assert goods(licensed) == (80, 0, 20, 0)
    kept = desk_papers.question(licensed.store, home["rows"][0]["entry"])
    assert kept.paper["answer"]["verdict"] == "release", "what was answered at the port stays"
    assert kept.paper["reservations"] == [first]


def test_two_bundles_of_one_entry_promise_what_their_tranches_hold(licensed: Desk) -> None:
    """70 of 100 kg are left. Without tranches two ports promised 60 kg each."""
    ask(licensed, want("1", 30, declaration="D0"))
    first, second = Port(licensed, port="Erenhot"), Port(licensed, port="Manzhouli")
    assert [port.verdicts({"1": 60}, declaration=f"D-{place}") for place, port in enumerate((first, second))] == [
        ["query"], ["query"],
    ]  # fmt: skip
    give_tranche(licensed, 60, "T1", "Erenhot")
    for port, name in ((first, "Erenhot"), (second, "Manzhouli")):
        port.fetch(licensed, port=name)
    assert first.verdicts({"1": 60}, declaration="D1") == ["release"]
    # Of the licence 10 kg are left, and none of them is a port's.
    assert second.verdicts({"1": 10}, declaration="D2") == ["query"]
    assert second.verdicts({"1": 60}, declaration="D2") == ["hold"]
    assert first.come_home(licensed)["conflicts"] == second.come_home(licensed)["conflicts"] == 0
    assert goods(licensed) == (90, 0, 10, 0)


@pytest.mark.medium
@pytest.mark.parametrize("seed", range(4))
def test_bundles_of_one_entry_never_promise_more_together_than_was_left(licensed: Desk, seed: int) -> None:
    """Ports with one tranche, with two, and with none ask at random from bundles of one entry, while the desk at home
    goes on reserving; then their records come home in any order."""
    dice = random.Random(seed)
    give_tranche(licensed, 20, "E1", "Erenhot")
    give_tranche(licensed, 15, "M1", "Manzhouli")
    give_tranche(licensed, 10, "M2", "Manzhouli")
    ports = {name: Port(licensed, port=name) for name in ("Erenhot", "Manzhouli", "Alashankou", "")}
    promised = dict.fromkeys(ports, 0)
    for turn in range(16):
        name = dice.choice(list(ports))
        lines = {str(line): dice.randint(1, 9) for line in range(1, dice.randint(2, 4))}
        told = ports[name].ask(lines, declaration=f"D{turn}")
        promised[name] += sum(lines[one["line"]] for one in told if one["verdict"] == "release")
        ask(licensed, want("1", dice.randint(1, 9), declaration=f"H{turn}"))
    assert promised["Alashankou"] == promised[""] == 0
    assert 0 < promised["Erenhot"] <= 20 and 0 < promised["Manzhouli"] <= 25
    at_home = 100 - 45 - goods(licensed)[2]
    names = list(ports)
    dice.shuffle(names)
    assert [ports[name].come_home(licensed)["conflicts"] for name in names] == [0] * len(names)
    reserved, _, left, overdrawn = goods(licensed)
    assert (overdrawn, reserved + left) == (0, 100)
    assert reserved == at_home + 45, "what was promised is within the tranches, and nothing of it is lost"


def test_two_copies_of_one_bundle_are_found_when_both_records_are_home(licensed: Desk) -> None:
    """Nobody can see it before: each copy knows its own record alone. What each says fits; both together do not."""
    give_tranche(licensed, 40)
    one, copy = Port(licensed), Port(licensed)
    one.ask({"1": 25}, declaration="D1")
    copy.ask({"1": 10}, declaration="D2")
    copy.ask({"1": 20}, declaration="D3")
    assert one.come_home(licensed)["conflicts"] == 0
    home = copy.come_home(licensed)
    fits, beyond = (row["reservations"][0] for row in home["rows"])
    assert fits["problems"] == []
    assert [each["code"] for each in beyond["problems"]] == [
        "offline.no-room", "offline.two-records", "reservation.exceeds-left",
    ]  # fmt: skip
    assert beyond["problems"][1]["facts"] == {"licence": "L1", "tranche": "T1", "others": "D1/1"}
    # Whatever two copies say, the licence is not promised twice.
    assert goods(licensed) == (40, 0, 60, 0)


def test_the_same_line_promised_by_two_copies_is_reserved_once_and_told(licensed: Desk) -> None:
    give_tranche(licensed, 40)
    one, copy = Port(licensed), Port(licensed)
    copy.at += timedelta(hours=1)
    for port in (one, copy):
        port.ask({"1": 15}, declaration="D1")
    one.at += timedelta(hours=2)
    # Asked twice at one port it is one promise, and nothing to tell.
    one.ask({"1": 15}, declaration="D1")
    assert one.come_home(licensed)["conflicts"] == 0
    home = copy.come_home(licensed)
    (reserved,) = home["rows"][0]["reservations"]
    assert (reserved["repeated"], [each["code"] for each in reserved["problems"]]) == (True, ["offline.two-records"])
    assert home["conflicts"] == 1 and goods(licensed) == (40, 0, 60, 0)


def test_a_promise_that_comes_home_after_its_tranche_has_lapsed_takes_what_is_left_or_nothing(licensed: Desk) -> None:
    give_tranche(licensed, 40)
    port = Port(licensed)
    until = port.bundle.tranches[0].until
    assert until is not None
    port.ask({"1": 25}, declaration="D1")
    port.ask({"1": 10}, declaration="D2")
    lapsed = until + timedelta(days=1)
    # What the port has not brought home by its last day is free again, and somebody takes it.
    assert said(*ask(licensed, want("1", 85, declaration="D0"), on=lapsed)) == []
    late = datetime(lapsed.year, lapsed.month, lapsed.day, 4, tzinfo=UTC)
    home = offline.merge(licensed.store, port.record, law=LAW, now=late, today=lapsed)
    first, second = (row["reservations"][0] for row in home["rows"])
    assert [one["code"] for one in first["problems"]] == ["offline.no-room", "reservation.exceeds-left"]
    assert second["problems"] == []
    assert account(licensed).account.balance("", lapsed).overdrawn == 0


def test_a_port_screens_by_the_lists_and_the_register_of_its_bundle(licensed: Desk) -> None:
    text = b"id,names,country,listed,reason\nx1,Shadow Drives GmbH,DE,yes,fictitious\n"
    give_tranche(licensed, 40)
    before = Port(licensed)
    (line,) = before.ask({"1": 1}, end_user_name="Shadow Drives GmbH")
    assert "parties.listed" not in [one["code"] for one in line["reasons"]]
    entry, read = load_list(licensed.store, text, name="own", file="own.csv", filed_at=NOW, by="x")
    assert entry, [one.message("en") for one in read.problems]
    port = Port(licensed)
    (line,) = port.ask({"1": 1}, end_user_name="Shadow Drives GmbH")
    assert line["verdict"] == "hold"
    assert "parties.listed" in [one["code"] for one in line["reasons"]]
    told = offline.answer_offline(declared({"1": 1}), port.bundle, LawDay.of(LAW, DAY), now=NOW)
    assert told["bundle"]["lists"] == ["own"]
    assert not [one for one in told["not_checked"] if "watch" in one["en"]]


def test_a_record_that_was_harmed_is_refused_before_anything_is_answered(licensed: Desk) -> None:
    give_tranche(licensed, 40)
    port = Port(licensed)
    port.ask({"1": 25})
    for harmed in (port.record[:-9], port.record.replace(b'"25"', b'"20"', 1).replace(b"25000000", b"x", 1)):
        with pytest.raises(offline.RecordError):
            offline.answer_offline(declared({"2": 1}), port.bundle, LawDay.of(LAW, DAY), now=NOW, record=harmed)


def test_a_port_knows_whom_the_law_lists_and_the_papers_of_a_licence(own: Desk) -> None:
    day = date(2026, 3, 2)
    now = datetime(2026, 3, 2, 4, tzinfo=UTC)
    for licence, kind, user in (
        ("L1", "individual", "日東電工株式会社"), ("L2", "individual", "三菱造船株式会社"), ("L3", "general", "TDK"),
    ):  # fmt: skip
        grant(
            own, licence, kind=kind, end_users=[user], destination="JP", mass_mg=100 * KG, elements=None,
            valid_from=date(2026, 2, 1), valid_to=date(2026, 12, 31),
        )  # fmt: skip

    def verdicts() -> dict[str, str]:
        content = bundles.make(own.store, open_snapshot(own.store), LAW, now=now)
        bundle = bundles.open_bundle(content, today=day, key=own.store.signer.verifier.vkey)
        users = {"L1": "日東電工", "L2": "三菱造船", "L3": "TDK Corporation"}
        found = {}
        for licence, user in users.items():
            line = declared({"1": 1.0}, declaration=f"D-{licence}", licence=licence, destination="JP",
                            end_user_name=user, on="2026-03-02")  # fmt: skip
            told = offline.answer_offline(line, bundle, LawDay.of(bundles.law_of(bundle), day), now=now, record=b"")
            codes = [one["code"] for one in told["lines"][0]["reasons"] if one["code"].startswith("parties.")]
            found[licence] = " ".join(codes)
        return found

    before = {"L1": "parties.watched-papers", "L2": "parties.listed", "L3": "parties.watched-licence"}
    assert verdicts() == before
    filed = file_papers(
        store=own.store, licence="L1", papers=["risk-report", "written-promise"], on=day, filed_at=now
    )  # fmt: skip
    assert filed.entry
    assert verdicts() == before | {"L1": "parties.watched"}


@pytest.mark.parametrize(
    ("law", "said"),
    [
        ({"code": "cn", "files": {"a/b.yaml": "a: &a [1]\nb: [*a, *a]\n"}}, r"repeats another place"),
        ({"code": "cn", "files": {"../b.yaml": ""}}, "leaves the folder"),
        ({"code": "cn", "files": {"a/b.yaml": "\ud800"}}, "carries no law"),
        ({"code": "cn", "files": 3}, "carries no law"),
        ({}, "carries no law"),
    ],
)
def test_a_bundle_of_a_stranger_builds_nothing_but_a_law(licensed: Desk, law: Mapping[str, Any], said: str) -> None:
    store = licensed.store
    made = bundles.open_bundle(bundles.make(store, open_snapshot(store), LAW, now=NOW, port=PORT), today=DAY)
    with pytest.raises(bundles.BundleError, match=said):
        bundles.law_of(replace(made, content={**made.content, "law": law}))
    assert bundles.law_of(made).digest == LAW.digest
