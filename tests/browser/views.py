"""Everything of the portal that is looked at: which page, by whom, and where it is found.

Each page of the table in web/urls.py is looked at by the first sample account that may open it. A page whose address
has parts is shown with the first thing of its kind that another page links to, or with what examples.py has made; one
that nobody has named an example for has no address here, so the tests of it fail.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Final

from lodeline.language import LANGUAGES, Language
from lodeline.office.access.actor import ROLES
from lodeline.web.urls import PAGES
from tests.browser.portal import GUARDED, HALFWAY, PEOPLE, Portal

TEMPLATES: Final = Path(str(files("lodeline"))) / "web/templates"
ANALYST, FILER, ADMIN = PEOPLE["analyst"], PEOPLE["filer"], PEOPLE["organisation-admin"]
REGISTRAR, CERTIFIER, QUOTA_OFFICER = PEOPLE["registrar"], PEOPLE["certifier"], PEOPLE["quota-officer"]

#: Pages whose address has parts → the page from which the first link to one is taken; `{firm}` is the filer's.
LISTED: Final[Mapping[str, str]] = {
    "organisation": "quotas/",
    "balance": "balances/",
    "lot": "lots/?product=magnet-ndfeb",
    "finding": "findings/",
    "exception": "exceptions/?kind=invoice&state=all",
    "firm-exception": "firm/{firm}/?kind=discrepancy",
    "entry": "log/",
    "register-organisation": "organisations/",
    "official": "people/",
    "register-person": "people/of/{firm}/",
    "firm-person": "firm/{firm}/people/",
    "firm-transfer": "firm/{firm}/transfers/",
    "firm-lot": "firm/{firm}/lots/",
    "firm-balance": "firm/{firm}/balances/",
    "firm-filing": "firm/{firm}/filings/",
    "erasure": "erasures/",
    "licence": "licences/",
    "planned-run": "quotas/",
    "desk-licence": "desk/licences/",
    "firm-licence": "firm/{firm}/licences/",
}
#: Views that a form leads to, and that are kept by the server for a while: name → where it is, what is sent.
SENT: Final[Mapping[str, tuple[str, Mapping[str, str]]]] = {"desk, answer": ("desk/", {"cases": "all"})}
#: In an address: the filer's firm.
FIRM: Final = "<str:organisation>"
#: Files, of which nothing is seen.
FILES: Final = frozenset(
    {
        "receipt", "firm-file-template", "firm-file-copy", "firm-draft-file", "firm-filing-receipt",
        "firm-filing-upload", "firm-filing-key", "edition-file", "handover-file", "firm-inspection-receipt",
        "inspection-worker",
    }
)  # fmt: skip
#: Pages behind a link that went out by mail, good once: shown as it is to whoever comes with another.
MAILED: Final[Mapping[str, str]] = {"account-email": "self/email/no-such-link/"}
#: Pages that say more to somebody else than to the first who may open them.
BETTER_BY: Final[Mapping[str, str]] = {
    "firm-people": ADMIN,
    "firm-delegations": ADMIN,
    "organisations": REGISTRAR,
    "planned-run": QUOTA_OFFICER,
    "law-packs": REGISTRAR,
    "law-pack": PEOPLE["licensing-officer"],
}


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """Something that is looked at. `at`: its address below the language, as in LISTED; empty: found by name.

    template: below `templates/`; empty: that of the page of this name.
    """

    name: str
    by: str = ""
    at: str = ""
    status: int = 200
    template: str = ""


def first_who_may(permission: str) -> str:
    """The address of a sample account, "" where nobody need sign in."""
    if permission in ("anyone", "signed in"):
        return "" if permission == "anyone" else FILER
    return next(PEOPLE[role] for role, allowed in ROLES.items() if permission in allowed)


#: Pages that lead elsewhere: whoever has signed in to the own home, whoever comes after the first run to signing in.
LEAD_ON: Final = frozenset({"home", "first-run"})
HTML: Final = tuple(page for page in PAGES if page.name not in FILES | LEAD_ON)
#: What a page can also look like. `{lot}` stands for the address of that page.
FURTHER: Final = (
    View(name="find, several", by=ANALYST, at="find/?q=MAG-00", template="lodeline/overview/find.html"),
    View(name="lot, forward", by=ANALYST, at="{lot}?direction=forward"),
    View(name="findings by firm", by=ANALYST, at="findings/?view=firms"),
    View(name="parties, answered", by=ANALYST, at="parties/?name=Baotou+Rare+Earth+Mining&country=CN"),
    View(name="parties, long reasons", by=ANALYST, at="parties/?name=Zhanyaomingxingguanghuashengda+Polishing"),
    View(name="law, another day", at="law/?on=2025-10-15&known=2025-10-20"),
    View(name="desk, filled", by=PEOPLE["licensing-officer"], at="desk/?case=2"),
    View(name="desk, answer", by=PEOPLE["licensing-officer"], template="lodeline/customs/desk_answer.html"),
    View(name="register, site", by=REGISTRAR, at="register/{owner}/?site={site}"),
    View(name="transfers, sent", by=FILER, at="firm/{firm}/transfers/?view=sent"),
    View(name="transfers, disputes", by=FILER, at="firm/{firm}/transfers/?view=disputes"),
    View(name="draft, empty", by=FILER, template="lodeline/filing/firm_draft_upload.html"),
    View(
        name="draft, every row", by=FILER, at="{firm-draft}?rows=all&edit=cells",
        template="lodeline/filing/firm_draft.html",
    ),
    View(name="draft, at work", by=FILER, template="lodeline/filing/firm_draft_progress.html"),
    View(name="draft, correction", by=FILER),
    View(name="draft, asked", by=FILER),
    View(name="application, granted", by=FILER),
    View(name="receipt of the sandbox", by=CERTIFIER, template="lodeline/filing/firm_sandbox_receipt.html"),
)  # fmt: skip
#: The parts that pages are made of: in the table of pages of a demo alone.
DESIGN: Final = View(name="design", at="design/", template="lodeline/design/design.html")
#: As they are: tours, and one of them.
TOURS: Final = (
    View(name="tour", at="tour/", template="lodeline/tour/tour.html"),
    View(name="tour, of a filer", by=FILER, at="tour/filer/", template="lodeline/tour/tour.html"),
)
#: The library's pages, in our dress.
ACCOUNT: Final = (
    View(name="account_login", at="account/login/", template="account/login.html"),
    View(name="account_logout", by=FILER, at="account/logout/", template="account/logout.html"),
    View(name="account_inactive", at="account/inactive/", template="account/account_inactive.html"),
    View(name="account_reauthenticate", by=FILER, at="account/reauthenticate/", template="account/reauthenticate.html"),
    View(
        name="account_change_password", by=FILER, at="account/password/change/", template="account/password_change.html"
    ),
    View(name="account_reset_password", at="account/password/reset/", template="account/password_reset.html"),
    View(name="account_reset_password_done", at="account/password/reset/done/"),
    View(name="account_reset_password_from_key", at="account/password/reset/key/1-broken/"),
    View(name="account_reset_password_from_key_done", at="account/password/reset/key/done/"),
    View(name="mfa_authenticate", by=HALFWAY, at="account/2fa/authenticate/", template="mfa/authenticate.html"),
    View(name="mfa_reauthenticate", by=GUARDED, at="account/2fa/reauthenticate/"),
    View(name="mfa_activate_totp", by=ANALYST, at="account/2fa/totp/activate/", template="mfa/totp/activate_form.html"),
    View(name="mfa_deactivate_totp", by=GUARDED, at="account/2fa/totp/deactivate/"),
    View(name="mfa_generate_recovery_codes", by=GUARDED, at="account/2fa/recovery-codes/generate/"),
    View(name="mfa_add_webauthn", by=ANALYST, at="account/2fa/webauthn/add/", template="mfa/webauthn/add_form.html"),
    View(name="account-self, guarded", by=GUARDED, at="self/"),
)
REFUSED: Final = (
    View(name="403", by=FILER, at="audit/", status=403, template="lodeline/error.html"),
    View(name="404", by=ANALYST, at="lots/no-such-lot/", status=404),
    View(name="404 to a stranger", at="no/such/page/", status=404),
    View(name="410", by=ANALYST, at="invitation/no-such-link/", status=410),
)
VIEWS: Final[Mapping[str, View]] = {
    one.name: one
    for one in (
        *(
            View(
                name=page.name, by=BETTER_BY.get(page.name) or first_who_may(page.permission),
                at=MAILED.get(page.name, ""), status=404 if page.name in MAILED else 200,
            )
            for page in HTML
        ),
        DESIGN, *TOURS, *FURTHER, *ACCOUNT, *REFUSED,
    )
}  # fmt: skip
SCHEMES: Final = ("light", "dark")
#: Every view as it can be seen.
SIGHTS: Final[tuple[tuple[str, Language, str], ...]] = tuple(
    (name, language, scheme) for name in VIEWS for language in LANGUAGES for scheme in SCHEMES
)
#: So many views every run looks at, however many there are.
LOOKS: Final = 8
#: What of a template makes it look like no other: parts, classes, elements, kinds of fields and of drawings.
_MARK: Final = re.compile(
    r'parts/(?P<part>\w+)\.html|class="(?P<class>[^"{]+)|<(?P<element>[a-z]\w*)|type="(?P<type>\w+)"'
    r'| name="(?P<drawing>[a-z-]+)"'
)


def template_of(view: View) -> str:
    """The template of a view's page: of those that its module names the longest; "" where another module has it."""
    page = next((one for one in PAGES if one.name == view.name), None)
    if view.template or page is None:
        return view.template
    source = Path(inspect.getfile(page.view)).read_text("utf-8")
    return max(re.findall(r'"(lodeline/[\w/]+\.html)"', source), key=lambda one: len(_text(one)), default="")


