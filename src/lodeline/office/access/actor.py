"""Who asks, and what that allows. The one table of roles and permissions; every verb of the office asks it first.

NotAllowedError     whoever asks may not do this: 403
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal, get_args

from django.db.models import Q

from lodeline.errors import UserError
from lodeline.language import text
from lodeline.office.access.territory import firms_of_region
from lodeline.office.models import Delegation, Membership, User

#: What may be asked for. Those that begin with "own." are asked for one organisation.
Permission = Literal[
    "anyone", "signed in",
    "own.read", "own.file", "own.certify", "own.people",
    "nation.read", "finding.decide", "desk.use", "desk.decide", "register.write", "duty.chase", "accounts.write",
    "audit.read", "system.read", "erasure.write", "hold.write", "edition.write", "inspection.write",
    "parties.decide",
    "licence.decide", "quotas.decide", "records.write", "law.publish",
    "strategy.read", "strategy.run", "strategy.aggregate",
]  # fmt: skip
PERMISSIONS: Final[tuple[Permission, ...]] = get_args(Permission)

Role = Literal[
    "filer", "certifier", "organisation-admin",
    "analyst", "licensing-officer", "quota-officer", "customs-officer", "inspector", "registrar", "system-admin",
    "auditor",
    "agency",
]  # fmt: skip

ORGANISATION_ROLES: Final[Mapping[str, frozenset[str]]] = {
    "filer": frozenset({"own.read", "own.file"}),
    "certifier": frozenset({"own.read", "own.certify"}),
    "organisation-admin": frozenset({"own.read", "own.people"}),
}
AUTHORITY_ROLES: Final[Mapping[str, frozenset[str]]] = {
    "analyst": frozenset(
        {
            "nation.read",
            "finding.decide",
            "duty.chase",
            "edition.write",
            "parties.decide",
            "strategy.read",
            "strategy.run",
        }
    ),
    "licensing-officer": frozenset(
        {"nation.read", "desk.use", "licence.decide", "law.publish", "strategy.read", "strategy.run"}
    ),
    "quota-officer": frozenset({"nation.read", "quotas.decide", "strategy.read"}),
    "customs-officer": frozenset({"desk.use", "desk.decide"}),
    "inspector": frozenset({"nation.read", "finding.decide", "desk.use", "hold.write", "inspection.write"}),
    "registrar": frozenset(
        {
            "nation.read",
            "register.write",
            "duty.chase",
            "accounts.write",
            "erasure.write",
            "parties.decide",
            "records.write",
            "law.publish",
        }
    ),
    "system-admin": frozenset({"system.read", "erasure.write"}),
    "auditor": frozenset({"nation.read", "audit.read", "hold.write", "strategy.read"}),
}
#: Of another state's agency, which the registrar lets in as a guest: a membership beside the authority's (organisation
#: ""), whose region is the state it is of. It is no official, and opens what is published to it and nothing else.
AGENCY_ROLES: Final[Mapping[str, frozenset[str]]] = {"agency": frozenset({"strategy.aggregate"})}
ROLES: Final[Mapping[str, frozenset[str]]] = {**ORGANISATION_ROLES, **AUTHORITY_ROLES, **AGENCY_ROLES}
#: The authority, where an organisation is named.
AUTHORITY: Final = ""
#: Permissions that a region does not bound: the desk answers about the consignment that is put before it, whoever
#: exports it (a port is not where its exporters are), and the state of the system is no firm's business. What is
#: published to agencies is bound to their state by what each is given.
UNBOUNDED: Final = frozenset({"desk.use", "desk.decide", "system.read", "strategy.aggregate"})


class NotAllowedError(UserError):
    """Whoever asks may not do this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleGrant:
    """A role in an organisation ("" for the authority). `agent`: the organisation that acts for it by delegation.

    `region` of an authority's: what it is for, "" for the whole country; `firms`: the organisations of that region. Of
    another state's agency it is that state: ISO 3166-1 alpha-2.
    """

    organisation: str
    role: str
    region: str = ""
    agent: str = ""
    firms: frozenset[str] = frozenset()

    def allows(self, permission: str, organisation: str | None) -> bool:
        """Whether this alone allows a permission of the authority; see `Actor.may`."""
        if self.organisation != AUTHORITY or permission not in ROLES.get(self.role, ()):
            return False
        return not self.region or permission in UNBOUNDED or organisation is None or organisation in self.firms


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who asks: a person, a program with a token (`scopes` then bound what it may), or nobody (`user` None)."""

    user: int | None = None
    name: str = ""
    pseudonym: str = ""
    standings: tuple[RoleGrant, ...] = ()
    token: int | None = None
    scopes: frozenset[str] | None = None

    @property
    def signed_in(self) -> bool:
        """Whether it is known who asks."""
        return self.user is not None

    @property
    def organisations(self) -> tuple[str, ...]:
        """The organisations whose pages are open to this actor, in order; the authority is not one of them."""
        return tuple(sorted({one.organisation for one in self.standings if one.organisation}))

    @property
    def is_official(self) -> bool:
        """Whether any membership is the authority's; an agency of another state is none of it."""
        return any(not one.organisation and one.role not in AGENCY_ROLES for one in self.standings)

    @property
    def agency_of(self) -> str | None:
        """The state whose agency asks, ISO 3166-1 alpha-2; None for everybody else."""
        return next((one.region for one in self.standings if one.role in AGENCY_ROLES), None)

    def roles(self, organisation: str = AUTHORITY) -> tuple[str, ...]:
        """The roles in an organisation, or in the authority."""
        return tuple(sorted({one.role for one in self.standings if one.organisation == organisation}))

    def may(self, permission: str, organisation: str | None = None) -> bool:
        """Whether this is allowed; `organisation` must be named for the permissions that begin with "own.".

        For those of the authority it is whom it is about: an official of a region may only about firms of the region.
        None asks whether it is allowed about anybody at all, AUTHORITY whether for the whole country.
        """
        assert permission in PERMISSIONS, f"{permission!r} is no permission"
        if permission == "anyone":
            return True
        if permission == "signed in":
            return self.signed_in
        own = permission.startswith("own.")
        assert not own or organisation, f"{permission} is asked for an organisation"
        if not own:
            return any(one.allows(permission, organisation) for one in self.standings)
        return any(one.organisation == organisation and permission in ROLES.get(one.role, ()) for one in self.standings)

    def firms(self, permission: str) -> frozenset[str] | None:
        """The organisations about which a permission of the authority is allowed; None: about whomever there is."""
        if self.may(permission, AUTHORITY):
            return None
        return frozenset().union(*(one.firms for one in self.standings if one.allows(permission, None)))

    def regions(self, permission: str) -> frozenset[str]:
        """The regions for which a permission of the authority is allowed, where it is not for the whole country."""
        if self.may(permission, AUTHORITY):
            return frozenset()
        return frozenset(one.region for one in self.standings if one.allows(permission, None))

    def require(self, permission: str, organisation: str | None = None) -> None:
        """Raises NotAllowedError unless this is allowed."""
        if not self.may(permission, organisation):
            if not permission.startswith("own.") and self.may(permission):
                raise NotAllowedError(
                    text(
                        "Your membership is for a region, and this is not about a firm of it. A membership for "
                        "the whole country allows it: ask the registrar."
                    )
                )
            raise NotAllowedError(
                text(
                    "Your memberships do not allow this. Ask the administrator of your organisation, or the "
                    "registrar, for the role that does."
                )
            )


NOBODY: Final = Actor()


def actor_of(user: User, *, on: date) -> Actor:
    """A person with the memberships in force on a day, and what other organisations have delegated to theirs."""
    if not user.is_active:
        return NOBODY
    memberships = Membership.objects.filter(_in_force(on), user=user)
    standings = [
        RoleGrant(
            organisation=one.organisation, role=one.role, region=one.region,
            firms=firms_of_region(one.region) if one.region and one.role not in AGENCY_ROLES else frozenset(),
        )
        for one in memberships
    ]  # fmt: skip
    agents = sorted({one.organisation for one in standings if one.organisation})
    if agents:
        for one in Delegation.objects.filter(_in_force(on), agent__in=agents):
            standings += [
                RoleGrant(organisation=one.organisation, role=here.role, agent=one.agent)
                for here in standings[:]
                if here.organisation == one.agent
                and not here.agent
                and (here.role == "filer" or (here.role == "certifier" and one.may_certify))
            ]
    return Actor(user=user.pk, name=user.name, pseudonym=user.pseudonym, standings=tuple(standings))


def _in_force(on: date) -> Q:
    return Q(valid_from__lte=on) & (Q(valid_to__isnull=True) | Q(valid_to__gte=on))
