"""Filings that are being made, and disputes about deliveries."""

from typing import ClassVar

from django.db import models

from lodeline.office.models.accounts import User


class OrganisationSettings(models.Model):
    """What an organisation has decided about its own filing."""

    organisation = models.TextField(primary_key=True)
    #: Who certifies a filing may not be who made it.
    second_person = models.BooleanField(default=False)

    class Meta:
        db_table = "office_organisation_settings"


class ImportProfile(models.Model):
    """How the columns of an organisation's own files map to ours; `mapping` is JSON of filing.columns.profile."""

    organisation = models.TextField()
    name = models.TextField()
    mapping = models.TextField()
    created_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "office_import_profile"
        constraints: ClassVar = [models.UniqueConstraint(fields=["organisation", "name"], name="import_profile_name")]


class Draft(models.Model):
    """A filing that is being made. `revision` counts changes: who changes it says which revision was seen."""

    class State(models.TextChoices):
        """`open` is being made, `checking` and `filing` are at work, `asked` waits for the certifier; of a
        `superseded` one all is filed by another draft of its month."""

        OPEN = "open"
        CHECKING = "checking"
        ASKED = "asked"
        FILING = "filing"
        FILED = "filed"
        DROPPED = "dropped"
        SUPERSEDED = "superseded"

    organisation = models.TextField()
    period = models.TextField()
    #: Index of the entry that it corrects.
    corrects = models.BigIntegerField(null=True, blank=True)
    #: A sandbox filing never enters the ledger.
    sandbox = models.BooleanField(default=False)
    state = models.TextField(choices=State.choices, default=State.OPEN)
    revision = models.BigIntegerField(default=0)
    #: The revision that `problems` and `summary` speak of; below `revision` they are out of date.
    checked_revision = models.BigIntegerField(default=-1)
    accepted = models.BooleanField(default=False)
    rows = models.BigIntegerField(default=0)
    #: JSON: problems as in `check --json`; counts by severity; numbers of filing.summary.
    problems = models.TextField(default="[]")
    counts = models.TextField(default="{}")
    summary = models.TextField(default="null")
    #: JSON list: events in force that a re-upload leaves out and that are to be withdrawn.
    voided = models.TextField(default="[]")
    profile = models.ForeignKey(ImportProfile, null=True, blank=True, on_delete=models.SET_NULL)
    created_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    changed_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    changed_at = models.DateTimeField()
    asked_at = models.DateTimeField(null=True, blank=True)
    certified_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    #: JSON of journal.certification, kept until the entry stands.
    certification = models.TextField(blank=True, default="")
    #: The entry that it became.
    entry = models.BigIntegerField(null=True, blank=True)

    class Meta:
        db_table = "office_draft"
        indexes: ClassVar = [models.Index(fields=["organisation", "state"], name="draft_organisation")]


class DraftFile(models.Model):
    """A file of a draft, as it came, compressed with zlib."""

    draft = models.ForeignKey(Draft, on_delete=models.CASCADE, related_name="files")
    name = models.TextField()
    sha256 = models.TextField()
    size = models.BigIntegerField()
    content = models.BinaryField()

    class Meta:
        db_table = "office_draft_file"


class DraftEdit(models.Model):
    """A cell that was changed in the portal, or (column "") rows taken out: from `row` to the number in `text`.

    `source` is the key of the file, 0 for a row that was typed in.
    """

    draft = models.ForeignKey(Draft, on_delete=models.CASCADE, related_name="edits")
    source = models.IntegerField()
    row = models.BigIntegerField()
    column = models.TextField(blank=True)
    text = models.TextField(null=True, blank=True)
    by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        db_table = "office_draft_edit"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["draft", "source", "row", "column"], name="draft_edit_cell")
        ]


class Dispute(models.Model):
    """A receiver says that a shipment is not as its shipper filed it; both see it until it is withdrawn or closed."""

    receiver = models.TextField()
    shipper = models.TextField()
    shipment_event = models.TextField()
    lot = models.TextField(blank=True, default="")
    reason = models.TextField()
    raised_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    raised_at = models.DateTimeField()
    answer = models.TextField(blank=True, default="")
    answered_at = models.DateTimeField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "office_dispute"
        indexes: ClassVar = [
            models.Index(fields=["receiver"], name="dispute_receiver"),
            models.Index(fields=["shipper"], name="dispute_shipper"),
        ]
