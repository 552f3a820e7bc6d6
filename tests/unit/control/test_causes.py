"""What a stranger's lines showed, cause by cause: other lines than his, what must stop and what must pass."""

from __future__ import annotations

import pytest
from tests.unit.control.conftest import CLEAN, DYSPROSIUM, Desk, Fields, codes

#: A line that says nothing of its goods yet, without a price that could be wrong.
BARE = CLEAN | {"composition": "", "value": "", "currency": "", "on": "2026-06-01"}
ALUMINA = BARE | {"product_name": "alumina powder", "hs_code": "2818200000", "composition": "Al2O3=99.99"}
POWDER = BARE | {"product_name": "white powder", "hs_code": "3824999999"}
ALLOY = BARE | {"product_name": "magnesium alloy sheet", "hs_code": "8104902000"}
ALUMINIUM = BARE | {"product_name": "aluminium alloy", "hs_code": "7601200090"}
CERIUM = BARE | {"product_name": "cerium metal", "hs_code": "2805301590", "export_licence": "26-AA-100001"}
SENSOR = BARE | {"product_name": "传感器", "hs_code": "9031809090"}
MOTOR = BARE | {"product_name": "电机", "hs_code": "8501520000"}


def found(composition: str, **other: str) -> Fields:
    return {"assay_composition": composition, **other}


#: What a laboratory finds leaves no room for what was declared in its place.
LABORATORY = [
    (ALUMINA | found("Y2O3=99.9"), "hold"),
    (ALUMINA | {"product_name": "titania", "composition": "TiO2=99.5"} | found("Tb4O7=99.5"), "hold"),
    (ALUMINA | {"product_name": "氧化锆", "composition": "ZrO2=99.9"} | found("Sc2O3=99.9"), "hold"),
    (ALUMINA | {"product_name": "ferro-silicon", "composition": "Fe=25;Si=74"} | found("Dy=99.5"), "hold"),
    (ALUMINA | {"product_name": "copper granules", "composition": "Cu=99.9"} | found("Gd=99.8"), "hold"),
    (ALUMINA | found("Y2O3=4;Al2O3=95.5"), "query"),
    (ALUMINA | found("Al2O3=99.9"), "release"),
    (ALUMINA | {"product_name": "silica", "composition": "SiO2=99.9"} | found("SiO2=99.8;Al2O3=0.1"), "release"),
    # Of what it did not look for it says nothing, and a magnet's recipe is no finding about the motor.
    (DYSPROSIUM | found("Nd=24.1;Pr=6.0;Fe=68.9;B=0.98"), "hold"),
    (DYSPROSIUM | found("Nd=24.1;Pr=6.0;Fe=68.9;B=0.98;Dy=0;Tb=0"), "release"),
    (DYSPROSIUM | found("Fe=66"), "hold"),
    (
        MOTOR | {"product_name": "servo motor", "composition": "Fe=62;Cu=18;Al=12;Nd=1.9;Dy=0.1"}
        | found("Nd=25;Pr=5;Dy=4;Fe=64.7;B=1", assay_of="magnet"),
        "release",
    ),
]  # fmt: skip

