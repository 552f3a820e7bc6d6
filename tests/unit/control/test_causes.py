"""What a stranger's lines showed, cause by cause: other lines than his, what must stop and what must pass."""

from __future__ import annotations

import pytest
from tests.unit.control.conftest import CLEAN, Desk, Fields, codes

#: A line that says nothing of its goods yet, without a price that could be wrong.
BARE = CLEAN | {"composition": "", "value": "", "currency": "", "on": "2026-06-01"}


def found(composition: str, **other: str) -> Fields:
    return {"assay_composition": composition, **other}


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


@pytest.mark.parametrize(("line", "verdict"), [*((BARE | one, v) for one, v in HEADINGS)])
def test_what_must_stop_stops_and_what_must_pass_passes(line: Fields, verdict: str, desk: Desk) -> None:
    assert desk(line).verdict == verdict, codes(desk(line))
