"""Through whose hands goods and titles go: rounds, traders between, customers that are one, conduct."""

from __future__ import annotations

import datetime

import polars as pl
import pytest
from tests.desk import organisation
from tests.unit.detection.kit import KG, look, months, papers, register

from lodeline.detection.comparison import UNFILED
from lodeline.detection.papers import FILINGS
from lodeline.message import localized

OXIDE = "product=oxide:PrNd composition=Nd=600000000;Pr=200000000"


def ring(kind: str, *, kg: tuple[float, ...] = (500, 500, 500), days: tuple[int, ...] = (2, 5, 9)) -> pl.DataFrame:
    """A lot made at A that goes A → B → C → A."""
    rows = [f"A O1 origin 1 a 1 500 origin_kind=imported {OXIDE}"]
    for number, (mass, day) in enumerate(zip(kg, days, strict=True)):
        who, whom = "ABC"[number], "BCA"[number]
        rows.append(f"{who} S{number} {kind} {day} {who.lower()} 1 {mass} party={whom}")
        if kind == "shipment":
            rows.append(f"{whom} R{number} receipt {day + 1} {whom.lower()} 1 {mass} party={who} reference=S{number}")
    return months({"2025-06": rows})


def test_goods_that_come_back_are_a_round_and_every_hop_is_shown() -> None:
    (found,) = look("round-trip", ring("shipment", kg=(500, 499.6, 500.2)))
    assert found.subject == {"organisation": "A", "ring": "A → B → C → A"}
    assert [(row["shipper"], row["receiver"]) for row in found.evidence[1:]] == [("A", "B"), ("B", "C"), ("C", "A")]
    assert found.evidence[0]["totals"] == {"rounds": 1, "hops": 3, "complete": True}
    assert look("circular-invoicing", ring("shipment")) == []


@pytest.mark.parametrize(
    ("kg", "days"),
    [
        ((500, 500, 300), (2, 5, 9)),  # another mass
        ((500, 500, 500), (9, 5, 2)),  # before it arrived
        ((500, 500, 500), (5, 5, 5)),  # a year's sum
    ],
)
def test_other_masses_and_other_times_are_no_round(kg: tuple[float, ...], days: tuple[int, ...]) -> None:
    assert look("round-trip", ring("shipment", kg=kg, days=days)) == []


def exchange(*, own: bool, received: int = 3, exported: bool = False) -> list[dict[str, str]]:
    """A ships a lot of oxide to B, which ships A as much of the same make under another name: of its `own`, or not."""
    rows = [f"A O1 origin 1 a 1 500 origin_kind=imported {OXIDE}", "A S1 shipment 2 a 1 500 party=B"]
    rows += [f"B R1 receipt {received} b 1 500 party=A reference=S1"]
    rows += [f"B O2 origin 1 b 2 500 origin_kind=mined {OXIDE}"] if own else []
    rows += ["B X1 export 4 b 1 500 destination=JP"] if exported else []
    rows += ["B S2 shipment 6 b 2 500 party=A", "A R2 receipt 7 a 2 500 party=B reference=S2"]
    lines = months({"2025-06": rows})
    named = (
        lines
        if own
        else lines.with_columns(product=pl.lit("oxide:PrNd"), composition=pl.lit("Nd=600000000;Pr=200000000"))
    )
    return [dict(one.subject) for one in look("round-trip", named)]


def test_a_lot_that_the_books_know_to_have_left_or_not_to_have_come_yet_has_not_come_round() -> None:
    ring_of_two = {"organisation": "A", "ring": "A → B → A"}
    assert exchange(own=False) == [ring_of_two]
    assert exchange(own=False, exported=True) == []
    assert exchange(own=False, received=8) == []
    assert exchange(own=True) == []


