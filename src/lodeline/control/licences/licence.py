"""Whether a licence covers what a line needs: item, element, product, mass, exporter, end user, destination, days.

Each point is looked at by itself, so that a line hears of everything that is missing at once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import polars as pl

from lodeline.control.case import Case, Licence, Need, Rule
from lodeline.control.declaration import Line
from lodeline.control.goods.goods import MAGNETS
from lodeline.control.military import resold_to
from lodeline.control.reason import Reason, reason
from lodeline.control.record import plain
from lodeline.ledger.licence import countries_of, elements_mg
from lodeline.material.mass import format_kg, share_mg
from lodeline.material.product import product_kind
from lodeline.regulation.content import ANY_RARE_EARTH

_INDIVIDUAL = "individual"


def read_licences(licences: pl.DataFrame) -> dict[str, Licence]:
    """Licences by id, from the columns of `ledger.register.TABLES["licences"]` and, where given, `used_mg` (Int64).

    Where use is known, `elements` are what is left of each, and `standing` is where the licence stands.
    """
    return {
        row["id"]: Licence(
            id=row["id"],
            kind=row["kind"] or "",
            exporter=row["exporter"],
            end_users=tuple(row["end_users"] or ()),
            control_items=tuple(row["control_items"] or ()),
            products=tuple(row["products"] or ()),
            mass_mg=row["mass_mg"],
            used_mg=row.get("used_mg") or 0,
            elements_mg=elements_mg(row["elements"] or ""),
            destination=row["destination"],
            end_use=row["end_use"],
            valid_from=row["valid_from"],
            valid_to=row["valid_to"],
            is_suspended=row.get("standing") == "suspended",
            papers=frozenset(row.get("papers") or ()),
        )
        for row in licences.iter_rows(named=True)
    }


def add_needs(needed: dict[tuple[str, str], int | None], line: Line, needs: tuple[Need, ...]) -> None:
    """Adds what a line needs to what all lines together need: (licence, "") → mg of goods, (licence, element) → mg.

    None where a line states no mass, or no share of the element.
    """
    if not line["licence"] or not needs:
        return
    mass_mg: int | None = line["mass_kg"]
    shares = _largest(needs)
    wanted = {element: None if mass_mg is None or share is None else share_mg(mass_mg, share)
              for element, share in shares.items()}  # fmt: skip
    for name, more_mg in {"": mass_mg, **wanted}.items():
        before = needed.get((line["licence"], name), 0)
        needed[line["licence"], name] = None if before is None or more_mg is None else before + more_mg


def _largest(needs: Iterable[Need]) -> dict[str, int | None]:
    """Element → the largest share that any item needs of it; None where one does not state it."""
    found: dict[str, int | None] = {}
    for need in needs:
        before = found.get(need.item.element, 0)
        found[need.item.element] = None if before is None or need.share_ppb is None else max(before, need.share_ppb)
    return found


def draws_of(line: Line, needs: Sequence[Need]) -> dict[str, int]:
    """What a line draws on the licence that it names: "" → mg of goods, element → mg, as far as it states them."""
    mass_mg: int | None = line["mass_kg"]
    if not needs or not line["licence"] or mass_mg is None:
        return {}
    shares = {element: share for element, share in _largest(needs).items() if share is not None}
    return {"": mass_mg} | {element: share_mg(mass_mg, share) for element, share in shares.items()}


def covers(case: Case) -> bool:
    """Whether the licence that the line names meets every need of it."""
    if case.licence is None or not case.needs or any(need.item.barred for need in case.needs):
        return False
    return not any(True for _ in _gaps(case, case.needs))


def coverage(case: Case) -> Iterator[Reason]:
    """What is a control item leaves with a licence that covers it, whatever the form says of control; what is barred
    does not leave."""
    named = case.line["licence"]
    needs = [need for need in case.needs if not need.is_trace]
    law = [case.rules.cite(need.item) for need in case.needs]
    if not case.needs:
        if named and case.rules.items:
            yield reason("licence.not-needed", licence=named)
    elif barred := [need.item for need in case.needs if need.item.barred]:
        yield reason(
            "item.barred", law=[case.rules.cite(item) for item in barred],
            items=", ".join(dict.fromkeys(item.item for item in barred)), goods=case.goods.label["en"],
            goods_zh=case.goods.label["zh"],
        )  # fmt: skip
    elif covers(case):
        yield reason("licence.covers", law=law, licence=named, items=", ".join(_items(case.needs)))
    elif not needs:
        return  # traces alone: what is asked about them is said by their own rule
    elif not named:
        yield from _without_licence(case, needs)
    elif not case.licences:
        yield reason("licence.not-verified", law=law, licence=named)
    elif case.licence is None:
        yield reason("licence.unknown", law=law, licence=named)
    else:
        yield from _gaps(case, needs)


def _without_licence(case: Case, needs: Sequence[Need]) -> Iterator[Reason]:
    goods = case.goods.label
    for need in needs:
        if need.models:
            yield reason(
                "models.no-licence", law=[case.rules.cite(need.item)], models=", ".join(need.models),
                item=need.item.item, element=need.item.element,
            )  # fmt: skip
            continue
        yield reason(
            "item.no-licence",
            fields=(*need.fields, "licence", "controlled_declared"),
            law=[case.rules.cite(need.item)],
            item=need.item.item,
            element=need.item.element,
            goods=goods["en"],
            goods_zh=goods["zh"],
        )


def _gaps(case: Case, needs: Sequence[Need]) -> Iterator[Reason]:
    """Everything in which the named licence falls short of the needs."""
    licence = case.licence
    assert licence is not None, "coverage is asked of a licence that the register has"
    law = [case.rules.cite(need.item) for need in needs]
    for check in _CHECKS:
        for one in check(case, licence, needs):
            yield reason(one.code, fields=one.fields, law=law, licence=licence.id, **one.facts)


def _days(case: Case, licence: Licence, needs: Sequence[Need]) -> Iterator[Reason]:
    """A licence covers its days, both included."""
    del needs
    day = case.rules.day
    if (licence.valid_from and day < licence.valid_from) or (licence.valid_to and day > licence.valid_to):
        yield reason(
            "licence.dates", valid_from=licence.valid_from or "…", valid_to=licence.valid_to or "…", day=day
        )  # fmt: skip
    if licence.is_suspended:
        yield reason("licence.suspended", day=day)


def _control_items(case: Case, licence: Licence, needs: Sequence[Need]) -> Iterator[Reason]:
    """A licence for 1C905 covers 1C905.a.4, and one for 1C905.a.4 nothing else."""
    del case
    if not licence.control_items:
        yield reason("licence.record-incomplete", what="control items", what_zh="管制编码")
    for item in _items(needs):
        if licence.control_items and not any(
            item == one or item.startswith(one + ".") for one in licence.control_items
        ):
            yield reason("licence.other-item", item=item, licensed=", ".join(licence.control_items))


def _elements(case: Case, licence: Licence, needs: Sequence[Need]) -> Iterator[Reason]:
    """Where a licence names elements, it covers these and no more of each than it says."""
    named = (need.item.element for need in needs if need.item.element != ANY_RARE_EARTH)
    for element in dict.fromkeys(named) if licence.elements_mg else ():
        allowed = licence.elements_mg.get(element)
        needed = case.needed_mg.get((licence.id, element))
        if allowed is None:
            yield reason("licence.other-element", element=element, licensed=", ".join(licence.elements_mg))
        elif needed is None:
            yield _unstated("mass_kg", "composition")
        elif needed > allowed:
            yield reason(
                "licence.element-mass", element=element, needed_kg=format_kg(needed), left_kg=format_kg(allowed)
            )


def _products(case: Case, licence: Licence, needs: Sequence[Need]) -> Iterator[Reason]:
    """Where a licence names products, the goods are one of them."""
    del needs
    goods, product = case.goods, case.line["product"]
    if not licence.products:
        return
    products = {product, product_kind(product)} if product else set(goods.forms)
    licensed = set(licence.products) if product else {product_kind(one) for one in licence.products}
    if "magnet" in products:
        products |= set(MAGNETS)
    if not products & licensed:
        yield reason(
            "licence.other-product", licensed=", ".join(licence.products), goods=product or goods.label["en"],
            goods_zh=product or goods.label["zh"],
        )  # fmt: skip


def _mass(case: Case, licence: Licence, needs: Sequence[Need]) -> Iterator[Reason]:
    """All lines that name a licence share what is left of it."""
    del needs
    needed = case.needed_mg.get((licence.id, ""))
    if licence.kind == _INDIVIDUAL and licence.used_mg:
        yield reason("licence.used-once")
    if licence.mass_mg is None:
        yield reason("licence.record-incomplete", what="mass", what_zh="数量")
    elif needed is None:
        yield _unstated("mass_kg")
    elif needed > licence.mass_mg - licence.used_mg:
        left = max(0, licence.mass_mg - licence.used_mg)
        yield reason("licence.mass", needed_kg=format_kg(needed), left_kg=format_kg(left))


def _exporter(case: Case, licence: Licence, needs: Sequence[Need]) -> Iterator[Reason]:
    """A licence is its exporter's."""
    del needs
    stated = case.line["exporter"]
    if licence.exporter and not stated:
        yield _unstated("exporter")
    elif licence.exporter and stated != licence.exporter:
        yield reason("licence.exporter", licensed=licence.exporter, stated=stated)


