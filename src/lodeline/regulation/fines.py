"""What a breach can cost, and how long records are kept: tables of the law, read and never judged.

A fine is a span that the law sets; what is imposed within it, or below it for what mitigates, is an authority's act.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Literal, cast

from lodeline.language import text
from lodeline.regulation.instrument import Citation
from lodeline.regulation.parameter import Jurisdiction, NoLawError

#: Parameters that hold fines: what the amount is a multiple of, and how a value names the multiple and its bound.
FINES: Final[Mapping[str, tuple[Literal["gains", "turnover"], str, str]]] = {
    "fines": ("gains", "times_gains", "gains_below"),
    "export-fines": ("turnover", "times", "turnover_least"),
}
#: The names of the span that holds where no multiple does; a row has one of them.
FIXED: Final = ("without_gains", "fine", "otherwise")
RECORDS: Final = "record-years"

Span = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fine:
    """What one breach can cost; amounts in the currency of the law, whole, `(least, most)`.

    `times` of `base` where the base reaches `from_base` (None: where there is any); else `fixed`. `refusing`: what
    refusing to correct costs, by whom. `serious`: what follows in serious cases, in both languages.
    """

    parameter: str
    breach: Mapping[str, str]
    base: Literal["gains", "turnover"]
    times: Span | None
    from_base: int | None
    fixed: Span
    refusing: Mapping[str, Span]
    serious: Mapping[str, str] | None
    citation: Citation
    evidence: str

    def span(self, base: int | None) -> Span:
        """The least and the most for gains or turnover of `base`; None where there were none or none is known."""
        if self.times is None or not base or (self.from_base is not None and base < self.from_base):
            return self.fixed
        return self.times[0] * base, self.times[1] * base


def fines(law: Jurisdiction, day: date, *, known: date) -> tuple[Fine, ...]:
    """Every fine in force on `day`, as published up to `known`, in the order of the tables."""
    found: list[Fine] = []
    for name, (base, times, bound) in FINES.items():
        for parameter in law.named(name):
            try:
                value = parameter.at(day, known=known)
            except NoLawError:
                continue
            for row in value.value:
                article = row.get("article")
                cited = value.citation
                if article is not None:
                    where = cast(dict[str, str], text("article {article}", article=article))
                    cited = Citation(instrument=cited.instrument, article=where)
                found.append(
                    Fine(
                        parameter=name, breach=row["breach"], base=base,
                        times=_span(row[times]) if times in row else None,
                        from_base=row.get(bound), fixed=next(_span(row[one]) for one in FIXED if one in row),
                        refusing={whom: _span(pair) for whom, pair in row.get("refusing", {}).items()},
                        serious=row.get("serious"), citation=cited, evidence=value.evidence,
                    )
                )  # fmt: skip
    return tuple(found)


def _span(pair: Any) -> Span:
    return pair[0], pair[1]
