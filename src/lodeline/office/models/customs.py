"""Queries of customs, and declarations of very many lines."""

from typing import ClassVar

from django.db import models

from lodeline.office.models.accounts import opaque
from lodeline.office.models.findings import Case, OfMatter


class CustomsCase(Case):
    """A query of customs about a line of a declaration (`office.customs.queries`)."""

    objects: ClassVar = OfMatter("customs")

    class Meta:
        proxy = True


class DeskBatch(models.Model):
    """A declaration file of very many lines that a worker judges part by part (`office.customs.batches`)."""

    class State(models.TextChoices):
        """Where it stands. `unread`: no line could be trusted, or they are somebody else's; `problems` say which."""

        WAITING = "waiting"
        RUNNING = "running"
        DONE = "done"
        STOPPED = "stopped"
        UNREAD = "unread"

    reference = models.TextField(unique=True, default=opaque, editable=False)
    #: The firm that asks about its own goods; empty for the authority.
    organisation = models.TextField(blank=True, default="")
    #: Who sent it: a pseudonym.
    who = models.TextField()
    name = models.TextField()
    sha256 = models.TextField()
    #: The file, compressed with zlib, until it is judged.
    content = models.BinaryField()
    #: Whether licence mass is reserved for what is released.
    reserves = models.BooleanField(default=False)
    state = models.TextField(choices=State.choices, default=State.WAITING)
    lines = models.BigIntegerField(default=0)
    parts = models.BigIntegerField(default=0)
    #: JSON: of each part that was kept its entry, first and last line, and how many lines have which verdict.
    kept = models.TextField(default="[]")
    #: JSON of what is wrong with the file.
    problems = models.TextField(default="[]")
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "office_desk_batch"
        indexes: ClassVar = [models.Index(fields=["organisation", "created_at"], name="desk_batch_organisation")]
