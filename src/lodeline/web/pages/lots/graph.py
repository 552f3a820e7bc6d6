"""The drawings of a lot: its relations, what it is made of, and the shares of its origins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from lodeline.flow.origins import UNACCOUNTED
from lodeline.language import text
from lodeline.material.element import RARE_EARTHS, TREO
from lodeline.material.mass import PPB
from lodeline.service.lots.lots import Relations
from lodeline.web.drawing.bars import Bar, Bars, Part, Stack, Stacks, draw_bars, draw_stacks
from lodeline.web.drawing.provenance import Lot, Provenance, Step, draw_provenance
from lodeline.web.drawing.svg import NARROW, Markup, wide_and_narrow
from lodeline.web.visit import Visit
from lodeline.web.words import format as written
from lodeline.web.words import lots as lot_words
from lodeline.web.words import words

#: Origins with a bar of their own; the others share one.
_ORIGINS_NAMED: Final = 8


def draw_relations(visit: Visit, found: Relations, *, element: str | None, forward: bool) -> Markup:
    """The lots picked out, the asked one at the right (`forward`: left); "" where it has no relations."""
    if len(found.picked) < 2 and not found.left_out:
        return Markup("")
    language = visit.language
    deepest = max([*(one.depth for one in found.picked), *found.left_out])

    def layer(depth: int) -> int:
        return depth if forward else deepest - depth

    rows = {one.place: found.table.row(one.place, named=True) for one in found.picked}
    names = words.organisation_names(visit.reading.snapshot.register, language)
    traced = element is not None
    lots = [
        Lot(
            key=str(one.place), layer=layer(one.depth), product=lot_words.product(rows[one.place]["product"], language),
            organisation=names.get(rows[one.place]["organisation"], rows[one.place]["organisation"] or ""),
            date=rows[one.place]["on"] or "",
            share_ppb=round(rows[one.place]["share"] * PPB) if traced else None,
            kind="recycled" if lot_words.is_recycled(rows[one.place]["product"]) else "flow",
            href=_address(visit, rows[one.place]) if one.place else None,
        )
        for one in found.picked
    ]  # fmt: skip
    for depth, count in found.left_out.items():
        share = sum(way.share for way in found.passages if way.far is None and way.depth == depth)
        text = visit.text("… {count} more", count=written.count(count))
        lots.append(
            Lot(
                key=f"more-{depth}", layer=layer(depth), product=text,
                share_ppb=round(share * PPB) if traced else None, kind="more",
            )
        )  # fmt: skip
    largest = max([0, *(way.mass_mg for way in found.passages)])
    return draw_provenance(
        Provenance(
            name=visit.text("Where it went", context="lots, graph")
            if forward
            else visit.text("Where it came from", context="lots, graph"),
            lots=tuple(lots),
            steps=tuple(_steps(visit, found, rows, traced=traced, forward=forward)),
            asked="0",
            unit=written.unit(largest, language),
            description=visit.text("The table below has every lot."),
        )
    )


def _address(visit: Visit, row: Mapping[str, Any]) -> str | None:
    """The page of a lot; about the element asked for, as long as it holds any."""
    query = {"element": visit.query("element") if row["share"] > 0 else None, "direction": visit.query("direction")}
    return visit.url("lot", lot=row["name"], query=query)


def _steps(
    visit: Visit, found: Relations, rows: Mapping[int, dict[str, Any]], *, traced: bool, forward: bool
) -> list[Step]:
    steps = []
    for way in found.passages:
        near, far = str(way.near), f"more-{way.depth}" if way.far is None else str(way.far)
        source = way.near if forward else way.far
        recycled = source is not None and lot_words.is_recycled(rows[source]["product"])
        steps.append(
            Step(
                source=near if forward else far, target=far if forward else near, event="", mass_mg=way.mass_mg,
                share_ppb=round(way.share * PPB) if traced else None, kind="recycled" if recycled else "flow",
                href=None if way.far is None else _address(visit, rows[way.far]),
            )
        )  # fmt: skip
    return steps


def draw_composition(visit: Visit, composition: Mapping[str, int], chosen: str | None) -> Markup:
    """What the lot is made of, and below it the rare earths alone; "" where nothing is stated."""
    stated = {symbol: ppb for symbol, ppb in composition.items() if symbol != TREO}
    if not stated:
        return Markup("")
    rare = {symbol: ppb for symbol, ppb in stated.items() if symbol in RARE_EARTHS}
    others = {symbol: ppb for symbol, ppb in stated.items() if symbol not in RARE_EARTHS}
    rest = PPB - sum(stated.values())
    parts = [_part(visit, visit.text("Rare earths"), sum(rare.values()), kind="flow")]
    parts += [
        _part(visit, words.element(symbol, visit.language).capitalize(), ppb, kind="rest")
        for symbol, ppb in others.items()
    ]
    parts.append(_part(visit, visit.text("Not stated", context="lots"), max(rest, 0), kind="quiet"))
    stacks = [Stack(label=visit.text("Of the dry mass"), parts=tuple(parts))]
    if len(rare) > 1:
        whole = sum(rare.values())
        of_rare = [
            _part(
                visit,
                symbol,
                ppb * PPB // whole,
                kind="flow" if symbol == chosen else "quiet",
                href=None if symbol == chosen else visit.here(element=symbol),
            )
            for symbol, ppb in sorted(rare.items(), key=lambda one: -one[1])
        ]
        stacks.append(Stack(label=visit.text("Of the rare earths in it"), parts=tuple(of_rare)))
    chart = Stacks(name=visit.text("Composition"), stacks=tuple(stacks))
    return wide_and_narrow(draw_stacks(chart, width=1120), draw_stacks(chart, width=NARROW))


def _part(visit: Visit, label: str, ppb: int, *, kind: Any, href: str | None = None) -> Part:
    share = ppb / PPB
    return Part(label=label, value=share * 100, text=written.percent(share, visit.language, 2), kind=kind, href=href)


def origin_name(visit: Visit, kind: str | None, place: str | None) -> str:
    """`Mined, CN-BAYAN-OBO`, a country by its name; `No known origin` for what the books do not explain."""
    if kind == UNACCOUNTED:
        return visit.text("No known origin")
    word = words.word({**words.ORIGINS, "": text("Origin not stated")}, kind or "", visit.language)
    if not place:
        return word
    return (
        word
        + visit.text(", ", context="lots, graph")
        + (words.country(place, visit.language) if len(place) == 2 else place)
    )


def draw_origins(visit: Visit, places: Sequence[Mapping[str, Any]], chosen: str | None) -> Markup:
    """The share of each origin in the chosen element; "" where it cannot be told."""
    shares = [(row, row["booked_shares"].get(chosen, 0.0)) for row in places]
    found = sorted(((row, share) for row, share in shares if share > 0), key=lambda one: -one[1])
    if not found:
        return Markup("")
    bars = [
        Bar(
            label=origin_name(visit, row["origin_kind"], row["origin_place"]), value=share,
            text=written.percent(share, visit.language), kind="gain" if row["origin_kind"] == UNACCOUNTED else "flow",
        )
        for row, share in found[:_ORIGINS_NAMED]
    ]  # fmt: skip
    others = sum(share for _, share in found[_ORIGINS_NAMED:])
    if others:
        number = written.count(len(found) - _ORIGINS_NAMED)
        label = visit.text("{number} others", number=number)
        bars.append(Bar(label=label, value=others, text=written.percent(others, visit.language), kind="quiet"))
    chart = Bars(name=visit.text("Booked share of each origin"), bars=tuple(bars))
    return wide_and_narrow(draw_bars(chart, width=520), draw_bars(chart, width=NARROW))
