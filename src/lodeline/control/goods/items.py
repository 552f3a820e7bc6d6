"""Which control items the goods meet: element × form, as the list of the day has them and no further.

An element in a form that is not listed is a question and never a hold; the band of trade practice is looked at first.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from lodeline.control.case import Case, Need, Rule
from lodeline.control.declaration import Line
from lodeline.control.goods.claim import OTHER_KINDS
from lodeline.control.goods.goods import MAGNETS, WORKED, Goods
from lodeline.control.goods.substance import is_in_host, is_of_iron
from lodeline.control.licences.licence import covers
from lodeline.control.limits import is_of_form, is_reached, is_worded
from lodeline.control.reason import Reason, reason
from lodeline.control.rulebook import Rulebook, to_ppb
from lodeline.material.element import CHEMICAL_NAMES, RARE_EARTHS, TREO
from lodeline.material.mass import PPB_PER_PERCENT
from lodeline.regulation.content import ANY_RARE_EARTH, RAW_FORMS
from lodeline.regulation.control_list import ControlItem

#: Of these no share is too small: magnets by the law's silence, raw material because it holds little of what it is for.
_WITHOUT_IMPURITY = frozenset({*MAGNETS, *RAW_FORMS})


def needs_of(line: Line, goods: Goods, rules: Rulebook) -> tuple[Need, ...]:
    """The control items in force that the goods meet, one for each element and form."""
    possible = () if goods.is_assembly else _possible(goods, rules.items_by_element)
    needs = [need for item in possible for need in _met(item, goods, rules)]
    stated = _stated_items(line)
    needs += [
        Need(item=item, share_ppb=goods.shares.get(item.element), is_trace=False, fields=("control_item",))
        for item in (rules.items if stated else ())
        if item.item in stated and not any(need.item.item == item.item for need in needs)
    ]
    needs += [
        Need(item=item, share_ppb=None, is_trace=False, fields=("product_name",))
        for item in rules.worded_items
        if is_worded(item, line) and is_reached(item, goods, rules) and not any(need.item is item for need in needs)
    ]
    return tuple(needs)


def unknown_items_of(goods: Goods, rules: Rulebook) -> tuple[ControlItem, ...]:
    """The items that the goods would meet and whose state on the day no text tells."""
    if not rules.unknown_items:
        return ()
    return tuple(_met_by(goods, rules, rules.unknown_by_element))


def worked_items_of(goods: Goods, rules: Rulebook) -> tuple[ControlItem, ...]:
    """The items in force that name goods in which rare earths stand in a host: crystals, phosphors, ceramics."""
    return tuple(item for item in _met_by(goods, rules, rules.items_by_element) if item.form in WORKED)


def _met_by(goods: Goods, rules: Rulebook, items: Mapping[str, tuple[ControlItem, ...]]) -> Iterator[ControlItem]:
    """The items that the goods meet; of deeply processed goods those alone that name them as such."""
    for item in _possible(goods, items):
        if (not goods.is_assembly or item.form in WORKED) and next(_met(item, goods, rules), None):
            yield item


def _possible(goods: Goods, items: Mapping[str, tuple[ControlItem, ...]]) -> Iterator[ControlItem]:
    """The items of elements that anything about the goods tells; no other can be met."""
    elements = {*goods.named, *(element for element in items if goods.shares.get(element))}
    if "magnet-smco" in goods.forms:
        elements.add("Sm")
    if goods.tariff:
        elements.update(goods.tariff.elements)
    if goods.rare:
        elements.add(ANY_RARE_EARTH)
    return (item for element, own in items.items() if element in elements for item in own)


def _stated_items(line: Line) -> tuple[str, ...]:
    if not line["control_item"]:
        return ()
    text = str(line["control_item"]).replace("；", ";").replace("|", ";")
    return tuple(part.strip() for part in text.split(";") if part.strip())


def _met(item: ControlItem, goods: Goods, rules: Rulebook) -> Iterator[Need]:
    """The item, if the goods are of its form and hold its element, or are said to."""
    if not is_of_form(item.form, goods) or not is_reached(item, goods, rules):
        return
    if item.element == ANY_RARE_EARTH:
        yield from _met_by_any(item, goods)
        return
    share = goods.shares.get(item.element)
    column = goods.named.get(item.element) or _column_of_kind(item, goods)
    if share:
        if _is_impurity(item, share, goods, rules) or _is_other_alloy(item, goods) or _is_of_host(item, goods, rules):
            return
        yield Need(item=item, share_ppb=share, is_trace=_is_trace(item, goods, rules), fields=goods.share_fields)
    elif column is not None:
        yield Need(item=item, share_ppb=None, is_trace=False, fields=(column,))


def _met_by_any(item: ControlItem, goods: Goods) -> Iterator[Need]:
    """Goods of a form that a list names of any rare earth: rare earths are in them, told apart or not."""
    if goods.is_other:
        return
    share = sum(goods.shares.get(symbol, 0) for symbol in RARE_EARTHS) or goods.shares.get(TREO) or None
    columns = tuple(column for column, forms in goods.stated.items() if item.form in forms)
    yield Need(item=item, share_ppb=share, is_trace=False, fields=columns)


def _column_of_kind(item: ControlItem, goods: Goods) -> str | None:
    """The column that tells the element without naming it: a samarium-cobalt magnet, a code for several elements."""
    if item.form == "magnet-smco" and item.element == "Sm" and "magnet-smco" in goods.forms:
        return next(column for column, forms in goods.stated.items() if "magnet-smco" in forms)
    tariff = goods.tariff
    if tariff and len(tariff.elements) > 1 and item.element in tariff.elements and item.form in tariff.forms:
        return None if goods.is_composition_stated else "hs_code"
    return None


def _is_impurity(item: ControlItem, share_ppb: int, goods: Goods, rules: Rulebook) -> bool:
    """In metal, alloy, oxide and compound a share below the desk's bound, of an element that nothing names.

    Ore and waste hold little of what they are worked for: there no share is too small.
    """
    bounds = rules.parameter("desk-bounds")
    if bounds is not None and item.form in MAGNETS and _is_found_to_be_none(item, goods, rules):
        return True
    if item.form in _WITHOUT_IMPURITY or bounds is None or item.element in goods.named:
        return _is_other_kind(item, share_ppb, goods, rules)
    # An alloy that the list names by two metals is one of that name only with so much of the listed one.
    is_named = item.form == "alloy" and item.named
    return share_ppb < to_ppb(bounds["substance"]["listed_alloy_pct"] if is_named else bounds["impurity_pct"])


def _is_found_to_be_none(item: ControlItem, goods: Goods, rules: Rulebook) -> bool:
    """Whether a laboratory found so little of the elements of the band that their metal brings it along."""
    band, least = rules.parameter("trace-band"), rules.parameter("desk-bounds")["found_pct"]
    if band is None or item.element not in band["elements"] or item.element not in goods.found:
        return False
    return sum(goods.found.get(element, 0) for element in band["elements"]) < to_ppb(least)


def _is_other_kind(item: ControlItem, share_ppb: int, goods: Goods, rules: Rulebook) -> bool:
    """Samarium in a magnet whose composition tells NdFeB, or iron, makes no samarium-cobalt magnet."""
    if item.form != "magnet-smco" or "magnet-smco" in goods.forms:
        return False
    is_trace = share_ppb < goods.shares.get("Nd", 0) and item.element not in goods.named
    return is_trace or is_of_iron(goods.shares, rules)


def _is_other_alloy(item: ControlItem, goods: Goods) -> bool:
    """An alloy or target of which the list names the partners, and other partners outweigh every such pair."""
    if item.form not in ("alloy", "target") or not item.named:
        return False
    held = {symbol for symbol, share in goods.shares.items() if share} | set(goods.named)
    partners = {symbol: share for symbol, share in goods.shares.items() if symbol not in RARE_EARTHS}
    for pair in (set(named.split("-")) for named in item.named):
        others = sum(share for symbol, share in partners.items() if symbol not in pair)
        if pair <= held and sum(goods.shares.get(symbol, 0) for symbol in pair) >= others:
            return False
    return True


def _is_of_host(item: ControlItem, goods: Goods, rules: Rulebook) -> bool:
    """Oxide or compound by name alone, mostly of other elements: whether it is the list's mixture is asked."""
    is_rare_code = goods.tariff is not None and goods.tariff.rare
    return item.form in ("oxide", "compound") and not is_rare_code and is_in_host(goods.shares, rules)


