"""What inspectors measure, who takes a bag and what laboratories find: entries that lose nothing and book nothing."""

from __future__ import annotations

import threading
import zlib
from collections.abc import Iterator
from datetime import date
from hashlib import sha256

import polars as pl
import pytest
from django.test import override_settings
from tests.office.conftest import of_firm, official
from tests.office.visited import (
    HEAD,
    NOW,
    ON,
    ORE,
    TODAY,
    csv,
    flagged,
    handed,
    make,
    measured,
    reported,
    told,
    weighed,
)
from tests.stores import copied

from lodeline.journal.entry import canonical_json
from lodeline.journal.verify import verify_receipt
from lodeline.material.element import SYMBOLS
from lodeline.office.access.actor import Actor, NotAllowedError, RoleGrant
from lodeline.office.inspections import measuring
from lodeline.office.models import AuditRecord, Notice
from lodeline.service.entries import papers
from lodeline.service.entries.receipts import receipt
from lodeline.service.inspections.entering import Taken
from lodeline.service.inspections.measuring import Weighing, measure
from lodeline.service.inspections.reading import bags_of, planned, visit_of, visits_of
from lodeline.service.inspections.verifying import verification
from lodeline.service.inspections.visits import InspectionError, inspections
from lodeline.service.log.audit import verify
from lodeline.store.guards import make_guards
from lodeline.store.opening import open_store
from lodeline.store.snapshot_opening import open_snapshot
from lodeline.store.store import INSPECTION_PLAN_KIND, Store

pytestmark = pytest.mark.medium

FOUND = "B-1,ICP,2025-02-14,19.8,5.02,101"
CHAIN = ("B-1,authority,Courier,2025-02-10 16:00,yes", "B-1,Courier,Provincial Laboratory,2025-02-11 09:30,yes")


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    """What `make` makes, on each database in turn."""
    with override_settings(LODELINE_DATABASE=copied(make, url)):
        made = open_store(url)
        yield made
        made.database.close()


def test_a_visit_is_read_together_and_moves_no_book(store: Store) -> None:
    before = open_snapshot(store)
    done = measured(store, ORE, "OLD,,50,,,,,,,,", "GONE,,30,,,,,,,,", head=HEAD)
    assert told(done) == [] and flagged(done) == ["gone-and-present"]
    assert handed(store, *CHAIN).accepted
    assert reported(store, FOUND).entries
    assert open_snapshot(store, before).lines.equals(before.lines)
    (visit,) = visits_of(inspections(store, ["MINE"]))
    assert visit_of(store, visit.papers[-1].entry.index) == visit
    assert [one.act for one in visit.papers] == ["measurement", "custody", "result"]
    rows = {row["name"]: row for _, row in visit.items}
    ore = rows["MINE/ORE"]
    # Declared wet, and dry by the firm's own moisture of 5 %; measured dry by the inspector's 6 %.
    assert (ore["declared_dry_mg"], ore["dry_mg"]) == (950_000_000, 930_600_000)
    assert (rows["MINE/OLD"]["dry_mg"], rows["MINE/OLD"]["product"]) == (None, "concentrate")
    bag = visit.bags["b-1"]
    assert (bag.holder, bag.name, bag.part, bag.results) == (
        "Provincial Laboratory", "MINE/ORE", "authority", (visit.papers[-1].entry.index,),
    )  # fmt: skip
    assert visit.bags["b-2"].holder == "MINE" and visit.bags["b-3"].holder == "authority"
    (result,) = visit.of("result")
    assert result.paper["rows"][0]["composition"] == "Pr=50200000;Nd=198000000;Dy=101000"
    assert not verify(store).faults


