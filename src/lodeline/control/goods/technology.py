"""Rare-earth technology, equipment and process materials: what lists name that hold no element and no form.

Words alone identify nothing, so what they name is asked about. What the exporter states by its number, and ore, is held
without a licence while the list is in force. Where no text tells whether it is, the answer is a question that says so.
A control list may have items of the forms `technology` and `equipment` too: their numbers are held as those of goods.
"""

from __future__ import annotations

from collections.abc import Iterator

from lodeline.control.case import Case, Rule
from lodeline.control.goods.listed import kinds, kinds_of_form
from lodeline.control.reason import Reason, reason

#: Parameter → what else its rules rest on.
_LISTS = {
    "technology-list": ("assistance-abroad",),
    "equipment-list": ("declaration-wording",),
    "materials-list": ("declaration-wording",),
}

#: Form of a control list → the words of which list name it.
_WORDS = {"technology": "technology-list", "equipment": "equipment-list"}


def listed(case: Case) -> Iterator[Reason]:
    """Technology, equipment and materials that a list names, by their words, their number or, of ore, their form."""
    for name, others in _LISTS.items():
        if name not in case.rules.values and not case.rules.is_open(name):
            continue
        starts = _starts(case, name)
        certain = _certain(case, name, starts)
        items = certain or _named(case, name)
        if not items:
            continue
        law = (*case.rules.cited(name), *(one for other in others for one in case.rules.cited(other)))
        facts = {"items": ", ".join(items), "day": case.rules.day.isoformat()}
        if case.rules.is_open(name):
            yield reason("listed.state-unknown", law=law, rests_on=case.rules.open_rules(name), **facts)
        if name in case.rules.values and not _is_licensed(case, starts):
            yield reason("listed.no-licence" if certain else "listed.to-identify", law=law, **facts)
    if case.rules.know_how or case.rules.unknown_know_how:
        yield from _know_how(case)


def catalogue(case: Case) -> Iterator[Reason]:
    """Technology of making rare earths and magnets that the catalogue of technologies prohibits or restricts.

    What carries it, what it is about and that it teaches how to make something: where a name says all three, the law of
    the catalogue is known, and nothing is left to identify.
    """
    rows = {row["item"]: (row, cited) for row, cited in case.rules.rows("technology-catalogue")}
    about = _named(case, "technology-catalogue") if rows else ()
    if "making" not in about or not _named(case, "technology-list"):
        return
    row, cited = next((rows[one] for one in about if one in rows), (None, None))
    if row is None or cited is None or (row["measure"] == "restricted" and case.line["export_licence"]):
        return
    yield reason(
        f"technology.{row['measure']}", law=(cited,), technology=row["label"]["en"], technology_zh=row["label"]["zh"]
    )  # fmt: skip


def _know_how(case: Case) -> Iterator[Reason]:
    """Technology and equipment that a control list has as items, where the words of the goods name such things."""
    rules = case.rules
    for listed_items, code in (
        (rules.know_how, "listed.to-identify"),
        (rules.unknown_know_how, "listed.state-unknown"),
    ):
        for form, words in _WORDS.items() if listed_items else ():
            own = [item for item in listed_items if item.form == form]
            is_stated = any(need.item.form == form for need in case.needs)
            if own and not is_stated and _named(case, words):
                yield reason(
                    code, law=[rules.cite(item) for item in own], day=rules.day.isoformat(),
                    rests_on=(item.rule for item in own if listed_items is rules.unknown_know_how),
                    items=", ".join(dict.fromkeys(item.item for item in own)),
                )  # fmt: skip


def _named(case: Case, name: str) -> tuple[str, ...]:
    """What the name of the goods says of a list; that rare earths are meant, use and buyer can say too."""
    others = (case.line[column] for column in ("end_use", "consignee_name", "end_user_name"))
    return kinds(name, case.line["product_name"], context=" ; ".join(str(one) for one in others if one))


def _starts(case: Case, name: str) -> tuple[str, ...]:
    """How the numbers of a list begin, in force or open: 1E902 of 1E902.a."""
    values = (several.get(name) for several in (case.rules.values, case.rules.open_values))
    rows = (row for value in values if value is not None for row in value.value)
    return tuple(dict.fromkeys(str(row["item"]).partition(".")[0] for row in rows if "item" in row))


def _certain(case: Case, name: str, starts: tuple[str, ...]) -> tuple[str, ...]:
    """What needs no identification: a number that the exporter states, and goods that are an item by their form."""
    stated = str(case.line["control_item"] or "").replace("；", ";").replace("|", ";")
    numbers = [one.strip() for one in stated.split(";") if starts and one.strip().startswith(starts)]
    by_form = [kind for kind, form in kinds_of_form(name) if form in case.goods.forms and case.goods.rare]
    return tuple(dict.fromkeys([*numbers, *(kind for kind in by_form if kind.startswith(starts))]))


def _is_licensed(case: Case, starts: tuple[str, ...]) -> bool:
    return case.licence is not None and any(one.startswith(starts) for one in case.licence.control_items)


RULES: tuple[Rule, ...] = (listed, catalogue)
