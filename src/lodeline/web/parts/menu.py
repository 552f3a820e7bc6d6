"""The menu: at most ten lines for every role, each a page with those reached through it or standing beside it.

A line names a page, and appears where that page exists and is open to whoever asks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from lodeline.language import Text, text


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line of the menu: a page, and the pages that are reached through it.

    `tabs`: pages that stand beside each other under this line, as tabs; the first that is open is where it leads.
    `begins`: permission → the tab where whoever has it begins. `folds_into`: the page of the line that takes it in as a
    tab where the menu would be longer than `LINES_MOST`. `takes`: what of the filter line the page can be narrowed to,
    which goes along (`web/pages/common/filters.py`).
    """

    page: str
    label: Text
    leads_to: tuple[str, ...] = ()
    tabs: tuple[Line, ...] = ()
    begins: tuple[str, str] | None = None
    takes: tuple[str, ...] = ()
    folds_into: str = ""

    @property
    def pages(self) -> frozenset[str]:
        """Every page that is reached through this line."""
        return frozenset((self.page, *self.leads_to)).union(*(one.pages for one in self.tabs))


_EVERYTHING: Final = ("period", "element", "stage", "region", "organisation", "product")
Groups = Sequence[tuple[Text, Sequence[Line]]]
#: So many lines a menu has at most: what one sees at a glance.
LINES_MOST: Final = 10


#: What a firm's own people see; addresses are those of the firm.
FIRM_MENU: Final[tuple[tuple[Text, tuple[Line, ...]], ...]] = (
    (
        text("This month"),
        (
            Line(
                page="firm",
                label=text("To do", context="menu"),
                leads_to=("firm-finding", "firm-query", "firm-exception"),
            ),
            Line(
                page="firm-file",
                label=text("File a month"),
                leads_to=("firm-draft", "firm-draft-columns", "firm-draft-certify"),
            ),
            Line(
                page="firm-transfers",
                label=text("Deliveries", context="menu"),
                leads_to=("firm-transfer", "firm-dispute"),
            ),
            Line(
                page="firm-desk",
                label=text("Pre-export check"),
                leads_to=("firm-asked", "firm-asked-one", "firm-batch"),
            ),
        ),
    ),
    (
        text("Ours"),
        (
            Line(
                page="firm-balances",
                label=text("Balances", context="menu"),
                leads_to=("firm-balance", "firm-inspections", "firm-inspection-plan", "firm-inspection-visit"),
            ),
            Line(page="firm-lots", label=text("Lots", context="menu"), leads_to=("firm-lot",)),
            Line(
                page="firm-licences",
                label=text("Licences"),
                leads_to=("firm-licence", "firm-application"),
            ),
            Line(page="firm-filings", label=text("Filings", context="menu"), leads_to=("firm-filing",)),
        ),
    ),
    (
        text("Set up and look up"),
        (
            Line(
                page="firm-people",
                label=text("Set up"),
                tabs=(
                    Line(page="firm-people", label=text("People"), leads_to=("firm-person",)),
                    Line(page="firm-delegations", label=text("Who files for us")),
                    Line(page="firm-tokens", label=text("Programs")),
                    Line(page="firm-profiles", label=text("Column names")),
                ),
            ),
            Line(
                page="law",
                label=text("Law"),
                tabs=(
                    Line(
                        page="law",
                        label=text("Law in force"),
                        leads_to=("law-text", "law-diff", "law-packs"),
                    ),
                    Line(page="verify", label=text("Verify a receipt")),
                ),
            ),
        ),
    ),
)
#: The strategic view: the same line for officials and, with what is published to it alone, for another state's agency.
STRATEGY: Final = Line(
    page="strategy",
    label=text("Strategy"),
    tabs=(
        Line(page="strategy", label=text("Scenarios"), leads_to=("strategy-briefing",)),
        Line(page="strategy-compare", label=text("Side by side", context="menu")),
        Line(page="strategy-dependence", label=text("Dependence")),
        Line(page="strategy-backtest", label=text("Back-test")),
        Line(page="strategy-tables", label=text("Tables")),
        Line(page="strategy-aggregate", label=text("Published", context="menu")),
    ),
)
#: What another state's agency sees: what is published to it, and what is open to all.
AGENCY_MENU: Final[tuple[tuple[Text, tuple[Line, ...]], ...]] = (
    (text("Published", context="menu"), (STRATEGY,)),
    (
        text("Look up"),
        (
            Line(
                page="law",
                label=text("Law in force"),
                leads_to=("law-text", "law-diff", "law-packs"),
            ),
        ),
    ),
)
#: What the authority sees. A line appears where its page, or one of its tabs, is open.
MENU: Final[tuple[tuple[Text, tuple[Line, ...]], ...]] = (
    (
        text("Watch"),
        (
            Line(page="overview", label=text("Overview"), takes=("period", "element")),
            Line(
                page="where",
                label=text("Where it goes"),
                tabs=(
                    Line(page="where", label=text("Where it goes"), takes=_EVERYTHING),
                    Line(page="traders", label=text("Traders"), takes=_EVERYTHING),
                ),
            ),
            Line(
                page="year",
                label=text("The year"),
                tabs=(
                    Line(page="year", label=text("The year"), takes=_EVERYTHING),
                    Line(
                        page="balances",
                        label=text("Balances", context="menu"),
                        leads_to=("balance",),
                        takes=_EVERYTHING,
                    ),
                ),
                leads_to=("edition",),
            ),
            Line(
                page="inspection-plans",
                label=text("Visit first"),
                tabs=(
                    Line(
                        page="inspection-plans",
                        label=text("Visit first"),
                        leads_to=(
                            "inspections",
                            "inspection-plan",
                            "inspection-plan-new",
                            "inspection-labels",
                            "inspection-telephone",
                            "inspection-visit",
                        ),
                        takes=("stage", "region", "organisation"),
                    ),
                    Line(page="laboratories", label=text("Laboratories and scales")),
                ),
            ),
            Line(
                page="findings",
                label=text("Findings", context="menu"),
                tabs=(
                    Line(
                        page="findings",
                        label=text("Findings", context="menu"),
                        leads_to=("finding",),
                        takes=("period", "element", "organisation"),
                    ),
                ),
            ),
            Line(
                page="exceptions",
                label=text("Does not match"),
                tabs=(
                    Line(
                        page="exceptions",
                        label=text("Does not match"),
                        leads_to=("exception",),
                        takes=("period", "region", "organisation"),
                    ),
                ),
                folds_into="findings",
            ),
        ),
    ),
    (
        text("Decide", context="menu"),
        (
            STRATEGY,
            Line(
                page="licences",
                label=text("Licences"),
                tabs=(
                    Line(
                        page="licences",
                        label=text("Licences"),
                        leads_to=("licence", "application"),
                        takes=("organisation",),
                    ),
                    Line(
                        page="quotas",
                        label=text("Quotas"),
                        leads_to=("planned-run",),
                        takes=("organisation",),
                    ),
                ),
                begins=("quotas.decide", "quotas"),
            ),
            Line(
                page="desk",
                label=text("Customs desk", context="menu"),
                tabs=(
                    Line(page="desk", label=text("Ask"), leads_to=("desk-batch",)),
                    Line(
                        page="desk-asked",
                        label=text("Asked and queried"),
                        leads_to=("desk-asked-one", "desk-query"),
                    ),
                    Line(page="desk-licences", label=text("Licences"), leads_to=("desk-licence",)),
                    Line(page="desk-rules", label=text("Standing answers", context="menu")),
                ),
                folds_into="licences",
            ),
            Line(
                page="organisations",
                label=text("Organisations"),
                tabs=(
                    Line(
                        page="organisations",
                        label=text("Organisations"),
                        leads_to=(
                            "organisation",
                            "register-new",
                            "register-organisation",
                            "register-changes",
                            "register-take-over",
                        ),
                        takes=("period", "region"),
                    ),
                    Line(page="parties", label=text("Parties", context="menu"), leads_to=("party-name", "party")),
                    Line(page="lots", label=text("Lots", context="menu"), leads_to=("lot",)),
                    Line(page="extensions", label=text("Deadlines")),
                    Line(page="register-methods", label=text("Methods", context="menu")),
                    Line(
                        page="officials",
                        label=text("People"),
                        leads_to=("official", "register-people", "register-person"),
                    ),
                    Line(page="tokens", label=text("Programs")),
                ),
            ),
        ),
    ),
    (
        text("Look up"),
        (
            Line(
                page="law",
                label=text("Law in force"),
                leads_to=("law-text", "law-diff", "law-replay", "law-packs", "law-pack"),
            ),
            Line(
                page="log",
                label=text("Log"),
                tabs=(
                    Line(page="log", label=text("Entries"), leads_to=("entry",)),
                    Line(page="audit", label=text("Access records")),
                    Line(page="system", label=text("System")),
                    Line(page="holds", label=text("Legal holds")),
                    Line(page="erasures", label=text("Erasure"), leads_to=("erasure",)),
                    Line(page="verify", label=text("Verify a receipt")),
                ),
            ),
        ),
    ),
)


