"""What the truth file says was planted is in the filings, and nothing else is: read from the CSV files alone."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from lodeline.material.element import RARE_EARTHS, oxide_per_element
from tests.world.reading import Dossier, Row, canonical, dry_mg, makes, net_mg, shares, table

KG = 10**6
Plant = dict[str, Any]
Events = dict[tuple[str, str], list[Row]]


@cache
def standing(dossier: Path) -> Events:
    return Dossier(dossier).events()


def events_of(dossier: Dossier) -> Events:
    return standing(dossier.root)


def rows_of(dossier: Dossier, plant: Plant) -> list[Row]:
    """The rows of every event that a plant touched, as they stand."""
    events = events_of(dossier)
    return [row for item in plant["events"] for row in events.get((item["organisation"], item["event"]), [])]


def total_kg(rows: list[Row], *kinds: str) -> float:
    """Dry mass of the rows of these kinds (transformation rows by their role)."""
    return sum(dry_mg(row) for row in rows if (row.get("role") or row["kind"]) in kinds) / KG


def more_kg(planted: Dossier, unplanted: Dossier, plant: Plant, *kinds: str) -> float:
    """How much more of these kinds is filed in the plant's events than in the same events without it."""
    return total_kg(rows_of(planted, plant), *kinds) - total_kg(rows_of(unplanted, plant), *kinds)


def filled(row: Row) -> Row:
    """A row without empty cells and without its address."""
    return {key: cell for key, cell in row.items() if cell and key not in ("path", "period", "organisation")}


def reo_share(row: Row) -> float:
    """Rare-earth oxide in the goods that a row makes, kg per kg, by what it states."""
    found = shares(row["composition"])
    if "TREO" in found:
        return found["TREO"] / 100
    return sum(pct * float(oxide_per_element(e)) for e, pct in found.items() if e in RARE_EARTHS) / 100


# --- the whole ----------------------------------------------------------------------------------------------------


def test_every_loophole_was_planted(planted: Dossier) -> None:
    assert len({plant["loophole"] for plant in planted.truth["planted"]}) == 23
    assert planted.truth["not_planted"] == []
    assert planted.truth["labelled"] is True


def test_filings_differ_only_where_the_truth_says(planted: Dossier, unplanted: Dossier) -> None:
    before, after = events_of(unplanted), events_of(planted)
    named = {(e["organisation"], e["event"]) for plant in planted.truth["planted"] for e in plant["events"]}
    dirty = {
        (d["organisation"], d["event"]) for world in (planted, unplanted) for d in world.truth["dirt"] if d["event"]
    }
    differing = {
        key for key in before.keys() | after.keys()
        if sorted(map(str, map(filled, before.get(key, [])))) != sorted(map(str, map(filled, after.get(key, []))))
    }  # fmt: skip
    assert differing <= named | dirty
    # Late and edited months stand in the end as they would have: only their history differs. Where the feeds differ,
    # the events named are those that the other authority knows otherwise.
    stand = {
        (e["organisation"], e["event"])
        for name in ("late-and-edited", "feed-mismatch") for e in planted.plant(name)["events"]
    }  # fmt: skip
    assert named - stand <= differing
    assert not stand & differing - dirty


def test_registers_and_grants_differ_only_where_the_truth_says(planted: Dossier, unplanted: Dossier) -> None:
    changed = {(e["file"], e["id"]) for plant in planted.truth["planted"] for e in plant["register"]}
    for path in ("register/organisations.csv", "register/sites.csv", "register/models.csv", "register/methods.csv"):
        before = {tuple(row.values()): row["id"] for row in table(unplanted.root / path)}
        after = {tuple(row.values()): row["id"] for row in table(planted.root / path)}
        assert {(path, after.get(row) or before[row]) for row in before.keys() ^ after.keys()} == {
            key for key in changed if key[0] == path
        }
    before_quotas, after_quotas = (table(world.root / "grants/quotas.csv") for world in (unplanted, planted))
    differing = [pair for pair in zip(before_quotas, after_quotas, strict=True) if pair[0] != pair[1]]
    named = {name for file, name in changed if file == "grants/quotas.csv"}
    assert {f"{a['organisation']} {a['kind']} {a['ore_type']} {a['year']}" for _, a in differing} == named
    both = [{row["id"]: row for row in table(world.root / "grants/licences.csv")} for world in (unplanted, planted)]
    assert {id_ for id_ in both[0] | both[1] if both[0].get(id_) != both[1].get(id_)} == {
        name for file, name in changed if file == "grants/licences.csv"
    }


