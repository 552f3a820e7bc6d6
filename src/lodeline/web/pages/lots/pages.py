"""The addresses of lots."""

from lodeline.web.page import FIRM, Page
from lodeline.web.pages.lots.firm_lot import firm_lot
from lodeline.web.pages.lots.firm_lots import firm_lots
from lodeline.web.pages.lots.lot import lot
from lodeline.web.pages.lots.lots import lots

PAGES: tuple[Page, ...] = (
    Page(at="lots/", view=lots, name="lots", permission="nation.read"),
    Page(at="lots/<named:lot>/", view=lot, name="lot", permission="nation.read", shows="lot"),
    Page(at=FIRM + "lots/", view=firm_lots, name="firm-lots", permission="own.read"),
    Page(at=FIRM + "lots/<named:lot>/", view=firm_lot, name="firm-lot", permission="own.read", posts=True),
)