def open_lines(groups: Groups, *, opens: Callable[[str], bool], may: Callable[[str], bool]) -> list[list[Line]]:
    """Of each group the lines that are open, at most `LINES_MOST` in all, each led to where whoever asks begins."""
    found = [[one for line in lines if (one := opened(line, opens, may)) is not None] for _, lines in groups]
    # The last first: what is folded for few stands there for all others.
    for line in reversed([one for lines in found for one in lines if one.folds_into]):
        into = next((one for lines in found for one in lines if line.folds_into in one.pages), None)
        if into is not None and sum(map(len, found)) > LINES_MOST:
            alone = Line(page=line.page, label=line.label, leads_to=tuple(line.pages))
            wider = replace(into, tabs=(*into.tabs, alone))
            found = [[wider if one is into else one for one in lines if one is not line] for lines in found]
    return found


def opened(line: Line, opens: Callable[[str], bool], may: Callable[[str], bool]) -> Line | None:
    """The line with the tabs that are open; None where nothing of it is."""
    if not line.tabs:
        return line if opens(line.page) else None
    tabs = tuple(tab for tab in line.tabs if opens(tab.page))
    if not tabs:
        return None
    permission, page = line.begins or ("anyone", line.page)
    first = next((tab for tab in tabs if tab.page == page and may(permission)), tabs[0])
    label = line.label if first.page == line.page else first.label
    return replace(line, page=first.page, label=label, tabs=tabs, takes=first.takes)
