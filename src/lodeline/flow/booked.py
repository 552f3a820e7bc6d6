"""What is booked: a share that follows from the rule that material mixes in proportion, and from what was filed.

A sum of filed rows is *exact*: nobody can come to another. Where a lot came from is *booked*: the arithmetic is exact,
and the rule is a convention (docs/explanation/flow-engine.md); goods that were kept apart came from elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping


def booked(shares: Mapping[str, float]) -> dict[str, Mapping[str, float]]:
    """Shares as JSON has them: `booked_shares`, and `shares`, the key of before, which the version after 0.1 drops."""
    return {"booked_shares": shares, "shares": shares}
