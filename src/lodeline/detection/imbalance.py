"""What stock counts leave unexplained beyond what measurement explains; one happening gives one finding.

The inventory differences of every rare earth, and of their total, are watched count by count over windows of up to a
year (`watching`). Iron, boron and cobalt are not: they are bought outside the system, so their balance says nothing.
All elements of a site that alarm at the counts of one month are one imbalance, because they left or came together. A
finding belongs to the window that was judged when its last count came in; later months change nothing in it. Source:
IAEA Safeguards Glossary (2022), MUF; Avenhaus & Jaech, J. Inst. Nucl. Mater. Manage. 10 (1981).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from math import exp, hypot
from typing import Any, Final, Protocol, TypeVar

import numpy as np
import numpy.typing as npt
import polars as pl

from lodeline.accountancy.balance import FLOWS
from lodeline.accountancy.covariance import BalanceRuns
from lodeline.accountancy.distribution import normal_quantile, normal_tail
from lodeline.accountancy.frames import AREA
from lodeline.accountancy.signature import Identification, identify
from lodeline.accountancy.unassayed import UNASSAYED, bounds, unassayed
from lodeline.detection.alarm import HALF_WIDTH_95
from lodeline.detection.evidence import described, largest_rows, places, with_element_mass
from lodeline.detection.watching import Alarm, alarms
from lodeline.material.element import RARE_EARTHS, SYMBOLS, TREO
from lodeline.material.mass import format_kg

#: The elements whose balance the system can close.
TESTED: tuple[str, ...] = (*RARE_EARTHS, TREO)
#: Flows that cross the border of a site, in the order of the identity of the inventory difference.
_CROSSING = [flow for flow in FLOWS if flow not in ("consumed", "made")]
#: A source is named when chance would make some signature fit as well less often than this.
_NAMED: Final = 0.05
#: Elements below this part of what a site handles of rare earths are not tested there; an assumption.
_TRACE: Final = 0.002
_NO_STATUS = {"organisation": pl.String(), "period": pl.String(), "state": pl.String()}


Answer = TypeVar("Answer")
#: What alarms together: organisation, site, month of the count, side.
_Key = tuple[str, str, str, int]


class Part(Protocol):
    """The books of some sites (`accountancy.accounts.Part`)."""

    @property
    def balances(self) -> pl.DataFrame: ...
    @property
    def runs(self) -> BalanceRuns: ...
    @property
    def rounding_mg2(self) -> npt.NDArray[np.float64]: ...
    def over_elements(
        self, site: str, since: date, until: date, elements: Sequence[str]
    ) -> tuple[list[str], npt.NDArray[np.float64], npt.NDArray[np.float64]]: ...


class Books(Protocol):
    """What is asked of the book (`accountancy.accounts.Accounts`)."""

    @property
    def implied(self) -> pl.DataFrame: ...
    @property
    def differences(self) -> pl.DataFrame: ...
    @property
    def unassayed_acts(self) -> pl.DataFrame: ...
    def unreported(self, balances: pl.DataFrame) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]: ...
    def parts(self) -> Iterator[Part]: ...
    def once(self, question: Callable[..., Answer], /, *about: object) -> Answer: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class _Happening:
    """What alarms together, the leading alarm first; what a gain looks like; and the day of the count that is wrong,
    where one explains this and what came before it."""

    alarms: tuple[Alarm, ...]
    source: Identification | None
    miscounted: date | None

    @property
    def side(self) -> int:
        return self.alarms[0].sighting.side


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """What the books show when they are gone through once.

    `happenings`: what alarms, of both sides, and by site and element `balances` of what does, from count to count;
    `unknown`: the lots without an assay of all balances (accountancy.unassayed.UNASSAYED).
    """

    happenings: list[_Happening]
    balances: dict[tuple[str, str], list[dict[str, Any]]]
    unknown: pl.DataFrame


@dataclass(frozen=True, slots=True, kw_only=True)
class Imbalance:
    """The alarm of one site at the counts of one month; masses are sizes, whichever side is asked for.

    `sigma_mg` of a sum is the sum of the σ: elements weighed together err together, so this is the widest. `leading`
    is the alarm that the text speaks of: of TREO where it alarms, else of the largest element; `others` are the
    remaining ones, largest first. `source` says what a gain looks like, None for a loss. `unassayed`: how many lots of
    the leading window nobody has assayed.
    `miscounted` is the day of the count at which the window begins, where the balance before it lacks as much on the
    other side: one count that is wrong makes both.
    `subject`: organisation and site; and the count with which the window begins, where that is not the end of a month,
    for another alarm may begin within the same one.
    """

    organisation: str
    site: str
    first_period: str
    last_period: str
    score: float
    mass_mg: int
    sigma_mg: float
    elements: tuple[str, ...]
    leading: Alarm
    others: tuple[Alarm, ...]
    source: Identification | None
    unassayed: int
    miscounted: date | None
    subject: dict[str, str]
    evidence: tuple[dict[str, Any], ...]

    @property
    def interval_mg(self) -> tuple[int, int]:
        """mass ± 1.96 σ."""
        half_mg = round(HALF_WIDTH_95 * self.sigma_mg)
        return self.mass_mg - half_mg, self.mass_mg + half_mg


def imbalances(
    books: Books,
    *,
    side: int,
    movements: pl.DataFrame,
    counts: pl.DataFrame,
    lot_assays: pl.DataFrame,
    site_assays: pl.DataFrame,
    status: pl.DataFrame | None = None,
) -> list[Imbalance]:
    """The alarms of one side: `side` +1 for what is missing (muf > 0), −1 for what came from nowhere (muf < 0).

    Parameters: `books` of the elements of TESTED; the frames they were made from, whose `entry` and `event` the
    evidence names if they are there; `status` says which months a firm never filed.
    """
    seen = books.once(watched, status)
    happenings = [one for one in seen.happenings if one.side == side]
    if not happenings:
        return []
    windows = _windows(happenings)
    frames = {"lot_assays": lot_assays, "site_assays": site_assays}
    rows = _rows(windows, movements, counts, **frames)
    implied = _implied(windows, books.implied, **frames)
    return [_imbalance(one, seen, implied=implied, rows=rows) for one in happenings]


def watched(books: Books, status: pl.DataFrame | None) -> Watched:
    """What the books show; parameters as `imbalances`. Of what differences rest on only some sites' is held at once."""
    silent = pl.DataFrame(schema=_NO_STATUS) if status is None else status
    happenings: dict[_Key, _Happening] = {}
    balances: dict[tuple[str, str], list[dict[str, Any]]] = {}
    unknown = [pl.DataFrame(schema=dict(UNASSAYED))]
    for part in books.parts():
        unknown.append(unassayed(part.runs.differences, books.unassayed_acts))
        every = alarms(_with_rounding(part), silent, _traces(part.balances), unknown[-1], books.unreported)
        if found := _happenings(every, part):
            happenings |= found
            balances |= _balances(_windows(found.values()), part.balances)
    return Watched(
        happenings=[one for _, one in sorted(happenings.items())], balances=balances, unknown=pl.concat(unknown)
    )  # fmt: skip


