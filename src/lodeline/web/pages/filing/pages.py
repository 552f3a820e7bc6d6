"""The addresses of a month that is filed, deliveries, and who is late."""

from lodeline.web.page import FIRM, Page
from lodeline.web.pages.filing.draft import firm_draft
from lodeline.web.pages.filing.draft_certify import firm_draft_certify
from lodeline.web.pages.filing.draft_files import firm_draft_file
from lodeline.web.pages.filing.extensions import extensions
from lodeline.web.pages.filing.file import firm_file, firm_file_copy, firm_file_template
from lodeline.web.pages.filing.filing import firm_filing, firm_filing_key, firm_filing_receipt, firm_filing_upload
from lodeline.web.pages.filing.filings import firm_filings
from lodeline.web.pages.filing.firm_transfer import firm_dispute, firm_transfer
from lodeline.web.pages.filing.firm_transfers import firm_transfers
from lodeline.web.pages.filing.profiles import firm_draft_columns, firm_profiles

PAGES: tuple[Page, ...] = (
    Page(at="register/extensions/", view=extensions, name="extensions",
         permission="register.write", posts=True, regional=True),
    Page(at=FIRM + "transfers/", view=firm_transfers, name="firm-transfers", permission="own.read", posts=True),
    Page(at=FIRM + "transfers/<int:line>/", view=firm_transfer, name="firm-transfer",
         permission="own.read", posts=True),
    Page(at=FIRM + "disputes/<int:dispute>/", view=firm_dispute, name="firm-dispute",
         permission="own.read", posts=True),
    Page(at=FIRM + "file/", view=firm_file, name="firm-file", permission="own.read", posts=True),
    Page(at=FIRM + "file/template.xlsx", view=firm_file_template, name="firm-file-template", permission="own.read"),
    Page(at=FIRM + "file/copy/<str:period>/", view=firm_file_copy, name="firm-file-copy", permission="own.read"),
    Page(at=FIRM + "file/<int:draft>/", view=firm_draft, name="firm-draft", permission="own.read", posts=True),
    Page(at=FIRM + "file/<int:draft>/files/<int:file>/", view=firm_draft_file, name="firm-draft-file",
         permission="own.read"),
    Page(at=FIRM + "file/<int:draft>/columns/", view=firm_draft_columns, name="firm-draft-columns",
         permission="own.file", posts=True),
    Page(at=FIRM + "file/<int:draft>/certify/", view=firm_draft_certify, name="firm-draft-certify",
         permission="own.certify", posts=True),
    Page(at=FIRM + "filings/", view=firm_filings, name="firm-filings", permission="own.read"),
    Page(at=FIRM + "filings/<int:entry>/", view=firm_filing, name="firm-filing", permission="own.read"),
    Page(at=FIRM + "filings/<int:entry>/receipt.json", view=firm_filing_receipt, name="firm-filing-receipt",
         permission="own.read"),
    Page(at=FIRM + "filings/<int:entry>/key.json", view=firm_filing_key, name="firm-filing-key", permission="own.read"),
    Page(at=FIRM + "filings/<int:entry>/uploads/<int:number>/", view=firm_filing_upload, name="firm-filing-upload",
         permission="own.read"),
    Page(at=FIRM + "profiles/", view=firm_profiles, name="firm-profiles", permission="own.read", posts=True),
)  # fmt: skip