def _end_user(case: Case, licence: Licence, needs: Sequence[Need]) -> Iterator[Reason]:
    """Another end user needs another application; a name in another script is the same one, a daughter is not."""
    del needs
    stated = case.line["end_user_name"]
    if licence.end_users and not stated:
        yield _unstated("end_user_name")
    elif licence.end_users and plain(stated) not in map(plain, licence.end_users):
        if case.screened is not None and case.screened.is_one(stated, licence.end_users, day=case.rules.day):
            return
        yield reason("licence.end-user", licensed=", ".join(licence.end_users), stated=stated)


def _destination(case: Case, licence: Licence, needs: Sequence[Need]) -> Iterator[Reason]:
    """Another destination needs another application; so does a country to which a stated use sells the goods on."""
    del needs
    stated, countries = case.line["destination"], countries_of(licence.destination)
    if not countries:
        return
    licensed = ", ".join(countries)
    sold_on = resold_to(case.line["end_use"] or "", case.rules.end_words)
    if further := sorted(sold_on - {*countries, case.rules.law.country}):
        yield reason("licence.destination", fields=("end_use",), licensed=licensed, stated=", ".join(further))
    if not stated:
        yield _unstated("destination")
    elif stated not in countries:
        yield reason("licence.destination", licensed=licensed, stated=stated)