def _happenings(every: Sequence[Alarm], part: Part) -> dict[_Key, _Happening]:
    groups: dict[_Key, list[Alarm]] = {}
    for one in every:
        if one.element in TESTED:
            place = (one.organisation, one.site, f"{one.found_on:%Y-%m}", one.sighting.side)
            groups.setdefault(place, []).append(one)
    groups = {key: sorted(group, key=_leading_first) for key, group in sorted(groups.items())}
    earlier, later = _miscounts(groups)
    return {
        key: _Happening(
            alarms=tuple(group), source=_source(group[0], part) if key[-1] < 0 else None,
            miscounted=group[0].since if key in later else None,
        )
        for key, group in groups.items() if key not in earlier
    }  # fmt: skip


def _windows(happenings: Iterable[_Happening]) -> pl.DataFrame:
    """The windows of all alarms of these: `site`, `organisation`, `element`, `since`, `until`."""
    found = [alarm for one in happenings for alarm in one.alarms]
    return pl.DataFrame(
        [(one.organisation, one.site, one.element, one.since, one.until) for one in found],
        schema={"organisation": pl.String(), "site": pl.String(), "element": pl.String(), "since": pl.Date(),
                "until": pl.Date()}, orient="row",
    ).unique(maintain_order=True)  # fmt: skip


