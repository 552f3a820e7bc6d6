"""What a row of a control list says beyond element and form: shares, what is free, another permit, words of its own.

A share that nobody states leaves open whether such a row reaches the goods, and the answer is a question.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

from lodeline.control.case import Case, Rule
from lodeline.control.declaration import Line
from lodeline.control.goods.goods import MAGNETS, Goods
from lodeline.control.goods.words import pattern_of
from lodeline.control.reason import Reason, reason
from lodeline.control.rulebook import Rulebook, to_ppb
from lodeline.material.element import OXIDE_PER_ELEMENT_PPB, RARE_EARTHS, TREO
from lodeline.material.mass import PPB
from lodeline.regulation.content import ANY_FORM, ANY_RARE_EARTH
from lodeline.regulation.control_list import ControlItem


def is_of_form(form: str, goods: Goods) -> bool:
    """A general magnet may be of either kind; "magnet" in the list is any permanent magnet, "any" whatever it is."""
    if form == "magnet":
        return bool(goods.forms & {*MAGNETS, "magnet-other"})
    return form == ANY_FORM or form in goods.forms or (form in MAGNETS and "magnet" in goods.forms)


def share_of(item: ControlItem, goods: Goods) -> int | None:
    """What of the goods the item speaks of, in parts per billion: its element, or of any rare earth all their oxides;
    None where nothing tells."""
    if item.element != ANY_RARE_EARTH:
        return goods.shares.get(item.element)
    if goods.shares.get(TREO):
        return goods.shares[TREO]
    several = {symbol: goods.shares[symbol] for symbol in RARE_EARTHS if goods.shares.get(symbol)}
    return sum(share * OXIDE_PER_ELEMENT_PPB[symbol] // PPB for symbol, share in several.items()) or None


def is_within(item: ControlItem, goods: Goods) -> bool | None:
    """Whether the share is one that the item reaches; None where the item has a bound and nothing tells the share."""
    if item.first_pct is None and item.end_pct is None:
        return True
    share = share_of(item, goods)
    if share is None:
        return None
    return to_ppb(item.first_pct or 0) <= share and (item.end_pct is None or share < to_ppb(item.end_pct))


def is_free(item: ControlItem, goods: Goods, rules: Rulebook) -> bool:
    """Whether the list of the item names the goods as free of it."""
    return any(
        is_of_form(one.form, goods)
        and (one.element == ANY_RARE_EARTH or bool(goods.shares.get(one.element) or one.element in goods.named))
        and is_within(one, goods)
        for one in rules.free_items
        if one.rule == item.rule
    )


def is_reached(item: ControlItem, goods: Goods, rules: Rulebook) -> bool:
    """Whether an item whose element and form the goods have reaches them by its shares, and does not let them go."""
    return bool(is_within(item, goods)) and not is_free(item, goods, rules)


def is_worded(item: ControlItem, line: Line) -> bool:
    """Whether the name of the goods has one of the item's own words, as the language of its country writes them."""
    pattern = _pattern(item.words)
    return pattern is not None and bool(pattern.search(_folded(str(line["product_name"] or ""))))


@lru_cache(maxsize=1_024)
def _pattern(words: tuple[str, ...]) -> re.Pattern[str] | None:
    return pattern_of("|".join(rf"\b{re.escape(_folded(one))}\b" for one in words)) if words else None


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


def share_not_stated(case: Case) -> Iterator[Reason]:
    """Goods that an item reaches from a share on, or up to one, where nothing tells the share."""
    goods, rules = case.goods, case.rules
    if goods.is_assembly or not goods.rare:
        return
    for item in (*rules.items, *rules.unknown_items):
        is_of_element = item.element == ANY_RARE_EARTH or item.element in goods.named
        is_open = is_of_element and is_of_form(item.form, goods) and is_within(item, goods) is None
        if is_open and not is_free(item, goods, rules):
            first, end = item.first_pct or 0, item.end_pct
            yield reason(
                "item.share-not-stated", law=[rules.cite(item)], items=item.item,
                share=f"{first} %" if end is None else f"{first}–{end} %",
            )  # fmt: skip


def other_permit(case: Case) -> Iterator[Reason]:
    """Goods of an item that need another permit besides the licence."""
    for need in case.needs:
        if need.item.permit and not need.item.barred:
            permit, own = need.item.permit, case.line["export_licence"]
            yield reason(
                "item.permit-named" if own else "item.permit-missing", law=[case.rules.cite(need.item)],
                items=need.item.item, permit=permit["en"], permit_zh=permit["zh"], licence=own or "–",
            )  # fmt: skip


RULES: tuple[Rule, ...] = (other_permit,)