def sent_back(*lots: int) -> int:
    """How many questions there are where B sends these lots back to A, which sends them again."""
    rows = [f"A O{lot} origin 1 a {lot} {400 + 40 * lot} origin_kind=imported {OXIDE}" for lot in set(lots)]
    for n, lot in enumerate(lots):
        goods = f"{lot} {400 + 40 * lot}"
        rows += [f"A S{n} shipment {4 * n + 2} a {goods} party=B",
                 f"B R{n} receipt {4 * n + 3} b {goods} party=A reference=S{n}",
                 f"B T{n} shipment {4 * n + 4} b {goods} party=A",
                 f"A Q{n} receipt {4 * n + 5} a {goods} party=B reference=T{n}"]  # fmt: skip
    return len(look("round-trip", months({"2025-06": rows})))


def test_a_lot_that_a_customer_sends_back_has_not_come_round() -> None:
    assert (sent_back(1), sent_back(1, 2), sent_back(1, 1, 1, 1)) == (0, 0, 1)


def test_goods_that_each_receiver_calls_otherwise_have_come_round() -> None:
    """B receives the lot under a name of its own, and sends it on as that."""
    lines = ring("shipment").with_columns(
        lot=pl.when(pl.col("organisation") == "B").then(2).otherwise("lot").cast(pl.Int64),
        product=pl.lit("oxide:PrNd"), composition=pl.lit("Nd=600000000;Pr=200000000"),
    )  # fmt: skip
    assert len(look("round-trip", lines)) == 1


def test_goods_under_the_name_of_a_run_that_changed_nothing_have_come_round() -> None:
    rows = [
        f"A O1 origin 1 a 1 500 origin_kind=imported {OXIDE}", "A S1 shipment 2 a 1 500 party=B",
        "B R1 receipt 3 b 1 500 party=A reference=S1", "B T1 transformation 4 b 1 500 role=in",
        f"B T1 transformation 4 b 2 500 role=out {OXIDE}", "B S2 shipment 6 b 2 500 party=A",
        "A R2 receipt 7 a 2 500 party=B reference=S2",
    ]  # fmt: skip
    assert len(look("round-trip", months({"2025-06": rows}))) == 1


def test_titles_that_come_back_while_the_goods_lie_are_circular() -> None:
    (found,) = look("circular-invoicing", ring("title"))
    assert found.subject["ring"] == "A → B → C → A"
    assert [row["seller"] for row in found.evidence[1:]] == ["A", "B", "C"]
    assert look("round-trip", ring("title")) == []
    assert look("circular-invoicing", ring("title").filter(pl.col("event") != "S2")) == []


def test_titles_of_one_day_are_circular_in_whatever_order_they_were_filed() -> None:
    lines = ring("title", days=(5, 5, 5))
    for order in ([0, 1, 2, 3], [3, 2, 1, 0], [2, 0, 3, 1]):
        filed = lines[order].with_columns(line=pl.int_range(1, 5, dtype=pl.Int64))
        (found,) = look("circular-invoicing", filed)
        assert found.subject["ring"] == "A → B → C → A"


def test_a_title_whose_goods_moved_is_not_circular() -> None:
    lines = ring("title")
    moving = ring("shipment").filter(pl.col("kind") != "origin").with_columns(pl.col("line") + 100)
    assert look("circular-invoicing", pl.concat([lines, moving])) == []


def invoiced(
    *hops: str, days: tuple[int, ...] = (3, 12, 20), kg: tuple[int, ...] = (500, 500, 500), goods: str = "氧化物 PrNd"
) -> pl.DataFrame:
    """Invoices of goods that nobody filed, `A>B`."""
    rows = [
        (*hop.split(">"), goods.split("|")[number % len(goods.split("|"))], datetime.date(2025, 6, days[number]),
         kg[number] * KG, f"N{number}", 1000 + number)
        for number, hop in enumerate(hops)
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=dict(UNFILED), orient="row")


ROUND = ("A>B", "B>C", "C>A")


def test_invoices_that_come_back_though_nobody_files_them_are_circular() -> None:
    lines = ring("title").head(1)
    (found,) = look("circular-invoicing", lines, unfiled=invoiced(*ROUND))
    assert found.subject == {"organisation": "A", "ring": "A → B → C → A"}
    assert found.evidence[1] == {"seller": "A", "buyer": "B", "number": "N0", "on": "2025-06-03", "mass_kg": "500"}
    assert "no border" in localized(found.explanation)["en"]


