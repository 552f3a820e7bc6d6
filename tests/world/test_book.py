"""The filed book balances: an independent replay finds nothing drawn that was not there, and no metal from nothing."""

from __future__ import annotations

from collections import defaultdict

import pytest

from tests.world.reading import Dossier, Row, canonical, dry_mg, makes, net_mg, shares

Account = tuple[str, str, str]
ADDITIVES = ("Fe", "B", "Co")


def _sign(row: Row) -> int:
    return 1 if makes(row) or row["kind"] in ("receipt", "adjustment") else -1


def replay(rows: list[Row]) -> tuple[dict[Account, int], list[Row]]:
    """(holdings by site, lot, owner; rows that drew more than was held), day by day, increases first."""
    held: dict[Account, int] = defaultdict(int)
    short: list[Row] = []
    days: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        if row["kind"] != "stock":
            days[row["on"]].append(row)
    for day in sorted(days):
        moves: list[tuple[Account, int, Row]] = []
        titles = [row for row in days[day] if row["kind"] == "title"]
        for row in days[day]:
            if row["kind"] == "title":
                continue
            owner = row.get("owner") or row["organisation"]
            moves.append(((row["site"], canonical(row), owner), _sign(row) * dry_mg(row), row))
            if row.get("to_site"):
                moves.append(((row["to_site"], canonical(row), owner), dry_mg(row), row))
        for account, delta, _ in moves:
            if delta > 0:
                held[account] += delta
        while titles:
            title = next((t for t in titles if _seat(held, t)), titles[0])
            titles.remove(title)
            seat = _seat(held, title)
            assert seat, f"a title of what the seller does not own: {title}"
            held[seat] -= dry_mg(title)
            held[seat[0], seat[1], title["counterparty"]] += dry_mg(title)
        for account, delta, row in moves:
            if delta < 0:
                held[account] += delta
                if held[account] < 0:
                    short.append(row)
                    held[account] = 0
    return held, short


def _seat(held: dict[Account, int], title: Row) -> Account | None:
    """Where the seller's title lies, if all of it is there."""
    found = [
        account
        for account, mass in held.items()
        if account[1] == canonical(title) and account[2] == title["organisation"] and mass >= dry_mg(title)
    ]
    return found[0] if found else None


@pytest.mark.medium
def test_nothing_is_drawn_that_was_not_filed_as_held(year: Dossier) -> None:
    _, short = replay(year.standing())
    assert [row for row in short if not row.get("reason")] == []
    # What is drawn beyond the book is what the truth file says was never told to the ledger.
    untold = {deed["organisation"] for deed in year.dirt("receipt-lost", "month-not-filed")}
    assert {row["organisation"] for row in short} <= untold


@pytest.mark.medium
def test_no_filing_draws_on_what_is_not_filed_yet(year: Dossier) -> None:
    """In the order of the index, each filing finds its lots where they must be, itself included."""
    by_lot: dict[str, list[Row]] = defaultdict(list)
    complaints: list[Row] = []
    for entry, rows in year.filings():
        filed = [{**row, "organisation": entry["organisation"]} for row in rows]
        restated = {row["event"] for row in filed} if entry["corrects"] else set()
        lots = sorted({canonical(row) for row in filed})
        for lot in lots:
            by_lot[lot] = [
                row
                for row in by_lot[lot]
                if row["organisation"] != entry["organisation"] or row["event"] not in restated
            ]
        for row in filed:
            by_lot[canonical(row)].append(row)
        _, short = replay([row for lot in lots for row in by_lot[lot]])
        complaints += [row for row in short if any(row is mine for mine in filed)]
    assert [row for row in complaints if not row.get("reason")] == []


def test_every_lot_that_is_moved_was_made(year: Dossier) -> None:
    rows = year.standing()
    made = {canonical(row) for row in rows if makes(row)}
    silent = {deed["organisation"] for deed in year.dirt("month-not-filed")}
    for row in rows:
        assert canonical(row) in made or canonical(row).split("/")[0] in silent


def test_no_lot_is_made_twice_and_no_event_reference_is_used_for_two_things(year: Dossier) -> None:
    rows = year.standing()
    made = [canonical(row) for row in rows if makes(row)]
    assert len(made) == len(set(made))
    heads: dict[tuple[str, str], tuple[str, str, str]] = {}
    for row in rows:
        head = (row["kind"], row["on"], row.get("site", ""))
        assert heads.setdefault((row["organisation"], row["event"]), head) == head


def test_compositions_add_up_to_what_can_be(year: Dossier) -> None:
    for row in year.standing():
        if not row.get("composition"):
            assert not makes(row) or row["composition_status"] == "unknown"
            continue
        found = shares(row["composition"])
        assert all(len(part.partition("=")[2].partition(".")[2]) <= 7 for part in row["composition"].split(";"))
        assert sum(share for symbol, share in found.items() if symbol != "TREO") <= 100.5
        assert found.get("TREO", 0) <= 100
        if row.get("basis") == "reo-share":
            assert sum(share for symbol, share in found.items() if symbol != "TREO") <= 100.0000001


def test_no_event_makes_more_of_an_element_than_it_was_fed(year: Dossier) -> None:
    """Beyond three times 2 % of either side, from filed masses and the makers' filed compositions."""
    rows = year.standing()
    stated = {canonical(row): row for row in rows if makes(row)}
    events: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in rows:
        if row["kind"] == "transformation":
            events[row["organisation"], row["event"]].append(row)
    assert len(events) > 500
    for event in events.values():
        fed: dict[str, float] = defaultdict(float)
        out: dict[str, float] = defaultdict(float)
        makers = [stated.get(canonical(row)) for row in event if row["role"] == "in"]
        assert makers, "rare earths out of nothing"
        if any(maker is None or not maker.get("composition") or maker.get("basis") for maker in makers):
            continue
        for row in event:
            maker = stated[canonical(row)] if row["role"] == "in" else row
            side = fed if row["role"] == "in" else out
            for symbol, share in shares(maker.get("composition", "")).items():
                side[symbol] += dry_mg(row) * share
        for symbol, mass in out.items():
            if symbol not in (*ADDITIVES, "TREO"):
                assert mass <= fed[symbol] * 1.06, f"{symbol} out of nothing in {event[0]}"


def test_masses_are_positive_and_only_adjustments_carry_a_sign(year: Dossier) -> None:
    for row in year.standing():
        mass = net_mg(row)
        assert mass > 0 or row["kind"] == "adjustment"
        assert row.get("reason") or row["kind"] not in ("loss", "adjustment")


def test_counts_list_what_the_book_holds(year: Dossier) -> None:
    """At the last day of the world every counted lot is in book, within what weighing can explain."""
    rows = year.standing()
    last = max(row["on"] for row in rows)
    held, _ = replay(rows)
    book: dict[tuple[str, str], int] = defaultdict(int)
    for (site, lot, _), mass in held.items():
        book[site, lot] += mass
    dirty = {deed["organisation"] for deed in year.dirt("receipt-lost", "month-not-filed", "receipt-found-later")}
    counts = [row for row in rows if row["kind"] == "stock" and row["on"] == last and row["organisation"] not in dirty]
    assert len(counts) > 100
    for row in counts:
        assert dry_mg(row) == pytest.approx(book[row["site"], canonical(row)], rel=0.02)
