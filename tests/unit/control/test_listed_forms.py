"""A law that lists raw material, know-how and elements beyond the rare earths: what it stops, and what it lets go."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from tests.unit.control.conftest import Fields, codes, licences, verdict_on

from lodeline.control.desk import Verdict
from lodeline.control.goods.elements import elements_of
from lodeline.regulation.parameter import Jurisdiction, load

DAY = date(2032, 5, 1)
TESTED = {"item.barred", "item.list-not-held"}
#: The desk asks nothing of what this law does not name.
LINE: Fields = {
    "line": "1", "exporter": "ACME", "destination": "DE", "mass_kg": "100", "controlled_declared": "no",
    "hs_code": "999999",
}  # fmt: skip
ITEMS = """
      - {item: R-1, element: REE, form: ore, barred: true, evidence: text, label: {en: raw ore, zh: 稀土原矿}}
      - {item: R-2, element: REE, form: compound, unknown: true, evidence: text, label: {en: carbonate, zh: 碳酸稀土}}
      - {item: R-3, element: Nd, form: waste, evidence: text, label: {en: waste of neodymium, zh: 含钕废料}}
      - {item: T-1, form: technology, evidence: text, label: {en: making of magnets, zh: 磁材制造技术}}
      - {item: E-1, form: equipment, evidence: text, label: {en: furnaces, zh: 炉}}
      - {item: G-1, element: Ga, form: metal, evidence: text, label: {en: gallium, zh: 镓}}
      - {item: G-2, element: Ge, form: oxide, evidence: text, label: {en: germanium oxide, zh: 二氧化锗}}
