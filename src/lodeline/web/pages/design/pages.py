"""The addresses of what pages are made of."""

from lodeline.web.page import Page
from lodeline.web.pages.design.design import design

PAGES: tuple[Page, ...] = (Page(at="design/", view=design, name="design", permission="anyone", posts=True),)
