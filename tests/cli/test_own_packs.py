"""A pack of one's own, as whoever writes law does it: exported, changed, checked, asked, proposed, published."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from tests.cli.program import CHINESE, Lodeline, write

import lodeline.data
from lodeline.regulation.pack import shipped

SHIPPED = Path(lodeline.data.__path__[0]) / "regulations"
NOTICE = """\
id: {id}
title: {{en: "Announcement {id}", zh: "{id}公告"}}
issuer: {{en: MOFCOM, zh: 商务部}}
published: 2026-02-01
source: {{en: made up, zh: 虚构}}
evidence: text
{more}"""
VALUES = """\
parameter: {name}
label: {{en: "{name} of a notice", zh: "公告规定"}}
values:
  - in_force_from: 2026-02-01
    published: 2026-02-01
    citation: {{article: {{en: article 1, zh: 第一条}}}}
    evidence: text
    value: {value}
tests:
  - {{on: 2026-03-01, known: 2026-03-01, expect: {{status: {status}}}}}
"""
HEADER = "line,on,product_name,hs_code,composition,mass_kg,destination,end_user_name,end_user_country,end_use"
MAGNETS = "NdFeB magnets N35SH,8505111000,Nd=24;Dy=4;Fe=70.9;B=1"
#: Dysprosium magnets to a country for its missiles.
MISSILES = "{line},2026-03-01," + MAGNETS + ",10,{country},Acme,{country},missiles"
OXIDE = "1,2026-03-01,neodymium oxide,2846901990,Nd2O3=99.5,5000,DE,Acme,DE,catalysts"
RUSSIA = "[{{kind: military-use, label: {{en: military uses, zh: 军事用途}}, countries: [RU], verdict: hold}}]"


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    """China's pack as somebody has copied it."""
    return Path(shutil.copytree(SHIPPED / "cn", tmp_path / "own/cn"))


@pytest.fixture
def lodeline_(tmp_path: Path) -> Lodeline:
    return Lodeline(database=str(tmp_path / "store.sqlite3"), snapshots=str(tmp_path / "snapshots"))


def state(
    pack: Path, name: str, value: str, *, of: str = "notice-99", status: str = "in-force", more: str = ""
) -> None:
    """Another instrument states a parameter, in a file that says nothing of any other."""
    (pack / of).mkdir(exist_ok=True)
    (pack / of / "instrument.yaml").write_text(NOTICE.format(id=of, more=more), "utf-8")
    (pack / of / f"{name}.yaml").write_text(VALUES.format(name=name, value=value, status=status), "utf-8")


def judged(program: Lodeline, folder: Path | str, tmp_path: Path, *lines: str, header: str = HEADER) -> list[Any]:
    answer = program("declare", write(tmp_path / "d.csv", header, *lines), "--pack", folder, "--json")
    lines_: list[Any] = answer.document["lines"]
    return lines_


def reasons(line: Any, *codes: str) -> list[Any]:
    return [one for one in line["reasons"] if one["code"] in codes]


def cited(line: Any, code: str) -> set[str]:
    return {law["instrument"] for one in reasons(line, code) for law in one["law"]}


@pytest.mark.medium
def test_a_second_instrument_adds_to_a_bar_and_takes_nothing_away(
    lodeline_: Lodeline, pack: Path, tmp_path: Path
) -> None:
    state(pack, "barred-end-use", RUSSIA.format())
    checked = lodeline_("law", "check", pack, "--json")
    assert (checked.status, checked.document["faults"], checked.document["altered"]) == (0, [], [])
    japan, russia = judged(
        lodeline_, pack, tmp_path, MISSILES.format(line=1, country="JP"), MISSILES.format(line=2, country="RU")
    )
    assert japan["verdict"] == russia["verdict"] == "hold"
    # Each is held by its own instrument, and cites no other bar.
    assert "notice-99" not in cited(japan, "parties.military-use")
    assert reasons(russia, "parties.military-use")[0]["law"][0]["instrument"] == "notice-99"


