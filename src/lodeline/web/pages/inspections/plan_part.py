"""What a sampling plan says, as tables and sentences: on the page that proposes it and on that of the plan itself.

All of it is read from the paper (`service.inspections.planning.plan_facts`), so both pages say the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from lodeline.language import Language, Text, bilingual, text
from lodeline.material.composition import read_canonical
from lodeline.material.mass import PPB, share_mg
from lodeline.web.parts.table import Cell, Column, Row, Table
from lodeline.web.visit import Visit
from lodeline.web.words import format as written
from lodeline.web.words import words
from lodeline.web.words.lots import product

ACTS: Final[Mapping[str, Text]] = {
    "count": text("Count", context="inspections, plan part"),
    "weigh": text("Weigh"),
    "xrf": text("XRF"),
    "laboratory": text("Sample"),
}
KINDS: Final[Mapping[str, Text]] = {
    "gross": text("Whole items gone"),
    "partial": text("Part of items gone"),
    "bias": text("A little of every item"),
}
_MISSING: Final[Mapping[str, Text]] = {
    "gross": text("missing as whole items"),
    "partial": text("missing from within items"),
    "bias": text("skimmed from every item"),
}
CHOSEN: Final[Mapping[str, Text]] = {
    "ranked": text("by rank"),
    "random": text("by lot"),
    "asked": text("because somebody asked"),
}
SIZES: Final[Mapping[str, Text]] = {
    "large": text("large", context="inspections, plan part"),
    "medium": text("medium"),
    "small": text("small", context="inspections, plan part"),
    "tiny": text("tiny"),
}
PARTS: Final[tuple[Text, ...]] = (
    text("Authority"),
    text("Firm"),
    text("Reserve"),
)
_PER_PAGE: Final = 1_000


def duration(minutes: int, language: Language) -> str:
    """6 h 40 min, 6小时40分钟."""
    hours, rest = divmod(minutes, 60)
    if language == "zh":
        return (f"{hours}小时" if hours else "") + (f"{rest}分钟" if rest or not hours else "")
    parts = [f"{hours} h"] * bool(hours) + [f"{rest} min"] * bool(rest or not hours)
    return " ".join(parts)


def in_hundred(probability: str) -> str:
    """94: of a hundred such visits. Certainty is never said of what is below it."""
    return str(min(99, int(float(probability) * 100)) if float(probability) < 1 else 100)


def weakest(paper: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """What the visit is for and shows least: of whole items where they are asked for, else of what is."""
    sights = [one for one in paper["sights"] if one["kind"] == "gross"] or paper["sights"]
    return min(sights, key=lambda one: float(one["probability"]), default=None)


def headline(
    visit: Visit, paper: Mapping[str, Any], site: str, *, done: Mapping[str, Sequence[str]] | None = None
) -> str:
    """What the visit would show, in one sentence. `done`: lot → what was done with it (`showing.acts_done`), where
    something was measured; then `paper` is of what was done."""
    language, of = visit.language, weakest(paper)
    time = duration(paper["minutes"], language)
    if of is None:
        return visit.text("A visit of {time} to {site}", time=time, site=site)
    mass, name = written.mass(of["goal_mg"], language), words.element(of["element"], language)
    times = in_hundred(of["probability"])
    if done is not None:
        return _headline_of_done(visit, of, site, done)
    kind = visit.localized(_MISSING[of["kind"]])
    if times == "0":
        return visit.text(
            "{time} at {site} would not show {mass} of {name} {kind}",
            time=time,
            site=site,
            mass=mass,
            name=name,
            kind=kind,
        )
    return visit.text(
        "{time} at {site} would show {mass} of {name} {kind} {times} times in 100",
        time=time,
        site=site,
        mass=mass,
        name=name,
        kind=kind,
        times=times,
    )


def _headline_of_done(visit: Visit, of: Mapping[str, Any], site: str, done: Mapping[str, Sequence[str]]) -> str:
    n, drawn, times = sum(bool(acts) for acts in done.values()), len(done), in_hundred(of["probability"])
    mass, name = written.mass(of["goal_mg"], visit.language), words.element(of["element"], visit.language)
    kind = visit.localized(_MISSING[of["kind"]])
    if times == "0":
        return visit.text(
            "{n} of {drawn} items measured at {site}: {mass} of {name} {kind} would not show",
            n=n,
            drawn=drawn,
            site=site,
            mass=mass,
            name=name,
            kind=kind,
        )
    return visit.text(
        "{n} of {drawn} items measured at {site}: {mass} of {name} {kind} would show {times} times in 100",
        n=n,
        drawn=drawn,
        site=site,
        mass=mass,
        name=name,
        kind=kind,
        times=times,
    )


def sights_table(visit: Visit, paper: Mapping[str, Any], *, done: bool = False) -> Table:
    """Element by element and kind by kind: what the visit would show. `done`: the paper is of what was done."""
    language = visit.language

    def cells(one: Mapping[str, Any]) -> Row:
        reached = float(one["probability"]) >= float(one["wanted"])
        return (
            Cell(
                text=words.element(one["element"], language),
                value=one["element"],
                note=visit.localized(KINDS[one["kind"]]),
            ),
            _mass(visit, one["goal_mg"]),
            Cell(
                text=written.percent(float(one["probability"]), language, 0),
                value=float(one["probability"]),
                shape="tick" if reached else "ring",
                tone="flow" if reached else "hold",
                note=visit.text(
                    "{wanted} wanted",
                    wanted=bilingual(
                        written.percent(float(one["wanted"]), "en", 0), written.percent(float(one["wanted"]), "zh", 0)
                    ),
                ),
            ),
            _mass(visit, one["half_mg"]),
            _mass(visit, one["ninety_mg"]),
        )

    return Table(
        name="sights",
        caption=visit.text("What it would show"),
        columns=(
            Column(key="element", label=text("Element")),
            Column(key="goal", label=text("Goal"), number=True, unit="kg"),
            Column(
                key="probability",
                number=True,
                label=text("What was done would show it") if done else text("This plan would show it"),
            ),
            Column(key="half", label=text("Shown half the time"), number=True, unit="kg"),
            Column(key="ninety", label=text("Shown 9 times in 10"), number=True, unit="kg"),
        ),
        rows=[cells(one) for one in paper["sights"]],
        empty=visit.text("Nothing was asked for."),
    )


def strata_table(visit: Visit, paper: Mapping[str, Any]) -> Table:
    """The strata with their numbers by act, and what each alone would show of whole items."""
    language = visit.language

    def cells(one: Mapping[str, Any]) -> Row:
        marks = [visit.localized(SIZES[one["size"]]) if one["size"] in SIZES else one["size"], one["method"] or ""]
        seen = one["detects"].get("gross")
        return (
            Cell(
                text=product(one["product"], language) or written.NOTHING,
                value=one["key"],
                note=visit.text(", ", context="inspections, plan part").join(filter(None, marks)),
            ),
            Cell(text=written.count(one["items"]), value=one["items"]),
            _mass(visit, one["dry_mg"]),
            *(
                Cell(
                    text=written.count(one["n"].get(act, 0)) if one["n"].get(act) else written.NOTHING,
                    value=one["n"].get(act, 0),
                )
                for act in ACTS
            ),
            Cell(text=written.NOTHING)
            if seen is None
            else Cell(text=written.percent(float(seen), language, 0), value=float(seen)),
        )

    return Table(
        name="strata",
        caption=visit.text("Strata"),
        columns=(
            Column(key="stratum", label=text("Stratum")),
            Column(key="items", label=text("Items"), number=True),
            Column(key="mass", label=text("Dry mass"), number=True, unit="kg"),
            *(Column(key=act, label=label, number=True) for act, label in ACTS.items()),
            Column(key="gross", label=text("Shows whole items gone"), number=True),
        ),
        rows=[cells(one) for one in paper["strata"]],
        empty=visit.text("There is nothing at this site."),
    )


def route(paper: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The items that were drawn, in the order of their places."""
    drawn = [one for one in paper["items"] if one["do"]]
    return sorted(drawn, key=lambda one: (one["location"] is None, one["location"] or "", one["product"], one["lot"]))