def test_each_paper_has_a_receipt_that_proves_it_and_shows_no_lot(store: Store) -> None:
    for done in (measured(store, ORE), handed(store, *CHAIN), reported(store, FOUND)):
        (entry,) = done.entries
        (one,) = [one for one in inspections(store, ["MINE"]) if one.entry.index == entry.index]
        content = one.content
        assert content == canonical_json(one.paper)
        assert "MINE/ORE" not in entry.envelope and '"B-1"' not in entry.envelope
        document = receipt(store, entry.index)
        assert document is not None
        assert verify_receipt(document, store.signer.verifier.vkey, upload=content) == []
        assert verify_receipt(document, store.signer.verifier.vkey, upload=content + b" ") != []
    assert AuditRecord.objects.filter(what__in=["inspection.measurement", "inspection.result"]).count() == 2
    assert Notice.objects.filter(organisation="MINE", kind="inspected").count() == 3


def test_the_audit_finds_a_paper_that_was_altered(store: Store) -> None:
    (entry,) = measured(store, ORE).entries
    ((_, content),) = store.uploads(entry.index)
    forged = content.replace(b'"mass_mg":990000000', b'"mass_mg":900000000')
    assert forged != content
    trigger = "upload_no_update" if store.database.is_sqlite else "upload_no_change"
    with store.database.transaction():
        store.database.execute(f'DROP TRIGGER "{trigger}"' + ("" if store.database.is_sqlite else " ON upload"))
        store.database.execute(
            "UPDATE upload SET content = %s, sha256 = %s WHERE entry = %s",
            (zlib.compress(forged), sha256(forged).hexdigest(), entry.index),
        )
        make_guards(store.database)
    assert {(one.entry, one.what) for one in verify(store).faults} >= {(entry.index, "entry.columns-differ")}


#: Cells unlike those of a good row, and what is wrong: code, row, column.
BAD_ROWS: list[tuple[dict[str, str], tuple[str, int, str]]] = [
    ({"mass_kg": "many"}, ("number.invalid", 2, "mass_kg")),
    ({"mass_kg": "-5"}, ("mass.negative", 2, "mass_kg")),
    ({"mass_kg": "0"}, ("weighs-nothing", 2, "mass_kg")),
    ({"mass_kg": "990000"}, ("mass-unusual", 2, "mass_kg")),
    ({"mass_kg": "0.99"}, ("mass-unusual", 2, "mass_kg")),
    ({"instrument": ""}, ("cell-missing", 2, "instrument")),
    ({"method": "rule of thumb"}, ("method-unknown", 2, "method")),
    ({"calibrated_on": "2025-02-11"}, ("calibrated-later", 2, "calibrated_on")),
    ({"calibrated_on": "2024-02-09"}, ("calibration-lapsed", 2, "calibrated_on")),
    ({"lot": "NOBODYS"}, ("item-unknown", 2, "lot")),
    ({"lot": ""}, ("cell-missing", 2, "lot")),
    ({"product": "didymium"}, ("product.unknown", 2, "product")),
    ({"outcome": "somewhere"}, ("choice.unknown", 2, "outcome")),
    ({"outcome": "absent"}, ("not-there", 2, "mass_kg")),
    ({"bag_firm": "B-2;B-9"}, ("part-twice", 2, "bag_firm")),
    ({"bag_firm": "b-1"}, ("bag-twice", 2, "bag_firm")),
    ({"bag_firm": "the red one!"}, ("part-twice", 2, "bag_firm")),
    ({"bag_second": "B-4"}, ("head-unclear", 1, "bag_second")),
    ({"mass_g": "990"}, ("head-unclear", 1, "mass_g")),
    ({"composition": "Nd=20;Pr=5"}, ("cell-missing", 2, "assay_method")),
    ({"composition": "Nd=90;Pr=50", "assay_method": "XRF"}, ("composition.over-100", 2, "composition")),
    ({"composition": "Nd=23.33;Pr=6.04", "assay_method": "XRF"}, ("basis-suspected", 2, "composition")),
    ({"bag_firm_kg": "0.5", "bag_firm": ""}, ("cell-missing", 2, "bag_firm")),
]


def assert_readable(done: Taken) -> None:
    """Every problem says all that it means, in both languages."""
    for one in done.problems:
        assert "{" not in one.message("en") + one.message("zh") and "…" not in one.text("en"), one


