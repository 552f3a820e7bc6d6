"""Questions that findings raise, in each state: asked, answered, confirmed by a second official, withdrawn."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Final

from lodeline.detection.finding import Finding
from lodeline.office.accounts.demonstration import furnish
from lodeline.office.findings import cases
from lodeline.office.findings.cases import FindingAsSeen
from lodeline.office.models import Case
from lodeline.office.sample.people import MADE_UP, Office, paper

_QUESTION: Final = (
    "Please say which papers stand behind this, and what would explain it. 请说明相关单据及可能的原因。" + MADE_UP
)


def discuss(office: Office) -> None:
    """The strongest findings of as many firms are discussed; a firm is in one state, so each is easy to find."""
    answered, confirmed, withdrawn, asked = _chosen(office)
    if answered is not None:
        _answered(office, answered)
    if confirmed is not None:
        _confirmed(office, confirmed)
    if withdrawn is not None:
        _withdrawn(office, withdrawn)
    if asked is not None:
        _ask(office, asked, days_ago=3, until_in=14)


def _chosen(office: Office) -> tuple[Finding | None, ...]:
    """A finding for each of four states: the question that is open is put to the firm of a sample account if there is
    one about it, the others to the firms that come first."""
    first = list(_one_of_each_firm(office.findings))
    ours = next((finding for finding in first if finding.firm in (office.maker, office.supplier)), None)
    others = [finding for finding in first if finding.firm not in (office.maker, office.supplier)]
    chosen: list[Finding | None] = [*others[:3], *[None] * (3 - len(others))]
    return *chosen, ours or next(iter(others[3:]), None)


def _one_of_each_firm(rows: Iterable[Finding]) -> Iterator[Finding]:
    shown = set[str]()
    for finding in rows:
        if finding.firm not in shown:
            shown.add(finding.firm)
            yield finding


def _seen(office: Office, finding: Finding, days_ago: int) -> FindingAsSeen:
    case = Case.objects.filter(finding=finding.id).first()
    return FindingAsSeen(
        finding=finding,
        stamp=office.snapshot.stamp,
        today=office.day(days_ago),
        steps=0 if case is None else case.steps_taken,
    )


def _ask(office: Office, finding: Finding, *, days_ago: int, until_in: int, by: str = "analyst") -> None:
    until = office.day(days_ago) + timedelta(days=until_in)
    seen, now = _seen(office, finding, days_ago), office.ago(days_ago)
    cases.ask(office.who(by), office.store, seen, text=_QUESTION, until=until, now=now)


def _answered(office: Office, finding: Finding) -> None:
    """The firm has answered with a paper, and the inspector who is to decide has it on the desk."""
    firm = finding.firm
    furnish(office.store.database.url, questioned=firm)
    _ask(office, finding, days_ago=16, until_in=20)
    cases.answer(
        office.who("questioned"), office.store, firm, finding.id, now=office.ago(4), files=paper("ticket"),
        text="We are looking for the paper of that month; the ticket of our scale is attached. 正在查找该月单据，"
        "现附磅单。" + MADE_UP,
    )  # fmt: skip
    inspector = office.who("inspector")
    cases.assign(
        inspector, office.store, _seen(office, finding, 2), to=inspector.user, now=office.ago(2)
    )  # fmt: skip


def _confirmed(office: Office, finding: Finding) -> None:
    """Nobody answered in time, and another official than the one who asked confirmed it."""
    _ask(office, finding, days_ago=25, until_in=14)
    text = "No answer came by the day that was set. 期满未收到答复。" + MADE_UP
    cases.confirm(office.who("inspector-2"), office.store, _seen(office, finding, 5), text=text, now=office.ago(5))


def _withdrawn(office: Office, finding: Finding) -> None:
    """It explained itself, and the question was taken back."""
    _ask(office, finding, days_ago=18, until_in=20, by="inspector")
    text = "The paper was seen on the spot; nothing is left to ask. 已现场查看单据，无需再问。" + MADE_UP
    cases.withdraw(office.who("analyst-2"), office.store, _seen(office, finding, 7), text=text, now=office.ago(7))
