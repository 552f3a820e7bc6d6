"""What distinguishes the drafts of one month."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from zoneinfo import ZoneInfo

from lodeline.office.models import Draft, DraftFile
from lodeline.web.visit import Visit
from lodeline.web.words import format as written


def apart(visit: Visit, drafts: Sequence[Draft]) -> dict[int, str]:
    """Number of a draft → when it was begun, and its first file; only of months that have several drafts here."""
    months = Counter((one.period, one.corrects is None) for one in drafts)
    several = [one for one in drafts if months[one.period, one.corrects is None] > 1]
    named = DraftFile.objects.filter(draft__in=several).order_by("-id").values_list("draft", "name")
    first = dict(named)
    zone = ZoneInfo(visit.law.timezone)
    found = {}
    for one in several:
        at = one.created_at.astimezone(zone)
        day = written.day(at.date(), visit.language)
        parts = (visit.text("begun {day}, {at:%H:%M:%S}", day=day, at=at), first.get(one.pk, ""))
        found[one.pk] = visit.text(", ", context="drafts").join(filter(None, parts))
    return found
