"""What the log says that a firm should know, told from the entries themselves: nothing that is entered goes untold.

Whoever enters an exit, by page, program or command, enters it in the log; the office reads the log in order and keeps a
bookmark. So a notice needs no transaction with what it tells of: where a server dies in between, the next reading tells
it, and the notice's key keeps it from being told twice.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from datetime import date, datetime, timedelta
from itertools import chain
from typing import Final

from lodeline.language import LANGUAGES
from lodeline.ledger.licence import GOODS
from lodeline.ledger.register import TABLES
from lodeline.material.mass import format_kg
from lodeline.office.models import Bookmark, Delegation, Membership
from lodeline.office.notices.notices import NewNotice, notify_all
from lodeline.service.entries.moment import utc_text
from lodeline.service.inspections.visits import entered
from lodeline.service.licences.draw_facts import Draw, draws_entered, draws_of
from lodeline.service.licences.exit_flags import exit_flags
from lodeline.store.queries.filing import corrections, parties_of_correction
from lodeline.store.queries.log import first_entry_since, records_and_entries
from lodeline.store.store import Store

#: What was filed longer before the last reading came in since as history, by a dossier; at first, before this reading.
_NEWS: Final = timedelta(days=14)
_ENTRIES_AT_ONCE: Final = 1000
_BOOKMARK: Final = "notices"
_KINDS: Final = {"exit": "exit-confirmed", "correct": "exit-corrected", "void": "reservation-void"}


def read_on(store: Store, firms: Collection[str], *, now: datetime) -> int:
    """Tells what the log says since it was last read; returns how many notices are new.

    `firms`: those that somebody can sign in for; only they are told of corrections of others, which are many.
    """
    end = store.head().size
    news = first_entry_since(store, utc_text(now - _NEWS))
    mark, _ = Bookmark.objects.get_or_create(
        name=_BOOKMARK, defaults={"entry": end if news is None else news, "read_at": now}
    )
    new, since = 0, mark.read_at - _NEWS
    for first in range(mark.entry, end, _ENTRIES_AT_ONCE):
        until = min(first + _ENTRIES_AT_ONCE, end)
        new += notify_all(
            chain(_entered(store, first, until), _corrections(store, firms, first, until, since)), now=now
        )
        # After what it tells of, and never back: two who read at once tell the same, once.
        Bookmark.objects.filter(name=_BOOKMARK, entry__lt=until).update(entry=until)
    Bookmark.objects.filter(name=_BOOKMARK).update(read_at=now)
    return new


def notify_entry(store: Store, entry: int, *, now: datetime) -> None:
    """Tells what an official has just entered without waiting for the log to be read."""
    notify_all(_entered(store, entry, entry + 1), now=now)


def _entered(store: Store, first: int, end: int) -> Iterator[NewNotice]:
    yield from _draws(store, first, end)
    yield from _licence_acts(store, first, end)
    for one in entered(store, first, end):
        # What a laboratory found in its reference materials is about nobody.
        if one.paper["organisation"] is None:
            continue
        facts = {name: one.paper[name] for name in ("site", "on", "act")} | {"entry": one.entry.index}
        yield NewNotice(
            organisation=one.paper["organisation"], kind="inspected", facts=facts, key=f"inspected:{one.entry.index}"
        )  # fmt: skip


def _draws(store: Store, first: int, end: int) -> Iterator[NewNotice]:
    """Exits and their corrections, reservations taken back, whoever did, and runs put off, unless the firm did;
    tranches are a port's."""
    for draw in draws_entered(store, first, end, acts=("exit", "correct", "void")):
        if draw.book == "quota":
            if _is_its_own(store, draw):
                continue
            kind, facts = "run-put-off", {"run": draw.declaration, "reason": draw.reason}
        elif draw.declaration and draw.organisation:
            kind = _KINDS[draw.act]
            facts = {
                "licence": draw.account, "declaration": draw.declaration, "line": draw.line, "reason": draw.reason,
                "mass_kg": format_kg(draw.masses_mg.get(GOODS, 0)),
            }  # fmt: skip
            if draw.act in ("exit", "correct"):
                facts |= _as_flagged(store, draw)
        else:
            continue
        key = f"{kind}:{draw.entry}:{draw.number}"
        yield NewNotice(organisation=draw.organisation, kind=kind, facts=facts, key=key)


def _as_flagged(store: Store, draw: Draw) -> dict[str, str]:
    """What is flagged about the exit as it stands, in both languages; nothing where nothing is."""
    licence = store.register(store.head()).licences.get(draw.account)
    every = exit_flags(licence, draws_of(store, "licence", [draw.account]))
    flags = every.get(draw.target if draw.act == "correct" else draw.number, ())
    return {
        f"flagged_{language}": {"en": " ", "zh": ""}[language].join(one.text(language) for one in flags)
        for language in LANGUAGES
        if flags
    }


def _licence_acts(store: Store, first: int, end: int) -> Iterator[NewNotice]:
    """What officers did with licences, to whose each was before and is then; what a dossier brings is nobody's deed."""
    found = records_and_entries(store, ["licence_acts"], within=(first, end))
    licences = store.register(store.head()).licences if found else {}
    for _, _, body, _, envelope in found:
        act = dict(zip(TABLES["licence_acts"], json.loads(str(body)), strict=True))
        licence = licences.get(act["licence"])
        if licence is None or "by" not in json.loads(str(envelope))["facts"]:
            continue
        before = licence.holder(date.fromisoformat(act["on"]) - timedelta(days=1))
        facts = {name: act[name] or "" for name in ("licence", "deed", "on", "holder", "reason")}
        for firm in {before, act["holder"]} - {None}:
            yield NewNotice(organisation=firm, kind="licence-act", facts=facts, key=f"licence-act:{act['id']}:{firm}")


def _is_its_own(store: Store, draw: Draw) -> bool:
    """Whether somebody of the firm that a row is about wrote it, or of one that files for it. Commands are nobody's."""
    entry = store.entry(draw.entry)
    assert entry is not None, "a row stands in an entry"
    by = json.loads(entry.envelope)["facts"].get("by")
    agents = Delegation.objects.filter(organisation=draw.organisation).values_list("agent", flat=True)
    memberships = Membership.objects.filter(organisation__in=[draw.organisation, *agents], user__pseudonym=by)
    return by is not None and memberships.exists()


def _corrections(store: Store, firms: Collection[str], first: int, end: int, since: datetime) -> Iterator[NewNotice]:
    """Whoever a shipment or receipt names that a counterparty has restated or withdrawn."""
    found = corrections(store, first, end, utc_text(since))
    if not found or not firms:
        return
    meant = store.register(store.head()).party_of
    for entry, organisation, period, line, count in found:
        parties = parties_of_correction(store, int(str(line)), int(str(line)) + int(str(count)))
        for party in {meant.get(str(one), str(one)) for (one,) in parties} & set(firms) - {str(organisation)}:
            yield NewNotice(
                organisation=party, kind="corrected-by-counterparty", key=f"corrected:{party}:{entry}",
                facts={"other": str(organisation), "period": str(period)},
            )  # fmt: skip