def _miscounts(groups: Mapping[_Key, Sequence[Alarm]]) -> tuple[set[_Key], set[_Key]]:
    """The earlier and the later halves of what one wrong count explains: a loss up to a day and a gain of as much, of
    the same element, from that day on, or the other way round. Between the counts before and after nothing is amiss.
    """
    ended = {(*key[:2], key[-1], one[0].element, one[0].until): key for key, one in groups.items()}
    earlier: set[_Key] = set()
    later: set[_Key] = set()
    for key, group in sorted(groups.items(), key=lambda item: item[1][0].found_on):
        lead = group[0]
        before = ended.get((*key[:2], -key[-1], lead.element, lead.since))
        if before is None or before in later:
            continue
        first = groups[before][0]
        if abs(first.mass_mg - lead.mass_mg) <= HALF_WIDTH_95 * hypot(first.sigma_mg, lead.sigma_mg):
            earlier.add(before)
            later.add(key)
    return earlier, later


def _traces(balances: pl.DataFrame) -> pl.DataFrame:
    """`site`, `element` of what is a trace at a site: no default uncertainty speaks of an assay near its limit."""
    handled = balances.group_by("site", "element").agg(
        handled_mg=pl.sum_horizontal(pl.col(f"{flow}_mg").abs().sum() for flow in _CROSSING)
    )
    total = handled.filter(pl.col("element") == TREO).select("site", total_mg="handled_mg")
    return (
        handled.filter(pl.col("element") != TREO)
        .join(total, on="site")
        .filter(pl.col("handled_mg") < _TRACE * pl.col("total_mg"))
        .select("site", "element")
    )


def _leading_first(one: Alarm) -> tuple[Any, ...]:
    return one.element != TREO, -one.mass_mg, SYMBOLS.index(one.element), one.found_on


def _with_rounding(part: Part) -> BalanceRuns:
    """The runs with what rounding adds to their variances."""
    runs = part.runs
    matrix, place = (runs.differences[name].to_numpy() for name in ("matrix", "place"))
    covariance = runs.covariance_mg2.copy()
    covariance[matrix, place, place] += part.rounding_mg2
    return replace(runs, covariance_mg2=covariance)


def _balances(windows: pl.DataFrame, balances: pl.DataFrame) -> dict[tuple[str, str], list[dict[str, Any]]]:
    """The balances from count to count of what alarms, by site and element, oldest first: columns of BALANCE, flows
    summed over the months of the run, of which the last carries the difference."""
    run = [*AREA, "element", "since"]
    here = balances.join(windows.select(*AREA, "element").unique(), on=[*AREA, "element"], how="semi")
    sums = (
        here.sort(*run, "until")
        .group_by(run, maintain_order=True)
        .agg(
            pl.col("opening_mg").first(),
            *(pl.col(f"{flow}_mg").sum() for flow in _CROSSING),
            pl.col("until", "period", "physical_mg", "muf_mg", "sigma_mg", "z").last(),
        )
        .filter(pl.col("sigma_mg").is_not_null())
        .sort("until", maintain_order=True)
    )
    found: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in sums.iter_rows(named=True):
        found.setdefault((row["site"], row["element"]), []).append(row)
    return found


def _implied(
    windows: pl.DataFrame, implied: pl.DataFrame, *, lot_assays: pl.DataFrame, site_assays: pl.DataFrame
) -> pl.DataFrame:
    """`site`, `symbol`, `on`, `element_mg` of the receipts that nobody filed."""
    index = [SYMBOLS.index(symbol) for symbol in windows["element"].unique()]
    here = implied.filter(pl.col("site").is_in(windows["site"].unique().implode()))
    masses = with_element_mass(here, lot_assays=lot_assays, site_assays=site_assays, elements=index)
    symbol = pl.col("element").replace_strict(range(len(SYMBOLS)), list(SYMBOLS), return_dtype=pl.String)
    return masses.select("site", "on", "element_mg", symbol=symbol)


