"""The addresses of the log, its proof and audit, editions, the system, the API."""

from lodeline.web.page import Page
from lodeline.web.pages.log.api import api as api_page
from lodeline.web.pages.log.audit import audit
from lodeline.web.pages.log.editions import edition, edition_file
from lodeline.web.pages.log.log import entry, log, receipt_file
from lodeline.web.pages.log.system import system
from lodeline.web.pages.log.verify import verify

PAGES: tuple[Page, ...] = (
    Page(at="editions/<str:period>/", view=edition, name="edition", permission="nation.read"),
    Page(at="editions/<str:period>/<int:edition>/edition.json", view=edition_file, name="edition-file",
         permission="nation.read"),
    Page(at="log/", view=log, name="log", permission="nation.read", regional=True),
    Page(at="log/<int:entry>/", view=entry, name="entry", permission="nation.read", shows="entry", regional=True),
    Page(at="log/<int:entry>/receipt.json", view=receipt_file, name="receipt",
         permission="nation.read", shows="entry", regional=True),
    Page(at="verify/", view=verify, name="verify", permission="anyone", posts=True),
    Page(at="audit/", view=audit, name="audit", permission="audit.read", regional=True),
    Page(at="system/", view=system, name="system", permission="system.read"),
    Page(at="api/", view=api_page, name="api", permission="anyone"),
)  # fmt: skip
