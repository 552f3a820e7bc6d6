"""The firm's own columns: what they mean is asked once, remembered, and applied to the next file that has them."""

from __future__ import annotations

import json
from typing import Any, cast

from django.http import HttpResponse, HttpResponseRedirect

from lodeline.errors import UserError
from lodeline.filing.columns.profile import CHOICES, DateOrder, Decimals, Profile, ProfileError
from lodeline.filing.columns.proposal import Guess, Proposal
from lodeline.filing.schema import COLUMNS, MASS_COLUMNS
from lodeline.language import text
from lodeline.office.access import clock
from lodeline.office.filing import draft_check, drafts, profiles
from lodeline.office.models import Draft, ImportProfile
from lodeline.web.pages.common.firm_notice import firm_name, notice_of
from lodeline.web.pages.filing.draft import frame_of, near_words
from lodeline.web.parts.shell import show
from lodeline.web.parts.values import Field, Notice
from lodeline.web.visit import BadQuestionError, NotHereError, Visit
from lodeline.web.words import filing as words

#: In the form: leave the column out; read it under its own name; it has the unit of each row's mass.
_IGNORED, _OWN, _UNIT = "-", "", "unit"


def firm_profiles(visit: Visit, organisation: str) -> HttpResponse:
    """The page `firm/<organisation>/profiles/`: what is remembered, and a button to forget it."""
    if visit.request.method == "POST":
        number = visit.request.POST.get("profile", "")
        profiles.remove(visit.actor, organisation, int(number) if number.isdecimal() else -1)
        return HttpResponseRedirect(visit.url("firm-profiles", {"said": "removed"}, organisation=organisation) or "/")
    found = profiles.profiles(visit.actor, organisation)
    title = (
        visit.text("No columns of your own are remembered yet")
        if not found
        else (
            visit.text("One profile of your columns", found=len(found))
            if len(found) == 1
            else visit.text("{found} profiles of your columns", found=len(found))
        )
    )
    notice = notice_of(visit)
    return show(
        visit,
        "lodeline/filing/firm_profiles.html",
        title=title,
        firm_name=firm_name(visit, organisation),
        notices=[notice] if notice else [],
        profiles=[_shown(visit, one) for one in found],
        may_file=visit.actor.may("own.file", organisation),
        file_at=visit.url("firm-file", organisation=organisation),
        here=visit.url("firm-profiles", organisation=organisation),
    )


def _shown(visit: Visit, one: ImportProfile) -> dict[str, Any]:
    columns = json.loads(one.mapping)["columns"]
    named = [(own, words.label(column, visit.language)) for own, column in columns.items() if column is not None]
    return {
        "pk": one.pk,
        "name": one.name,
        "columns": named,
        "ignored": [own for own, column in columns.items() if column is None],
    }


def firm_draft_columns(visit: Visit, organisation: str, draft: int) -> HttpResponse:
    """The page `firm/<organisation>/file/<draft>/columns/`: each own column, what stands in it, and what it means."""
    now = clock.now()
    try:
        found = drafts.find(visit.actor, organisation, draft)
    except drafts.UnknownDraftError as error:
        raise NotHereError(error.words) from error
    proposed = profiles.proposal(found)
    if proposed is None:
        raise BadQuestionError(text("There is no file yet whose columns could be read."))
    refused: UserError | None = None
    if visit.request.method == "POST":
        try:
            profile = _sent(visit, proposed[1])
            name = visit.request.POST.get("name", "")
            seen = visit.request.POST.get("revision", "")
            kept = profiles.save(visit.actor, organisation, name, profile, now=now)
            held = drafts.set_profile(visit.actor, found, kept, seen=int(seen) if seen.isdecimal() else -1, now=now)
            draft_check.begin(held, now=now)
            address = visit.url("firm-draft", {"said": "profile"}, organisation=organisation, draft=draft)
            return HttpResponseRedirect(address or "/")
        except (ProfileError, drafts.DraftError) as error:
            refused = error
    return _page(visit, found, *proposed, refused=refused)


