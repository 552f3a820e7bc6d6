"""How far the law reaches beyond a plain export: zones and transit, re-export from abroad, materials to one country.

Column `movement`, the transport and the note say how the goods move. The lists apply to each of these movements as they
do to an export; what a re-export needs beyond that is the matter of `re-export-…`, and a question while nobody knows
whether it is in force.
"""

from __future__ import annotations

from collections.abc import Iterator

from lodeline.control.case import Case, Rule
from lodeline.control.ends import countries_of
from lodeline.control.goods.goods import LISTABLE
from lodeline.control.goods.listed import kinds
from lodeline.control.licences.licence import covers
from lodeline.control.reason import Reason, reason

#: The limbs on goods from abroad, and what else decides an application to re-export.
_LIMBS = ("re-export-origin", "re-export-value-share", "re-export-technology")
_REVIEW = ("re-export-review", "re-export-ownership-share")


def movements(case: Case) -> tuple[str, ...]:
    """How the goods move beside a plain export, as far as the line says so."""
    return kinds("zones", case.line["movement"], case.line["transport"], case.line["note"])


def is_within_the_country(case: Case) -> bool:
    """Whether the goods do not leave: their destination, end user and every country that is named are the law's own,
    and they are in no transit and no re-export."""
    return countries_of(case) == {case.rules.law.country} and {"transit", "re-export"}.isdisjoint(movements(case))


def zone(case: Case) -> Iterator[Reason]:
    """Bonded zones, transit and re-export are covered as an export is: nothing is released for being one."""
    moves = set(movements(case))
    rows = [row["label"] for row in case.rules.parameter("zones") or () if row["kind"] in moves]
    if rows and case.goods.rare:
        yield reason(
            "zone.covered", law=case.rules.cited("zones"), movement=", ".join(row["en"] for row in rows),
            movement_zh="、".join(row["zh"] for row in rows),
        )  # fmt: skip


def re_export(case: Case) -> Iterator[Reason]:
    """Magnets, metals, alloys, oxides and targets that are re-exported: what the law asks, or that nobody knows it."""
    goods, rules = case.goods, case.rules
    if "re-export" not in movements(case) or not goods.rare or not goods.forms & set(LISTABLE) or covers(case):
        return
    in_force = [name for name in _LIMBS if name in rules.values]
    unknown = [name for name in _LIMBS if rules.is_open(name)]
    asked = in_force or unknown
    if not asked:
        return
    labels = [rules.law.named(name)[0].label for name in asked]
    share = next((rules.parameter(name)["value_share_ppb"] for name in in_force if name == _LIMBS[1]), None)
    shown = f" ({share / 10_000_000:g} %)" if share else ""
    yield reason(
        "re-export.licence" if in_force else "re-export.state-unknown",
        law=[one for name in (*asked, *_REVIEW) for one in rules.cited(name)],
        rests_on=() if in_force else [one for name in unknown for one in rules.open_rules(name)],
        day=rules.day.isoformat(),
        rules="; ".join(one["en"] for one in labels) + shown, rules_zh="；".join(one["zh"] for one in labels) + shown,
    )  # fmt: skip


def compliance_notice(case: Case) -> Iterator[Reason]:
    """Control items need a final destination, and a notice that goes down the chain, where the law asks for it."""
    rules = case.rules
    if not case.needs or not ("compliance-notice" in rules.values or rules.is_open("compliance-notice")):
        return
    code = "notice.due" if case.line["destination"] else "notice.no-destination"
    is_open = "compliance-notice" not in rules.values and not case.line["destination"]
    cited = rules.cited("compliance-notice")
    title = dict(cited[0].title)
    yield reason(
        code, law=cited, day=rules.day.isoformat(), instrument=title["en"], instrument_zh=title["zh"],
        rests_on=rules.open_rules("compliance-notice") if is_open else (),
    )  # fmt: skip


def materials(case: Case) -> Iterator[Reason]:
    """Other dual-use materials to a country to which they are refused in principle, or may be."""
    rules = case.rules
    destination, materials_named = case.line["destination"], set(kinds("us-materials", case.line["product_name"]))
    for code, values in (("materials.refused", rules.values), ("materials.state-unknown", rules.open_values)):
        value = values.get("us-materials")
        met = [one for one in value.value if one["kind"] in materials_named] if value else []
        rows = [one["label"] for one in met if destination in one["countries"]]
        if value and rows:
            yield reason(
                code, law=map(rules.cite_value, value.parts or (value,)),
                rests_on=rules.open_rules("us-materials") if values is rules.open_values else (),
                materials="; ".join(row["en"] for row in rows), materials_zh="；".join(row["zh"] for row in rows),
                destination=destination, day=rules.day.isoformat(),
            )  # fmt: skip


RULES: tuple[Rule, ...] = (zone, re_export, compliance_notice, materials)
