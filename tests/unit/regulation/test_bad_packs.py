"""A law file that is not what it must be is refused by file, place and cure, in both languages; never with a trace."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from lodeline.regulation.document import PackError
from lodeline.regulation.parameter import load

PACKS = Path(__file__).parent / "packs"
SUSPENSION = (PACKS / "zz/edict-2/instrument.yaml").read_text("utf-8")
CITATION = "citation: {article: {en: page, zh: 页}}, evidence: text"


def toll(*values: str, more: str = "") -> str:
    """A law file with these values, each a line of YAML."""
    lines = "".join(f"  - {{{value}, {CITATION}}}\n" for value in values)
    return f"parameter: toll\nlabel: {{en: Toll, zh: 通行费}}\nvalues:\n{lines}{more}"


GOOD = toll("in_force_from: 2031-01-01, published: 2030-12-01, value: 3")
FIRST = "in_force_from: 2031-01-01, in_force_to: 2031-03-31, published: 2030-12-01, value: 3"
ITEM = "item: R-1, element: Nd, form: magnet, evidence: text, label: {en: magnet, zh: 磁体}"


def items(*rows: str) -> str:
    listed = ", ".join(f"{{{row}}}" for row in rows)
    return toll(f"in_force_from: 2031-01-01, published: 2030-12-01, value: [{listed}]").replace(
        "parameter: toll", "parameter: control-list"
    )


def control(*rows: str) -> tuple[str, str]:
    return "edict-1/control-list.yaml", items(*rows)


def deadline(value: str) -> tuple[str, str]:
    text = GOOD.replace("parameter: toll", "parameter: filing-deadline").replace("value: 3", f"value: {value}")
    return "almanac/filing-deadline.yaml", text


#: file within the pack, its text, what the message must name, what it must advise
BAD = {
    "a hole": (
        "almanac/toll.yaml", toll(FIRST, "in_force_from: 2031-05-01, published: 2030-12-01, value: 4"),
        "values[1]", "2031-04-01 to 2031-04-30 .* declare them under `holes`",
    ),
    "a hole behind an open value that had ended": (
        "almanac/toll.yaml",
        toll(
            "in_force_from: 2031-01-01, published: 2030-12-01, value: 3",
            "in_force_from: 2031-02-01, in_force_to: 2031-02-28, published: 2030-12-02, value: 4",
            "in_force_from: 2031-04-01, published: 2030-12-03, value: 5",
        ),
        "values[2]", "2031-03-01 to 2031-03-31",
    ),
    "a hole that is none": (
        "almanac/toll.yaml", GOOD + "holes: [{from: 2031-02-01, to: 2031-02-02, note: {en: a, zh: 甲}}]\n",
        "holes[0]", "remove it",
    ),
    "excused without a reason": ("almanac/toll.yaml", GOOD + "informs: people\n", "", "`reason` go together"),
    "a reason that excuses nothing": (
        "almanac/toll.yaml", GOOD + "reason: {en: practice, zh: 实务}\n", "", "`reason` go together",
    ),
    "excused in one language": (
        "almanac/toll.yaml", GOOD + "informs: people\nreason: {en: practice}\n", "reason", "lacks `zh`",
    ),
    "informs nobody": (
        "almanac/toll.yaml", GOOD + "informs: rules\nreason: {en: a, zh: 甲}\n", "informs", "write one of people",
    ),
    "an overlap": (
        "almanac/toll.yaml", toll(FIRST, "in_force_from: 2031-03-31, published: 2030-12-02, value: 4"),
        "values[1]", "in_force_to: 2031-03-30",
    ),
    "two values of one day, published together": (
        "almanac/toll.yaml",
        toll(FIRST, FIRST.replace("value: 3", "corrects: true, value: 4")),
        "values[1]", "overlaps",
    ),
    "an open value and a later one, published together": (
        "almanac/toll.yaml",
        toll(
            "in_force_from: 2031-01-01, published: 2030-12-01, value: 3",
            "in_force_from: 2031-02-01, published: 2030-12-01, value: 4",
        ),
        "values[1]", "in_force_to: 2031-01-31",
    ),
    "no citation": (
        "almanac/toll.yaml", GOOD.replace("citation: {article: {en: page, zh: 页}}, ", ""),
        "values[0]", "`citation`; add",
    ),
    "a citation of an instrument without folder": (
        "almanac/toll.yaml", GOOD.replace("citation: {", "citation: {instrument: edict-9, "),
        "values[0]", "edict-9",
    ),
    "evidence by hearsay": (
        "almanac/toll.yaml", GOOD.replace("evidence: text", "evidence: hearsay"),
        "values[0].evidence", "secondary",
    ),
    "a day in quotes": (
        "almanac/toll.yaml", GOOD.replace("2031-01-01", '"2031-01-01"'),
        "values[0].in_force_from", "without quotes",
    ),
    "an hour": (
        "almanac/toll.yaml", GOOD.replace("2031-01-01", "2031-01-01T10:00:00"),
        "values[0].in_force_from", "write it like",
    ),
    "a day that is none": (
        "almanac/toll.yaml", GOOD.replace("2031-01-01", "2031-02-30"),
        "toll.yaml", "correct it",
    ),
    "the last of all days": (
        "almanac/toll.yaml", GOOD.replace("published: ", "in_force_to: 9999-12-31, published: "),
        "values[0].in_force_to", "leave it out",
    ),
    "an end before the beginning": (
        "almanac/toll.yaml", GOOD.replace("published: ", "in_force_to: 2030-12-31, published: "),
        "values[0].in_force_to", "exchange",
    ),
    "a name that nothing reads": (
        "almanac/toll.yaml", GOOD.replace("in_force_from", "in_froce_from"),
        "values[0]", "`in_force_from`; add",
    ),
    "a superfluous name": ("almanac/toll.yaml", GOOD + "vaules: []\n", "toll.yaml", "vaules"),
    "neither a value nor unknown": (
        "almanac/toll.yaml", GOOD.replace(", value: 3", ""),
        "values[0]", "unknown: true",
    ),
    "a value and unknown": (
        "almanac/toll.yaml", GOOD.replace("value: 3", "value: 3, unknown: true"),
        "values[0]", "keep one",
    ),
    "unknown: maybe": (
        "almanac/toll.yaml", GOOD.replace("value: 3", "unknown: maybe"),
        "values[0].unknown", "true",
    ),
    "no values": (
        "almanac/toll.yaml", "parameter: toll\nlabel: {en: Toll, zh: 费}\nvalues: []\n",
        "values", "add one",
    ),
    "one language": ("almanac/toll.yaml", GOOD.replace(", zh: 通行费", ""), "label", "`zh`; add"),
    "no YAML": ("almanac/toll.yaml", GOOD + "  - [\n", "toll.yaml", "line 6"),
    "a name twice": (
        "almanac/toll.yaml", GOOD + "label: {en: Tax, zh: 税}\n",
        "toll.yaml", "line 5 .* stands twice",
    ),
    "an empty file": ("almanac/toll.yaml", "", "toll.yaml", "table"),
    "a list": ("almanac/toll.yaml", "- 1\n", "toll.yaml", "table"),
    "a parameter of another file": ("edict-1/toll.yaml", GOOD, "parameter", "as a second value into the first file"),
    "no instrument": ("edict-9/toll.yaml", GOOD.replace("toll", "fee"), "edict-9", "instrument.yaml"),
    "an instrument under another name": (
        "edict-1/instrument.yaml", SUSPENSION, "id", "write edict-1",
    ),
    "a suspension of nothing": (
        "edict-2/instrument.yaml", SUSPENSION.replace("[edict-1]", "[edict-9]"), "edict-2", "edict-9",
    ),
    "a suspension that ends and does not say what then": (
        "edict-2/instrument.yaml", SUSPENSION.replace("    afterwards: in-force\n", ""), "suspends[0]", "unknown",
    ),
    "a suspension that ends before it begins": (
        "edict-2/instrument.yaml", SUSPENSION.replace("to: 2031-09-30", "to: 2031-06-30"),
        "suspends[0].to", "exchange",
    ),
    "no such time zone": (
        "jurisdiction.yaml", "country: ZZ\nlabel: {en: a, zh: 甲}\ntimezone: Ruritania/Strelsau\n",
        "timezone", "Asia/Tokyo",
    ),
    "no element": (*control(ITEM.replace("Nd", "Xx")), "values[0].value[0].element", "Dy"),
    "goods of no element": (*control(ITEM.replace("element: Nd, ", "")), "values[0].value[0]", "`element`; add it"),
    "an element of technology": (
        *control(ITEM.replace("form: magnet", "form: technology")), "values[0].value[0].element", "leave",
    ),
    "barred or not": (*control(ITEM + ", barred: false"), "values[0].value[0].barred", "leave it out"),
    "a form that is none": (*control(ITEM.replace("magnet,", "lump,")), "values[0].value[0].form", "target"),
    "an item twice": (*control(ITEM, ITEM), "values[0].value[1]", "remove one"),
    "a list of nothing": (*control(), "values[0].value", "nothing"),
    "the 31st of every month": (
        *deadline('{day: 31, time: "12:00"}'), "values[0].value.day", "28",
    ),
    "an hour that is none": (
        *deadline('{day: 3, time: "noon"}'), "values[0].value.time", "00:00",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("file", "text", "place", "cure"), BAD.values(), ids=BAD.keys())
def test_a_bad_law_file_is_refused_by_place_and_cure(
    file: str, text: str, place: str, cure: str, tmp_path: Path
) -> None:
    shutil.copytree(PACKS / "zz", tmp_path / "zz")
    (tmp_path / "zz" / file).parent.mkdir(exist_ok=True)
    (tmp_path / "zz" / file).write_text(text, "utf-8")
    with pytest.raises(PackError) as refused:
        load("zz", tmp_path)
    assert refused.value.en.startswith(f"zz/{file}")
    assert place in refused.value.en
    assert re.search(cure, refused.value.en), refused.value.en
    assert place in refused.value.zh
    assert re.search(r"[\u4e00-\u9fff]", refused.value.zh)


def test_the_pack_that_is_broken_above_is_whole_by_itself(tmp_path: Path) -> None:
    shutil.copytree(PACKS / "zz", tmp_path / "zz")
    (tmp_path / "zz/almanac/toll.yaml").write_text(GOOD, "utf-8")
    assert load("zz", tmp_path).parameters["toll"].values[0].value == 3


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    shutil.copytree(PACKS / "zz", tmp_path / "zz")
    (tmp_path / "zz/almanac/toll.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(PackError, match=r"zz/almanac/toll\.yaml"):
        load("zz", tmp_path)
