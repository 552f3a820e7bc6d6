"""Why a name may be a party, and how a party is listed, as codes with facts and as sentences in both languages.

What a verdict needs beside the likeness is dated data, marked as assumed where nobody has measured it
(`data/party/thresholds.csv`); the words are `data/party/reasons.csv`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from functools import cache
from typing import Any, Final

from lodeline.language import Language
from lodeline.ledger.problem import shorten
from lodeline.party.likeness import Likeness
from lodeline.party.lists import Listing, Measure, Scope
from lodeline.party.ownership import Stake
from lodeline.party.tables import rows_of

#: Brands that sound alike from here on are said to; below, and not the same, they are different words.
_SOUNDS_ALIKE: Final = 0.8


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why, or why not; `code` is one of `data/party/reasons.csv`, `facts` are what its text quotes."""

    code: str
    facts: Mapping[str, str] = field(default_factory=dict)

    @property
    def speaks(self) -> str:
        """`for` or `against` its being the party; empty for what is neither."""
        return _reasons()[self.code]["speaks"]

    def text(self, language: Language) -> str:
        """The reason as a sentence; `x_zh` among the facts stands for `x` in Chinese where the two differ."""
        return _reasons()[self.code][f"text_{language}"].format_map(self.facts)

    def as_json(self) -> dict[str, Any]:
        """With the text in both languages."""
        return {
            "code": self.code,
            "speaks": self.speaks or None,
            "facts": dict(self.facts),
            "text": {"en": self.text("en"), "zh": self.text("zh")},
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class ListMatch:
    """That a party counts as listed on `list`: by `listing`, or by `share` (0 to 1) of those with that measure.

    `chains`: for each stake that counts, the stakes from a listed party down to it.
    """

    list: str
    listing: Listing | None = None
    share: Fraction | None = None
    chains: tuple[tuple[Stake, ...], ...] = ()
    measure: Measure = "barred"
    scope: Scope = "all-goods"
    unsure: bool = False


def threshold(name: str, day: date) -> float:
    """A value of `data/party/thresholds.csv` as it stood on the day, the oldest before all of them."""
    rows = sorted((row for row in _thresholds() if row["threshold"] == name), key=lambda row: row["since"])
    assert rows, f"{name} is no threshold"
    return float(([row for row in rows if row["since"] <= day.isoformat()] or rows[:1])[-1]["value"])


def kind_text(kind: str, language: Language) -> str:
    """A measure or a scope in words."""
    return _kinds()[kind][f"text_{language}"]


def explained_standing(standing: ListMatch) -> Reason:
    """That a party stands on a list by a listing of its own, with what that means for it."""
    one = standing.listing
    assert one is not None, "by shares is said by whoever knows the owners"
    since = one.since.isoformat() if one.since else "–"
    facts = {"list": standing.list, "since": since, "reason": shorten(one.reason or "–")}
    return Reason(code="listed", facts=facts | kind_facts(standing))


def kind_facts(standing: ListMatch) -> dict[str, str]:
    """Measure and scope in words, as the text of a reason quotes them."""
    scope = "unsure" if standing.unsure else standing.scope
    return {
        "measure": kind_text(standing.measure, "en"), "measure_zh": kind_text(standing.measure, "zh"),
        "scope": kind_text(scope, "en"), "scope_zh": kind_text(scope, "zh"),
    }  # fmt: skip


def explained(alike: Likeness) -> list[Reason]:
    """What makes two names alike or not, in words, what weighs most first."""
    a, b, features = alike.one, alike.other, alike.features
    brands = {"one": shorten(a.brand_han or a.brand), "other": shorten(b.brand_han or b.brand)}
    if a.text == b.text and a.text:
        return [Reason(code="written-same")]
    # Other brands are said by how they stand to each other.
    found = [Reason(code=veto, facts=brands) for veto in alike.vetoes if veto != "brand"]
    code = _brand(features, "syllable" in alike.vetoes)
    if code:
        found.append(Reason(code=code, facts=brands))
    if features["letters"] > 0 and code != "brand-same":
        found.append(Reason(code="letters-close"))
    for feature, code in (("place-same", "place-same"), ("industry-shared", "industry-same"),
                          ("industry-disjoint", "industry-differs"), ("function-one-sided", "function-differs"),
                          ("form-differs", "form-differs")):  # fmt: skip
        if features[feature] > 0:
            found.append(Reason(code=code))
    return found


def _brand(features: Mapping[str, float], another: bool) -> str | None:
    """How the brands stand to each other: the code of the reason."""
    if features["brand-same"]:
        return "brand-same"
    if features["abbreviation"] or features["initials"]:
        return "brand-short"
    if max(features["meaning"], features["meaning-by-sound"]) == 1.0:
        return "brand-translated"
    if features["transcribed-well"]:
        return "brand-transcribed"
    # Of what only chance may have made alike nothing is said.
    if features["meaning"] and features["meant"]:
        return "brand-partly-translated"
    if features["brand-part"]:
        return "brand-part"
    if features["brand-missing"]:
        return "brand-missing"
    if another or features["no-brand"]:
        return None
    return "brand-close" if features["brand-sound"] >= _SOUNDS_ALIKE else "brand-far"


@cache
def _thresholds() -> list[dict[str, str]]:
    return rows_of("thresholds.csv")


@cache
def _reasons() -> dict[str, dict[str, str]]:
    return {row["code"]: row for row in rows_of("reasons.csv")}


@cache
def _kinds() -> dict[str, dict[str, str]]:
    return {row["kind"]: row for row in rows_of("measures.csv")}