#: Listed oxides "and their mixtures": half of the goods and more; names of what goes into glass are no glass.
MIXTURES = [
    (POWDER | {"product_name": "玻璃澄清剂"} | found("Gd2O3=62;SiO2=36.5"), "hold"),
    (POWDER | {"product_name": "glass decolouring agent"} | found("Y2O3=70;ZnO=29"), "hold"),
    (POWDER | {"product_name": "ceramic glaze additive"} | found("Tb4O7=55;Al2O3=44"), "hold"),
    (POWDER | {"product_name": "陶瓷色料"} | found("Dy2O3=58;SiO2=41"), "hold"),
    (POWDER | found("Lu2O3=51;Al2O3=48"), "hold"),
    (POWDER | {"composition": "Sm2O3=60;CaO=39"}, "hold"),
    (POWDER | found("Gd2O3=12;SiO2=87"), "query"),
    (POWDER | found("La2O3=60;SiO2=39"), "query"),  # rare earths of no form, and none that is listed
    (POWDER | {"product_name": "optical glass blank", "hs_code": "7014009000"} | found("Gd2O3=62;SiO2=36"), "query"),
    (POWDER | {"product_name": "陶瓷球", "hs_code": "6909120000", "composition": "ZrO2=94.5;Y2O3=5.2"}, "release"),
    (POWDER | {"product_name": "glass", "hs_code": "7014009000", "composition": "La2O3=40;SiO2=59"}, "release"),
    (POWDER | {"product_name": "polishing sludge", "hs_code": "3825690000"} | found("Y2O3=60;SiO2=38"), "query"),
    (POWDER | {"product_name": "玻璃着色剂", "composition": "CoO=30;SiO2=69"}, "release"),
]  # fmt: skip

#: An alloy that the list names by two metals, with less of the listed one than an alloy of that name has.
ALLOYS = [
    (ALLOY | {"composition": "Mg=93;Y=3.9;Nd=2.2;Gd=0.4;Zr=0.4"}, "query"),
    (ALLOY | {"composition": "Mg=93;Y=3.9;Nd=2.6;Zr=0.4"}, "query"),
    (ALLOY | {"composition": "Mg=95.9;Gd=0.9;Zn=2.8"}, "query"),
    (ALLOY | {"composition": "Mg=86.2;Gd=9.9;Y=3.1;Zr=0.4"}, "hold"),
    (ALLOY | {"composition": "Mg=97.5;Gd=2;Zn=0.4"}, "hold"),
    (ALLOY | {"product_name": "钆镁合金", "composition": "Mg=99.3;Gd=0.5"}, "hold"),
    (ALUMINIUM | {"composition": "Al=94.6;Mg=4.6;Sc=0.3"}, "query"),
    (ALUMINIUM | {"composition": "Al=97.7;Sc=2.1"}, "hold"),
    (ALUMINIUM | {"product_name": "铝钪中间合金", "composition": "Al=99.4;Sc=0.5"}, "hold"),
    (ALLOY | {"product_name": "FeCrAl alloy wire", "composition": "Fe=72;Cr=22;Al=5.3;Y=0.2"}, "query"),
    (ALLOY | {"composition": "Mg=96;Al=3;Zn=0.9"}, "release"),
    (ALLOY | {"composition": "Mg=93.5;Nd=2.8;Zn=0.5"}, "query"),  # the code is none of rare earths
]  # fmt: skip

#: Grains of cerium below 500 µm need a dual-use licence in place of the ordinary one.
GRAINS = [
    (CERIUM | {"hs_code": "2805301510"}, "hold"),
    (CERIUM | {"hs_code": "2805301510", "on": "2025-07-04"}, "hold"),
    (CERIUM | {"hs_code": "2805301510", "licence": "LIC-9"}, "query"),
    (CERIUM | {"product_name": "cerium metal -100 mesh"}, "query"),
    (CERIUM | {"product_name": "金属铈 35目"}, "query"),
    (CERIUM | {"product_name": "cerium metal 75-150 µm"}, "query"),
    (CERIUM | {"product_name": "cerium metal, grains < 500um"}, "query"),
    (CERIUM | {"product_name": "cerium metal powder"}, "query"),
    (CERIUM | {"note": "粒度0.1-0.3mm"}, "query"),
    (CERIUM | {"product_name": "LaCe metal powder", "hs_code": "2805302990", "composition": "La=35;Ce=64"}, "query"),
    (CERIUM, "release"),
    (CERIUM | {"product_name": "cerium metal ingots 500 g"}, "release"),
    (CERIUM | {"product_name": "cerium metal granules 2-8 mm"}, "release"),
    (CERIUM | {"product_name": "金属铈屑 8-20目"}, "release"),
    (CERIUM | {"product_name": "neodymium metal powder", "hs_code": "2805301100", "composition": "Nd=99.5"}, "release"),
    (CERIUM | {"product_name": "cerium oxide -325 mesh", "hs_code": "2846101000"}, "release"),
]  # fmt: skip