def test_a_bad_row_is_named_with_its_place_and_nothing_enters(store: Store) -> None:
    size = store.head().size
    for cells, problem in BAD_ROWS:
        done = weighed(store, **cells)
        assert problem in told(done) and not done.accepted and done.entries == (), (cells, told(done))
        assert_readable(done)
    assert store.head().size == size
    # Mended, the same file enters whole.
    assert weighed(store).entries


def test_what_may_be_so_is_taken_with_a_note_and_stays_flagged(store: Store) -> None:
    cases = (
        {"mass_kg": "0.99"}, {"method": "rule of thumb"}, {"calibrated_on": "2024-02-09"}, {"lot": "NOBODYS"},
        {"composition": "Nd=23.33;Pr=6.04", "assay_method": "XRF"},
    )  # fmt: skip
    bags = dict.fromkeys(("bag_authority", "bag_firm", "bag_reserve"), "")
    for cells in cases:
        done = weighed(store, **{**bags, **cells}, note="seen by both sides")
        assert done.entries, told(done)
        paper = inspections(store, ["MINE"])[-1].paper
        assert [flag["code"].removeprefix("inspection.") for flag in paper["flags"]] == flagged(done) != []


def test_a_seal_that_is_not_there_any_more_is_remarked(store: Store) -> None:
    head = "lot,declared_kg,seal"
    assert flagged(measured(store, "ORE,1000,A-17", head=head)) == []
    assert "seal-differs" not in flagged(measured(store, "ORE,999,A-17", head=head))
    for row in ("ORE,998,A-18", "ORE,997,"):
        assert "seal-differs" in flagged(measured(store, row, head=head))


def test_goods_that_were_shipped_meanwhile(store: Store) -> None:
    head = "lot,outcome,note"
    assert told(measured(store, "GONE,absent,", head=head)) == [("gone-and-absent", 2, "outcome")]
    assert told(measured(store, "GONE,shipped,", head=head)) == [("shipped-without-document", 2, "note")]
    assert flagged(measured(store, "GONE,shipped,invoice 5 of 5 February", head=head)) == []
    # By the books it is still there.
    assert flagged(measured(store, "OLD,shipped,invoice 9", head=head)) == ["shipped-not-filed"]
    assert flagged(measured(store, "TALL,absent,", head=head)) == []


def test_before_the_month_is_filed_an_unknown_lot_is_a_flag(store: Store) -> None:
    later = date(2025, 2, 20)
    done = measured(store, "NEW,oxide:Dy,,", head="lot,product,declared_kg,mass_kg", at="sep", whose="SEP", on=later)
    assert told(done) == [("item-unknown", 2, "lot")]
    earlier = date(2024, 12, 20)
    done = measured(store, "NEW,oxide:Dy,,", head="lot,product,declared_kg,mass_kg", at="sep", whose="SEP", on=earlier)
    assert flagged(done) == ["item-unknown"] and done.entries


def test_an_item_stands_once_in_a_file_under_whatever_name(store: Store) -> None:
    done = measured(store, "ORE,990", "MINE/ORE,980", head="lot,declared_kg")
    assert told(done) == [("item-twice", 3, "lot")]
    assert measured(store, "ORE,stock", "ORE,shipment", head="lot,place").entries


def test_a_row_that_is_sent_twice_is_taken_once_and_the_answer_says_so(store: Store) -> None:
    head = "uid,lot,declared_kg,bag_authority"
    (first,) = measured(store, "u-1,ORE,1000,B-1", head=head).entries
    again = measured(store, "u-1,ORE,1000,B-1", "u-2,OLD,50,", head=head)
    assert again.repeated == {"u-1": first.index} and len(again.entries) == 1
    whole = measured(store, "u-1,ORE,1000,B-1", "u-2,OLD,50,", head=head)
    assert whole.accepted and whole.entries == () and set(whole.repeated) == {"u-1", "u-2"}
    # Rows without numbers are told again by what they say.
    assert measured(store, "TALL,5000", head="lot,declared_kg").entries
    assert measured(store, "TALL,5000", head="lot,declared_kg").entries == ()
    # What was changed after it was sent is not lost silently.
    assert told(measured(store, "u-1,ORE,999,B-1", head=head)) == [("uid-stands", 2, "uid")]
    assert told(measured(store, "u-1,ORE,1000,B-7", head=head)) == [("uid-stands", 2, "uid")]
    assert [row["uid"] for one in inspections(store) for row in one.paper["rows"]][:2] == ["u-1", "u-2"]


