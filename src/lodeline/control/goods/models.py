"""Rules on models: a line of many models gets one verdict for each, by what the register knows of it.

A licence is asked about every model that needs one; a test report about each that is at risk and has none.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from lodeline.control.case import Case, ModelGoods, Need, Rule
from lodeline.control.declaration import Line
from lodeline.control.goods.goods import Goods, goods_of
from lodeline.control.goods.items import needs_of, percent
from lodeline.control.goods.words import is_low_grade, read_grade
from lodeline.control.licences.licence import covers
from lodeline.control.reason import Reason, VerdictWord, reason
from lodeline.control.record import Records, named_models
from lodeline.control.rulebook import Rulebook, to_ppb
from lodeline.material.composition import Stated


def models_of(line: Line, goods: Goods, rules: Rulebook, records: Records | None) -> tuple[ModelGoods, ...]:
    """The models that the line names, each as goods of its own; none where the register knows nothing of a single one.

    A model is what the line is, with its own composition in the place of the line's.
    """
    names = named_models(line["model"])
    if not names or goods.is_assembly or not (goods.rare or goods.is_magnet):
        return ()
    if records is None and len(names) == 1:
        return ()
    found = []
    for name in names:
        model = None
        if records is not None:
            model = records.model(name, exporter=line["exporter"], lot=line["lot"], day=rules.day)
        if model is None and len(names) == 1:
            return ()
        shares = dict(model.shares) if model else {}
        values = {key: one for key, one in line.values.items() if key not in ("composition", "models_in_lot")}
        values["model"] = name
        if shares:
            total = sum(share for symbol, share in shares.items() if symbol != "TREO")
            values["composition"] = Stated(shares=shares, as_filed=shares, sum_ppb=total)
        one = Line(row=line.row, cells=line.cells, values=values)
        own = goods_of(one, rules)
        needs = tuple(replace(need, fields=("model",), models=(name,)) for need in needs_of(one, own, rules) if shares)
        found.append(ModelGoods(name=name, model=model, goods=own, needs=needs))
    return tuple(found)


def with_models(needs: Sequence[Need], models: Sequence[ModelGoods]) -> tuple[Need, ...]:
    """What the line needs, and what its models do beyond that: the largest share of each item, and who meets it."""
    found = {(need.item.item, need.item.form): need for need in needs}
    for need in (need for one in models for need in one.needs):
        key = (need.item.item, need.item.form)
        before = found.get(key)
        if before is None or (before.is_trace and not need.is_trace):
            found[key] = need
        elif before.models and before.is_trace == need.is_trace:
            share = max(filter(None, (before.share_ppb, need.share_ppb)), default=None)
            found[key] = replace(before, share_ppb=share, models=(*before.models, *need.models))
    return tuple(found.values())


def verdict_of(one: ModelGoods, case: Case) -> VerdictWord:
    """The verdict on one model by itself."""
    if any(not need.is_trace for need in one.needs) and not covers(case):
        return "hold"
    return "query" if risks(one, case) and not covers(case) else "release"


def risks(one: ModelGoods, case: Case) -> tuple[str, ...]:
    """Why a model is at risk of being controlled: `unregistered`, `no-composition`, `trace`, `grade`."""
    if one.model is None:
        return () if is_low_grade(one.name) else ("unregistered",)
    band = case.rules.parameter("trace-band")
    heavy = band["elements"] if band else ()
    graded = read_grade(f"{one.name} {one.model.grade or ''}")
    found = {
        "no-composition": not one.model.shares,
        "trace": any(need.is_trace for need in one.needs),
        "grade": bool(graded) and not any(one.goods.shares.get(element) for element in heavy),
    }
    return tuple(name for name, is_so in found.items() if is_so)


def many_models(case: Case) -> Iterator[Reason]:
    """One controlled model can hide among many: each is asked about, unless each is known or a licence covers all."""
    names = named_models(case.line["model"])
    count = max(case.line["models_in_lot"] or 0, len(names))
    if count < 2 or not case.goods.rare or case.goods.is_assembly or covers(case):
        return
    if count == len(names) and (all(map(is_low_grade, names)) or _is_found_without(case)):
        return  # Nothing can hide among grades that need no heavy rare earth, or where a laboratory looked for it.
    known = [one for one in case.models if one.model is not None and one.model.shares]
    if len(known) < count:
        yield reason("models.many", count=count)
    elif all(one.model is not None and one.model.test_report for one in known):
        yield reason("models.each-known", count=count)


def _is_found_without(case: Case) -> bool:
    """Whether a laboratory looked in the goods for all elements of the band, and found none."""
    band, found = case.rules.parameter("trace-band"), case.line.assay
    if band is None or found is None:
        return False
    return all(found.shares.get(element) == 0 for element in band["elements"])


def untested(case: Case) -> Iterator[Reason]:
    """A test report is asked for of the models at risk that have none."""
    if not case.models or covers(case) or _is_found_without(case):
        return
    wanted = [
        one.name
        for one in case.models
        if risks(one, case) and not (one.model and one.model.test_report) and not _is_held(one)
    ]
    if wanted:
        yield reason("models.untested", models=", ".join(wanted))


def _is_held(one: ModelGoods) -> bool:
    return any(not need.is_trace for need in one.needs)


def differs(case: Case) -> Iterator[Reason]:
    """The one model of a line, registered with a listed element that the declared composition leaves out."""
    declared, bounds = case.line.composition, case.rules.parameter("desk-patterns")
    if len(case.models) != 1 or declared is None or bounds is None or case.models[0].model is None:
        return
    least = to_ppb(bounds["lots"]["omitted_pct"])
    listed = {item.element: item for item in case.rules.items if item.form in case.goods.forms}
    omitted = {
        element: share
        for element, share in case.models[0].model.shares.items()
        if element in listed and share >= least and not declared.shares.get(element)
    }
    if omitted:
        yield reason(
            "models.differs", law=[case.rules.cite(listed[element]) for element in omitted], model=case.models[0].name,
            elements=", ".join(f"{element} {percent(share)} %" for element, share in omitted.items()),
        )  # fmt: skip


RULES: tuple[Rule, ...] = (many_models, untested, differs)
