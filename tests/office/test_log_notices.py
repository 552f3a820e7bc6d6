"""What is entered in the log is told to the firm it is about, once, whoever entered it and whatever died in between."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import override_settings
from tests.cli.program import Lodeline
from tests.desk import LAW, Desk
from tests.office.conftest import official
from tests.office.trade import NOW, made_trade, member, person
from tests.stores import copied

from lodeline.office.inspections import visits as inspections
from lodeline.office.licences import draws as licence_draws
from lodeline.office.models import Bookmark, Notice
from lodeline.office.notices import log_notices
from lodeline.office.notices.notices import notices_of, notify_all
from lodeline.office.overview.reminders import remind
from lodeline.service.inspections.visits import Seal, Visited
from lodeline.service.licences import draws, runs
from lodeline.service.licences.draws import Drawn, Wanted
from lodeline.service.licences.exits import Exit, confirm_exits
from lodeline.store.opening import open_store
from lodeline.store.store import Store

pytestmark = pytest.mark.medium
KG = 1_000_000
CUSTOMS = official("customs-officer")
SOON = NOW + timedelta(minutes=5)


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    """The trade: of SEP's licence LIC-1 declaration D-9 holds 10 kg reserved under each of two lines."""
    made = open_store(copied(made_trade, url))
    with override_settings(LODELINE_DATABASE=url):
        wanted = [
            Wanted(licence="LIC-1", organisation="SEP", declaration="D-9", line=line, mass_mg=10 * KG)
            for line in ("1", "2")
        ]  # fmt: skip
        draws.reserve(store=made, wanted=wanted, law=LAW, on=NOW.date(), filed_at=NOW)
        remind(NOW, made)
        yield made
    made.database.close()


def exits(*kg_by_line: tuple[str, float]) -> list[Exit]:
    return [
        Exit(declaration="D-9", line=line, mass_mg=round(kg * KG), reference=f"E-{line}-{kg:g}")
        for line, kg in kg_by_line
    ]  # fmt: skip


def by_command(store: Store, *which: Exit, at: datetime = NOW) -> list[Drawn]:
    """Booked as commands do: by the service alone."""
    return confirm_exits(store=store, exits=which, law=LAW, on=at.date(), filed_at=at)


def by_officer(store: Store, *which: Exit) -> list[Drawn]:
    return licence_draws.confirm_exits(CUSTOMS, store, which, law=LAW, now=NOW)


def said() -> list[str]:
    """What SEP is told of its licence, in the order in which it was told."""
    every = notices_of(person("SEP"), "SEP", str)
    return [one.text["en"] for one in sorted(every, key=lambda one: one.notice) if one.page == "firm-licence"]


def left(kg: str, line: str) -> str:
    return f"Customs confirms that {kg} kg left under declaration D-9, line {line}; they count on the licence LIC-1."


def dying(monkeypatch: pytest.MonkeyPatch, *, told_first: bool) -> None:
    """The server dies when it would tell what the log says, or as soon as it has."""

    def dies(tellings: Any, *, now: datetime) -> int:
        if told_first:
            notify_all(tellings, now=now)
        raise SystemExit

    monkeypatch.setattr(log_notices, "notify_all", dies)


def test_an_exit_entered_by_command_is_told_once(store: Store) -> None:
    by_command(store, *exits(("1", 6), ("2", 4)))
    assert said() == []
    assert remind(SOON, store) == 2
    assert remind(SOON, store) == 0
    by_command(store, *exits(("1", 6)))
    assert remind(SOON, store) == 0, "sent again, it is no other exit"
    assert said() == [left("6", "1"), left("4", "2")]


def test_a_line_that_is_closed_with_nothing_says_so_and_no_mass(store: Store) -> None:
    by_officer(store, *exits(("1", 6)))
    by_officer(store, Exit(declaration="D-9", line="1", mass_mg=0, reference="E-1-end", closes=True))
    (_, last) = sorted(notices_of(person("SEP"), "SEP", str), key=lambda one: one.notice)
    assert last.text["en"] == (
        "Customs confirms that nothing more leaves under declaration D-9, line 1: what was still reserved for it"
        " returns to the licence LIC-1."
    )
    assert last.text["zh"] == "海关确认报关单 D-9 第 1 项不再有货物出境，许可证 LIC-1 为其预留的余量已退回。"


def test_an_exit_of_an_officer_is_told_at_once_and_not_again(store: Store) -> None:
    by_officer(store, *exits(("1", 6)))
    assert said() == [left("6", "1")]
    by_officer(store, *exits(("1", 6), ("2", 4)))
    assert said() == [left("6", "1"), left("4", "2")]
    assert remind(SOON, store) == 0


