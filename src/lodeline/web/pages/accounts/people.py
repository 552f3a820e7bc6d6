"""The people of an organisation, or of the authority: who they are, what they may do, until when; inviting others."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from django.http import HttpResponse, HttpResponseRedirect

from lodeline.errors import UserError
from lodeline.language import text
from lodeline.office.access import clock
from lodeline.office.access.actor import AGENCY_ROLES, Actor
from lodeline.office.access.territory import regions
from lodeline.office.access.two import ProposalError, TwoError
from lodeline.office.accounts import proposals
from lodeline.office.accounts.invitations import invite, open_invitations, withdraw
from lodeline.office.accounts.people import (
    InputError,
    Member,
    PeopleError,
    change_role,
    end_membership,
    grant,
    let_back_in,
    may_let_back_in,
    members,
    require_second_person,
    roles_of,
    second_person,
    takes_two,
)
from lodeline.office.models import Invitation, Membership
from lodeline.web.accounts.letters import post_invitation, post_new_password
from lodeline.web.pages.accounts.waiting import confirmed, proposal_of, waiting_part
from lodeline.web.pages.common.entered import day_of, field_errors, number_of, problems_part
from lodeline.web.parts.shell import show
from lodeline.web.parts.table import Cell, Column, Table, shown, wanted_csv
from lodeline.web.parts.values import Field, Notice
from lodeline.web.visit import NotHereError, Visit
from lodeline.web.words import format as written
from lodeline.web.words import words
from lodeline.web.words.firm_names import firm_names
from lodeline.web.words.roles import AUTHORITY_NAME, ROLE_MAY, ROLE_NAMES, duty

_COLUMNS: Final = (
    Column(key="name", label=text("Name", context="accounts")),
    Column(key="role", label=text("Role", context="accounts")),
    Column(key="from", label=text("Since", context="accounts, people")),
    Column(key="until", label=text("Until", context="accounts, people, columns")),
    Column(key="factor", label=text("Second factor")),
    Column(key="by", label=text("Granted by")),
)
_DONE: Final = {
    "withdraw": text("The invitation is withdrawn; its link is good for nothing."),
    "second-person": text("The rule is kept."),
    "end": text("The membership ends."),
    "change": text("The role is another from today on."),
    "grant": text("The role is given."),
    "sent": text("The link was sent by mail, to the person alone."),
    "in-log": text("A demo sends no mail: the link stands in the log of the server, where it was started."),
    "on-server": text(
        "No mail has gone. On the server, `lodeline accounts link` with the person's address prints the link."
    ),
    "proposed": text("Proposed. Another registrar confirms or refuses it within seven days."),
    "confirm": text("Confirmed: it is so from now on."),
    "refuse": text("Refused."),
    "take-back": text("Your proposal is withdrawn."),
}


def firm_people(visit: Visit, organisation: str) -> HttpResponse:
    """The page `firm/<organisation>/people/`. Seen by all of the firm; changed by its administrators."""
    return people(visit, organisation)


def firm_person(visit: Visit, organisation: str, person: int) -> HttpResponse:
    """The page `firm/<organisation>/people/<person>/`, for administrators."""
    return person_page(visit, organisation, person)


def register_people(visit: Visit, organisation: str = "") -> HttpResponse:
    """The pages `people/of/<organisation>/` and, of the authority itself, `people/`; for registrars."""
    return people(visit, organisation)


def register_person(visit: Visit, person: int, organisation: str = "") -> HttpResponse:
    """The pages `people/of/<organisation>/<person>/` and `people/<person>/`; for registrars."""
    return person_page(visit, organisation, person)


def people(visit: Visit, organisation: str = "") -> HttpResponse:
    """The people of an organisation, or ("") of the authority, for whoever may see them (`office.accounts.people`)."""
    today = clock.today(visit.law.timezone)
    error: UserError | None = None
    if visit.request.method == "POST":
        try:
            done = _done(visit, organisation, today)
        except (InputError, PeopleError, ProposalError, TwoError) as refused:
            error = refused
        else:
            return _back(visit, done)
    found = members(visit.actor, organisation, on=today)
    table = _table(visit, organisation, found, today)
    csv = wanted_csv(visit, table)
    if csv is not None:
        return csv
    may_change = may_manage(visit.actor, organisation)
    name = _called(visit, organisation)
    return show(
        visit,
        "lodeline/accounts/people.html",
        title=_title(visit, name, len(found)),
        status=400 if error else 200,
        organisation=organisation,
        name=name,
        done=_notices(visit),
        problems=problems_part(visit, error),
        waiting=waiting_part(visit, organisation),
        people=shown(visit, table),
        may_change=may_change,
        invitations=_invitations(visit, organisation) if may_change else [],
        fields=invitation_fields(visit, organisation, error) if may_change else [],
        second_person=second_person(organisation) if organisation else None,
        rules=bool(organisation) and visit.actor.may("own.people", organisation),
    )


def person_page(visit: Visit, organisation: str = "", person: int = 0) -> HttpResponse:
    """One person of an organisation, or ("") of the authority: the roles there, and what may be done about them."""
    today = clock.today(visit.law.timezone)
    error: UserError | None = None
    if visit.request.method == "POST":
        try:
            done = _done_to(visit, organisation, person, today)
        except (InputError, PeopleError, ProposalError, TwoError) as refused:
            error = refused
        else:
            return _back(visit, done)
    found = next((one for one in members(visit.actor, organisation, on=today) if one.user.pk == person), None)
    if found is None:
        raise NotHereError(text("There is no such person in this organisation."))
    return show(
        visit,
        "lodeline/accounts/person.html",
        title=found.user.name,
        status=400 if error else 200,
        person_shown=found.user,
        guarded=found.has_second_factor,
        may_let_in=may_let_back_in(visit.actor, found.user),
        let_in_by_two=takes_two(found.user),
        by_two=not organisation,
        name=_called(visit, organisation),
        back=visit.request.path.rsplit("/", 2)[0] + "/",
        done=_notices(visit),
        problems=problems_part(visit, error),
        memberships=[_membership(visit, one, today) for one in found.memberships],
        may_change=may_manage(visit.actor, organisation),
        other_roles=[
            (role, visit.localized(ROLE_NAMES[role]))
            for role in roles_of(organisation)
            if role not in AGENCY_ROLES and all(one.role != role for one in found.memberships)
        ],
        today=today.isoformat(),
        fields=_grant_fields(visit, organisation, found, error),
    )


def may_manage(actor: Actor, organisation: str) -> bool:
    """Whether who asks may change who belongs to an organisation."""
    return (bool(organisation) and actor.may("own.people", organisation)) or actor.may("accounts.write", organisation)


def _done(visit: Visit, organisation: str, today: date) -> str:
    """What a form of the list does: a word of _DONE. Raises InputError, PeopleError, ProposalError."""
    form, now = visit.request.POST, clock.now()
    done = form.get("do", "")
    match done:
        case "invite" if organisation:
            invited = invite(
                visit.actor,
                email=form.get("email", ""),
                name=form.get("name", ""),
                organisation=organisation,
                role=form.get("role", ""),
                region=_place_of(form),
                valid_to=day_of(form.get("valid_to", ""), "valid_to"),
                today=today,
                now=now,
            )
            return post_invitation(visit, invited, _called(visit, organisation))
        case "invite":
            proposals.propose_invitation(
                visit.actor,
                email=form.get("email", ""),
                name=form.get("name", ""),
                role=form.get("role", ""),
                region=_place_of(form),
                valid_to=day_of(form.get("valid_to", ""), "valid_to"),
                today=today,
                now=now,
            )
            return "proposed"
        case "withdraw":
            withdraw(visit.actor, number_of(form.get("invitation", "")), now=now)
        case "confirm":
            return confirmed(visit, proposals.confirm(visit.actor, proposal_of(form), today=today, now=now))
        case "refuse" | "take-back":
            proposals.end(visit.actor, proposal_of(form), now=now)
        case "second-person":
            require_second_person(visit.actor, organisation, form.get("second_person") == "yes")
    return done


def _done_to(visit: Visit, organisation: str, person: int, today: date) -> str:
    """What a form of a person's page does: a word of _DONE. Raises InputError, PeopleError, ProposalError."""
    form, now = visit.request.POST, clock.now()
    user = next((one.user for one in members(visit.actor, organisation, on=today) if one.user.pk == person), None)
    if user is None:
        raise PeopleError(text("There is no such person in this organisation."))
    done, role = form.get("do", ""), form.get("role", "")
    match done:
        case "end":
            last = day_of(form.get("last_day", ""), "last_day") or today
            end_membership(visit.actor, number_of(form.get("membership", "")), last_day=last)
        case "change" if organisation:
            change_role(visit.actor, number_of(form.get("membership", "")), role, today=today, now=now)
        case "change":
            membership = number_of(form.get("membership", ""))
            proposals.propose_change(visit.actor, membership, role, today=today, now=now)
            return "proposed"
        case "grant" if organisation:
            grant(
                visit.actor,
                user=user,
                organisation=organisation,
                role=role,
                region=_place_of(form),
                valid_from=today,
                valid_to=day_of(form.get("valid_to", ""), "valid_to"),
                now=now,
            )
        case "grant":
            proposals.propose_role(
                visit.actor,
                user,
                role=role,
                region=_place_of(form),
                valid_to=day_of(form.get("valid_to", ""), "valid_to"),
                today=today,
                now=now,
            )
            return "proposed"
        case "let-back-in" if takes_two(user):
            proposals.propose_let_back_in(visit.actor, user, organisation, now=now)
            return "proposed"
        case "let-back-in":
            let_back_in(visit.actor, user)
            return post_new_password(visit, user)
    return done


