"""Checks a law pack for this program: whole by itself, without a duty that no rule reads, and fit to be judged by.

What a pack says can be well formed and yet not what a rule expects. So the desk judges some lines under it, on each day
on which it changes: a pack that it cannot judge by is refused, and not found out at the border.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import Final

from lodeline.control.declaration import Declaration
from lodeline.control.desk import judge
from lodeline.control.licences.application import general_licence_bars, needed_documents
from lodeline.control.licences.licensing import RELATIONS, clock
from lodeline.control.rulebook import PARAMETERS, LawDay
from lodeline.ledger.licence_terms import terms
from lodeline.ledger.roles import QUOTAS
from lodeline.party.packed import LISTED, MILITARY
from lodeline.regulation.checking import Checked, Fault, check, files_in
from lodeline.regulation.duty import deadline_without_extension
from lodeline.regulation.fines import FINES, RECORDS, fines
from lodeline.regulation.parameter import Jurisdiction, NoLawError
from lodeline.regulation.value import ONE_DAY
from lodeline.regulation.working_days import CALENDAR, COUNT
from lodeline.service.law.probes import fixed

#: The parameters that rules of the program read; whoever writes a rule names here what it reads.
READ: Final = frozenset(
    {
        *PARAMETERS, *FINES, *QUOTAS.values(), RECORDS, CALENDAR, COUNT, LISTED, MILITARY, "control-list",
        "licence-clock", "licence-query-clock", "licence-decision-days", "licence-amendment-days", "licence-reports",
        "licence-terms", "general-licence-bars", "personal-record-years", "de-minimis", "barred-end-use",
    }
)  # fmt: skip
#: Days on which the desk tries a pack at most; the latest are the ones that will be asked about.
_DAYS_MOST: Final = 24


def check_folder(folder: Path) -> Checked:
    """`check_files` of the files of a folder. Raises FileNotFoundError where there is none."""
    if not folder.is_dir():
        raise FileNotFoundError(str(folder))
    files, faults = files_in(folder)
    return Checked(law=None, faults=faults) if faults else check_files(folder.resolve().name, files)


def check_files(code: str, files: Mapping[str, bytes]) -> Checked:
    """The law of a pack, or every fault of it. `files`: path below the folder `code` → bytes."""
    checked = check(code, files, reads=READ)
    if checked.law is None:
        return checked
    faults = _tried(checked.law)
    return replace(checked, law=None, faults=faults) if faults else checked


def _tried(law: Jurisdiction) -> tuple[Fault, ...]:
    """What the rules make of the pack on the days on which it changes: nothing, or what of it they cannot read."""
    turns = {value.in_force_from for one in law.parameters.values() for value in one.values}
    turns |= {effect.first for one in law.instruments.values() for effect in one.effects}
    turns |= {effect.last + ONE_DAY for one in law.instruments.values() for effect in one.effects if effect.last}
    days = sorted(day for day in turns if day.year < date.max.year)[-_DAYS_MOST:]
    known = max((value.published for one in law.parameters.values() for value in one.values), default=date(2000, 1, 1))
    lines = Declaration(lines=tuple(one.line for one in fixed()))
    unfit: dict[str, Fault] = {}
    for day in days or [known]:
        on = LawDay(law=law, day=day, known=max(day, known))
        for tries in (partial(judge, lines, on), partial(_offices, law, day)):
            try:
                tries()
            except Exception as error:  # whatever a rule stumbles over is the pack's, and is told as such
                what = f"{type(error).__name__}: {error}"[:200]
                unfit.setdefault(what, _unfit(law.code, day, what))
    return tuple(unfit.values())


def _offices(law: Jurisdiction, day: date) -> None:
    """Deadlines, clocks, terms and fines of a day; that a law has none is no fault."""
    fines(law, day, known=day)
    terms(law, day, known=day)
    for relation in RELATIONS:
        clock([("submitted", day)], relation=relation, law=law, today=day, on_watch_list=True)
    for kind in ("individual", "general"):
        needed_documents(law, kind, day=day)
        general_licence_bars(law, kind, day=day)
    try:
        deadline_without_extension(f"{day:%Y-%m}", law)
    except NoLawError:
        return


def _unfit(code: str, day: date, what: str) -> Fault:
    return Fault(
        file=code,
        en=f"{code}: rules of the program cannot read the law of {day} ({what}); give its values the shape that they "
        "have in the packs that come with the program",
        zh=f"{code}：程序规则无法读取 {day} 的法规（{what}）；请使取值的结构与随程序提供的法规包一致",
    )
