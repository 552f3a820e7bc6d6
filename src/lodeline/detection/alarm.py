"""When a difference is an alarm: one false finding in 200 clean years of a site, for each detector, whatever is tested.

How gains and losses spend it over the counts of a year and the elements of a site is said in `watching`; tests that are
made together share it (Šidák).
Source: Šidák, J. Am. Stat. Assoc. 62 (1967), also for positively dependent tests.
"""

from __future__ import annotations

from typing import Final

#: What could not be told from nothing on a scale of a works is no question, however sure; an assumption.
LEAST_MG: Final = 1_000_000
#: Of clean site-years, the share in which a detector may raise a false finding. An assumption, not law: with 1 600
#: sites it is eight visits a year that a detector costs for nothing.
FALSE_FINDINGS_PER_SITE_YEAR: Final = 1 / 200
ALARM_SCORE: Final = 1 - FALSE_FINDINGS_PER_SITE_YEAR
#: Half-width of a 95 % interval, in standard deviations.
HALF_WIDTH_95: Final = 1.96
DAYS_PER_YEAR: Final = 365.25


def alarm_score(*, tested: int, sites: int) -> float:
    """Where the budget ends for a detector that can look at few: what it may not spend on others is spent on these.

    `tested` of `sites` are testable. Never below 19 in 20: a question that chance asks more often is none.
    """
    assert tested > 0, "where nobody can be tested there is no score"
    return 1 - min(0.05, FALSE_FINDINGS_PER_SITE_YEAR * max(1.0, sites / tested))
