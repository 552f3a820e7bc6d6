"""What officers decide about a licence on its page: one proposes with a day and grounds, another confirms or refuses.

Who may is the business of `office.licences.acts`; a form is shown to nobody who may not send it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from django.http import HttpResponse, HttpResponseRedirect, QueryDict

from lodeline.language import Text, text
from lodeline.ledger.licence import DEEDS, Deed, Licence
from lodeline.ledger.register import Register
from lodeline.office.access import clock
from lodeline.office.licences import acts as licence_acts
from lodeline.service.licences.licences import REASON_CHARACTERS, act_faults, act_record
from lodeline.service.licences.proposals import LicenceProposal, LicenceProposalError, ProposalAnswer, waiting
from lodeline.web.pages.common import law_days
from lodeline.web.pages.common.firm_part import error_text
from lodeline.web.pages.licences.application_part import day_of
from lodeline.web.parts.values import Act, Field, Notice
from lodeline.web.visit import BadQuestionError, Visit
from lodeline.web.words import format as written
from lodeline.web.words.firm_names import firm_names

#: What an officer chooses, what waits, and what the button of the second officer says.
DEED_TEXTS: Final[Mapping[Deed, tuple[Text, Text, Text]]] = {
    "suspended": (
        text("suspend it"),
        text("Proposed: to suspend it"),
        text("Suspend it"),
    ),
    "resumed": (
        text("let it be used again"),
        text("Proposed: to resume it"),
        text("Resume it"),
    ),
    "revoked": (text("revoke it"), text("Proposed: to revoke it"), text("Revoke it")),
    "holder": (
        text("hand it over to another holder"),
        text("Proposed: to hand it over"),
        text("Hand it over"),
    ),
}
_NOTICES: Final[Mapping[str, Text]] = {
    "propose": text("It is proposed. Another officer decides."),
    "confirm": text("It is decided, and the firm is told."),
    "refuse": text("The proposal is ended; the licence stands as it did."),
}
_SENT_CHARACTERS: Final = 4_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Deciding:
    """What the page shows: the proposal that waits, in words, and the forms that whoever asks may send."""

    waits: str = ""
    grounds: str = ""
    note: str = ""
    proposal: str = ""
    confirms: Act | None = None
    refuses: Act | None = None
    why: Field | None = None
    proposes: Sequence[Field] = ()
    open: bool = False


def done(visit: Visit, licence: str) -> HttpResponse | list[str]:
    """Does what a form asks and leads back to the page; or why it was not done, as sentences."""
    form, law, now = visit.request.POST, visit.law, clock.now()
    actor, store, proposal = visit.actor, visit.store, form.get("proposal", "")[:_SENT_CHARACTERS]
    verbs: dict[str, Callable[[], ProposalAnswer]] = {
        "propose": lambda: _proposed(visit, licence, form),
        "confirm": lambda: licence_acts.confirm(actor, store, proposal, law=law, now=now),
        "refuse": lambda: licence_acts.refuse(
            actor, store, proposal, answer=form.get("answer", "")[:_SENT_CHARACTERS], law=law, now=now
        ),
    }
    act = form.get("act", "")
    if act not in verbs:
        raise BadQuestionError(text("Choose what to do."))
    try:
        found = verbs[act]()
    except LicenceProposalError as error:
        return [error_text(visit, error)]
    if found.entry is None:
        return [one.message(visit.language) for one in found.problems]
    visit.has_filed(found.entry)
    return HttpResponseRedirect(visit.here(said=act), status=303)


def notices(visit: Visit, refused: Sequence[str] | None) -> list[Notice]:
    """What a form has come to, or why it has not."""
    if refused:
        return [Notice(kind="problem", text=one) for one in refused]
    code = visit.query("said") or ""
    return [Notice(kind="success", text=visit.localized(_NOTICES[code]))] if code in _NOTICES else []


def deciding(visit: Visit, licence: Licence | None) -> Deciding | None:
    """What is shown of it; None where nothing waits and whoever asks may propose nothing."""
    if licence is None:
        return None
    today = law_days.today(visit.law)
    may = visit.actor.may("licence.decide", licence.holder(today) or "")
    found = waiting(visit.store.newest_register()).get(licence.id)
    if found is not None:
        return _waits(visit, found, may=may)
    fields = _fields(visit, licence) if may else []
    return Deciding(proposes=fields, open=_sent(visit, "act") == "propose") if fields else None


def _waits(visit: Visit, found: LicenceProposal, *, may: bool) -> Deciding:
    _, waits, button = DEED_TEXTS[found.deed]
    on = written.day(found.on, visit.language)
    to = firm_names(visit).get(found.holder, found.holder) if found.holder else ""
    own = found.by == visit.actor.pseudonym
    sentence = visit.localized(waits) + (visit.text(" to {to}", to=to) if to else "")
    note = visit.text("Another officer than who proposed it decides.")
    if own:
        note = visit.text("You proposed it: another officer decides.")
    refuses = (
        text("Take it back", context="licences, decisions") if own else text("Refuse it", context="licences, decisions")
    )
    return Deciding(
        waits=visit.text("{sentence} from {on}", sentence=sentence, on=on),
        grounds=found.reason,
        note=note,
        proposal=found.id,
        confirms=Act(
            label=visit.localized(button), name="act", value="confirm", look="danger" if found.deed == "revoked" else ""
        )
        if may and not own
        else None,
        refuses=Act(label=visit.localized(refuses), name="act", value="refuse", look="ghost") if may else None,
        why=_why(visit) if may else None,
    )


def _why(visit: Visit) -> Field:
    return Field(
        name="answer",
        label=visit.text("Why", context="licences, decisions"),
        kind="textarea",
        lines=2,
        required=True,
        width="full",
        value=_sent(visit, "answer"),
        hint=visit.text("It goes into the log and stays there."),
    )


def _fields(visit: Visit, licence: Licence) -> list[Field]:
    """The form that proposes, with what can be done to the licence as it stands; none where nothing can."""
    today, register = law_days.today(visit.law), visit.store.newest_register()
    # After what was decided for a day to come, only what follows it.
    day = max([today, *(act.on for act in licence.acts)])
    can = [deed for deed in DEEDS if not _is_barred(register, licence.id, deed, day)]
    if not can:
        return []
    return [
        Field(
            name="deed",
            label=visit.text("What", context="licences, decisions"),
            kind="select",
            required=True,
            value=_sent(visit, "deed"),
            options=[(deed, visit.localized(DEED_TEXTS[deed][0])) for deed in can],
        ),
        Field(
            name="on",
            label=visit.text("From", context="licences, decisions"),
            kind="date",
            required=True,
            width="short",
            value=_sent(visit, "on") or day.isoformat(),
            hint=visit.text("Confirmed later, it counts from the day of the confirmation."),
        ),
        Field(
            name="holder",
            label=visit.text("New holder"),
            value=_sent(visit, "holder"),
            width="medium",
            hint=visit.text("Id in the register; only to hand it over."),
        ),
        Field(
            name="reason",
            label=visit.text("Grounds", context="licences"),
            kind="textarea",
            lines=3,
            required=True,
            width="full",
            value=_sent(visit, "reason"),
            hint=visit.text(
                "The firm reads them once it is confirmed. At most {reason_characters} characters.",
                reason_characters=REASON_CHARACTERS,
            ),
        ),
    ]


def _is_barred(register: Register, licence: str, deed: Deed, day: date) -> bool:
    record = act_record(licence, deed, on=day, holder="", reason="asked")
    return any(one.code == "grant.stands-otherwise" for one in act_faults(register, record))


def _proposed(visit: Visit, licence: str, form: QueryDict) -> ProposalAnswer:
    on = day_of(form.get("on", ""))
    if on is None:
        raise LicenceProposalError(text("Give the day from which, like 2026-03-01."))
    return licence_acts.propose(
        visit.actor,
        visit.store,
        licence,
        form.get("deed", "")[:_SENT_CHARACTERS],
        on=on,
        reason=form.get("reason", "")[:_SENT_CHARACTERS],
        holder=form.get("holder", "").strip()[:_SENT_CHARACTERS],
        law=visit.law,
        now=clock.now(),
    )


def _sent(visit: Visit, name: str) -> str:
    """What was sent stands in the form that comes back with a problem."""
    return str(visit.request.POST.get(name, "")[:_SENT_CHARACTERS])


assert DEED_TEXTS.keys() == set(DEEDS), "whatever can be done to a licence has words"