def test_a_bag_is_used_once_in_the_whole_log(store: Store) -> None:
    measured(store, ORE)
    other = "OX,oxide:PrNd,10,10,0,SC-1,2025-01-20,scale,b-1,,"
    assert told(measured(store, other, at="sep", whose="SEP")) == [("bag-stands", 2, "bag_authority")]
    # A second weighing of the item stands; a second bag of the same part does not.
    again = "ORE,concentrate,1000,991,6,SC-2,2025-01-20,scale,B-9,,"
    assert told(measured(store, again)) == [("part-twice", 2, "bag_authority")]
    done = measured(store, again.replace("B-9", ""))
    assert flagged(done) == ["item-again"] and done.entries


def test_two_telephones_that_send_at_once_cannot_both_take_a_bag(store: Store) -> None:
    answers = []
    gate = threading.Barrier(3)

    def send(row: str) -> None:
        gate.wait()
        try:
            weighing = Weighing(site="mine", on=ON, files=csv(row, head="uid,lot,declared_kg,bag_authority"))
            answers.append(measure(store, weighing, organisation="MINE", filed_at=NOW, today=TODAY, by="p"))
        finally:
            store.database.close()

    rows = ("u-1,ORE,1000,B-1", "u-1,ORE,1000,B-1", "u-9,OLD,50,B-1")
    threads = [threading.Thread(target=send, args=(row,)) for row in rows]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    taken = [one for one in answers if one.entries]
    assert len(answers) == 3 and len(taken) == 1
    stood = [one for one in answers if not one.entries]
    assert all(one.repeated or told(one) == [("bag-stands", 2, "bag_authority")] for one in stood)
    assert len(bags_of(inspections(store))) == 1 and not verify(store).faults


def test_a_chain_of_custody_has_no_gap(store: Store) -> None:
    measured(store, ORE)
    assert told(handed(store, "B-8,authority,Courier,2025-02-10,yes")) == [("bag-unknown", 2, "bag")]
    assert told(handed(store, CHAIN[1])) == [("not-the-holder", 2, "from")]
    assert told(handed(store, "B-1,authority,Courier,2025-02-09,yes")) == [("handed-before", 2, "at")]
    assert told(handed(store, "B-1,authority,Courier,2025-03-09,yes")) == [("day-not-come", 2, "at")]
    assert told(handed(store, "B-1,authority,Courier,soon,perhaps")) == [
        ("date.invalid", 2, "at"), ("choice.unknown", 2, "seal_intact"),
    ]  # fmt: skip
    # Rows of one file may stand in any order.
    assert len(handed(store, *reversed(CHAIN)).entries) == 1
    again = handed(store, *CHAIN)
    assert again.accepted and again.entries == () and len(again.repeated) == 2
    broken = handed(store, "B-3,AUTHORITY,Courier,2025-02-12,no")
    assert flagged(broken) == ["seal-broken"] and broken.entries
    bag = bags_of(inspections(store))["b-3"]
    assert bag.broken is not None and bag.holder == "Courier"
    report = reported(store, "B-3,ICP,2025-02-14,19.8,5,100", side="referee")
    assert flagged(report) == ["not-in-custody", "seal-was-broken"]


