"""What is odd in the rows and tables of a base window, or had to be assumed, in words for who reads of the network."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from lodeline.strategy.network import Note

MAIN_PRODUCT: Final = Note(
    code="capacity-of-main-product",
    en="A capacity in the register is of a site's main product; of its other products the best month stands for it.",
    zh="登记产能仅为场所主产品的产能；其余产品以基准期最高月产量代替。",
)  # fmt: skip

CONTRADICTING: Final = (
    "shares-contradict", "are delivered although the suppliers' shares leave nothing for it; the shares are left aside",
    "有申报交货，而供应商份额已满；已不计其份额",
)  # fmt: skip
UNSUPPLIED: Final = (
    "bill-without-supply", "stand in a bill, but nobody delivers them: left out", "列于用料表而无人供货：不计",
)  # fmt: skip
ONWARD: Final = (
    "goods-passed-on", "come by way of another buyer to whom the ledger delivers: what goes on is taken off its plants",
    "经由台账所载另一买方转供：转供量自该买方工厂用量中扣除",
)  # fmt: skip
DIFFERS: Final = (
    "bill-differs", "differ by more than a tenth from what is delivered (kg a day by bill and output / delivered)",
    "按用料表与产量的需求与实际供货相差逾一成（每日千克：用料表／供货）",
)  # fmt: skip


def of_inputs(about: tuple[str, str, str], subjects: Iterable[str]) -> Note:
    code, en, zh = about
    found = sorted(subjects)
    listed = "; ".join(found[:5]) + ("; …" if len(found) > 5 else "")
    return Note(
        code=code, en=f"{len(found)} inputs of plants {en}: {listed}", zh=f"{len(found)} 项工厂用料{zh}：{listed}"
    )


def alike(several: Sequence[str]) -> Note:
    listed = " | ".join(several[:5])
    return Note(
        code="end-users-alike",
        en=f"{len(several)} end users are spelt in ways that nobody has settled, and count apart: {listed}",
        zh=f"有 {len(several)} 个最终用户名称写法不一且尚未认定，暂按不同用户计：{listed}",
    )


def self_sold(flows: int, kg: float) -> Note:
    return Note(
        code="sold-to-itself", en=f"{flows} flows go from a site to itself, {kg:.0f} kg: left out.",
        zh=f"有 {flows} 条流向的收发场所相同，共 {kg:.0f} 千克：不计。",
    )  # fmt: skip


def without_recipe(events: int, kg: float) -> Note:
    return Note(
        code="events-without-recipe",
        en=f"{events} transformations take nothing or make nothing, {kg:.0f} kg: in the residual.",
        zh=f"有 {events} 个加工事件只有投入或只有产出，共 {kg:.0f} 千克：计入残差。",
    )


def below_use(count: int) -> Note:
    return Note(
        code="capacity-below-use",
        en=f"{count} units made more than the capacity in the register: what they made stands for it.",
        zh=f"有 {count} 个工序单元的产量高于登记产能：以实际产量为准。",
    )  # fmt: skip


def stock_raised(raised: int, count: int) -> Note:
    return Note(
        code="stock-below-floor",
        en=f"At {raised} of {count} holdings less was counted than a day takes: a day's flow is assumed to lie there.",
        zh=f"{count} 处持有中有 {raised} 处盘点量不足一日流量：假定留有一日流量。",
    )  # fmt: skip


def idle(count: int) -> Note:
    return Note(
        code="stock-without-flow", en=f"At {count} holdings goods lie that did not move in the base window.",
        zh=f"有 {count} 处持有的货物在基准期内没有流动。",
    )  # fmt: skip
