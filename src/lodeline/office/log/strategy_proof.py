"""Whether runs of scenarios, and what was published of them to agencies, are what the audit records say of them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from lodeline.journal.verify import Fault
from lodeline.office.access.published import (
    Computed,
    asked_sha256,
    computed,
    differing_releases,
    release_of,
    unpacked_sha256,
)
from lodeline.store.law import packs_of
from lodeline.store.queries.access import strategy_releases, strategy_runs
from lodeline.store.store import Store

TEXTS: Final[dict[str, tuple[str, str]]] = {
    "release.changed": (
        "What was published of a run is not what was published then: agencies are shown nothing",
        "向外国机构公布的内容与公布时不符：现已停止提供",
    ),
    "release.missing": (
        "What was published of a run is gone: what may still be shown cannot be judged",
        "已公布的推演内容缺失：无从判断其余内容可否公布",
    ),
    "release.without-act": ("Nobody published this run", "该推演的公布没有对应操作"),
    "run.changed": ("A run of a scenario is not what was computed", "情景推演与计算结果不符"),
    "run.without-act": ("No program computed this run of a scenario", "该情景推演没有对应的计算记录"),
}  # fmt: skip


def judge(store: Store) -> Iterator[Fault]:
    """Every release and every run that is done. Runs that were done before their bytes were recorded are compared with
    nothing but their own digest."""
    for how, run in differing_releases(store, map(release_of, strategy_releases(store))):
        yield Fault(entry=None, what=f"release.{how}", facts={"run": run})
    recorded, packs = computed(store), packs_of(store)
    for row in strategy_runs(store):
        facts = {"run": str(row["reference"])}
        if not _is_as_computed(recorded, row):
            without = row["reference"] not in recorded.asked and recorded.must_be_recorded(row["reference"])
            yield Fault(entry=None, what="run.without-act" if without else "run.changed", facts=facts)
        law = _law_of(row["digests"])
        if law is not None and packs.get(law, row["entry"] + 1) > row["entry"]:
            yield Fault(entry=None, what="law.pack-unknown", facts={**facts, "pack": law})


def _law_of(digests: str) -> str | None:
    """The law that a run rests on, by its digest; None where what is kept is nothing that a run rests on."""
    try:
        found = json.loads(digests)
    except ValueError:
        return None
    return found.get("law") if isinstance(found, dict) else None


def _is_as_computed(recorded: Computed, row: Mapping[str, Any]) -> bool:
    run, digest = row["reference"], unpacked_sha256(row["content"])
    if digest != row["sha256"]:
        return False
    names = ("scenario", "entry", "root", "draws", "digests")
    asked = asked_sha256(**{name: row[name] for name in names})
    if run not in recorded.asked:
        return not recorded.must_be_recorded(run)
    again = row["again_sha256"]
    return recorded.asked[run] == (asked, digest) and (not again or recorded.again.get(run) == again)
