"""What customs enter on the page of a licence: exits and their corrections, reservations taken back, tranches allotted
and taken back.

A form says what may be chosen; what it asks is a verb of `office.licences.draws`, which asks for the permission first.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from django.http import HttpResponse, HttpResponseRedirect

from lodeline.language import Text, bilingual, text
from lodeline.ledger.problem import Problem
from lodeline.material.mass import format_kg, parse_mass
from lodeline.office.access import clock
from lodeline.office.licences import draws as licence_draws
from lodeline.service.licences.accounts import AccountMasses
from lodeline.service.licences.answers import LicenceDetail, LicencePosition
from lodeline.service.licences.draws import Drawn, reserved_for
from lodeline.service.licences.exits import Exit
from lodeline.web.parts.values import Field, Notice
from lodeline.web.visit import BadQuestionError, Visit

_NOTICES: Final[Mapping[str, Text]] = {
    "exit": text("The exit is booked."),
    "correct": text("The exit is corrected; what was confirmed before stays in the log."),
    "void": text("The reservation is taken back, and its mass is free again."),
    "allot": text("The tranche is allotted."),
    "void-tranche": text("What the port has not spent is taken back."),
}
_REPEATED: Final = text("That stood already: nothing was written.")
#: Stands in the form for a line that nothing is reserved for.
_OTHER: Final = "none"
#: A field longer than any number of customs, port or reason.
_SHORT, _LONG = 200, 4_000


class _Unread(Exception):  # noqa: N818  (an answer to whoever typed it)
    """A mass that is none; the message is in the reader's language."""


def done(visit: Visit, document: LicenceDetail) -> HttpResponse | list[str]:
    """Does what a form asks, and leads back to the page; or why it was not done, as sentences."""
    form = visit.request.POST
    act = form.get("act", "")
    deed = _DEEDS.get(act)
    if deed is None:
        raise BadQuestionError(text("Choose what to do."))
    try:
        found = deed(visit, document, form)
    except _Unread as error:
        return [str(error)]
    if found.draw is None:
        return _problem_texts(visit, found.problems)
    visit.has_filed(found.draw.entry)
    flags = [one.code for one in found.problems]
    act_code = "repeated" if found.repeated else act
    return HttpResponseRedirect(visit.here(said=act_code, flag=flags[0] if flags else None), status=303)


def notices(visit: Visit, refused: Sequence[str] | None) -> list[Notice]:
    """What a form has come to, or why it has not."""
    if refused:
        return [Notice(kind="problem", text=one) for one in refused]
    code = visit.query("said")
    if code == "repeated":
        return [Notice(kind="info", text=visit.localized(_REPEATED))]
    if code is None or code not in _NOTICES:
        return []
    more = visit.text(
        "It is flagged: the goods are gone, and licence or reservation does not cover it. See what was drawn, below."
    )
    return [Notice(kind="success", text=visit.localized(_NOTICES[code]), more=more if visit.query("flag") else "")]


def forms(visit: Visit, document: LicenceDetail) -> dict[str, list[Field] | None]:
    """The fields of each form, None where there is nothing that it could be about."""
    awaited = [one for one in document.positions if one.state == "open" and one.declaration]
    tranches = [one for one in document.positions if one.state == "tranche" and one.tranche]
    lines = [
        (
            _key(one),
            visit.text(
                "{declaration}, line {line}: {format_kg} kg may still leave",
                declaration=one.declaration,
                line=one.line,
                format_kg=format_kg(one.open_mg),
            ),
        )
        for one in awaited
    ]
    parts = [
        (
            one.tranche or "",
            visit.text("{tranche}: {format_kg} kg not spent", tranche=one.tranche, format_kg=format_kg(one.open_mg)),
        )
        for one in tranches
    ]
    return {
        "exit": _exit_fields(visit, lines),
        "correct": _correct_fields(visit, document),
        "void": [
            _select(visit, text("Reservation"), "reservation", "void", lines),
            _reason(visit, "void"),
        ]
        if lines
        else None,
        "allot": _allot_fields(visit, document) if document.state == "granted" else None,
        "void_tranche": [
            _select(visit, text("Tranche", context="licences, acts, forms"), "tranche", "void-tranche", parts),
            _reason(visit, "void-tranche"),
        ]
        if tranches
        else None,
    }