@pytest.mark.parametrize(
    "invoices",
    [
        invoiced(*ROUND, kg=(500, 500, 300)),
        invoiced(*ROUND, days=(20, 12, 3)),
        invoiced(*ROUND, goods="氧化物 PrNd|氧化物 La"),  # goods sold one way and others the other
        invoiced("A>B", "B>C", "C>D"),
        invoiced("X>Y", "Y>Z", "Z>X"),  # nobody who could be asked
    ],
)
def test_invoices_that_do_not_come_back_are_no_circle(invoices: pl.DataFrame) -> None:
    assert look("circular-invoicing", ring("title").head(1), unfiled=invoices) == []


def test_who_is_registered_is_asked_about_a_ring_of_invoices() -> None:
    """A name that no register has may be where it began."""
    (found,) = look("circular-invoicing", ring("title").head(1), unfiled=invoiced("Nemo>B", "B>A", "A>Nemo"))
    assert found.subject["organisation"] == "A"
    assert "A → Nemo → B → A" in localized(found.explanation)["en"]


def test_one_ring_is_one_question_whether_filed_or_invoiced() -> None:
    filed = ring("title")
    (found,) = look("circular-invoicing", filed, unfiled=invoiced(*ROUND))
    assert found.evidence[1]["kind"] == "title"
    other = invoiced("A>B", "B>A")
    assert len(look("circular-invoicing", filed, unfiled=other)) == 2


def passing(*, stay: int = 2, lots: int = 6) -> pl.DataFrame:
    """M makes metal and ships it to trader T, who ships it to U after some days."""
    rows = []
    for lot in range(1, lots + 1):
        rows += [
            f"M O{lot} origin 1 m {100 + lot} 100 origin_kind=imported {OXIDE}",
            f"M T{lot} transformation 1 m {100 + lot} 100 role=in",
            f"M T{lot} transformation 1 m {lot} 90 role=out product=metal composition=Nd=900000000",
            f"M S{lot} shipment 2 m {lot} 90 party=T",
            f"T R{lot} receipt 3 t {lot} 90 party=M reference=S{lot}",
            f"T X{lot} shipment {3 + stay} t {lot} 90 party=U",
        ]
    return months({"2025-06": rows})


def invoices(lines: pl.DataFrame, inward: str, outward: str) -> pl.DataFrame:
    kind = pl.when(pl.col("kind") == "receipt").then(pl.lit(inward)).otherwise(pl.lit(outward))
    return papers(lines, document_kind=kind)


def test_ordinary_in_special_out_within_days_is_passed_through_and_youth_is_told() -> None:
    lines = passing()
    young = organisation("T", valid_from=datetime.date(2025, 5, 24))
    (found,) = look(
        "trader-pass-through",
        lines,
        papers=invoices(lines, "invoice-ordinary", "invoice-special"),
        register=register(lines, organisations=[young]),
    )
    assert found.subject == {"organisation": "T"}
    assert found.evidence[0]["totals"] == {"lots": 6, "passed": 6, "invoice_changed": 6}
    assert "10 days old" in localized(found.explanation)["en"] and "10 天" in localized(found.explanation)["zh"]


def test_equal_invoices_worse_ones_and_no_papers_are_let_be() -> None:
    lines = passing()
    assert look("trader-pass-through", lines, papers=invoices(lines, "invoice-special", "invoice-special")) == []
    assert look("trader-pass-through", lines, papers=invoices(lines, "invoice-special", "invoice-ordinary")) == []
    assert look("trader-pass-through", lines) == []


def test_a_better_invoice_is_asked_about_however_long_the_goods_lay() -> None:
    slow = passing(stay=20)
    (found,) = look("trader-pass-through", slow, papers=invoices(slow, "invoice-ordinary", "invoice-special"))
    assert found.evidence[0]["totals"] == {"lots": 6, "passed": 0, "invoice_changed": 6}


def test_a_lot_that_leaves_as_other_goods_is_another_lot_under_its_number() -> None:
    lines = passing().with_columns(
        product=pl.when(pl.col("kind") == "receipt").then(pl.lit("swarf")).otherwise(pl.lit("oxide:PrNd"))
    )
    assert look("trader-pass-through", lines, papers=invoices(lines, "invoice-ordinary", "invoice-special")) == []