@cache
def _text(template: str) -> str:
    return (TEMPLATES / template).read_text("utf-8")


def marks_of(template: str) -> frozenset[tuple[str, str]]:
    """What can be seen of a template, by kind, and the template itself."""
    if not template:
        return frozenset()
    marks = _MARK.finditer(_text(template))
    found = {(str(one.lastgroup), word) for one in marks for word in one[str(one.lastgroup)].split()}
    return frozenset({*found, ("template", template)})


def usual(views: Iterable[View], most: int = LOOKS) -> tuple[str, ...]:
    """What every run looks at: at most so many views, each the one that shows most that no view before it shows,
    parts before all else.

    A view that is added stands among them by itself if it shows something new; where there are more of those than
    `most`, the ones that show least are left to the slow tests, which look at every view in every way.
    """
    left = {view.name: marks_of(template_of(view)) for view in views}
    chosen: list[str] = []
    while left and len(chosen) < most:
        name = max(left, key=lambda one: (sum(kind == "part" for kind, _ in left[one]), len(left[one])))
        new = left.pop(name)
        if not new:
            break
        chosen.append(name)
        left = {one: marks - new for one, marks in left.items()}
    return tuple(chosen)


USUAL: Final = usual(VIEWS.values())
#: These once, in each language and scheme as often as in the other.
ONCE: Final = tuple((name, LANGUAGES[place % 2], SCHEMES[place // 2 % 2]) for place, name in enumerate(USUAL))


class Places:
    """Where views are found on a portal; each is looked for once."""

    def __init__(self, portal: Portal) -> None:
        self.portal = portal
        self._found: dict[str, str] = {}

    def path(self, view: str, language: str = "en") -> str:
        """The address of a view. Raises AssertionError for a page that nobody has named an example for."""
        if view not in self._found:
            self._found[view] = self._address(view)
        return f"/{language}/{self._found[view]}"

    def url(self, view: str, language: str = "en") -> str:
        """The same with its host."""
        return self.portal.origin + self.path(view, language)

    def _address(self, name: str) -> str:
        made = self.portal.made.get(name)
        if made is not None:
            return made
        if name in SENT:
            self.portal.sign_in(VIEWS[name].by)
            answer = self.portal.send(VIEWS[name].by, f"/en/{SENT[name][0]}", SENT[name][1])
            return str(answer.url.raw_path, "ascii").removeprefix("/en/")
        at = VIEWS[name].at or next(page.at for page in PAGES if page.name == name)
        if name in LISTED:
            return self._first_link(name, self._written(LISTED[name]))
        at = at.replace(FIRM, self.portal.firm)
        assert "<" not in at, f"name in LISTED the page that leads to {name}"
        return self._written(at)

    def _written(self, address: str) -> str:
        """An address with `{lot}` and the like for the address of that page, `{firm}` for the filer's organisation."""

        def part(match: re.Match[str]) -> str:
            if match[1] == "firm":
                return self.portal.firm
            if match[1] in ("site", "owner"):
                site = self.path("balance").rstrip("/").rpartition("/")[2]
                return site if match[1] == "site" else site.rpartition("-")[0]
            return self.path(match[1]).removeprefix("/en/")

        return re.sub(r"\{([\w-]+)\}", part, address)

    def _first_link(self, name: str, listed_at: str) -> str:
        view = VIEWS[name]
        (page,) = (one for one in PAGES if one.name == name)
        links: list[str] = re.findall(r'href="/en/([^"?#]+)', self.portal.html(f"/en/{listed_at}", view.by))
        pattern = re.compile(re.sub(r"<int:\w+>", "[0-9]+", re.sub(r"<(?!int)\w+:\w+>", ".+", page.at)))
        others = {one.at for one in PAGES}
        found = next((link for link in links if pattern.fullmatch(link) and link not in others), None)
        assert found is not None, f"{listed_at} leads to no {name}"
        return found
