"""A visit: one question that a reader asks by an address, in one language; what every page is given.

A page turns a visit into an answer with `shell.show`, and never looks at the request for what the visit already says.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Any, Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import NoReverseMatch, get_urlconf, resolve, reverse
from django.utils.functional import cached_property
from django.utils.http import urlencode

from lodeline.errors import UserError
from lodeline.language import Language, Text, words
from lodeline.ledger.register import Register
from lodeline.office.access.actor import AUTHORITY, UNBOUNDED, Actor, Permission
from lodeline.regulation.pack import shipped_codes
from lodeline.regulation.parameter import Jurisdiction, load
from lodeline.store.database import Database
from lodeline.store.law import law_now
from lodeline.store.opening import open_store
from lodeline.store.store import Store
from lodeline.web.access.territory import RegionalReading, narrowed_register
from lodeline.web.published_desk import PublishedDesk
from lodeline.web.reading import Desk, Reading
from lodeline.web.server import configuration


class BadQuestionError(UserError):
    """The address asks for something that cannot be read; the message says how to write it. 400."""


class NotHereError(UserError):
    """The address is well written, and there is no such thing; the message says what there is. 404."""


#: Permissions that no region bounds.
FOR_EVERYBODY: Final = UNBOUNDED | {"anyone", "signed in", "own.read", "own.file", "own.certify", "own.people"}
#: Where a session keeps the newest entry that came of it.
_FILED = "filed"


@cache
def desk(url: str) -> Desk | PublishedDesk:
    """The desk of a database: one for each process. Where there is a publisher, it reads."""
    return PublishedDesk(url) if configuration.current().publisher else Desk(url)


class Visit:
    """Who asks nothing else than `request`, wants `language`, and sees the page called `name`."""

    def __init__(self, request: HttpRequest, *, language: Language, name: str, arguments: Mapping[str, Any]) -> None:
        self.request = request
        self.language: Language = language
        self.name = name
        self.arguments = dict(arguments)
        #: The permission under which the page is open; the table of pages says it.
        self.permission: Permission = "anyone"
        #: Whether the store is asked for nothing around the page: what went wrong may be the store.
        self.alone = False

    @property
    def actor(self) -> Actor:
        """Who asks, with what that allows today."""
        return self.request.actor  # type: ignore[attr-defined,no-any-return]

    @cached_property
    def firm(self) -> str | None:
        """The organisation whose own pages are open: that of the address, else the first that whoever asks is of."""
        named = self.arguments.get("organisation") if self.name.startswith("firm") else None
        if named is not None:
            return str(named)
        organisations = () if self.actor.is_official else self.actor.organisations
        return organisations[0] if organisations else None

    @cached_property
    def store(self) -> Store:
        """The store itself, for what must be known as of now, or is written. Raises StoreError where there is none."""
        return open_store(settings.LODELINE_DATABASE)

    @cached_property
    def law(self) -> Jurisdiction:
        """The law as the log has it now; where no store was made yet, the one that it would begin with."""
        path = Database(settings.LODELINE_DATABASE).path
        if path is not None and not path.exists():
            return load(shipped_codes()[0])
        return law_now(self.store)

    @cached_property
    def reading(self) -> Reading:
        """What this page is computed from: at least what this visitor has filed, and has been shown. Raises what
        `Desk.reading` raises.

        An official of a region is given a reading of its firms alone.
        """
        readings = desk(settings.LODELINE_DATABASE)
        whole = readings.reading(at_least=getattr(self.request, "session", {}).get(_FILED))
        seen = self._seen
        # Another process may be behind the one that answered before. A log that was restored since has less.
        if whole.snapshot.entry < seen < self.store.head().size:
            whole = readings.reading(at_least=seen)
        return whole if self.territory is None else RegionalReading(whole, self.territory)

    @property
    def _seen(self) -> int:
        """The newest entry that a page of this browser was computed from; -1 where none was. It is signed: who made
        one up would have readings made without end."""
        text = self.request.get_signed_cookie(settings.LODELINE_SEEN_COOKIE, default=None)
        return int(text) if text is not None and text.isdecimal() else -1

    def note_seen(self, response: HttpResponse) -> None:
        """Has the browser remember which entry the page was computed from, so that no later page shows an older one."""
        reading = self.__dict__.get("reading")
        if reading is not None and self.actor.signed_in and reading.snapshot.entry > self._seen:
            response.set_signed_cookie(
                settings.LODELINE_SEEN_COOKIE, str(reading.snapshot.entry), httponly=True, samesite="Lax",
                secure=settings.SESSION_COOKIE_SECURE,
            )  # fmt: skip

    def end(self) -> None:
        """Lets go of the reading. Request and visit refer to each other, so that what was read of a nation would stay
        until Python looks for such rings."""
        self.__dict__.pop("reading", None)

    @cached_property
    def territory(self) -> frozenset[str] | None:
        """The organisations that this page may be about; None where no region bounds it."""
        return None if self.permission in FOR_EVERYBODY else self.actor.firms(self.permission)

    @cached_property
    def register(self) -> Register:
        """The register as it stands now, kept to what this page may be about."""
        register = self.store.newest_register()
        return register if self.territory is None else narrowed_register(register, self.territory)

    def has_filed(self, entry: int) -> None:
        """Notes that this visitor's own act is entry `entry`: no page of the session is computed from less."""
        self.request.session[_FILED] = max(entry, self.request.session.get(_FILED) or 0)

    def query(self, name: str) -> str | None:
        """A parameter of the address, without blanks around it; None where it is absent or empty."""
        return (self.request.GET.get(name) or "").strip() or None

    def text(self, english: str, /, *, context: str = "", **facts: object) -> str:
        """The text in the reader's language; see `lodeline.language.text`."""
        return words(self.language, english, context, facts)

    def localized(self, text: Text | Mapping[str, str]) -> str:
        """A text that came in both languages, in the reader's."""
        return text[self.language]

    def url(self, name: str, /, query: Mapping[str, object] | None = None, **arguments: object) -> str | None:
        """The address of a page in this language, or None where there is no page of that name (yet).

        None as well for an official of a region, where the page or whom it would be about is not open to him.
        """
        found = address(self.language, name, query=query, **arguments)
        if found is None or self.territory is None:
            return found
        view = _view(name, found)
        closed = view.permission not in FOR_EVERYBODY and not (view.regional and self._is_within(arguments))
        return None if closed else found

    def _is_within(self, arguments: Mapping[str, object]) -> bool:
        """Whether an address is about a firm of the territory, as far as its parts say."""
        assert self.territory is not None
        owner = arguments.get("organisation")
        if "site" in arguments:
            owner = self.register.site_organisation.get(str(arguments["site"]))
            return owner is not None
        return owner is None or owner in self.territory

    def opens(self, name: str, /, query: Mapping[str, object] | None = None, **arguments: object) -> str | None:
        """The address of a page that is open to whoever asks; None where there is none, or where it is not."""
        found = self.url(name, query=query, **arguments)
        if found is None:
            return None
        view = _view(name, found)
        permission = getattr(view, "permission", "signed in")
        about = arguments.get("organisation")
        if permission in FOR_EVERYBODY or permission.startswith("own.") or getattr(view, "regional", True):
            return found if self.actor.may(permission, None if about is None else str(about)) else None
        return found if self.actor.may(permission, AUTHORITY) else None

    def here(self, *, language: Language | None = None, **changes: object) -> str:
        """This page's address with some parameters changed; None takes one away."""
        kept = {key: values for key, values in self.request.GET.lists() if key not in changes}
        added = {key: value for key, value in changes.items() if value is not None}
        found = address(language or self.language, self.name, query={**kept, **added}, **self.arguments)
        assert found is not None, "a visit is to a page that exists"
        return found