def beside_trade(changed: int, lots: int = 40, *, others_change: int = 0) -> pl.DataFrame:
    """T sells `lots` lots of which some change their invoice; four traders like it change so many each."""
    frames = []
    for place, trader in enumerate(("T", "A", "B", "C", "D")):
        lines = passing(lots=lots).with_columns(
            organisation=pl.col("organisation").replace("T", trader), party=pl.col("party").replace("T", trader),
            site=pl.col("site").replace("t", trader.lower()), lot=pl.col("lot") + 1000 * place,
            changes=(pl.col("lot") <= (changed if trader == "T" else others_change)),
        )  # fmt: skip
        frames.append(lines)
    numbers = pl.int_range(1, pl.len() + 1, dtype=pl.Int64)
    return pl.concat(frames).with_columns(line=numbers, entry=numbers)


def judged(lines: pl.DataFrame) -> list[str]:
    ordinary = pl.when((pl.col("kind") == "receipt") & pl.col("changes")).then(pl.lit("invoice-ordinary"))
    written = papers(lines, document_kind=ordinary.otherwise(pl.lit("invoice-special")))
    return [str(one.subject["organisation"]) for one in look("trader-pass-through", lines, papers=written)]


def test_a_trader_that_changes_invoices_beside_honest_trade_is_asked() -> None:
    assert judged(beside_trade(5)) == ["T"]


def by_suppliers(ordinary: dict[str, int]) -> list[str]:
    """T sells 60 lots, 57 of them of M on special invoices; S sells it three on ordinary ones, and to others so."""
    lines = passing(lots=60).with_columns(
        party=pl.when((pl.col("lot") <= 3) & (pl.col("kind") == "receipt")).then(pl.lit("S")).otherwise("party")
    )
    others = passing(lots=40).filter(pl.col("organisation") == "M").with_columns(
        organisation=pl.lit("S"), party=pl.lit("X"), lot=pl.col("lot") + 1000
    )  # fmt: skip
    numbers = pl.int_range(1, pl.len() + 1, dtype=pl.Int64)
    both = pl.concat([lines, others]).with_columns(line=numbers, entry=numbers)
    bought = (pl.col("kind") == "receipt") & (pl.col("party") == "S")
    sold = (pl.col("organisation") == "S") & (pl.col("lot") <= 1000 + ordinary["to_others"])
    kind = pl.when(bought | sold).then(pl.lit("invoice-ordinary")).otherwise(pl.lit("invoice-special"))
    found = look("trader-pass-through", both, papers=papers(both, document_kind=kind))
    return [str(one.subject["organisation"]) for one in found]


def test_a_supplier_that_writes_special_invoices_to_all_others_is_asked_why_not_here() -> None:
    assert by_suppliers({"to_others": 0}) == ["T"]
    assert by_suppliers({"to_others": 40}) == []


def test_slips_of_clerks_and_the_habit_of_a_whole_trade_are_let_be() -> None:
    assert judged(beside_trade(2)) == []
    assert judged(beside_trade(5, others_change=5)) == []


def sold(*customers: dict[str, object]) -> list[object]:
    rows = [f"M O1 origin 1 m 1 1000 origin_kind=imported {OXIDE}"]
    rows += [f"M S{number} shipment 2 m 1 100 party={one['id']}" for number, one in enumerate(customers)]
    lines = months({"2025-06": rows})
    return list(look("shell-customer", lines, register=register(lines, organisations=list(customers))))


def user(name: str, country: str = "CN", **fields: object) -> dict[str, object]:
    return organisation(name, roles="end-user", country=country, **{"name_en": f"{name} works", **fields})


def test_customers_under_one_roof_or_name_are_one_question() -> None:
    alike = (
        user("U1", name_zh="宁波远辉电机有限公司", aliases=["addr:Ningbo Synthetic Road 7"]),
        user("U2", name_zh="宁波嘉禾电机有限公司", aliases=["ADDR:Ningbo Synthetic Road 7 "]),
        user("U3", name_zh="宁波远辉电机科技有限公司"),
        user("U4", name_zh="苏州长风电机有限公司"),
    )
    (found,) = sold(*alike)
    assert getattr(found, "subject") == {"organisation": "M", "customer": "U1"}  # noqa: B009
    assert getattr(found, "evidence")[0]["customers"] == ["U1", "U2", "U3"]  # noqa: B009
    assert getattr(found, "mass_mg") > 3 * 80 * KG  # noqa: B009


