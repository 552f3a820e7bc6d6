"""What an official of a region reads: the nation's answers, computed as for everybody, kept to the firms of the region.

A question is answered from the whole ledger (what is unusual follows from all peers), and then every row about a firm
elsewhere is left out. A question of which nobody has said how that is done is refused, so that a page that is added
later shows too little rather than too much. A counterparty elsewhere is what the firm's own filings say of it: an
identifier, without the name, the sites or the balances that only the register and its own filings tell.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final, TypeVar, cast

import polars as pl

from lodeline.language import text
from lodeline.ledger.register import Register
from lodeline.office.access.actor import NotAllowedError
from lodeline.service.balance.book import balances, shared_errors
from lodeline.service.filing import status as filing_status
from lodeline.service.filing import transfers
from lodeline.service.findings.finding import Found, findings
from lodeline.service.licences import quotas
from lodeline.service.overview import overview
from lodeline.store.queries import log as log_entries
from lodeline.store.snapshot import Snapshot
from lodeline.web.reading import Reading

Answer = TypeVar("Answer")
#: Ids of the organisations that may be seen.
Firms = frozenset[str]
Narrow = Callable[[Any, Firms], Any]


def of_firms(found: Any, firms: Firms) -> Any:
    """The rows of a frame, or the answers, whose `organisation` may be seen."""
    if isinstance(found, pl.DataFrame):
        return found.filter(pl.col("organisation").is_in(firms))
    return tuple(one for one in found if one.organisation in firms)


def _of_either(found: pl.DataFrame, firms: Firms) -> pl.DataFrame:
    return found.filter(pl.col("shipper").is_in(firms) | pl.col("receiver").is_in(firms))


def _findings(found: Found, firms: Firms) -> Found:
    return replace(
        found, causes=tuple(one for one in found.causes if one.finding.firm in firms),
        duties=tuple(one for one in found.duties if one.firm in firms),
    )  # fmt: skip


def _nobodys(found: Answer, firms: Firms) -> Answer:
    """Months and elements: whose they are cannot be seen from them."""
    del firms
    return found


#: How the answer to a question is kept to some firms; a page adds its own with `kept_to_firms`.
_NARROWED: Final[dict[Callable[..., Any], Narrow]] = {
    filing_status.filing_status: of_firms,
    quotas.quota: of_firms,
    findings: _findings,
    balances: of_firms,
    shared_errors: of_firms,
    overview.elements: _nobodys,
    log_entries.entries: of_firms,
    overview.months: _nobodys,
    quotas.grants: of_firms,
    transfers.standing_transfers: _of_either,
    transfers.questionable_transfers: _of_either,
    transfers.weighings: _of_either,
    transfers.unclosed: _nobodys,
}
#: Questions with an argument `firms`.
_TOLD: Final[set[Callable[..., Any]]] = {transfers.unclosed}


def kept_to_firms(question: Callable[..., Answer]) -> Callable[..., Answer]:
    """Marks a page's own question, whose answer has a column or field `organisation`."""
    _NARROWED[question] = of_firms
    return question


def of_one_site(question: Callable[..., Answer]) -> Callable[..., Answer]:
    """Marks a question about one site: its page is open only to those who may see the site."""
    _NARROWED[question] = _nobodys
    return question


def told_of_firms(question: Callable[..., Answer]) -> Callable[..., Answer]:
    """Marks a question that itself leaves out what other firms filed: its argument `firms` says which may be seen."""
    _TOLD.add(question)
    return of_one_site(question)


class RegionalReading(Reading):
    """A reading of which only `firms` are seen. It shares the memory of the whole one."""

    def __init__(self, whole: Reading, firms: Firms) -> None:
        snapshot = whole.answer(_narrowed_snapshot, whole.snapshot, firms=firms)
        super().__init__(whole.store, snapshot, whole.law, whole.checkpoint)
        self._whole = whole
        self._firms = firms

    def answer(self, question: Callable[..., Answer], /, *subjects: object, **arguments: Any) -> Answer:
        """The answer of the whole ledger, kept to the firms. Raises NotAllowedError where that is not provided for."""
        narrow = _NARROWED.get(question)
        if narrow is None:
            raise NotAllowedError(
                text("This is an answer about the whole country, and your membership is for a region.")
            )
        if question in _TOLD:
            arguments["firms"] = self._firms
        whole = {id(self): self._whole, id(self.snapshot): self._whole.snapshot}
        found = self._whole.answer(question, *(whole.get(id(one), one) for one in subjects), **arguments)
        return cast(Answer, narrow(found, self._firms))


def narrowed_register(register: Register, firms: Firms) -> Register:
    """The register's rows of some organisations; methods and processes are everybody's."""
    owner_columns = {"organisations": "id", "sites": "organisation", "models": "organisation", "quotas": "organisation"}
    columns = {**owner_columns, "licences": "exporter"}
    tables = {
        name: table.filter(pl.col(columns[name]).is_in(firms)) if name in columns else table
        for name, table in register.tables.items()
    }
    for name in ("licence_acts", "licence_proposals"):
        if name in tables:
            tables[name] = tables[name].filter(pl.col("licence").is_in(tables["licences"]["id"].implode()))
    successions = tables.get("successions")
    if successions is not None:
        tables["successions"] = successions.filter(
            pl.col("organisation").is_in(firms) | pl.col("successor").is_in(firms)
        )
    return Register(tables=tables)


def _narrowed_snapshot(snapshot: Snapshot, *, firms: Firms) -> Snapshot:
    """The snapshot with what the firms filed and what names them; of lots, those that occur in it."""
    own = pl.col("organisation").is_in(firms)
    lines = snapshot.lines.filter(own | pl.col("party").is_in(firms))
    touched = pl.col("lot").is_in(lines["lot"].unique().implode())
    register = narrowed_register(snapshot.register, firms)
    # What a lot is may stand in rows that are left out: these follow from the whole ledger, not from the rows kept.
    return snapshot.but_with(
        lines=lines, lots=snapshot.lots.filter(touched), register=register,
        transfers=_of_either(snapshot.transfers, firms),
        balanced=snapshot.balanced.filter(own),
        lot_facts=snapshot.lot_facts.filter(touched),
        known_facts=snapshot.known_facts.filter(touched),
        lot_assays=snapshot.lot_assays.filter(touched),
        site_assays=snapshot.site_assays.filter(pl.col("site").is_in(list(register.site_organisation))),
    )  # fmt: skip
