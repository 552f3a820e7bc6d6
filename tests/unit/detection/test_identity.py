"""A cause that grows is one finding; ids of before lead to it; no two findings of one detector share an id."""

from __future__ import annotations

from typing import Any

import pytest
from tests.desk import organisation
from tests.findings import finding_in, findings_in
from tests.formerly import formerly
from tests.unit.detection.kit import look, months, register

from lodeline.detection.identity import alias, called, finding_id, named_in, nearest, same_matter

OXIDE = "product=oxide:ndpr composition=Nd=60"
SITE = {"organisation": "A", "site": "a"}


def row(detector: str, subject: dict[str, str], first: str, last: str, **more: Any) -> dict[str, Any]:
    made = {
        "id": finding_id(detector, subject, first), "detector": detector, "subject": subject, "since": first,
        "period": {"from": first, "to": last}, "evidence": [],
    }  # fmt: skip
    return {**made, **more}


PAIR = row("skimming", {"pair": "M>R"}, "2025-03", "2025-08")
SHELL = row(
    "shell-customer", {"organisation": "M", "customer": "U2"}, "2025-03", "2025-08",
    evidence=[{"shared": ["addr:x"], "customers": ["U1", "U2", "U3"]}],
)  # fmt: skip
GAIN = row("unexplained-gain", {**SITE, "count": "2025-03-14"}, "2025-03", "2025-04")


@pytest.mark.parametrize(
    ("now", "subject"),
    [
        (PAIR, {"shipper": "M", "receiver": "R"}),
        (SHELL, {"organisation": "M", "customers": "U1, U2, U3"}),
        (GAIN, SITE),
        (row("missing-filing", {"organisation": "A"}, "2025-03", "2025-08"), {"organisation": "A"}),
    ],
)
def test_the_id_of_before_is_an_alias(now: dict[str, Any], subject: dict[str, str]) -> None:
    old = formerly(now, subject=subject)
    assert alias(finding_in(now)) == old["id"] and old["id"] != now["id"]
    assert called(findings_in([PAIR, SHELL, GAIN, now]), old["id"]) == finding_in(now)
    assert called(findings_in([now]), now["id"]) == finding_in(now)
    assert called(findings_in([now]), "00" * 32) is None
    assert same_matter(finding_in(old), finding_in(now))


def test_what_grows_changes_no_id_and_what_is_another_cause_does() -> None:
    longer = row("skimming", {"pair": "M>R"}, "2025-03", "2026-02")
    assert longer["id"] == PAIR["id"]
    others = (
        row("skimming", {"pair": "M>R"}, "2025-04", "2025-08"), row("skimming", {"pair": "R>M"}, "2025-03", "2025-08"),
        row("composition-swap", {"pair": "M>R"}, "2025-03", "2025-08"),
    )  # fmt: skip
    assert len({PAIR["id"], *(one["id"] for one in others)}) == 4


def test_two_groups_of_customers_are_two_matters_and_one_that_grew_is_one() -> None:
    grown = [{"customers": ["U0", "U1", "U2", "U3"]}]
    assert same_matter(
        finding_in(SHELL), finding_in({**SHELL, "subject": {"organisation": "M", "customer": "U0"}, "evidence": grown})
    )
    apart = [{"customers": ["U7", "U8"]}]
    assert not same_matter(
        finding_in(SHELL), finding_in({**SHELL, "subject": {"organisation": "M", "customer": "U7"}, "evidence": apart})
    )


def test_a_kept_finding_goes_to_that_whose_months_hold_its_first_else_to_the_nearest() -> None:
    early, late = (
        finding_in(row("over-drawn-lot", SITE, *span)) for span in (("2025-01", "2025-03"), ("2025-06", "2025-09"))
    )
    for span, expected in (
        (("2025-02", "2025-07"), early), (("2025-07", "2025-07"), late), (("2025-05", "2025-06"), late),
        (("2025-04", "2025-05"), None), (("2024-11", "2025-07"), early),
    ):  # fmt: skip
        assert nearest(finding_in(row("over-drawn-lot", SITE, *span)), [late, early]) == expected, span
    assert nearest(early, []) is None


def test_of_a_pair_both_are_named_and_who_is_asked_comes_first() -> None:
    assert named_in({"pair": "M>R"}) == ("M", "R")
    assert named_in({"country": "TH", "organisation": "E"}) == ("E", "TH")


def test_a_customer_more_or_a_month_more_is_the_same_question_to_the_seller() -> None:
    road = ["addr:Ningbo Synthetic Road 7"]
    firms = [organisation(f"U{n}", roles="end-user", name_en=f"U{n} works", aliases=road) for n in (1, 2, 3)]
    june = [f"M O1 origin 1 m 1 1000 origin_kind=imported {OXIDE}", "M S2 shipment 2 m 1 80 party=U2",
            "M S3 shipment 3 m 1 80 party=U3"]  # fmt: skip
    rows = {"2025-06": june, "2025-07": ["M S1 shipment 2 m 1 80 party=U1"]}

    def found(known: dict[str, list[str]]) -> Any:
        lines = months(known)
        (one,) = look("shell-customer", lines, register=register(lines, organisations=firms))
        return one

    before, after = found({"2025-06": june}), found(rows)
    assert [one.evidence[0]["customers"] for one in (before, after)] == [["U2", "U3"], ["U1", "U2", "U3"]]
    assert before.id == after.id and before.mass_mg < after.mass_mg and before.last_period < after.last_period
