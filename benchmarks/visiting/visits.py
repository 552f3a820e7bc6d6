"""Visits to falsified sites of worlds, hundreds to each at once: by the plan, and by as many acts without strata."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from lodeline.accountancy.distribution import normal_quantile
from lodeline.accountancy.verification.effort import ACTS
from lodeline.accountancy.verification.joint import evidence
from lodeline.accountancy.verification.sampling import alarm_limit
from visiting.worlds import BUDGET, Stand

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

#: Visits from which σ of D is taken: as declared, with errors of both sides.
QUIET: Final = 2_000
#: An adaptive firm says of an item that it sees weighed no more than is there and so many σ of the difference.
HIDES_SIGMAS: Final = 2.0
#: Two tests of a visit share its budget.
EACH: Final = BUDGET / 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """In which share of the visits there is an alarm, each at the budget: of MUF − D; of MUF and D as one test, which
    is the rule in use; of D or a single item, together.
    """

    muf_d: float
    joint: float
    visit: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tools:
    """How far both sides err in each item, by act: (random, systematic) of the firm and of the inspector."""

    firm: dict[str, tuple[Floats, Floats, npt.NDArray[np.int64]]]
    inspector: dict[str, tuple[Floats, Floats, npt.NDArray[np.int64]]]

    def sigma(self, act: str) -> Floats:
        """σ of the difference of one item."""
        parts = [part for side in (self.firm, self.inspector) for part in side[act][:2]]
        sigma: Floats = np.sqrt(sum(part**2 for part in parts))
        return sigma


def visited(stand: Stand, *, planned: bool, falsified: bool, visits: int, random: np.random.Generator) -> Rates:
    """Visits to a site as it is, or (not `falsified`) as it would be if nothing had been taken."""
    tools, count = _tools(stand), len(stand.declared)
    quiet, _, _ = _differences(stand, tools, _as_declared(stand, tools, QUIET, random), random, planned=planned)
    mass, share = (stand.mass, stand.share) if falsified else (stand.quiet_mass, stand.quiet_share)
    truly = np.broadcast_to(mass, (visits, count)), np.broadcast_to(share, (visits, count))
    said = _said(stand, tools, mass) if falsified and stand.adversary == "adaptive" else np.ones(count)
    found, single, admitted = _differences(stand, tools, truly, random, planned=planned, said=said)
    # σ of MUF and of D are taken as apart: what they share would make the test sharper.
    sigma = float(quiet.sum(axis=0).std())
    # One world has one MUF of a site, which alarms or not; what a clean site shows is drawn anew for each visit.
    muf = stand.muf + admitted if falsified else stand.sigma * random.standard_normal(visits)
    both = _alarms(muf + found.sum(axis=0), float(np.hypot(stand.sigma, sigma)), BUDGET)
    covariance = np.zeros((visits, 3, 3))
    covariance[:, 0, 0], covariance[:, 1:, 1:] = stand.sigma**2, np.cov(quiet)
    # D is signed to be subtracted.
    p = evidence(np.stack([muf, *-found], axis=1), covariance, budget=BUDGET).p
    visit = single | _alarms(found.sum(axis=0), sigma, EACH)
    return Rates(muf_d=float(both.mean()), joint=float((p <= BUDGET).mean()), visit=float(visit.mean()))


def _alarms(found: Floats, sigma: float, budget: float) -> Bools:
    """Which differ from nothing, both sides together at the budget; nothing does where nothing was measured."""
    beyond: Bools = np.abs(found) > (normal_quantile(1 - budget / 2) * sigma if sigma > 0 else np.inf)
    return beyond


def _tools(stand: Stand) -> _Tools:
    sides = [
        {act: (side.random[stand.stratum], side.systematic[stand.stratum], side.keys[stand.stratum])
         for act, side in ((act, stand.layer.sides(act)[number]) for act in ACTS[1:])} for number in (0, 1)
    ]  # fmt: skip
    return _Tools(firm=sides[0], inspector=sides[1])


def _as_declared(stand: Stand, tools: _Tools, visits: int, random: np.random.Generator) -> tuple[Floats, Floats]:
    """What would be there where all is as declared but for the errors of the firm: of masses and of shares."""
    shape = visits, len(stand.declared)
    return tuple(1 - _errors(tools.firm[act], shape, random) for act in ("weigh", "laboratory"))  # type: ignore[return-value]


def _errors(
    side: tuple[Floats, Floats, npt.NDArray[np.int64]], shape: tuple[int, int], random: np.random.Generator
) -> Floats:
    own, shared, keys = side
    errors: Floats = own * random.standard_normal(shape)
    return errors + shared * random.standard_normal((shape[0], int(keys.max()) + 1))[:, keys]


def _said(stand: Stand, tools: _Tools, mass: Floats) -> Floats:
    """What an adaptive firm says of each item when it is to be weighed, as a part of what it declared."""
    hidden = np.minimum(1.0, mass * (1 + HIDES_SIGMAS * tools.sigma("weigh")))
    said: Floats = np.where(stand.falsified & (mass > 0), hidden, 1.0)
    return said


def _differences(
    stand: Stand, tools: _Tools, truly: tuple[Floats, Floats], random: np.random.Generator, *, planned: bool,
    said: Floats | None = None,
) -> tuple[Floats, Bools, Floats]:  # fmt: skip
    """(D in mg of the element, its part of masses and its part of shares; whether a single item alarms; mg admitted
    before weighing) of each visit."""
    mass, share = truly
    visits, count = mass.shape
    said = np.ones(count) if said is None else said
    layers = stand.stratum if planned else np.zeros(count, np.int64)
    numbers = stand.numbers if planned else {act: stand.numbers[act].sum(keepdims=True) for act in ACTS}
    rank = _ranks(layers, visits, 0 if planned else stand.others, random)
    done = {act: rank < numbers[act][layers] for act in ACTS}
    seen = done["count"] | done["weigh"] | done["xrf"] | done["laboratory"]
    absent = mass == 0
    tests = sum(int(numbers[act].sum()) for act in ACTS[1:])
    limit = alarm_limit(max(1, tests), EACH)
    single = (seen & absent).any(axis=1)
    weighed, by_scale = (
        done["weigh"] & ~absent,
        said - mass * (1 + _errors(tools.inspector["weigh"], mass.shape, random)),
    )
    single |= (weighed & (np.abs(by_scale) > limit * tools.sigma("weigh"))).any(axis=1)
    found: dict[str, Floats] = {}
    for act in ("xrf", "laboratory"):
        found[act] = 1 - share * (1 + _errors(tools.inspector[act], mass.shape, random))
        single |= (done[act] & ~absent & (np.abs(found[act]) > limit * tools.sigma(act))).any(axis=1)
    assayed = (done["xrf"] | done["laboratory"]) & ~absent
    by_share = np.where(done["laboratory"], found["laboratory"], found["xrf"])
    admitted = ((1 - said) * stand.declared * weighed).sum(axis=1)
    d = np.zeros((2, visits))
    for layer in range(int(layers.max()) + 1):
        inside = layers == layer
        looked = seen[:, inside].sum(axis=1)
        stands_for = inside.sum() / np.maximum(looked, 1)
        gone = (seen & absent)[:, inside]
        there = stands_for * (looked - gone.sum(axis=1))
        of = stand.declared[inside]
        d[0] += stands_for * (gone * of).sum(axis=1)
        for place, (which, part) in enumerate(((weighed, by_scale), (assayed, by_share))):
            measured = which[:, inside]
            d[place] += there / np.maximum(measured.sum(axis=1), 1) * (measured * part[:, inside] * of).sum(axis=1)
    return d, single, admitted


def _ranks(
    layers: npt.NDArray[np.int64], visits: int, others: int, random: np.random.Generator
) -> npt.NDArray[np.int64]:
    """For each visit the place of each item in the draw of its layer, from 0, among so many others in each."""
    rank = np.zeros((visits, len(layers)), np.int64)
    for layer in range(int(layers.max()) + 1):
        inside = np.flatnonzero(layers == layer)
        order = random.random((visits, len(inside) + others)).argsort(axis=1).argsort(axis=1)
        rank[:, inside] = order[:, : len(inside)]
    return rank
