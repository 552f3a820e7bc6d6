"""Where it goes, and who stands between, by program."""

from __future__ import annotations

from typing import Any, Final, Literal

from django.http import HttpRequest
from ninja import Router
from ninja.params.functions import Query

from lodeline.errors import UserError
from lodeline.language import Text, text
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


def _only(words: Text) -> Any:
    return Query(None, max_length=200, **spec.parameter(words))


ELEMENT: Final = Query("Nd", max_length=8, **spec.text("Element, or TREO."))
PERIOD: Final = Query(
    None, max_length=20,
    **spec.text("Months: 2025, 2025-Q2, 2025-05 or 2025-03..2025-08; without it all."),
)  # fmt: skip
BY: Final = Query("country", **spec.text("What it is told apart by."))
WAY: Final = Query(
    "abroad",
    **spec.text("Abroad, to end customers at home, from firm to firm at home, or to names that nobody has settled."),
)
COUNTRY: Final = _only(text("Only to this country."))
CUSTOMER: Final = _only(text("Only to this customer, by id or as filed."))
PRODUCT: Final = _only(text("Only this product, or kind of product."))
GRADE: Final = _only(text("Only this model."))
USE: Final = _only(text("Only for this end use."))
LICENCE: Final = _only(text("Only under this licence."))
FIRM: Final = _only(text("Only sent by this organisation."))


@router.get(
    "/where", response=WhereTo, url_name="where", tags=["nation"],
    **spec.operation(
        text("Where an element went, and how much in the period before"), scope="nation:read",
        problems=(404,),
        more=text("The largest first, in the shape of `lodeline where --json`. `exact_kg` stands on a "
"measurement or certificate of the lot, `booked_kg` on a recipe; `open_goods_kg` is "
"goods without a composition, which add nothing. `-` in the place of a value asks for "
"rows that state none."),
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
        raise ApiProblem("request-malformed", error.words) from error
    return {"stamp": now.snapshot.stamp, "pack": now.law.digest, **found}


#: What a row of traders says in kilograms, and what as it is.
_MASSES: Final = ("in", "out", "passed", "priced", "abroad", "home")
_PLAIN: Final = ("organisation", "is_trader", "share", "days", "dealings", "markup", "currency", "other_currencies",
                 "changed", "supplier", "suppliers", "customer", "customers")  # fmt: skip


@router.get(
    "/traders", response=Traders, url_name="traders", tags=["nation"],
    **spec.operation(
        text("Who sells on what it bought, how fast and at which mark-up"),
        scope="nation:read", problems=(404,),
        more=text("Those that passed on most come first. `share` is of `in_kg`, `days` a median; `markup` "
"is null where no price in and out is known in one currency."),
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
        raise ApiProblem("request-malformed", text("{period!r} is no span of months.", period=period)) from error
    rows = now.answer(trading.traders, now.snapshot, now.law, first=span.first, last=span.last, element=element)
    return {
        "stamp": now.snapshot.stamp, "pack": now.law.digest, "element": element, "period": period or "",
        "rows": [
            {**{name: row[name] for name in _PLAIN}, **{f"{one}_kg": format_kg(row[f"{one}_mg"]) for one in _MASSES}}
            for row in rows.iter_rows(named=True)
        ],
    }  # fmt: skip
