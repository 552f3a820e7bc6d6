"""The addresses of records that disagree."""

from lodeline.web.page import FIRM, Page
from lodeline.web.pages.matching.exceptions import exception
from lodeline.web.pages.matching.firm_exception import firm_exception
from lodeline.web.pages.matching.mismatches import mismatches

PAGES: tuple[Page, ...] = (
    Page(at="exceptions/", view=mismatches, name="exceptions", permission="nation.read", regional=True),
    Page(at="exceptions/<str:exception>/", view=exception, name="exception",
         permission="nation.read", shows="exception", regional=True),
    Page(at=FIRM + "exceptions/<str:exception>/", view=firm_exception, name="firm-exception", permission="own.read"),
)  # fmt: skip