#: One word and a weight: of so much of it nobody can tell what it is.
NAMES = [
    (SENSOR | {"mass_kg": "1600", "value": "3500000", "currency": "USD"}, "query"),
    (SENSOR | {"product_name": "sensors", "mass_kg": "1900"}, "query"),
    (SENSOR | {"product_name": "headphones", "hs_code": "8518300000", "mass_kg": "1600"}, "query"),
    (SENSOR | {"product_name": "硬盘", "hs_code": "8471701000", "mass_kg": "1800"}, "query"),
    # A pallet of finished goods.
    (SENSOR | {"product_name": "硬盘", "hs_code": "8471701000", "mass_kg": "1300"}, "release"),
    (SENSOR | {"product_name": "parts", "hs_code": "8503009090", "mass_kg": "1700"}, "query"),
    (SENSOR | {"product_name": "零件", "hs_code": "8708999990", "mass_kg": "120", "transport": "courier"}, "query"),
    (SENSOR | {"mass_kg": "90", "transport": "快件"}, "query"),
    (MOTOR | {"mass_kg": "200", "transport": "DHL courier"}, "query"),
    (SENSOR | {"mass_kg": "2", "transport": "courier"}, "release"),
    (SENSOR | {"product_name": "parts", "hs_code": "8708999990", "mass_kg": "3"}, "release"),
    (SENSOR | {"product_name": "传感器 1200个", "mass_kg": "500"}, "release"),
    (SENSOR | {"mass_kg": "500", "note": "40 000 pcs in 50 cartons"}, "release"),
    (SENSOR | {"mass_kg": "500", "model": "KMZ-60"}, "release"),
    (SENSOR | {"product_name": "轮速传感器 汽车用", "mass_kg": "900"}, "release"),
    (SENSOR | {"product_name": "brake parts for cars", "hs_code": "8708309990", "mass_kg": "9000"}, "release"),
    (MOTOR | {"mass_kg": "12000"}, "release"),
]  # fmt: skip

#: Medicine, rubber and phosphors under the headings of theirs.
HEADINGS = [
    ({"product_name": "碳酸镧咀嚼片 750mg", "hs_code": "3004909099"}, "release"),
    ({"product_name": "Lanthanum carbonate chewable tablets", "hs_code": "3004909099"}, "release"),
    ({"product_name": "cerium nitrate ointment", "hs_code": "3004909099"}, "release"),
    ({"product_name": "钆双胺注射液", "hs_code": "3006300000"}, "release"),
    ({"product_name": "gadolinium chloride injection", "hs_code": "3004909099"}, "query"),
    ({"product_name": "chewable tablets", "hs_code": "3004909099", "composition": "Gd2O3=40"}, "query"),
    ({"product_name": "rubber sheet", "hs_code": "4008210000", "composition": "Gd2O3=60"}, "query"),
    ({"product_name": "dysprosium oxide tablets", "hs_code": "3004909099"}, "query"),
    ({"product_name": "yttrium oxide tablets", "hs_code": "2846901100"}, "hold"),
    ({"product_name": "lanthanum carbonate tablets", "hs_code": "3824999999"}, "query"),
    ({"product_name": "medicine tablets"} | {"hs_code": "3004909099"} | found("Dy2O3=99.5"), "hold"),
    ({"product_name": "钕系顺丁橡胶", "hs_code": "4002201000"}, "release"),
    ({"product_name": "neodymium butadiene rubber Nd-BR", "hs_code": "4002201000"}, "release"),
    ({"product_name": "gadolinium oxide rubber sheet", "hs_code": "4008210000"}, "query"),
    ({"product_name": "rubber", "hs_code": "4002201000"} | found("Sm=25;Co=50;Fe=16"), "hold"),
    ({"product_name": "neodymium rubber", "hs_code": "8505111000"}, "query"),
    # Words within other names.
    ({"product_name": "rubber boots", "hs_code": "6401921000"}, "release"),
    ({"product_name": "rubber accelerator", "hs_code": "3812100000"}, "release"),
    ({"product_name": "tablet with NdFeB magnets", "hs_code": "8471301000"}, "release"),
    ({"product_name": "microphone capsule", "hs_code": "8518100000"}, "release"),
    ({"product_name": "tablet", "hs_code": "8471301000", "composition": "Nd=25;Dy=4;Fe=69;B=1"}, "query"),
    ({"product_name": "rubber", "hs_code": "3812100000", "composition": "Dy2O3=99.5"}, "hold"),
    ({"product_name": "YAG:Ce 黄粉 荧光粉", "hs_code": "3206500000"}, "release"),
    ({"product_name": "LuAG:Ce green powder for LED", "hs_code": "3206500000"}, "release"),
    ({"product_name": "Nd:YAG rod, crystal", "hs_code": "9001909090"}, "release"),
    ({"product_name": "YAG:Ce phosphor", "hs_code": "3206500000"} | found("Y2O3=97;CeO2=2"), "hold"),
    ({"product_name": "YAG crystal boule", "hs_code": "3206500000"}, "query"),
]