def address(
    language: Language, name: str, /, query: Mapping[str, object] | None = None, **arguments: object
) -> str | None:
    """The address of a page, or None where there is none of that name."""
    path = _path(get_urlconf() or settings.ROOT_URLCONF, name, ("language", language), *arguments.items())
    if path is None:
        return None
    given = {key: value for key, value in (query or {}).items() if value not in (None, "")}
    return f"{path}?{urlencode(given, doseq=True)}" if given else path  # type: ignore[arg-type]


@lru_cache(maxsize=16_384)
def _path(table: str, name: str, *arguments: tuple[str, object]) -> str | None:
    """The path of a page: each page of a firm leads to the same thirty, and finding one takes a tenth of a ms."""
    try:
        return reverse(name, urlconf=table, kwargs=dict(arguments))
    except NoReverseMatch:
        return None


def _view(name: str, address: str) -> Any:
    """What answers at the address of a page. Every address of a page has the same view."""
    table = get_urlconf() or settings.ROOT_URLCONF
    found = _VIEWS.get((table, name))
    if found is None:
        found = _VIEWS[table, name] = resolve(address.partition("?")[0], urlconf=table).func
    return found


#: (table of addresses, name of a page) → its view, as far as it was asked for.
_VIEWS: Final[dict[tuple[str, str], Any]] = {}


def to_sign_in(visit: Visit) -> str:
    """The address of the login page that leads back to this visit."""
    return f"/{visit.language}/account/login/?{urlencode({'next': visit.request.get_full_path()})}"
