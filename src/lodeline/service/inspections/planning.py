"""Sampling plans: what a visit to a site is to measure, by which method, and what that would show.

A plan is proposed as often as one likes, and nothing is written. When it is entered its items are drawn and its paper
goes into the log, under an entry that names no firm: a plan must not warn the one it is about. The firm reads it when
the visit has ended (`showing.is_over`).

PlanError    what was asked for cannot be planned; each sentence says what to do
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from functools import cached_property
from types import MappingProxyType
from typing import Any, Final, Literal, cast, get_args

import polars as pl

from lodeline.accountancy.verification.aims import KINDS
from lodeline.accountancy.verification.plan import Plan, Showing, StratumPlan, plan_visit
from lodeline.accountancy.verification.strata import PLAN_ITEMS, PLAN_SHARES, Stratum, stratified
from lodeline.journal.entry import canonical_json
from lodeline.journal.merkle import EMPTY_ROOT
from lodeline.journal.verify import Fault
from lodeline.language import text
from lodeline.ledger.register import Register
from lodeline.material.composition import read_canonical
from lodeline.material.element import SYMBOLS
from lodeline.material.mass import MG_PER_KG, share_mg
from lodeline.service.entries import papers
from lodeline.service.inspections.drawing import bags, drawn, redrawn, seed_of
from lodeline.service.inspections.visits import InspectionError, inspections
from lodeline.store.opening import assert_guarded
from lodeline.store.store import INSPECTION_PLAN_KIND, Store, StoredEntry

FORMAT: Final = "lodeline-inspection-plan-v1"
Chosen = Literal["ranked", "random", "asked"]
#: What a visit should show where nobody says otherwise. An assumption of this program and no quantity of any law: ten
#: kilograms of heavy rare earths are in some hundred kilograms of magnet alloy, two hundred of light ones in half a
#: tonne, which is about what leaves in one lot.
USUAL_GOALS_MG: Final[Mapping[str, int]] = MappingProxyType(
    {symbol: kg * MG_PER_KG for symbol, kg in (("Dy", 10), ("Tb", 10), ("Pr", 200), ("Nd", 200))}
)
#: Where none of these is there, a tenth of the total oxide that is.
_ELSE_A: Final = 10
#: With which probability, by kind of defect. The first is what safeguards ask of the loss of a significant quantity.
USUAL_DETECT: Final[Mapping[str, float]] = MappingProxyType({"gross": 0.9, "partial": 0.9, "bias": 0.5})
#: One inspector's day, and the longest visit that is planned.
USUAL_MINUTES: Final = 480
MINUTES_MOST: Final = 60_000
GOALS_MOST: Final = 8


class PlanError(InspectionError):
    """What was asked for cannot be planned."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a visit is for. `goals`: symbol → mass (mg) whose loss it shall show; empty: the usual ones."""

    site: str
    on: date
    goals: Mapping[str, int] = field(default_factory=dict)
    detect: Mapping[str, float] = field(default_factory=lambda: USUAL_DETECT)
    minutes: int = USUAL_MINUTES
    chosen: Chosen = "asked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A plan before its items are drawn. `entry`: of the books that it was made from; `items`: as a paper has them,
    without what is done with each; `usual`: the goals are the usual ones, an assumption."""

    wanted: Wanted
    organisation: str
    entry: int
    goals: Mapping[str, int]
    usual: bool
    plan: Plan
    items: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, kw_only=True)
class EnteredPlan:
    """A plan as it stands in the log."""

    entry: StoredEntry
    content: bytes

    @cached_property
    def paper(self) -> Mapping[str, Any]:
        """As docs/reference/inspection-plan.md says."""
        return json.loads(self.content)  # type: ignore[no-any-return]


def propose(
    items: pl.DataFrame, wanted: Wanted, *, register: Register, entry: int, today: date, compare: bool = True
) -> Proposal:  # fmt: skip
    """The plan of a visit; nothing is entered. `items`: `items.site_items` of the books as of `entry`; `compare`: also
    what as much work without strata would show, and the worst falsification.

    Raises PlanError.
    """
    organisation = register.site_organisation.get(wanted.site)
    if organisation is None:
        raise PlanError(text("No site {site} is in the register.", site=wanted.site))
    _check(wanted, today)
    if not items.height:
        raise PlanError(
            text("The books have nothing at this site: there is nothing to draw from. Count what is there.")
        )
    goals = dict(wanted.goals) or usual_goals(items)
    parted, strata = strata_of(items)
    plan = plan_visit(
        strata, goals=goals, detect=wanted.detect, minutes=wanted.minutes, methods=register.tables["methods"],
        compare=compare,
    )  # fmt: skip
    stratum_of = dict(parted.select("name", "stratum").iter_rows())
    rows = [
        {**row, "product": row["product"] or "", "place": "stock", "stratum": stratum_of[row["lot"]]}
        for row in items.sort("location", "lot", nulls_last=True).iter_rows(named=True)
    ]
    return Proposal(
        wanted=wanted, organisation=organisation, entry=entry, goals=goals, usual=not wanted.goals, plan=plan,
        items=rows,
    )  # fmt: skip


def enter_plan(
    store: Store, proposal: Proposal, *, filed_at: datetime, by: str, nonce: str | None = None,
    in_transaction: Callable[[StoredEntry], None] | None = None,
) -> EnteredPlan:  # fmt: skip
    """Draws the items and enters the plan. `by`: the pseudonym of the inspector; `nonce`: for tests alone.

    `in_transaction` is done in the transaction that writes the entry, so that both stand or neither.
    """
    assert_guarded(store)
    wanted = proposal.wanted
    nonce = nonce or secrets.token_hex(16)
    with store.database.transaction():
        head = store.head(lock=True)
        seed = seed_of(head.frontier.root().hex(), wanted.site, wanted.on, nonce)
        acts = drawn(proposal.items, proposal.plan, seed)
        items: list[dict[str, Any]] = [{**one, "do": acts[one["lot"]]} for one in proposal.items]
        for one, its_bags in zip(items, bags(items, head.size), strict=True):
            one["bags"] = its_bags
        facts = {**plan_facts(proposal), "format": FORMAT, "seed": seed, "nonce": nonce, "items": items, "by": by}
        content = canonical_json(facts)
        entry = papers.put_paper(
            store, head, content, kind=INSPECTION_PLAN_KIND, name=f"inspection-plan-{head.size}.json",
            filed_at=filed_at, facts={},
        )  # fmt: skip
        if in_transaction is not None:
            in_transaction(entry)
    return EnteredPlan(entry=entry, content=content)


def strata_of(items: pl.DataFrame) -> tuple[pl.DataFrame, tuple[Stratum, ...]]:
    """The items (`items.ITEMS`) with their `stratum`, and the strata that they make up."""
    frame = items.select(
        name="lot", lot="number", product=pl.col("product").fill_null(""), method="method", place=pl.lit("stock"),
        dry_mg="dry_mg",
    ).select(*PLAN_ITEMS)  # fmt: skip
    return stratified(frame, _shares(items))


def plan_facts(proposal: Proposal) -> dict[str, Any]:
    """What a paper says of a plan beside its items; probabilities are text, to six decimals."""
    wanted, plan = proposal.wanted, proposal.plan
    facts = {
        "organisation": proposal.organisation, "site": wanted.site, "on": wanted.on.isoformat(),
        "goals": dict(proposal.goals), "usual": proposal.usual, "detect": dict(wanted.detect),
        "budget": wanted.minutes, "minutes": plan.minutes, "enough": plan.enough, "needed_minutes": plan.needed_minutes,
        "chosen": wanted.chosen, "entry": proposal.entry,
    }  # fmt: skip
    return {**cast(dict[str, Any], _in_text(facts)), **showing_facts(plan)}


def showing_facts(shown: Plan | Showing) -> dict[str, Any]:
    """`strata`, `sights`, `worst` as a paper has them."""
    facts = {
        "strata": [_stratum(one) for one in shown.strata],
        "sights": [asdict(one) for one in shown.sights],
        "worst": [asdict(one) for one in shown.worst],
    }  # fmt: skip
    return cast(dict[str, Any], _in_text(facts))


def _in_text(value: Any) -> Any:
    """The value with its fractions as text: an entry has none that a machine could round."""
    if isinstance(value, float):
        return f"{value:.6f}"
    if isinstance(value, Mapping):
        return {key: _in_text(one) for key, one in value.items()}
    return [_in_text(one) for one in value] if isinstance(value, list | tuple) else value


def usual_goals(items: pl.DataFrame) -> dict[str, int]:
    """The usual goals of the elements of which as much is there; else a tenth of the total oxide."""
    held = held_mg(items)
    goals = {symbol: mass for symbol, mass in USUAL_GOALS_MG.items() if held.get(symbol, 0) >= mass}
    if goals:
        return goals
    most = "TREO" if held.get("TREO") else max(held, key=lambda one: held[one], default="TREO")
    return {most: max(1, held.get(most, 0) // _ELSE_A)}


def held_mg(items: pl.DataFrame) -> dict[str, int]:
    """Symbol → what all items hold of it, as declared."""
    held: dict[str, int] = {}
    for dry_mg, composition in items.select("dry_mg", "composition").iter_rows():
        for symbol, ppb in read_canonical(composition).items():
            held[symbol] = held.get(symbol, 0) + share_mg(dry_mg, ppb)
    return held


def plans(store: Store, *, site: str | None = None, organisations: Sequence[str] | None = None) -> list[EnteredPlan]:
    """The plans that were entered, of one site or of some organisations (None: of all), the oldest first."""
    found = [
        EnteredPlan(entry=one, content=papers.paper_of(store, one)) for one in store.entries_of(INSPECTION_PLAN_KIND)
    ]
    return [
        one for one in found
        if site in (None, one.paper["site"]) and (organisations is None or one.paper["organisation"] in organisations)
    ]  # fmt: skip


def plan_at(store: Store, entry: int) -> EnteredPlan | None:
    """The plan of an entry; None where the entry is none."""
    found = store.entry(entry)
    if found is None or found.kind != INSPECTION_PLAN_KIND:
        return None
    return EnteredPlan(entry=found, content=papers.paper_of(store, found))


def measured_under(store: Store, organisations: Sequence[str] | None = None) -> dict[int, list[int]]:
    """Entry of a plan → the entries of measurements under it, in order."""
    found: dict[int, list[int]] = {}
    for one in inspections(store, organisations):
        if one.paper["act"] == "measurement" and one.paper.get("plan") is not None:
            found.setdefault(one.paper["plan"], []).append(one.entry.index)
    return found


def faults(store: Store, entry: StoredEntry) -> list[Fault]:
    """Whether a plan's draw is what its seed gives."""
    try:
        paper = json.loads(papers.paper_of(store, entry))
        wrong = redrawn(paper, root=root_before(store, entry.index), entry=entry.index)
    except (ValueError, KeyError, TypeError):
        wrong = ["paper"]
    return [Fault(entry=entry.index, what="plan.not-drawn", facts={"of": one}) for one in wrong]


