"""What agencies of other states are told of runs: two publish, one withdraws; and what an agency is sent.

What a run may tell depends on all that was ever told (`strategy.disclosure`), so a release is never deleted;
withdrawing one ends that it is sent, and nothing else.
"""

from __future__ import annotations

import json
import zlib
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

from django.conf import settings

from lodeline.filing.country import alpha2
from lodeline.language import text
from lodeline.office.access import two
from lodeline.office.access.actor import AUTHORITY, Actor
from lodeline.office.access.audit import record_act
from lodeline.office.access.published import differing_releases, release_of
from lodeline.office.jobs import jobs
from lodeline.office.models import Proposal, StrategyRelease, StrategyRun
from lodeline.office.strategy.runs import StrategyError, canonical, document, load
from lodeline.store.opening import open_store
from lodeline.store.store import StoreError
from lodeline.strategy import disclosure

#: Releases of a store. Each makes those after it tell less, and takes longer to be judged.
RELEASES_MOST: Final = 100
_HEAD: Final = ("stamp", "scenario", "settings")
Json = dict[str, Any]


def propose(actor: Actor, reference: str, *, now: datetime) -> Proposal:
    """Proposes to publish a run that is done; another officer confirms. Requires "strategy.run" for the whole country.

    Raises StrategyError, ProposalError.
    """
    _publishable(actor, reference)
    with jobs.database().transaction():
        return two.propose(actor, "release", organisation=AUTHORITY, subject=reference, content={}, now=now)


def proposed(actor: Actor, *, now: datetime) -> dict[str, Proposal]:
    """Run → the proposal to publish it that waits. Requires "strategy.read"."""
    actor.require("strategy.read", AUTHORITY)
    return {one.subject: one for one in two.open_proposals(now=now).filter(kind="release")}


def end_proposal(actor: Actor, reference: str, *, now: datetime) -> Proposal:
    """Refuses to publish a run, or withdraws the own proposal. Requires what `propose` does; raises ProposalError."""
    actor.require("strategy.run", AUTHORITY)
    with jobs.database().transaction():
        return two.ended(actor, _waiting(actor, reference, now).pk, now=now)


def confirm(actor: Actor, reference: str, *, now: datetime) -> StrategyRelease:
    """Publishes what another officer proposed. Requires what `propose` does. Raises TwoError, and what it raises."""
    run, before = _publishable(actor, reference)
    waiting = _waiting(actor, reference, now)
    two.require_two(actor, waiting.proposed_by)
    found = document(run)
    # This takes seconds, and nothing is locked meanwhile: whoever publishes at the same time is found out below.
    released = disclosure.release(found, [_content(one)[1] for one in before])
    content = canonical({"head": {name: found[name] for name in _HEAD}, "release": released.as_json()})
    told = sum(1 for one in released.sums if not one.why)
    with jobs.database().transaction():
        there = StrategyRelease.objects.select_for_update().order_by("id").values_list("pk", flat=True)
        if list(there) != [one.pk for one in before]:
            raise StrategyError(text("Another run was published meanwhile: publish again."))
        two.confirmed(actor, waiting.pk, now=now)
        made: StrategyRelease = StrategyRelease.objects.create(
            run=reference, scenario=run.scenario, content=zlib.compress(content, 9), sha256=sha256(content).hexdigest(),
            told=told, kept_back=len(released.sums) - told, who=actor.pseudonym, published_at=now,
        )  # fmt: skip
        facts = {
            "scenario": run.scenario, "told": told, "kept_back": made.kept_back, "sha256": made.sha256,
            "proposed_by": waiting.proposed_by,
        }  # fmt: skip
        record_act(actor, "strategy.publish", subject=reference, facts=facts)
    return made


def _publishable(actor: Actor, reference: str) -> tuple[StrategyRun, list[StrategyRelease]]:
    """A run that can be published, and all that was before. Raises StrategyError."""
    actor.require("strategy.run", AUTHORITY)
    run = load(actor, reference)
    if run.state != StrategyRun.State.DONE:
        raise StrategyError(text("Only a run that is done can be published."))
    before = _releases()
    if any(one.run == reference and one.withdrawn_at is None for one in before):
        raise StrategyError(text("This run is published already."))
    if len(before) >= RELEASES_MOST:
        raise StrategyError(
            text(
                "{releases_most} runs have been published. What agencies have read cannot be undone, and "
                "more would show firms.",
                releases_most=RELEASES_MOST,
            )
        )
    return run, before


def _waiting(actor: Actor, reference: str, now: datetime) -> Proposal:
    found = proposed(actor, now=now).get(load(actor, reference).reference)
    if found is None:
        raise StrategyError(text("Nobody proposed to publish this run, or not within these days: propose it first."))
    return found


def withdraw(actor: Actor, reference: str, *, now: datetime) -> StrategyRelease:
    """Ends that agencies are sent a run. Requires "strategy.run" for the whole country. Raises StrategyError."""
    actor.require("strategy.run", AUTHORITY)
    with jobs.database().transaction():
        found = StrategyRelease.objects.select_for_update().filter(run=reference, withdrawn_at=None).first()
        if found is None:
            load(actor, reference)  # says where there is no such run
            raise StrategyError(text("This run is not published."))
        found.withdrawn_at, found.withdrawn_by = now, actor.pseudonym
        found.save(update_fields=["withdrawn_at", "withdrawn_by"])
        record_act(actor, "strategy.withdraw", subject=reference, facts={"scenario": found.scenario})
    return found


def releases(actor: Actor) -> list[StrategyRelease]:
    """All that was ever published, the oldest first, without content. Requires "strategy.read"."""
    actor.require("strategy.read", AUTHORITY)
    return list(StrategyRelease.objects.defer("content").order_by("id"))


def told(actor: Actor, country: str | None = None) -> list[Json]:
    """What the agency of a state is sent: each published run, the newest first (`strategy.disclosure.disclose`).

    Requires "strategy.aggregate", for the own state; or "strategy.read" for the whole country, for any. Raises
    StoreError where what was published is not as it was published.
    """
    own = actor.agency_of if actor.may("strategy.aggregate") else None
    if own is None or country not in (None, own):
        actor.require("strategy.read", AUTHORITY)
    state = country or own
    if state is None or alpha2(state) != state:
        raise StrategyError(text("Name the state whose agency would be told this: two letters of ISO 3166-1."))
    rows = []
    for one in reversed(_releases()):
        if one.withdrawn_at is None:
            head, released = _content(one)
            published = one.published_at.date().isoformat()
            rows.append({"run": one.run, "published": published, **disclosure.disclose(released, head, state)})
    return rows


def _releases() -> list[StrategyRelease]:
    """All that was ever published. Raises StoreError where it is not what was published: what may still be shown would
    be judged by it, and what is withheld might be shown."""
    found = list(StrategyRelease.objects.order_by("id"))
    kept = (release_of(vars(one)) for one in found)
    if any(differing_releases(open_store(settings.LODELINE_DATABASE), kept)):
        raise StoreError(
            text(
                "What was published to agencies is not as it was published: nothing is shown or "
                "published until the operator has run `lodeline verify`."
            )
        )
    return found


def _content(one: StrategyRelease) -> tuple[Json, disclosure.Release]:
    found = json.loads(zlib.decompress(bytes(one.content)))
    return found["head"], disclosure.release_from(found["release"])
