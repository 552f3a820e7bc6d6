"""What time it is in the office. In the demo it is shortly after the last month of the synthetic world."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings

_STARTED = time.monotonic()


def now() -> datetime:
    """The moment, in UTC. With LODELINE_DEMO_CLOCK set (ISO 8601) time runs on from there since the process began."""
    start: str = settings.LODELINE_DEMO_CLOCK
    if not start:
        return datetime.now(UTC)
    return datetime.fromisoformat(start).astimezone(UTC) + timedelta(seconds=time.monotonic() - _STARTED)


def today(timezone: str) -> date:
    """The day in a time zone, such as the law's."""
    return now().astimezone(ZoneInfo(timezone)).date()
