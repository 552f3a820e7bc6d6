"""Extensions of the deadline after an outage: a registrar grants one, with its reason, and may end it from today on.

An extension is a record of the register, so it stands in the log with who decided it (ledger.extension). What it has
done is not undone: ended today, it holds until the end of today, and whoever has filed by then was in time.

InputError          what was entered cannot be meant; every field at once
ExtensionError      it cannot be ended any more
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from hashlib import sha256
from itertools import chain
from typing import Final

import polars as pl

from lodeline.errors import UserError
from lodeline.language import text
from lodeline.ledger.extension import Extension, due
from lodeline.ledger.register import TABLES, Register
from lodeline.office.access.actor import AUTHORITY, Actor
from lodeline.office.access.audit import record_act
from lodeline.office.accounts.people import InputError, WrongField, with_people
from lodeline.office.notices.notices import notify
from lodeline.regulation.duty import deadline_without_extension
from lodeline.regulation.parameter import Jurisdiction, NoLawError
from lodeline.service.entries.records import put_records
from lodeline.store.store import Store, StoredEntry

_PERIOD: Final = re.compile(r"\d{4}-(0[1-9]|1[0-2])")
REASON_CHARACTERS: Final = 500
#: Assumption: no outage lasts longer. It catches a year that was mistyped; whoever needs longer grants another.
LONGEST: Final = timedelta(days=92)


class ExtensionError(UserError):
    """It cannot be ended; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is asked for. Without `region` and `organisations` it is for everybody; `until` None was not given."""

    period: str
    until: date | None
    reason: str
    region: str = ""
    organisations: Sequence[str] = ()


def granted(actor: Actor, register: Register) -> list[Extension]:
    """Extensions that concern whom the actor registers, the newest month first. Requires "register.write"."""
    actor.require("register.write")
    firms = actor.firms("register.write")
    every = chain.from_iterable(register.extensions.values())
    found = [one for one in every if firms is None or any(one.is_for(firm, register) for firm in firms)]
    return sorted(found, key=lambda one: (one.period, one.until, one.id), reverse=True)


def grant(actor: Actor, store: Store, wanted: Wanted, *, law: Jurisdiction, now: datetime) -> StoredEntry:
    """Extends the deadline of a month to the end of a day; the entry that says so.

    Requires "register.write" about all whom it is for. Raises InputError.
    """
    actor.require("register.write")
    register = store.register(store.head())
    _require_all(actor, wanted.region, wanted.organisations)
    problems = _wrong(wanted, register, law, now)
    if problems:
        raise InputError(problems)
    assert wanted.until is not None, "judged above"
    named = sorted(set(wanted.organisations))
    content = json.dumps(
        [wanted.period, wanted.region, named, wanted.until.isoformat(), wanted.reason, now.isoformat()]
    )
    extension = Extension(
        id=f"{wanted.period}-{sha256(content.encode()).hexdigest()[:8]}", period=wanted.period, region=wanted.region,
        organisations=tuple(named), until=wanted.until, reason=wanted.reason.strip(),
    )  # fmt: skip
    return _enter(actor, store, extension, "deadline.extend", now)


def end(actor: Actor, store: Store, extension: str, *, law: Jurisdiction, now: datetime) -> StoredEntry:
    """Ends an extension with the end of today. Requires what it took to grant it. Raises ExtensionError."""
    register = store.register(store.head())
    found = next((one for one in granted(actor, register) if one.id == extension), None)
    if found is None:
        raise ExtensionError(text("There is no such extension."))
    _require_all(actor, found.region, found.organisations)
    today = law.day_of(now)
    if found.until <= today:
        raise ExtensionError(text("It ends today or has ended: what was in time stays in time."))
    ended = Extension(
        id=found.id, period=found.period, region=found.region, organisations=found.organisations, until=today,
        reason=found.reason,
    )  # fmt: skip
    entry = _enter(actor, store, ended, "deadline.extension-end", now)
    _notify_of_end(store, ended, law=law, now=now, today=today)
    return entry


def _notify_of_end(store: Store, ended: Extension, *, law: Jurisdiction, now: datetime, today: date) -> None:
    """Tells whoever relied on it and has not filed yet the day that counts now; of one granted, `reminders` tells."""
    register = store.register(store.head())
    filed = {entry.organisation for entry in store.entries_of("filing", period=ended.period)}
    for firm in sorted(with_people(today) - filed):
        if not ended.is_for(firm, register):
            continue
        late_from = due(firm, ended.period, law, register)
        if late_from is None:
            continue
        last_day = (late_from - timedelta(seconds=1)).date()
        facts = {"period": ended.period, "last_day": last_day.isoformat()}
        notify(firm, "extension-ended", facts, key=f"extension-ended:{firm}:{ended.id}:{last_day}", now=now)


def _require_all(actor: Actor, region: str, organisations: Sequence[str]) -> None:
    """Raises NotAllowedError unless the actor registers for all whom an extension is for."""
    if not organisations and region in actor.regions("register.write"):
        return
    for organisation in organisations or [AUTHORITY]:
        actor.require("register.write", organisation)


def _enter(actor: Actor, store: Store, extension: Extension, what: str, now: datetime) -> StoredEntry:
    row = {
        "id": extension.id, "period": extension.period, "region": extension.region or None,
        "organisations": list(extension.organisations), "until": extension.until, "reason": extension.reason,
    }  # fmt: skip
    frame = pl.DataFrame([row], schema=TABLES["extensions"])

    def record(entry: StoredEntry) -> None:
        facts = {"until": extension.until.isoformat(), "entry": entry.index, "region": extension.region}
        record_act(
            actor, what, organisation=extension.organisations[0] if len(extension.organisations) == 1 else "",
            subject=extension.id, facts=facts,
        )  # fmt: skip

    entry = put_records(store, {"extensions": frame}, filed_at=now, by=actor.pseudonym, in_transaction=record)
    assert entry is not None, "an extension that is new or ends earlier is another record"
    return entry


def _wrong(wanted: Wanted, register: Register, law: Jurisdiction, now: datetime) -> list[WrongField]:
    wrong = []
    if not wanted.reason.strip():
        wrong.append(WrongField(field="reason", en="Say why, such as the outage.", zh="请写明原因，如系统故障。"))
    elif len(wanted.reason.strip()) > REASON_CHARACTERS:
        en, zh = f"Write at most {REASON_CHARACTERS} characters.", f"最多填写 {REASON_CHARACTERS} 个字符。"
        wrong.append(WrongField(field="reason", en=en, zh=zh))
    unknown = sorted(set(wanted.organisations) - set(register.roles))
    if unknown:
        en, zh = f"Not in the register: {', '.join(unknown[:5])}.", f"登记簿中没有：{'、'.join(unknown[:5])}。"
        wrong.append(WrongField(field="organisations", en=en, zh=zh))
    if wanted.organisations and wanted.region:
        wrong.append(
            WrongField(
                field="region", en="Name a region or organisations, not both.", zh="地区与企业只能填写其一。"
            )
        )  # fmt: skip
    elif wanted.region and wanted.region not in register.firms_of_region:
        en, zh = f"Nobody has a site in {wanted.region}.", f"没有位于 {wanted.region} 的场所。"
        wrong.append(WrongField(field="region", en=en, zh=zh))
    return wrong + _wrong_days(wanted, law, now)


def _wrong_days(wanted: Wanted, law: Jurisdiction, now: datetime) -> list[WrongField]:
    if not _PERIOD.fullmatch(wanted.period):
        return [WrongField(field="period", en="Write the month like 2026-01.", zh="月份请写作 2026-01。")]
    try:
        # What an extension is measured by is the law's day: an earlier extension may be for others.
        usual = deadline_without_extension(wanted.period, law)
    except NoLawError:
        return [
            WrongField(field="period", en="No month had to be filed then.", zh="该月尚无申报义务。"),
        ]
    until = wanted.until
    if until is None:
        return [WrongField(field="until", en="Give the last day in time.", zh="请填写延期后的最后一日。")]
    if until < usual.date():
        en = f"That is no extension: the month is in time until the end of {usual.date() - timedelta(days=1)} anyway."
        zh = f"该日期不构成延期：该月原可申报至 {usual.date() - timedelta(days=1)}。"
        return [WrongField(field="until", en=en, zh=zh)]
    if until > now.date() + LONGEST:
        en, zh = f"Extend by at most {LONGEST.days} days at a time.", f"一次最多延期 {LONGEST.days} 天。"
        return [WrongField(field="until", en=en, zh=zh)]
    return []
