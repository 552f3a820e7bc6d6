"""A filing in numbers and in words that the one who certifies it can hold against what they know."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl
import pytest

from lodeline.filing.check import Checked
from lodeline.filing.sentences import kilograms, sentences
from lodeline.filing.summary import Export, summarise

Rows = dict[str, dict[str, str]]
Judge = Callable[..., Checked]


def told(summary_rows: pl.DataFrame, **options: pl.DataFrame) -> list[tuple[str, str]]:
    found = sentences(summarise(summary_rows, organisation="ACME", **options), rows=summary_rows.height)
    return [
        (one["en"].replace("\u00a0", " ").replace("\u202f", " "), one["zh"].replace("\u00a0", " ")) for one in found
    ]


def test_numbers_by_kind_with_elements_from_wherever_the_composition_is_stated(judge: Judge, right: Rows) -> None:
    ship = right["shipment"] | {"lot": "ACME/OX-1", "mass_kg": "10"}
    rows = judge(
        right["origin"], right["in"], right["out"],
        ship, ship | {"event": "S-2", "mass_kg": "30", "moisture_pct": "50"}, ship | {"event": "S-2", "lot": "BUY/7"},
        ship | {"event": "S-3", "lot": "NOBODY/1", "counterparty": "", "counterparty_name": "Gamma"},
        ship | {"event": "S-4", "counterparty": "", "counterparty_name": "", "to_site": "OTHER"},
    ).rows  # fmt: skip
    known = pl.DataFrame({"lot": ["BUY/7"], "composition": ["Dy=100000000"]})
    summary = summarise(rows, organisation="ACME", lot_compositions=known)
    assert (summary.rows, summary.events) == (8, 6)
    assert [part.what for part in summary.parts] == ["origin", "in", "out", "shipment", "move"]
    shipped = summary.part("shipment")
    assert shipped is not None
    assert (shipped.events, shipped.rows, shipped.lots, shipped.partners) == (3, 4, 3, 2)
    assert (shipped.net_mg, shipped.dry_mg, shipped.unstated_mg) == (60_000_000, 45_000_000, 10_000_000)
    assert (shipped.mass_mg("Nd"), shipped.mass_mg("Dy")) == (15_000_000, 1_000_000)
    assert [one.symbol for one in shipped.elements] == ["Nd", "Pr", "Dy", "TREO"]
    without = summarise(rows, organisation="ACME").part("shipment")
    assert without is not None
    assert without.unstated_mg == 20_000_000


def test_exports_by_country_and_licence(judge: Judge, right: Rows) -> None:
    export = right["export"]
    rows = judge(
        export | {"licence": "L-1"}, export | {"event": "X-2", "licence": "L-1", "mass_kg": "7"},
        export | {"event": "X-3", "destination": "KR", "mass_kg": "1"},
    ).rows  # fmt: skip
    summary = summarise(rows)
    assert summary.exports == (
        Export(country="DE", licence="L-1", events=2, net_mg=12_000_000, dry_mg=12_000_000),
        Export(country="KR", licence=None, events=1, net_mg=1_000_000, dry_mg=1_000_000),
    )
    assert told(rows) == [
        (
            "3 exports to Germany and South Korea: 13 kg (composition unknown), under 1 licence; 1 kg name no licence.",
            "出口 3 笔，运往德国、韩国，共 13千克（成分未知），使用许可证 1 份；其中 1千克未填许可证。",
        )
    ]


def test_a_mass_that_cannot_be_read_is_no_0_kg(judge: Judge, right: Rows) -> None:
    unread, shipped = right["shipment"] | {"mass_kg": "12,5 t"}, right["shipment"] | {"event": "S-2", "mass_kg": "10"}
    assert told(judge(unread).rows) == [
        ("1 shipment to 1 customer: a mass that cannot be read (1 row).", "发货 1 笔，客户 1 家，质量无法读取（1行）。")
    ]
    ((en, zh),) = told(judge(shipped, unread).rows)
    assert en == ("2 shipments to 1 customer: 10 kg (composition unknown; without 1 row whose mass cannot be read).")
    assert zh == "发货 2 笔，客户 1 家，共 10千克（成分未知；不含质量无法读取的1行）。"
    assert told(judge(right["void"]).rows) == [("1 event withdrawn.", "撤回事件 1 个。")]


def test_a_month_in_words(judge: Judge, right: Rows) -> None:
    waste = right["out"] | {"role": "waste", "lot": "W-1", "composition": "", "composition_status": "unknown"}
    rows = judge(
        right["origin"] | {"moisture_pct": "2.5"}, right["in"], right["out"] | {"mass_kg": "8"},
        waste | {"mass_kg": "2"}, right["shipment"] | {"lot": "OX-1", "mass_kg": "3"},
        right["stock"], right["loss"], right["adjustment"],
    ).rows  # fmt: skip
    assert told(rows) == [
        ("1 origin: 1 250 kg (TREO 731.5 kg).", "来源 1 笔，共 1\u202f250千克（TREO 731.5千克）。"),
        (
            "Processing took in 10 kg (TREO 6 kg), made 8 kg (Nd 4.8 kg, Pr 1.6 kg) in 1 lot and left 2 kg"
            " (composition unknown) of waste.",
            "生产投入 10千克（TREO 6千克）；产出 1 个批次，8千克（Nd 4.8千克、Pr 1.6千克）；"
            "产生废料 2千克（成分未知）。",
        ),
        (
            "1 shipment to 1 customer: 3 kg (Nd 1.8 kg, Pr 0.6 kg).",
            "发货 1 笔，客户 1 家，共 3千克（Nd 1.8千克、Pr 0.6千克）。",
        ),
        ("Stock counted on 30 June: 1 lot, 100 kg (TREO 60 kg).", "6月30日盘存 1 个批次，共 100千克（TREO 60千克）。"),
        ("1 loss: 100 kg (TREO 60 kg).", "损失 1 笔，共 100千克（TREO 60千克）。"),
        ("1 adjustment: −1.5 kg (TREO −0.9 kg).", "调整 1 笔，共 −1.5千克（TREO −0.9千克）。"),
    ]


def test_a_nil_return_and_a_withdrawal_are_said(judge: Judge, right: Rows) -> None:
    assert told(judge(right["void"], correcting=True).rows) == [("1 event withdrawn.", "撤回事件 1 个。")]
    assert told(judge(right["void"]).rows.clear())[0][1] == "零申报：本月没有发生业务。"


def test_rows_that_are_all_in_error_are_no_nil_return(judge: Judge, right: Rows) -> None:
    rows = judge(*(right["origin"] | {"event": f"O-{n}", "kind": "?"} for n in range(12))).rows
    assert rows.height == 12
    assert told(rows) == [
        (
            "A draft with 12 rows in error: none of them says what happened.",
            "草稿：12行均有错误，均未能读出所发生的业务。",
        )
    ]


@pytest.mark.parametrize(
    ("mass_mg", "text"),
    [
        (48_210_400_000, "48\u202f210"),
        (999_949_999, "999.9"),
        (12_340_000, "12.3"),
        (1_234_560, "1.235"),
        (500_000_000, "500"),
        (1, "0.000001"),
        (0, "0"),
        (-2_500_000, "\u22122.5"),
    ],
)
def test_kilograms_as_a_sentence_tells_them(mass_mg: int, text: str) -> None:
    assert kilograms(mass_mg) == text
