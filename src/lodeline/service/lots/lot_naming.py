"""What an organisation calls a lot: by a name that tells no more than its own edge, wherever it is told of one.

Every page, answer, file, problem and flag takes the name from here. It is the canonical name where the organisation
knows who made the lot; the seller's label where it has the lot by an alias; else a mark in the maker's place.
"""

from __future__ import annotations

import hmac
from functools import cached_property
from hashlib import sha256

from lodeline.ledger.label import newest_aliases, on_the_label, with_inherited
from lodeline.ledger.register import Register
from lodeline.store.queries.lots import aliased_lots_sent, lots_known_by_name, parties_beside
from lodeline.store.store import Store


class LotNaming:
    """The names that one organisation is told. What is read is kept: one for a request, or for one judgement."""

    def __init__(self, store: Store, organisation: str) -> None:
        self._store = store
        self._organisation = organisation

    @cached_property
    def next_to(self) -> frozenset[str]:
        """Whom a filing of one names as a party of the other's: ids, and names that nobody has resolved yet."""
        found = parties_beside(self._store, self._organisation, self._texts)
        meant = self._register.party_of
        return frozenset(meant.get(str(party), str(party)) for (party,) in found) - {self._organisation}

    @cached_property
    def _register(self) -> Register:
        return self._store.register(self._store.head())

    @property
    def _texts(self) -> list[str]:
        """Everything that rows of others may call it by."""
        return self._register.texts_of(self._organisation)

    def lot_name(self, name: str, maker: str, local: str, *, sent: tuple[str, int] | None = None) -> str:
        """What the organisation calls a lot: its canonical name, `SELLER/ALIAS` where it has it by an alias, or
        `~MARK/LOCAL` where its maker is not next to it.

        The mark tells makers apart, is the same for one organisation for ever, and says nothing to another. `sent`:
        shipper and number of a lot that the organisation knows from the papers alone; it goes by the shipper's label.
        """
        if sent is not None:
            return on_the_label(
                shipper=sent[0], reader=self._organisation, name=name, maker=maker, local=local,
                alias=self._aliases_sent.get(sent),
            )  # fmt: skip
        if (label := self.hidden_names.get(name)) is not None:
            return label
        if maker == self._organisation or maker in self.next_to or name == local:
            return name
        return f"~{self._mark(maker)}/{local}"

    @cached_property
    def _aliases_sent(self) -> dict[tuple[str, int], str]:
        """(shipper, lot) → the alias on the papers, of the lots that others' filings send or sell to it."""
        found = aliased_lots_sent(self._store, self._texts)
        sent = {(str(shipper), int(str(lot))) for shipper, lot in found}
        lots = sorted({lot for _, lot in sent})
        every = with_inherited(self._store.books.aliases(lots), self._store.books.titles_of(lots))
        return {key: alias for key, alias in newest_aliases(every).items() if key in sent}

    @cached_property
    def hidden_names(self) -> dict[str, str]:
        """Canonical name → label, of the lots that it has by an alias alone; the longest first.

        It knows a lot's own name if it made the lot, has received it under that name, or has written it.
        """
        sent = self._aliases_sent
        lots = sorted({lot for _, lot in sent})
        known = lots_known_by_name(self._store, self._organisation, lots)
        names = self._store.books.lot_names(sorted(set(lots) - {int(str(lot)) for (lot,) in known}))
        labels = {names[lot]: f"{shipper}/{alias}" for (shipper, lot), alias in sent.items() if lot in names}
        return dict(sorted(labels.items(), key=lambda one: -len(one[0])))

    def _mark(self, maker: str) -> str:
        key = b"lodeline maker mark v1\0" + self._organisation.encode() + b"\0" + maker.encode()
        return hmac.digest(self._store.secret, key, sha256).hex()[:6]
