"""A finding as a store has it that was kept before ids were of the first month: by whole period, in its old subject."""

from __future__ import annotations

import hashlib
import json
from typing import Any


def formerly(row: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """`row` as it would have been printed then; the subject is to be given where it was written otherwise."""
    old = {**row, **changes}
    old.pop("since", None)
    named = {name: old[name] for name in ("detector", "period", "subject")}
    text = json.dumps(named, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return {**old, "id": hashlib.sha256(text.encode()).hexdigest()}