def _rows(
    windows: pl.DataFrame,
    movements: pl.DataFrame,
    counts: pl.DataFrame,
    *,
    lot_assays: pl.DataFrame,
    site_assays: pl.DataFrame,
) -> dict[Any, list[dict[str, Any]]]:
    """Evidence by (site, until, element): what each count found in all, then the largest rows between them."""
    wanted = windows.select("site", "since", "until", "element")
    index = pl.col("element").replace_strict(list(SYMBOLS), range(len(SYMBOLS)), return_dtype=pl.UInt8)
    wanted = wanted.with_columns(symbol="element", element=index)
    here = pl.col("site").is_in(wanted["site"].unique().implode())
    elements = wanted["element"].unique().to_list()
    moved = movements.filter(here & ~pl.col("kind").is_in(["transformation", "title"]))
    between = (
        with_element_mass(moved, lot_assays=lot_assays, site_assays=site_assays, elements=elements)
        .join(wanted, on=["site", "element"])
        .filter((pl.col("on") > pl.col("since")) & (pl.col("on") <= pl.col("until")) & (pl.col("element_mg") != 0))
    )
    found = (
        with_element_mass(
            counts.filter(here), mass="mass_mg", lot_assays=lot_assays, site_assays=site_assays, elements=elements
        )
        .join(wanted, on=["site", "element"])
        .filter((pl.col("on") == pl.col("since")) | (pl.col("on") == pl.col("until")))
    )
    key = ["site", "until", "symbol"]
    where = [column for column in places(found) if column != "seq"]
    totals = found.group_by(*key, "on", *where).agg(pl.col("element_mg").sum()).sort(*key, "on", *where)
    evidence: dict[Any, list[dict[str, Any]]] = {}
    for row in totals.with_columns(kind=pl.lit("stock")).iter_rows(named=True):
        evidence.setdefault(tuple(row[one] for one in key), []).append(described(row, mass=row["element_mg"]))
    for place, rows in largest_rows(between, key).items():
        evidence.setdefault(place, []).extend(described(row, mass=row["element_mg"]) for row in rows)
    return evidence


def _imbalance(
    happening: _Happening, seen: Watched, *, implied: pl.DataFrame, rows: dict[Any, list[dict[str, Any]]]
) -> Imbalance:  # fmt: skip
    group, source = happening.alarms, happening.source
    leading, unknown = group[0], seen.unknown
    summed = [one for one in group if (one.element == TREO) == (leading.element == TREO)]
    elements = {one.element for one in group}
    inside = {id(one): _inside(one, seen) for one in group}
    shown = {(row["element"], row["until"]): row for one in group for row in inside[id(one)]}
    begun = min(one.since for one in summed)
    first = begun + timedelta(days=1)
    return Imbalance(
        organisation=leading.organisation,
        site=leading.site,
        first_period=f"{first:%Y-%m}",
        last_period=f"{max(one.until for one in summed):%Y-%m}",
        score=max(one.score for one in group),
        mass_mg=sum(one.mass_mg for one in summed),
        sigma_mg=sum(one.sigma_mg for one in summed),
        elements=tuple(symbol for symbol in SYMBOLS if symbol in elements),
        leading=leading,
        others=group[1:],
        source=source,
        unassayed=_within(leading, unknown)["lot"].n_unique(),
        miscounted=happening.miscounted,
        subject={"organisation": leading.organisation, "site": leading.site}
        | ({} if first.day == 1 else {"count": begun.isoformat()}),
        evidence=(
            *(_totals(row, implied, unknown) for row in shown.values()),
            *(_run(one) for one in group),
            *([] if source is None else [_likely(source)]),
            *rows.get((leading.site, leading.until, leading.element), ()),
        ),
    )


def _inside(alarm: Alarm, seen: Watched) -> list[dict[str, Any]]:
    """The balances of an alarm's window, oldest first."""
    found = seen.balances.get((alarm.site, alarm.element), ())
    return [row for row in found if row["since"] >= alarm.since and row["until"] <= alarm.until]


