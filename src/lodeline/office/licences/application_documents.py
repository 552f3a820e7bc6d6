"""The documents of an application: sealed as they come, hashed in the log, open to its firm and the officer in charge.

How they are sealed: `office.licences.document_seal`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from lodeline.language import text
from lodeline.office.access.actor import Actor, NotAllowedError
from lodeline.office.access.audit import record_act
from lodeline.office.findings.files import Attached, FileRefusedError
from lodeline.office.licences.document_seal import opened, seal
from lodeline.office.models import Application, ApplicationDocument, ApplicationStep
from lodeline.store.store import Store

__all__ = ["Attached", "attach_to_step", "open_document", "put"]

DOCUMENTS_MOST: Final = 40


def put(
    store: Store,
    application: Application,
    files: Sequence[tuple[str, Attached]],
    *,
    step: ApplicationStep | None = None,
) -> None:
    """Keeps documents (kind, file) of an application. Raises FileRefusedError beyond DOCUMENTS_MOST."""
    if application.documents.count() + len(files) > DOCUMENTS_MOST:
        raise FileRefusedError(
            text("An application holds at most {documents_most} documents.", documents_most=DOCUMENTS_MOST)
        )
    for kind, one in files:
        sealed = seal(store, application.reference, one.content, one.sha256)
        ApplicationDocument.objects.create(
            application=application, step=step, kind=kind, name=one.name, media=one.kind, sha256=one.sha256,
            size=one.size, sealed=sealed,
        )  # fmt: skip


def attach_to_step(application: Application, step: ApplicationStep) -> None:
    """The documents of the draft belong to the step that handed it in."""
    application.documents.filter(step__isnull=True).update(step=step)


def open_document(actor: Actor, store: Store, application: Application, document: int) -> tuple[str, bytes]:
    """Name and bytes of a document, for its own firm or the officer in charge; that it was opened is written down."""
    own = actor.may("own.read", application.organisation)
    if not own:
        actor.require("licence.decide", application.organisation)
        if application.officer_id != actor.user:
            raise NotAllowedError(
                text("The officer in charge opens the documents.")
            )  # fmt: skip
    found = application.documents.filter(pk=document).first()
    if found is None:
        raise NotAllowedError(text("There is no such document.", context="licences"))
    content = opened(store, application.reference, bytes(found.sealed), found.sha256)
    facts = {"document": found.sha256}
    record_act(
        actor, "application.document", organisation=application.organisation, subject=application.reference, facts=facts
    )
    return found.name, content
