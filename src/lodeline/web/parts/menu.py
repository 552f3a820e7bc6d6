"""The menu: at most ten lines for every role, each a page with those reached through it or standing beside it.

A line names a page, and appears where that page exists and is open to whoever asks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from lodeline.web.words.language import Text, text


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
        text("This month", "本月"),
        (
            Line(
                page="firm",
                label=text("To do", "待办"),
                leads_to=("firm-finding", "firm-query", "firm-exception"),
            ),
            Line(
                page="firm-file",
                label=text("File a month", "月度申报"),
                leads_to=("firm-draft", "firm-draft-columns", "firm-draft-certify"),
            ),
            Line(
                page="firm-transfers",
                label=text("Deliveries", "收发货"),
                leads_to=("firm-transfer", "firm-dispute"),
            ),
            Line(
                page="firm-desk",
                label=text("Pre-export check", "出口预查"),
                leads_to=("firm-asked", "firm-asked-one", "firm-batch"),
            ),
        ),
    ),
    (
        text("Ours", "本企业"),
        (
            Line(
                page="firm-balances",
                label=text("Balances", "物料平衡"),
                leads_to=("firm-balance", "firm-inspections", "firm-inspection-plan", "firm-inspection-visit"),
            ),
            Line(page="firm-lots", label=text("Lots", "批次"), leads_to=("firm-lot",)),
            Line(
                page="firm-licences",
                label=text("Licences", "许可证"),
                leads_to=("firm-licence", "firm-application"),
            ),
            Line(page="firm-filings", label=text("Filings", "申报记录"), leads_to=("firm-filing",)),
        ),
    ),
    (
        text("Set up and look up", "设置与查询"),
        (
            Line(
                page="firm-people",
                label=text("Set up", "设置"),
                tabs=(
                    Line(page="firm-people", label=text("People", "人员"), leads_to=("firm-person",)),
                    Line(page="firm-delegations", label=text("Who files for us", "委托申报")),
                    Line(page="firm-tokens", label=text("Programs", "程序接入")),
                    Line(page="firm-profiles", label=text("Column names", "列对应")),
                ),
            ),
            Line(
                page="law",
                label=text("Law", "法规"),
                tabs=(
                    Line(
                        page="law",
                        label=text("Law in force", "现行法规"),
                        leads_to=("law-text", "law-diff", "law-packs"),
                    ),
                    Line(page="verify", label=text("Verify a receipt", "核验回执")),
                ),
            ),
        ),
    ),
)
#: The strategic view: the same line for officials and, with what is published to it alone, for another state's agency.
STRATEGY: Final = Line(
    page="strategy",
    label=text("Strategy", "战略推演"),
    tabs=(
        Line(page="strategy", label=text("Scenarios", "情景"), leads_to=("strategy-briefing",)),
        Line(page="strategy-compare", label=text("Side by side", "对照")),
        Line(page="strategy-dependence", label=text("Dependence", "依赖")),
        Line(page="strategy-backtest", label=text("Back-test", "回测")),
        Line(page="strategy-tables", label=text("Tables", "表格")),
        Line(page="strategy-aggregate", label=text("Published", "已公布")),
    ),
)
#: What another state's agency sees: what is published to it, and what is open to all.
AGENCY_MENU: Final[tuple[tuple[Text, tuple[Line, ...]], ...]] = (
    (text("Published", "已公布"), (STRATEGY,)),
    (
        text("Look up", "查询"),
        (
            Line(
                page="law",
                label=text("Law in force", "现行法规"),
                leads_to=("law-text", "law-diff", "law-packs"),
            ),
        ),
    ),
)
#: What the authority sees. A line appears where its page, or one of its tabs, is open.
MENU: Final[tuple[tuple[Text, tuple[Line, ...]], ...]] = (
    (
        text("Watch", "监看"),
        (
            Line(page="overview", label=text("Overview", "总览"), takes=("period", "element")),
            Line(
                page="where",
                label=text("Where it goes", "流向"),
                tabs=(
                    Line(page="where", label=text("Where it goes", "流向"), takes=_EVERYTHING),
                    Line(page="traders", label=text("Traders", "贸易商"), takes=_EVERYTHING),
                ),
            ),
            Line(
                page="year",
                label=text("The year", "全年"),
                tabs=(
                    Line(page="year", label=text("The year", "全年"), takes=_EVERYTHING),
                    Line(
                        page="balances",
                        label=text("Balances", "物料平衡"),
                        leads_to=("balance",),
                        takes=_EVERYTHING,
                    ),
                ),
                leads_to=("edition",),
            ),
            Line(
                page="inspection-plans",
                label=text("Visit first", "优先检查"),
                tabs=(
                    Line(
                        page="inspection-plans",
                        label=text("Visit first", "优先检查"),
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
                    Line(page="laboratories", label=text("Laboratories and scales", "实验室与衡器")),
                ),
            ),
            Line(
                page="findings",
                label=text("Findings", "线索"),
                tabs=(
                    Line(
                        page="findings",
                        label=text("Findings", "线索"),
                        leads_to=("finding",),
                        takes=("period", "element", "organisation"),
                    ),
                ),
            ),
            Line(
                page="exceptions",
                label=text("Does not match", "不一致"),
                tabs=(
                    Line(
                        page="exceptions",
                        label=text("Does not match", "不一致"),
                        leads_to=("exception",),
                        takes=("period", "region", "organisation"),
                    ),
                ),
                folds_into="findings",
            ),
        ),
    ),
    (
        text("Decide", "决定"),
        (
            STRATEGY,
            Line(
                page="licences",
                label=text("Licences", "许可证"),
                tabs=(
                    Line(
                        page="licences",
                        label=text("Licences", "许可证"),
                        leads_to=("licence", "application"),
                        takes=("organisation",),
                    ),
                    Line(
                        page="quotas",
                        label=text("Quotas", "总量控制指标"),
                        leads_to=("planned-run",),
                        takes=("organisation",),
                    ),
                ),
                begins=("quotas.decide", "quotas"),
            ),
            Line(
                page="desk",
                label=text("Customs desk", "海关窗口"),
                tabs=(
                    Line(page="desk", label=text("Ask", "查询"), leads_to=("desk-batch",)),
                    Line(
                        page="desk-asked",
                        label=text("Asked and queried", "查询与质疑"),
                        leads_to=("desk-asked-one", "desk-query"),
                    ),
                    Line(page="desk-licences", label=text("Licences", "许可证"), leads_to=("desk-licence",)),
                    Line(page="desk-rules", label=text("Standing answers", "长期答复")),
                ),
                folds_into="licences",
            ),
            Line(
                page="organisations",
                label=text("Organisations", "企业"),
                tabs=(
                    Line(
                        page="organisations",
                        label=text("Organisations", "企业"),
                        leads_to=(
                            "organisation",
                            "register-new",
                            "register-organisation",
                            "register-changes",
                            "register-take-over",
                        ),
                        takes=("period", "region"),
                    ),
                    Line(page="parties", label=text("Parties", "交易方"), leads_to=("party-name", "party")),
                    Line(page="lots", label=text("Lots", "批次"), leads_to=("lot",)),
                    Line(page="extensions", label=text("Deadlines", "申报期限")),
                    Line(page="register-methods", label=text("Methods", "测量方法")),
                    Line(
                        page="officials",
                        label=text("People", "人员"),
                        leads_to=("official", "register-people", "register-person"),
                    ),
                    Line(page="tokens", label=text("Programs", "程序接入")),
                ),
            ),
        ),
    ),
    (
        text("Look up", "查询"),
        (
            Line(
                page="law",
                label=text("Law in force", "现行法规"),
                leads_to=("law-text", "law-diff", "law-replay", "law-packs", "law-pack"),
            ),
            Line(
                page="log",
                label=text("Log", "日志"),
                tabs=(
                    Line(page="log", label=text("Entries", "条目"), leads_to=("entry",)),
                    Line(page="audit", label=text("Access records", "查阅记录")),
                    Line(page="system", label=text("System", "系统")),
                    Line(page="holds", label=text("Legal holds", "法律保全")),
                    Line(page="erasures", label=text("Erasure", "删除个人信息"), leads_to=("erasure",)),
                    Line(page="verify", label=text("Verify a receipt", "核验回执")),
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