def test_filings_are_made_withheld_and_late_only_where_the_truth_says(planted: Dossier, unplanted: Dossier) -> None:
    named: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for plant in planted.truth["planted"]:
        for item in plant["filings"]:
            named[item["change"]].add((item["organisation"], item["period"]))
    before, after = ({(e["organisation"], e["period"]) for e in world.index} for world in (unplanted, planted))
    assert after - before == named["added"]
    assert before - after == named["withheld"]
    subjects = {org for plant in planted.truth["planted"] for org in plant["subjects"]["organisations"]}
    first, second = ({e["path"]: e["filed_at"] for e in world.index} for world in (unplanted, planted))
    assert {path.split("/")[1] for path in first.keys() & second.keys() if first[path] != second[path]} <= subjects


def test_metal_is_conserved_with_what_the_truth_adds(planted: Dossier, unplanted: Dossier) -> None:
    """Filed origins less what left the industry change by just what the truth says was never filed."""
    customers = {row["id"] for row in table(planted.root / "register/organisations.csv") if row["roles"] == "end-user"}

    def entered_kg(dossier: Dossier, plant: Plant, *, waste_leaves: bool) -> float:
        """REO that came into the industry less what left it; waste leaves when made, or when thrown away."""
        made = {canonical(row): row for rows in events_of(dossier).values() for row in rows if makes(row)}
        rows, total = rows_of(dossier, plant), 0.0
        for row in rows:
            sold = row["kind"] == "shipment" and (row["counterparty"] in customers or not row["counterparty"])
            leaves = (
                sold
                or row["kind"] == "export"
                or (row.get("role") == "waste" if waste_leaves else row["kind"] == "loss")
            )
            sign = 1 if row["kind"] == "origin" else -1 if leaves else 0
            maker = made.get(canonical(row))
            if sign and maker is not None and maker["composition"]:
                total += sign * dry_mg(row) / KG * reo_share(maker)
        return total

    for plant in planted.truth["planted"]:
        if plant["loophole"] == "missing-filing":
            continue
        # A recycler's false scrap enriches residue that is thrown away in other events.
        thrown = plant["loophole"] == "recycling-laundering"
        change = entered_kg(planted, plant, waste_leaves=thrown) - entered_kg(unplanted, plant, waste_leaves=thrown)
        unfiled = sum(
            float(item["reo_kg"]) * (1 if item["direction"] == "out" else -1)
            for item in plant["off_book"] if not item["filed"]
        )  # fmt: skip
        # Stated compositions carry the errors of laboratories, scrap and its residue the widest.
        slack = (0.08 if thrown else 0.03) * float(plant["reo_kg"] or 0) + 1
        if plant["loophole"] == "false-declaration":
            # A whole store comes in over one scale and goes out over another.
            slack += 0.002 * total_kg(rows_of(planted, plant), "origin")
        assert change == pytest.approx(unfiled, abs=slack), plant["loophole"]


def test_periods_sizes_and_months_agree(planted: Dossier) -> None:
    for plant in planted.truth["planted"]:
        if plant["loophole"] != "missing-filing":
            assert plant["period"] == {"from": "2025-07", "to": "2025-08"}
        for month in plant["months"]:
            assert plant["period"]["from"] <= month["period"] <= plant["period"]["to"]
        if plant["size"]["unit"] == "sigma":
            assert plant["size_sigma"] == pytest.approx(plant["size"]["value"], rel=0.05)
            sizes = sum(float(m["reo_kg"]) / float(m["sigma_reo_kg"]) for m in plant["months"] if m["sigma_reo_kg"])
            assert sizes == pytest.approx(plant["size_sigma"], abs=0.01)


# --- each loophole ------------------------------------------------------------------------------------------------


def test_gain_shows_as_output_beyond_what_was_made(planted: Dossier, unplanted: Dossier) -> None:
    plant = planted.plant("unexplained-gain")
    mass = float(plant["mass_kg"])
    assert more_kg(planted, unplanted, plant, "out") == pytest.approx(mass, abs=0.1)
    assert more_kg(planted, unplanted, plant, "in") == 0
    assert more_kg(planted, unplanted, plant, "shipment") == pytest.approx(mass, abs=0.1)