def _is_trace(item: ControlItem, goods: Goods, rules: Rulebook) -> bool:
    band = rules.parameter("trace-band")
    if band is None or item.form not in MAGNETS or item.element not in band["elements"]:
        return False
    together = sum(goods.shares.get(element, 0) for element in band["elements"])
    return bool(together <= band["share_ppb"])


# Rules on items.


def deeply_processed(case: Case) -> Iterator[Reason]:
    """Goods processed beyond a magnet are in general not controlled, where nothing speaks against their being that."""
    goods, rules = case.goods, case.rules
    if goods.claim is None:
        return
    shown = goods.tariff.label if goods.tariff else goods.label
    for doubt in goods.claim.doubts:
        usual = {"goods": shown["en"], "goods_zh": shown["zh"]}
        yield reason(
            doubt.code, fields=doubt.columns, law=rules.cited("deeply-processed"), **(usual | dict(doubt.facts))
        )
    if goods.is_assembly and not goods.claim.doubts:
        listed = worked_items_of(goods, rules)
        if listed:
            yield reason(
                "item.worked-form", law=[rules.cite(item) for item in listed],
                items=", ".join(dict.fromkeys(item.item for item in listed)), goods=goods.label["en"],
                goods_zh=goods.label["zh"],
            )  # fmt: skip
        elif unknown_items_of(goods, rules):
            return
        elif OTHER_KINDS.issuperset(goods.claim.kinds):
            yield reason("goods.worked-form", goods=goods.label["en"], goods_zh=goods.label["zh"])
        else:
            yield reason("goods.deeply-processed", law=rules.cited("deeply-processed"))


