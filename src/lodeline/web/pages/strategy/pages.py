"""The addresses of the strategic view."""

from lodeline.web.page import Page
from lodeline.web.pages.strategy.briefing import briefing
from lodeline.web.pages.strategy.compare import compare
from lodeline.web.pages.strategy.scenario import strategy

PAGES: tuple[Page, ...] = (
    Page(at="strategy/", view=strategy, name="strategy", permission="strategy.read", front=True),
    Page(at="strategy/compare/", view=compare, name="strategy-compare", permission="strategy.read"),
    Page(
        at="strategy/scenarios/<str:scenario>/briefing/", view=briefing, name="strategy-briefing",
        permission="strategy.read",
    ),
)  # fmt: skip