#: Head and row of a list, and what is wrong with it.
BAD_RESULTS: list[tuple[str, str, tuple[str, int, str]]] = [
    ("bag,method,analysed_on,Nd_pct", "B-7,ICP,2025-02-14,20", ("bag-unknown", 2, "bag")),
    ("bag,lot,method,analysed_on,Nd_pct", "B-1,OLD,ICP,2025-02-14,20", ("result-of-another", 2, "lot")),
    ("bag,method,analysed_on,Nd_pct", "B-1,ICP,2025-02-09,20", ("analysed-before", 2, "analysed_on")),
    ("bag,method,analysed_on,Nd_pct", "B-1,ICP,2025-03-09,20", ("day-not-come", 2, "analysed_on")),
    ("bag,method,analysed_on,Nd_pct", "B-2,ICP,2025-02-14,20", ("part-of-another", 2, "bag")),
    ("bag,method,analysed_on,Nd_pct", "B-1,nose,2025-02-14,20", ("method-unknown", 2, "method")),
    ("bag,method,analysed_on,Nd_pct", "B-1,ICP,2025-02-14,198000", ("share-too-large", 2, "Nd_pct")),
    ("bag,method,analysed_on,Nd_pct,Dy_pct", "B-1,ICP,2025-02-14,20,99", ("composition.over-100", 2, "Nd_pct")),
    ("bag,method,analysed_on,Nd_pct,Dy_pct", "B-1,ICP,2025-02-14,20,95", ("sum-of-oxides", 2, "Nd_pct")),
    ("bag,method,analysed_on,Nd_pct,Dy_pct", "B-1,ICP,2025-02-14,20,76", ("unit-suspected", 2, "Dy_pct")),
    ("bag,method,analysed_on,Nd_ppm", "B-1,ICP,2025-02-14,19.8", ("unit-suspected", 2, "Nd_ppm")),
    ("bag,method,analysed_on,Nd_pct,Pr_pct", "B-1,ICP,2025-02-14,23.33,6.04", ("basis-suspected", 2, "Pr_pct")),
    ("bag,method,analysed_on,Nd2O3_%,Pr6O11_%", "B-1,ICP,2025-02-14,20,5", ("basis-suspected", 2, "Pr6O11_%")),
    ("bag,method,analysed_on,Nd,Pr_pct", "B-1,ICP,2025-02-14,20,5", ("unit-missing", 1, "Nd")),
    ("bag,method,analysed_on,Nd_pct,Nd2O3_pct", "B-1,ICP,2025-02-14,20,", ("analyte-twice", 1, "Nd2O3_pct")),
    ("bag,method,analysed_on,Nd_pct,Nd (%)", "B-1,ICP,2025-02-14,20,", ("column.twice", 1, "Nd (%)")),
    ("bag,method,analysed_on,Nd_pct", "B-1,ICP,2025-02-14,", ("no-figures", 2, "composition")),
    ("bag,method,analysed_on,Nd_%,composition", "B-1,ICP,2025-02-14,20,Nd=20", ("figures-twice", 2, "composition")),
    ("bag,reference_material,method,analysed_on,Nd_%", ",GBW,ICP,2025-02-14,20", ("cell-missing", 2, "certified")),
    ("bag,reference_material,method,analysed_on,Nd_pct", ",,ICP,2025-02-14,20", ("cell-missing", 2, "bag")),
    ("bag,analysed_on,Nd_pct", "B-1,2025-02-14,20", ("column-missing", 1, "method")),
]


def test_a_bad_result_is_named_with_its_place_and_nothing_enters(store: Store) -> None:
    measured(store, ORE)
    size = store.head().size
    for head, row, problem in BAD_RESULTS:
        done = reported(store, row, head=head)
        assert problem in told(done) and done.entries == (), (head, row, told(done))
        assert_readable(done)
    assert store.head().size == size


def test_results_in_other_units_and_bases_are_the_same(store: Store) -> None:
    measured(store, ORE)
    rows = [
        ("bag,method,analysed_on,Nd (%),Dy mg/kg", "B-1,ICP,2025-02-14,20,100"),
        ("bag,method,analysed_on,Nd_ppm,Dy (g/t)", "B-1,ICP,2025-02-15,200000,100"),
        ("样袋,分析方法,分析日期,Nd2O3_pct,Dy2O3 ppm", "B-1,ICP,2025-02-16,23.3275,114.768"),
        ("bag,method,analysed_on,composition,basis", "B-1,ICP,2025-02-17,Nd=23.3275;Dy=0.0114768,oxide"),
        ("bag,method,analysed_on,composition", "B-1,ICP,2025-02-18,Nd=20;Dy=0.01"),
    ]
    for head, row in rows:
        assert reported(store, row, head=head).entries, told(reported(store, row, head=head))
    found = [one.paper["rows"][0]["composition"] for one in inspections(store) if one.act == "result"]
    for one in found:
        shares = dict(part.split("=") for part in one.split(";"))
        assert abs(int(shares["Nd"]) - 200_000_000) < 5_000 and abs(int(shares["Dy"]) - 100_000) < 2, one