def _back(visit: Visit, done: str) -> HttpResponse:
    return HttpResponseRedirect(f"{visit.request.path}?done={done if done in _DONE else ''}", status=303)


def _called(visit: Visit, organisation: str) -> str:
    if not organisation:
        return visit.localized(AUTHORITY_NAME)
    return firm_names(visit).get(organisation, organisation)


def _title(visit: Visit, name: str, count: int) -> str:
    if visit.language == "en" and name == AUTHORITY_NAME["en"]:
        name = name[:1].lower() + name[1:]
    if count == 0:
        return visit.text("Nobody acts for {name} yet", name=name)
    if count == 1:
        return visit.text("One person acts for {name}", name=name)
    return visit.text("{count} people act for {name}", count=written.count(count), name=name)


def _notices(visit: Visit) -> list[Notice]:
    done = visit.query("done")
    return [Notice(kind="success", text=visit.localized(_DONE[done]))] if done in _DONE else []


def _table(visit: Visit, organisation: str, found: list[Member], today: date) -> Table:
    rows = []
    for member in found:
        href = f"{visit.request.path}{member.user.pk}/" if may_manage(visit.actor, organisation) else None
        for one in member.memberships:
            until = (
                written.day(one.valid_to, visit.language) if one.valid_to else visit.text("open", context="accounts")
            )
            by = one.granted_by.name if one.granted_by and one.granted_by_id != one.user_id else "–"
            rows.append(
                (
                    Cell(text=member.user.name, value=member.user.name, href=href, note=member.user.email),
                    Cell(
                        text=visit.localized(ROLE_NAMES[one.role]),
                        value=one.role,
                        note=_placed(visit, one),
                    ),
                    Cell(
                        text=written.day(one.valid_from, visit.language),
                        value=str(one.valid_from),
                        note=visit.text("not yet", context="accounts") if one.valid_from > today else "",
                    ),
                    Cell(text=until, value=str(one.valid_to or "")),
                    Cell(
                        text=visit.text("yes", context="accounts")
                        if member.has_second_factor
                        else visit.text("no", context="accounts"),
                        value="yes" if member.has_second_factor else "no",
                        shape="tick" if member.has_second_factor else "ring",
                    ),
                    Cell(text=by, value=by),
                )
            )
    return Table(
        name="people",
        caption=visit.text("People and their roles"),
        columns=_COLUMNS,
        rows=rows,
        empty=visit.text("Nobody yet. Invite the first administrator."),
    )


