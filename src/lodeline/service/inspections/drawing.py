"""Which items of a plan are measured, and the numbers of their bags: by lot, and so that anybody can draw again.

The seed is of the log's root before the plan, of site and day, and of a number used once that the paper keeps. Whoever
enters a plan chooses none of the items, but by entering plans until the draw suits him, and each of those stands in the
log.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from hashlib import sha256
from typing import Any, Final

import polars as pl

from lodeline.accountancy.verification.plan import Plan, StratumPlan, draw
from lodeline.accountancy.verification.strata import PLAN_ITEMS, Stratum

#: Whose part of a split sample a bag holds, in the order of a paper's `bags`.
PARTS: Final = ("authority", "firm", "reserve")
_LETTERS: Final = {"authority": "A", "firm": "F", "reserve": "R"}
#: Of a bag's number and of its check.
_CHARACTERS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def seed_of(root: str, site: str, on: date, nonce: str) -> str:
    """The seed of a plan (hex). `root`: of the log before its entry, hex; `nonce`: hex."""
    return sha256("\n".join((root, site, on.isoformat(), nonce)).encode()).hexdigest()


def drawn(items: Sequence[Mapping[str, Any]], plan: Plan, seed: str) -> dict[str, list[str]]:
    """Lot → what is done with it. `items` as a paper has them."""
    frame = pl.DataFrame(
        [
            {"name": one["lot"], "lot": one["number"], "place": one["place"], "stratum": one["stratum"],
             "product": one["product"], "method": one["method"], "dry_mg": one["dry_mg"]}
            for one in items
        ],
        schema={**PLAN_ITEMS, "stratum": pl.String()},
    )  # fmt: skip
    return dict(draw(frame, plan, seed).select("name", "do").iter_rows())


def bags(items: Sequence[Mapping[str, Any]], entry: int) -> list[list[str]]:
    """The bags of each item, in order: three of those that go to the laboratory, which are numbered as they stand.

    The number of the plan's entry is in them, so none stands twice in a log, whoever draws: `1348-07A` and a check
    character.
    """
    found, number = [], 0
    for one in items:
        sampled = "laboratory" in one["do"]
        number += sampled
        found.append([with_check(f"{entry}-{number:02d}{_LETTERS[part]}") for part in PARTS] if sampled else [])
    return found


def redrawn(paper: Mapping[str, Any], *, root: str, entry: int) -> list[str]:
    """What of a plan's paper is not as its seed gives it: `seed`, `do`, `bags`; nothing where all is.

    `root`: of the log before the plan's `entry`, hex.
    """
    wrong = []
    if seed_of(root, paper["site"], date.fromisoformat(paper["on"]), paper["nonce"]) != paper["seed"]:
        wrong.append("seed")
    again = drawn(paper["items"], _sizes_of(paper), paper["seed"])
    if any(one["do"] != again[one["lot"]] for one in paper["items"]):
        wrong.append("do")
    if [one["bags"] for one in paper["items"]] != bags(paper["items"], entry):
        wrong.append("bags")
    return wrong


def _sizes_of(paper: Mapping[str, Any]) -> Plan:
    """As much of the plan as a draw needs: how many of each stratum for each act."""
    strata = tuple(
        StratumPlan(
            stratum=Stratum(
                key=one["key"], place=one["place"], product=one["product"], method=one["method"], size=one["size"],
                items=one["items"], dry_mg=one["dry_mg"], mean_mg=one["mean_mg"], heaviest_mg=0,
                element_mg=one["element_mg"], heaviest_element_mg={},
            ),
            numbers=one["n"],
            detects=one["detects"],
        )
        for one in paper["strata"]
    )  # fmt: skip
    return Plan(
        strata=strata, budget=0, minutes=0, enough=False, needed_minutes=None, sights=(), worst=()
    )  # fmt: skip


def with_check(text: str) -> str:
    """The text and its check character; dashes count for nothing. Source: ISO/IEC 7064, MOD 37,36, whose check is one
    of the characters that a number is made of, so that a file or a scanner takes it like the others."""
    left = 36
    for character in text.replace("-", ""):
        place = _CHARACTERS.find(character)
        if place < 0:
            return ""
        left = ((left + place) % 36 or 36) * 2 % 37
    return text + _CHARACTERS[(37 - left) % 36]
