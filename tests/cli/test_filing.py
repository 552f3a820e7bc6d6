"""Checking and filing a month from the command line: what is said, what is kept, what comes back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from tests.cli.program import CHINESE, ENVELOPE, HEADER, JUNE, JUNE_ROWS, ORIGIN, Lodeline, write

PROBLEM = {"code", "severity", "where", "facts", "message"}
RECEIPT = {"entry", "leaf_hash", "checkpoint", "inclusion", "filed_at", "flags"}
#: A right filing that is only late, names a lot that its maker has not filed, and a customer by one name.
FLAGS_OF_JUNE = ["lot.awaiting-maker", "party.named-once", "period.late"]


def codes(document: Any) -> list[str]:
    return sorted(problem["code"] for problem in document["problems"])


def log(lodeline: Lodeline) -> tuple[int, str]:
    """Size and root of a log that holds."""
    verdict = lodeline("verify", "--json").document
    assert verdict["ok"], verdict
    return verdict["size"], verdict["root"]


class TestCheck:
    """`check` tells everything and writes nothing."""

    def test_without_a_store_it_checks_what_needs_none(self, nowhere: Lodeline, june: Path) -> None:
        answer = nowhere("check", june)
        assert answer.status == 0
        assert f"{JUNE_ROWS} rows would be accepted" in answer.out
        assert "without a register" in answer.out
        assert nowhere("check", june, "--json").document == {"accepted": True, "problems": [], "receipt": None}
        assert not Path(nowhere.database).exists()

    def test_without_a_store_a_bad_cell_is_still_named(self, nowhere: Lodeline, tmp_path: Path) -> None:
        bad = write(tmp_path / "bad.csv", *JUNE.replace("M-1,magnet-ndfeb,410", "M-1,magnet-ndfeb,4l0").splitlines())
        answer = nowhere("check", bad, *ENVELOPE, "--json")
        assert answer.status == 1 and answer.document["accepted"] is False
        (problem,) = answer.document["problems"]
        assert set(problem) >= PROBLEM
        assert (problem["code"], problem["severity"], problem["facts"]) == (
            "number.invalid",
            "reject",
            {"value": "4l0"},
        )
        assert problem["where"] == {"file": str(bad), "sheet": None, "row": 4, "column": "mass_kg"}
        assert "4l0" in problem["message"]["en"] and CHINESE.search(problem["message"]["zh"])

    def test_a_store_that_knows_nobody_does_not_say_who_is_unknown(self, nowhere: Lodeline, june: Path) -> None:
        assert nowhere("init").status == 0
        answer = nowhere("check", june, *ENVELOPE)
        assert answer.status == 0 and "without a register" in answer.out

    def test_a_store_that_knows_the_firm_judges_sites_and_holdings(self, lodeline: Lodeline, tmp_path: Path) -> None:
        june = write(
            tmp_path / "june.csv",
            *JUNE.replace("C-1,stock,2025-06-30,PLANT,,SW", "C-2,stock,2025-06-30,PLANT-9,,SW").splitlines(),
            "S-2,shipment,2025-06-21,NORTH-1,,M-1,magnet-ndfeb,1,,客户,",
        )
        answer = lodeline("check", june, *ENVELOPE, "--json")
        assert answer.status == 1
        found = [(one["code"], one["where"]["row"], one["where"]["column"]) for one in answer.document["problems"]]
        assert ("site.unknown", 8, "site") in found and ("site.other-organisation", 9, "site") in found
        more = write(tmp_path / "more.csv", *JUNE.replace("magnet-ndfeb,400", "magnet-ndfeb,4000").splitlines())
        answer = lodeline("check", more, *ENVELOPE)
        assert answer.status == 1
        assert "more.csv:6:mass_kg mass.exceeds-holding" in answer.out and "410 kg are held" in answer.out

    def test_it_lists_what_filing_would_and_writes_nothing(self, lodeline: Lodeline, june: Path) -> None:
        before = log(lodeline)
        checked = lodeline("check", june, *ENVELOPE, "--json")
        assert checked.status == 0 and codes(checked.document) == FLAGS_OF_JUNE
        assert checked.document["receipt"] is None
        assert log(lodeline) == before
        assert codes(lodeline("file", june, *ENVELOPE, "--json").document) == FLAGS_OF_JUNE

    def test_all_problems_come_at_once_worst_first_in_the_readers_language(
        self, lodeline: Lodeline, tmp_path: Path
    ) -> None:
        bad = JUNE.replace("2025-06-02,PLANT", "2025-13-02,PLANT").replace("Nd=28;Dy=1.1;B=1", "Nd=128")
        path = write(tmp_path / "bad.csv", *bad.splitlines())
        english = lodeline("check", path, *ENVELOPE)
        chinese = lodeline("check", path, *ENVELOPE, language="zh")
        for answer, word, verdict in ((english, "rejected", "would not be accepted"), (chinese, "拒绝", "不会被受理")):
            assert answer.status == 1 and verdict in answer.out and word in answer.out
            # What the books say is known only of rows that can be read.
            assert ("The books come next" in answer.out) or ("其后核对账目" in answer.out)
            assert f"{path}:2:on date.invalid" in answer.out and f"{path}:5:composition composition." in answer.out
        assert CHINESE.search(chinese.out) and not CHINESE.search(english.out.replace("宁波电机有限公司", ""))

    def test_several_files_are_one_filing(self, lodeline: Lodeline, tmp_path: Path) -> None:
        header, *rows = JUNE.splitlines()
        first, second = write(tmp_path / "1.csv", header, *rows[:2]), write(tmp_path / "2.csv", header, *rows[2:])
        assert lodeline("check", second, *ENVELOPE).status == 1
        assert lodeline("check", first, second, *ENVELOPE).status == 0
        filed = lodeline("file", first, second, *ENVELOPE, "--json").document
        assert '"rows":7' in filed["receipt"]["envelope"]

    def test_an_unknown_firm_is_a_problem_of_the_filing(self, lodeline: Lodeline, june: Path) -> None:
        for command in ("check", "file"):
            answer = lodeline(command, june, "--organisation", "NOBODY", "--period", "2025-06", "--json")
            assert answer.status == 1 and "organisation.unknown" in codes(answer.document)

    def test_a_file_that_is_not_there(self, lodeline: Lodeline) -> None:
        for command in ("check", "file"):
            answer = lodeline(command, "none.csv", *ENVELOPE, "--json")
            assert answer.status == 1 and codes(answer.document) == ["file.not-found"]


class TestFile:
    """`file` keeps the whole filing or nothing of it."""

    def test_it_prints_the_receipt(self, lodeline: Lodeline, june: Path) -> None:
        size, _ = log(lodeline)
        answer = lodeline("file", june, *ENVELOPE, "--json")
        assert answer.status == 0
        receipt = answer.document["receipt"]
        assert answer.document["accepted"] is True and set(receipt) >= RECEIPT
        assert receipt["entry"] == size and log(lodeline)[0] == size + 1
        assert sorted(flag["code"] for flag in receipt["flags"]) == FLAGS_OF_JUNE

    @pytest.mark.parametrize(
        ("language", "words"),
        [("en", ("Filed as entry 1 (7 rows)", "period.late")), ("zh", ("已申报，条目 1", "截止"))],
    )
    def test_it_says_so_in_the_readers_language(
        self, lodeline: Lodeline, june: Path, language: str, words: tuple[str, ...]
    ) -> None:
        answer = lodeline("file", june, *ENVELOPE, language=language)
        assert answer.status == 0 and all(word in answer.out for word in words)

    def test_what_is_refused_leaves_no_trace(self, lodeline: Lodeline, tmp_path: Path) -> None:
        before = log(lodeline)
        bad = write(tmp_path / "bad.csv", *JUNE.replace(",410,", ",-410,").splitlines())
        answer = lodeline("file", bad, *ENVELOPE, "--json")
        assert answer.status == 1
        assert answer.document["accepted"] is False and answer.document["receipt"] is None
        assert "mass.negative" in codes(answer.document)
        assert "nothing was filed" in lodeline("file", bad, *ENVELOPE).out
        assert log(lodeline) == before

    def test_it_needs_a_firm_and_a_month(self, lodeline: Lodeline, june: Path) -> None:
        answer = lodeline("file", june, "--json")
        assert answer.status == 1 and codes(answer.document) == [
            "organisation.required",
            "party.named-once",
            "period.required",
        ]
        answer = lodeline("file", june, "--organisation", "ACME", "--period", "2025-6", "--json")
        assert answer.status == 1 and codes(answer.document) == ["party.named-once", "period.malformed"]

    def test_filed_again_it_is_the_same_entry(self, filed: Lodeline, june: Path) -> None:
        before = log(filed)
        again = filed("file", june, *ENVELOPE, "--json")
        assert again.status == 0 and again.document["accepted"] is True
        assert again.document["receipt"]["entry"] == 1
        assert again.document["receipt"] == json.loads(filed("receipt", 1).out)
        assert "filed before" in filed("file", june, *ENVELOPE).out
        assert log(filed) == before

    def test_the_same_rows_in_another_format_are_the_same_filing(self, filed: Lodeline, tmp_path: Path) -> None:
        header, *rows = (line.split(",") for line in JUNE.splitlines())
        document = {
            "organisation": "ACME", "period": "2025-06",
            "rows": [{name: cell for name, cell in zip(header, row, strict=True) if cell} for row in rows],
        }  # fmt: skip
        path = tmp_path / "june.json"
        path.write_text(json.dumps(document), "utf-8")
        assert filed("file", path, "--json").document["receipt"]["entry"] == 1

    def test_a_reason_confirms_what_looks_like_a_slip(self, lodeline: Lodeline, tmp_path: Path) -> None:
        lines = [f"{line},{'reason' if line.startswith('event') else ''}" for line in JUNE.splitlines()]
        more = [line.replace("magnet-ndfeb,400", "magnet-ndfeb,430") for line in lines]
        assert lodeline("file", write(tmp_path / "a.csv", *more), *ENVELOPE).status == 1
        confirmed = [line + "recount" if line.startswith("S-1") else line for line in more]
        answer = lodeline("file", write(tmp_path / "b.csv", *confirmed), *ENVELOPE, "--json")
        assert answer.status == 0
        flags = {flag["code"]: flag["severity"] for flag in answer.document["receipt"]["flags"]}
        assert flags["mass.exceeds-holding"] == "flag"

    def test_an_event_may_not_come_again_with_other_content(self, filed: Lodeline, tmp_path: Path) -> None:
        other = write(tmp_path / "other.csv", *JUNE.replace("magnet-ndfeb,400", "magnet-ndfeb,390").splitlines())
        answer = filed("file", other, *ENVELOPE, "--json")
        assert answer.status == 1
        assert {"event.exists", "event.exists-with-other-content"} <= set(codes(answer.document))

    def test_a_month_without_events_is_a_nil_return(self, lodeline: Lodeline, tmp_path: Path) -> None:
        nil = write(tmp_path / "nil.csv", HEADER)
        before = log(lodeline)
        for nothing in (nil, tmp_path / "month.xlsx"):
            if nothing.suffix == ".xlsx":
                assert lodeline("template", nothing).status == 0
            refused = lodeline("file", nothing, *ENVELOPE)
            assert refused.status == 2 and "--nil" in refused.said
            assert "--nil" in lodeline("check", nothing, *ENVELOPE).out
        assert log(lodeline) == before
        answer = lodeline("file", nil, *ENVELOPE, "--nil")
        assert answer.status == 0 and "(0 rows)" in answer.out
        assert log(lodeline)[0] == 2


class TestCorrection:
    """A correction names the filing it corrects, by its entry or by its file."""

    @pytest.fixture
    def correction(self, tmp_path: Path) -> Path:
        """390 kg were shipped, not 400, and nothing was counted."""
        header = JUNE.splitlines()[0]
        return write(
            tmp_path / "correction.csv", header, "S-1,shipment,2025-06-20,PLANT,,M-1,magnet-ndfeb,390,,客户,",
            "C-1,void,,,,,,,,,",
        )  # fmt: skip

    def shipped(self, lodeline: Lodeline) -> list[str]:
        rows = lodeline("transfers", "--json").document["rows"]
        return [row["shipped_kg"] for row in rows if row["shipment_event"] == "S-1"]

    @pytest.mark.parametrize("by", ["entry", "file"])
    def test_it_replaces_what_it_restates(self, filed: Lodeline, june: Path, correction: Path, by: str) -> None:
        named = june if by == "file" else "1"
        assert self.shipped(filed) == ["400"]
        assert filed("check", correction, *ENVELOPE, "--corrects", named).status == 0
        answer = filed("file", correction, *ENVELOPE, "--corrects", named, "--json")
        assert answer.status == 0 and answer.document["receipt"]["entry"] == 2
        assert self.shipped(filed) == ["390"]
        periods = filed("balance", "--site", "PLANT", "--element", "Nd", "--json").document["rows"]
        assert [row["physical_kg"] for row in periods] == [None]
        assert filed("verify").status == 0
        assert filed("file", correction, *ENVELOPE, "--corrects", named, "--json").document["receipt"]["entry"] == 2

    def test_json_may_name_it_in_its_envelope(self, filed: Lodeline, tmp_path: Path) -> None:
        document = {
            "organisation": "ACME", "period": "2025-06", "corrects": "1", "rows": [{"event": "S-1", "kind": "void"}],
        }  # fmt: skip
        path = tmp_path / "correction.json"
        path.write_text(json.dumps(document))
        assert filed("file", path).status == 0
        assert self.shipped(filed) == []

    @pytest.mark.parametrize("named", ["0", "77", "no-such-file.csv"])
    def test_what_it_corrects_must_be_a_filing_of_ones_own(self, filed: Lodeline, correction: Path, named: str) -> None:
        for command in ("check", "file"):
            answer = filed(command, correction, *ENVELOPE, "--corrects", named, "--json")
            assert answer.status == 1 and "correction.unknown-filing" in codes(answer.document)

    def test_an_original_withdraws_nothing(self, filed: Lodeline, correction: Path) -> None:
        answer = filed("file", correction, *ENVELOPE, "--json")
        assert answer.status == 1 and "void.not-a-correction" in codes(answer.document)


class TestTemplate:
    """A workbook to fill in, with Chinese headers, which is filed as it is."""

    def fill(self, path: Path) -> None:
        book = openpyxl.load_workbook(path)
        sheet = book.worksheets[0]
        places = {cell.value: place for place, cell in enumerate(sheet[1], 1)}
        header = ("事件编号", "事件类型", "日期", "场所", "批次", "产品", "净重千克", "成分", "来源类型", "来源地")
        for name, text in zip(header, ORIGIN.split(","), strict=True):
            sheet.cell(2, places[name], float(text) if name == "净重千克" else text)
        book.save(path)

    @pytest.mark.medium
    def test_it_is_filled_in_and_filed(self, lodeline: Lodeline, tmp_path: Path) -> None:
        path = tmp_path / "june.xlsx"
        assert lodeline("template", "--organisation", "ACME", path).status == 0
        book = openpyxl.load_workbook(path)
        choices = [str(rule.formula1) for rule in book.worksheets[0].data_validations.dataValidation]
        assert any("PLANT" in choice and "STORE" in choice and "NORTH-1" not in choice for choice in choices)
        assert lodeline("check", path, *ENVELOPE, "--json").document["accepted"] is True
        self.fill(path)
        answer = lodeline("file", path, *ENVELOPE, "--json")
        assert answer.status == 0 and '"rows":1' in answer.document["receipt"]["envelope"]
        assert codes(answer.document) == ["period.late", "quota.exceeded"]

    @pytest.mark.medium
    def test_it_needs_no_store_and_spares_a_workbook_that_is_there(self, nowhere: Lodeline, tmp_path: Path) -> None:
        path = tmp_path / "june.xlsx"
        assert nowhere("template", path).status == 0
        self.fill(path)
        before = path.read_bytes()
        again = nowhere("template", path)
        assert again.status == 2 and "june.xlsx" in again.said
        assert path.read_bytes() == before

    def test_an_unknown_firm_gets_none(self, lodeline: Lodeline, tmp_path: Path) -> None:
        answer = lodeline("template", "--organisation", "NOBODY", tmp_path / "x.xlsx")
        assert answer.status == 2 and "NOBODY" in answer.said
        assert not (tmp_path / "x.xlsx").exists()

    def test_a_place_that_cannot_be_written_is_said(self, nowhere: Lodeline, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("in the way")
        answer = nowhere("template", tmp_path / "file" / "x.xlsx")
        assert answer.status == 2 and str(tmp_path / "file") in answer.said