def test_loss_shows_as_feed_that_gave_nothing(planted: Dossier, unplanted: Dossier) -> None:
    plant = planted.plant("unexplained-loss")
    mass = float(plant["mass_kg"])
    assert more_kg(planted, unplanted, plant, "origin") == pytest.approx(mass, abs=0.1)
    assert more_kg(planted, unplanted, plant, "in") == pytest.approx(mass, abs=0.1)
    assert more_kg(planted, unplanted, plant, "out", "waste") == 0


def test_an_unassayed_loss_leaves_its_waste_without_composition(planted: Dossier, unplanted: Dossier) -> None:
    plant = planted.plant("unassayed-lot")
    assert more_kg(planted, unplanted, plant, "in") == pytest.approx(float(plant["mass_kg"]), abs=0.1)
    assert more_kg(planted, unplanted, plant, "out", "waste") == 0
    months, firm = {month["period"] for month in plant["months"]}, plant["subjects"]["organisation"]

    def wasted(dossier: Dossier) -> list[dict[str, str]]:
        rows = [row for event in events_of(dossier).values() for row in event]
        return [
            row for row in rows
            if row["organisation"] == firm and row.get("role") == "waste" and row["on"][:7] in months
        ]  # fmt: skip

    assert wasted(planted) and all(row.get("composition_status") == "unknown" for row in wasted(planted))
    assert not any(row.get("composition") for row in wasted(planted))
    assert any(row.get("composition") for row in wasted(unplanted))


def test_skimming_shows_as_more_shipped_than_received(planted: Dossier, unplanted: Dossier) -> None:
    plant = planted.plant("skimming")
    shipper, receiver = plant["subjects"]["pair"]

    def short_kg(dossier: Dossier) -> float:
        rows = [row for event in events_of(dossier).values() for row in event]
        got = {(row["reference"], canonical(row)): row for row in rows if row["kind"] == "receipt"
               and row["organisation"] == receiver and row["counterparty"] == shipper}  # fmt: skip
        sent = [row for row in rows if row["kind"] == "shipment" and row["organisation"] == shipper]
        pairs = [(row, got.get((row["event"], canonical(row)))) for row in sent]
        return sum(dry_mg(row) - dry_mg(receipt) for row, receipt in pairs if receipt) / KG

    short = short_kg(planted) - short_kg(unplanted)
    assert 0 < short <= float(plant["mass_kg"]) + 0.1
    assert more_kg(planted, unplanted, plant, "shipment") == pytest.approx(float(plant["mass_kg"]), abs=0.1)
    assert {item["organisation"] for item in plant["events"]} == {shipper}
    keeper = shipper if plant["manner"] == "by-shipper" else receiver
    assert {item["organisation"] for item in plant["off_book"]} == {keeper}


def test_yield_is_filed_off_while_the_books_close(planted: Dossier, unplanted: Dossier) -> None:
    plant = planted.plant("yield-outlier")

    def reo_kg(dossier: Dossier, role: str) -> float:
        rows = [row for row in rows_of(dossier, plant) if row.get("role") == role and row["composition"]]
        return sum(dry_mg(row) / KG * reo_share(row) for row in rows)

    waste, product = (reo_kg(planted, role) - reo_kg(unplanted, role) for role in ("waste", "out"))
    mass = float(plant["reo_kg"])
    if plant["manner"] == "inflated":
        assert product == pytest.approx(mass, rel=0.05)
        assert waste == pytest.approx(-mass, rel=0.15)
    else:
        assert product == 0
        assert waste == pytest.approx(mass, rel=0.15)


def test_false_scrap_has_the_ratios_of_ore(planted: Dossier, unplanted: Dossier) -> None:
    plant = planted.plant("recycling-laundering")
    origins = [row for row in rows_of(planted, plant) if row["kind"] == "origin"]
    assert origins
    for row in origins:
        found = shares(row["composition"])
        assert row["origin_kind"] == "secondary"
        assert found["Nd"] / found["Pr"] > 3.1
        assert ("Ce" in found) == (plant["manner"] == "plain")
    assert more_kg(planted, unplanted, plant, "origin") == pytest.approx(float(plant["mass_kg"]), abs=0.1)
    assert more_kg(planted, unplanted, plant, "out") > 0


