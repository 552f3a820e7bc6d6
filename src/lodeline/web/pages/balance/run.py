"""What a run of balances says as a whole: the verdict of the battery, each single test, and how much a test can see."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from lodeline.accountancy.signature import Identification
from lodeline.accountancy.untestable import REASONS
from lodeline.language import Text, bilingual, text
from lodeline.service.balance.site_run import PAGE_DRAWN, POWERS, DetectionPower, Run, Side
from lodeline.web.drawing.bars import Bar, Bars, draw_bars
from lodeline.web.drawing.number import grouped
from lodeline.web.drawing.svg import NARROW, Markup, wide_and_narrow
from lodeline.web.parts.table import Cell, Column, Row, Table
from lodeline.web.visit import Visit
from lodeline.web.words import format as written
from lodeline.web.words import words
from lodeline.web.words.words import Tone

#: Site of a laboratory (None: a scale of the site itself) and method → what a measurement of theirs is called.
Measured = Callable[[str | None, str], str]

QUANTITIES: Final[Mapping[str, Text]] = {
    "weighing": text("Weighing"),
    "assay": text("Assay"),
    "sampling": text("Sampling"),
    "moisture": text("Moisture"),
}
#: A chance that is this small is said in words.
_NEVER: Final = written.ONE_IN_A_MILLION
#: A side whose chance is larger has no window worth naming; what it was is asked only below the second.
_NOTICED: Final = 0.5
_ASKED: Final = 0.05
#: From this part of the variance on, calibrations decide what can be seen.
_MOSTLY: Final = 0.5
#: A probability of finding that is written as all there is.
_AS_GOOD_AS_SURE: Final = 0.995
#: A share that would be written as none.
_NEXT_TO_NOTHING: Final = 0.005
_SIGNATURES: Final = 8
_WIDE: Final = 520.0


def verdict(visit: Visit, run: Run, *, element: str, chosen: bool) -> dict[str, Any]:
    """What the battery makes of the run, in words. `chosen`: the reader has cut the span."""
    if run.reason is not None:
        return {"reason": visit.localized(REASONS[run.reason])}
    leading = run.leading
    assert leading is not None, "a run that was tested has two sides"
    shape, tone, word = _mark(visit, leading)
    return {
        "reason": None,
        "shape": shape,
        "tone": tone,
        "word": word,
        "text": _chance(visit, leading.p),
        "window": _window(visit, leading, element) if leading.p < _NOTICED else "",
        "budget": visit.text(
            "It alarms below {probability}: one false finding in 200 site-years for each side.",
            probability=written.probability(run.budget),
        ),
        "chosen": chosen,
        "periods": written.count(int(run.balances["active"].sum())),
    }


def _mark(visit: Visit, side: Side) -> tuple[str, Tone, str]:
    if not side.alarm:
        return "tick", "quiet", visit.text("Chance explains the run")
    if side.side > 0:
        return "down", "loss", visit.text("Missing, beyond chance")
    return "up", "gain", visit.text("Too much, beyond chance")


def _chance(visit: Visit, p: float) -> str:
    if p >= _NOTICED:
        return visit.text("Most clean runs of this length show as much.")
    if p < _NEVER:
        return visit.text("A clean run would show as much less than once in a million times.")
    often = written.count(round(1 / p)) if p < 0.1 else grouped(1 / p, 1)
    return visit.text("One clean run in {often} shows as much.", often=often)


def _window(visit: Visit, side: Side, element: str) -> str:
    language = visit.language
    mass = written.mass_with_sigma(abs(side.mass_mg), side.sigma_mg, language)
    name = words.element(element, language)
    since, until = written.day(side.since, language), written.day(side.until, language)
    if side.side > 0:
        return visit.text(
            "It shows best from {since} to {until}: {mass} of {name} missing, were it taken evenly.",
            since=since,
            until=until,
            mass=mass,
            name=name,
        )
    return visit.text(
        "It shows best from {since} to {until}: {mass} of {name} too much, had it come in evenly.",
        since=since,
        until=until,
        mass=mass,
        name=name,
    )


def tests_table(visit: Visit, run: Run) -> Table:
    """Each test of the run by side, with the value at which it would alarm were it the only one."""
    rows: list[Row] = []
    if run.reason is None:
        loss, gain = run.sides
        assert run.limits is not None, "a run that was tested has limits"
        rows = [
            _test(visit, _BATTERY, (loss.p, gain.p, run.budget), written.probability),
            _test(visit, _SINGLE, (loss.single, gain.single, run.limits["single"]), _decimals),
            _test(visit, _ANNUAL, (loss.annual, gain.annual, run.limits["annual"]), _decimals),
        ]
        for reference, level in loss.page.items():
            named = text("Page, k = {reference:g}", reference=reference)
            limit = run.limits[f"page-{reference:g}"]
            values = (level, gain.page[reference], limit)
            rows.append(_test(visit, (named, _PAGE_FOR[reference]), values, _decimals))
    return Table(
        name="tests",
        caption=visit.text("Tests of the run"),
        columns=(
            Column(key="test", label=text("Test")),
            Column(key="missing", label=text("Missing", context="balance"), number=True),
            Column(key="too_much", label=text("Too much"), number=True),
            Column(key="limit", label=text("Alarms at"), number=True),
        ),
        rows=rows,
        empty=visit.text("Nothing could be tested."),
    )


_BATTERY: Final = (
    text("Battery: probability on a clean run"),
    text("all windows of the run together; decides"),
)
_SINGLE: Final = (
    text("Largest single balance"),
    text("for what is taken in one balance"),
)
_ANNUAL: Final = (text("Sum of the run"), text("for what is spread over all of it"))
_PAGE_FOR: Final[Mapping[float, Text]] = {
    0.25: text("for many balances"),
    0.5: text("for some balances; drawn above"),
    1.0: text("for one balance or two"),
}


def _decimals(value: float) -> str:
    return grouped(value, 2, signed=value < 0)


def _test(
    visit: Visit, named: tuple[Text, Text], values: tuple[float, float, float], shown: Callable[[float], str]
) -> Row:
    """A row of `tests_table`; `values`: of what is missing, of what is too much, and the limit."""
    return (
        Cell(text=visit.localized(named[0]), value=named[0]["en"], note=visit.localized(named[1])),
        *(Cell(text=shown(value), value=value) for value in values),
    )


def detection_power_table(visit: Visit, run: Run) -> Table:
    """The least loss that the best possible test finds, by the time over which it is spread."""
    language = visit.language

    def cells(power: DetectionPower) -> Row:
        return (
            Cell(text=written.count(power.balances), value=power.balances, note=written.day(power.since, language)),
            *(Cell(text=written.mass(mass, language), value=mass / written.MG_PER_KG) for mass in power.least_mg),
            Cell(text=written.percent(power.of_one_month, language, 0), value=round(power.of_one_month, 4)),
        )

    half, sure = (f"{power:.0%}" for power in POWERS)
    return Table(
        name="sight",
        caption=visit.text("How much a test can see"),
        columns=(
            Column(key="balances", label=text("Over the last")),
            Column(key="half", label=text("Found in {half}", half=half), number=True, unit="kg"),
            Column(key="sure", label=text("Found in {sure}", sure=sure), number=True, unit="kg"),
            Column(key="one", label=text("First mass, spread"), number=True),
        ),
        rows=[cells(power) for power in run.detection_powers],
        empty=visit.text("Nothing could be tested."),
    )


def ceiling_words(visit: Visit, run: Run, *, element: str, measured: Measured) -> dict[str, str] | None:
    """What cannot be found, why, and what helps; None where nothing could be tested."""
    if run.reason is not None or not run.detection_powers:
        return None
    language, first, last = visit.language, run.detection_powers[0], run.detection_powers[-1]
    mass, name = written.mass(first.least_mg[-1], language), words.element(element, language)
    least, n = written.mass(last.least_mg[-1], language), written.count(last.balances)
    share = written.percent(last.of_one_month, language, 0)
    if last.balances > 1 and last.of_one_month > _AS_GOOD_AS_SURE:
        text = visit.text(
            "A loss of {mass} of {name} is found in 95 of 100 if it lies in one balance, and as good "
            "as always if it is spread evenly over the {n}: over all of them {least} are enough.",
            mass=mass,
            name=name,
            n=n,
            least=least,
        )
    elif last.balances > 1:
        text = visit.text(
            "A loss of {mass} of {name} spread evenly over the {n} balances cannot be found with "
            "more than {share}, by any test; in one balance it is found in 95 of 100. Over all of "
            "them it takes {least}.",
            mass=mass,
            name=name,
            n=n,
            share=share,
            least=least,
        )
    else:
        text = visit.text(
            "Less than {mass} of {name} in this one balance is found in fewer than 95 of 100, by any test.",
            mass=mass,
            name=name,
        )
    return {"text": text, "cure": _cure(visit, run, measured)}


def _cure(visit: Visit, run: Run, measured: Measured) -> str:
    """What would make more visible: it hangs on what σ is made of."""
    assert run.sources is not None and run.sources.height, "σ comes from somewhere"
    share = written.percent(run.systematic_share, visit.language, 0)
    kind = "systematic_mg" if run.systematic_share >= _MOSTLY else "random_mg"
    largest = run.sources.sort(kind, descending=True).row(0, named=True)
    who, what = (
        measured(largest["laboratory"], largest["method"]),
        words.word(QUANTITIES, largest["quantity"], visit.language),
    )
    if run.systematic_share >= _MOSTLY:
        return visit.text(
            "{share} of the variance over the whole run is calibration, most of it {what} ({who}), "
            "and more months do not average that out. The cure is recalibration, assays by an "
            "independent laboratory, and what the other side of each delivery has weighed "
            "(shipper–receiver difference), not a better test.",
            share=share,
            what=bilingual(what.lower(), what),
            who=who,
        )
    only = visit.text("Only {share}", share=share)
    if run.systematic_share < _NEXT_TO_NOTHING:
        percent = written.percent(2 * _NEXT_TO_NOTHING, visit.language, 0)
        only = visit.text("Less than {percent}", percent=percent)
    return visit.text(
        "{only} of the variance over the whole run is calibration; the rest is new each time, "
        "most of it {what} ({who}). More samples or repeated measurements make it smaller.",
        only=only,
        what=bilingual(what.lower(), what),
        who=who,
    )


def sources_table(visit: Visit, run: Run, *, measured: Measured) -> Table:
    """What σ of the sum of the whole run is made of, the largest part first."""
    language = visit.language
    frame = run.sources
    total = 0.0 if frame is None else float((frame["random_mg"] ** 2 + frame["systematic_mg"] ** 2).sum())

    def cells(row: Mapping[str, Any]) -> Row:
        share = (row["random_mg"] ** 2 + row["systematic_mg"] ** 2) / (total or 1)
        return (
            Cell(
                text=words.word(QUANTITIES, row["quantity"], language), value=row["quantity"],
                note=measured(row["laboratory"], row["method"]),
            ),
            *(
                Cell(text=written.mass(row[kind], language), value=row[kind] / written.MG_PER_KG)
                for kind in ("random_mg", "systematic_mg")
            ),
            Cell(text=written.percent(share, language), value=round(share, 6)),
        )  # fmt: skip

    return Table(
        name="sources",
        caption=visit.text("What σ of the whole run is made of"),
        columns=(
            Column(key="quantity", label=text("Measured", context="balance, run")),
            Column(key="random", label=text("New each time"), number=True, unit="kg"),
            Column(key="systematic", label=text("Calibration", context="balance"), number=True, unit="kg"),
            Column(key="share", label=text("Of the variance"), number=True),
        ),
        rows=[] if frame is None else [cells(row) for row in frame.iter_rows(named=True)],
        per_page=8,
        empty=visit.text("Nothing could be tested."),
    )


def signature_here(visit: Visit, run: Run) -> dict[str, Any] | None:
    """What the differences of all rare earths in the leading window look like; None where nothing stands out."""
    leading, found = run.leading, run.signature
    if leading is None or found is None or leading.p >= _ASKED:
        return None
    if found.reason is not None:
        return {"reason": visit.localized(REASONS[found.reason]), "headline": "", "drawing": Markup("")}
    gain = leading.side < 0
    named = [match.signature for match in found.matches if match.signature.name in found.named]
    text = visit.text(", or ").join(visit.localized(bilingual(one.name_en, one.name_zh)) for one in named[:3])
    more = (
        visit.text(" and {named} more", named=bilingual(str(len(named) - 3), str(len(named)))) if len(named) > 3 else ""
    )
    if not named:
        headline = visit.text("No known material fits the elements together")
    elif gain:
        headline = visit.text("What came in looks like {text}{more}", text=text, more=more)
    else:
        headline = visit.text("What is missing looks like {text}{more}", text=text, more=more)
    return {
        "reason": None,
        "headline": headline,
        "several": len(named) > 1,
        "elements": visit.text(", ", context="balance").join(run.elements),
        "since": written.day(leading.since, visit.language),
        "until": written.day(leading.until, visit.language),
        "p": written.probability(found.p),
        "drawing": _draw_signatures(visit, found),
    }


def _draw_signatures(visit: Visit, found: Identification) -> Markup:
    bars = Bars(
        name=visit.text("How well each material explains the differences"),
        bars=tuple(
            Bar(
                label=visit.localized(bilingual(match.signature.name_en, match.signature.name_zh)),
                value=max(match.z, 0.0),
                text=f"z {written.sigmas(match.z)}", kind="flow" if match.signature.name in found.named else "quiet",
            )
            for match in found.matches[:_SIGNATURES]
        ),
    )  # fmt: skip
    return wide_and_narrow(draw_bars(bars, width=_WIDE), draw_bars(bars, width=NARROW))


def signature_table(visit: Visit, run: Run) -> Table:
    """Every signature against the differences of the leading window."""
    matches = () if run.signature is None else run.signature.matches
    named = () if run.signature is None else run.signature.named
    language = visit.language
    return Table(
        name="signature",
        caption=visit.text("Materials against the differences"),
        columns=(
            Column(key="material", label=text("Material")),
            Column(key="z", label=text("z", context="balance"), number=True),
            Column(key="mass", label=text("Would be", context="balance"), number=True, unit="kg"),
            Column(key="sigma", label=text("±"), number=True, unit="kg"),
            Column(key="left", label=text("Rest, p"), number=True),
            Column(key="fits", label=text("Fits")),
        ),
        rows=[
            (
                Cell(
                    text=visit.localized(bilingual(one.signature.name_en, one.signature.name_zh)),
                    value=one.signature.name,
                ),
                Cell(text=written.sigmas(one.z), value=round(one.z, 6)),
                Cell(text=written.mass(one.mass, language), value=one.mass / written.MG_PER_KG),
                Cell(text=written.mass(one.sigma, language), value=one.sigma / written.MG_PER_KG),
                Cell(text=written.probability(one.misfit_p), value=one.misfit_p),
                Cell(
                    text=visit.text("yes", context="balance") if one.signature.name in named else written.NOTHING,
                    value=int(one.signature.name in named),
                ),
            )
            for one in matches
        ],
        per_page=5,
        empty=visit.text("Nothing could be tested."),
    )


def page_name(visit: Visit) -> str:
    """What the panel of Page's test is called."""
    return visit.text("Page test, k {page_drawn:g}, σ", page_drawn=PAGE_DRAWN)
