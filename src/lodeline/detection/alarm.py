"""When a difference is an alarm: one false finding in 200 clean years of a site, for each detector, whatever is tested.

A site is tested on many elements, every time it counts. The budget is spent over time: a balance of d days on k
elements may spend d / 365.25 of a year's budget on each of k tests (Šidák), so a site that counts each week raises
no more false alarms than one that counts each quarter. Elements share their weighing errors, which makes the real
rate lower than the budget, never higher.
Source: Šidák, J. Am. Stat. Assoc. 62 (1967), also for positively dependent tests.
"""

from __future__ import annotations

import math
from typing import Final

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


def clean_year_score(z: float, *, elements: int, days: int) -> float:
    """1 − p: how likely a clean site has no difference this large in a whole year, on any element tested.

    `z` is one-sided, in standard deviations; `elements` were tested together over `days`. The score is uniform under
    the null (up to the dependence between elements), and ALARM_SCORE is where the budget ends.
    """
    assert elements > 0, "a balance tests at least one element"
    assert days > 0, "a balance runs from one day to a later one"
    tests_per_year = elements * DAYS_PER_YEAR / days
    tail = math.erfc(z / math.sqrt(2)) / 2
    return 0.0 if tail >= 1 else math.exp(tests_per_year * math.log1p(-tail))
