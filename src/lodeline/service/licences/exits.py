"""What customs saw leave: confirmed, and corrected where a confirmation was wrong.

Goods that have left are a fact: they are booked whatever the licence says, and flagged. A wrong confirmation is mended
by another that takes its place; the earlier one stays in the log, and the account is what it would be with the right
figure from the first. Everything is written under the head; told twice, the second telling is a repetition.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from lodeline.ledger.licence import GOODS
from lodeline.ledger.problem import Problem, problem
from lodeline.ledger.reservation import Masses
from lodeline.material.mass import format_kg
from lodeline.regulation.parameter import Jurisdiction
from lodeline.service.licences.accounts import LicenceAccount, licence_accounts, project_again
from lodeline.service.licences.draw_facts import Draw, draw_at, draws_about, draws_by_reference, draws_of, put_draws
from lodeline.service.licences.draws import Drawn, live, shown
from lodeline.service.licences.exit_flags import exit_flags
from lodeline.store.opening import assert_guarded
from lodeline.store.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Exit:
    """What customs saw leave under a line of a declaration, with the actual mass; partial exits add up.

    `reference`: customs' own number for it. `closes`: nothing more leaves on the line. Elements are those of the
    reservation in proportion, where they are not given. `licence` and `organisation` where nothing was reserved.

    `corrects`: the number of a confirmation that was wrong, which this one takes the place of, with a `reason`. It says
    what truly left and whether that was the last, of the same line; no mass at all where nothing left.
    """

    declaration: str
    line: str
    mass_mg: int
    reference: str
    closes: bool = False
    elements_mg: Masses | None = None
    licence: str = ""
    organisation: str = ""
    corrects: str = ""
    reason: str = ""


def confirm_exits(
    *, store: Store, exits: Sequence[Exit], law: Jurisdiction, on: date, filed_at: datetime, by: str | None = None
) -> list[Drawn]:
    """Books what customs saw leave; what passes licence or reservation is booked and flagged, as the goods are gone.

    A confirmation that corrects another takes its place: both stay in the log, and what counts is the newer.
    """
    assert_guarded(store)
    with store.database.transaction():
        head = store.head(lock=True)
        known = draws_by_reference(store, (number for one in exits for number in (one.reference, one.corrects)))
        about = draws_about(store, (one.declaration for one in exits))
        standing_now = live(draws_of(store, "licence", sorted({draw.account for draw in about})))
        standing = {(draw.declaration, draw.line): draw for draw in about if draw.number in standing_now}
        taken_back = {(draw.declaration, draw.line) for draw in about} - standing.keys()
        answers: list[Drawn] = []
        fresh: dict[str, Draw] = {}
        for one in exits:
            line = (one.declaration, one.line)
            before = known.get(one.reference) or fresh.get(one.reference)
            if one.corrects:
                found = _correction(store, one, on, known.get(one.corrects), before=before, fresh=list(fresh.values()))
            else:
                found = _exit(one, standing.get(line), on, before)
                if line in taken_back:
                    found = _after_taken_back(one, found)
            if found.draw is not None and not found.repeated:
                fresh[one.reference] = found.draw
            answers.append(found)
        if fresh:
            accounts = sorted({draw.account for draw in fresh.values()})
            earlier = licence_accounts(store, store.register(head), law, accounts)
            _, stored = put_draws(store, head, list(fresh.values()), filed_at=filed_at, by=by)
            project_again(store, accounts)
            after = licence_accounts(store, store.register(head), law, accounts)
            kept = {draw.reference: draw for draw in stored}
            flags = {
                number: mine
                for id_ in accounts
                for number, mine in exit_flags(after[id_].licence, draws_of(store, "licence", [id_])).items()
            }
            answers = [_with_flags(one, kept, earlier, after, flags) for one in answers]
    return answers


def _exit(one: Exit, reserved: Draw | None, on: date, before: Draw | None) -> Drawn:
    missing = [
        column for column, value in {
            "declaration": one.declaration, "line": one.line, "reference": one.reference,
            "mass_kg": one.mass_mg > 0 or (one.closes and one.mass_mg == 0),
            "licence": reserved or one.licence, "exporter": reserved or one.organisation,
        }.items() if not value
    ]  # fmt: skip
    if missing:
        return Drawn(draw=None, problems=(problem("exit.incomplete", columns=", ".join(missing)),))
    draw = Draw(
        book="licence", act="exit", account=reserved.account if reserved else one.licence,
        organisation=reserved.organisation if reserved else one.organisation, masses_mg=_masses_of(one, reserved),
        on=on, declaration=one.declaration, line=one.line, closes=one.closes,
        target=reserved.number if reserved else 0, reference=one.reference,
    )  # fmt: skip
    return _once(draw, before)


def _masses_of(one: Exit, reserved: Draw | None) -> Masses:
    """What an exit states, with the elements of its reservation in proportion where it gives none."""
    masses: dict[str, int] = {GOODS: one.mass_mg, **(one.elements_mg or {})}
    if reserved is not None and one.elements_mg is None:
        whole = reserved.masses_mg.get(GOODS, 0)
        masses |= {
            name: mass_mg * one.mass_mg // whole for name, mass_mg in reserved.masses_mg.items() if name and whole
        }
    return masses


def _once(draw: Draw, before: Draw | None) -> Drawn:
    """The row, or the one of the same number that says the same; another one of that number is refused."""
    if before is None:
        return Drawn(draw=draw)
    if _content(before) == _content(draw):
        return Drawn(draw=before, repeated=True)
    return Drawn(draw=None, problems=(problem("exit.exists-with-other-content", reference=draw.reference),))


def _content(draw: Draw) -> tuple[object, ...]:
    corrected = draw.target if draw.act == "correct" else 0
    return draw.act, corrected, draw.declaration, draw.line, draw.closes, shown(draw.masses_mg)


def _correction(
    store: Store, one: Exit, on: date, wrong: Draw | None, *, before: Draw | None, fresh: Sequence[Draw]
) -> Drawn:
    """The row that takes the place of a wrong confirmation, whether that is a first one or a correction itself.

    `wrong`: what has the number that is to be corrected; it must be what stands, so that nobody corrects unseen what
    another has corrected since.
    """
    missing = [
        column for column, value in {
            "reference": one.reference, "reason": one.reason.strip(), "mass_kg": one.mass_mg >= 0,
        }.items() if not value
    ]  # fmt: skip
    if missing:
        return Drawn(draw=None, problems=(problem("exit.incomplete", columns=", ".join(missing)),))
    first = wrong if wrong is None or wrong.act == "exit" else draw_at(store, wrong.target)
    same_line = first is not None and (first.declaration, first.line) == (one.declaration, one.line)
    if first is None or first.act != "exit" or not same_line:
        unknown = problem(
            "exit.corrected-unknown", reference=one.corrects, declaration=one.declaration, line=one.line
        )  # fmt: skip
        return Drawn(draw=None, problems=(unknown,))
    draw = Draw(
        book="licence", act="correct", account=first.account, organisation=first.organisation,
        masses_mg=_masses_of(one, draw_at(store, first.target) if first.target else None), on=on,
        declaration=one.declaration, line=one.line, closes=one.closes, target=first.number, reference=one.reference,
        reason=one.reason.strip(),
    )  # fmt: skip
    found = _once(draw, before)
    draws = [*draws_of(store, "licence", [first.account]), *fresh]
    newest = [each for each in draws if each.act == "correct" and each.target == first.number][-1:] or [first]
    if found.draw is not None and not found.repeated and newest[0].reference != one.corrects:
        since = problem("exit.corrected-since", reference=one.corrects, newest=newest[0].reference)
        return Drawn(draw=None, problems=(since,))
    return found


def _after_taken_back(one: Exit, found: Drawn) -> Drawn:
    """An exit under a line whose reservation was taken back: booked, and flagged, only where it names a licence."""
    if found.draw is None and not (one.licence and one.organisation):
        return replace(found, problems=(problem("exit.taken-back", declaration=one.declaration, line=one.line),))
    if found.draw is not None and not found.repeated:
        return replace(found, problems=(problem("exit.after-taken-back", declaration=one.declaration, line=one.line),))
    return found


def _with_flags(
    drawn: Drawn, kept: Mapping[str, Draw], before: Mapping[str, LicenceAccount], after: Mapping[str, LicenceAccount],
    flags: Mapping[int, Sequence[Problem]],
) -> Drawn:  # fmt: skip
    """The answer with its row as stored, with what is flagged about the exit, and with a flag for every mass that is
    overdrawn, and more so than before."""
    if drawn.draw is None:
        return drawn
    draw = kept.get(drawn.draw.reference, drawn.draw)
    if drawn.repeated:
        return replace(drawn, draw=draw)
    own = flags.get(draw.target if draw.act == "correct" else draw.number, ())
    over = overdrawn(draw.account, draw.organisation, before, after, draw.on)
    return replace(drawn, draw=draw, problems=(*drawn.problems, *own, *over))


def overdrawn(
    licence: str,
    organisation: str,
    before: Mapping[str, LicenceAccount],
    after: Mapping[str, LicenceAccount],
    day: date,
) -> Iterable[Problem]:
    """A flag for every mass of a licence of which more was used than granted, and more so than before."""
    now, then = after[licence], before[licence]
    if now.licence is None:
        yield problem("export.licence-unknown", licence=licence)
        return
    if organisation in now.strangers:
        yield problem("export.licence-of-other", licence=licence, stated=organisation)
        return
    for name, granted in now.account.granted_mg.items():
        used = now.account.used(name)
        if used > granted and used > then.account.used(name):
            yield problem(
                "export.licence-overdrawn", licence=licence, what=name or "goods", over_kg=format_kg(used - granted)
            )  # fmt: skip