def _page(visit: Visit, draft: Draft, file: str, proposed: Proposal, *, refused: UserError | None) -> HttpResponse:
    frame = frame_of(
        visit,
        draft,
        clock.now(),
        notices=[] if refused is None else [Notice(kind="problem", text=visit.localized(refused.words))],
    )
    unknown = sum(one.column is None and one.how not in ("unit", "kept") for one in proposed.guesses)
    nearest = profiles.nearest_profile(draft) if draft.profile is None else None
    saved = draft.profile or (nearest.profile if nearest is not None else None)
    title = (
        visit.text("Every column is understood")
        if not unknown
        else visit.text(
            "{unknown} of {guesses} columns are not known here", unknown=unknown, guesses=len(proposed.guesses)
        )
    )
    profile = proposed.profile
    return show(
        visit,
        "lodeline/filing/firm_draft_columns.html",
        title=title,
        status=200 if refused is None else 409,
        **frame,
        file=file,
        guesses=[_guess(visit, number, one) for number, one in enumerate(proposed.guesses)],
        name=Field(
            name="name",
            label=visit.text("Name, to find it again"),
            required=True,
            value=visit.request.POST.get("name") or (saved.name if saved else file)[:80],
        ),
        order=Field(
            name="date_order",
            label=visit.text("Days are written"),
            kind="select",
            value=profile.date_order,
            options=[("ymd", "2026-01-31"), ("dmy", "31.01.2026"), ("mdy", "01/31/2026")],
        ),
        decimals=Field(
            name="decimals",
            label=visit.text("Numbers are written"),
            kind="select",
            value=profile.decimals,
            options=[("as-filed", visit.text("as in the format: 1234.5")), ("point", "1,234.5"), ("comma", "1.234,5")],
        ),
        kept_from=saved,
        near=near_words(visit, nearest),
        words=[(column, list(own.items())) for column, own in profile.values.items()],
        here_columns=visit.here(),
    )


def _guess(visit: Visit, number: int, one: Guess) -> dict[str, Any]:
    sent = visit.request.POST.get(f"column-{number}")
    left_out = one.how == "kept" and one.column is None
    guessed = _UNIT if one.how == "unit" else _IGNORED if left_out else one.column or _OWN
    chosen = guessed if sent is None else sent
    return {
        "own": one.own,
        "samples": ", ".join(one.samples),
        "field": Field(
            name=f"column-{number}",
            label=visit.text("{own} means", own=one.own),
            kind="select",
            value=chosen,
            options=_options(visit),
        ),
    }


def _options(visit: Visit) -> list[tuple[str, str]]:
    language = visit.language
    names = [name for column in COLUMNS for name in (MASS_COLUMNS if column.name == "mass_kg" else (column.name,))]
    named = [(name, _label(name, language)) for name in names]
    return [
        (_OWN, visit.text("keep under its own name")),
        (_IGNORED, visit.text("leave it out")),
        (_UNIT, visit.text("unit of each row's mass")),
        *named,
    ]


def _label(name: str, language: Any) -> str:
    unit = words.unit(name, language)
    return f"{words.label(name, language)}{f', {unit}' if unit else ''} ({name})"


def _sent(visit: Visit, proposed: Proposal) -> Profile:
    """The profile that the form says; words for codes are those that were proposed. Raises ProfileError."""
    post = visit.request.POST
    columns: dict[str, str | None] = {}
    unit = None
    for number, one in enumerate(proposed.guesses):
        chosen = post.get(f"column-{number}", _OWN)
        if chosen == _UNIT:
            unit = one.own
        elif chosen == _IGNORED:
            columns[one.own] = None
        elif chosen != _OWN:
            columns[one.own] = chosen
    read = set(columns.values())
    return Profile.from_json(
        Profile(
            columns=columns,
            unit_header=unit,
            date_order=cast(DateOrder, post.get("date_order")),
            decimals=cast(Decimals, post.get("decimals")),
            values={column: own for column, own in proposed.profile.values.items() if column in read & set(CHOICES)},
        ).as_json()
    )