def _end_use(case: Case, licence: Licence, needs: Sequence[Need]) -> Iterator[Reason]:
    """Another end use needs another application; words that differ may still mean one use."""
    del needs
    stated = case.line["end_use"]
    if licence.end_use and stated and not _is_use(stated, licence.end_use):
        code = "licence.end-use" if _may_mean(stated, licence.end_use) else "licence.other-end-use"
        yield reason(code, stated=stated, licensed=licence.end_use)


def _is_use(stated: str, licensed: str) -> bool:
    """Whether a use is the licensed one, word for word, where either may be given in two languages."""
    one, other = ({plain(text), *map(plain, re.split(r"[/|;；(（)）\n]", text))} - {""} for text in (stated, licensed))
    return not one.isdisjoint(other)


def _may_mean(stated: str, licensed: str) -> bool:
    """Whether two uses may be one: they share a word, or are in scripts or languages that are not compared."""
    one, other = _content(stated), _content(licensed)
    return not one or not other or not one.isdisjoint(other) or _is_latin(stated) != _is_latin(licensed)


def _content(text: str) -> frozenset[str]:
    """The words of a use that say something, by their first five letters; of hanzi every two that follow each other."""
    words = re.findall(r"[^\W\d_\u3400-\u9fff]{4,}", text.casefold())
    hanzi = re.findall(r"(?=([\u3400-\u9fff]{2}))", text)
    return frozenset(word[:5] for word in words if word[:5] not in _EMPTY) | frozenset(hanzi)


def _is_latin(text: str) -> bool:
    return text.isascii()


#: Words that stand in many uses and tell none from another.
_EMPTY: Final = frozenset({"with", "from", "used", "parts", "other", "indus", "produ", "manuf", "magne", "perma"})


_CHECKS = (_days, _control_items, _elements, _products, _mass, _exporter, _end_user, _destination, _end_use)
RULES: tuple[Rule, ...] = (coverage,)


def _unstated(*columns: str) -> Reason:
    return reason("licence.detail-missing", fields=(*columns, "licence"), columns=", ".join(columns))


def _items(needs: Iterable[Need]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(need.item.item for need in needs))
