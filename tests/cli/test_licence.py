"""Licences by command: what is released is reserved once, what leaves is booked, and the numbers close."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.cli.program import Answer, Lodeline
from tests.desk import LAW, Desk, organisation, site
from tests.licences import licence_from

from lodeline.service.licences.licences import grant_licence

pytestmark = pytest.mark.medium
TODAY = datetime.now(UTC).date()
GRANT: dict[str, Any] = {
    "id": "L1", "kind": "general", "exporter": "MAG", "end_users": ["Drives GmbH"], "control_items": ["1C905.a.4"],
    "products": ["magnet-ndfeb"], "mass_mg": 100_000_000, "elements": "Dy=3", "destination": "DE",
    "valid_from": TODAY - timedelta(days=30), "valid_to": TODAY + timedelta(days=300),
}  # fmt: skip
LINE = {
    "declaration": "D1", "line": "1", "exporter": "MAG", "product_name": "NdFeB magnets", "product": "magnet-ndfeb",
    "hs_code": "8505111000", "control_item": "1C905.a.4", "controlled_declared": "yes", "licence": "L1",
    "destination": "DE", "end_user_name": "Drives GmbH", "end_user_country": "DE", "end_use": "motors",
    "composition": "Nd=28;Pr=2.4;Dy=2;Fe=66.4;B=1", "mass_kg": "60", "port": "Shanghai",
}  # fmt: skip


@pytest.fixture
def store(tmp_path: Path) -> Path:
    path = tmp_path / "store.sqlite3"
    desk = Desk(str(path))
    desk.register(organisations=[organisation("MAG", "magnet-maker")], sites=[site("mag", "MAG")])
    now = datetime(2025, 6, 1, tzinfo=UTC)
    assert grant_licence(store=desk.store, licence=licence_from(GRANT), law=LAW, filed_at=now).entry
    desk.store.database.close()
    return path


def declaration(room: Path, *lines: dict[str, str]) -> Path:
    path = room / f"declaration-{len(list(room.glob('declaration-*')))}.json"
    path.write_text(json.dumps({"rows": [LINE | line for line in lines]}), "utf-8")
    return path


def run(store: Path, *words: str) -> Answer:
    return Lodeline(database=str(store))(*words)


def asked(store: Path, *words: str) -> tuple[int, dict[str, Any]]:
    ended = run(store, *words, "--json")
    return ended.status, json.loads(ended.out)


def test_what_is_released_is_reserved_once_and_left_for_nobody_else(store: Path, tmp_path: Path) -> None:
    first = declaration(tmp_path, {})
    status, answer = asked(store, "declare", str(first), "--reserve")
    line = answer["lines"][0]
    assert (status, line["verdict"], answer["reserved"]) == (0, "release", 1), line["reasons"]
    number = line["reservation"]["reservation"]
    status, again = asked(store, "declare", str(first), "--reserve")
    assert (status, again["lines"][0]["reservation"]["reservation"]) == (0, number)
    assert again["lines"][0]["reservation"]["repeated"]
    # Of 100 kg 40 are left: another declaration over 60 is held, and reserves nothing.
    second = declaration(tmp_path, {"declaration": "D2"})
    status, other = asked(store, "declare", str(second), "--reserve")
    assert (status, other["lines"][0]["verdict"], other["lines"][0]["reservation"]) == (1, "hold", None)
    assert "licence.mass" in {one["code"] for one in other["lines"][0]["reasons"]}
    # A question alone reserves nothing.
    status, pure = asked(store, "declare", str(declaration(tmp_path, {"declaration": "D3", "mass_kg": "40"})))
    assert (status, "reservation" in pure["lines"][0]) == (0, False)
    row = asked(store, "licence", "list")[1]["rows"][0]
    assert (row["reserved_kg"], row["used_kg"], row["left_kg"]) == ("60", "0", "40")
    assert row["elements"]["Dy"]["reserved_kg"] == "1.2"


def test_the_same_line_with_other_content_is_held(store: Path, tmp_path: Path) -> None:
    asked(store, "declare", str(declaration(tmp_path, {})), "--reserve")
    status, answer = asked(store, "declare", str(declaration(tmp_path, {"mass_kg": "61"})), "--reserve")
    line = answer["lines"][0]
    assert (status, line["verdict"], line["reservation"]["reservation"]) == (1, "hold", None)
    assert [one["code"] for one in line["reservation"]["problems"]] == ["reservation.exists-with-other-content"]


def test_a_licence_is_drawn_on_by_command_to_the_end(store: Path) -> None:
    reserve = ("licence", "reserve", "L1", "D1", "1", "--kg", "50", "--elements", "Dy=1", "--exporter", "MAG")
    assert asked(store, *reserve)[0] == 0
    assert asked(store, *reserve)[1]["repeated"]
    assert asked(store, "licence", "post", "D1", "1", "--kg", "20", "--reference", "E1")[0] == 0
    assert asked(store, "licence", "tranche", "L1", "T1", "--port", "Erenhot", "--kg", "30")[0] == 0
    status, refused = asked(store, "licence", "reserve", "L1", "D2", "1", "--kg", "21", "--exporter", "MAG")
    assert (status, [one["code"] for one in refused["problems"]]) == (1, ["reservation.exceeds-left"])
    assert asked(store, "licence", "post", "D1", "1", "--kg", "25", "--reference", "E2", "--close")[0] == 0
    assert asked(store, "licence", "void", "D1", "1", "--reason", "x")[0] == 1
    assert asked(store, "licence", "tranche", "L1", "T1", "--withdraw", "the line is up")[0] == 0
    shown = asked(store, "licence", "show", "L1")[1]
    assert (shown["reserved_kg"], shown["used_kg"], shown["left_kg"], shown["state"]) == ("0", "45", "55", "granted")
    assert shown["elements"]["Dy"] == {
        "granted_kg": "3", "reserved_kg": "0", "used_kg": "0.9", "overdrawn_kg": "0", "left_kg": "2.1",
        "lapsed_kg": "0",
    }  # fmt: skip
    assert [one["act"] for one in shown["draws"]] == ["reserve", "exit", "allot", "exit", "void"]
    assert asked(store, "rebuild")[1]["ok"] and asked(store, "verify")[1]["ok"]
    plain = run(store, "licence", "show", "L1")
    assert plain.status == 0 and "L1" in plain.out
    assert run(store, "licence", "show", "L9").status == 2


def test_a_wrong_exit_is_corrected_by_command(store: Path) -> None:
    """The exit drill by command: 100 000 is typed for 100."""
    asked(store, "licence", "reserve", "L1", "D1", "1", "--kg", "100", "--elements", "Dy=2", "--exporter", "MAG")
    wrong = ("licence", "post", "D1", "1", "--kg", "100000", "--reference", "E1", "--close")
    assert [one["code"] for one in asked(store, *wrong)[1]["problems"]] == [
        "exit.above-reservation", "export.licence-overdrawn", "export.licence-overdrawn",
    ]  # fmt: skip
    assert "exit.above-reservation" in run(store, "licence", "show", "L1").out
    right = ("licence", "post", "D1", "1", "--kg", "100", "--reference", "E2", "--close", "--corrects", "E1")
    assert asked(store, *right)[0] == 1
    assert run(store, *right, "--reason", "a slip").status == 0
    shown = asked(store, "licence", "show", "L1")[1]
    assert (shown["used_kg"], shown["overdrawn_kg"], shown["left_kg"], shown["flagged_exits"]) == ("100", "0", "0", 0)
    assert [(one["act"], one["mass_kg"]) for one in shown["draws"]] == [
        ("reserve", "100"), ("exit", "100000"), ("correct", "100"),
    ]  # fmt: skip
    assert asked(store, "rebuild")[1]["ok"] and asked(store, "verify")[1]["ok"]


def test_the_day_of_the_tests_lies_within_the_licence() -> None:
    assert GRANT["valid_from"] < date.today() < GRANT["valid_to"]


def test_two_officers_revoke_by_command_and_the_declaration_is_held(store: Path, tmp_path: Path) -> None:
    status, made = asked(store, "licence", "propose", "L1", "revoked", "--reason", "By order.", "--by", "first")
    assert (status, made["state"]) == (0, "proposed")
    own = run(store, "licence", "decide", made["proposal"], "--by", "first")
    assert own.status == 2 and "another officer confirms it" in own.said
    assert made["proposal"] in run(store, "licence", "show", "L1").out
    status, done = asked(store, "licence", "decide", made["proposal"], "--by", "second")
    assert (status, done["state"], done["on"]) == (0, "done", made["on"])
    assert made["proposal"] not in run(store, "licence", "show", "L1").out
    _, answer = asked(store, "declare", str(declaration(tmp_path, {})))
    assert answer["lines"][0]["verdict"] == "hold"
    status, again = asked(store, "licence", "propose", "L1", "resumed", "--reason", "x", "--by", "first")
    assert (status, [one["code"] for one in again["problems"]]) == (1, ["grant.stands-otherwise"])


def test_a_proposal_is_refused_by_command_and_a_day_that_is_none_is_said(store: Path) -> None:
    wrong = run(store, "licence", "propose", "L1", "suspended", "--reason", "x", "--by", "a", "--on", "soon")
    assert wrong.status == 2 and "'soon' is no day" in wrong.said
    _, made = asked(store, "licence", "propose", "L1", "suspended", "--reason", "x", "--by", "a")
    status, ended = asked(store, "licence", "decide", made["proposal"], "--by", "b", "--refuse", "Hear them.")
    assert (status, ended["state"], ended["answer"]) == (0, "refused", "Hear them.")
