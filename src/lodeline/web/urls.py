"""Every page of the portal: its address below the language, its view, and who may open it.

The language is the first part of an address, so that an address shows the same page to whoever gets it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, cast

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLResolver, include, path, register_converter, reverse
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_http_methods

from lodeline.office.access.actor import AUTHORITY, Permission
from lodeline.web.access.looks import Part, elsewhere, write_look
from lodeline.web.api import api
from lodeline.web.named import NamedConverter
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
from lodeline.web.pages.balance.balance import balance
from lodeline.web.pages.balance.balances import balances
from lodeline.web.pages.balance.firm_balance import firm_balance
from lodeline.web.pages.balance.firm_balances import firm_balances
from lodeline.web.pages.balance.inspections import site_inspections
from lodeline.web.pages.balance.network import network
from lodeline.web.pages.common.looking import reason
from lodeline.web.pages.customs.asked import desk_asked, desk_asked_one, firm_asked, firm_asked_one
from lodeline.web.pages.customs.batch import desk_batch, firm_batch
from lodeline.web.pages.customs.desk import desk, firm_desk
from lodeline.web.pages.customs.queries import desk_queries, desk_query, firm_queries, firm_query
from lodeline.web.pages.design.design import design
from lodeline.web.pages.filing.draft import firm_draft
from lodeline.web.pages.filing.draft_certify import firm_draft_certify
from lodeline.web.pages.filing.draft_files import firm_draft_file
from lodeline.web.pages.filing.duty import duty
from lodeline.web.pages.filing.extensions import extensions
from lodeline.web.pages.filing.file import firm_file, firm_file_copy, firm_file_template
from lodeline.web.pages.filing.filing import firm_filing, firm_filing_key, firm_filing_receipt, firm_filing_upload
from lodeline.web.pages.filing.filings import firm_filings
from lodeline.web.pages.filing.firm_transfer import firm_dispute, firm_transfer
from lodeline.web.pages.filing.firm_transfers import firm_transfers
from lodeline.web.pages.filing.profiles import firm_draft_columns, firm_profiles
from lodeline.web.pages.filing.transfers import transfers
from lodeline.web.pages.findings.finding import finding
from lodeline.web.pages.findings.findings import findings
from lodeline.web.pages.findings.firm_finding import firm_finding
from lodeline.web.pages.findings.firm_findings import firm_findings
from lodeline.web.pages.law.diff import law_diff
from lodeline.web.pages.law.law import law
from lodeline.web.pages.law.replay import law_replay
from lodeline.web.pages.licences.application import application
from lodeline.web.pages.licences.applications import applications
from lodeline.web.pages.licences.firm_application import firm_application
from lodeline.web.pages.licences.firm_applications import firm_applications
from lodeline.web.pages.licences.firm_licences import firm_licences
from lodeline.web.pages.licences.firm_quota import firm_quota
from lodeline.web.pages.licences.licence import desk_licence, desk_licences, firm_licence, licence, licences
from lodeline.web.pages.licences.planned_run import planned_run
from lodeline.web.pages.licences.quotas import quotas
from lodeline.web.pages.log.api import api as api_page
from lodeline.web.pages.log.audit import audit
from lodeline.web.pages.log.editions import edition, edition_file, editions
from lodeline.web.pages.log.log import entry, log, receipt_file
from lodeline.web.pages.log.system import system
from lodeline.web.pages.log.verify import verify
from lodeline.web.pages.lots.firm_customers import firm_customers
from lodeline.web.pages.lots.firm_lot import firm_lot
from lodeline.web.pages.lots.firm_lots import firm_lots
from lodeline.web.pages.lots.lot import lot
from lodeline.web.pages.lots.lots import lots
from lodeline.web.pages.matching.exceptions import exception, exceptions
from lodeline.web.pages.matching.firm_exceptions import firm_exception, firm_exceptions
from lodeline.web.pages.overview.find import find
from lodeline.web.pages.overview.firm_home import firm_home
from lodeline.web.pages.overview.home import home
from lodeline.web.pages.overview.notices import firm_notices, mail_end
from lodeline.web.pages.overview.overview import overview
from lodeline.web.pages.parties.parties import parties, party, party_name, screening
from lodeline.web.pages.register.changes import handover_file, register_changes
from lodeline.web.pages.register.methods import register_methods
from lodeline.web.pages.register.organisation import organisation
from lodeline.web.pages.register.organisations import organisations
from lodeline.web.pages.register.register import register, register_new, register_organisation
from lodeline.web.server.errors import at_fault, not_found, unreadable
from lodeline.web.server.language_of_address import LanguagePrefix
from lodeline.web.visit import NotHereError, Visit, to_sign_in
from lodeline.web.words.language import LANGUAGES, preferred

View = Callable[..., HttpResponse]
#: No table numbers its rows higher; a database would not even be asked.
_NUMBER_MAX: Final = 2**63 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page. `view` is called with the visit and the parts of the address; `posts`: it also takes a form.

    `looks_at`: the part of the address that says whose business is shown; an official's look at it is written down,
    whatever lets him in. A firm's look at its own is nobody's business: its pages have none.
    `regional`: it keeps to the firms of a region where whoever opens it is an official of that region alone. Else it is
    of the whole country, and such an official is told so.
    `front`: the address that people type and keep; whoever may not open it is led to where the own work begins.
    """

    at: str
    view: View
    name: str
    permission: Permission
    posts: bool = False
    looks_at: Part | None = None
    regional: bool = False
    front: bool = False