def _exit_fields(visit: Visit, lines: list[tuple[str, str]]) -> list[Field]:
    other = visit.text("another declaration: nothing is reserved for it here")
    return [
        _select(visit, text("What left", context="licences"), "reservation", "exit", [*lines, (_OTHER, other)]),
        _text(
            visit,
            text("Declaration", context="licences, acts"),
            "declaration",
            "exit",
            required=False,
            hint=text("Only where nothing is reserved: it is booked on this licence and its holder."),
        ),
        _text(visit, text("Line", context="licences"), "line", "exit", required=False, width="short"),
        _mass(visit, text("Actual net mass, kg"), "mass_kg", "exit"),
        _text(
            visit,
            text("Number of the exit"),
            "reference",
            "exit",
            hint=text("Customs' own. The same number again books nothing."),
        ),
        _closes(visit, "exit"),
    ]


def _correct_fields(visit: Visit, document: LicenceDetail) -> list[Field] | None:
    """None where nothing was confirmed; the newest first, for that is where a slip is noticed."""
    stand = [one for one in document.draws if one.act in ("exit", "correct") and one.corrected_by is None]
    confirmed = [
        (
            one.reference or "",
            visit.text(
                "{reference}: {format_kg} kg, {declaration}, line {line}{closes}",
                reference=one.reference,
                format_kg=format_kg(one.mass_mg),
                declaration=one.declaration,
                line=one.line,
                closes=bilingual(", the last on it" if one.closes else "", "，已结清" if one.closes else ""),
            ),
        )
        for one in reversed(stand)
    ]
    if not confirmed:
        return None
    return [
        _select(visit, text("Confirmation that is wrong"), "corrects", "correct", confirmed),
        _mass(
            visit,
            text("What truly left, kg"),
            "mass_kg",
            "correct",
            visit.text("0 where nothing left, as of goods booked on the wrong line."),
        ),
        _text(
            visit,
            text("Number of the correction"),
            "reference",
            "correct",
            hint=text("Customs' own, and not that of the confirmation."),
        ),
        _closes(visit, "correct"),
        _reason(visit, "correct"),
    ]


def _closes(visit: Visit, act: str) -> Field:
    return Field(
        name="closes",
        key=act,
        kind="checkbox",
        value="yes",
        label=visit.text("Nothing more leaves on this line: the rest returns"),
        checked=_sent(visit, act, "closes") == "yes",
    )


def _allot_fields(visit: Visit, document: LicenceDetail) -> list[Field]:
    def left(masses: AccountMasses) -> str:
        kg = "" if masses.left_mg is None else format_kg(masses.left_mg)
        return visit.text("{kg} kg are left.", kg=kg) if kg else ""

    name_of_yours = text("A name of yours: what the port spends bears it.")
    return [
        _text(visit, text("Tranche", context="licences, acts, allot fields"), "tranche", "allot", hint=name_of_yours),
        _text(visit, text("Port"), "port", "allot"),
        _mass(visit, text("Net mass of goods, kg"), "mass_kg", "allot", left(document.goods)),
        *(
            _mass(visit, text("{name}, kg", name=name), f"element-{name}", "allot", left(mass))
            for name, mass in document.elements.items()
        ),
    ]


# What the forms do.


def _exit(visit: Visit, document: LicenceDetail, form: Mapping[str, str]) -> Drawn:
    chosen = _chosen(document, form)
    declaration = form.get("declaration", "").strip() if chosen is None else chosen.declaration or ""
    line = form.get("line", "").strip() if chosen is None else chosen.line or ""
    standing = reserved_for(visit.store, declaration=declaration, line=line)
    if standing is not None and standing.account != document.id:
        raise _Unread(
            visit.text(
                "Line {line} of {declaration} is reserved on {account}: confirm its exit there.",
                line=line,
                declaration=declaration,
                account=standing.account,
            )
        )
    one = Exit(
        declaration=declaration,
        line=line,
        mass_mg=_mg(visit, form.get("mass_kg", "")),
        reference=form.get("reference", "").strip()[:_SHORT],
        closes=form.get("closes") == "yes",
        licence=document.id,
        organisation=document.exporter or "",
    )
    return licence_draws.confirm_exits(visit.actor, visit.store, [one], law=visit.law, now=clock.now())[0]


def _correct(visit: Visit, document: LicenceDetail, form: Mapping[str, str]) -> Drawn:
    wrong = next((one for one in document.draws if one.reference and one.reference == form.get("corrects")), None)
    if wrong is None:
        raise BadQuestionError(text("There is no such confirmation on this licence."))
    one = Exit(
        declaration=wrong.declaration or "",
        line=wrong.line or "",
        mass_mg=_mg(visit, form.get("mass_kg", "")),
        reference=form.get("reference", "").strip()[:_SHORT],
        closes=form.get("closes") == "yes",
        corrects=wrong.reference or "",
        reason=form.get("reason", "")[:_LONG],
    )
    return licence_draws.confirm_exits(visit.actor, visit.store, [one], law=visit.law, now=clock.now())[0]


