"""The addresses of accounts, people and their tokens, delegations, erasure."""

from lodeline.web.page import FIRM, Page
from lodeline.web.pages.accounts.account import account_self
from lodeline.web.pages.accounts.delegations import firm_delegations
from lodeline.web.pages.accounts.email import account_email
from lodeline.web.pages.accounts.erasures import erasure_request, erasures
from lodeline.web.pages.accounts.first_run import first_run
from lodeline.web.pages.accounts.holds import legal_holds
from lodeline.web.pages.accounts.invitation import invitation
from lodeline.web.pages.accounts.own_erasure import account_erasure
from lodeline.web.pages.accounts.people import firm_people, firm_person, register_people, register_person
from lodeline.web.pages.accounts.tokens import authority_tokens, firm_tokens

PAGES: tuple[Page, ...] = (
    Page(at="erasures/", view=erasures, name="erasures", permission="erasure.write", posts=True),
    Page(at="erasures/<int:asked>/", view=erasure_request, name="erasure", permission="erasure.write", posts=True),
    Page(at="holds/", view=legal_holds, name="holds", permission="hold.write", posts=True),
    Page(at="first-run/", view=first_run, name="first-run", permission="anyone"),
    Page(at="invitation/<str:token>/", view=invitation, name="invitation", permission="anyone", posts=True),
    Page(at="people/", view=register_people, name="officials", permission="accounts.write", posts=True),
    Page(at="people/<int:person>/", view=register_person, name="official", permission="accounts.write", posts=True),
    Page(at="people/of/<str:organisation>/", view=register_people, name="register-people",
         permission="accounts.write", posts=True, regional=True),
    Page(at="people/of/<str:organisation>/<int:person>/", view=register_person, name="register-person",
         permission="accounts.write", posts=True, regional=True),
    Page(at="self/erasure/", view=account_erasure, name="account-erasure", permission="signed in", posts=True),
    Page(at="self/", view=account_self, name="account-self", permission="signed in", posts=True),
    Page(at="self/email/<str:token>/", view=account_email, name="account-email", permission="signed in", posts=True),
    Page(at=FIRM + "people/", view=firm_people, name="firm-people", permission="own.read", posts=True),
    Page(at=FIRM + "people/<int:person>/", view=firm_person, name="firm-person", permission="own.people", posts=True),
    Page(at=FIRM + "delegations/", view=firm_delegations, name="firm-delegations", permission="own.read", posts=True),
    Page(at=FIRM + "tokens/", view=firm_tokens, name="firm-tokens", permission="own.read", posts=True),
    Page(at="tokens/", view=authority_tokens, name="tokens", permission="accounts.write", posts=True),
)  # fmt: skip
