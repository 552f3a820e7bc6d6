"""A port without a network: it screens, promises no more than is left there, and its promises come home."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from tests.contracts.test_desk_reservations import declared
from tests.contracts.test_draws import DAY, KG, MADE, account, ask, goods, grant, said, want
from tests.desk import LAW, Desk

from lodeline.service import bundle as bundles
from lodeline.service import desk_papers, offline
from lodeline.service.draws import allot, void_tranche
from lodeline.service.party_lists import load_list
from lodeline.store.snapshot import open_snapshot

NOW = datetime(2025, 6, 10, 4, tzinfo=UTC)
LATER = NOW + timedelta(days=2)
PORT = "Erenhot"


@pytest.fixture
def licensed(own: Desk) -> Desk:
    """L1 is MAG's over 100 kg of magnets with at most 4 kg of dysprosium."""
    grant(own, "L1", mass_mg=100 * KG, elements="Dy=4")
    own.rows("MAG", "2025-06", MADE.format(kg=1000))
    return own


def give_tranche(desk: Desk, kg: int, name: str = "T1") -> None:
    given = allot(
        store=desk.store, licence="L1", tranche=name, port=PORT, mass_mg=kg * KG,
        elements_mg={"Dy": kg * KG // 25}, law=LAW, on=DAY, filed_at=NOW,
    )  # fmt: skip
    assert given.draw, said(given)


class Port:
    """A port with a bundle and its own record."""

    def __init__(self, desk: Desk, *, port: str = PORT) -> None:
        self.record = b""
        self.fetch(desk, port=port)

    def fetch(self, desk: Desk, *, port: str = PORT, now: datetime = NOW) -> None:
        content = bundles.make(desk.store, open_snapshot(desk.store), LAW, now=now, port=port)
        self.bundle = bundles.open_bundle(content, today=DAY, key=desk.store.signer.verifier.vkey)

    def ask(self, kg_by_line: dict[str, float], today: date = DAY, **changes: str) -> list[dict[str, Any]]:
        declaration = declared(kg_by_line, **changes)
        told = offline.answer_offline(
            declaration, self.bundle, law=LAW, now=NOW, today=today, record=self.record
        )  # fmt: skip
        self.record += offline.record_line(declaration, told, asked_at=NOW)
        return told["lines"]  # type: ignore[no-any-return]

    def verdicts(self, kg_by_line: dict[str, float], **changes: Any) -> list[str]:
        return [one["verdict"] for one in self.ask(kg_by_line, **changes)]

    def come_home(self, desk: Desk) -> dict[str, Any]:
        return offline.merge(desk.store, self.record, law=LAW, now=LATER, today=DAY)


def codes(line: dict[str, Any]) -> list[str]:
    return [one["code"] for one in line["reservation"]["problems"]]


def test_a_port_releases_no_more_than_its_tranche_and_each_line_once(licensed: Desk) -> None:
    give_tranche(licensed, 40)
    port = Port(licensed)
    assert port.verdicts({"1": 25}, declaration="D1") == ["release"]
    # 15 kg are left: the whole licence has 60 more, which are not this port's.
    assert port.verdicts({"1": 16}, declaration="D2") == ["hold"]
    assert port.verdicts({"1": 25}, declaration="D1") == ["release"]
    (line,) = port.ask({"1": 15}, declaration="D2")
    assert (line["verdict"], line["reservation"]["tranche"]) == ("release", "T1")
    (line,) = port.ask({"1": 14}, declaration="D1")
    assert (line["verdict"], codes(line)) == ("hold", ["reservation.exists-with-other-content"])
    assert port.verdicts({"9": 0.001}, declaration="D3") == ["hold"]


def test_lines_of_one_declaration_share_what_is_left_in_their_order(licensed: Desk) -> None:
    give_tranche(licensed, 20, "T1")
    give_tranche(licensed, 15, "T2")
    port = Port(licensed)
    told = port.ask({"1": 14, "2": 14})
    assert [(one["verdict"], one["reservation"]["tranche"]) for one in told] == [("release", "T1"), ("release", "T2")]
    # 7 kg are left, in two pieces: no tranche has 7.
    (line,) = port.ask({"3": 7}, declaration="D2")
    assert (line["verdict"], codes(line)) == ("hold", ["reservation.exceeds-left"])


def test_without_a_tranche_it_is_what_was_left_less_what_others_hold(licensed: Desk) -> None:
    assert said(*ask(licensed, want("1", 70, declaration="D0"))) == []
    port = Port(licensed)
    assert port.verdicts({"1": 31}) == ["hold"]
    assert port.verdicts({"1": 30}) == ["release"]
    assert port.verdicts({"1": 1}, declaration="D2") == ["hold"]
    # Another port's tranche is not left here.
    give_tranche(licensed, 30)
    assert Port(licensed, port="Manzhouli").verdicts({"1": 1}) == ["hold"]


def test_a_release_without_a_number_cannot_be_promised(licensed: Desk) -> None:
    (line,) = Port(licensed).ask({"1": 1}, declaration="")
    assert (line["verdict"], codes(line)) == ("hold", ["reservation.incomplete"])


def test_nothing_is_promised_of_a_licence_that_has_ended(licensed: Desk) -> None:
    port = Port(licensed)
    (line,) = port.ask({"1": 1}, today=date(2026, 6, 1))
    assert (line["verdict"], codes(line)) == ("hold", ["reservation.not-in-force"])
    (line,) = port.ask({"1": 1}, today=date(2026, 5, 31))
    assert line["verdict"] == "release"


def test_a_tranche_is_spent_by_its_last_day(licensed: Desk) -> None:
    give_tranche(licensed, 40)
    port = Port(licensed)
    until = port.bundle.tranches[0].until
    assert until is not None
    (line,) = port.ask({"1": 1}, today=until + timedelta(days=1))
    assert (line["verdict"], codes(line)) == ("hold", ["reservation.exceeds-left"])


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
    assert port.verdicts({"1": 1}, declaration="D3") == ["hold"]


def test_a_new_bundle_does_not_forget_what_has_not_come_home(licensed: Desk) -> None:
    give_tranche(licensed, 40)
    port = Port(licensed)
    port.ask({"1": 25})
    port.fetch(licensed, now=LATER)
    assert port.verdicts({"1": 16}, declaration="D2") == ["hold"]


def test_what_others_drew_meanwhile_is_a_problem_that_says_what_to_do(licensed: Desk) -> None:
    port = Port(licensed)
    port.ask({"1": 60}, declaration="D1")
    port.ask({"1": 30}, declaration="D2")
    ask(licensed, want("1", 50, declaration="D0"))
    home = port.come_home(licensed)
    first, second = (row["reservations"][0] for row in home["rows"])
    assert [one["code"] for one in first["problems"]] == ["offline.no-room", "reservation.exceeds-left"]
    assert first["problems"][0]["facts"] == {"declaration": "D1", "line": "1", "licence": "L1", "mass_kg": "60"}
    assert (second["problems"], home["conflicts"], home["taken"]) == ([], 1, 2)
    assert goods(licensed) == (80, 0, 20, 0)
    kept = desk_papers.question(licensed.store, home["rows"][0]["entry"])
    assert kept.paper["answer"]["verdict"] == "release", "what was answered at the port stays"
    assert kept.paper["reservations"] == [first]


def test_a_tranche_that_was_taken_back_meanwhile_is_a_conflict_too(licensed: Desk) -> None:
    give_tranche(licensed, 40)
    port = Port(licensed)
    port.ask({"1": 25})
    void_tranche(store=licensed.store, licence="L1", tranche="T1", reason="x", on=DAY, filed_at=NOW)
    (reserved,) = port.come_home(licensed)["rows"][0]["reservations"]
    assert [one["code"] for one in reserved["problems"]] == ["offline.no-room", "reservation.tranche-unknown"]


def test_a_port_screens_by_the_lists_and_the_register_of_its_bundle(licensed: Desk) -> None:
    text = b"id,names,country,listed,reason\nx1,Shadow Drives GmbH,DE,yes,fictitious\n"
    before = Port(licensed)
    (line,) = before.ask({"1": 1}, end_user_name="Shadow Drives GmbH")
    assert "parties.listed" not in [one["code"] for one in line["reasons"]]
    entry, read = load_list(licensed.store, text, name="own", file="own.csv", filed_at=NOW, by="x")
    assert entry, [one.message("en") for one in read.problems]
    port = Port(licensed)
    (line,) = port.ask({"1": 1}, end_user_name="Shadow Drives GmbH")
    assert line["verdict"] == "hold"
    assert "parties.listed" in [one["code"] for one in line["reasons"]]
    told = offline.answer_offline(declared({"1": 1}), port.bundle, law=LAW, now=NOW, today=DAY)
    assert told["bundle"]["lists"] == ["own"]
    assert not [one for one in told["not_checked"] if "watch" in one["en"]]


def test_a_record_that_was_harmed_is_refused_before_anything_is_answered(licensed: Desk) -> None:
    port = Port(licensed)
    port.ask({"1": 25})
    for harmed in (port.record[:-9], port.record.replace(b'"25"', b'"20"', 1).replace(b"25000000", b"x", 1)):
        with pytest.raises(offline.RecordError):
            offline.answer_offline(declared({"2": 1}), port.bundle, law=LAW, now=NOW, today=DAY, record=harmed)