def _source(leading: Alarm, part: Part) -> Identification:
    """What the elements that came in within the leading window look like."""
    elements, muf, covariance = part.over_elements(leading.site, leading.since, leading.until, RARE_EARTHS)
    return identify(muf, covariance, elements, side=-1)


def _within(leading: Alarm, unknown: pl.DataFrame) -> pl.DataFrame:
    """The lots without an assay of the balances of an alarm's window."""
    window = (pl.col("since") >= leading.since) & (pl.col("until") <= leading.until)
    return unknown.filter((pl.col("site") == leading.site) & window)


def _totals(row: dict[str, Any], implied: pl.DataFrame, unknown: pl.DataFrame) -> dict[str, Any]:
    """muf = opening + origin + in − out − export − loss + adjustment − physical, from count to count."""
    masses = ("opening", *_CROSSING, "physical", "muf", "sigma")
    within = implied.filter(
        (pl.col("site") == row["site"])
        & (pl.col("symbol") == row["element"])
        & (pl.col("on") > row["since"])
        & (pl.col("on") <= row["until"])
    )
    unfiled_mg = int(within["element_mg"].sum())
    span = pl.DataFrame([{name: row[name] for name in ("site", "element", "since", "until")}])
    low_mg, high_mg = bounds(unknown.filter(pl.col("site") == row["site"]), span).row(0)
    unassayed_kg = {"unassayed_kg": [format_kg(low_mg), format_kg(high_mg)]} if low_mg or high_mg else {}
    return {
        "balance": {
            "element": row["element"],
            "since": row["since"].isoformat(),
            "until": row["until"].isoformat(),
            **{f"{mass}_kg": format_kg(round(row[f"{mass}_mg"])) for mass in masses},
            **({"implied_kg": format_kg(unfiled_mg)} if unfiled_mg else {}),
            **unassayed_kg,
            "z": None if row["z"] is None else round(row["z"], 6),
        }
    }


def _run(alarm: Alarm) -> dict[str, Any]:
    """What the window shows when all balances of the year before are judged together, and what could be found there."""
    seen, limit = alarm.sighting, -normal_quantile(alarm.budget)
    return {
        "run": {
            "element": alarm.element,
            "since": alarm.since.isoformat(),
            "until": alarm.until.isoformat(),
            "found_on": alarm.found_on.isoformat(),
            "balances": seen.last - seen.first + 1,
            "mass_kg": format_kg(alarm.mass_mg),
            "sigma_kg": format_kg(round(alarm.sigma_mg)),
            "z": round(seen.z, 6),
            "evidence": round(seen.evidence, 6),
            "p": float(f"{seen.p:.6g}"),
            "budget": float(f"{alarm.budget:.6g}"),
            "ceiling": round(float(normal_tail(limit - seen.z)), 6),
            "findable_kg": format_kg(round((limit + 1.645) * seen.sigma)),
        }
    }


def _likely(source: Identification) -> dict[str, Any]:
    """The signatures that the elements cannot be told from, each with its probability if all were as likely before."""
    if source.reason is not None:
        return {"signature": {"reason": source.reason}}
    named = named_sources(source)
    return {
        "signature": {
            "p": round(source.signature_p, 9),
            "misfit_p": round(source.matches[0].misfit_p, 9),
            "named": [
                {"signature": name, "probability": round(probability, 4), "en": en, "zh": zh}
                for name, en, zh, probability in named
            ],
        }
    }


def named_sources(source: Identification) -> list[tuple[str, str, str, float]]:
    """Name, its words in English and Chinese, and probability of each signature named; none where none is sure
    enough."""
    if source.reason is not None or source.signature_p > _NAMED or not source.named:
        return []
    best = source.matches[0].z
    odds = {one.signature.name: exp((max(one.z, 0.0) ** 2 - best**2) / 2) for one in source.matches}
    total = sum(odds.values())
    return [
        (one.signature.name, one.signature.name_en, one.signature.name_zh, odds[one.signature.name] / total)
        for one in source.matches
        if one.signature.name in source.named
    ]
