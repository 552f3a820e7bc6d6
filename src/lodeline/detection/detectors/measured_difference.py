"""What a firm declares to lie at a site is not what inspectors weighed and analysed there.

Loophole: books that are falsified on both sides close. Goods leave unfiled and go on being counted; fresh ore comes in
and is kept from the count. No balance of declarations sees it; a sample of the items, weighed by somebody else, does.
The difference between operator and inspector is extrapolated from the items that were drawn by lot to all of their
stratum, and tested with the errors of both sides together with the firm's own balance: one test of MUF and D, which
sees what either shows and what only both do.

Innocent: a label that was not renewed after a part was taken; the firm's scale or laboratory errs; the list was of
another day than the visit; goods lay elsewhere on the site.
Ask: what became of the items that were short; the firm's weighing of them; the split samples, at a third laboratory.
Evidence: by element what was declared and measured, D and MUF − D with their σ.
Source: Avenhaus & Canty, Compliance Quantified (1996); IAEA/SG/SCT/5, Statistical Concepts and Techniques for IAEA
Safeguards (1998).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import polars as pl

from lodeline.detection.alarm import ALARM_SCORE, HALF_WIDTH_95
from lodeline.detection.detector import Detector, plain
from lodeline.detection.finding import Finding, ranked
from lodeline.detection.need import Need
from lodeline.detection.null import score_of, upper_tail
from lodeline.language import Text, text
from lodeline.material.element import RARE_EARTHS, SYMBOLS, TREO
from lodeline.material.mass import format_kg
from lodeline.message import Count, Day, Fact, Key, Mass, Message, Number, Texts

INNOCENT: tuple[Text, ...] = (
    text("A label was not renewed after a part of the lot was taken."),
    text("The firm's scale or laboratory errs, or that of the authority."),
    text("The list handed over was of another day than the visit."),
    text("Goods lay elsewhere on the site and were not shown."),
)
ASK: tuple[Text, ...] = (
    text("What became of each item that was short, with its papers."),
    text("The firm's own weighing and assay of the items that were measured."),
    text("The split samples, for an assay by a third laboratory."),
)
TEXTS: Final = Texts(
    "measured-difference",
    {
        "less": text(
            "On {day} inspectors measured {items} of {population} items: of what was declared {mass} "
            "kg {element} was not there ({sigmas} σ)."
        ),
        "more": text(
            "On {day} inspectors measured {items} of {population} items: {mass} kg {element} more "
            "was there than was declared ({sigmas} σ)."
        ),
        "less-by-weight": text(
            "On {day} inspectors measured {items} of {population} items: counting and weighing alone "
            "show that {mass} kg {element} of what was declared was not there (±{half} in 19 cases "
            "of 20; {sigmas} σ)."
        ),
        "more-by-weight": text(
            "On {day} inspectors measured {items} of {population} items: counting and weighing alone "
            "show that {mass} kg {element} more was there than was declared (±{half} in 19 cases of "
            "20; {sigmas} σ)."
        ),
        "with-compositions": text(
            "With the compositions that were measured the difference is {mass} kg, less exactly (±{half})."
        ),
        "items-less": text(
            "On {day} {count} of {items} items that inspectors measured held less than was declared, "
            "each by itself: {mass} kg {element} less in all (up to {sigmas} σ). What others hold is "
            "not said by this."
        ),
        "items-more": text(
            "On {day} {count} of {items} items that inspectors measured held more than was declared, "
            "each by itself: {mass} kg {element} more in all (up to {sigmas} σ). What others hold is "
            "not said by this."
        ),
        "balance": text(
            "With the firm's own balance since {since}, {missing} kg are missing (±{half} in 19 cases of 20)."
        ),
        "surplus": text(
            "With the firm's own balance since {since}, there are {missing} kg too much (±{half} in 19 cases of 20)."
        ),
    },
)
_TESTED: Final = (*RARE_EARTHS, TREO)
#: Standard deviations that D must show beyond what MUF foretells; else the finding is that of the books.
_OWN: Final = 1.0
#: D by itself, MUF and D together, and each item by itself share the budget of a visit.
_TESTS: Final = 3
#: Standard deviations at which weighing alone is said to show something.
_BY_WEIGHT: Final = 2.0


def measured_difference(*, verified: pl.DataFrame, single: pl.DataFrame) -> list[Finding]:
    """One finding for each visit whose measurements show another mass than was declared, as `ranked`.

    Parameters: `verified`, `single` (accountancy.verification.frames). `mass_mg` is what D shows of the total oxide, or
    of the element that shows most where the total alarms not; `interval_mg` ± 1.96 σ. Where the masses alone show it
    better than D with its compositions, both are of the masses. Where D does not alarm and single items do, they are
    of these items alone.
    """
    tested = verified.filter((pl.col("state") == "compared") & (pl.col("sigma_d_mg") > 0) & pl.col("p").is_not_nan())
    visits = [[row for row in one.iter_rows(named=True) if row["element"] in _TESTED]
              for one in tested.partition_by("visit", maintain_order=True)]  # fmt: skip
    of_sums = [one for rows in visits for one in ranked(one for side in (1, -1) for one in _finding(rows, side))[:1]]
    found = {one.subject["visit"] for one in of_sums}
    items = single.filter(pl.col("element").is_in(list(_TESTED)) & pl.col("z").is_not_null())
    of_items = [
        one for rows in items.partition_by("visit", maintain_order=True) if str(rows["visit"][0]) not in found
        for one in ranked(one for side in (1, -1) for one in _of_items(rows, side))[:1]
    ]  # fmt: skip
    return ranked([*of_sums, *of_items])


def _finding(rows: list[dict[str, Any]], side: int) -> list[Finding]:
    """That of one visit and side (+1: less is there than declared), or none."""
    scored = [{**row, "score": _score(row, side, elements=len(rows))} for row in rows]
    alarms = [row for row in scored if row["score"] >= ALARM_SCORE]
    if not alarms:
        return []
    alarms.sort(key=lambda row: (row["element"] != TREO, row["d_mg"] * side, SYMBOLS.index(row["element"])))
    lead = alarms[0]
    part = "mass" if _by_weight(lead, side) else "d"
    return [
        _made(
            lead, score=max(row["score"] for row in alarms), mass_mg=-side * lead[f"{part}_mg"],
            sigma_mg=lead[f"sigma_{part}_mg"], elements={row["element"] for row in alarms},
            explanation=_explained(lead, side), evidence=tuple({"measured": _stated(row)} for row in alarms),
        )
    ]  # fmt: skip


def _of_items(rows: pl.DataFrame, side: int) -> list[Finding]:
    """Of the items of a visit that are each by itself not as declared, on one side; none where there is none."""
    scored = [
        {**row, "score": score_of(2 * upper_tail(abs(row["z"])), tests=_TESTS * rows.height)}
        for row in rows.filter(side * pl.col("z") > 0).iter_rows(named=True)
    ]
    alarms = [row for row in scored if row["score"] >= ALARM_SCORE]
    if not alarms:
        return []
    sums: dict[str, list[dict[str, Any]]] = {}
    for row in alarms:
        sums.setdefault(row["element"], []).append(row)

    def mass_mg(element: str) -> int:
        return sum(abs(row["difference_mg"]) for row in sums[element])

    element = TREO if TREO in sums else max(sums, key=lambda one: (mass_mg(one), one))
    lead = sums[element]
    facts: dict[str, Fact] = {
        "day": Day(lead[0]["on"].isoformat()), "items": Count(rows["item"].n_unique()), "count": Count(len(lead)),
        "mass": Mass(mass_mg(element)), "element": Key(element),
        "sigmas": Number(max(abs(row["z"]) for row in lead), 1),
    }  # fmt: skip
    return [
        _made(
            lead[0], score=max(row["score"] for row in alarms), mass_mg=mass_mg(element),
            sigma_mg=sum(row["sigma_mg"] ** 2 for row in lead) ** 0.5, elements=set(sums),
            explanation=(TEXTS.message("items-less" if side > 0 else "items-more", **facts),),
            evidence=tuple(
                {"measured": {"visit": row["visit"], "on": row["on"].isoformat(), "element": row["element"],
                              "declared_kg": format_kg(row["operator_mg"]), "found_kg": format_kg(row["inspector_mg"]),
                              "sigma_kg": format_kg(round(row["sigma_mg"])), "z": round(row["z"], 6)}}
                for row in lead
            ),
        )
    ]  # fmt: skip


def _made(
    lead: Mapping[str, Any], *, score: float, mass_mg: int, sigma_mg: float, elements: set[str],
    explanation: tuple[Message, ...], evidence: tuple[Mapping[str, Any], ...],
) -> Finding:  # fmt: skip
    month, half_mg = f"{lead['on']:%Y-%m}", round(HALF_WIDTH_95 * sigma_mg)
    return Finding(
        detector=DETECTOR.name,
        subject={"organisation": lead["organisation"], "site": lead["site"], "visit": str(lead["visit"])},
        first_period=month, last_period=month, score=score, mass_mg=max(0, mass_mg),
        interval_mg=(mass_mg - half_mg, mass_mg + half_mg),
        elements=tuple(symbol for symbol in SYMBOLS if symbol in elements),
        explanation=explanation,
        innocent=INNOCENT, ask=ASK,
        evidence=evidence,
    )  # fmt: skip


def _score(row: Mapping[str, Any], side: int, *, elements: int) -> float:
    """Of what D says of its own, or of MUF and D together (`verification.joint`) where D adds to what MUF shows.

    All elements of a visit are one test.
    """
    if row["own_z"] is None or side * row["own_z"] < _OWN:
        return 0.0
    muf = abs(row["muf_mg"]) / row["sigma_muf_mg"] if row["sigma_muf_mg"] else 0.0
    alone = 2 * upper_tail(abs(row["own_z"]))
    return score_of(min(alone, row["p"]) if row["p"] < 2 * upper_tail(muf) else alone, tests=_TESTS * elements)


def _by_weight(row: Mapping[str, Any], side: int) -> bool:
    """Whether the masses alone show that side, and better than D with the compositions."""
    if row["mass_z"] is None or side * row["mass_z"] < _BY_WEIGHT or row["mass_mg"] == row["d_mg"]:
        return False
    over, with_compositions = -side * row["mass_mg"], -side * row["d_mg"]
    return bool(over > 0 and over * row["sigma_d_mg"] > with_compositions * row["sigma_mass_mg"])


def _explained(row: Mapping[str, Any], side: int) -> tuple[Message, ...]:
    name = "less" if side > 0 else "more"
    facts: dict[str, Any] = {
        "day": Day(row["on"].isoformat()), "items": Count(row["items"]), "population": Count(row["population"]),
        "element": Key(row["element"]), "sigmas": Number(abs(row["own_z"]), 1),
    }  # fmt: skip
    said = [TEXTS.message(name, mass=Mass(round(-side * row["d_mg"])), **facts)]
    if _by_weight(row, side):
        masses, all_of_it = (Mass(round(HALF_WIDTH_95 * row[f"sigma_{part}_mg"])) for part in ("mass", "d"))
        said = [
            TEXTS.message(f"{name}-by-weight", mass=Mass(-side * row["mass_mg"]), half=masses, **facts),
            TEXTS.message("with-compositions", mass=Mass(-side * row["d_mg"]), half=all_of_it),
        ]
    if row["since"] is None or not row["muf_mg"]:
        return tuple(said)
    missing = row["verified_mg"]
    balance = TEXTS.message(
        "balance" if missing >= 0 else "surplus",
        since=Day(row["since"].isoformat()),
        missing=Mass(abs(missing)),
        half=Mass(round(HALF_WIDTH_95 * row["sigma_mg"])),
    )
    return *said, balance


def _stated(row: Mapping[str, Any]) -> dict[str, Any]:
    masses = {name: row[f"{name}_mg"] for name in ("muf", "d", "verified", "would_see")}
    sigmas = {f"sigma_{name}": row[f"sigma_{name}_mg"] for name in ("muf", "d")} | {"sigma": row["sigma_mg"]}
    masses["weighed"], sigmas["sigma_weighed"] = row["mass_mg"], row["sigma_mass_mg"]
    return {
        "visit": row["visit"], "on": row["on"].isoformat(), "element": row["element"], "items": row["items"],
        "population": row["population"], "since": None if row["since"] is None else row["since"].isoformat(),
        **{f"{name}_kg": format_kg(value) for name, value in masses.items()},
        **{f"{name}_kg": None if value is None else format_kg(round(value)) for name, value in sigmas.items()},
    }  # fmt: skip


DETECTOR: Final = Detector(
    name="measured-difference",
    label=text("Measured difference"),
    mark=("diamond", "loss"),
    find=measured_difference,
    need=Need(visits=True),
    texts=TEXTS,
    labels={
        "measured": text("Measured beside declared"),
        "visit": text("Visit (entry of the log)"),
        "on": text("Day"),
        "items": text("Items measured", context="detectors"),
        "population": text("Items at the site"),
        "d_kg": text("D, kg (to be subtracted)"),
        "declared_kg": text("Declared, kg"),
        "found_kg": text("Found, kg"),
        "weighed_kg": text("Of D, by counting and weighing alone, kg"),
        "sigma_weighed_kg": text("σ of it, kg"),
        "verified_kg": text("MUF − D, kg"),
        "sigma_d_kg": text("σ of D, kg"),
        "sigma_muf_kg": text("σ of MUF, kg"),
        "would_see_kg": text("Mass that the visit would have seen, kg"),
    },
    question=text("What became of {mass} at {firm}?"),
    shown={
        "measured": plain(
            "visit", "on", "element", "items", "population", "since", "muf_kg", "d_kg", "verified_kg", "would_see_kg",
            "weighed_kg", "sigma_muf_kg", "sigma_d_kg", "sigma_weighed_kg", "sigma_kg", "declared_kg", "found_kg", "z",
        ),
    },
)  # fmt: skip
