"""The verdict element by element: what the list of the day makes of each rare earth in these goods."""

from __future__ import annotations

from typing import Any, Literal

from lodeline.control.case import Case
from lodeline.control.goods.goods import MAGNETS
from lodeline.control.goods.items import percent, unknown_items_of
from lodeline.control.licences.licence import covers
from lodeline.control.limits import is_of_form
from lodeline.material.element import RARE_EARTHS
from lodeline.regulation.content import ANY_RARE_EARTH

#: `licensed` and `controlled`: an item is met, with and without a licence that covers it. `trace`: within the band of
#: trade practice. `unknown`: an item whose state on the day no text tells. `impurity`, `other-form`: listed, and not
#: met. `not-listed`: in no form. `outside`: goods that are in general not controlled.
ElementStatus = Literal["licensed", "controlled", "trace", "unknown", "impurity", "other-form", "not-listed", "outside"]


def elements_of(case: Case) -> list[dict[str, Any]]:
    """`element`, `share_pct` (None: named and not stated), `standing`, `items`, in the order of the elements."""
    goods = case.goods
    own_needs = {need.item.element: need for need in sorted(case.needs, key=lambda one: not one.is_trace)}
    listable = (*RARE_EARTHS, *sorted(case.rules.other_elements))
    present = [one for one in listable if goods.shares.get(one) or one in goods.named or one in own_needs]
    # What a list names of rare earths as a whole it names of each.
    needs = dict.fromkeys(present, own_needs[ANY_RARE_EARTH]) if ANY_RARE_EARTH in own_needs else {}
    needs |= own_needs
    if not present:
        return []
    listed = case.rules.items_by_element
    unknown = {item.element: item.item for item in unknown_items_of(goods, case.rules)}
    is_licensed = covers(case)
    found = []
    for element in present:
        share = goods.shares.get(element) or (own_needs[element].share_ppb if element in own_needs else None)
        standing: ElementStatus
        items: list[str] = []
        if element in needs:
            own = [need for need in case.needs if need.item.element in (element, ANY_RARE_EARTH)]
            items = list(dict.fromkeys(need.item.item for need in own))
            is_trace = all(need.is_trace for need in own)
            standing = "licensed" if is_licensed else "trace" if is_trace else "controlled"
        elif goods.is_assembly:
            standing = "outside"
        elif element in unknown:
            standing, items = "unknown", [unknown[element]]
        elif element not in listed:
            standing = "not-listed"
        else:
            in_form = any(
                item.element == element and item.form not in MAGNETS and is_of_form(item.form, goods)
                for item in case.rules.items
            )
            standing = "impurity" if in_form else "other-form"
        found.append(
            {
                "element": element, "share_pct": None if share is None else percent(share), "standing": standing,
                "items": items,
            }
        )  # fmt: skip
    return found
