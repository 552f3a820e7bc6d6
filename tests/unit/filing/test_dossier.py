"""A dossier is read as it stands: lists, masses, countries and times; nothing outside it is touched."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from lodeline.filing.dossier import DossierError, read_dossier
from lodeline.ledger.register import TABLES

ORGANISATIONS = (
    "id,name_zh,name_en,aliases,country,roles,uscc,lei,valid_from,valid_to\n"
    "ACME,甲,Acme,Acme Co | 甲公司,CHN,miner|separator,,,2020-01-01,\n"
    "ROAD,路,Road,,Ruritania,,,,,\n"
)
SITES = "id,organisation,name,stage,capacity_kg_per_month\nPLANT,ACME,Plant,mine,1250.5\n"
INDEX = "sequence,organisation,period,path,filed_at,corrects\n"


@pytest.fixture
def dossier(tmp_path: Path) -> Path:
    for file, text in {
        "register/organisations.csv": ORGANISATIONS,
        "register/sites.csv": SITES,
        "filings/ACME/2025-06.csv": "event,kind\n",
        "filings/ACME/2025-06-2.csv": "event,kind\n",
        "filings/ACME/2025-05.xlsx": "",
        "filings/ROAD/2025-05.csv": "event,kind\n",
        "filings/ROAD/notes.csv": "",
        "truth.json": "not even JSON",
        "register/unknown.csv": "\0",
    }.items():
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_text(text, "utf-8")
    return tmp_path


def test_lists_masses_dates_and_countries(dossier: Path) -> None:
    found = read_dossier(dossier)
    assert found.problems == ()
    acme, road = found.register["organisations"].to_dicts()
    assert acme["aliases"] == ["Acme Co", "甲公司"]
    assert acme["roles"] == ["miner", "separator"]
    assert (acme["country"], acme["valid_from"], acme["valid_to"]) == ("CN", date(2020, 1, 1), None)
    assert (road["country"], road["roles"], road["lei"]) == ("Ruritania", [], None)
    assert found.register["sites"]["capacity_mg_per_month"].to_list() == [1_250_500_000]
    for name, frame in found.register.items():
        assert dict(frame.schema) == TABLES[name]


def test_unknown_roles_are_kept_and_reported(dossier: Path) -> None:
    text = ORGANISATIONS.replace("miner|separator", "miner|shaman") + "THREE,,,,,shaman|carrier,,,,\n"
    (dossier / "register/organisations.csv").write_text(text, "utf-8")
    found = read_dossier(dossier)
    assert found.register["organisations"]["roles"].to_list() == [["miner", "shaman"], [], ["shaman", "carrier"]]
    (one,) = found.problems
    assert (one.code, one.severity, dict(one.facts)) == ("role.unknown", "flag", {"value": "shaman", "count": 2})


def test_filings_without_an_index_run_by_period_then_organisation(dossier: Path) -> None:
    found = [(one.sequence, one.period, one.organisation, one.path.name) for one in read_dossier(dossier).filings]
    assert found == [
        (1, "2025-05", "ACME", "2025-05.xlsx"), (2, "2025-05", "ROAD", "2025-05.csv"),
        (3, "2025-06", "ACME", "2025-06.csv"), (4, "2025-06", "ACME", "2025-06-2.csv"),
    ]  # fmt: skip


def test_they_were_filed_at_noon_in_shanghai_on_the_fifth_day(dossier: Path) -> None:
    assert read_dossier(dossier).filings[0].filed_at == datetime(2025, 6, 5, 4, tzinfo=UTC)


def test_an_index_gives_order_times_and_corrections(dossier: Path) -> None:
    (dossier / "filings/index.csv").write_text(
        INDEX
        + "2,ACME,2025-06,filings/ACME/2025-06-2.csv,2025-07-09T10:00:00+08:00,filings/ACME/2025-06.csv\n"
        + "1,ACME,2025-06,ACME/2025-06.csv,2025-07-03T10:00:00,\n"
    )
    first, second = read_dossier(dossier).filings
    assert (first.path.name, first.corrects, first.filed_at) == (
        "2025-06.csv", None, datetime(2025, 7, 3, 2, tzinfo=UTC),
    )  # fmt: skip
    assert second.corrects == first.path


BAD_LINES = [
    ("1,ACME,2025-06,../../secret.csv,,\n", "path.outside", "path"),
    ("1,ACME,2025-06,/etc/hostname,,\n", "path.outside", "path"),
    ("1,ACME,2025-06,ACME/2025-06.csv,,../../x\n", "path.outside", "corrects"),
    ("1,ACME,2025-06,ACME/absent.csv,,\n", "file.not-found", "path"),
    ("1,ACME,2025-13,ACME/2025-06.csv,,\n", "period.malformed", "period"),
    ("one,ACME,2025-06,ACME/2025-06.csv,,\n", "number.invalid", "sequence"),
    ("1,ACME,2025-06,ACME/2025-06.csv,yesterday,\n", "date.invalid", "filed_at"),
    ("1,,2025-06,ACME/2025-06.csv,,\n", "cell.missing", "organisation"),
]


@pytest.mark.parametrize(("line", "code", "column"), BAD_LINES, ids=lambda value: str(value)[:30])
def test_a_bad_line_of_the_index_is_named(dossier: Path, line: str, code: str, column: str) -> None:
    (dossier / "filings/index.csv").write_text(INDEX + line + "2,ROAD,2025-05,ROAD/2025-05.csv,,\n")
    found = read_dossier(dossier)
    (one,) = found.problems
    assert (one.code, one.where.file, one.where.row, one.where.column) == (code, "filings/index.csv", 2, column)
    assert [filing.organisation for filing in found.filings] == ["ROAD"]


def test_a_path_through_a_link_out_of_the_dossier_is_refused(
    dossier: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    outside = tmp_path_factory.mktemp("outside") / "2025-06.csv"
    outside.write_text("event\n")
    (dossier / "filings/ACME/link.csv").symlink_to(outside)
    (dossier / "filings/index.csv").write_text(INDEX + "1,ACME,2025-06,ACME/link.csv,,\n")
    assert [one.code for one in read_dossier(dossier).problems] == ["path.outside"]


def test_bad_rows_of_the_register_are_named_and_left_out(dossier: Path) -> None:
    (dossier / "register/sites.csv").write_text(
        SITES + "S-2,ACME,x,mine,much\n,ACME,x,mine,\nS-4,,x,mine,\nS-5,ACME,x,mine,-\n"
    )
    found = read_dossier(dossier)
    assert found.register["sites"]["id"].to_list() == ["PLANT"]
    assert [(one.code, one.where.row, one.where.column) for one in found.problems] == [
        ("cell.missing", 4, "id"), ("cell.missing", 5, "organisation"),
        ("number.invalid", 3, "capacity_kg_per_month"), ("number.invalid", 6, "capacity_kg_per_month"),
    ]  # fmt: skip


def test_a_missing_register_names_the_file_and_the_cure(dossier: Path) -> None:
    (dossier / "register/sites.csv").unlink()
    with pytest.raises(DossierError, match=r"register/sites\.csv is missing; a dossier needs"):
        read_dossier(dossier)


def test_an_unreadable_register(dossier: Path) -> None:
    (dossier / "register/sites.csv").write_bytes("编号,organisation\n".encode("gbk"))
    with pytest.raises(DossierError, match=r"register/sites\.csv cannot be read: The file is not UTF-8"):
        read_dossier(dossier)
    with pytest.raises(DossierError, match="is no directory"):
        read_dossier(dossier / "nowhere")


def test_grants_are_read_in_milligrams(dossier: Path) -> None:
    (dossier / "grants").mkdir()
    (dossier / "grants/quotas.csv").write_text(
        "organisation,kind,ore_type,year,reo_kg,instrument\nACME,mining,light,2025,1000,Notice 1\n"
    )
    (dossier / "grants/licences.csv").write_text(
        "id,kind,exporter,end_users,mass_kg,elements,destination\nL-1,individual,ACME,A|B,250.5,Dy=120|Tb=8,DEU\n"
    )
    register = read_dossier(dossier).register
    assert register["quotas"].row(0) == ("ACME", "mining", "light", 2025, 10**9, "Notice 1")
    licence = register["licences"].row(0, named=True)
    assert (licence["end_users"], licence["mass_mg"], licence["elements"], licence["destination"]) == (
        ["A", "B"], 250_500_000, "Dy=120|Tb=8", "DE",
    )  # fmt: skip


LICENCES = (
    "id,kind,exporter,end_users,control_items,mass_kg,elements,valid_from,valid_to\n"
    "L1,general,ACME,Motors|Drives,1C905.a.4,100,Dy=4,2025-05-01,2026-04-30\n"
    "L2,general,ACME,Pumps,1C905.a.4,100,,2025-05-01,2026-04-30\n"
    "L3,general,ROAD,Motors,1C905.a.4,100,,2025-05-01,2026-04-30\n"
    "L4,general,ACME,Motors,1C905.a.4,50,,2026-05-01,2027-04-30\n"
    "L5,general,ACME,,,,,,\n"
)


def with_licences(dossier: Path, text: str) -> tuple[list[str], list[tuple[object, ...]]]:
    """The licences that are taken, and (code, severity, row, column) of what is said about the file."""
    (dossier / "grants").mkdir(exist_ok=True)
    (dossier / "grants/licences.csv").write_text(text, "utf-8")
    found = read_dossier(dossier)
    assert {one.where.file for one in found.problems} <= {"grants/licences.csv"}
    said: list[tuple[object, ...]] = [
        (one.code, one.severity, one.where.row, one.where.column) for one in found.problems
    ]
    return found.register["licences"]["id"].to_list(), said


def test_licences_of_another_trade_time_or_exporter_do_not_contradict(dossier: Path) -> None:
    assert with_licences(dossier, LICENCES) == (["L1", "L2", "L3", "L4", "L5"], [])
    # The very same row twice says nothing new.
    again = LICENCES + LICENCES.splitlines()[1] + "\n"
    assert with_licences(dossier, again)[1] == []


@pytest.mark.parametrize(
    ("row", "code", "column"),
    [
        ("L9,general,ACME,Valves,1C905.a.4,0,,2025-05-01,2026-04-30", "grant.mass-not-positive", "mass_kg"),
        ("L9,general,ACME,Valves,1C905.a.4,10,,2026-05-01,2025-04-30", "validity.reversed", "valid_to"),
        ("L9,general,ACME,Valves,1C905.a.4,10,Dx=1,2025-05-01,2026-04-30", "grant.element-unknown", "elements"),
        ("L9,general,ACME,Valves,1C905.a.4,10,Dy=11,2025-05-01,2026-04-30", "grant.element-exceeds-goods", "elements"),
        ("L2,general,ACME,Pumps,1C905.a.4,999,,2025-05-01,2026-04-30", "grant.exists-with-other-terms", "id"),
    ],
)
def test_a_licence_that_contradicts_itself_or_another_is_left_out_with_its_place(
    dossier: Path, row: str, code: str, column: str
) -> None:
    taken, said = with_licences(dossier, f"{LICENCES}{row}\n")
    assert (taken, said) == (["L1", "L2", "L3", "L4", "L5"], [(code, "reject", 7, column)])


def test_two_licences_for_one_trade_on_the_same_days_are_kept_and_flagged(dossier: Path) -> None:
    taken, said = with_licences(dossier, LICENCES + "L6,general,ACME,Drives,1C905.a.4,10,,2026-04-30,2026-12-31\n")
    assert (taken[-1], said) == ("L6", [("grant.overlaps", "flag", 7, "valid_from")])
    # The first was ended before the second began.
    acts = "id,licence,deed,on,holder,reason\nA1,L1,revoked,2026-04-01,,amended\n"
    (dossier / "grants/licence-acts.csv").write_text(acts, "utf-8")
    assert read_dossier(dossier).problems == ()