#: What the pages are made of, for whoever builds on them: in the demo alone.
DEMO_PAGES: tuple[Page, ...] = (
    (Page(at="design/", view=design, name="design", permission="anyone", posts=True),) if settings.LODELINE_DEMO else ()
)

PAGES: tuple[Page, ...] = (
    Page(at="", view=overview, name="overview", permission="nation.read", front=True),
    Page(at="home/", view=home, name="home", permission="signed in"),
    Page(at="organisations/", view=organisations, name="organisations", permission="nation.read", regional=True),
    Page(
        at="organisations/<path:organisation>/",
        view=organisation,
        name="organisation",
        permission="nation.read",
        looks_at="organisation",
        regional=True,
    ),
    Page(at="balances/", view=balances, name="balances", permission="nation.read", regional=True),
    Page(at="balances/network/", view=network, name="network", permission="nation.read"),
    Page(
        at="sites/<named:site>/", view=balance, name="balance", permission="nation.read", looks_at="site", regional=True
    ),
    Page(
        at="inspections/<named:site>/",
        view=site_inspections,
        name="inspections",
        permission="nation.read",
        posts=True,
        looks_at="site",
        regional=True,
    ),
    Page(at="lots/", view=lots, name="lots", permission="nation.read"),
    Page(at="lots/<named:lot>/", view=lot, name="lot", permission="nation.read", looks_at="lot"),
    Page(at="findings/", view=findings, name="findings", permission="nation.read", posts=True, regional=True),
    Page(
        at="findings/<str:finding>/",
        view=finding,
        name="finding",
        permission="nation.read",
        posts=True,
        looks_at="finding",
        regional=True,
    ),
    Page(at="transfers/", view=transfers, name="transfers", permission="nation.read", regional=True),
    Page(at="applications/", view=applications, name="applications", permission="nation.read", regional=True),
    Page(
        at="applications/<str:application>/",
        view=application,
        name="application",
        permission="nation.read",
        posts=True,
        looks_at="application",
        regional=True,
    ),
    Page(at="exceptions/", view=exceptions, name="exceptions", permission="nation.read", regional=True),
    Page(
        at="exceptions/<str:exception>/",
        view=exception,
        name="exception",
        permission="nation.read",
        looks_at="exception",
        regional=True,
    ),
    Page(at="licences/", view=licences, name="licences", permission="nation.read"),
    # What its forms do is for licensing officers (`office.licences.acts`).
    Page(
        at="licences/<named:licence>/",
        view=licence,
        name="licence",
        permission="nation.read",
        posts=True,
        looks_at="licence",
    ),
    Page(at="quotas/", view=quotas, name="quotas", permission="nation.read", regional=True),
    # What its form does is for quota officers (`office.licences.runs`).
    Page(
        at="quotas/runs/<int:run>/",
        view=planned_run,
        name="planned-run",
        permission="nation.read",
        posts=True,
        looks_at="run",
        regional=True,
    ),
    Page(at="editions/", view=editions, name="editions", permission="nation.read", posts=True),
    Page(at="editions/<str:period>/", view=edition, name="edition", permission="nation.read"),
    Page(
        at="editions/<str:period>/<int:edition>/edition.json",
        view=edition_file,
        name="edition-file",
        permission="nation.read",
    ),
    Page(at="desk/", view=desk, name="desk", permission="desk.use", posts=True),
    Page(at="desk/asked/", view=desk_asked, name="desk-asked", permission="desk.use"),
    Page(
        at="desk/asked/<int:entry>/",
        view=desk_asked_one,
        name="desk-asked-one",
        permission="desk.use",
        posts=True,
        looks_at="entry",
    ),
    Page(
        at="desk/batches/<str:batch>/",
        view=desk_batch,
        name="desk-batch",
        permission="desk.use",
        posts=True,
        looks_at="batch",
    ),
    # Of all licences in the country: for those alone who enter what leaves on them.
    Page(at="desk/licences/", view=desk_licences, name="desk-licences", permission="desk.decide"),
    Page(
        at="desk/licences/<named:licence>/",
        view=desk_licence,
        name="desk-licence",
        permission="desk.decide",
        posts=True,
        looks_at="licence",
    ),
    Page(at="desk/queries/", view=desk_queries, name="desk-queries", permission="desk.use"),
    Page(
        at="desk/queries/<str:case>/",
        view=desk_query,
        name="desk-query",
        permission="desk.use",
        posts=True,
        looks_at="case",
    ),
    Page(at="screening/", view=screening, name="screening", permission="nation.read"),
    Page(at="parties/", view=parties, name="parties", permission="nation.read", posts=True),
    Page(at="parties/name/", view=party_name, name="party-name", permission="nation.read", posts=True),
    Page(at="parties/<named:party>/", view=party, name="party", permission="nation.read", posts=True),
    Page(at="law/", view=law, name="law", permission="anyone"),
    Page(at="law/diff/", view=law_diff, name="law-diff", permission="anyone"),
    Page(at="law/replay/", view=law_replay, name="law-replay", permission="nation.read"),
    Page(at="log/", view=log, name="log", permission="nation.read", regional=True),
    Page(at="log/<int:entry>/", view=entry, name="entry", permission="nation.read", looks_at="entry", regional=True),
    Page(
        at="log/<int:entry>/receipt.json",
        view=receipt_file,
        name="receipt",
        permission="nation.read",
        looks_at="entry",
        regional=True,
    ),
    Page(at="verify/", view=verify, name="verify", permission="anyone", posts=True),
    Page(at="find/", view=find, name="find", permission="nation.read", regional=True),
    # Those who keep the register, the duty and the system.
    Page(at="duty/", view=duty, name="duty", permission="nation.read", posts=True, regional=True),
    Page(at="register/", view=register, name="register", permission="register.write", regional=True),
    Page(at="register/new/", view=register_new, name="register-new", permission="register.write", posts=True),
    Page(
        at="register/extensions/",
        view=extensions,
        name="extensions",
        permission="register.write",
        posts=True,
        regional=True,
    ),
    Page(
        at="register/changes/<str:organisation>/",
        view=register_changes,
        name="register-changes",
        permission="register.write",
        posts=True,
        regional=True,
    ),
    Page(
        at="register/changes/<str:organisation>/<str:successor>/handover.csv",
        view=handover_file,
        name="handover-file",
        permission="register.write",
        regional=True,
    ),
    Page(
        at="register/methods/",
        view=register_methods,
        name="register-methods",
        permission="register.write",
        posts=True,
    ),
    Page(
        at="register/<named:organisation>/",
        view=register_organisation,
        name="register-organisation",
        permission="register.write",
        posts=True,
        regional=True,
    ),
    Page(at="audit/", view=audit, name="audit", permission="audit.read", regional=True),
    Page(at="system/", view=system, name="system", permission="system.read"),
    Page(at="erasures/", view=erasures, name="erasures", permission="erasure.write", posts=True),
    Page(at="erasures/<int:asked>/", view=erasure_request, name="erasure", permission="erasure.write", posts=True),
    Page(at="holds/", view=legal_holds, name="holds", permission="hold.write", posts=True),
    Page(at="reason/", view=reason, name="reason", permission="nation.read", posts=True, regional=True),
    # Accounts, and who belongs to a firm.
    Page(at="first-run/", view=first_run, name="first-run", permission="anyone", posts=True),
    Page(at="invitation/<str:token>/", view=invitation, name="invitation", permission="anyone", posts=True),
    Page(at="people/", view=register_people, name="officials", permission="accounts.write", posts=True),
    Page(at="people/<int:person>/", view=register_person, name="official", permission="accounts.write", posts=True),
    Page(
        at="people/of/<str:organisation>/",
        view=register_people,
        name="register-people",
        permission="accounts.write",
        posts=True,
        regional=True,
    ),
    Page(
        at="people/of/<str:organisation>/<int:person>/",
        view=register_person,
        name="register-person",
        permission="accounts.write",
        posts=True,
        regional=True,
    ),
    Page(at="self/erasure/", view=account_erasure, name="account-erasure", permission="signed in", posts=True),
    Page(at="self/", view=account_self, name="account-self", permission="signed in", posts=True),
    Page(at="self/email/<str:token>/", view=account_email, name="account-email", permission="signed in", posts=True),
    Page(at="firm/<str:organisation>/people/", view=firm_people, name="firm-people", permission="own.read", posts=True),
    Page(
        at="firm/<str:organisation>/people/<int:person>/",
        view=firm_person,
        name="firm-person",
        permission="own.people",
        posts=True,
    ),
    Page(
        at="firm/<str:organisation>/delegations/",
        view=firm_delegations,
        name="firm-delegations",
        permission="own.read",
        posts=True,
    ),
    *DEMO_PAGES,
    # A firm's own pages.
    Page(at="firm/<str:organisation>/", view=firm_home, name="firm", permission="own.read"),
    Page(
        at="firm/<str:organisation>/exceptions/",
        view=firm_exceptions,
        name="firm-exceptions",
        permission="own.read",
    ),
    Page(
        at="firm/<str:organisation>/exceptions/<str:exception>/",
        view=firm_exception,
        name="firm-exception",
        permission="own.read",
    ),
    Page(
        at="firm/<str:organisation>/transfers/",
        view=firm_transfers,
        name="firm-transfers",
        permission="own.read",
        posts=True,
    ),
    Page(
        at="firm/<str:organisation>/transfers/<int:line>/",
        view=firm_transfer,
        name="firm-transfer",
        permission="own.read",
        posts=True,
    ),
    Page(
        at="firm/<str:organisation>/disputes/<int:dispute>/",
        view=firm_dispute,
        name="firm-dispute",
        permission="own.read",
        posts=True,
    ),
    Page(at="firm/<str:organisation>/lots/", view=firm_lots, name="firm-lots", permission="own.read"),
    Page(
        at="firm/<str:organisation>/lots/<named:lot>/",
        view=firm_lot,
        name="firm-lot",
        permission="own.read",
        posts=True,
    ),
    Page(at="firm/<str:organisation>/balances/", view=firm_balances, name="firm-balances", permission="own.read"),
    Page(
        at="firm/<str:organisation>/sites/<named:site>/", view=firm_balance, name="firm-balance", permission="own.read"
    ),
    Page(at="firm/<str:organisation>/customers/", view=firm_customers, name="firm-customers", permission="own.read"),
    Page(at="firm/<str:organisation>/quota/", view=firm_quota, name="firm-quota", permission="own.read", posts=True),
    Page(at="firm/<str:organisation>/licences/", view=firm_licences, name="firm-licences", permission="own.read"),
    # Before packing, and what customs asks.
    Page(at="firm/<str:organisation>/desk/", view=firm_desk, name="firm-desk", permission="own.read", posts=True),
    Page(at="firm/<str:organisation>/desk/asked/", view=firm_asked, name="firm-asked", permission="own.read"),
    Page(
        at="firm/<str:organisation>/desk/asked/<int:entry>/",
        view=firm_asked_one,
        name="firm-asked-one",
        permission="own.read",
        posts=True,
    ),
    Page(
        at="firm/<str:organisation>/desk/batches/<str:batch>/",
        view=firm_batch,
        name="firm-batch",
        permission="own.read",
        posts=True,
    ),
    Page(at="firm/<str:organisation>/queries/", view=firm_queries, name="firm-queries", permission="own.read"),
    Page(
        at="firm/<str:organisation>/queries/<str:case>/",
        view=firm_query,
        name="firm-query",
        permission="own.read",
        posts=True,
    ),
    Page(
        at="firm/<str:organisation>/applications/",
        view=firm_applications,
        name="firm-applications",
        permission="own.read",
        posts=True,
    ),
    Page(
        at="firm/<str:organisation>/applications/<str:application>/",
        view=firm_application,
        name="firm-application",
        permission="own.read",
        posts=True,
    ),
    Page(
        at="firm/<str:organisation>/licences/<named:licence>/",
        view=firm_licence,
        name="firm-licence",
        permission="own.read",
    ),
    # Questions of the authority.
    Page(at="firm/<str:organisation>/findings/", view=firm_findings, name="firm-findings", permission="own.read"),
    Page(
        at="firm/<str:organisation>/findings/<str:finding>/",
        view=firm_finding,
        name="firm-finding",
        permission="own.read",
        posts=True,
    ),
    Page(
        at="firm/<str:organisation>/notices/", view=firm_notices, name="firm-notices", permission="own.read", posts=True
    ),
    Page(at="mail/end/<str:token>/", view=mail_end, name="mail-end", permission="anyone", posts=True),
    # File a month.
    Page(at="firm/<str:organisation>/file/", view=firm_file, name="firm-file", permission="own.read", posts=True),
    Page(
        at="firm/<str:organisation>/file/template.xlsx",
        view=firm_file_template,
        name="firm-file-template",
        permission="own.read",
    ),
    Page(
        at="firm/<str:organisation>/file/copy/<str:period>/",
        view=firm_file_copy,
        name="firm-file-copy",
        permission="own.read",
    ),
    Page(
        at="firm/<str:organisation>/file/<int:draft>/",
        view=firm_draft,
        name="firm-draft",
        permission="own.read",
        posts=True,
    ),
    Page(
        at="firm/<str:organisation>/file/<int:draft>/files/<int:file>/",
        view=firm_draft_file,
        name="firm-draft-file",
        permission="own.read",
    ),
    Page(
        at="firm/<str:organisation>/file/<int:draft>/columns/",
        view=firm_draft_columns,
        name="firm-draft-columns",
        permission="own.file",
        posts=True,
    ),
    Page(
        at="firm/<str:organisation>/file/<int:draft>/certify/",
        view=firm_draft_certify,
        name="firm-draft-certify",
        permission="own.certify",
        posts=True,
    ),
    Page(at="firm/<str:organisation>/filings/", view=firm_filings, name="firm-filings", permission="own.read"),
    Page(
        at="firm/<str:organisation>/filings/<int:entry>/",
        view=firm_filing,
        name="firm-filing",
        permission="own.read",
    ),
    Page(
        at="firm/<str:organisation>/filings/<int:entry>/receipt.json",
        view=firm_filing_receipt,
        name="firm-filing-receipt",
        permission="own.read",
    ),
    Page(
        at="firm/<str:organisation>/filings/<int:entry>/key.json",
        view=firm_filing_key,
        name="firm-filing-key",
        permission="own.read",
    ),
    Page(
        at="firm/<str:organisation>/filings/<int:entry>/uploads/<int:number>/",
        view=firm_filing_upload,
        name="firm-filing-upload",
        permission="own.read",
    ),
    Page(
        at="firm/<str:organisation>/profiles/",
        view=firm_profiles,
        name="firm-profiles",
        permission="own.read",
        posts=True,
    ),
    # Programs.
    Page(at="api/", view=api_page, name="api", permission="anyone"),
    Page(at="firm/<str:organisation>/tokens/", view=firm_tokens, name="firm-tokens", permission="own.read", posts=True),
    Page(at="tokens/", view=authority_tokens, name="tokens", permission="accounts.write", posts=True),
)