def test_quota_is_passed_in_the_open_or_in_truth(planted: Dossier, unplanted: Dossier) -> None:
    plant = planted.plant("quota-overrun")
    facts = plant["facts"]
    (grant,) = [
        row for row in table(planted.root / "grants/quotas.csv")
        if (row["organisation"], row["kind"], row["ore_type"]) ==
        (plant["subjects"]["organisation"], facts["kind"], facts["ore_type"])
    ]  # fmt: skip
    assert grant["reo_kg"] == facts["granted_kg"]
    granted, filed, hidden = (int(facts[key]) for key in ("granted_kg", "filed_kg", "hidden_kg"))
    if plant["manner"] == "open":
        assert filed > granted
        assert not hidden
    else:
        assert filed <= granted < filed + hidden
        assert more_kg(planted, unplanted, plant, "out") == pytest.approx(float(plant["mass_kg"]), abs=0.1)


def test_a_young_trader_has_the_goods_for_days_and_changes_the_kind_of_invoice(planted: Dossier) -> None:
    plant = planted.plant("trader-pass-through")
    trader = plant["facts"]["trader"]
    rows = [row for row in rows_of(planted, plant) if row["organisation"] == trader]
    got = {canonical(row): row for row in rows if row["kind"] == "receipt"}
    assert got
    for row in (row for row in rows if row["kind"] == "shipment"):
        bought = got[canonical(row)]
        assert dry_mg(bought) == dry_mg(row)
        assert 0 <= (date.fromisoformat(row["on"]) - date.fromisoformat(bought["on"])).days <= 4
        assert (bought["document_kind"], row["document_kind"]) == ("invoice-ordinary", "invoice-special")
    (register,) = [row for row in table(planted.root / "register/organisations.csv") if row["id"] == trader]
    assert "2025-02-01" < register["valid_from"] < "2025-09-01"


def test_a_round_trip_comes_back_with_its_mass(planted: Dossier) -> None:
    plant = planted.plant("round-trip")
    rows = sorted(rows_of(planted, plant), key=lambda row: row["on"])
    lots = {canonical(row) for row in rows if row["kind"] == "origin"}
    assert lots
    for lot in lots:
        hops = [(row["organisation"], row["counterparty"], dry_mg(row)) for row in rows
                if row["kind"] == "shipment" and canonical(row) == lot]  # fmt: skip
        ring = hops[:-1]
        assert [seller for seller, _, _ in ring] == plant["facts"]["members"]
        assert ring[-1][1] == ring[0][0]
        assert all(buyer == following[0] for (_, buyer, _), following in pairwise(ring))
        assert ring[-1][2] == pytest.approx(ring[0][2], rel=0.01)
        if plant["adversary"] == "plain":
            assert len({mass for _, _, mass in hops}) == 1


def test_titles_go_round_while_the_lot_lies_still(planted: Dossier) -> None:
    plant = planted.plant("circular-invoicing")
    rows = sorted(rows_of(planted, plant), key=lambda row: row["on"])
    lots = {canonical(row) for row in rows if row["kind"] == "origin"}
    assert lots
    for lot in lots:
        titles = [row for row in rows if row["kind"] == "title" and canonical(row) == lot]
        assert [row["organisation"] for row in titles] == plant["facts"]["members"]
        assert titles[-1]["counterparty"] == titles[0]["organisation"]
        assert float(titles[-1]["value"]) > 0
        moved = [row for row in rows if canonical(row) == lot and row["kind"] in ("shipment", "receipt")]
        assert all(row["on"][:7] > titles[-1]["on"][:7] for row in moved)


def test_split_consignments_stay_below_and_add_up(planted: Dossier, unplanted: Dossier) -> None:
    plant = planted.plant("threshold-splitting")
    limit = float(plant["facts"]["limit_kg"])
    pieces = rows_of(planted, plant)
    cut = [row for row in pieces if row["lot"] in {other["lot"] for other in pieces if other is not row}]
    assert cut
    assert all(net_mg(row) / KG < limit for row in cut)
    assert sum(0.8 * limit < net_mg(row) / KG for row in cut) > len(cut) / 2
    assert more_kg(planted, unplanted, plant, "export") == pytest.approx(0, abs=1e-6)
    buyers = {row["counterparty"] for row in pieces}
    assert (len(buyers) > 1) == (plant["manner"] == "name-variants") or plant["manner"] == "one-name"


