"""The addresses of balances."""

from lodeline.web.page import FIRM, Page
from lodeline.web.pages.balance.balance import balance
from lodeline.web.pages.balance.balances import balances
from lodeline.web.pages.balance.firm_balance import firm_balance
from lodeline.web.pages.balance.firm_balances import firm_balances
from lodeline.web.pages.balance.year import year

PAGES: tuple[Page, ...] = (
    Page(at="year/", view=year, name="year", permission="nation.read", posts=True, regional=True),
    Page(at="balances/", view=balances, name="balances", permission="nation.read", regional=True),
    Page(at="sites/<named:site>/", view=balance, name="balance",
         permission="nation.read", shows="site", regional=True),
    Page(at=FIRM + "balances/", view=firm_balances, name="firm-balances", permission="own.read"),
    Page(at=FIRM + "sites/<named:site>/", view=firm_balance, name="firm-balance", permission="own.read"),
)  # fmt: skip
