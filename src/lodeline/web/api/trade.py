"""Where it goes, and who stands between, by program."""

from __future__ import annotations

from typing import Any, Final, Literal

from django.http import HttpRequest
from ninja import Router
from ninja.params.functions import Query

from lodeline.errors import UserError
from lodeline.material.mass import format_kg
from lodeline.regulation.span import Span
from lodeline.service.entries.subject import UnknownSubject
from lodeline.service.trade import traders as trading
from lodeline.service.trade import where as trade
from lodeline.web.api import spec
from lodeline.web.api.problems import ApiProblem
from lodeline.web.api.shapes.trade import Traders, WhereTo
from lodeline.web.api.who import as_of, reading, reads_nation

router = Router()
By = Literal["country", "customer", "product", "grade", "use", "licence", "firm"]
Way = Literal["abroad", "sale", "delivery", "unknown"]


def _only(en: str, zh: str) -> Any:
    return Query(None, max_length=200, **spec.text(en, zh))


ELEMENT: Final = Query("Nd", max_length=8, **spec.text("Element, or TREO.", "元素，或 TREO。"))
PERIOD: Final = Query(
    None, max_length=20,
    **spec.text(
        "Months: 2025, 2025-Q2, 2025-05 or 2025-03..2025-08; without it all.",
        "月份：2025、2025-Q2、2025-05 或 2025-03..2025-08；省略则为全部。",
    ),
)  # fmt: skip
BY: Final = Query("country", **spec.text("What it is told apart by.", "分列方式。"))
WAY: Final = Query(
    "abroad",
    **spec.text(
        "Abroad, to end customers at home, from firm to firm at home, or to names that nobody has settled.",
        "境外、国内最终客户、国内企业之间，或待归并名称。",
    ),
)
COUNTRY: Final = _only("Only to this country.", "仅此国家或地区。")
CUSTOMER: Final = _only("Only to this customer, by id or as filed.", "仅此客户（编号或申报名称）。")
PRODUCT: Final = _only("Only this product, or kind of product.", "仅此产品或产品类别。")
GRADE: Final = _only("Only this model.", "仅此牌号。")
USE: Final = _only("Only for this end use.", "仅此最终用途。")
LICENCE: Final = _only("Only under this licence.", "仅此许可证。")
FIRM: Final = _only("Only sent by this organisation.", "仅此企业发出。")


@router.get(
    "/where", response=WhereTo, url_name="where", tags=["nation"],
    **spec.operation(
        "Where an element went, and how much in the period before", "元素的流向及与上期的比较", scope="nation:read",
        problems=(404,),
        more=(
            "The largest first, in the shape of `lodeline where --json`. `exact_kg` stands on a measurement or"
            " certificate of the lot, `booked_kg` on a recipe; `open_goods_kg` is goods without a composition, which"
            " add nothing. `-` in the place of a value asks for rows that state none.",
            "由多到少排列，格式同 `lodeline where --json`。`exact_kg` 依据批次的实测或证书，`booked_kg` 依据配方；"
            "`open_goods_kg` 为无成分的货物，不计入质量。以 `-` 代替取值，即查询未申报该项的行。",
        ),
    ),
)  # fmt: skip
def list_where(
    request: HttpRequest, *, element: str = ELEMENT, period: str | None = PERIOD, by: By = BY, way: Way = WAY,
    country: str | None = COUNTRY, customer: str | None = CUSTOMER, product: str | None = PRODUCT,
    grade: str | None = GRADE, use: str | None = USE, licence: str | None = LICENCE, firm: str | None = FIRM,
) -> dict[str, Any]:  # fmt: skip
    """As of the last reading of the ledger."""
    reads_nation(request)
    now = reading()
    as_of(request, now.snapshot.entry, now.snapshot.root)
    goods = now.answer(trade.goods_sent, now.snapshot, now.law)
    values = {
        "country": country, "customer": customer, "product": product, "grade": grade, "use": use, "licence": licence,
        "firm": firm,
    }  # fmt: skip
    narrow = {name: value for name, value in values.items() if value is not None}
    try:
        found = trade.where(goods, element=element, period=period, by=by, way=way, narrow=narrow)
    except UnknownSubject:
        raise
    except UserError as error:
        raise ApiProblem("request-malformed", error.en, error.zh) from error
    return {"stamp": now.snapshot.stamp, "pack": now.law.digest, **found}


#: What a row of traders says in kilograms, and what as it is.
_MASSES: Final = ("in", "out", "passed", "priced", "abroad", "home")
_PLAIN: Final = ("organisation", "is_trader", "share", "days", "dealings", "markup", "currency", "other_currencies",
                 "changed", "supplier", "suppliers", "customer", "customers")  # fmt: skip


@router.get(
    "/traders", response=Traders, url_name="traders", tags=["nation"],
    **spec.operation(
        "Who sells on what it bought, how fast and at which mark-up", "转售所购货物的企业及其天数与加价",
        scope="nation:read", problems=(404,),
        more=(
            "Those that passed on most come first. `share` is of `in_kg`, `days` a median; `markup` is null where no"
            " price in and out is known in one currency.",
            "按转手质量由多到少排列。`share` 为占 `in_kg` 的比例，`days` 为中位数；购售价格不明或币种不同时"
            " `markup` 为 null。",
        ),
    ),
)  # fmt: skip
def list_traders(request: HttpRequest, *, element: str = ELEMENT, period: str | None = PERIOD) -> dict[str, Any]:
    """As of the last reading of the ledger."""
    reads_nation(request)
    now = reading()
    as_of(request, now.snapshot.entry, now.snapshot.root)
    try:
        span = Span("0001-01", "9999-12") if period is None else Span.read(period)
    except ValueError as error:
        raise ApiProblem(
            "request-malformed", f"{period!r} is no span of months.", f"{period!r} 不是月份区间。"
        ) from error
    rows = now.answer(trading.traders, now.snapshot, now.law, first=span.first, last=span.last, element=element)
    return {
        "stamp": now.snapshot.stamp, "pack": now.law.digest, "element": element, "period": period or "",
        "rows": [
            {**{name: row[name] for name in _PLAIN}, **{f"{one}_kg": format_kg(row[f"{one}_mg"]) for one in _MASSES}}
            for row in rows.iter_rows(named=True)
        ],
    }  # fmt: skip