def test_misdeclared_lots_contradict_their_own_history(planted: Dossier, unplanted: Dossier) -> None:
    plant = planted.plant("misdeclaration")
    before = {(row["organisation"], row["event"], row["lot"]): row for row in rows_of(unplanted, plant)}
    changed = [
        (row, before[row["organisation"], row["event"], row["lot"]]) for row in rows_of(planted, plant)
        if filled(row) != filled(before[row["organisation"], row["event"], row["lot"]])
    ]  # fmt: skip
    assert changed
    for row, honest in changed:
        assert net_mg(row) == net_mg(honest)
        if plant["manner"] == "code":
            assert row["hs_code"] != honest["hs_code"]
        else:
            assert float(row["value"]) < 0.61 * float(honest["value"])


def test_exports_shift_from_one_country_to_a_new_buyer_elsewhere(planted: Dossier, unplanted: Dossier) -> None:
    plant = planted.plant("destination-shift")
    facts = plant["facts"]
    old = {(row["event"], row["lot"]): row["destination"] for row in rows_of(unplanted, plant)}
    shifted = [row for row in rows_of(planted, plant) if row["destination"] == facts["new_destination"]]
    assert shifted
    assert all(row["counterparty"] == facts["new_party"] == plant["subjects"]["pair"][1] for row in shifted)
    assert {old[row["event"], row["lot"]] for row in shifted} == {facts["old_destination"]}


def test_shell_customers_share_an_address_and_only_buy(planted: Dossier) -> None:
    plant = planted.plant("shell-customer")
    shells = set(plant["facts"]["shells"])
    assert shells == set(plant["subjects"]["parties"])
    register = [row for row in table(planted.root / "register/organisations.csv") if row["id"] in shells]
    shared = set.intersection(*(set(row["aliases"].split("|")) for row in register))
    assert any(alias.startswith("addr:") for alias in shared)
    assert any(alias.startswith("tel:") for alias in shared)
    assert len({row["name_zh"] for row in register}) == len(register) >= 2
    rows = [row for event in events_of(planted).values() for row in event]
    assert not [row for row in rows if row["organisation"] in shells]
    names = {row["name_zh"] for row in register}
    assert {row["kind"] for row in rows if row.get("counterparty_name") in names} == {"shipment"}


def test_ghosts_are_counted_and_never_move(planted: Dossier, unplanted: Dossier) -> None:
    plant = planted.plant("ghost-stock")
    rows = rows_of(planted, plant)
    if plant["manner"] == "frozen-lot":
        (born,) = [row for row in rows if row["kind"] == "origin"]
        mine = [row for row in rows if row["lot"] == born["lot"]]
        assert {dry_mg(row) for row in mine} == {dry_mg(born)}
        assert [row["kind"] for row in sorted(mine, key=lambda row: row["on"])] == ["origin", "stock", "shipment"]
        return
    before = {(row["event"], row["lot"]): net_mg(row) for row in rows_of(unplanted, plant)}
    counts = [row for row in rows if row["kind"] == "stock"]
    assert any(net_mg(row) != before[row["event"], row["lot"]] for row in counts)
    held: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for event in events_of(planted).values():
        for row in event:
            held[row["organisation"], canonical(row)].append(row)
    for row in counts:
        earlier = [o for o in held[row["organisation"], canonical(row)] if o["on"] <= row["on"] and o is not row]
        if [other["kind"] for other in earlier if other["kind"] != "stock"] == ["receipt"]:
            assert net_mg(row) == next(net_mg(other) for other in earlier if other["kind"] == "receipt")


def test_late_months_come_after_the_tenth_and_are_put_right(planted: Dossier) -> None:
    plant = planted.plant("late-and-edited")
    late = [item for item in plant["filings"] if item["change"] == "late"]
    assert late
    for item in late:
        filed = [e for e in planted.index if (e["organisation"], e["period"]) == (item["organisation"], item["period"])]
        year, month = int(item["period"][:4]), int(item["period"][5:])
        due = datetime.fromisoformat(f"{year}-{month + 1:02d}-10T00:00:00+08:00")
        assert all(datetime.fromisoformat(entry["filed_at"]) > due for entry in filed)
    corrections = {e["corrects"]: e["path"] for e in planted.index if e["corrects"]}
    touched = {(item["organisation"], item["period"], item["event"]) for item in plant["events"]}
    assert touched
    for organisation, period, event in touched:
        (first,) = [path for path in corrections if path.startswith(f"filings/{organisation}/{period}")]
        wrong = [row for row in table(planted.root / first) if row["event"] == event]
        right = [row for row in table(planted.root / corrections[first]) if row["event"] == event]
        assert any(1.02 < net_mg(a) / net_mg(b) < 1.21 for a, b in zip(wrong, right, strict=True))