def _invitations(visit: Visit, organisation: str) -> list[dict[str, Any]]:
    def shown_one(one: Invitation) -> dict[str, Any]:
        return {
            "id": one.pk,
            "name": one.name,
            "email": one.email,
            "role": visit.localized(ROLE_NAMES[one.role]),
            "until": written.moment(one.expires_at.isoformat(), visit.language, visit.law.timezone),
        }

    return [shown_one(one) for one in open_invitations(visit.actor, organisation, now=clock.now())]


def invitation_fields(visit: Visit, organisation: str, error: UserError | None) -> list[Field]:
    """The fields of an invitation, as they were sent where something was wrong with them."""
    form = visit.request.POST if error and visit.request.POST.get("do") == "invite" else {}
    return [
        Field(
            name="name",
            label=visit.text("Name", context="accounts"),
            required=True,
            value=form.get("name", ""),
            errors=field_errors(visit, error, "name"),
        ),
        Field(
            name="email",
            label=visit.text("E-mail address"),
            kind="email",
            required=True,
            value=form.get("email", ""),
            errors=field_errors(visit, error, "email"),
            hint=visit.text("One person's own: it is how that person signs in."),
        ),
        _role_field(visit, organisation, form.get("role", ""), error),
        *_place_fields(visit, organisation, form, error),
        Field(
            name="valid_to",
            label=visit.text("Until", context="accounts, people, invitation fields"),
            kind="date",
            width="short",
            value=form.get("valid_to", ""),
            errors=field_errors(visit, error, "valid_to"),
        ),
    ]


