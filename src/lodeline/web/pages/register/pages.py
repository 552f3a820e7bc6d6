"""The addresses of organisations, the register and its changes."""

from lodeline.web.page import Page
from lodeline.web.pages.register.changes import handover_file, register_changes
from lodeline.web.pages.register.methods import register_methods
from lodeline.web.pages.register.organisation import organisation
from lodeline.web.pages.register.organisations import organisations
from lodeline.web.pages.register.register import register_new, register_organisation
from lodeline.web.pages.register.take_over import register_take_over

PAGES: tuple[Page, ...] = (
    Page(at="organisations/", view=organisations, name="organisations", permission="nation.read",
         posts=True, regional=True),
    Page(at="organisations/<path:organisation>/", view=organisation, name="organisation",
         permission="nation.read", shows="organisation", regional=True),
    Page(at="register/new/", view=register_new, name="register-new", permission="register.write", posts=True),
    Page(at="register/changes/<str:organisation>/", view=register_changes, name="register-changes",
         permission="register.write", posts=True, regional=True),
    Page(at="register/changes/<str:organisation>/<str:successor>/handover.csv", view=handover_file,
         name="handover-file", permission="register.write", regional=True),
    Page(at="register/methods/", view=register_methods, name="register-methods",
         permission="register.write", posts=True),
    Page(at="register/take-over/", view=register_take_over, name="register-take-over",
         permission="register.write", posts=True),
    Page(at="register/<named:organisation>/", view=register_organisation, name="register-organisation",
         permission="register.write", posts=True, regional=True),
)  # fmt: skip
