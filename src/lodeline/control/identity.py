"""Rules on what the goods are said to be: cells that can be read, codes, words and compositions that agree."""

from __future__ import annotations

from collections.abc import Iterator

from lodeline.control.case import Case, Rule
from lodeline.control.declaration import columns
from lodeline.control.goods.goods import LISTABLE, agree, form_labels, label
from lodeline.control.goods.substance import is_in_host
from lodeline.control.reason import Reason, reason
from lodeline.language import text
from lodeline.material.element import RARE_EARTHS

#: What an officer would want to see; a line that lacks one is answered all the same.
_WANTED = (
    "on", "exporter", "destination", "end_user_name", "controlled_declared", "composition", "mass_kg", "value",
    "currency",
)  # fmt: skip
#: Columns in the order in which two that disagree are named, with what they are called.
_COLUMN_LABELS = {
    "product_name": text("the name"),
    "product": text("the product code"),
    "hs_code": text("the tariff code"),
    "composition": text("the composition"),
    "assay_composition": text("the laboratory"),
}


def unread_cells(case: Case) -> Iterator[Reason]:
    """A cell that cannot be read, or a needed one that is empty, leaves the line open: it is never released."""
    wrong = [one for one in case.line.problems if one.severity != "flag"]
    if wrong:
        unread = tuple(dict.fromkeys(one.where.column or "?" for one in wrong))
        yield reason("line.unread", fields=unread, columns=", ".join(unread), columns_zh=_chinese(unread))


def _chinese(names: tuple[str, ...]) -> str:
    """Columns as a Chinese reader knows them."""
    return "、".join(columns()[name].names_zh[0] if name in columns() else name for name in names)


def unclear_file(case: Case) -> Iterator[Reason]:
    """A file whose header or reading is in doubt puts every line of it in doubt."""
    if not case.is_file_clear:
        yield reason("line.file-unclear")


def not_stated(case: Case) -> Iterator[Reason]:
    """What a line does not say is said, for what it does not say was not checked."""
    if not case.goods.rare:
        return
    missing = tuple(column for column in _WANTED if column not in case.line.cells)
    if missing:
        yield reason("line.not-stated", fields=missing, columns=", ".join(missing), columns_zh=_chinese(missing))


def code_differs(case: Case) -> Iterator[Reason]:
    """The code of other magnets for a rare-earth magnet, or for rare earths a code that has nothing to do with them."""
    goods = case.goods
    if not case.rules.tariff:
        return
    described = {column: forms for column, forms in goods.stated.items() if column != "hs_code"}
    if goods.tariff is None:
        if goods.rare and goods.forms & set(LISTABLE) and not goods.is_assembly and case.line["hs_code"]:
            yield reason(
                "code.not-rare-earth", law=case.rules.cited("desk-tariff-codes"), fields=("hs_code", *described),
                hs_code=case.line["hs_code"], goods=goods.label["en"], goods_zh=goods.label["zh"],
            )  # fmt: skip
        return
    own = frozenset((*goods.tariff.forms, *goods.tariff.also))
    for column, forms in described.items():
        if "assembly" in forms or agree(own, forms):
            continue
        shown = label(forms)
        yield reason(
            "code.differs", law=case.rules.cited("desk-tariff-codes"), fields=("hs_code", column),
            hs_code=case.line["hs_code"], code_form=goods.tariff.label["en"], code_form_zh=goods.tariff.label["zh"],
            goods=shown["en"], goods_zh=shown["zh"],
        )  # fmt: skip
        return


def code_element_differs(case: Case) -> Iterator[Reason]:
    """A code that stands for one element, and a composition that does not state it."""
    goods = case.goods
    if goods.tariff and len(goods.tariff.elements) == 1 and goods.is_composition_stated:
        element = goods.tariff.elements[0]
        if not goods.shares.get(element):
            yield reason(
                "code.element-differs", law=case.rules.cited("desk-tariff-codes"), hs_code=case.line["hs_code"],
                element=element,
            )  # fmt: skip


