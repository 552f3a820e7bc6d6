"""Moments of filing as text: the only time that enters the log."""

from __future__ import annotations

from datetime import UTC, datetime


def utc_text(moment: datetime) -> str:
    """ISO 8601 in UTC to the second, ending in `Z`."""
    assert moment.tzinfo is not None, "a moment without a time zone means nothing"
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
