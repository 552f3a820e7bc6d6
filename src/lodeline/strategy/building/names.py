"""Whom filed names mean: parties of the register and settled names, in whatever spelling, else the name itself."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from lodeline.strategy.building import remarks
from lodeline.strategy.network import Note

#: Who bought goods of which nobody said who got them; and the class of goods of which nobody said what they are.
NOBODY: Final = "?"


def _form_of(name: str) -> str:
    """A name without what differs from one writer to the next: case, width, spaces and points."""
    folded = unicodedata.normalize("NFKC", name).casefold()
    return "".join(one for one in folded if one.isalnum())


@dataclass(slots=True)
class Names:
    """Whom names mean. `settled`: a name, folded, → the party that it is known to mean.

    Another spelling of a settled name is that party too; spellings that nobody has settled stay apart, and are told.
    """

    settled: Mapping[str, str]
    _forms: dict[str, set[str]] = field(default_factory=dict)
    _unsettled: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    def party(self, name: str) -> str:
        """The party of a name; the name itself where nobody knows."""
        known = self.settled.get(name.strip().casefold())
        if known is not None:
            return known
        if not self._forms:
            for one, party in self.settled.items():
                self._forms.setdefault(_form_of(one), set()).add(party)
        form = _form_of(name)
        alike = self._forms.get(form, set())
        if len(alike) == 1:
            return next(iter(alike))
        self._unsettled[form].add(name.strip())
        return name.strip()

    def notes(self) -> list[Note]:
        """Spellings that may be one end user."""
        several = sorted(", ".join(sorted(names)) for names in self._unsettled.values() if len(names) > 1)
        if not several:
            return []
        return [remarks.alike(several)]