MAGNET_RECIPE = "Nd=24.5;Pr=5.5;Dy=3;Fe=65.5;B=1"
#: Organic compounds, pastes, blanks, laminations, machines for magnets: what goods are, whatever stands beside.
MATERIALS = [
    ({"product_name": "terbium(III) isopropoxide", "hs_code": "2905199090"}, "hold"),
    ({"product_name": "异丙醇钇", "hs_code": "2905199090"}, "hold"),
    ({"product_name": "Tris(cyclopentadienyl)gadolinium", "hs_code": "2931900090"}, "hold"),
    ({"product_name": "Sm(acac)3", "hs_code": "2914190090"}, "hold"),
    ({"product_name": "三氟甲磺酸钪", "hs_code": "2904990090"}, "hold"),
    ({"product_name": "yttrium stearate", "hs_code": "3812399000"}, "hold"),
    ({"product_name": "aluminium isopropoxide", "hs_code": "2905199090"}, "release"),
    ({"product_name": "硬脂酸锌", "hs_code": "2915709000"}, "release"),
    ({"product_name": "tris buffer", "hs_code": "2922190090"}, "release"),
    ({"product_name": "钒酸钇晶体", "hs_code": "9001909090"}, "release"),
    ({"product_name": "terbium slurry for NdFeB", "hs_code": "3824999999"}, "hold"),
    ({"product_name": "NdFeB paste", "hs_code": "3824999999", "composition": MAGNET_RECIPE}, "hold"),
    ({"product_name": "锡膏 solder paste", "hs_code": "3810100000"}, "release"),
    ({"product_name": "N42SH毛坯", "hs_code": "7326909000"}, "query"),
    ({"product_name": "毛坯 N35", "hs_code": "3824999999"}, "query"),
    ({"product_name": "磁钢毛坯", "hs_code": "7326909000"}, "query"),
    ({"product_name": "铝合金轮毂毛坯", "hs_code": "7616991090"}, "release"),
    ({"product_name": "电磁阀体毛坯", "hs_code": "8481901000"}, "release"),
    ({"product_name": "铸件毛坯", "hs_code": "7325999000"} | found(MAGNET_RECIPE), "hold"),
    # Glass holds boron too, and it is no magnet.
    (
        {"product_name": "光学玻璃毛坯", "hs_code": "7014009000", "composition": "La2O3=38;B2O3=29;Y2O3=9;ZnO=23"},
        "release",
    ),
    ({"product_name": "光学玻璃毛坯", "hs_code": "7014009000"} | found("Nd=26;Dy=4;B=1;Fe=68"), "hold"),
    ({"product_name": "定子铁芯冲片 电工钢", "hs_code": "7225110000"}, "release"),
    ({"product_name": "stator laminations, silicon steel", "hs_code": "7226110000"}, "release"),
    ({"product_name": "motor lamination steel", "hs_code": "7225190000", "composition": MAGNET_RECIPE}, "hold"),
    ({"product_name": "motor", "hs_code": "7225190000"}, "query"),
    ({"product_name": "motor core lamination", "hs_code": "8505111000"}, "query"),
    ({"product_name": "磁钢 XGS160/96", "hs_code": "8505119000"}, "hold"),
    ({"product_name": "磁钢", "hs_code": "8505111000", "model": "YXG-28H"}, "hold"),
    ({"product_name": "稀土钴永磁体", "hs_code": "8505111000"}, "hold"),
    ({"product_name": "铝镍钴磁钢", "hs_code": "8505119000", "model": "LNG37"}, "release"),
    ({"product_name": "gear motor", "hs_code": "8501520000", "model": "YXG-28"}, "release"),
    ({"product_name": "hydraulic press for ferrite magnets", "hs_code": "8462620000"}, "release"),
    ({"product_name": "球磨 ball mill for NdFeB powder", "hs_code": "8474209000"}, "release"),
    ({"product_name": "烧结炉 for NdFeB", "hs_code": "8514110000", "on": "2026-11-20"}, "query"),
    ({"product_name": "jet mill for NdFeB powder", "hs_code": "8505111000"}, "query"),
    ({"product_name": "ball mill for NdFeB", "hs_code": "8474209000"} | found(MAGNET_RECIPE), "hold"),
    ({"product_name": "dumplings cooked by a vacuum oven", "hs_code": "1902200000"}, "release"),
    ({"product_name": "voice coil motors", "hs_code": "8525891900", "value": "200000", "currency": "USD"}, "release"),
    ({"product_name": "voice coil motors", "hs_code": "8525891900", "value": "400000", "currency": "USD"}, "query"),
    ({"product_name": "servo motors", "hs_code": "8501520000", "value": "200000", "currency": "USD"}, "query"),
    ({"product_name": "VCM", "hs_code": "8529904900"} | found("Tb=99.8"), "hold"),
]