def test_who_dies_between_booking_and_notice_leaves_it_to_the_next(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as dead:
        dying(dead, told_first=False)
        with pytest.raises(SystemExit):
            by_officer(store, *exits(("1", 6), ("2", 4)))
    assert [one.repeated for one in by_officer(store, *exits(("1", 6), ("2", 4)))] == [True, True], "booked it is"
    assert said() == []
    assert remind(SOON, store) == 2
    assert said() == [left("6", "1"), left("4", "2")]


def test_who_dies_between_notice_and_bookmark_tells_nothing_twice(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_command(store, *exits(("1", 6), ("2", 4)))
    with monkeypatch.context() as dead:
        dying(dead, told_first=True)
        with pytest.raises(SystemExit):
            remind(SOON, store)
    assert remind(SOON, store) == 0
    assert said() == [left("6", "1"), left("4", "2")]


def test_reservations_taken_back_are_told_whoever_did(store: Store) -> None:
    draws.void(store=store, declaration="D-9", line="1", reason="not sold", on=NOW.date(), filed_at=NOW)
    licence_draws.void(CUSTOMS, store, declaration="D-9", line="2", reason="amended", law=LAW, now=NOW)
    assert remind(SOON, store) == 1
    assert said() == [
        "What was reserved on the licence LIC-1 for declaration D-9, line 2 is taken back: the declaration was"
        " amended.",
        "What was reserved on the licence LIC-1 for declaration D-9, line 1 is taken back. The reason: not sold",
    ]


def test_a_run_that_the_firm_did_not_put_off_itself_is_told(store: Store) -> None:
    filer = member(9, "SEP")
    for run, by in (("R-1", filer.pseudonym), ("R-2", None), ("R-3", "an-official")):
        runs.announce_run(
            store=store, organisation="SEP", kind="separation", ore_type="", year=2025, run=run, reo_mg=KG,
            on=NOW.date(), filed_at=NOW,
        )  # fmt: skip
        runs.cancel_run(store=store, organisation="SEP", run=run, reason="no ore", on=NOW.date(), filed_at=NOW, by=by)
    remind(SOON, store)
    every = Notice.objects.filter(kind="run-put-off").order_by("pk").values_list("facts", flat=True)
    assert [json.loads(one)["run"] for one in every] == ["R-2", "R-3"]


def test_what_ports_hold_is_no_news_to_the_exporter(store: Store) -> None:
    allotted = draws.allot(
        store=store, licence="LIC-1", tranche="T1", port="Erenhot", mass_mg=KG, law=LAW, on=NOW.date(), filed_at=NOW
    )  # fmt: skip
    assert allotted.draw, allotted.problems
    draws.void_tranche(store=store, licence="LIC-1", tranche="T1", reason="back", on=NOW.date(), filed_at=NOW)
    assert remind(SOON, store) == 0


def test_an_inspection_that_was_entered_is_told_once(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    visited = Visited(act="seal", site="sep", on=NOW.date(), seals=[Seal(number="K-1", on="the north door")])
    with monkeypatch.context() as dead:
        dying(dead, told_first=False)
        with pytest.raises(SystemExit):
            inspections.enter(
                official("inspector"), store, visited, organisation="SEP", now=NOW, today=NOW.date()
            )  # fmt: skip
    assert [remind(SOON, store), remind(SOON, store)] == [1, 0]
    (notice,) = Notice.objects.filter(kind="inspected")
    assert notice.organisation == "SEP"
    assert '"site": "sep"' in notice.facts


def test_a_server_that_stood_for_long_tells_what_it_has_missed(store: Store) -> None:
    by_command(store, *exits(("1", 6)))
    assert remind(NOW + timedelta(days=90), store) == 1
    assert said() == [left("6", "1")]


def test_who_reads_a_log_for_the_first_time_tells_the_last_fortnight_alone(store: Store) -> None:
    Bookmark.objects.all().delete()
    by_command(store, *exits(("1", 6)))
    by_command(store, *exits(("2", 4)), at=NOW + timedelta(days=10))
    assert remind(NOW + timedelta(days=20), store) == 1
    assert said() == [left("4", "2")]


@pytest.mark.parametrize(
    ("last_read", "told"),
    [("2025-02-07", ["TRADE"]), ("2025-05-31", [])],
    ids=["missed for long", "history of a dossier"],
)
def test_a_correction_is_news_unless_it_came_in_as_history(store: Store, last_read: str, told: list[str]) -> None:
    member(9, "SEP")
    remind(datetime.fromisoformat(f"{last_read}T10:00:00+08:00"), store)
    entry = next(one.index for one in store.entries() if one.organisation == "TRADE")
    filed_at = NOW + timedelta(days=3)
    assert Desk(store).try_rows("TRADE", "2025-01", "S4 void", corrects=entry, filed_at=filed_at).entry
    remind(datetime.fromisoformat("2025-06-01T09:00:00+08:00"), store)
    every = Notice.objects.filter(kind="corrected-by-counterparty", organisation="SEP").values_list("facts", flat=True)
    assert [json.loads(one)["other"] for one in every] == told


def test_one_who_read_less_does_not_turn_the_page_back(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    mark = Bookmark.objects.get()
    by_command(store, *exits(("1", 6)))
    monkeypatch.setattr(log_notices, "notify_all", lambda *_, now: Bookmark.objects.update(entry=999))
    remind(SOON, store)
    assert mark.entry < Bookmark.objects.get().entry == 999


def test_the_command_itself_is_heard_of(store: Store) -> None:
    program = Lodeline(database=store.database.url)
    done = program("licence", "post", "D-9", "1", "--kg", "6", "--reference", "E-7", "--json")
    assert done.status == 0, done
    assert remind(datetime.now(UTC), store) >= 1
    (told,) = said()
    # The command's clock is the machine's: by then the licence has ended, and the notice says so.
    assert told.startswith(f"{left('6', '1')} Flagged: The exit was confirmed on ")
    assert "past its last day" in told
    assert Notice.objects.filter(kind="exit-confirmed").count() == 1
