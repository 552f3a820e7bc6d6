"""The addresses of inspections."""

from lodeline.web.page import Page
from lodeline.web.pages.inspections.visits import site_inspections

PAGES: tuple[Page, ...] = (
    Page(at="inspections/<named:site>/", view=site_inspections, name="inspections",
         permission="nation.read", posts=True, shows="site", regional=True),
)  # fmt: skip
