"""Small balances that a reader can check with a pencil."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from lodeline.accountancy import balance as balance_of_sites
from lodeline.accountancy.balance import balance, balance_json, reckon_parts

KG = 1_000_000


def kg(row: dict[str, Any], *names: str) -> list[float | None]:
    return [None if row[f"{name}_mg"] is None else row[f"{name}_mg"] / KG for name in names]


def test_a_month_without_counts_has_a_book_and_no_difference(ledger: Any) -> None:
    ledger.move("origin", "01-03", 100)
    ledger.move("shipment", "01-20", -30)
    ledger.move("export", "01-21", -20)
    ledger.move("loss", "01-22", -1)
    ledger.move("adjustment", "01-23", -4)
    (row,) = ledger.balance()
    assert kg(row, "opening", "origin", "out", "export", "loss", "adjustment", "book") == [0, 100, 30, 20, 1, -4, 45]
    assert kg(row, "physical", "count_difference", "muf", "sigma") == [None] * 4
    assert row["z"] is None
    assert (row["period"], row["since"], row["until"]) == ("2026-01", date(2025, 12, 31), date(2026, 1, 31))


def test_months_without_movements_carry_the_book_on(ledger: Any) -> None:
    ledger.move("receipt", "01-03", 100)
    ledger.move("shipment", "04-03", -40)
    rows = ledger.balance()
    assert [row["period"] for row in rows] == ["2026-01", "2026-02", "2026-03", "2026-04"]
    assert [kg(row, "opening", "book") for row in rows] == [[0, 100], [100, 100], [100, 100], [100, 60]]


def test_a_count_cuts_its_month_and_the_book_starts_anew_from_it(ledger: Any) -> None:
    ledger.move("receipt", "01-03", 100)
    ledger.move("shipment", "01-15", -40)  # same day as the count: a count stands at the end of its day
    ledger.count("01-15", {1: 58})
    ledger.move("shipment", "01-16", -8)
    before, after = ledger.balance()
    assert kg(before, "opening", "in", "out", "book", "physical", "count_difference", "muf") == [
        0,
        100,
        40,
        60,
        58,
        2,
        2,
    ]
    assert kg(after, "opening", "out", "book", "physical", "muf") == [58, 8, 50, None, None]
    assert (before["until"], after["since"], after["until"]) == (
        date(2026, 1, 15),
        date(2026, 1, 15),
        date(2026, 1, 31),
    )
    assert before["sigma_mg"] is None, "a run that did not begin with a count has no σ"


def test_a_count_on_the_last_day_of_a_month_gives_one_row(ledger: Any) -> None:
    ledger.move("receipt", "01-03", 100)
    ledger.count("01-31", {1: 100})
    ledger.move("shipment", "02-03", -10)
    assert [row["period"] for row in ledger.balance()] == ["2026-01", "2026-02"]


def test_a_count_before_any_movement_opens_the_first_row(ledger: Any) -> None:
    ledger.count("2025-12-31", {1: 50})
    ledger.move("shipment", "01-05", -10)
    ledger.count("01-31", {1: 40})
    (row,) = ledger.balance()
    assert kg(row, "opening", "book", "physical", "muf") == [50, 40, 40, 0]
    assert row["since"] == date(2025, 12, 31)
    assert row["sigma_mg"] > 0


def test_the_difference_is_summed_from_count_to_count_over_months(ledger: Any) -> None:
    ledger.count("01-31", {1: 100})
    ledger.move("transformation", "02-10", -50, role="in")
    ledger.move("transformation", "02-10", 47, lot=2, role="out")
    ledger.move("transformation", "03-10", -20, role="in")
    ledger.move("transformation", "03-10", 12, lot=2, role="out")
    ledger.move("transformation", "03-10", 7, lot=3, role="waste")
    ledger.count("03-20", {1: 29.5, 2: 59, 3: 7})
    february, march, rest = ledger.balance()
    assert kg(february, "opening", "consumed", "made", "process_difference", "book", "muf") == [
        100,
        50,
        47,
        3,
        97,
        None,
    ]
    assert kg(march, "opening", "consumed", "made", "process_difference") == [97, 20, 19, 1]
    assert kg(march, "book", "physical", "count_difference", "muf") == [96, 95.5, 0.5, 4.5]
    assert kg(rest, "opening", "book") == [95.5, 95.5]


def test_mass_drawn_beyond_what_was_held_is_a_gain(ledger: Any) -> None:
    ledger.count("01-31", {1: 10})
    ledger.move("shipment", "02-10", -15, unaccounted_kg=5)
    ledger.count("02-28", {})
    (row,) = ledger.balance()
    assert kg(row, "opening", "out", "unaccounted", "book", "physical") == [10, 15, 5, 0, 0]
    assert kg(row, "count_difference", "muf") == [0, -5]


def test_moves_between_own_sites_leave_one_and_enter_the_other_and_titles_do_nothing(ledger: Any) -> None:
    ledger.move("origin", "01-01", 10)
    ledger.move("move", "01-02", -4)
    ledger.move("move", "01-02", 4, site="acme-2")
    ledger.move("title", "01-03", -6)
    ledger.move("title", "01-03", 6, owner="buyer")
    first, second = ledger.balance()
    assert (first["site"], *kg(first, "origin", "in", "out", "book")) == ("acme-1", 10, 0, 4, 6)
    assert (second["site"], *kg(second, "origin", "in", "out", "book")) == ("acme-2", 0, 4, 0, 4)


def test_the_receivers_own_assay_serves_its_site_only_and_only_for_what_it_states(ledger: Any) -> None:
    ledger.assay(7, Nd=30, Dy=2, TREO=40)
    ledger.assay(7, site="other-1", Dy=1)
    ledger.move("origin", "01-01", 100, lot=7)
    ledger.move("shipment", "01-02", -100, lot=7)
    ledger.move("receipt", "01-05", 100, lot=7, site="other-1", organisation="other")
    shipped = {row["element"]: row["out_mg"] / KG for row in ledger.balance(sites=["acme-1"])}
    received = {row["element"]: row["in_mg"] / KG for row in ledger.balance(sites=["other-1"])}
    assert shipped == {"Dy": 2, "Nd": 30, "TREO": 40}
    assert received == {"Dy": 1, "Nd": 30, "TREO": 40}


def test_a_site_whose_lots_nobody_assayed_still_has_a_total_oxide_balance(ledger: Any) -> None:
    ledger.move("receipt", "01-01", 100, lot=99)
    (row,) = ledger.balance()
    assert (row["element"], row["in_mg"], row["book_mg"]) == ("TREO", 0, 0)


def test_what_is_split_keeps_its_remainder_in_the_book(ledger: Any) -> None:
    ledger.assay(8, Nd=33.3333333)
    ledger.move("receipt", "01-01", 0.0001, lot=8)
    ledger.move("shipment", "01-02", -0.00005, lot=8)
    ledger.move("shipment", "01-02", -0.00005, lot=8)
    (row, _treo) = ledger.balance()
    assert (row["element"], row["in_mg"], row["out_mg"], row["book_mg"]) == ("Nd", 33, 32, 1)


def test_sites_that_count_by_product_have_an_inventory_once_every_product_is_counted(ledger: Any) -> None:
    ledger.move("receipt", "01-01", 10, lot=1, product="oxide:Nd")
    ledger.move("receipt", "01-01", 20, lot=2, product="metal:Nd")
    ledger.count("01-15", {1: 9}, scope={"product": "oxide:Nd"})
    ledger.count("01-20", {1: 9}, scope={"product": "oxide:Nd"})
    ledger.count("01-20", {2: 21}, scope={"product": "metal:Nd"})
    counted, rest = ledger.balance()
    assert counted["until"] == date(2026, 1, 20), "one product alone is no inventory of the site"
    assert kg(counted, "book", "physical", "muf") == [30, 30, 0]
    assert kg(rest, "opening") == [30]


def test_a_lot_that_a_partial_count_found_gone_no_longer_needs_counting(ledger: Any) -> None:
    ledger.move("receipt", "01-01", 10, lot=1, product="oxide:Nd")
    ledger.move("receipt", "01-01", 20, lot=2, product="metal:Nd")
    ledger.count("01-15", {}, scope={"product": "oxide:Nd"})
    ledger.count("01-20", {2: 20}, scope={"product": "metal:Nd"})
    counted, _rest = ledger.balance()
    assert counted["until"] == date(2026, 1, 20)
    assert kg(counted, "book", "physical", "muf") == [30, 20, 10]


@pytest.mark.parametrize(("places", "counted"), [(("A", "B"), True), (("A",), False)])
def test_a_lot_last_seen_in_two_places_needs_both_to_be_counted(
    ledger: Any, places: tuple[str, ...], counted: bool
) -> None:
    ledger.move("receipt", "01-01", 10)
    ledger.count("01-10", {1: 4}, scope={"location": "A"})
    ledger.count("01-10", {1: 6}, scope={"location": "B"})
    for place in places:
        ledger.count("01-20", {1: 5}, scope={"location": place})
    inventories = [row["until"].day for row in ledger.balance() if row["physical_mg"] is not None]
    assert inventories == ([10, 20] if counted else [10])


def test_a_lot_of_unknown_place_is_not_covered_by_a_count_of_one_place(ledger: Any) -> None:
    ledger.move("receipt", "01-01", 10, lot=1)
    ledger.move("receipt", "01-01", 10, lot=2)
    ledger.count("01-10", {1: 10}, scope={"location": "A"})
    (row,) = ledger.balance()
    assert row["physical_mg"] is None


def test_filters_choose_rows_and_change_none(ledger: Any) -> None:
    ledger.assay(7, Nd=30, Dy=2, TREO=40)
    ledger.assay(8, La=30, TREO=40)
    for month in range(1, 7):
        ledger.move("receipt", f"0{month}-05", 10, lot=7)
        ledger.move("shipment", f"0{month}-20", -3, lot=7)
        ledger.count(f"0{month}-25", {7: 7 * month - 0.1})
    ledger.move("receipt", "06-27", 1, lot=8)  # an element that comes late has its zeros from the start
    ledger.move("origin", "02-05", 5, lot=1, site="acme-2")
    frames = ledger.frames()
    everything = balance(**frames)
    for options, keep in (
        ({"elements": ["Dy"]}, lambda row: row["element"] == "Dy"),
        ({"sites": ["acme-2"]}, lambda row: row["site"] == "acme-2"),
        ({"organisations": ["nobody"]}, lambda row: False),
        ({"first_period": "2026-03"}, lambda row: row["period"] >= "2026-03"),
        ({"last_period": "2026-03"}, lambda row: row["period"] <= "2026-03"),
        ({"first_period": "2026-03", "last_period": "2026-04"}, lambda row: "2026-03" <= row["period"] <= "2026-04"),
    ):
        assert balance(**frames, **options).to_dicts() == [row for row in everything.to_dicts() if keep(row)], options


def test_sites_after_sites_give_what_all_at_once_do_though_one_changed_hands(
    ledger: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for place, (organisation, site) in enumerate([("acme", "a"), ("bond", "b"), ("cook", "a"), ("cook", "c")]):
        mine = {"organisation": organisation, "site": site}
        ledger.move("receipt", f"0{place + 1}-05", 10, **mine)
        ledger.count(f"0{place + 1}-25", {1: 9}, mine)
        ledger.move("shipment", f"0{place + 1}-27", -2, **mine)
        ledger.count(f"0{place + 2}-25", {1: 7}, mine)
    every = ledger.balance()
    monkeypatch.setattr(balance_of_sites, "AT_ONCE", 5)
    frames = {name: frame for name, frame in ledger.frames().items() if name != "methods"}
    assert [part.areas["site"].to_list() for part in reckon_parts(**frames)] == [["a", "a"], ["b"], ["c"]]
    assert ledger.balance() == every and len({row["organisation"] for row in every}) == 3


def test_an_unknown_element_is_refused(ledger: Any) -> None:
    ledger.move("receipt", "01-05", 10)
    with pytest.raises(ValueError, match="Xx"):
        ledger.balance(elements=["Xx"])


def test_the_exchange_format_has_the_agreed_keys_and_decimal_text(ledger: Any) -> None:
    ledger.count("01-31", {1: 100})
    ledger.move("shipment", "02-10", -15.25)
    ledger.count("02-20", {1: 84.5})
    first, second = balance_json(balance(**ledger.frames()))
    assert list(first) == [
        "organisation", "site", "element", "period", "since", "opening_kg", "origin_kg", "in_kg", "consumed_kg",
        "made_kg", "out_kg", "export_kg", "loss_kg", "adjustment_kg", "unaccounted_kg", "book_kg", "physical_kg",
        "process_difference_kg", "count_difference_kg", "muf_kg", "sigma_kg", "z",
    ]  # fmt: skip
    assert (first["since"], first["opening_kg"], first["out_kg"]) == ("2026-01-31", "100", "15.25")
    assert (first["book_kg"], first["physical_kg"], first["muf_kg"]) == ("84.75", "84.5", "0.25")
    assert float(first["sigma_kg"]) * first["z"] == pytest.approx(0.25, abs=1e-6)
    assert (second["period"], second["physical_kg"], second["sigma_kg"], second["z"]) == ("2026-02", None, None, None)


def test_an_empty_ledger_has_an_empty_balance(ledger: Any) -> None:
    assert ledger.balance() == []


def test_a_count_that_ends_one_element_does_not_open_the_next(ledger: Any) -> None:
    ledger.assay(7, Nd=30, TREO=40)
    ledger.move("receipt", "01-03", 100, lot=7)
    ledger.count("01-31", {7: 100})
    neodymium, total = ledger.balance()
    assert [kg(row, "opening", "in", "muf", "sigma") for row in (neodymium, total)] == [
        [0, 30, 0, None],
        [0, 40, 0, None],
    ]


def test_a_place_where_nothing_was_found_need_not_be_counted_again(ledger: Any) -> None:
    ledger.move("receipt", "01-01", 10)
    ledger.count("01-10", {1: 0}, scope={"location": "A"})
    ledger.count("01-10", {1: 10}, scope={"location": "B"})
    ledger.count("01-20", {1: 9}, scope={"location": "B"})
    assert [row["until"].day for row in ledger.balance() if row["physical_mg"] is not None] == [10, 20]


def test_a_lot_found_in_a_new_place_while_its_old_one_was_not_counted_leaves_the_inventory_open(ledger: Any) -> None:
    ledger.move("receipt", "01-01", 10)
    ledger.count("01-10", {1: 10}, scope={"location": "A"})
    ledger.move("shipment", "01-15", -10)
    ledger.count("01-20", {1: 3}, scope={"location": "B"})
    assert [row["until"].day for row in ledger.balance() if row["physical_mg"] is not None] == [10]
