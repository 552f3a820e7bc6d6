"""The addresses of licences, applications, quotas and planned runs."""

from lodeline.web.page import FIRM, Page
from lodeline.web.pages.licences.application import application
from lodeline.web.pages.licences.firm_application import firm_application
from lodeline.web.pages.licences.firm_licences import firm_licences
from lodeline.web.pages.licences.licence import desk_licence, firm_licence, licence
from lodeline.web.pages.licences.licences import desk_licences, licences
from lodeline.web.pages.licences.planned_run import planned_run
from lodeline.web.pages.licences.quotas import quotas

PAGES: tuple[Page, ...] = (
    Page(at="applications/<str:application>/", view=application, name="application",
         permission="nation.read", posts=True, shows="application", regional=True),
    Page(at="licences/", view=licences, name="licences", permission="nation.read", regional=True),
    # What its forms do is for licensing officers (`office.licences.acts`).
    Page(at="licences/<named:licence>/", view=licence, name="licence",
         permission="nation.read", posts=True, shows="licence"),
    Page(at="quotas/", view=quotas, name="quotas", permission="nation.read", regional=True),
    # What its form does is for quota officers (`office.licences.runs`).
    Page(at="quotas/runs/<int:run>/", view=planned_run, name="planned-run",
         permission="nation.read", posts=True, shows="run", regional=True),
    # Of all licences in the country: for those alone who enter what leaves on them.
    Page(at="desk/licences/", view=desk_licences, name="desk-licences", permission="desk.decide"),
    Page(at="desk/licences/<named:licence>/", view=desk_licence, name="desk-licence",
         permission="desk.decide", posts=True, shows="licence"),
    Page(at=FIRM + "licences/", view=firm_licences, name="firm-licences", permission="own.read", posts=True),
    Page(at=FIRM + "applications/<str:application>/", view=firm_application, name="firm-application",
         permission="own.read", posts=True),
    Page(at=FIRM + "licences/<named:licence>/", view=firm_licence, name="firm-licence", permission="own.read"),
)  # fmt: skip
