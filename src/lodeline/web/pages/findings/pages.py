"""The addresses of findings and their cases."""

from lodeline.web.page import FIRM, Page
from lodeline.web.pages.findings.finding import finding
from lodeline.web.pages.findings.findings import findings
from lodeline.web.pages.findings.firm_finding import firm_finding

PAGES: tuple[Page, ...] = (
    Page(at="findings/", view=findings, name="findings", permission="nation.read", posts=True, regional=True),
    Page(at="findings/<str:finding>/", view=finding, name="finding",
         permission="nation.read", posts=True, shows="finding", regional=True),
    Page(at=FIRM + "findings/<str:finding>/", view=firm_finding, name="firm-finding",
         permission="own.read", posts=True),
)  # fmt: skip