def route_table(
    visit: Visit,
    paper: Mapping[str, Any],
    done: Mapping[str, Sequence[str]],
    *,
    called: Callable[[str], str] | None = None,
    page: str = "lot",
) -> Table:
    """Where to go, what is there, what to do with it and what was done (`showing.acts_done`).

    `called`: what a reader calls a lot, if not by its label; `page`: what its name leads to."""
    language = visit.language
    elements = list(paper["goals"])

    def cells(one: Mapping[str, Any]) -> Row:
        name = one["label"] if called is None else called(one["lot"])
        shares = read_canonical(one["composition"])
        said = [
            f"{symbol} {written.percent(shares[symbol] / PPB, language, 2)}"
            for symbol in elements
            if shares.get(symbol)
        ]
        return (
            Cell(
                text=name,
                value=name,
                note=product(one["product"], language),
                marks=True,
                href=visit.url(page, lot=one["lot"]) if called is None else None,
            ),
            Cell(text=one["location"] or written.NOTHING, value=one["location"]),
            Cell(
                text=written.mass(one["dry_mg"], language),
                value=one["dry_mg"] / written.MG_PER_KG,
                note=visit.text(", ", context="inspections, plan part").join(said),
            ),
            Cell(text=_in_words(visit, one["do"]), value=" ".join(one["do"])),
            _bags(one["bags"]),
            _box(visit, one["do"], done[one["lot"]]),
        )

    return Table(
        name="route",
        caption=visit.text("The way through the site"),
        columns=(
            Column(key="label", label=text("On the label")),
            Column(key="place", label=text("Place")),
            Column(key="declared", label=text("Declared, dry"), number=True, unit="kg"),
            Column(key="do", label=text("What to do", context="inspections")),
            Column(key="bags", label=text("Bags")),
            Column(key="done", label=text("Done", context="inspections")),
        ),
        rows=[cells(one) for one in route(paper)],
        per_page=_PER_PAGE,
        empty=visit.text("No item was drawn: the time allows for none."),
    )