def trace_band(case: Case) -> Iterator[Reason]:
    """Traces within the band of trade practice are asked about and not held, unless a licence covers them."""
    traces = [need for need in case.needs if need.is_trace]
    if not traces or covers(case):
        return
    band = case.rules.parameter("trace-band")
    # Of several models, the one with the most.
    together = max(
        sum(goods.shares.get(element, 0) for element in band["elements"])
        for goods in (case.goods, *(one.goods for one in case.models if any(need.is_trace for need in one.needs)))
    )
    yield reason(
        "band.trace",
        law=(*case.rules.cited("trace-band"), *(case.rules.cite(need.item) for need in traces)),
        elements=" + ".join(dict.fromkeys(need.item.element for need in traces)),
        share_pct=percent(together),
        band_pct=percent(band["share_ppb"]),
    )


def form_not_listed(case: Case) -> Iterator[Reason]:
    """A listed element in a form that is not listed, beside partners that are not, or as an impurity, is a question.

    Not of one that is listed as raw material alone: what was made of that is what such a law lets leave. Nor of an
    element beyond the rare earths that is stated and nothing names: steel and magnets hold many.
    """
    goods = case.goods
    if goods.is_assembly:
        return
    met = {need.item.element for need in case.needs}
    listed, bounds = case.rules.items_by_element, case.rules.parameter("desk-bounds")
    least = to_ppb(bounds["found_pct"]) if bounds else 0
    others: list[str] = []
    for element, items in listed.items():
        share = goods.shares.get(element)
        if element in met or not (share or element in goods.named) or _is_let_leave(element, case, met):
            continue
        if share and element not in goods.named and share < least:
            continue  # what other metals and their oxides bring along, a few parts in a million
        if share and any(is_of_form(item.form, goods) and item.form not in MAGNETS for item in items):
            law = [case.rules.cite(item) for item in items]
            more = (
                one for one in items if is_of_form(one.form, goods) and not _is_impurity(one, share, goods, case.rules)
            )
            code = "item.other-partner" if any(_is_other_alloy(one, goods) for one in more) else "item.impurity"
            yield reason(code, law=law, element=element, share_pct=percent(share))
        else:
            others.append(element)
    if others:
        yield reason(
            "item.form-not-listed",
            law=[case.rules.cite(listed[element][0]) for element in others],
            elements=", ".join(others),
            goods=goods.label["en"],
            goods_zh=goods.label["zh"],
        )