@pytest.mark.medium
def test_what_is_suspended_drops_out_of_what_several_state_and_what_nobody_knows_is_asked(
    lodeline_: Lodeline, pack: Path, tmp_path: Path
) -> None:
    state(pack, "us-materials", "[{kind: gallium, label: {en: gallium, zh: 镓}, countries: [KR]}]")
    gallium = "{line},2026-03-01,gallium metal,811292,Ga=99.9,10,{country},Acme,{country},research"
    lines = [gallium.format(line=1, country="US"), gallium.format(line=2, country="KR")]
    (united_states, korea) = judged(lodeline_, pack, tmp_path, *lines)
    # No. 46 is suspended in March 2026: its row is not there, and that of the notice is.
    assert not reasons(united_states, "materials.refused", "materials.state-unknown")
    assert cited(korea, "materials.refused") == {"notice-99"}
    # Nobody knows how it stands in December: its row asks, and the other still refuses.
    united_states, korea = judged(
        lodeline_, pack, tmp_path, *(one.replace("2026-03-01", "2026-12-01") for one in lines)
    )
    assert cited(united_states, "materials.state-unknown") == {"announcement-46-2024-2"}
    assert cited(korea, "materials.refused") == {"notice-99"}


def test_a_key_of_older_packs_switches_nothing_off(lodeline_: Lodeline, pack: Path, tmp_path: Path) -> None:
    before = judged(lodeline_, "cn", tmp_path, OXIDE)
    assert before[0]["verdict"] == "hold" and reasons(before[0], "permit.missing")
    for path in ("export-licence-catalogue/export-licence-goods", "desk/supervision-flags", "desk/tariff-codes",
                 "desk/bounds", "desk/prices"):  # fmt: skip
        file = pack / f"{path}.yaml"
        file.write_text(file.read_text("utf-8").replace("\nlabel:", "\nshared: true\nlabel:", 1), "utf-8")
    (line,) = judged(lodeline_, pack, tmp_path, OXIDE)
    assert (line["verdict"], line["reasons"]) == ("hold", before[0]["reasons"])


def test_a_second_statement_that_nothing_can_combine_is_refused_with_the_cure(lodeline_: Lodeline, pack: Path) -> None:
    state(pack, "export-licence-goods", "{headings: ['2846'], dual_use_instead: []}")
    first = pack / "export-licence-catalogue/export-licence-goods.yaml"
    second = pack / "notice-99/export-licence-goods.yaml"
    for file in (first, second):
        file.write_text(file.read_text("utf-8").replace("\nlabel:", "\nshared: true\nlabel:", 1), "utf-8")
    checked = lodeline_("law", "check", pack, "--json")
    (fault,) = checked.document["faults"]
    assert checked.status == 1
    assert fault["file"] == "cn/notice-99/export-licence-goods.yaml"
    assert "as a second value into the first file" in fault["en"] and CHINESE.search(fault["zh"])


@pytest.mark.medium
def test_the_strictest_of_several_holds(lodeline_: Lodeline, pack: Path) -> None:
    state(pack, "record-years", "{years_least: 8}")
    assert lodeline_("law", "check", pack).status == 0
    assert lodeline_("init", "--jurisdiction", pack).status == 0
    rows = [one for one in lodeline_("law", "--on", "2026-03-01", "--known", "2026-03-01", "--json").document["rows"]
            if one["parameter"] == "record-years"]  # fmt: skip
    assert {one["instrument"]: one["value"]["years_least"] for one in rows} == {
        "dual-use-regulations": 5,
        "notice-99": 8,
    }


def test_every_mistake_of_a_pack_is_told_at_once(lodeline_: Lodeline, pack: Path) -> None:
    head = pack / "jurisdiction.yaml"
    head.write_text(head.read_text("utf-8").replace("Asia/Shanghai", "Asia/Nowhere"), "utf-8")
    listed = pack / "announcement-18-2025/control-list.yaml"
    text = listed.read_text("utf-8").replace("element: Sm, form: alloy", "element: Xx, form: alloy", 1)
    listed.write_text(text.replace("element: Gd, form: metal", "element: Gd, form: lump", 1), "utf-8")
    suspends = pack / "announcement-70-2025/instrument.yaml"
    suspends.write_text(suspends.read_text("utf-8").replace("announcement-56-2025", "announcement-5-2025"), "utf-8")
    state(pack, "desk-rates", "{currency: USD, per_dollar: {}}")
    said = [one["en"] for one in lodeline_("law", "check", pack, "--json").document["faults"]]
    for told in ("is no time zone", "'Xx' is no element", "is 'lump'",
                 "names the instrument announcement-5-2025", "desk-rates is set in another file too"):  # fmt: skip
        assert any(told in one for one in said), (told, said)


