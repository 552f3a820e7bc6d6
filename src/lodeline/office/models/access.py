"""Who saw and did what, only added to (a trigger refuses the rest); and what waits for a second person."""

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
            models.Index(fields=["what", "subject"], name="audit_act", condition=models.Q(kind="act")),
        ]


class Proposal(models.Model):
    """An act of two that one person proposed: roles, accounts, what is published to agencies (`office.access.two`).

    Nothing of a person stands in it but opaque ids, so that it outlives an erasure as evidence.
    """

    class State(models.TextChoices):
        """Where it is. One that nobody decided in time stays open and can do nothing any more."""

        OPEN = "open"
        CONFIRMED = "confirmed"
        REFUSED = "refused"
        WITHDRAWN = "withdrawn"

    #: A name of `office.access.two.KINDS`.
    kind = models.TextField()
    organisation = models.TextField(blank=True, default="")
    #: The pseudonym of whose account it is, the number of an invitation, the reference of a run.
    subject = models.TextField()
    #: JSON of what is proposed.
    content = models.TextField(default="{}")
    state = models.TextField(choices=State.choices, default=State.OPEN)
    #: Pseudonyms of who proposed, and who confirmed, refused or withdrew.
    proposed_by = models.TextField()
    proposed_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    decided_by = models.TextField(blank=True, default="")
    decided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "office_proposal"
        indexes: ClassVar = [models.Index(fields=["state", "expires_at"], name="proposal_state")]
