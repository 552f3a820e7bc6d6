"""The packs that come with the program, and the fictitious one, are sound: each test in their files holds."""

from __future__ import annotations

from pathlib import Path

import pytest

import lodeline
from lodeline.regulation.checking import files_in
from lodeline.regulation.pack import shipped_codes
from lodeline.service.law.checking import READ, check_files, check_folder

SHIPPED = Path(lodeline.__file__).parent / "data/regulations"
FOLDERS = [*(SHIPPED / code for code in shipped_codes()), Path(__file__).parent / "packs/zz"]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_pack_is_sound(folder: Path) -> None:
    checked = check_folder(folder)
    assert checked.faults == ()
    assert checked.law is not None
    assert checked.tests >= len(checked.law.parameters)


def test_what_no_rule_can_read_is_refused() -> None:
    files, _ = files_in(SHIPPED / "cn")
    band = files["trade-practice/trace-band.yaml"]
    files["trade-practice/trace-band.yaml"] = band.replace(b"share_ppb:", b"share:")
    assert files["trade-practice/trace-band.yaml"] != band
    checked = check_files("cn", files)
    assert checked.law is None
    assert any("rules of the program cannot read the law of" in one.en for one in checked.faults), checked.faults


def test_a_folder_that_is_none_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        check_folder(tmp_path / "nowhere")


def test_a_rule_names_what_it_reads() -> None:
    assert {"filing-deadline", "control-list", "fines", "listed-parties"} <= READ
