"""Who may a name be, and is that party listed? A pure question put to the register, to lists and to the law pack.

Nothing is written: not the name that was asked, nor what was found.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any

from lodeline.control.ends import roll_of
from lodeline.ledger.register import Register
from lodeline.party.identifier import Identifier
from lodeline.party.lists import PartyList
from lodeline.party.packed import packed, unnamed
from lodeline.party.reasons import ListMatch
from lodeline.party.registered import held_stakes, registered
from lodeline.party.screening import VERDICTS, Hit, Screener, Screening, with_hits
from lodeline.regulation.parameter import Jurisdiction

Json = dict[str, Any]


def screen(
    names: Sequence[str],
    *,
    lists: Sequence[PartyList],
    register: Register | None,
    stamp: Json | None,
    day: date,
    identifiers: Collection[Identifier] = (),
    country: str | None = None,
    law: Jurisdiction | None = None,
    known: date | None = None,
) -> Json:
    """What each name may mean on the day; `verdict` is the worst. Lists that were not accepted are said and not used.

    `identifiers` and `country` belong to every name. `stamp`: the entry and root that the register is of. `law`: the
    pack whose lists are asked too, as they are known on `known` (default: the day).
    """
    parties = [] if register is None else registered(register)
    parties += [party for one in lists for party in one.parties]
    stakes = [] if register is None else held_stakes(register)
    screener = Screener(parties, [*stakes, *(stake for one in lists for stake in one.stakes)])
    found = [screener.screen(name, day=day, identifiers=identifiers, country=country) for name in names]
    if law is not None:
        found = [with_law(one, law, day=day, known=known or day, country=country) for one in found]
    return {
        "verdict": min((one.verdict for one in found), key=VERDICTS.index, default="unknown"),
        "names": [screening_json(one) for one in found],
        "day": day.isoformat(),
        "lists": [
            {
                "list": one.name, "accepted": one.accepted, "parties": len(one.parties),
                "listed": sum(bool(party.listings) for party in one.parties), "sha256": one.digest,
                "skipped": dict(one.skipped), "problems": [found.as_json() for found in one.problems],
            }
            for one in lists
        ],
        "law_lists": [] if law is None else law_lists(law, day=day, known=known or day),
        "stamp": stamp,
    }  # fmt: skip


def with_law(
    found: Screening, law: Jurisdiction, *, day: date, known: date, country: str | None = None, most: int = 5
) -> Screening:  # fmt: skip
    """What was found for a name, with whom it is on the lists of the law pack."""
    return with_hits(found, roll_of(law, day, known=known).find(found.name, country=country), day=day, most=most)


def law_lists(law: Jurisdiction, *, day: date, known: date) -> list[Json]:
    """The lists of the pack that are in force on the day: how many each names, how many of these in one script alone,
    and of how many more it has no name.
    """
    missing = unnamed(law, day, known=known)
    lists = packed(law, day, known=known)
    named = {one.name: len(one.parties) for one in lists}
    once = {one.name: sum(party.is_named_once for party in one.parties) for one in lists}
    return [
        {
            "list": name, "named": named.get(name, 0), "named_once": once.get(name, 0),
            "unnamed": missing.get(name, (0, 0))[1],
        }
        for name in sorted({*named, *missing})
    ]  # fmt: skip


def screening_json(found: Screening) -> Json:
    """What was found for a name: verdict, remarks about the name, hits with reasons."""
    return {
        "name": found.name,
        "verdict": found.verdict,
        "remarks": [one.as_json() for one in found.remarks],
        "hits": [_hit(hit) for hit in found.hits],
    }


def _hit(hit: Hit) -> Json:
    return {
        "name": hit.name,
        "by": hit.by,
        "probability": round(hit.probability, 4),
        "parties": [
            {
                "source": party.source, "id": party.id, "names": list(party.names),
                "countries": sorted(party.countries),
                "identifiers": sorted(f"{one.scheme}:{one.number}" for one in party.identifiers),
            }
            for party in hit.records
        ],
        "listed": [standing_json(one) for one in hit.standings],
        "reasons": [one.as_json() for one in hit.reasons],
    }  # fmt: skip


def standing_json(standing: ListMatch) -> Json:
    """That a party counts as listed, by a listing or by shares."""
    listing = standing.listing
    return {
        "list": standing.list,
        "how": "owned" if listing is None else "listed",
        "measure": standing.measure,
        "scope": standing.scope,
        "unsure": standing.unsure,
        "since": listing.since.isoformat() if listing and listing.since else None,
        "until": listing.until.isoformat() if listing and listing.until else None,
        "reason": listing.reason if listing else None,
        "source": listing.source if listing else None,
        "share": None if standing.share is None else float(standing.share),
        "chains": [
            [{"owner": one.owner, "owned": one.owned, "share": float(one.share or 0)} for one in links]
            for links in standing.chains
        ],
    }  # fmt: skip
