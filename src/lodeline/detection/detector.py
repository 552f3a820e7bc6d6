"""What a detector is: a loophole's name, its words and mark, and the function that looks for it.

All of it stands in the detector's own file. What a function looks at are its parameters, and it is given no more: so
they say as well whether the law, or who filed late, decides what it finds.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, Protocol

import polars as pl

from lodeline.accountancy.verification.frames import SINGLE, VERIFIED
from lodeline.collation.exception import EXCEPTION
from lodeline.detection.alarm import LEAST_MG
from lodeline.detection.comparison import BEHIND, COMPARED, UNFILED
from lodeline.detection.finding import Finding
from lodeline.detection.imbalance import Books
from lodeline.detection.limits import limits_of
from lodeline.detection.need import Need
from lodeline.detection.papers import CUSTOMS, DRAWS, FILINGS, PAPERS
from lodeline.language import Text, text
from lodeline.ledger.register import Register
from lodeline.message import Texts
from lodeline.regulation.parameter import Jurisdiction

#: The tones of `web.words.words.Tone` that a finding may have.
Tone = Literal["ink", "flow", "gain", "loss", "hold"]

#: What a view of the ledger may offer beside `LedgerView`, and its columns. Where it does not, what needs them is not
#: tested.
OFFERED: Final[Mapping[str, Mapping[str, pl.DataType]]] = {
    "papers": PAPERS, "filings": FILINGS, "customs": CUSTOMS, "draws": DRAWS,
    "exceptions": EXCEPTION, "compared": COMPARED, "behind_exceptions": BEHIND, "unfiled": UNFILED,
    "verified": VERIFIED, "single": SINGLE,
}  # fmt: skip

#: What a fact is for the firm that a finding is about. `plain`: a number, a day, a code, or the filer's own word for an
#: event or a document; it names nobody. Of the others the firm sees what it calls them.
Shown = Literal["plain", "party", "site", "lot"]
#: Name of a fact, or of a record of facts → what it is. What is not declared is not shown to the firm.
Declared = Mapping[str, Shown | Mapping[str, Shown]]


def plain(*names: str) -> dict[str, Shown]:
    """Facts that name nobody, declared as such."""
    return dict.fromkeys(names, "plain")


#: What every subject may name. A ring and a pair hold names within a text, and are not shown.
SUBJECT: Final[Declared] = {
    "organisation": "party", "customer": "party", "party": "party", "site": "site", "lot": "lot",
    **plain("cause", "count", "country", "goods", "kind", "licence", "ore_type", "visit"),
}  # fmt: skip
#: What every row of the ledger says (`evidence.described`).
ROW: Final[Declared] = plain("entry", "movement", "event", "kind", "on", "mass_kg")
#: Where a finding asks no more than the name of its detector says.
ANY_QUESTION: Final = text("{label}: a question to {firm}, {until}")


class LedgerView(Protocol):
    """What detectors look at; frames as their functions describe them. `OFFERED` may be there as well."""

    @property
    def books(self) -> Books: ...
    @property
    def movements(self) -> pl.DataFrame: ...
    @property
    def counts(self) -> pl.DataFrame: ...
    @property
    def count_scopes(self) -> pl.DataFrame: ...
    @property
    def lot_assays(self) -> pl.DataFrame: ...
    @property
    def site_assays(self) -> pl.DataFrame: ...
    @property
    def lines(self) -> pl.DataFrame: ...
    @property
    def lots(self) -> pl.DataFrame: ...
    @property
    def lot_facts(self) -> pl.DataFrame: ...
    @property
    def transfers(self) -> pl.DataFrame: ...
    @property
    def status(self) -> pl.DataFrame: ...
    @property
    def register(self) -> Register: ...
    @property
    def law(self) -> Jurisdiction: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Detector:
    """A loophole: what it is called in the log, by a person and on a page, and how it is looked for.

    `mark` is shape and tone, shown beside the label. `texts` are the sentences that explain a finding. `labels` names
    the keys of evidence that are this detector's own, `words` the codes that are values there. `shown` declares what of
    its evidence the firm that it is about sees: records (`totals`), and facts of the rows that the firm filed itself;
    the firm does not see what is not declared. In `question`, `{firm}`, `{mass}`, `{months}`, `{until}`, `{year}`,
    `{quota}` and `{label}` are filled in; it heads the page of a finding.
    `find` takes by name what it looks at: parts of `LedgerView`, of `OFFERED`, and `limits` (`detection.limits`).

    `duty`: what it finds is a paper that a firm has not filed, and nobody is suspected: it is shown and counted where
    duties and papers are, and has no part in scores, ranks and letters.
    `need`: what it cannot do without; before the month from which a ledger has it, it raises nothing.
    """

    name: str
    label: Text
    mark: tuple[str, Tone]
    find: Callable[..., list[Finding]]
    texts: Texts
    labels: Mapping[str, Text] = field(default_factory=dict)
    words: Mapping[str, Text] = field(default_factory=dict)
    shown: Declared = field(default_factory=dict)
    question: Text = field(default_factory=lambda: ANY_QUESTION)
    duty: bool = False
    need: Need = field(default_factory=Need)

    @property
    def needs(self) -> tuple[str, ...]:
        """What it looks at: it is asked again where `law`, or `status` (who filed late), has become another."""
        return tuple(inspect.signature(self.find).parameters)

    def look(self, sight: LedgerView) -> list[Finding]:
        """What it sees, but for what weighs next to nothing. Each frame is computed when it is asked for: a detector
        costs what it needs."""
        found = self.find(**{need: self._given(sight, need) for need in self.needs})
        return [one for one in found if one.score is None or not 0 < one.mass_mg < LEAST_MG]

    def _given(self, sight: LedgerView, need: str) -> Any:
        if need == "limits":
            return limits_of(self.name)
        return offered(sight, need) if need in OFFERED else getattr(sight, need)


def offered(sight: Any, name: str) -> pl.DataFrame:
    """A frame of `OFFERED`; empty where a view of the ledger has none."""
    frame: pl.DataFrame | None = getattr(sight, name, None)
    return pl.DataFrame(schema=dict(OFFERED[name])) if frame is None else frame