def sold_magnets(newcomer: str, *, first: int, sales: int, kilograms: int) -> list[str]:
    """M sells U 50 kg of magnets on the 5th of each month of 2025, and somebody else from a month on."""
    months_of, texts = {}, {"NEW": newcomer, "U": "Alpha Drives Inc."}
    for month in range(1, 13):
        rows = ["M O1 origin 1 m 1 9000 origin_kind=imported product=magnet-ndfeb composition=TREO=30;Fe=69;B=1"] * (
            month == 1
        )
        rows.append(f"M S{month} shipment 5 m 1 50 party=U product=magnet-ndfeb")
        if first <= month < first + sales:
            rows.append(f"M N{month} shipment 6 m 1 {kilograms} party=NEW product=magnet-ndfeb")
        months_of[f"2025-{month:02d}"] = rows
    lines = months(months_of)
    known = register(lines.filter(pl.col("party").is_null()), organisations=[organisation("R", roles="end-user")])
    found = look("shell-customer", lines.with_columns(pl.col("party").replace(texts)), register=known)
    return [localized(one.explanation)["en"] for one in found]


def test_a_new_customer_of_no_register_that_takes_much_of_a_makers_magnets_is_asked_about() -> None:
    (text,) = sold_magnets("Beta Motors GmbH", first=6, sales=4, kilograms=40)
    assert text.startswith("A customer of no register (Beta Motors GmbH) is new and took 55 % of the firm's magnets")
    # One that takes little, was there early, bought twice or is of the register is let be.
    assert sold_magnets("Beta Motors GmbH", first=6, sales=4, kilograms=10) == []
    assert sold_magnets("Beta Motors GmbH", first=3, sales=4, kilograms=40) == []
    assert sold_magnets("Beta Motors GmbH", first=6, sales=2, kilograms=40) == []
    assert sold_magnets("R", first=6, sales=4, kilograms=40) == []


def test_customers_that_share_nothing_or_file_themselves_are_let_be() -> None:
    road = ["addr:Ningbo Synthetic Road 7"]
    assert sold(user("U1", name_en="Alpha Drives Inc."), user("U2", name_en="Beta Drives Inc.")) == []
    assert sold(user("U1", name_en="Alpha Inc.", country="US"), user("U2", name_en="Alpha Ltd", country="DE")) == []
    assert sold(user("U1", aliases=road), organisation("F", roles="trader", aliases=road)) == []
    assert sold(user("U1", aliases=["Shared nickname"]), user("U2", aliases=["Shared nickname"])) == []


def sold_by_name(names: dict[str, int], **tables: list[dict[str, object]]) -> list[object]:
    """M sells so many lots to customers that its rows name in words."""
    rows, texts = [f"M O1 origin 1 m 1 1000 origin_kind=imported {OXIDE}"], {}
    for place, (name, times) in enumerate(names.items()):
        texts[f"P{place}"] = name
        rows += [f"M S{place}-{sale} shipment 2 m 1 10 party=P{place}" for sale in range(times)]
    lines = months({"2025-06": rows})
    known = register(lines.filter(pl.col("party").is_null()), **tables)
    return list(look("shell-customer", lines.with_columns(pl.col("party").replace(texts)), register=known))


def test_names_in_no_register_that_are_likely_one_firms_are_one_question() -> None:
    names = {
        "Hefei Gaoyuan Metals Co., Ltd.": 4,
        "Hefei Gaoyuan Metal Trading Co Ltd": 3,
        "Suzhou Changfeng Drives Co., Ltd.": 4,
    }
    (found,) = sold_by_name(names)
    members = getattr(found, "evidence")[0]["customers"]  # noqa: B009
    assert members == ["Hefei Gaoyuan Metal Trading Co Ltd", "Hefei Gaoyuan Metals Co., Ltd."]