def test_what_is_below_the_limit_is_not_stated(store: Store) -> None:
    measured(store, ORE)
    done = reported(store, "B-1,ICP,2025-02-14,20,5,<5")
    assert "below-limit" in flagged(done) and done.entries
    (one,) = [one for one in inspections(store) if one.act == "result"]
    assert "Dy" not in one.paper["rows"][0]["composition"]


def test_a_list_of_many_visits_makes_a_paper_for_each_and_one_about_nobody(store: Store) -> None:
    measured(store, ORE)
    measured(store, "OX,oxide:PrNd,10,10,0,SC-1,2025-01-20,scale,C-1,,", at="sep", whose="SEP")
    head = "bag,reference_material,method,analysed_on,Nd_pct,certified,note"
    rows = (
        "B-1,,ICP,2025-02-14,19.8,,", "C-1,,ICP,2025-02-14,60,,", ",GBW 02900,ICP,2025-02-14,26.1,Nd=26.0,",
    )  # fmt: skip
    done = reported(store, *rows, head=head)
    assert [one.organisation for one in done.entries] == ["MINE", "SEP", None]
    assert {row["bag"] for one in inspections(store, ["MINE"]) for row in one.paper["rows"] if "bag" in row} == {"B-1"}
    again = reported(store, *rows, head=head)
    assert again.accepted and again.entries == () and len(again.repeated) == 3
    other = reported(store, "B-1,,ICP,2025-02-14,19.9,,", head=head)
    assert told(other) == [("result-again", 2, "bag")]
    assert reported(store, "B-1,,ICP,2025-02-14,19.9,,repeated", head=head).entries
    assert not Notice.objects.filter(organisation="").exists() and not verify(store).faults


def test_a_firm_hands_in_its_own_half_and_no_more(store: Store) -> None:
    measured(store, ORE)
    filer, other = of_firm("MINE", "filer"), of_firm("SEP", "filer")
    own = {"side": "firm", "laboratory": "Mine Laboratory", "who": filer, "own": "MINE"}
    head = "bag,method,analysed_on,Nd_pct"
    done = reported(store, "B-2,ICP,2025-02-14,20.1", head=head, **own)  # type: ignore[arg-type]
    assert done.entries and flagged(done) == []
    stolen = reported(store, "B-1,ICP,2025-02-14,20.1", head=head, **own)  # type: ignore[arg-type]
    assert told(stolen) == [("part-of-another", 2, "bag")]
    # Of another's bag nobody learns that there is one.
    strange = reported(store, "B-2,ICP,2025-02-14,20.1", head=head, side="firm", who=other, own="SEP")
    assert told(strange) == [("bag-unknown", 2, "bag")]
    with pytest.raises(NotAllowedError):
        reported(store, "B-2,ICP,2025-02-14,20.1", head=head, side="firm", who=other, own="MINE")
    with pytest.raises(NotAllowedError):
        reported(store, FOUND, who=filer)
    assert handed(store, "B-2,MINE,Own Laboratory,2025-02-11,yes", who=filer, own="MINE").entries
    assert told(handed(store, CHAIN[0], who=filer, own="MINE")) == [("part-of-another", 2, "bag")]


def test_an_inspector_of_a_region_measures_and_reads_bags_of_its_firms(store: Store) -> None:
    region = RoleGrant(organisation="", role="inspector", region="CN-JX", firms=frozenset({"SEP"}))
    elsewhere = Actor(user=0, name="P", pseudonym="p", standings=(region,))
    with pytest.raises(NotAllowedError):
        measured(store, ORE, who=elsewhere)
    measured(store, ORE)
    assert told(reported(store, FOUND, who=elsewhere)) == [("bag-unknown", 2, "bag")]
    with pytest.raises(NotAllowedError):
        measured(store, ORE, who=official("analyst"))


