"""The addresses of the nation, home pages, notices, search."""

from lodeline.web.page import FIRM, Page
from lodeline.web.pages.overview.find import desk_find, find
from lodeline.web.pages.overview.firm_find import firm_find
from lodeline.web.pages.overview.home import home
from lodeline.web.pages.overview.mail_end import mail_end
from lodeline.web.pages.overview.overview import overview
from lodeline.web.pages.overview.to_do import to_do

PAGES: tuple[Page, ...] = (
    Page(at="", view=overview, name="overview", permission="nation.read", front=True),
    Page(at="home/", view=home, name="home", permission="signed in"),
    Page(at="find/", view=find, name="find", permission="nation.read", regional=True),
    Page(at="desk/find/", view=desk_find, name="desk-find", permission="desk.use"),
    Page(at=FIRM + "find/", view=firm_find, name="firm-find", permission="own.read"),
    Page(at=FIRM, view=to_do, name="firm", permission="own.read", posts=True),
    Page(at="mail/end/<str:token>/", view=mail_end, name="mail-end", permission="anyone", posts=True),
)
