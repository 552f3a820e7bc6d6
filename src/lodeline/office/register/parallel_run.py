"""The parallel run: a registrar says until when nothing counts, as an entry of the log, and may move that day.

What has begun to count goes on counting: the day is never moved to before today.

InputError          what was entered cannot be meant; every field at once
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Final

import polars as pl

from lodeline.ledger.parallel_run import NATION
from lodeline.ledger.register import TABLES
from lodeline.office.access.actor import AUTHORITY, Actor
from lodeline.office.access.audit import record_act
from lodeline.office.accounts.people import InputError, WrongField
from lodeline.regulation.parameter import Jurisdiction
from lodeline.service.entries.records import put_records
from lodeline.store.store import Store, StoredEntry

REASON_CHARACTERS: Final = 500
#: Assumption: practice that lasts longer than two years is no practice. It catches a year that was mistyped.
LONGEST: Final = timedelta(days=731)


def set_until(
    actor: Actor, store: Store, until: date | None, *, reason: str, law: Jurisdiction, now: datetime
) -> StoredEntry | None:
    """Lets the parallel run last until the end of a day; None where it does already.

    Requires "register.write" for the whole country. Raises InputError.
    """
    actor.require("register.write", AUTHORITY)
    wrong = _wrong(store, until, reason, law.day_of(now))
    if wrong:
        raise InputError(wrong)
    assert until is not None, "judged above"
    row = {"id": NATION, "until": until, "reason": reason.strip()}

    def record(entry: StoredEntry) -> None:
        record_act(actor, "register.parallel-run", facts={"until": until.isoformat(), "entry": entry.index})

    frame = pl.DataFrame([row], schema=TABLES["parallel_run"])
    return put_records(store, {"parallel_run": frame}, filed_at=now, by=actor.pseudonym, in_transaction=record)


def _wrong(store: Store, until: date | None, reason: str, today: date) -> list[WrongField]:
    wrong = []
    if not reason.strip():
        wrong.append(WrongField(field="reason", en="Say why, such as the order that sets it.", zh="请写明依据或原因。"))
    elif len(reason.strip()) > REASON_CHARACTERS:
        en, zh = f"Write at most {REASON_CHARACTERS} characters.", f"最多填写 {REASON_CHARACTERS} 个字符。"
        wrong.append(WrongField(field="reason", en=en, zh=zh))
    if until is None:
        return [*wrong, WrongField(field="until", en="Give its last day.", zh="请填写并行期最后一日。")]
    run = store.newest_register().parallel_run
    if until < today:
        en, zh = (
            f"What counts already goes on counting: give {today} or later.",
            f"已计入的不得撤销：请填写 {today} 或以后。",
        )
        wrong.append(WrongField(field="until", en=en, zh=zh))
    elif until > today + LONGEST:
        en, zh = f"Give a day within {LONGEST.days} days.", f"不得超过 {LONGEST.days} 天。"
        wrong.append(WrongField(field="until", en=en, zh=zh))
    elif run is not None and run.until < today < until:
        en = f"The parallel run ended on {run.until}: months that count cannot become practice again."
        wrong.append(WrongField(field="until", en=en, zh=f"并行期已于 {run.until} 结束：已计入的月份不得恢复为并行。"))
    return wrong
