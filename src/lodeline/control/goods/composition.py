"""Rules on what a composition says and leaves out: sums, traces of neighbours, grades, value."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from lodeline.control.case import Case
from lodeline.control.goods.goods import label
from lodeline.control.goods.items import percent
from lodeline.control.goods.price import rate_of, unit_value
from lodeline.control.licences.licence import covers
from lodeline.control.reason import Reason, reason
from lodeline.control.rulebook import to_ppb
from lodeline.material.composition import treo_ppb
from lodeline.material.element import RARE_EARTHS, TREO

_RARE_EARTHS = frozenset(RARE_EARTHS)


def total_differs(case: Case) -> Iterator[Reason]:
    """Rare earths that do not add up to the stated total: as elements, or as oxides where that is what was meant."""
    stated, bounds = case.line.composition, case.rules.parameter("desk-bounds")
    if stated is None or bounds is None or _RARE_EARTHS.isdisjoint(stated.shares):
        return
    as_oxides = treo_ppb({symbol: share for symbol, share in stated.shares.items() if symbol != TREO})
    sums = (stated.rare_earth_ppb, as_oxides)
    tolerance = to_ppb(bounds["total_difference_pct"])
    for total, possible in ((case.line["re_total_pct"], sums), (stated.shares.get(TREO), (as_oxides,))):
        if total is not None and min(abs(total - one) for one in possible) > tolerance:
            yield reason("content.total-differs", sum_pct=percent(possible[0]), total_pct=percent(total))
            return


def neighbours_without(case: Case) -> Iterator[Reason]:
    """Traces of the neighbours of an element, or a share of one that can take its place, while it is not mentioned.

    Of goods processed beyond a magnet no element is controlled, so nothing is hidden by leaving one out.
    """
    bounds, goods = case.rules.parameter("desk-bounds"), case.goods
    if bounds is None or not goods.is_magnet or goods.is_assembly or covers(case):
        return
    neighbours, limit = bounds["neighbours"], to_ppb(bounds["trace_pct"])
    absent = neighbours["of"]
    traces = [
        one
        for one in neighbours["are"]
        if (share := goods.shares.get(one, 0)) and (share <= limit or one in neighbours["in_its_place"])
    ]
    if traces and absent not in goods.shares:
        yield reason("content.neighbours-without", neighbours=", ".join(traces), absent=absent)


def grade(case: Case) -> Iterator[Reason]:
    """A grade that suggests heavy rare earths, and a composition without them or none at all: a prior, never proof.

    A laboratory that looked for them settles it.
    """
    goods, band = case.goods, case.rules.parameter("trace-band")
    heavy = band["elements"] if band else ()
    if not goods.grade or not heavy or not goods.is_magnet or "magnet-smco" in goods.forms:
        return
    found = case.line.assay.shares if case.line.assay else {}
    if _is_made_without(goods.grade) and case.line.composition and _is_whole(case):
        return
    if all(element in found for element in heavy) or goods.words.denied.intersection(heavy) or covers(case):
        return
    if not any(goods.shares.get(element) or element in goods.named for element in heavy):
        yield reason("grade.suggests-heavy", grade=goods.grade)


def _is_made_without(grade: str) -> bool:
    """Whether a grade, as N38H, is commonly made without heavy rare earths as well."""
    return grade.rstrip("H")[-1:].isdigit()


def _is_whole(case: Case) -> bool:
    """Whether a composition states all that the goods are made of, so that what it leaves out is not in them."""
    stated, bounds = case.line.composition, case.rules.parameter("desk-bounds")
    return stated is not None and bounds is not None and stated.sum_ppb >= to_ppb(bounds["substance"]["pure_pct"])


def value(case: Case) -> Iterator[Reason]:
    """A price far from what the stated rare earths are worth on the day; what cannot be compared is said."""
    line, goods = case.line, case.goods
    if line["value"] is None or not goods.rare or goods.is_assembly:
        return
    worth = worth_per_kg(case)
    why = priced(case, worth)
    prices, bounds = case.rules.parameter("desk-prices"), case.rules.parameter("desk-bounds")
    if why is not None or worth is None:
        why = why or ("no price is known", "无价格数据")
        yield reason("value.not-checked", why=why[0], why_zh=why[1])
        return
    per_kg = unit_value(line, case.rules) or Decimal(0)
    ratio = per_kg / worth
    code = "value.low" if ratio < Decimal(str(bounds["value_ratio"]["low"])) else "value.high"
    if code == "value.low" or ratio > Decimal(str(bounds["value_ratio"]["high"])):
        yield reason(
            code, law=(*case.rules.cited("desk-prices"), *case.rules.cited("desk-bounds")),
            unit_value=f"{per_kg:.2f}", currency=prices["currency"], ratio=f"{ratio:.2f}", worth=f"{worth:.2f}",
        )  # fmt: skip


def other_magnet_price(case: Case) -> Iterator[Reason]:
    """Magnets told to be without rare earths, at a price of those that have them."""
    others, per_kg = case.goods.words.others, unit_value(case.line, case.rules)
    if "magnet-other" not in case.goods.forms or per_kg is None:
        return
    known = [row for row in case.rules.parameter("desk-processed-goods") or () if row["kind"] in others]
    high = max((row["price_usd_per_kg"]["high"] for row in known), default=None)
    if high is not None and per_kg > high:
        shown = label(frozenset({"magnet-other"}))
        yield reason(
            "magnet.price", law=case.rules.cited("desk-processed-goods"), unit_value=f"{per_kg:.2f}", currency="USD",
            high=high, goods=shown["en"], goods_zh=shown["zh"],
        )  # fmt: skip


def heading_price(case: Case) -> Iterator[Reason]:
    """A price far above what goods of a heading cost, where what the stated rare earths are worth cannot judge it."""
    code, per_kg = case.line["hs_code"] or "", unit_value(case.line, case.rules)
    if per_kg is None or case.goods.claim is not None or case.needs or "magnet-other" in case.goods.forms:
        return
    # What the stated rare earths are worth judges goods that have them, where their prices are known.
    is_alone = not case.goods.rare
    rows = [
        row
        for row in case.rules.parameter("desk-price-ceilings") or ()
        if code.startswith(row["code"]) and (is_alone or (row.get("alone") is False and not worth_per_kg(case)))
    ]
    row = max(rows, key=lambda one: len(one["code"]), default=None)
    if row is not None and per_kg > row["usd_per_kg"]:
        yield reason(
            "value.heading", law=case.rules.cited("desk-price-ceilings"), unit_value=f"{per_kg:.2f}",
            heading=row["code"], goods=row["label"]["en"], goods_zh=row["label"]["zh"], high=row["usd_per_kg"],
        )  # fmt: skip


def priced(case: Case, worth: Decimal | None) -> tuple[str, str] | None:
    """Why the price of a line cannot be compared with `worth`, in both languages; None where it can."""
    line, goods = case.line, case.goods
    prices, bounds = case.rules.parameter("desk-prices"), case.rules.parameter("desk-bounds")
    if not line["mass_kg"]:
        return ("no mass is stated", "未申报质量")
    if prices is None or bounds is None:
        return ("there is no price table for the day", "当日无价格表")
    if rate_of(line["currency"], case.rules) is None:
        stated = line["currency"]
        return (
            f"prices are in {prices['currency']}; no rate is known for {stated or 'a currency not stated'}",
            f"价格表以 {prices['currency']} 计价，无 {stated or '未申报币种'} 的汇率",
        )
    if not worth or not goods.forms & set(bounds["value_forms"]):
        return ("no price is known for goods of this form and composition", "该形态和成分的货物无价格数据")
    return None


def worth_per_kg(case: Case) -> Decimal | None:
    """What the priced rare earths in a kilogram of goods are worth as oxides, in the currency of the price table."""
    if case.rules.parameter("desk-prices") is None:
        return None
    shares, worth = case.goods.shares, case.rules.worth_per_ppb
    return sum((per_ppb * shares[element] for element, per_ppb in worth.items() if element in shares), Decimal(0))