def _grant_fields(visit: Visit, organisation: str, member: Member, error: UserError | None) -> list[Field]:
    form = visit.request.POST if error and visit.request.POST.get("do") == "grant" else {}
    held = {one.role for one in member.memberships}
    field = _role_field(visit, organisation, form.get("role", ""), error)
    options = [one for one in field.options if one[0] not in held]
    if not options:
        return []
    return [
        Field(name="role", label=field.label, kind="radio", options=options, required=True, value=field.value),
        *_place_fields(visit, organisation, form, error),
        Field(
            name="valid_to",
            label=visit.text("Until", context="accounts, people, grant fields"),
            kind="date",
            width="short",
            value=form.get("valid_to", ""),
            errors=field_errors(visit, error, "valid_to"),
        ),
    ]


def _role_field(visit: Visit, organisation: str, value: str, error: UserError | None) -> Field:
    colon = visit.text(": ")
    options = [
        (role, f"{visit.localized(ROLE_NAMES[role])}{colon}{duty(role, visit.language)}")
        for role in roles_of(organisation)
    ]
    return Field(
        name="role",
        label=visit.text("Role", context="accounts"),
        kind="radio",
        required=True,
        value=value,
        options=options,
        errors=field_errors(visit, error, "role"),
    )


def _place_of(form: Mapping[str, str]) -> str:
    """What a form's role is for: of another state's agency that state, else a region."""
    if form.get("role") in AGENCY_ROLES:
        return form.get("country", "").strip().upper()
    return form.get("region", "").strip()


def _place_fields(visit: Visit, organisation: str, form: Mapping[str, str], error: UserError | None) -> list[Field]:
    if organisation:
        return []
    options = [
        ("", visit.text("the whole country")),
        *((one, words.region(one, visit.language)) for one in regions()),
    ]
    hint = visit.text("Who has a region sees and acts for its firms alone.")
    return [
        Field(
            name="region",
            label=visit.text("Region"),
            kind="select",
            value=form.get("region", ""),
            hint=hint,
            options=options,
            width="short",
            errors=field_errors(visit, error, "region"),
        ),
        Field(
            name="country",
            label=visit.text("State of the agency"),
            width="short",
            value=form.get("country", ""),
            errors=field_errors(visit, error, "country"),
            hint=visit.text("For the role of another state's agency alone: two letters of ISO 3166-1."),
        ),
    ]


def _placed(visit: Visit, one: Membership) -> str:
    """The region that a role is for, or the state whose agency it is of."""
    return (words.country if one.role in AGENCY_ROLES else words.region)(one.region, visit.language)


def _membership(visit: Visit, one: Membership, today: date) -> dict[str, Any]:
    until = written.day(one.valid_to, visit.language) if one.valid_to else visit.text("open", context="accounts")
    since = written.day(one.valid_from, visit.language)
    return {
        "id": one.pk,
        "role": visit.localized(ROLE_NAMES[one.role]),
        "may": visit.localized(ROLE_MAY[one.role]),
        "text": (
            visit.text("{since} to {until}", since=since, until=until)
            if one.valid_to
            else visit.text("since {since}", since=since)
        ),
        "begun": one.valid_from <= today,
    }
