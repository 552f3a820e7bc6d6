"""Which certifying keys stand for whom: each is entered in the log before it certifies, and its end when it ends.

The office keeps the numbers of those entries, so that a key is entered once; the log is what counts. The administrators
of the organisation are told of each key, so that one which nobody there knows of does not go unnoticed.
"""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db.models import Q

from lodeline.office.law_in_force import law_in_force
from lodeline.office.models import KeyRegistration, Membership, User
from lodeline.office.notices.notices import notify
from lodeline.service.entries.certifier_keys import Holder, end_key, fingerprint, register_key
from lodeline.store.opening import open_store


def ensure(
    person: User, organisation: str, *, public_key: str, certificate: bytes | None, now: datetime
) -> KeyRegistration:
    """The registration of a person's key for an organisation, made where there is none.

    Part of the caller's transaction, which locks nothing afterwards.
    """
    key = fingerprint(public_key)
    found = KeyRegistration.objects.filter(user=person, organisation=organisation, key=key, ended=None).first()
    if found is not None:
        return found
    holder = Holder(certifier=person.pseudonym, organisation=organisation, granted_by=_giver(person, organisation, now))
    store = open_store(settings.LODELINE_DATABASE)
    entry = register_key(store, holder, public_key=public_key, certificate=certificate, at=now)
    made = KeyRegistration.objects.create(user=person, organisation=organisation, key=key, entry=entry.index)
    notify(
        organisation, "key-registered", {"entry": entry.index, "certifier": person.pseudonym},
        key=f"key:{entry.index}", now=now, role="organisation-admin",
    )  # fmt: skip
    return made


def end(person: User, *, public_key: str | None = None, now: datetime) -> int:
    """Ends the registrations of a person's key, or of all of them; returns how many stood. See `ensure` for locks."""
    standing = KeyRegistration.objects.filter(user=person, ended=None).order_by("pk")
    if public_key is not None:
        standing = standing.filter(key=fingerprint(public_key))
    ended = list(standing)
    for one in ended:
        one.ended = end_key(open_store(settings.LODELINE_DATABASE), one.entry, at=now).index
        one.save(update_fields=["ended"])
    return len(ended)


def registration_of(organisation: str, certifier: str, public_key: str) -> int | None:
    """The entry that says for whom the key of a certification stands; the newest, where it was entered again."""
    found = KeyRegistration.objects.filter(
        organisation=organisation, user__pseudonym=certifier, key=fingerprint(public_key)
    )
    return found.order_by("-entry").values_list("entry", flat=True).first()


def _giver(person: User, organisation: str, now: datetime) -> str:
    """The pseudonym of who made the person a certifier, of the organisation or an agent of it; "" of nobody known."""
    on = law_in_force().day_of(now)
    in_force = Q(valid_from__lte=on) & (Q(valid_to__isnull=True) | Q(valid_to__gte=on))
    found = Membership.objects.filter(in_force, user=person, role="certifier").select_related("granted_by")
    own = sorted(found, key=lambda one: (one.organisation != organisation, one.pk))
    return own[0].granted_by.pseudonym if own and own[0].granted_by is not None else ""
