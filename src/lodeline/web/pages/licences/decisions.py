"""What officers decide about a licence on its page: one proposes with a day and grounds, another confirms or refuses.

Who may is the business of `office.licences.acts`; a form is shown to nobody who may not send it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from django.http import HttpResponse, HttpResponseRedirect, QueryDict

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
from lodeline.web.words.language import Text, text

#: What an officer chooses, what waits, and what the button of the second officer says.
DEED_TEXTS: Final[Mapping[Deed, tuple[Text, Text, Text]]] = {
    "suspended": (
        text("suspend it", "中止"),
        text("Proposed: to suspend it", "提议中止"),
        text("Suspend it", "确认中止"),
    ),
    "resumed": (
        text("let it be used again", "恢复"),
        text("Proposed: to resume it", "提议恢复"),
        text("Resume it", "确认恢复"),
    ),
    "revoked": (text("revoke it", "撤销"), text("Proposed: to revoke it", "提议撤销"), text("Revoke it", "确认撤销")),
    "holder": (
        text("hand it over to another holder", "变更持有人"),
        text("Proposed: to hand it over", "提议变更持有人"),
        text("Hand it over", "确认变更"),
    ),
}
_NOTICES: Final[Mapping[str, Text]] = {
    "propose": text("It is proposed. Another officer decides.", "已提议，由另一名人员决定。"),
    "confirm": text("It is decided, and the firm is told.", "已决定，并已告知企业。"),
    "refuse": text("The proposal is ended; the licence stands as it did.", "提议已终止，许可证状态不变。"),
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
        raise BadQuestionError("Choose what to do.", "请选择操作。")
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
    sentence = visit.localized(waits) + (visit.text(f" to {to}", f"为{to}") if to else "")
    note = visit.text("Another officer than who proposed it decides.", "须由提议人以外的人员决定。")
    if own:
        note = visit.text("You proposed it: another officer decides.", "由您提议，须由另一名人员决定。")
    refuses = text("Take it back", "撤回提议") if own else text("Refuse it", "不同意")
    return Deciding(
        waits=visit.text(f"{sentence} from {on}", f"{sentence}，自{on}起"), grounds=found.reason, note=note,
        proposal=found.id,
        confirms=Act(
            label=visit.localized(button), name="act", value="confirm", look="danger" if found.deed == "revoked" else ""
        ) if may and not own else None,
        refuses=Act(label=visit.localized(refuses), name="act", value="refuse", look="ghost") if may else None,
        why=_why(visit) if may else None,
    )  # fmt: skip


def _why(visit: Visit) -> Field:
    return Field(
        name="answer", label=visit.text("Why", "理由"), kind="textarea", lines=2, required=True, width="full",
        value=_sent(visit, "answer"), hint=visit.text("It goes into the log and stays there.", "将记入日志并保留。"),
    )  # fmt: skip


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
            name="deed", label=visit.text("What", "事项"), kind="select", required=True, value=_sent(visit, "deed"),
            options=[(deed, visit.localized(DEED_TEXTS[deed][0])) for deed in can],
        ),
        Field(
            name="on", label=visit.text("From", "自"), kind="date", required=True, width="short",
            value=_sent(visit, "on") or day.isoformat(),
            hint=visit.text(
                "Confirmed later, it counts from the day of the confirmation.", "晚于该日确认的，自确认之日起生效。"
            ),
        ),
        Field(
            name="holder", label=visit.text("New holder", "新持有人"), value=_sent(visit, "holder"), width="medium",
            hint=visit.text("Id in the register; only to hand it over.", "登记编号；仅变更持有人时填写。"),
        ),
        Field(
            name="reason", label=visit.text("Grounds", "依据和理由"), kind="textarea", lines=3, required=True,
            width="full", value=_sent(visit, "reason"),
            hint=visit.text(
                f"The firm reads them once it is confirmed. At most {REASON_CHARACTERS} characters.",
                f"确认后告知企业，最多 {REASON_CHARACTERS} 个字符。",
            ),
        ),
    ]  # fmt: skip


def _is_barred(register: Register, licence: str, deed: Deed, day: date) -> bool:
    record = act_record(licence, deed, on=day, holder="", reason="asked")
    return any(one.code == "grant.stands-otherwise" for one in act_faults(register, record))


def _proposed(visit: Visit, licence: str, form: QueryDict) -> ProposalAnswer:
    on = day_of(form.get("on", ""))
    if on is None:
        raise LicenceProposalError("Give the day from which, like 2026-03-01.", "请填写起始日期，如 2026-03-01。")
    return licence_acts.propose(
        visit.actor, visit.store, licence, form.get("deed", "")[:_SENT_CHARACTERS], on=on,
        reason=form.get("reason", "")[:_SENT_CHARACTERS], holder=form.get("holder", "").strip()[:_SENT_CHARACTERS],
        law=visit.law, now=clock.now(),
    )  # fmt: skip


def _sent(visit: Visit, name: str) -> str:
    """What was sent stands in the form that comes back with a problem."""
    return str(visit.request.POST.get(name, "")[:_SENT_CHARACTERS])


assert DEED_TEXTS.keys() == set(DEEDS), "whatever can be done to a licence has words"
