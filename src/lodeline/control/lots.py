"""Rules on the lot that a line names: what is declared against what its own history says of it.

A lot that is not in the ledger because its month is not due yet is told apart from one that nobody has filed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, time
from zoneinfo import ZoneInfo

from lodeline.control.case import Case, Rule
from lodeline.control.goods.goods import agree, forms_of_product, label
from lodeline.control.goods.items import percent
from lodeline.control.reason import Citation, Reason, reason
from lodeline.control.record import LotRecord
from lodeline.control.rulebook import to_ppb
from lodeline.ledger.extension import due
from lodeline.material.element import TREO
from lodeline.material.mass import format_kg


def lot_on_record(case: Case) -> Iterator[Reason]:
    """Whether the ledger knows the lot; if it does, and nothing differs, that is said too."""
    name, records = case.line["lot"], case.records
    if not name or records is None:
        return
    if case.lot is None:
        due = _due(case)
        if due is not None and case.rules.known < due:
            yield reason(
                "history.not-due-yet", law=case.rules.cited("filing-deadline"), lot=name,
                period=f"{case.rules.day:%Y-%m}", due=due,
            )  # fmt: skip
        else:
            yield reason("history.lot-unknown", law=case.rules.cited("record-duty"), lot=name)
        return
    found = [one for rule in _AGAINST for one in rule(case, case.lot)]
    yield from found or [reason("history.agrees", lot=case.lot.name)]


def _due(case: Case) -> date | None:
    """The day from which a filing of the month of the declaration is late for the maker of the lot, whose id the lot's
    name begins with, else for the exporter; None where the law sets none."""
    assert case.records is not None, "only what is not on record is asked about"
    register, maker = case.records.register, str(case.line["lot"]).partition("/")[0]
    firm = maker if maker in register.roles else case.line["exporter"]
    moment = due(firm, f"{case.rules.day:%Y-%m}", case.rules.law, register)
    if moment is None:
        return None
    local = moment.astimezone(ZoneInfo(case.rules.law.timezone))
    return local.date() if local.time() == time() else date.fromordinal(local.toordinal() + 1)


def _product(case: Case, lot: LotRecord) -> Iterator[Reason]:
    """Metal in the ledger and magnets at the border, or the other way round."""
    filed = forms_of_product(lot.product)
    declared = case.goods.forms or (frozenset({"assembly"}) if case.goods.is_assembly else frozenset())
    if not filed or not declared or agree(filed, declared):
        return
    was = label(filed)
    yield reason(
        "history.product-differs", lot=lot.name, filed=was["en"], filed_zh=was["zh"], goods=case.goods.label["en"],
        goods_zh=case.goods.label["zh"],
    )  # fmt: skip


def _content(case: Case, lot: LotRecord) -> Iterator[Reason]:
    """Listed elements that the ledger has and the declaration leaves out; other shares that differ by much."""
    bounds, declared = case.rules.parameter("desk-patterns"), case.line.composition
    if bounds is None or declared is None or not lot.shares:
        return
    listed = _listed(case)
    omitted_ppb = to_ppb(bounds["lots"]["omitted_pct"])
    omitted = {
        element: share
        for element, share in lot.shares.items()
        if element in listed and share >= omitted_ppb and not declared.shares.get(element)
    }
    if omitted:
        yield reason("history.element-omitted", law=_cites(case, omitted), lot=lot.name, elements=_shown(omitted))
    apart = [
        f"{element} {percent(declared.shares[element])} / {percent(share)} %"
        for element, share in lot.shares.items()
        if element != TREO and element in declared.shares and _apart(declared.shares[element], share, bounds["lots"])
    ]
    if apart:
        yield reason("history.content-differs", lot=lot.name, differences="; ".join(apart))


def _restated(case: Case, lot: LotRecord) -> Iterator[Reason]:
    """A listed element that was filed once and taken out by a later filing of the same firm."""
    bounds, listed = case.rules.parameter("desk-patterns"), _listed(case)
    if bounds is None or not lot.shares:
        return
    least = to_ppb(bounds["lots"]["omitted_pct"])
    for version in lot.versions:
        gone = {
            element: share
            for element, share in version.shares.items()
            if element in listed and share >= least and not lot.shares.get(element)
        }
        if gone and not version.in_force:
            yield reason(
                "history.restated", law=_cites(case, gone), lot=lot.name, elements=_shown(gone), entry=version.entry
            )
            return


def _fed(case: Case, lot: LotRecord) -> Iterator[Reason]:
    """Listed elements that went into the lot, and are not in what is said of it: they do not vanish in a furnace."""
    bounds = case.rules.parameter("desk-patterns")
    if bounds is None or not case.goods.is_composition_stated:
        return
    least, listed = to_ppb(bounds["lots"]["fed_pct"]), _listed(case)
    fed = {
        element: share
        for element, share in lot.fed.items()
        if element in listed and share >= least and not case.goods.shares.get(element) and not lot.shares.get(element)
    }
    if fed:
        yield reason("history.fed-with", law=_cites(case, fed), lot=lot.name, elements=_shown(fed))


def _mass(case: Case, lot: LotRecord) -> Iterator[Reason]:
    """More of a lot than was made of it."""
    bounds, mass_mg = case.rules.parameter("desk-patterns"), case.line["mass_kg"]
    if bounds is None or not mass_mg or lot.made_mg is None:
        return
    if mass_mg > lot.made_mg * (1 + bounds["lots"]["mass_excess"]):
        yield reason(
            "history.mass-exceeds", lot=lot.name, declared_kg=format_kg(mass_mg), made_kg=format_kg(lot.made_mg)
        )  # fmt: skip


_AGAINST = (_product, _content, _restated, _fed, _mass)


def _listed(case: Case) -> frozenset[str]:
    """Elements that the list of the day names in a form of these goods, or of magnets where nothing tells the form."""
    return frozenset(item.element for item in case.rules.items)


def _cites(case: Case, elements: Mapping[str, int]) -> list[Citation]:
    """The items of these elements in the forms of the goods."""
    return [
        case.rules.cite(item)
        for item in case.rules.items
        if item.element in elements and item.form in (case.goods.forms or {item.form})
    ]


def _apart(one: int, other: int, bounds: Mapping[str, float]) -> bool:
    difference = abs(one - other)
    return difference > to_ppb(bounds["absolute_pct"]) and difference > bounds["relative"] * max(one, other)


def _shown(shares: Mapping[str, int]) -> str:
    return ", ".join(f"{element} {percent(share)} %" for element, share in shares.items())


def from_record(case: Case) -> Iterator[Reason]:
    """That the composition is not the declaration's own is said."""
    column = case.goods.share_fields[0]
    if column in ("lot", "model"):
        name = str(case.line[column])
        yield reason(
            "content.from-record", fields=(column,), record=f"the {column} {name}",
            record_zh=f"{'批次' if column == 'lot' else '型号'} {name} ",
        )  # fmt: skip


RULES: tuple[Rule, ...] = (from_record, lot_on_record)
