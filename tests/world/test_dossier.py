"""The dossier is the exchange format to the letter, and the same bytes for the same arguments."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from lodeline.world import build_world, write_world
from tests.world.reading import Dossier, table

HEADERS = {
    "register/organisations.csv": "id,name_zh,name_en,aliases,country,roles,uscc,lei,valid_from,valid_to",
    "register/sites.csv": "id,organisation,name,stage,region,lat,lon,capacity_kg_per_month,valid_from,valid_to",
    "register/methods.csv": "id,quantity,element,random_pct,systematic_pct,calibration",
    "register/models.csv": "id,organisation,product,grade,mass_per_piece_kg,composition,test_report,hs_code,"
    "control_item,valid_from,valid_to",
    "register/processes.csv": "id,stage,yield_low_pct,yield_high_pct,source",
    "grants/quotas.csv": "organisation,kind,ore_type,year,reo_kg,instrument",
    "grants/licences.csv": "id,kind,exporter,end_users,control_items,products,mass_kg,elements,destination,end_use,"
    "valid_from,valid_to",
    "filings/index.csv": "sequence,organisation,period,path,filed_at,corrects",
}
FILING_COLUMNS = {
    "event", "kind", "on", "site", "role", "lot", "product", "mass_kg", "mass_t", "mass_g", "moisture_pct",
    "composition", "composition_status", "basis", "method", "model", "pieces", "origin_kind", "origin_place", "owner",
    "counterparty", "counterparty_name", "counterparty_country", "to_site", "location", "reference", "document",
    "document_kind", "value", "currency", "declaration", "hs_code", "control_item", "licence", "destination",
    "end_user_name", "end_user_country", "end_use", "port", "run", "reason", "note",
}  # fmt: skip


def tree_hash(root: Path) -> str:
    """SHA-256 over the paths and bytes of a dossier and of its truth file."""
    digest = hashlib.sha256()
    for path in sorted(path for path in root.rglob("*") if path.is_file()):
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    digest.update(root.with_name(root.name + ".truth.json").read_bytes())
    return digest.hexdigest()


def test_same_arguments_give_the_same_bytes(small: Dossier, tmp_path: Path) -> None:
    world = build_world(seed=1, organisations=20, months=3)
    for name in ("first", "second"):
        write_world(world, tmp_path / name)
        assert tree_hash(tmp_path / name) == tree_hash(small.root)


@pytest.mark.medium
def test_the_order_of_sets_and_dicts_does_not_show(small: Dossier, tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from lodeline.world import build_world, write_world; "
        "write_world(build_world(seed=1, organisations=20, months=3), Path(sys.argv[1]))"
    )
    for salt in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": salt}
        subprocess.run([sys.executable, "-c", program, str(tmp_path / salt)], check=True, env=environment)
        assert tree_hash(tmp_path / salt) == tree_hash(small.root)


def test_another_seed_gives_another_world(small: Dossier, tmp_path: Path) -> None:
    write_world(build_world(seed=2, organisations=20, months=3), tmp_path / "other")
    assert tree_hash(tmp_path / "other") != tree_hash(small.root)


@pytest.mark.parametrize("path", sorted(HEADERS))
def test_headers_are_those_of_the_format(small: Dossier, path: str) -> None:
    assert (small.root / path).read_text("utf-8").split("\n", 1)[0] == HEADERS[path]


def test_filings_have_only_known_columns_and_no_column_twice(year: Dossier) -> None:
    for path in (year.root / "filings").glob("*/*.csv"):
        header = path.read_text("utf-8").split("\n", 1)[0].split(",")
        assert set(header) <= FILING_COLUMNS
        assert len(set(header)) == len(header)
        assert not {"mass_kg", "mass_t"} <= set(header)


def test_index_lists_every_file_once_in_the_order_of_filing(year: Dossier) -> None:
    paths = [entry["path"] for entry in year.index]
    on_disk = {path.relative_to(year.root).as_posix() for path in (year.root / "filings").glob("*/*.csv")}
    assert len(paths) == len(set(paths))
    assert set(paths) == on_disk
    assert [entry["sequence"] for entry in year.index] == [str(place + 1) for place in range(len(paths))]
    times = [datetime.fromisoformat(entry["filed_at"]) for entry in year.index]
    assert times == sorted(times)
    assert all(entry["filed_at"].endswith("+08:00") for entry in year.index)
    for entry in year.index:
        pattern = rf"filings/{entry['organisation']}/{entry['period']}(-\d+)?\.csv"
        assert re.fullmatch(pattern, entry["path"])
        assert not entry["corrects"] or paths.index(entry["corrects"]) < paths.index(entry["path"])


def test_each_firm_files_its_months_in_order(year: Dossier) -> None:
    last: dict[str, str] = {}
    for entry in year.index:
        assert last.get(entry["organisation"], "") <= entry["period"]
        last[entry["organisation"]] = entry["period"]


def test_every_stage_is_there_with_twenty_firms(small: Dossier) -> None:
    organisations = table(small.root / "register/organisations.csv")
    roles = {role for row in organisations for role in row["roles"].split("|")}
    assert roles >= {
        "miner", "importer", "separator", "smelter", "alloy-maker", "magnet-maker", "recycler", "trader", "exporter",
    }  # fmt: skip
    filers = {entry["organisation"] for entry in small.index}
    assert len(filers) == 20
    assert all(row["roles"] == "end-user" for row in organisations if row["id"] not in filers)
    stages = {row["stage"] for row in table(small.root / "register/sites.csv")}
    assert stages >= {"mine", "separation", "metal", "alloy", "magnet", "recycling", "trade"}


def test_register_refers_to_itself(year: Dossier) -> None:
    organisations = {row["id"] for row in table(year.root / "register/organisations.csv")}
    sites = table(year.root / "register/sites.csv")
    assert len({row["id"] for row in sites}) == len(sites)
    for name in ("register/sites.csv", "register/models.csv", "grants/quotas.csv"):
        assert {row["organisation"] for row in table(year.root / name)} <= organisations
    methods = [(row["id"], row["quantity"], row["element"]) for row in table(year.root / "register/methods.csv")]
    assert len(set(methods)) == len(methods)
    assert {quantity for _, quantity, _ in methods} == {"weighing", "sampling", "assay", "moisture"}


ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def test_social_credit_codes_carry_their_check_character_and_no_real_region(year: Dossier) -> None:
    codes = [row["uscc"] for row in table(year.root / "register/organisations.csv") if row["country"] == "CN"]
    assert len(set(codes)) == len(codes)
    for code in codes:
        # GB 32100: the weights are powers of 3 modulo 31, and the whole must vanish modulo 31.
        total = sum(ALPHABET.index(c) * pow(3, place, 31) for place, c in enumerate(code[:17]))
        assert (total + ALPHABET.index(code[17])) % 31 == 0
        assert code[2:4] == "99"
        # GB 11714: the organisation code inside has a check digit of its own.
        inner = sum(int(c) * w for c, w in zip(code[8:16], (3, 7, 9, 10, 5, 8, 4, 2), strict=True))
        assert (inner + (10 if code[16] == "X" else int(code[16]))) % 11 == 0


def test_lei_leaves_one_modulo_97(year: Dossier) -> None:
    codes = [row["lei"] for row in table(year.root / "register/organisations.csv") if row["lei"]]
    assert codes
    for code in codes:
        assert len(code) == 20
        assert int("".join(str(int(character, 36)) for character in code)) % 97 == 1


def test_names_are_marked_synthetic_and_never_given_twice(year: Dossier) -> None:
    rows = table(year.root / "register/organisations.csv")
    assert all(f"synthetic:{row['id']}" in row["aliases"].split("|") for row in rows)
    names = [row["name_zh"] or row["name_en"] for row in rows]
    assert len(set(names)) == len(names)
    assert "SYNTHETIC" in (year.root / "README.txt").read_text("utf-8")


def test_truth_says_that_nothing_was_planted(small: Dossier) -> None:
    assert small.truth["planted"] == []
    assert small.truth["synthetic"] is True
    assert small.truth["world"] == {"seed": 1, "organisations": 20, "months": 3, "start": "2025-01"}


def test_a_dossier_is_never_written_over_another(small: Dossier) -> None:
    before = tree_hash(small.root)
    with pytest.raises(FileExistsError):
        write_world(build_world(seed=3, organisations=20, months=1), small.root)
    assert tree_hash(small.root) == before


def test_progress_counts_firm_months(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    write_world(
        build_world(seed=3, organisations=20, months=2), tmp_path / "w", lambda done, of: seen.append((done, of))
    )
    assert seen == [(place, 40) for place in range(1, 41)]


@pytest.mark.parametrize(
    "build",
    [
        lambda: build_world(seed=-1, organisations=20, months=1),
        lambda: build_world(seed=1, organisations=19, months=1),
        lambda: build_world(seed=1, organisations=20, months=0),
        lambda: build_world(seed=1, organisations=20, months=1, start="2025-13"),
        lambda: build_world(seed=1, organisations=20, months=1, start="January"),
    ],
)
def test_impossible_worlds_are_refused(build: Callable[[], object]) -> None:
    with pytest.raises(ValueError):
        build()


def test_start_and_length_set_the_periods(tmp_path: Path) -> None:
    write_world(build_world(seed=3, organisations=20, months=3, start="2026-11"), tmp_path / "w")
    periods = {entry["period"] for entry in Dossier(tmp_path / "w").index}
    assert periods == {"2026-11", "2026-12", "2027-01"}


def test_rows_lie_in_their_period(year: Dossier) -> None:
    for row in year.standing():
        assert row["on"].startswith(row["period"])
        assert date.fromisoformat(row["on"]) < date.fromisoformat(row["period"] + "-01") + timedelta(days=31)


@pytest.mark.medium
def test_sizes_are_those_of_a_national_month(tmp_path: Path) -> None:
    write_world(build_world(seed=4, organisations=120, months=4), tmp_path / "w")
    dossier = Dossier(tmp_path / "w")
    rows = sum(len(rows) for _, rows in dossier.filings())
    # 60 000 to 120 000 rows a year for 120 firms.
    assert 20_000 < rows < 40_000


def test_truth_file_is_plain_json_with_addresses(year: Dossier) -> None:
    text = year.root.with_name(year.root.name + ".truth.json").read_text("utf-8")
    for deed in json.loads(text)["dirt"]:
        assert set(deed) == {"kind", "organisation", "period", "event", "facts"}
