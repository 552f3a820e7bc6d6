"""Loopholes between the records: what is filed closes its own books, and another authority knows it otherwise.

No filing changes. Exports that were never filed are of goods that never were in the books; an invoice without goods
sells nothing; a delivery without an invoice was paid in cash; less crosses the border than is filed, and the rest stays
at home.
"""

from __future__ import annotations

from collections.abc import Sequence

from lodeline.world.clerk import Row
from lodeline.world.feeds import Authorities, Paper
from lodeline.world.gauge import reported
from lodeline.world.plots.plot import Plot
from lodeline.world.scene import MonthBook, money
from lodeline.world.sigma import net_mg
from lodeline.world.stock import KG

#: Of a filed export, this part is missing at the border (assumption); the adaptive take less.
SHORT, SHORT_ADAPTIVE = (0.08, 0.4), (0.03, 0.1)
#: A paper that is added resembles one of the month, at this part of its mass (assumption).
LIKE = (0.4, 1.3)


class FeedMismatch(Plot):
    """One manner of disagreement between the filings of a firm and the records of others."""

    def act(self, book: MonthBook) -> None:
        """Nothing: the filings stay as they are."""

    def bend(self, book: MonthBook, papers: list[Paper], authorities: Authorities) -> None:
        """Alters the month's papers of the firm before they go to their authorities."""
        if not (self.plant.first <= book.month.index <= self.plant.last and book.ready(self.organisation)):
            return
        own = [paper for paper in papers if paper.links and paper.links[0][0] == self.organisation]
        {
            "export-not-filed": self._export, "invoice-without-goods": self._invoice,
            "goods-without-invoice": self._withhold, "border-mass-low": self._short, "ordinary-invoice": self._ordinary,
        }[self.plant.manner](book, own, papers, authorities)  # fmt: skip

    def _rows(self, book: MonthBook, kinds: tuple[str, ...]) -> dict[str, list[Row]]:
        """The firm's rows of a kind by event."""
        found: dict[str, list[Row]] = {}
        page = book.pages[self.organisation]
        for row in page.rows:
            if row["kind"] in kinds and not row.get("to_site") and not row.get("owner") and row.get("value"):
                found.setdefault(row["event"], []).append(row)
        return found

    def _chosen(self, events: Sequence[str]) -> list[str]:
        chosen = [event for event in events if self.stream.chance(self.plant.size)]
        return chosen or ([self.stream.choose(events)] if events else [])

    def _copy(self, book: MonthBook, rows: list[Row]) -> list[Row]:
        """The rows with another mass, as paper for goods that are in no book."""
        share = self.stream.between(*LIKE) * (0.6 if self.adaptive else 1.0)
        copies = []
        for row in rows:
            mass = max(1, int(net_mg(row) * share / 1000)) * 1000
            copy = {name: cell for name, cell in row.items() if name not in ("mass_t", "mass_kg", "moisture_pct")}
            copy["mass_kg"], copy["value"] = str(mass / KG), money(float(row["value"]) * mass / max(1, net_mg(row)))
            copies.append(copy)
            self._weigh(book, row, mass)
        return copies

    def _weigh(self, book: MonthBook, row: Row, mass_mg: int) -> None:
        self.record.weigh(book.period, mass_mg / KG, book.lot(self.organisation, row).content)

    def _note(self, papers: Sequence[Paper], change: str) -> None:
        for paper in papers:
            paper.marks.append("planted")
            self.record.papers[paper.feed, paper.number] = change

    def _export(self, book: MonthBook, own: list[Paper], papers: list[Paper], authorities: Authorities) -> None:
        """Goods from outside the books leave as exports of the firm that it never files."""
        del own
        events = self._rows(book, ("export",))
        for event in self._chosen(list(events)):
            copies = self._copy(book, events[event])
            declaration = authorities.declaration(book.month)
            made = [
                Paper(feed=one.feed, day=one.day, rows=one.rows, links=())
                for one in authorities.export(book.month, self.organisation, declaration, copies, self.stream)
            ]
            if self.adaptive:
                # Who hides an export does not invoice it either.
                made = [one for one in made if one.feed == "customs"]
            self._note(made, "added")
            papers += made
            authorities.papers += made

    def _invoice(self, book: MonthBook, own: list[Paper], papers: list[Paper], authorities: Authorities) -> None:
        del own
        events = {
            event: rows
            for event, rows in self._rows(book, ("shipment", "title")).items()
            if rows[0].get("counterparty")
        }
        for event in self._chosen(list(events)):
            copies = self._copy(book, events[event])
            number = authorities.number(book.month)
            made = [
                Paper(feed=one.feed, day=one.day, rows=one.rows, links=())
                for one in authorities.invoice(book.month, self.organisation, number, copies, self.stream)
            ]
            self._note(made, "added")
            papers += made
            authorities.papers += made

    def _withhold(self, book: MonthBook, own: list[Paper], papers: list[Paper], authorities: Authorities) -> None:
        """Deliveries are sold without an invoice."""
        events = self._rows(book, ("shipment",))
        chosen = set(self._chosen(list(events)))
        gone = [one for one in own if one.feed == "invoices" and chosen & {event for _, event in one.links}]
        gone = [one for one in gone if {event for _, event in one.links} <= chosen]
        for one in gone:
            papers.remove(one)
            authorities.papers.remove(one)
        for event in {event for one in gone for _, event in one.links}:
            for row in events[event]:
                self._weigh(book, row, net_mg(row))
                self.record.touch(self.organisation, book.period, event, "changed")
        self._note(gone, "withheld")

    def _short(self, book: MonthBook, own: list[Paper], papers: list[Paper], authorities: Authorities) -> None:
        """Less leaves than is filed."""
        del papers, authorities
        events = self._rows(book, ("export",))
        for event in self._chosen(list(events)):
            short = self.stream.between(*(SHORT_ADAPTIVE if self.adaptive else SHORT))
            bent = [one for one in own if one.feed == "customs" and (self.organisation, event) in one.links]
            for one in bent:
                for row in one.rows:
                    row["mass_kg"] = f"{reported(float(row['mass_kg']) * (1 - short) * 1e3) / 1e3:.3f}"
            if bent:
                self._note(bent, "changed")
                self.record.touch(self.organisation, book.period, event, "changed")
                for row in events[event]:
                    self._weigh(book, row, int(net_mg(row) * short))

    def _ordinary(self, book: MonthBook, own: list[Paper], papers: list[Paper], authorities: Authorities) -> None:
        """The special invoice is left out and an ordinary one written."""
        del papers, authorities
        events = self._rows(book, ("shipment", "title"))
        special = [one for one in own if one.feed == "invoices" and one.rows[0]["kind"] == "special"]
        chosen = set(self._chosen(sorted({event for one in special for _, event in one.links if event in events})))
        for one in special:
            hit = {event for _, event in one.links} & chosen
            if not hit:
                continue
            for row in one.rows:
                row["kind"] = "ordinary"
            self._note([one], "changed")
            for event in hit:
                self.record.touch(self.organisation, book.period, event, "changed")
                for row in events[event]:
                    self._weigh(book, row, net_mg(row))