def test_a_firm_that_stops_filing_is_named_by_others(planted: Dossier) -> None:
    plant = planted.plant("missing-filing")
    firm, first = plant["subjects"]["organisation"], plant["period"]["from"]
    assert {e["period"] for e in planted.index if e["organisation"] == firm} == {"2025-06"}
    named = [row for event in events_of(planted).values() for row in event if row.get("counterparty") == firm]
    assert [row for row in named if row["period"] >= first]


def test_output_passes_the_registered_capacity(planted: Dossier) -> None:
    plant = planted.plant("capacity-excess")
    site = plant["subjects"]["site"]
    (register,) = [row for row in table(planted.root / "register/sites.csv") if row["id"] == site]
    capacity = int(register["capacity_kg_per_month"])
    made: dict[str, float] = defaultdict(float)
    for event in events_of(planted).values():
        for row in event:
            if row.get("role") == "out" and row["site"] == site:
                made[row["period"]] += dry_mg(row) / KG
    assert plant["facts"]["made_kg"]
    for period, mass in plant["facts"]["made_kg"].items():
        assert made[period] == pytest.approx(float(mass), abs=0.01)
        assert made[period] > capacity


def test_the_receiver_finds_what_the_shipper_did_not_state(planted: Dossier, unplanted: Dossier) -> None:
    plant = planted.plant("composition-swap")
    before = {(row["event"], row["lot"]): shares(row["composition"]) for row in rows_of(unplanted, plant)}
    receipts = [row for row in rows_of(planted, plant) if row["kind"] == "receipt"]
    shipper, receiver = plant["subjects"]["pair"]
    more = []
    for row in receipts:
        found, honest = shares(row["composition"]), before[row["event"], row["lot"]]
        if found != honest:
            more.append(found["Dy"] + found["Tb"] - honest.get("Dy", 0) - honest.get("Tb", 0))
            assert (row["counterparty"], row["organisation"]) == (shipper, receiver)
    assert more
    assert all(0.49 * plant["size"]["value"] < pct / 100 < 1.1 * plant["size"]["value"] for pct in more)


def test_magnets_leave_as_assemblies_with_all_their_metal(planted: Dossier, unplanted: Dossier) -> None:
    plant = planted.plant("one-more-step")
    rows = rows_of(planted, plant)
    assemblies = {row["lot"]: row for row in rows if row["product"] == "assembly" and row.get("role") == "out"}
    exported = [row for row in rows if row["kind"] == "export" and row["product"] == "assembly"]
    assert exported
    honest = [row for row in rows_of(unplanted, plant) if row["kind"] == "export"]
    used = [row for row in rows if row.get("role") == "in"]
    assert {canonical(row) for row in used} <= {canonical(row) for row in honest}
    for row in exported:
        assert row["lot"] in assemblies
        assert not row["hs_code"].startswith("8505")
        assert not row.get("licence")
        assert net_mg(row) == net_mg(assemblies[row["lot"]])


def test_licences_are_left_out_or_allowed_less_than_left(planted: Dossier, unplanted: Dossier) -> None:
    plant = planted.plant("licence-abuse")
    if plant["manner"] == "without":
        changed = {event["event"] for event in plant["events"]}
        assert changed
        rows = [row for row in rows_of(planted, plant) if row["event"] in changed and row["kind"] == "export"]
        honest = {row["event"] for row in rows_of(unplanted, plant) if row.get("licence")}
        assert rows and not any(row.get("licence") for row in rows)
        assert all(row["control_item"] for row in rows) and {row["event"] for row in rows} <= honest
        return
    assert plant["manner"] == "beyond" and not plant["events"], "what is filed stays as it was"
    facts = plant["facts"]
    entered = plant["register"][0]
    granted = {row["id"]: row["mass_kg"] for row in table(planted.root / "grants/licences.csv")}
    assert (entered["id"], granted[facts["licence"]]) == (facts["licence"], facts["allowed_kg"])
    assert float(facts["used_kg"]) > float(facts["allowed_kg"])
