"""Why a difference could not be tested. What cannot be tested raises no error and no alarm: it says so.

Whoever shows a result shows the reason beside it; a site without a reason and without an alarm was tested and is clean.
"""

from __future__ import annotations

from typing import Final

from lodeline.language import Text, text

NO_COUNTS: Final = "no-counts"
UNKNOWN_DIFFERENCE: Final = "unknown-difference"
UNKNOWN_UNCERTAINTY: Final = "unknown-uncertainty"
ZERO_VARIANCE: Final = "zero-variance"
SINGULAR_COVARIANCE: Final = "singular-covariance"
TOO_FEW: Final = "too-few"
UNKNOWN_ELEMENTS: Final = "unknown-elements"
NOT_REDUNDANT: Final = "not-redundant"
UNASSAYED_LOTS: Final = "unassayed-lots"
UNFILED_MONTHS: Final = "unfiled-months"

#: Stored code → what it says and what helps.
REASONS: Final[dict[str, Text]] = {
    NO_COUNTS: text(
        "No balance lies between two stock counts of the whole site. Count it twice, and the "
        "months between can be tested."
    ),
    UNASSAYED_LOTS: text(
        "Nobody has stated what some lots hold, and what they may hold explains any difference. "
        "Assay them, and the months can be tested."
    ),
    UNFILED_MONTHS: text(
        "Every balance lies over a month that the firm has not filed. File it, and the balances can be tested."
    ),
    UNKNOWN_DIFFERENCE: text("A difference is not a number. Ask for the rows of that period."),
    UNKNOWN_UNCERTAINTY: text(
        "Nobody says how exactly it was measured. Register the methods of weighing and assay, with their uncertainties."
    ),
    ZERO_VARIANCE: text(
        "The methods claim to measure without error, yet a difference remains. It cannot be "
        "judged by its uncertainty; correct the uncertainties of the methods."
    ),
    SINGULAR_COVARIANCE: text(
        "The differences depend on one another exactly, so they are not separate evidence. Test "
        "fewer of them, or give the methods a random error."
    ),
    TOO_FEW: text("There are too few measurements for an estimate. Add repeated measurements."),
    UNKNOWN_ELEMENTS: text("No signature holds any of the elements that were tested. Test rare earths."),
    NOT_REDUNDANT: text(
        "Nothing is measured twice: every balance only determines a stream that nobody measured. "
        "Measure one more stream."
    ),
}
