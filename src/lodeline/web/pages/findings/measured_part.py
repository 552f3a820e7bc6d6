"""What inspectors' visits made of a finding, for the pages that show findings."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from lodeline.detection.finding import Finding, MeasuredStep
from lodeline.language import Language, Text, text
from lodeline.web.words.words import Tone

_STATES: Final[Mapping[str, tuple[Text, str, Tone]]] = {
    "confirmed": (text("Confirmed by measurement"), "square", "loss"),
    "narrowed": (text("Narrowed by measurement"), "half", "flow"),
    "cleared": (text("Cleared by measurement"), "tick", "quiet"),
    "unchanged": (text("Measured, not changed"), "ring", "quiet"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A visit that bears on a finding: the state in words with its mark, and the step, whose sentences say the rest."""

    word: str
    shape: str
    tone: Tone
    step: MeasuredStep
    href: str | None


def measured_steps(
    finding: Finding | None, language: Language, leads: Callable[[int], str | None] = lambda _: None
) -> Sequence[Measured]:
    """Those of a finding, oldest first; none where nobody measured what it is about. `leads`: entry of
    a visit → its page."""
    steps = () if finding is None else finding.measured
    return [_measured(step, language, leads(step.visit)) for step in steps]


def _measured(step: MeasuredStep, language: Language, href: str | None) -> Measured:
    words, shape, tone = _STATES[step.state]
    return Measured(word=words[language], shape=shape, tone=tone, step=step, href=href)
