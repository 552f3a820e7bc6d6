"""Why a difference could not be tested. What cannot be tested raises no error and no alarm: it says so.

Whoever shows a result shows the reason beside it; a site without a reason and without an alarm was tested and is clean.
"""

from __future__ import annotations

from typing import Final

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
REASONS: Final[dict[str, dict[str, str]]] = {
    NO_COUNTS: {
        "en": "No balance lies between two stock counts of the whole site. Count it twice, and the months between can"
        " be tested.",
        "zh": "没有处于两次全场所盘存之间的平衡期。完成两次盘存后，其间各月即可检验。",
    },
    UNASSAYED_LOTS: {
        "en": "Nobody has stated what some lots hold, and what they may hold explains any difference. Assay them, and"
        " the months can be tested.",
        "zh": "部分批次的成分无人申报，其可能的含量足以解释任何差额。补充化验后即可检验。",
    },
    UNFILED_MONTHS: {
        "en": "Every balance lies over a month that the firm has not filed. File it, and the balances can be tested.",
        "zh": "各平衡期内均有月份未申报。补报后即可检验。",
    },
    UNKNOWN_DIFFERENCE: {
        "en": "A difference is not a number. Ask for the rows of that period.",
        "zh": "某期差额不是有效数值，请核对该期的申报行。",
    },
    UNKNOWN_UNCERTAINTY: {
        "en": "Nobody says how exactly it was measured. Register the methods of weighing and assay, with their"
        " uncertainties.",
        "zh": "测量不确定度未知。请登记称量和化验方法及其不确定度。",
    },
    ZERO_VARIANCE: {
        "en": "The methods claim to measure without error, yet a difference remains. It cannot be judged by its"
        " uncertainty; correct the uncertainties of the methods.",
        "zh": "所登记的方法不确定度为零，但差额仍存在，无法据此判断。请更正方法的不确定度。",
    },
    SINGULAR_COVARIANCE: {
        "en": "The differences depend on one another exactly, so they are not separate evidence. Test fewer of them, or"
        " give the methods a random error.",
        "zh": "各差额之间完全相关，不构成独立证据。请减少同时检验的项目，或为方法登记随机误差。",
    },
    TOO_FEW: {
        "en": "There are too few measurements for an estimate. Add repeated measurements.",
        "zh": "测量次数不足，无法估计。请补充重复测量。",
    },
    UNKNOWN_ELEMENTS: {
        "en": "No signature holds any of the elements that were tested. Test rare earths.",
        "zh": "所检验的元素不在任何特征成分之中。请检验稀土元素。",
    },
    NOT_REDUNDANT: {
        "en": "Nothing is measured twice: every balance only determines a stream that nobody measured. Measure one more"
        " stream.",
        "zh": "没有冗余测量：各平衡式仅用于推算未测流股。请增加一处测量。",
    },
}