def contradictory_description(case: Case) -> Iterator[Reason]:
    """Name, product code and composition that speak of different goods, as samarium-cobalt under the name of NdFeB."""
    columns = [column for column in _COLUMN_LABELS if column in case.goods.stated and column != "hs_code"]
    for place, first in enumerate(columns):
        for second in columns[place + 1 :]:
            one, other = case.goods.stated[first], case.goods.stated[second]
            if agree(one, other) or ("assembly" in one | other and second in ("composition", "assay_composition")):
                continue
            shown, against = label(one), label(other)
            yield reason(
                "goods.told-differently", fields=(first, second),
                first_column=_COLUMN_LABELS[first]["en"], first_column_zh=_COLUMN_LABELS[first]["zh"],
                second_column=_COLUMN_LABELS[second]["en"], second_column_zh=_COLUMN_LABELS[second]["zh"],
                first=shown["en"], first_zh=shown["zh"], second=against["en"], second_zh=against["zh"],
            )  # fmt: skip
            return


def samarium_in_ndfeb(case: Case) -> Iterator[Reason]:
    """Samarium, by name or share, in goods called NdFeB."""
    goods = case.goods
    if (
        "ndfeb" in goods.words.means
        and "smco" not in goods.words.means
        and (goods.shares.get("Sm") or "Sm" in goods.words.elements)
    ):
        shown = form_labels()["magnet-ndfeb"]
        yield reason("content.samarium-in-ndfeb", element="Sm", goods=shown["en"], goods_zh=shown["zh"])


def form_unclear(case: Case) -> Iterator[Reason]:
    """Rare earths without any form: nothing on a list can be compared with them."""
    goods, rules = case.goods, case.rules
    if not goods.rare or goods.forms or goods.is_assembly:
        return
    listed = {*rules.items_by_element, *rules.unknown_by_element}
    if (
        is_in_host(goods.shares, rules, of_oxides=True)
        and listed.isdisjoint({*goods.shares, *goods.named})
        and rules.items
    ):
        return  # light rare earths in a host of other elements are no item in any form
    yield reason("goods.unclear")


def waste_of_assemblies(case: Case) -> Iterator[Reason]:
    """Spent motors and disks are scrap that holds magnets, and no deeply processed goods: what is left is asked."""
    goods = case.goods
    if "waste" in goods.forms and "assembly" in goods.words.heads and not goods.is_composition_stated:
        yield reason("waste.holds-magnets")


def outside(case: Case) -> Iterator[Reason]:
    """Goods that speak of nothing rare: other goods altogether, or a magnet that is told to be of another material."""
    goods = case.goods
    if not case.line.is_read:
        return
    if "magnet-other" in goods.forms and not goods.forms & set(LISTABLE) and _is_other_magnet(case):
        yield reason("goods.other-magnet")
    elif not goods.rare and not goods.is_magnet and "magnet-other" not in goods.forms and not goods.is_assembly:
        # Metal, alloy, oxide: words of every trade, and here without a rare earth.
        yield reason("goods.not-rare-earth")


#: Heading of rotors and other parts of motors, which are little but their magnets.
_MOTOR_PARTS = "8503"


def magnet_of_unknown_material(case: Case) -> Iterator[Reason]:
    """A magnet without a composition may hold anything; so may an alloy, a mixture, a target and a rotor."""
    goods = case.goods
    if goods.is_composition_stated or goods.is_other:
        return
    if goods.is_assembly:
        if str(case.line["hs_code"] or "").startswith(_MOTOR_PARTS) and not goods.shares and not _is_other_magnet(case):
            yield reason("content.missing")
        return
    # One element that is named and is not listed needs no composition, and one that is listed is held by itself.
    is_single = len(goods.named) == 1 and not goods.is_magnet
    magnetic = goods.is_magnet or ("magnet-other" in goods.forms and not _is_other_magnet(case))
    is_open_magnet = magnetic and (goods.rare or not goods.shares)
    has_form = goods.forms & set(LISTABLE) or goods.forms & case.rules.raw_forms
    is_open_material = goods.rare and not magnetic and has_form and not is_single
    if is_open_magnet or is_open_material:
        yield reason("content.missing")


def _is_other_magnet(case: Case) -> bool:
    """Whether name, product code or composition, and not the tariff code alone, tell a magnet without rare earths."""
    goods = case.goods
    stated = bool(goods.shares) and not any(goods.shares.get(symbol) for symbol in RARE_EARTHS)
    return stated or "other-magnet" in goods.words.means or "magnet-other" in goods.stated.get("product", frozenset())


RULES: tuple[Rule, ...] = (
    unread_cells, unclear_file, outside, waste_of_assemblies, form_unclear, code_differs, code_element_differs,
    contradictory_description, samarium_in_ndfeb, magnet_of_unknown_material, not_stated,
)  # fmt: skip