def _chosen(document: LicenceDetail, form: Mapping[str, str]) -> LicencePosition | None:
    number = form.get("reservation", _OTHER)
    return next((one for one in document.positions if number and _key(one) == number), None)


def _void(visit: Visit, document: LicenceDetail, form: Mapping[str, str]) -> Drawn:
    chosen = _chosen(document, form)
    if chosen is None:
        raise BadQuestionError(text("There is no such reservation any more."))
    return licence_draws.void(
        visit.actor,
        visit.store,
        declaration=chosen.declaration or "",
        line=chosen.line or "",
        reason=form.get("reason", "")[:_LONG],
        law=visit.law,
        now=clock.now(),
    )


def _allot(visit: Visit, document: LicenceDetail, form: Mapping[str, str]) -> Drawn:
    elements = {name: text for name in document.elements if (text := form.get(f"element-{name}", "").strip())}
    return licence_draws.allot(
        visit.actor,
        visit.store,
        licence=document.id,
        tranche=form.get("tranche", "").strip()[:_SHORT],
        port=form.get("port", "").strip()[:_SHORT],
        mass_mg=_mg(visit, form.get("mass_kg", "")),
        elements_mg={name: _mg(visit, text) for name, text in elements.items()},
        law=visit.law,
        now=clock.now(),
    )


def _void_tranche(visit: Visit, document: LicenceDetail, form: Mapping[str, str]) -> Drawn:
    return licence_draws.void_tranche(
        visit.actor,
        visit.store,
        licence=document.id,
        tranche=form.get("tranche", ""),
        reason=form.get("reason", "")[:_LONG],
        law=visit.law,
        now=clock.now(),
    )


_DEEDS: Final[Mapping[str, Callable[[Visit, LicenceDetail, Mapping[str, str]], Drawn]]] = {
    "exit": _exit,
    "correct": _correct,
    "void": _void,
    "allot": _allot,
    "void-tranche": _void_tranche,
}


def _mg(visit: Visit, text: str) -> int:
    try:
        return int(parse_mass(text.strip()))
    except ValueError:
        shown = text.strip()[:40]
        raise _Unread(visit.text("{shown!r} is no mass in kilograms: write it like 60.5.", shown=shown)) from None


def _problem_texts(visit: Visit, problems: Sequence[Problem]) -> list[str]:
    return [one.message(visit.language) for one in problems]


def _key(one: LicencePosition) -> str:
    """A reservation as a form names it: its number in the log."""
    return "" if one.number is None else str(one.number)


# Fields; what was sent stands in the form that comes back with a problem.


def _sent(visit: Visit, act: str, name: str) -> str:
    form = visit.request.POST
    return form.get(name, "")[:_LONG] if form.get("act") == act else ""


def _text(
    visit: Visit,
    label: Text,
    name: str,
    act: str,
    *,
    required: bool = True,
    width: Any = "medium",
    hint: Text | None = None,
) -> Field:
    return Field(
        name=name,
        key=act,
        label=visit.localized(label),
        required=required,
        width=width,
        value=_sent(visit, act, name),
        hint="" if hint is None else visit.localized(hint),
    )


def _mass(visit: Visit, label: Text, name: str, act: str, hint: str = "") -> Field:
    return Field(
        name=name,
        key=act,
        label=visit.localized(label),
        required=True,
        width="short",
        inputmode="decimal",
        hint=hint,
        value=_sent(visit, act, name),
    )


def _select(visit: Visit, label: Text, name: str, act: str, options: list[tuple[str, str]]) -> Field:
    return Field(
        name=name,
        key=act,
        label=visit.localized(label),
        kind="select",
        required=True,
        width="full",
        value=_sent(visit, act, name),
        options=options,
    )


def _reason(visit: Visit, act: str) -> Field:
    return Field(
        name="reason",
        key=act,
        label=visit.text("Why", context="licences, acts"),
        kind="textarea",
        lines=2,
        required=True,
        width="full",
        value=_sent(visit, act, "reason"),
        hint=visit.text("It goes into the log and stays there."),
    )


assert _NOTICES.keys() == _DEEDS.keys(), "every act says what it has come to"