@pytest.mark.medium
def test_an_old_value_that_changed_is_named(lodeline_: Lodeline, pack: Path, tmp_path: Path) -> None:
    assert lodeline_("init").status == 0
    file = pack / "announcement-18-2025/control-list.yaml"
    kept = [one for one in file.read_text("utf-8").splitlines() if "item: 1C905.a.4," not in one]
    file.write_text("\n".join(one for one in kept if "1C905.a.4" not in one) + "\n", "utf-8")
    for more in ((), ("--database", lodeline_.database)):
        checked = lodeline_("law", "check", pack, *more, "--json")
        found = [one for one in checked.document["altered"] if "1C905.a.4 Dy magnet-ndfeb" in one["rows_gone"]]
        assert found and {one["file"] for one in found} == {"cn/announcement-18-2025/control-list.yaml"}
        assert found[0]["in_force_from"] == "2025-04-04"
    said = lodeline_("law", "check", pack, "--database", lodeline_.database).out
    assert "1C905.a.4 Dy magnet-ndfeb" in said and "was published is not edited" in " ".join(said.split())
    # And the second officer is shown it, with the lines that come out otherwise though the ledger is empty.
    assert lodeline_("law", "propose", pack, "--by", "Ana", "--reason", "No. 99").status == 0
    seen = " ".join(lodeline_("law", "publish", "0").out.split())
    assert "1C905.a.4 Dy magnet-ndfeb" in seen and "control-list 1C905.a.4: HOLD → " in seen


@pytest.mark.medium
def test_an_empty_ledger_still_says_what_a_notice_changes(lodeline_: Lodeline, pack: Path) -> None:
    assert lodeline_("init").status == 0
    state(pack, "barred-end-use", RUSSIA.format().replace("RU", "DE"))
    assert lodeline_("law", "propose", pack, "--by", "Ana", "--reason", "No. 99").status == 0
    preview = lodeline_("law", "publish", "0", "--json").document["preview"]
    assert preview["declarations"] == {"judged": 0, "different": 0}
    assert preview["probes"]["judged"] > 100 and preview["probes"]["different"] >= 1
    said = " ".join(lodeline_("law", "publish", "0").out.split())
    assert "barred-end-use DE: HOLD → HOLD (+parties.military-use" in said


@pytest.mark.medium
def test_a_store_begins_with_a_folder_and_is_asked_by_it(lodeline_: Lodeline, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(SHIPPED / "my", tmp_path / "own/zz"))
    made = lodeline_("init", "--jurisdiction", folder, "--json")
    assert made.document["jurisdiction"] == "zz"
    assert not lodeline_("init", "--jurisdiction", folder, "--json").document["new"]
    ore = "1,2026-03-01,monazite concentrate,261220,,10,DE,Acme,DE,"
    answer = lodeline_("declare", write(tmp_path / "d.csv", HEADER, ore), "--json").document
    assert (answer["law"], answer["verdict"]) == ("zz", "hold")
    # Another law of the same country is proposed and not slipped in.
    file = folder / "desk/tariff-codes.yaml"
    file.write_text(file.read_text("utf-8") + "# changed\n", "utf-8")
    assert "law propose" in lodeline_("init", "--jurisdiction", folder).said
    assert lodeline_("law", "propose", folder, "--by", "Ana", "--reason", "notice 1").status == 0
    assert lodeline_("law", "publish", "0", "--by", "Bob").status == 0


def test_a_folder_with_faults_makes_no_store(lodeline_: Lodeline, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(SHIPPED / "my", tmp_path / "own/zz"))
    (folder / "desk/instrument.yaml").unlink()
    assert "desk" in lodeline_("init", "--jurisdiction", folder).said
    assert not Path(lodeline_.database).exists()
    assert "there is no pack" in lodeline_("init", "--jurisdiction", tmp_path / "nowhere").said


@pytest.mark.medium
def test_another_country_is_taken_by_a_store_in_which_nothing_is_filed(lodeline_: Lodeline, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(SHIPPED / "my", tmp_path / "own/my"))
    assert lodeline_("init").status == 0
    assert lodeline_("law", "propose", folder, "--by", "Ana", "--reason", "notice 1").status == 0
    assert lodeline_("law", "publish", "0", "--by", "Bob").status == 0
    assert lodeline_("law", "packs", "--json").document["jurisdiction"] == "my"
    assert lodeline_("verify").status == 0
    ore = write(tmp_path / "d.csv", HEADER, "1,2026-03-01,monazite concentrate,261220,,10,DE,Acme,DE,")
    assert lodeline_("declare", ore, "--log", "--json").document["verdict"] == "hold"
    # Now something is: the law of another country would judge what was filed under this one.
    back = lodeline_("law", "propose", SHIPPED / "cn", "--by", "Ana", "--reason", "notice 2")
    assert back.status == 2 and "make another for cn" in back.said


def test_the_packs_of_the_program_need_no_key_to_be_combined() -> None:
    for code in ("cn", "eu", "my"):
        assert not [path for path, text in shipped(code).files.items() if "\nshared:" in text], code
