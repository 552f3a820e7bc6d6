"""The page `inspections/laboratories/`: which laboratories and scales differ from those that measured the same thing.

A difference says that one of two is off; who of them it is, only a reference material says.
"""

from __future__ import annotations

import polars as pl
from django.http import HttpResponse

from lodeline.accountancy.verification.laboratories import BUDGET
from lodeline.language import bilingual
from lodeline.service.inspections.laboratories import Instruments, instruments
from lodeline.web.access.territory import told_of_firms
from lodeline.web.pages.inspections.laboratories_part import (
    behind_table,
    draw_biases,
    drifts_table,
    exported,
    naming,
    percent_of,
    untested_table,
)
from lodeline.web.parts.shell import show
from lodeline.web.parts.table import shown, wanted_csv
from lodeline.web.visit import Visit
from lodeline.web.words import format as written
from lodeline.web.words import words

#: Of a region: reckoned of what was measured at its firms alone.
_instruments = told_of_firms(instruments)


def laboratories(visit: Visit) -> HttpResponse:
    """The page."""
    reading = visit.reading
    found = reading.answer(_instruments, reading.store, reading.snapshot)
    named = naming(visit, found)
    tables = {
        "laboratories": drifts_table(visit, found, named),
        "untested": untested_table(visit, found, named),
        "behind": behind_table(visit, found, named),
    }
    csv = wanted_csv(visit, exported(visit, found, named), tables["untested"], tables["behind"])
    if csv is not None:
        return csv
    return show(
        visit,
        "lodeline/inspections/laboratories.html",
        title=_headline(visit, found),
        every=visit.opens("inspection-plans"),
        measured=found.drifts.height > 0,
        marked=found.beyond.height > 0,
        tests=written.count(found.tests),
        by_chance=written.number(round(BUDGET * found.tests, 1)),
        drawing=draw_biases(visit, found, named),
        tables={name: shown(visit, table) for name, table in tables.items()},
        untested=len(tables["untested"].rows) > 0,
    )


def _headline(visit: Visit, found: Instruments) -> str:
    """The answer: how many are off, and by how much the worst of them."""
    if not found.drifts.height:
        return visit.text("Nothing was measured by two laboratories or two scales yet")
    marked, every = found.beyond, _counted(found.drifts)
    if not found.tests:
        return visit.text("Too little was measured to compare laboratories and scales")
    if not marked.height:
        return visit.text(
            "{called} {were} compared: none differs beyond chance",
            called=bilingual(_called(every, "en"), _called(every, "zh")),
            were="was" if sum(every) == 1 else "were",
        )
    off, worst = _counted(marked), marked.row(0, named=True)
    by = written.percent(percent_of(worst["bias"]) / 100, visit.language, signed=True)
    of = "" if worst["element"] is None else words.element(worst["element"], visit.language)
    name, several = naming(visit, found).whose(worst), sum(off) > 1
    return visit.localized(
        bilingual(
            f"{_called(off, 'en')} {'differs' if sum(off) == 1 else 'differ'} beyond chance: {name} by {by}"
            + (f" in {of}" if of else "")
            + (" the most" if several else ""),
            f"{_called(off, 'zh')}的差异超出偶然范围：{name}{f'的{of}' if of else ''}"
            f"{'相差最大，为' if several else '相差'}{by}",
        )
    )


def _counted(drifts: pl.DataFrame) -> tuple[int, int]:
    """How many laboratories, and how many scales: those of a site are told apart by their method."""
    of = pl.col("kind") == "laboratory"
    return drifts.filter(of)["own"].n_unique(), drifts.filter(~of).select("own", "method").n_unique()


def _called(count: tuple[int, int], language: str) -> str:
    laboratories_, scales = count
    if language == "zh":
        parts = [f"{laboratories_}家实验室" * bool(laboratories_), f"{scales}台衡器" * bool(scales)]
        return "、".join(filter(None, parts))
    parts = [
        f"{laboratories_} laborator{'y' if laboratories_ == 1 else 'ies'}" * bool(laboratories_),
        f"{scales} scale{'' if scales == 1 else 's'}" * bool(scales),
    ]
    return " and ".join(filter(None, parts))