@pytest.mark.parametrize(
    ("one", "other", "asked"),
    [
        ("Ventkato Drives GmbH", "Ventkato Motors GmbH", 0),
        ("Ventkatora Motors GmbH", "Ventkatolo Motors GmbH", 0),
        ("Ventkato Motors GmbH", "Ventkato Motor Trading GmbH", 1),
        ("Seorak-ri Motors Co. Ltd.", "New Seorak-ri Motors Co. Ltd.", 1),
    ],
)
def test_names_that_only_begin_alike_are_two_firms(one: str, other: str, asked: int) -> None:
    assert len(sold_by_name({one: 4, other: 4})) == asked


def test_a_customer_is_told_by_its_id_where_the_register_has_it_and_else_by_name() -> None:
    road = ["addr:Ningbo Synthetic Road 7"]
    names = ["Hefei Gaoyuan Metal Trading Co Ltd", "Hefei Gaoyuan Metals Co., Ltd."]
    for found, kind, members in (
        (sold(user("U1", aliases=road), user("U2", aliases=road)), "party", ["U1", "U2"]),
        (sold_by_name(dict.fromkeys(names, 3)), "name", names),
    ):
        facts = getattr(found[0], "as_json")()["sentences"][0]["facts"]  # noqa: B009
        assert facts["customers"]["series"] == [{kind: one} for one in members]


def test_typing_errors_spellings_two_towns_numbered_works_and_filers_are_let_be() -> None:
    assert sold_by_name({"Hefei Gaoyuan Metals Co., Ltd.": 3, "Hefei Gaoyuan Metls Co., Ltd.": 1}) == []
    assert sold_by_name({"Hefei Gaoyuan Metals Co., Ltd.": 3, "Ningbo Gaoyuan Metals Co., Ltd.": 3}) == []
    assert sold_by_name({"Hefei Gaoyuan Metals Co., Ltd.": 3, "HEFEI GAO YUAN METALS": 3}) == []
    assert sold_by_name({"Hefei Gaoyuan Metals Co., Ltd.": 3, "HEFEI GAOYUAN METALS COMPANY LIMITED": 3}) == []
    assert sold_by_name({"Hefei Gaoyuan Metals Co., Ltd.": 3, "合肥高远金属材料有限公司": 3}) == []
    assert sold_by_name({"宁波磁材一厂": 3, "宁波磁材二厂": 3}) == []
    filer = organisation("F", roles="magnet-maker", name_en="Hefei Gaoyuan Metals Co., Ltd.")
    both = {"Hefei Gaoyuan Metals Co., Ltd.": 3, "Hefei Gaoyuan Metal Co Ltd": 3}
    assert sold_by_name(both, organisations=[filer]) == []


def sold_by_others(reworded: int, *, of_others: int = 0, then: bool = False) -> list[object]:
    """M sells 20 lots to a customer, so many under another wording of its name; six sellers sell 20 lots each."""
    one, other = "合肥高远金属材料有限公司", "高远金属材料（合肥）有限责任公司"
    rows, texts = [f"M O1 origin 1 m 1 9000 origin_kind=imported {OXIDE}"], {}
    for place, seller in enumerate("MABCDEF"):
        count = reworded if seller == "M" else of_others
        for sale in range(20):
            changed = sale >= 20 - count if then else sale % 2 and sale // 2 < count
            texts[f"P{seller}{sale}"] = other if changed else one
            day = 1 + sale if then else 2
            rows.append(f"{seller} S{place}-{sale} shipment {day} {seller.lower()} 1 10 party=P{seller}{sale}")
    lines = months({"2025-06": rows})
    known = register(lines.filter(pl.col("party").is_null()))
    return list(look("shell-customer", lines.with_columns(pl.col("party").replace(texts)), register=known))


def test_a_second_wording_that_is_no_slip_is_asked_about_where_others_have_one() -> None:
    (found,) = sold_by_others(8)
    assert getattr(found, "subject")["organisation"] == "M" and getattr(found, "score") > 0.99  # noqa: B009


