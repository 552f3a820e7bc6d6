"""Who saw and did what. Rows are only added (a trigger refuses the rest)."""

from typing import ClassVar

from django.db import models


class AuditRecord(models.Model):
    """Who looked at whom and who did what; only ever added to."""

    at = models.DateTimeField()
    #: The person's pseudonym; empty for what happens by itself or before anybody has signed in.
    who = models.TextField(blank=True, default="")
    token = models.BigIntegerField(null=True, blank=True)
    #: `look` or `act`.
    kind = models.TextField()
    #: The page, endpoint or verb.
    what = models.TextField()
    #: Whom it is about.
    organisation = models.TextField(blank=True, default="")
    subject = models.TextField(blank=True, default="")
    #: Why an official looked: a code.
    reason = models.TextField(blank=True, default="")
    facts = models.TextField(default="{}")
    request = models.TextField(blank=True, default="")

    class Meta:
        db_table = "office_audit_record"
        indexes: ClassVar = [
            models.Index(fields=["organisation", "at"], name="audit_organisation"),
            models.Index(fields=["who", "at"], name="audit_who"),
        ]
