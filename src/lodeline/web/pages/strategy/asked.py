"""Which scenario a page of the strategic view is about, and its run: the newest that was saved, else one of now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lodeline.language import bilingual, enumerated, text
from lodeline.service.strategy import asked
from lodeline.web.parts.values import Badge
from lodeline.web.visit import NotHereError, Visit
from lodeline.web.words import format as written
from lodeline.web.words import strategy as says

Json = Mapping[str, Any]


def scenarios(visit: Visit) -> Sequence[Json]:
    """The scenarios of the table in force (`service.strategy.asked.scenarios`); none where nobody filed one."""
    reading = visit.reading
    return reading.answer(asked.scenarios, reading.store, reading.snapshot)


def options(visit: Visit, found: Sequence[Json]) -> list[tuple[str, str]]:
    """Scenarios as the options of a filter."""
    other = "name_en" if visit.language == "zh" else "name_zh"
    return [(one["scenario"], one[f"name_{visit.language}"] or one[other] or one["scenario"]) for one in found]


def known(visit: Visit, found: Sequence[Json], name: str) -> str:
    """The name of a scenario. Raises NotHereError, which lists those that there are."""
    if any(one["scenario"] == name for one in found):
        return name
    listed = [one["scenario"] for one in found]
    raise NotHereError(
        text(
            "There is no scenario {name!r}: one of {listed}.",
            name=name[:60],
            listed=enumerated(listed),
        )
    )


def run_of(visit: Visit, name: str) -> Json:
    """The run of a scenario at the entry of the page's reading."""
    reading = visit.reading
    return reading.answer(asked.run, reading.store, reading.snapshot, reading.law, name=name)


def legend(visit: Visit) -> list[Json]:
    """What a number may rest on: word, shape and meaning."""
    return [
        {
            "badge": Badge(text=one.label[visit.language], shape=one.shape, tone=one.tone),
            "text": one.meaning[visit.language],
        }
        for one in says.BASES.values()
    ]  # fmt: skip


def notes(visit: Visit, found: Sequence[Json]) -> list[Json]:
    """What has to be known of a run, each thing once: a sentence, and `more`, the rows that it counts."""
    said = dict.fromkeys(str(one[visit.language]) for one in found)
    return [{"text": head, "more": more} for head, more in map(_parted, said)]


def _parted(note: str) -> tuple[str, str]:
    """A sentence, and the list behind its colon where that has several parts."""
    head, colon, more = note.partition("：" if "：" in note else ": ")
    while colon and head.count("(") + head.count("（") > head.count(")") + head.count("）"):
        further, colon, more = more.partition("：" if "：" in note else ": ")
        head = f"{head}{'：' if '：' in note else ': '}{further}"
    return (f"{head}{'。' if '：' in note else '.'}", more) if colon and more.count("; ") > 1 else (note, "")


def mark(visit: Visit, one: Json) -> Json:
    """What a figure rests on, for below a picture: its word and shape, its source and of when."""
    word = says.BASES.get(one["basis"])
    text, shape, tone = says.basis(one["basis"], visit.language), "ring", "ink"
    if word is not None:
        shape, tone = word.shape, word.tone
    return {
        "text": text, "shape": shape, "tone": tone,
        "source": f"{says.source(one['source'], visit.language)} · {says.of_when(one['vintage'], visit.language)}",
    }  # fmt: skip


def kick(visit: Visit, run: Json) -> list[str]:
    """What a run is about, in a line: its name, its days, its base window."""
    settings, scenario = run["settings"], run["scenario"]
    first, last = settings["base_from"], settings["base_to"]
    base = written.month(first, visit.language) + visit.text(" to ") + written.month(last, visit.language)
    return [
        scenario.get(f"name_{visit.language}") or scenario["name"],
        visit.text(
            "from {starts}",
            starts=bilingual(written.day(settings["starts"], "en"), written.day(settings["starts"], "zh")),
        ),
        visit.text("base window {base}", base=base),
    ]