def worst_sentences(visit: Visit, paper: Mapping[str, Any]) -> list[str]:
    """How somebody who knows the plan's sizes, and not its draw, would best get past it."""
    language = visit.language
    found = []
    for one in paper["worst"]:
        name, goal = words.element(one["element"], language), paper["goals"].get(one["element"])
        size, seen = written.percent(float(one["size"]), language, 0), in_hundred(one["probability"])
        mass = "" if goal is None else written.mass(goal, language)
        items = f"{one['items']} item{'' if one['items'] == 1 else 's'}"
        if one["way"] == "diluted":
            found.append(
                visit.text(
                    "{mass} of {name}, hidden best: {items} diluted by {size}. Shown {seen} in 100.",
                    mass=mass,
                    name=name,
                    items=bilingual(items, one["items"]),
                    size=size,
                    seen=seen,
                )
            )
        else:
            found.append(
                visit.text(
                    "{mass} of {name}, hidden best: {size} taken of {items}. Shown {seen} in 100.",
                    mass=mass,
                    name=name,
                    size=size,
                    items=bilingual(items, one["items"]),
                    seen=seen,
                )
            )
    return found


def declared_mg(paper: Mapping[str, Any], element: str) -> int:
    """What all items hold of an element, as declared."""
    return sum(share_mg(one["dry_mg"], read_canonical(one["composition"]).get(element, 0)) for one in paper["items"])


def _in_words(visit: Visit, acts: Sequence[str]) -> str:
    """Count, weigh, XRF."""
    said = [visit.localized(ACTS[act]) for act in acts]
    if visit.language == "zh":
        return "、".join(said)
    return ", ".join([*said[:1], *(one if one.isupper() else one.lower() for one in said[1:])])


def _bags(bags: Sequence[str]) -> Cell:
    """What the three numbers begin with, and their ends below."""
    if not bags:
        return Cell(text=written.NOTHING, value="")
    return Cell(text=bags[0][:-2], note=" · ".join(bag[-2:] for bag in bags), value=" ".join(bags), whole=True)


def _box(visit: Visit, acts: Sequence[str], done: Sequence[str]) -> Cell:
    """Ticked when all was done; where a part was, which."""
    if not done:
        return Cell(text="☐", value="")
    whole = len(done) == len(acts)
    return Cell(text="☑" if whole else "☐", note="" if whole else _in_words(visit, done), value=" ".join(done))


def _mass(visit: Visit, mass_mg: int | None) -> Cell:
    if mass_mg is None:
        return Cell(text=visit.text("never", context="inspections, plan part"))
    return Cell(text=written.mass(mass_mg, visit.language), value=mass_mg / written.MG_PER_KG)