def test_a_visit_beside_its_plan(store: Store) -> None:
    def item(name: str, label: str, do: list[str], *bags: str) -> dict[str, object]:
        return {"lot": name, "label": label, "place": "stock", "do": do, "bags": bags}

    items = [
        item("MINE/ORE", "drum 1", ["weigh"], "7-01A", "7-01B"), item("MINE/OLD", "drum 2", ["weigh"], "7-02A"),
        item("MINE/TALL", "", []),
    ]  # fmt: skip
    content = canonical_json({"organisation": "MINE", "site": "mine", "items": items})
    with store.database.transaction():
        log = store.head(lock=True)
        name = f"inspection-plan-{log.size}.json"
        entry = papers.put_paper(store, log, content, kind=INSPECTION_PLAN_KIND, name=name, filed_at=NOW, facts={})
    head = "lot,product,declared_kg"
    with_bag = f"{head},bag_authority,note"
    swapped = measured(store, "drum 1,,1000,7-02a,", head=with_bag, plan=entry.index)
    assert told(swapped) == [("bag-planned-elsewhere", 2, "bag_authority")]
    done = measured(store, "drum 1,,1000,7-01A,", "TALL,,5000,,", head=with_bag, plan=entry.index)
    (made,) = done.entries
    visit = visit_of(store, made.index)
    assert visit is not None
    beside = planned(store, visit)
    assert beside is not None
    assert [one["lot"] for one in beside.unmeasured] == ["MINE/OLD"]
    assert [row["name"] for _, row in beside.by_hand] == ["MINE/TALL"]
    with pytest.raises(InspectionError, match="no plan for a visit to this site"):
        measured(store, "OX,,1", head=head, plan=entry.index, at="sep", whose="SEP")
    with pytest.raises(InspectionError, match="no plan for a visit"):
        measured(store, ORE, plan=0)
    # The plan was written by hand, and not drawn.
    assert {one.what for one in verify(store).faults} == {"plan.not-drawn"}


def test_what_is_entered_is_what_the_statistics_read(store: Store) -> None:
    measured(store, ORE, "OLD,,50,,,,,,,,", "TALL,,,,,,,,,,")
    measured(store, "GONE,shipped,invoice 5", head="lot,outcome,note")
    reported(store, FOUND)
    reported(store, "B-2,ICP,2025-02-14,20.1", head="bag,method,analysed_on,Nd_pct", side="firm", laboratory="Own")
    found = verification(store, open_snapshot(store))
    items = {row["outcome"]: row for row in found.items.filter(pl.col("inspector_mg").is_not_null()).to_dicts()}
    assert (items["present"]["operator_mg"], items["present"]["inspector_mg"]) == (950_000_000, 930_600_000)
    assert (items["present"]["instrument"], items["present"]["calibration"]) == ("SC-1", "2025-01-20")
    # What was shipped, by the books as well, is no item of the day.
    assert set(found.items["outcome"]) == {"present"} and found.items.height == 3
    shares = found.shares.filter(pl.col("element") == SYMBOLS.index("Nd"), pl.col("inspector_ppb").is_not_null())
    assert shares.select("inspector_ppb", "laboratory", "how").rows() == [
        (198_000_000, "Provincial Laboratory", "laboratory"),
    ]  # fmt: skip


def test_the_day_and_the_form(store: Store) -> None:
    with pytest.raises(InspectionError, match="has not come"):
        measured(store, ORE, on=date(2025, 2, 21))
    with pytest.raises(InspectionError, match="no rows"):
        measured(store)
    with pytest.raises(InspectionError, match="Name the laboratory"):
        reported(store, FOUND, laboratory=" ")
    weighing = Weighing(site="mine", on=ON, files=[("a.pdf", b"%PDF")])
    done = measuring.measure(
        official("inspector"), store, weighing, organisation="MINE", now=NOW, today=TODAY
    )  # fmt: skip
    assert told(done) == [("file.unknown-format", None, None)]
