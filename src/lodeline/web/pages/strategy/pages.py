"""The addresses of the strategic view."""

from lodeline.web.page import Page
from lodeline.web.pages.strategy.aggregate import aggregate
from lodeline.web.pages.strategy.backtest import backtest
from lodeline.web.pages.strategy.briefing import briefing
from lodeline.web.pages.strategy.compare import compare
from lodeline.web.pages.strategy.dependence import dependence
from lodeline.web.pages.strategy.scenario import strategy
from lodeline.web.pages.strategy.tables_page import tables

PAGES: tuple[Page, ...] = (
    Page(at="strategy/", view=strategy, name="strategy", permission="strategy.read", posts=True, front=True),
    Page(at="strategy/compare/", view=compare, name="strategy-compare", permission="strategy.read"),
    Page(at="strategy/dependence/", view=dependence, name="strategy-dependence", permission="strategy.read"),
    Page(at="strategy/backtest/", view=backtest, name="strategy-backtest", permission="strategy.read"),
    Page(at="strategy/tables/", view=tables, name="strategy-tables", permission="strategy.read", posts=True),
    Page(
        at="strategy/scenarios/<str:scenario>/briefing/", view=briefing, name="strategy-briefing",
        permission="strategy.read",
    ),
    Page(at="strategy/aggregate/", view=aggregate, name="strategy-aggregate", permission="strategy.aggregate"),
)  # fmt: skip
