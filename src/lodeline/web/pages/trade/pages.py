"""The addresses of who gets the metal, and who stands between."""

from lodeline.web.page import Page
from lodeline.web.pages.trade.traders import traders
from lodeline.web.pages.trade.where import where

PAGES: tuple[Page, ...] = (
    Page(at="where/", view=where, name="where", permission="nation.read", regional=True),
    Page(at="traders/", view=traders, name="traders", permission="nation.read", regional=True),
)
