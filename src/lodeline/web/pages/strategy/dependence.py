"""Who depends on whom: from which origins the metal came that a country or a customer got, booked and not modelled."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Final

from django.http import HttpResponse

from lodeline.errors import UserError
from lodeline.flow.stages import UNKNOWN_STAGE
from lodeline.language import Text, bilingual, text
from lodeline.regulation.span import Span
from lodeline.service.overview import overview
from lodeline.service.strategy import dependence as depending
from lodeline.web.drawing.sankey import Column as Stage
from lodeline.web.drawing.sankey import Link, Node, Sankey, draw_sankey
from lodeline.web.drawing.svg import Markup
from lodeline.web.pages.common import asked as common
from lodeline.web.pages.common.filters import Choices
from lodeline.web.pages.lots.graph import origin_name
from lodeline.web.pages.strategy import asked
from lodeline.web.pages.strategy.run_tables import RANGED, ranged
from lodeline.web.parts import choice
from lodeline.web.parts.shell import show
from lodeline.web.parts.table import Cell, Column, Row, Table, shown, wanted_csv
from lodeline.web.parts.values import Tab
from lodeline.web.visit import BadQuestionError, Visit
from lodeline.web.words import format as written
from lodeline.web.words import words

Json = Mapping[str, Any]
_BY: Final[Mapping[str, Text]] = {
    "country": text("By country"),
    "customer": text("By customer"),
}
#: Rows of the picture: the rest are one.
_ORIGINS_MOST, _BUYERS_MOST = 8, 10
_REST: Final = "rest"
#: Stages from left to right, as goods go: what is recycled is separated, too.
_STAGES: Final = (
    ("mine", "recycling"),
    ("separation",),
    ("metal",),
    ("alloy",),
    ("magnet",),
    ("use",),
    (UNKNOWN_STAGE,),
)

#: Origins that say nothing of where metal is from: it lay there when records began, or no row explains it.
_UNKNOWN: Final = ("opening", "unaccounted")


def dependence(visit: Visit) -> HttpResponse:
    """The page `strategy/dependence/`: `?element=`, `?period=`, `?country=`, `?by=customer`."""
    reading = visit.reading
    months = common.months(visit)
    if months is None:
        title = visit.text("Nobody has filed yet")
        return show(visit, "lodeline/common/overview_empty.html", title=title)
    present = reading.answer(overview.elements, reading.snapshot)
    element = choice.element(visit, present) if visit.query("element") else ("Dy" if "Dy" in present else present[0])
    by = common.one_of(visit, "by", _BY) or "country"
    country, period = visit.query("country") or "", visit.query("period") or ""
    try:
        found: Json = reading.answer(
            depending.dependence,
            reading.snapshot,
            reading.law,
            element=element,
            country=country or None,
            period=period or None,
            by=by,
        )
    except UserError as error:
        raise BadQuestionError(error.words) from error
    table, stages = _table(visit, found, element), _stages_table(visit, found, element)
    csv = wanted_csv(visit, table, stages)
    if csv is not None:
        return csv
    chosen = Span.read(period) if period else None
    return show(
        visit,
        "lodeline/strategy/dependence.html",
        title=_headline(visit, found, element),
        lede=_lede(visit, found),
        mark=asked.mark(visit, {**found["total"], "basis": "booked"}),
        choices=(
            Choices(
                name="element",
                label=visit.text("Element"),
                options=common.element_options(visit, present),
                chosen=element,
                all=False,
            ),
            Choices(
                name="period",
                label=visit.text("Months", context="strategy"),
                options=common.period_options(visit, months, chosen),
                chosen=period,
            ),
        ),
        by=by,
        tabs=[
            Tab(label=visit.localized(label), href=visit.here(by=None if one == "country" else one), here=one == by)
            for one, label in _BY.items()
        ],
        every=visit.here(country=None) if country else None,
        drawing=_drawn(visit, found, element),
        legend=asked.legend(visit),
        synthetic_run=bool(found["stamp"].get("synthetic")),
        table=shown(visit, table),
        stages=shown(visit, stages),
    )


def _mg(one: Json) -> int:
    return round(float(one["mass_kg"]) * written.MG_PER_KG)


def _buyer(visit: Visit, one: Json, by: str) -> str:
    if by == "customer":
        return str(one.get("name") or one.get("customer") or visit.text("not named", context="strategy"))
    code = one.get("country")
    return words.country(code, visit.language) if code else visit.text("no country stated")


def _headline(visit: Visit, found: Json, element: str) -> str:
    total, name = found["total"], words.element(element, visit.language)
    mass = written.mass(_mg(total), visit.language)
    if not _mg(total):
        return visit.text("No {name} went abroad in these months", name=name)
    to = found["settings"].get("country")
    where = words.country(to, visit.language) if to else ""
    known = [one for one in total["origins"] if one["origin_kind"] not in _UNKNOWN and _mg(one)]
    from_en, from_zh = "", ""
    if known:
        first = max(known, key=_mg)
        called = origin_name(visit, first["origin_kind"], first["origin_place"])
        share = written.percent(float(first["share_pct"]) / 100, visit.language, 0)
        from_en = f"; the largest origin that is known: {written.within(called)}, {share}"
        from_zh = f"；已知来源中最多为{called}，占{share}"
    if where:
        return visit.text(
            "{where} got {mass} of {name}{from_}", where=where, mass=mass, name=name, from_=bilingual(from_en, from_zh)
        )
    to_en, to_zh = "", ""
    if found["rows"]:
        top = found["rows"][0]
        part = written.percent(_mg(top) / _mg(total), visit.language, 0)
        buyer = _buyer(visit, top, found["settings"]["by"])
        to_en, to_zh = f", {part} of it to {buyer}", f"，其中{part}到{buyer}"
    return visit.text(
        "{mass} of {name} went abroad{to}{from_}",
        mass=mass,
        name=name,
        to=bilingual(to_en, to_zh),
        from_=bilingual(from_en, from_zh),
    )


def _lede(visit: Visit, found: Json) -> str:
    total = found["total"]
    exact = float(total["exact_kg"]) / float(total["mass_kg"]) if float(total["mass_kg"]) else 0.0
    said = written.percent(exact, visit.language, 0)
    return visit.text(
        "The masses are sums of filed rows, {said} of them on assays of the lot itself; the "
        "origins are booked: shares of what was mixed, on the convention that it mixes in "
        "proportion. What was recycled went through stages twice or more.",
        said=said,
    )


def _table(visit: Visit, found: Json, element: str) -> Table:
    """A row for each origin of each buyer."""
    by = found["settings"]["by"]

    def row(buyer: Json, origin: Json) -> Row:
        href = visit.here(country=buyer["country"]) if by == "country" and buyer.get("country") else None
        return (
            Cell(text=_buyer(visit, buyer, by), value=str(buyer.get(by) or ""), href=href),
            Cell(text=origin_name(visit, origin["origin_kind"], origin["origin_place"]), value=_key(origin)),
            Cell(text=written.mass(_mg(origin), visit.language), value=float(origin["mass_kg"])),
            Cell(
                text=written.percent(float(origin["share_pct"]) / 100, visit.language), value=float(origin["share_pct"])
            ),
            *ranged(visit, origin, None, None),
        )

    return Table(
        name="dependence",
        caption=visit.text("Who depends on whom"),
        columns=(
            Column(key="buyer", label=_BUYER[by]),
            Column(key="origin", label=text("Origin")),
            Column(key="mass", label=text("{element}", element=element), number=True, unit="kg"),
            Column(key="share", label=text("Share of the buyer's"), number=True, unit="%"),
            *RANGED,
        ),
        rows=[row(buyer, origin) for buyer in found["rows"] for origin in buyer["origins"]],
        empty=visit.text("Nothing went there in these months: choose others."),
        per_page=25,
    )


_BUYER: Final[Mapping[str, Text]] = {"country": text("Country", context="strategy"), "customer": text("Customer")}


def _drawn(visit: Visit, found: Json, element: str) -> Markup:
    """Origins on the left, the stages that the metal went through, buyers on the right; what comes from recycling is
    hatched. What lay in stock when records began enters at the stage of its goods."""
    by, total = found["settings"]["by"], _mg(found["total"])
    origins = {_key(one): one for one in sorted(found["total"]["origins"], key=lambda one: -_mg(one))}
    named = list(origins)[:_ORIGINS_MOST]
    buyers = found["rows"][:_BUYERS_MOST]
    rest = visit.text("others")
    marked = {*(f"o-{key}" for key in named), *(f"b-{place}" for place in range(len(buyers)))}
    links: Counter[tuple[str, str]] = Counter()
    for source, target, one in _legs(found):
        links[_marked(source, marked), _marked(target, marked)] += _mg(one)
    ends = {end for both in links for end in both}
    between = [there for column in _STAGES if (there := [stage for stage in column if f"s-{stage}" in ends])]
    nodes = [
        Node(
            key=f"o-{key}",
            column=0,
            label=origin_name(visit, one["origin_kind"], one["origin_place"]),
            kind="recycled" if one["origin_kind"] == "secondary" else "flow",
        )
        for key, one in origins.items()
        if key in named
    ]
    nodes += [Node(key=f"o-{_REST}", column=0, label=rest)]
    nodes += [
        Node(
            key=f"s-{stage}",
            column=place,
            label=_stage(visit, stage),
            kind="recycled" if stage == "recycling" else "flow",
        )
        for place, column in enumerate(between, 1)
        for stage in column
    ]
    last = len(between) + 1
    nodes += [
        Node(key=f"b-{place}", column=last, label=_buyer(visit, one, by), kind="abroad")
        for place, one in enumerate(buyers)
    ]
    nodes += [Node(key=f"b-{_REST}", column=last, label=rest, kind="abroad")]
    return draw_sankey(
        Sankey(
            name=visit.text("Origins of {element}", element=element),
            columns=(
                Stage(label=visit.text("Origin"), mass_mg=total),
                *(Stage(label=_stage(visit, column[0])) for column in between),
                Stage(label=visit.localized(_BUYER[by]), mass_mg=total),
            ),
            nodes=tuple(node for node in nodes if node.key in ends),
            links=tuple(Link(source=one, target=other, mass_mg=mass) for (one, other), mass in links.items()),
            unit=written.unit(total, visit.language),
            description=_headline(visit, found, element),
        ),
        key="dependence",
        body=300,
    )


def _marked(end: str, marked: set[str]) -> str:
    """The mark of an end of a leg: its own, if it is a stage or among these, else that of all others of its column."""
    return end if end[0] == "s" or end in marked else f"{end[0]}-{_REST}"


def _legs(found: Json) -> Iterator[tuple[str, str, Json]]:
    """All that went from an origin (`o-KEY`) or a stage (`s-STAGE`) into a stage or to a buyer (`b-ROW`)."""
    for one in found["total"]["stages"]:
        source = f"o-{_key(one)}" if one["from_stage"] is None else f"s-{one['from_stage']}"
        yield source, f"s-{one['to_stage']}", one
    for place, buyer in enumerate(found["rows"]):
        for one in buyer["stages"]:
            yield f"s-{one['stage']}", f"b-{place}", one


def _stages_table(visit: Visit, found: Json, element: str) -> Table:
    """A row for each ribbon of the picture, of those beyond its marks, too."""
    by = found["settings"]["by"]
    names = {
        f"o-{_key(one)}": origin_name(visit, one["origin_kind"], one["origin_place"])
        for one in found["total"]["origins"]
    }
    names |= {f"b-{place}": _buyer(visit, one, by) for place, one in enumerate(found["rows"])}

    def end(key: str) -> Cell:
        return Cell(text=names.get(key) or _stage(visit, key.removeprefix("s-")))

    return Table(
        name="stages",
        caption=visit.text("By which stages it came"),
        columns=(
            Column(key="from", label=text("From", context="strategy")),
            Column(key="to", label=text("To", context="strategy")),
            Column(key="mass", label=text("{element}", element=element), number=True, unit="kg"),
            *RANGED,
        ),
        rows=[
            (
                end(source),
                end(target),
                Cell(text=written.mass(_mg(one), visit.language), value=float(one["mass_kg"])),
                *ranged(visit, one, None, None),
            )
            for source, target, one in _legs(found)
        ],
        empty=visit.text("Nothing went there in these months."),
        per_page=25,
    )


def _stage(visit: Visit, stage: str) -> str:
    return (
        visit.text("not known", context="strategy")
        if stage == UNKNOWN_STAGE
        else words.word(words.STAGES, stage, visit.language)
    )


def _key(one: Json) -> str:
    return f"{one['origin_kind']}-{one['origin_place'] or ''}"
