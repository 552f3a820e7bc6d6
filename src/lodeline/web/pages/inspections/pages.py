"""The addresses of inspections."""

from lodeline.web.page import FIRM, Page
from lodeline.web.pages.inspections.firm_visits import firm_inspections
from lodeline.web.pages.inspections.laboratories import laboratories
from lodeline.web.pages.inspections.plan import firm_plan, labels, sampling_plan
from lodeline.web.pages.inspections.plan_form import new_plan
from lodeline.web.pages.inspections.telephone import telephone, worker
from lodeline.web.pages.inspections.visit import firm_receipt, firm_visit, site_visit
from lodeline.web.pages.inspections.visit_first import visit_first
from lodeline.web.pages.inspections.visits import site_inspections

#: The first that fits is shown: what a site is called may hold slashes, so its own pages come last.
PAGES: tuple[Page, ...] = (
    Page(at="inspections/", view=visit_first, name="inspection-plans", permission="nation.read", regional=True),
    Page(at="inspections/plans/<int:plan>/", view=sampling_plan, name="inspection-plan",
         permission="nation.read", shows="plan", regional=True),
    Page(at="inspections/plans/<int:plan>/labels/", view=labels, name="inspection-labels",
         permission="inspection.write", shows="plan", regional=True),
    Page(at="inspections/plans/<int:plan>/telephone/", view=telephone, name="inspection-telephone",
         permission="inspection.write", posts=True, shows="plan", regional=True),
    Page(at="inspections/plans/<int:plan>/telephone/worker.js", view=worker, name="inspection-worker",
         permission="anyone"),
    Page(at="inspections/visits/<int:entry>/", view=site_visit, name="inspection-visit",
         permission="nation.read", shows="entry", regional=True),
    Page(at="inspections/laboratories/", view=laboratories, name="laboratories", permission="nation.read",
         regional=True),
    Page(at="inspections/<named:site>/plan/", view=new_plan, name="inspection-plan-new",
         permission="inspection.write", posts=True, shows="site", regional=True),
    Page(at="inspections/<named:site>/", view=site_inspections, name="inspections",
         permission="nation.read", posts=True, shows="site", regional=True),
    Page(at=FIRM + "inspections/", view=firm_inspections, name="firm-inspections", permission="own.read"),
    Page(at=FIRM + "inspections/plans/<int:plan>/", view=firm_plan, name="firm-inspection-plan",
         permission="own.read"),
    Page(at=FIRM + "inspections/<int:entry>/", view=firm_visit, name="firm-inspection-visit", permission="own.read"),
    Page(at=FIRM + "inspections/<int:entry>/receipt/", view=firm_receipt, name="firm-inspection-receipt",
         permission="own.read"),
)  # fmt: skip