def test_slips_renamings_and_how_everybody_writes_are_let_be() -> None:
    assert sold_by_others(2) == []
    assert sold_by_others(8, then=True) == []
    assert sold_by_others(8, of_others=6) == []


def conduct(late: int, edited: int, *, late_from: int = 0) -> list[object]:
    periods = [f"2025-{month:02d}" for month in range(1, 13)]
    status = pl.DataFrame(
        {
            "organisation": ["A"] * 12,
            "period": periods,
            "state": ["late" if late_from <= place < late_from + late else "filed" for place in range(12)],
        }
    )
    filings = pl.DataFrame(
        [
            {"entry": 20 + place, "organisation": "A", "period": period, "corrects": place, "rows": 2}
            for place, period in enumerate(periods[:edited])
        ]
        + [{"entry": 99, "organisation": "B", "period": "2025-01"}],
        schema=dict(FILINGS),
    )
    lines = months({"2025-06": [f"A O1 origin 1 a 1 10 origin_kind=imported {OXIDE}"]})
    return list(look("late-and-edited", lines, status=status, filings=filings))


def conduct_of_a_corrector(late: list[int], *, all_late: bool = False) -> list[object]:
    """A corrects every second month, as nine of thirty firms do; it is late in the months whose numbers are given, or
    all are."""
    firms = ["A", *(f"B{number}" for number in range(29))]
    periods = [f"2025-{month:02d}" for month in range(1, 13)]
    rows = [
        (one, period, "late" if (one == "A" or all_late) and month in late else "filed")
        for one in firms for month, period in enumerate(periods, 1)
    ]  # fmt: skip
    filings = [
        {"entry": place, "organisation": one, "period": period, "corrects": 1, "rows": 2}
        for place, (one, period) in enumerate((one, period) for one in firms[:9] for period in periods[1::2])
    ]
    lines = months({"2025-06": [f"A O1 origin 1 a 1 10 origin_kind=imported {OXIDE}"]})
    status = pl.DataFrame(rows, schema=["organisation", "period", "state"], orient="row")
    return list(look("late-and-edited", lines, status=status, filings=pl.DataFrame(filings, schema=dict(FILINGS))))


def test_who_corrects_as_a_matter_of_course_is_asked_only_where_just_the_late_months_are_corrected() -> None:
    assert len(conduct_of_a_corrector([2, 4, 6, 8, 10, 12])) == 1
    assert conduct_of_a_corrector([1, 2, 5, 6, 9, 10]) == []
    # Where everybody's late months are corrected, these are.
    assert conduct_of_a_corrector([2, 4, 6], all_late=True) == []


def test_a_season_says_more_than_the_same_months_scattered_over_a_year() -> None:
    (season,), scattered = conduct_of_a_corrector([6, 7, 8, 9, 10]), conduct_of_a_corrector([2, 4, 6, 8, 11])
    assert getattr(season, "score") > 0.995 and scattered == []  # noqa: B009


def test_late_months_none_of_which_was_corrected_are_let_be() -> None:
    assert conduct_of_a_corrector([5, 7, 9]) == [] and conduct(late=6, edited=6, late_from=6) == []


def test_months_late_and_corrected_as_a_habit_are_asked_for() -> None:
    (found,) = conduct(late=6, edited=5)
    assert getattr(found, "evidence")[0]["totals"] == {"months": 12, "late": 6, "corrected": 5}  # noqa: B009


def test_a_correction_of_an_older_month_is_no_new_question() -> None:
    (found,), (grown,) = conduct(late=6, edited=6, late_from=2), conduct(late=6, edited=8, late_from=2)
    assert getattr(found, "last_period") == getattr(grown, "last_period") == "2025-08"  # noqa: B009
    assert getattr(grown, "first_period") == "2025-01" and getattr(grown, "since") == "2025-03"  # noqa: B009
    assert getattr(found, "id") == getattr(grown, "id")  # noqa: B009


@pytest.mark.parametrize(("late", "edited"), [(0, 12), (2, 2), (6, 0), (3, 1), (0, 0)])
def test_lateness_alone_and_corrections_alone_are_let_be(late: int, edited: int) -> None:
    assert conduct(late, edited) == []
