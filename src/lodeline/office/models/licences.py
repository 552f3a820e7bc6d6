"""Licences that are asked for. To steps rows are only added (a trigger refuses the rest)."""

from typing import ClassVar

from django.db import models

from lodeline.office.models.accounts import User, opaque


class Application(models.Model):
    """An application for an export licence. Its state follows from its steps, and is kept here to be asked for."""

    #: Names it in the log and in addresses; says nothing of whose it is.
    reference = models.TextField(unique=True, default=opaque, editable=False)
    organisation = models.TextField()
    #: `new`, `renewal` or `amendment`, and of which licence.
    relation = models.TextField(default="new")
    of_licence = models.TextField(blank=True, default="")
    state = models.TextField(default="draft")
    #: JSON as of `control.licences.application.plain`; once handed in, it changes no more.
    content = models.TextField()
    #: The officer in charge, who alone opens the documents.
    officer = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    #: JSON of what is proposed; empty where nothing is.
    proposal = models.TextField(blank=True, default="")
    #: Last day to answer an open query.
    until = models.DateField(null=True, blank=True)
    #: A party of it stands on the watch list, as the officer in charge has found.
    on_watch_list = models.BooleanField(default=False)
    #: What was granted.
    licence = models.TextField(blank=True, default="")
    steps_taken = models.BigIntegerField(default=0)
    opened_at = models.DateTimeField()
    submitted_at = models.DateTimeField(null=True, blank=True)
    changed_at = models.DateTimeField()

    class Meta:
        db_table = "office_application"
        indexes: ClassVar = [
            models.Index(fields=["organisation", "state"], name="application_organisation"),
            models.Index(fields=["state"], name="application_state"),
        ]


class ApplicationStep(models.Model):
    """One step of an application, as of a case: only ever added to, numbered from 1 without gaps, with its entry."""

    application = models.ForeignKey(Application, on_delete=models.PROTECT, related_name="steps")
    number = models.BigIntegerField()
    kind = models.TextField()
    at = models.DateTimeField()
    who = models.TextField(blank=True, default="")
    #: The organisation that speaks; empty for the authority.
    organisation = models.TextField(blank=True, default="")
    #: The canonical JSON to which its entry commits.
    content = models.TextField()
    entry = models.BigIntegerField()

    class Meta:
        db_table = "office_application_step"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["application", "number"], name="application_step_number")
        ]


class ApplicationDocument(models.Model):
    """A document of an application, sealed under the store's secret; `step` is that by which it was handed in."""

    application = models.ForeignKey(Application, on_delete=models.PROTECT, related_name="documents")
    step = models.ForeignKey(ApplicationStep, null=True, blank=True, on_delete=models.PROTECT, related_name="documents")
    #: What the law calls it: a kind of the parameter `application-documents`.
    kind = models.TextField()
    name = models.TextField()
    #: Its media type, by its first bytes.
    media = models.TextField()
    sha256 = models.TextField()
    size = models.BigIntegerField()
    sealed = models.BinaryField()

    class Meta:
        db_table = "office_application_document"