def _is_let_leave(element: str, case: Case, met: set[str]) -> bool:
    """Whether the list's silence on these goods is an answer: see `form_not_listed`."""
    rules, goods = case.rules, case.goods
    of_form = [item for item in rules.items_by_element[element] if is_of_form(item.form, goods)]
    if of_form and not any(is_reached(item, goods, rules) for item in of_form):
        return True
    if element in rules.raw_elements and goods.forms.isdisjoint(RAW_FORMS):
        return True
    return ANY_RARE_EARTH in met or (element in rules.other_elements and element not in goods.named)


def state_unknown(case: Case) -> Iterator[Reason]:
    """An item whose state on the day no text tells is a question where the goods would meet it, one for each list."""
    met = unknown_items_of(case.goods, case.rules)
    for rule in dict.fromkeys(item.rule for item in met):
        own = [item for item in met if item.rule == rule]
        yield reason(
            "item.state-unknown",
            fields=("on", "composition"),
            law=[case.rules.cite(item) for item in own],
            rests_on=(rule,),
            items=", ".join(dict.fromkeys(item.item for item in own)),
            day=case.rules.day.isoformat(),
        )


def declared_as_controlled(case: Case) -> Iterator[Reason]:
    """The exporter's own word: a control item that is none on the day, or goods called controlled without a reason."""
    if not case.rules.items:
        return
    stated_items = _stated_items(case.line)
    known = {item.item for item in (*case.rules.items, *case.rules.unknown_items)} if stated_items else ()
    for stated in stated_items:
        if stated not in known and not any(number.startswith(stated + ".") for number in known):
            yield reason("item.number-unknown", declared=stated, day=case.rules.day.isoformat())
    if case.line["controlled_declared"] and not case.needs:
        declared = case.line["control_item"] or "–"
        if not case.line["licence"]:
            yield reason("declared.no-licence", declared=declared, law=case.rules.cited("declaration-remark"))
        yield reason("item.declared-unexplained", declared=declared)


def none_met(case: Case) -> Iterator[Reason]:
    """What a release rests on: goods of a listed form, and which listed elements their composition does not state."""
    goods = case.goods
    if not case.rules.has_list:
        if goods.rare or goods.is_magnet:
            law = case.rules.law.label
            yield reason("item.list-not-held", law_name=law["en"], law_name_zh=law["zh"])
        return
    if not case.rules.items:
        yield reason("item.no-list", day=case.rules.day.isoformat())
        return
    if case.needs or goods.is_assembly or not (goods.rare or goods.is_magnet) or not case.line.is_read:
        return
    silent = sorted(_listed(case.rules, goods).difference(goods.shares), key=_ORDER.__getitem__)
    yield reason("item.none", elements=", ".join(silent) or "–")


def _listed(rules: Rulebook, goods: Goods) -> frozenset[str]:
    """The elements that items in force list in the form of the goods; many goods are of like forms."""
    found = rules.listed_in.get(goods.forms)
    if found is None:
        own = (item.element for item in rules.items if is_of_form(item.form, goods))
        found = rules.listed_in[goods.forms] = frozenset(_ORDER).intersection(own)
    return found


_ORDER: Final = {element: place for place, element in enumerate(CHEMICAL_NAMES)}


def percent(share_ppb: int) -> str:
    """A share as a person reads it: 3600000 → "0.36"."""
    text = f"{share_ppb / PPB_PER_PERCENT:.6f}".rstrip("0").rstrip(".")
    return text or "0"


RULES: tuple[Rule, ...] = (
    deeply_processed, trace_band, form_not_listed, state_unknown, declared_as_controlled, none_met,
)  # fmt: skip
