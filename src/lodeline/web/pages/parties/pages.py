"""The addresses of whom names mean."""

from lodeline.web.page import Page
from lodeline.web.pages.parties.parties import parties, party, party_name

PAGES: tuple[Page, ...] = (
    Page(at="parties/", view=parties, name="parties", permission="nation.read", posts=True),
    Page(at="parties/name/", view=party_name, name="party-name", permission="nation.read", posts=True),
    Page(at="parties/<named:party>/", view=party, name="party", permission="nation.read", posts=True),
)
