"""The addresses of the desk, and queries of customs."""

from lodeline.web.page import FIRM, Page
from lodeline.web.pages.customs.asked import desk_asked_one, firm_asked_one
from lodeline.web.pages.customs.asked_list import desk_asked, firm_asked
from lodeline.web.pages.customs.batch import desk_batch, firm_batch
from lodeline.web.pages.customs.desk import desk, firm_desk
from lodeline.web.pages.customs.queries import desk_query, firm_query
from lodeline.web.pages.customs.rules import desk_rules

PAGES: tuple[Page, ...] = (
    Page(at="desk/", view=desk, name="desk", permission="desk.use", posts=True),
    Page(at="desk/asked/", view=desk_asked, name="desk-asked", permission="desk.use"),
    Page(at="desk/asked/<int:entry>/", view=desk_asked_one, name="desk-asked-one",
         permission="desk.use", posts=True, shows="entry"),
    Page(at="desk/batches/<str:batch>/", view=desk_batch, name="desk-batch",
         permission="desk.use", posts=True, shows="batch"),
    Page(at="desk/queries/<str:case>/", view=desk_query, name="desk-query",
         permission="desk.use", posts=True, shows="case"),
    Page(at="desk/rules/", view=desk_rules, name="desk-rules", permission="desk.use", posts=True),
    Page(at=FIRM + "desk/", view=firm_desk, name="firm-desk", permission="own.read", posts=True),
    Page(at=FIRM + "desk/asked/", view=firm_asked, name="firm-asked", permission="own.read"),
    Page(at=FIRM + "desk/asked/<int:entry>/", view=firm_asked_one, name="firm-asked-one",
         permission="own.read", posts=True),
    Page(at=FIRM + "desk/batches/<str:batch>/", view=firm_batch, name="firm-batch", permission="own.read", posts=True),
    Page(at=FIRM + "queries/<str:case>/", view=firm_query, name="firm-query", permission="own.read", posts=True),
)  # fmt: skip