def root_before(store: Store, entry: int) -> str:
    """The root (hex) of the log before an entry."""
    before = store.entry(entry - 1)
    return EMPTY_ROOT.hex() if before is None else before.root


def _stratum(one: StratumPlan) -> dict[str, Any]:
    of = one.stratum
    return {
        "key": of.key, "place": of.place, "product": of.product, "method": of.method, "size": of.size,
        "items": of.items, "dry_mg": of.dry_mg, "mean_mg": of.mean_mg, "element_mg": of.element_mg, "n": one.numbers,
        "detects": one.detects,
    }  # fmt: skip


def _shares(items: pl.DataFrame) -> pl.DataFrame:
    place = {symbol: at for at, symbol in enumerate(SYMBOLS)}
    rows = [
        (lot, place[symbol], ppb)
        for lot, composition in items.select("number", "composition").iter_rows()
        for symbol, ppb in read_canonical(composition).items()
    ]
    return pl.DataFrame(rows, schema=dict(PLAN_SHARES), orient="row")


def _check(wanted: Wanted, today: date) -> None:
    if wanted.on < today:
        raise PlanError(text("The day of the visit has passed."))
    if not 1 <= wanted.minutes <= MINUTES_MOST:
        raise PlanError(text("Give 1 to {minutes_most} minutes of work at the site.", minutes_most=MINUTES_MOST))
    if len(wanted.goals) > GOALS_MOST:
        raise PlanError(text("Give at most {goals_most} goals.", goals_most=GOALS_MOST))
    for symbol, mass_mg in wanted.goals.items():
        if symbol not in SYMBOLS:
            raise PlanError(text("{symbol!r} is no element: write Dy=10kg.", symbol=symbol))
        if mass_mg <= 0:
            raise PlanError(text("Give more than nothing of {symbol}.", symbol=symbol))
    unknown = [kind for kind, p in wanted.detect.items() if kind not in KINDS or not 0 < p < 1]
    if unknown or not wanted.detect:
        raise PlanError(text("A wanted probability is above 0 and below 1, of gross, partial or bias."))
    if wanted.chosen not in get_args(Chosen):
        raise PlanError(text("A site is chosen by rank (ranked), by lot (random) or because somebody asked (asked)."))