"""


@pytest.fixture(scope="module")
def law(tmp_path_factory: pytest.TempPathFactory) -> Jurisdiction:
    folder = tmp_path_factory.mktemp("packs")
    (folder / "xx/act").mkdir(parents=True)
    (folder / "xx/jurisdiction.yaml").write_text("country: XX\nlabel: {en: X, zh: 某国}\ntimezone: UTC\n", "utf-8")
    (folder / "xx/act/instrument.yaml").write_text(
        "id: act\ntitle: {en: Act, zh: 法}\nissuer: {en: X, zh: 某国}\npublished: 2032-01-01\n"
        "source: {en: fiction, zh: 虚构}\nevidence: text\n", "utf-8",
    )  # fmt: skip
    (folder / "xx/act/control-list.yaml").write_text(
        "parameter: control-list\nlabel: {en: List, zh: 清单}\nvalues:\n  - in_force_from: 2032-01-01\n"
        "    published: 2032-01-01\n    citation: {article: page}\n    evidence: text\n    value:" + ITEMS, "utf-8",
    )  # fmt: skip
    return load("xx", folder)


def judged(law: Jurisdiction, line: Fields, **options: object) -> Verdict:
    return verdict_on(LINE | line, law=law, day=DAY, known=DAY, **options)[0]


@pytest.mark.parametrize(
    ("line", "verdict", "code"),
    [
        # Raw ore: by its name, by its product code, told apart by element or not.
        ({"product_name": "monazite concentrate"}, "hold", "item.barred"),
        ({"product_name": "离子型稀土精矿"}, "hold", "item.barred"),
        ({"product_name": "heavy sand", "product": "concentrate"}, "hold", "item.barred"),
        # Worked further it leaves, though the same elements are in it.
        ({"product_name": "neodymium oxide", "composition": "Nd2O3=99.5"}, "release", "item.none"),
        ({"product_name": "iron ore concentrate", "composition": "Fe=65"}, "release", "goods.not-rare-earth"),
        # Nobody knows whether the list reaches carbonates.
        ({"product_name": "rare earth carbonate", "composition": "TREO=45"}, "query", "item.state-unknown"),
        # Waste of one element.
        ({"product_name": "NdFeB scrap", "composition": "Nd=24;Fe=60"}, "hold", "item.no-licence"),
        ({"product_name": "rare earth scrap"}, "query", "content.missing"),
        ({"product_name": "SmCo scrap", "composition": "Sm=25;Co=50"}, "release", "item.none"),
        ({"product_name": "NdFeB magnets N45", "composition": "Nd=24;Fe=67"}, "release", "item.none"),
        # Know-how: words are asked about, a number that is stated is held.
        ({"product_name": "process parameters of sintered NdFeB magnets"}, "query", "listed.to-identify"),
        ({"product_name": "strip casting furnace"}, "query", "listed.to-identify"),
        ({"product_name": "strip casting furnace", "control_item": "E-1"}, "hold", "item.no-licence"),
        ({"product_name": "pizza furnace"}, "release", "goods.not-rare-earth"),
        # Elements beyond the rare earths, in the forms that the list gives.
        ({"product_name": "gallium metal 6N"}, "hold", "item.no-licence"),
        ({"product_name": "金属镓", "composition": "Ga=99.999"}, "hold", "item.no-licence"),
        ({"product_name": "germanium dioxide"}, "hold", "item.no-licence"),
        ({"product_name": "germanium metal ingot"}, "query", "item.form-not-listed"),
        ({"product_name": "gallium"}, "query", "goods.unclear"),
        ({"product_name": "gallium-free solder"}, "release", "goods.not-rare-earth"),
        # Magnets and steel hold a little of many elements, and are none of them.
        ({"product_name": "NdFeB magnets N45", "composition": "Nd=24;Fe=67;Ga=0.3"}, "release", "item.none"),
        ({"product_name": "aluminium alloy", "composition": "Al=99.9;Ga=0.02"}, "release", "item.none"),
    ],
)  # fmt: skip
def test_what_such_a_list_stops_and_what_it_lets_leave(
    law: Jurisdiction, line: Fields, verdict: str, code: str
) -> None:
    answer = judged(law, line)
    assert (answer.verdict, code in codes(answer)) == (verdict, True), codes(answer)


def test_no_licence_lets_what_is_barred_leave(law: Jurisdiction) -> None:
    held = {"control_items": ["R-1", "R-3"], "products": [], "elements": "", "valid_to": date(2033, 1, 1)}
    line = {"product_name": "monazite concentrate", "licence": "LIC-1", "end_user_name": "Example Motors GmbH"}
    answer = judged(law, line, licences=licences(**held))
    assert (answer.verdict, "item.barred" in codes(answer)) == ("hold", True)
    line |= {"product_name": "NdFeB scrap", "composition": "Nd=24;Fe=60"}
    assert "licence.covers" in codes(judged(law, line, licences=licences(**held)))


def test_each_element_of_barred_ore_is_told(law: Jurisdiction) -> None:
    answer = judged(law, {"product_name": "monazite concentrate", "composition": "Nd=10;Ce=20"})
    assert answer.case is not None
    told = [(one["element"], one["standing"], one["items"]) for one in elements_of(answer.case)]
    assert told == [("Ce", "controlled", ["R-1"]), ("Nd", "controlled", ["R-1"])]


def test_what_is_no_rare_earth_is_not_called_one(law: Jurisdiction) -> None:
    answer = judged(law, {"product_name": "gallium metal"})
    text = next(one.text("en") for one in answer.reasons if one.code == "item.no-licence")
    assert text.startswith("G-1 (Ga, metal) needs a licence")


def test_a_law_without_a_list_of_goods_cannot_tell_whether_rare_earths_may_leave(law: Jurisdiction) -> None:
    without = replace(law, parameters={})
    assert codes(judged(without, {"product_name": "NdFeB magnets N45", "composition": "Nd=24;Fe=67"})) == [
        "line.not-stated",
        "item.list-not-held",
    ]
    assert judged(without, {"product_name": "cotton socks"}).verdict == "release"
    assert "item.list-not-held" not in codes(judged(law, {"product_name": "NdFeB magnets N45"}))
