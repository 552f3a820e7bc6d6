"""What a value must hold where the program reads it: checked when a pack is loaded, not when it is used."""

from __future__ import annotations

from collections.abc import Callable
from datetime import time

from lodeline.material.element import ELEMENTS
from lodeline.regulation.document import EVIDENCE, Node

#: The forms in which an element can be listed. `magnet` is a permanent magnet of any kind; the others are of one kind.
FORMS = ("metal", "alloy", "target", "magnet-ndfeb", "magnet-smco", "magnet", "oxide", "compound")


def _control_list(node: Node) -> None:
    rows = node.rows()
    if not rows:
        raise node.wrong("lists nothing; a list that lists nothing is not written", "清单为空；空清单不必写")
    seen: set[tuple[str, str, str]] = set()
    for row in rows:
        entry = row.table(("item", "element", "form", "label", "evidence"), ("named", "codes", "note"))
        element = entry["element"].text()
        if element not in ELEMENTS or not ELEMENTS[element].rare_earth:
            raise entry["element"].wrong(
                f"{element!r} is no rare earth; write its symbol, such as Dy",
                f"{element!r} 不是稀土元素；请写元素符号，如 Dy",
            )
        form = entry["form"].choice(FORMS)
        entry["label"].labels()
        entry["evidence"].choice(EVIDENCE)
        for words in ("named", "codes"):
            if words in entry:
                entry[words].words()
        key = (entry["item"].text(), element, form)
        if key in seen:
            raise row.wrong(f"stands twice: {' '.join(key)}; remove one", f"重复：{' '.join(key)}；请删去其一")
        seen.add(key)


def _filing_deadline(node: Node) -> None:
    entry = node.table(("day", "time"))
    day = entry["day"].content
    if isinstance(day, bool) or not isinstance(day, int) or not 1 <= day <= 28:
        raise entry["day"].wrong(
            "must be a whole number from 1 to 28, for every month has it", "应为 1 至 28 的整数，每月皆有"
        )
    try:
        time.fromisoformat(entry["time"].text())
    except ValueError as error:
        raise entry["time"].wrong('is no hour; write it like "00:00"', '不是时刻；请写作 "00:00"') from error


#: By name of the parameter. What only people read is not listed here and may have any shape.
CHECKS: dict[str, Callable[[Node], None]] = {"control-list": _control_list, "filing-deadline": _filing_deadline}
