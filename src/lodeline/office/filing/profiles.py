"""How a firm's own columns are read: asked once, remembered, and applied by itself to the next file with those columns.

A profile fits a file when the file has every column that the profile names. Where several fit, the last one used does.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from lodeline.filing.columns.profile import Profile, ProfileError
from lodeline.filing.columns.proposal import Proposal, propose
from lodeline.filing.formats import Sheet
from lodeline.filing.names import folded
from lodeline.filing.table import read_sheets
from lodeline.language import text
from lodeline.office.access.actor import Actor
from lodeline.office.access.audit import record_act
from lodeline.office.filing.draft_content import file_bytes, limits
from lodeline.office.filing.drafts import set_profile
from lodeline.office.jobs.jobs import database
from lodeline.office.models import Draft, ImportProfile, User

PROFILES_LIMIT: Final = 50
_NAME_CHARACTERS: Final = 80
#: A profile of fewer columns is near to anything.
_KEPT_LEAST: Final = 4


def profiles(actor: Actor, organisation: str) -> list[ImportProfile]:
    """The firm's profiles by name. Requires "own.read"."""
    actor.require("own.read", organisation)
    return list(ImportProfile.objects.filter(organisation=organisation).order_by("name"))


def save(actor: Actor, organisation: str, name: str, profile: Profile, *, now: datetime) -> ImportProfile:
    """Remembers a profile under a name; one of that name is replaced. Requires "own.file". Raises ProfileError."""
    actor.require("own.file", organisation)
    name = " ".join(name.split())
    if not name or len(name) > _NAME_CHARACTERS:
        raise ProfileError(
            text("Give the profile a name of at most {name_characters} characters.", name_characters=_NAME_CHARACTERS)
        )
    # What was put together from a form is judged like anything that somebody sends.
    mapping = json.dumps(Profile.from_json(profile.as_json()).as_json(), ensure_ascii=False)
    with database().transaction():
        known = ImportProfile.objects.filter(organisation=organisation)
        if not known.filter(name=name).exists() and known.count() >= PROFILES_LIMIT:
            raise ProfileError(text("A firm has at most {profiles_limit} profiles.", profiles_limit=PROFILES_LIMIT))
        kept, _ = ImportProfile.objects.update_or_create(
            organisation=organisation, name=name,
            defaults={"mapping": mapping, "created_by": _user(actor), "created_at": now, "used_at": now},
        )  # fmt: skip
        record_act(actor, "profile.save", organisation=organisation, subject=name)
    return kept


def remove(actor: Actor, organisation: str, number: int) -> None:
    """Forgets a profile; drafts that were read by it are read plainly again. Requires "own.file"."""
    actor.require("own.file", organisation)
    with database().transaction():
        for one in ImportProfile.objects.filter(organisation=organisation, pk=number):
            record_act(actor, "profile.remove", organisation=organisation, subject=one.name)
            one.delete()


def fitting_profile(draft: Draft) -> ImportProfile | None:
    """The firm's profile that fits the draft's files, the last used first; None where none does."""
    known = list(ImportProfile.objects.filter(organisation=draft.organisation).order_by("-used_at", "-id"))
    if not known:
        return None
    headers = [{folded(own) for own in sheet.header} for _, sheet in sheets(draft)]
    for one in known:
        columns = json.loads(one.mapping)["columns"]
        wanted = {folded(own) for own, column in columns.items() if column is not None}
        if wanted and any(wanted <= header for header in headers):
            return one
    return None


def read_by_fitting(actor: Actor, draft: Draft, *, now: datetime) -> Draft:
    """The draft, read by the profile that fits its files, unasked: the firm has said before what these columns mean."""
    profile = fitting_profile(draft)
    if profile is None and draft.profile is None:
        return draft
    if profile is not None:
        ImportProfile.objects.filter(pk=profile.pk).update(used_at=now)
    return set_profile(actor, draft, profile, seen=draft.revision, now=now)


@dataclass(frozen=True, slots=True, kw_only=True)
class Nearest:
    """A profile that fits a file but for one column: which of its columns is `gone`, which of the file's are `new`."""

    profile: ImportProfile
    gone: str
    new: tuple[str, ...]


def nearest_profile(draft: Draft) -> Nearest | None:
    """The firm's profile that fits a file of the draft but for one column, the last used first; else None."""
    read = [sheet.header for _, sheet in sheets(draft) if sheet.readable]
    for one in ImportProfile.objects.filter(organisation=draft.organisation).order_by("-used_at", "-id"):
        columns = json.loads(one.mapping)["columns"]
        wanted = {folded(own): own for own, column in columns.items() if column is not None}
        known = {folded(own) for own in columns}
        for header in read:
            gone = [own for name, own in wanted.items() if name not in {folded(each) for each in header}]
            if len(gone) == 1 and len(wanted) >= _KEPT_LEAST:
                new = tuple(own for own in header if own.strip() and folded(own) not in known)
                return Nearest(profile=one, gone=gone[0], new=new)
    return None


def proposal(draft: Draft) -> tuple[str, Proposal] | None:
    """(file, what its columns seem to mean) for the first file of the draft that can be read.

    What the draft's profile says of them, or one that fits but for a column, stands; the others are guessed.
    """
    kept = draft.profile
    if kept is None and (nearest := nearest_profile(draft)) is not None:
        kept = nearest.profile
    profile = None if kept is None else Profile.from_json(json.loads(kept.mapping))
    for name, sheet in sheets(draft):
        if sheet.readable and sheet.header:
            return name, propose(sheet, profile)
    return None


def sheets(draft: Draft) -> Sequence[tuple[str, Sheet]]:
    """The draft's files as they stand, before any column is named."""
    files = [(file.name, file_bytes(file)) for file in draft.files.order_by("id")]
    return read_sheets(files, limits=limits()) if files else []


def _user(actor: Actor) -> User | None:
    return None if actor.user is None else User.objects.filter(pk=actor.user).first()