@pytest.mark.parametrize(("line", "form"), [
    (ALUMINIUM | {"product_name": "scandium aluminium alloy ingot", "composition": "Al=97.9;Sc=2"}, {"alloy"}),
    (POWDER | {"product_name": "alloy additive"} | found("Tb=96;Fe=3"), {"metal"}),
    (POWDER | {"product_name": "alloy ingot", "composition": "Sc=96;Si=3.5"}, {"metal"}),
    (POWDER | {"product_name": "alloy ingot", "composition": "Tb=80;Fe=19.5"}, {"metal", "alloy"}),
    (ALUMINIUM | {"product_name": "gadolinium nickel alloy ingot", "composition": "Gd=80;Ni=19"}, {"metal", "alloy"}),
])  # fmt: skip
def test_an_ingot_of_a_listed_alloy_is_one_form(line: Fields, form: set[str], desk: Desk) -> None:
    verdict = desk(line)
    assert verdict.verdict == "hold" and verdict.case is not None
    assert verdict.case.goods.forms == form


@pytest.mark.parametrize(
    ("line", "verdict"),
    [*LABORATORY, *MIXTURES, *ALLOYS, *GRAINS, *NAMES, *((BARE | one, v) for one, v in [*HEADINGS, *MATERIALS])],
)
def test_what_must_stop_stops_and_what_must_pass_passes(line: Fields, verdict: str, desk: Desk) -> None:
    assert desk(line).verdict == verdict, codes(desk(line))