def _served(page: Page) -> View:
    def served(request: HttpRequest, language: Any, **arguments: Any) -> HttpResponse:
        visit = Visit(request, language=language, name=page.name, arguments=arguments)
        request.visit = visit  # type: ignore[attr-defined]  # errors are shown in the visit's language
        if page.permission != "anyone" and not visit.actor.signed_in:
            return HttpResponseRedirect(to_sign_in(visit))
        if any(isinstance(one, int) and one > _NUMBER_MAX for one in arguments.values()):
            raise NotHereError("Nothing has a number as high as that.", "没有此编号的内容。")
        if page.front and visit.opens(page.name) is None:
            return HttpResponseRedirect(reverse("home", kwargs={"language": language}))
        visit.permission = page.permission
        visit.actor.require(
            page.permission, arguments.get("organisation") if page.permission.startswith("own.") else None
        )
        if visit.territory is not None:
            _keep_to(visit, page, arguments.get("organisation"))
        if page.looks_at is not None:
            write_look(visit, page.looks_at)
        response = page.view(visit, **arguments)
        response.headers.setdefault("Cache-Control", "private, no-cache")
        return response

    methods = ["GET", "HEAD", "POST"] if page.posts else ["GET", "HEAD"]
    view = cast(View, require_http_methods(methods)(served))
    view.permission = page.permission  # type: ignore[attr-defined]  # both are asked by Visit
    view.regional = page.regional  # type: ignore[attr-defined]
    return view


def _keep_to(visit: Visit, page: Page, organisation: str | None) -> None:
    """Raises NotAllowedError for a page of the whole country, NotHereError for a firm that is not of the region."""
    if not page.regional:
        visit.actor.require(page.permission, AUTHORITY)
    if organisation is not None and not visit.actor.may(page.permission, organisation):
        raise elsewhere()


def front_door(request: HttpRequest) -> HttpResponse:
    """`/`: to one's home page in the language that the browser asks for."""
    language = preferred(request.headers.get("Accept-Language", ""))
    response = HttpResponseRedirect(reverse("home", kwargs={"language": language}))
    patch_vary_headers(response, ["Accept-Language"])
    return response


class _LanguageConverter:
    regex = "|".join(LANGUAGES)

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(_LanguageConverter, "language")
register_converter(NamedConverter, "named")

urlpatterns = [
    path("", front_door, name="front-door"),
    path("api/v1/", api.urls),
    path("<language:language>/", include([path(page.at, _served(page), name=page.name) for page in PAGES])),
    URLResolver(LanguagePrefix(), [path("account/", include("lodeline.web.accounts.addresses"))]),
]
handler400 = unreadable
handler404 = not_found
handler500 = at_fault
