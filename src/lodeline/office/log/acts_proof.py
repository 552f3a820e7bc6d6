"""Whether what is neither a paper nor a right was made by an act that the audit records have: invitations, and a firm's
rule that a second person certifies."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from lodeline.journal.verify import Fault
from lodeline.store.queries.access import invitations, recorded, recorded_of_organisations, second_person_rules
from lodeline.store.store import Store

TEXTS: Final[dict[str, tuple[str, str]]] = {
    "invitation.without-act": (
        "Nobody made this invitation, or it was made for another role",
        "该邀请没有对应操作，或与所邀请的角色不符",
    ),
    "setting.changed": (
        "Whether a second person certifies for a firm is not what was last set",
        "企业“须第二人签认”的设置与最后一次操作不符",
    ),
}  # fmt: skip
_INVITED: Final = "invitation.make"
_SET: Final = "organisation.second-person"


def judge(store: Store) -> Iterator[Fault]:
    """Every invitation, and every firm that has the rule or of which it was set once."""
    made = {str(row): _facts(facts).get("role") for _, _, _, row, facts in recorded(store, (_INVITED,))}
    for row, role in invitations(store):
        # Older acts do not say the role.
        if str(row) not in made or made[str(row)] not in (None, role):
            yield Fault(entry=None, what="invitation.without-act", facts={"invitation": str(row)})
    wanted = {str(firm): bool(_facts(facts).get("wanted")) for firm, facts in recorded_of_organisations(store, _SET)}
    found = {str(firm): bool(rule) for firm, rule in second_person_rules(store)}
    for organisation in sorted(wanted.keys() | found.keys()):
        if found.get(organisation, False) != wanted.get(organisation, False):
            yield Fault(entry=None, what="setting.changed", facts={"organisation": organisation})


def _facts(text: object) -> dict[str, Any]:
    try:
        facts = json.loads(str(text))
    except ValueError:
        return {}
    return facts if isinstance(facts, dict) else {}
