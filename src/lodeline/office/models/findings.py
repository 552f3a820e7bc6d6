"""Questions put to organisations. To steps and files rows are only added (a trigger refuses the rest)."""

from typing import ClassVar

from django.db import models

from lodeline.office.models.accounts import User, opaque


class OfMatter(models.Manager["Case"]):
    """The cases of one matter, and no others."""

    def __init__(self, matter: str) -> None:
        super().__init__()
        self.matter = matter

    def get_queryset(self) -> models.QuerySet["Case"]:
        return super().get_queryset().filter(matter=self.matter)


class Case(models.Model):
    """What became of a finding. Its state follows from its steps, and is kept here so that it can be asked for.

    A query of customs is a case as well (`CustomsCase`): `finding` then names the verdict that it asks about, and
    `seen` is what was declared and answered.
    """

    objects: ClassVar = OfMatter("")
    #: "" for a finding, else what the case is about.
    matter = models.TextField(default="", editable=False)
    #: Names it in the log, where a finding's own id would tell whoever guesses what it is about.
    reference = models.TextField(unique=True, default=opaque, editable=False)
    finding = models.TextField(unique=True)
    #: Whom the question is put to.
    organisation = models.TextField()
    #: Who is asked the same: the other side of a delivery, where what was seen shows as much of either. "" for nobody.
    also = models.TextField(default="", blank=True)
    detector = models.TextField()
    state = models.TextField(default="open")
    #: The finding as it was when an official last decided about it: JSON as of `lodeline findings --json`.
    seen = models.TextField()
    assignee = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    #: Last day to answer, of a question that is asked.
    until = models.DateField(null=True, blank=True)
    #: Last day on which an explanation or a waiver stands.
    stands_until = models.DateField(null=True, blank=True)
    steps_taken = models.BigIntegerField(default=0)
    opened_at = models.DateTimeField()
    changed_at = models.DateTimeField()

    class Meta:
        db_table = "office_case"
        indexes: ClassVar = [
            models.Index(fields=["organisation", "state"], name="case_organisation"),
            models.Index(fields=["state"], name="case_state"),
        ]


class CaseStep(models.Model):
    """One step of a case: who said or decided what, and when. Only ever added to; numbered from 1 without gaps."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="steps")
    number = models.BigIntegerField()
    kind = models.TextField()
    at = models.DateTimeField()
    #: The person's pseudonym; empty for what happens by itself.
    who = models.TextField(blank=True, default="")
    #: The organisation that speaks; empty for the authority.
    organisation = models.TextField(blank=True, default="")
    #: The canonical JSON to which its entry commits; it holds the text.
    content = models.TextField()
    #: The entry of the log; none for what only arranges work.
    entry = models.BigIntegerField(null=True, blank=True)

    class Meta:
        db_table = "office_case_step"
        constraints: ClassVar = [models.UniqueConstraint(fields=["case", "number"], name="case_step_number")]


class CaseFile(models.Model):
    """A file that came with an answer, compressed with zlib. Only ever added to."""

    step = models.ForeignKey(CaseStep, on_delete=models.PROTECT, related_name="files")
    name = models.TextField()
    #: Its media type, by its first bytes.
    kind = models.TextField()
    sha256 = models.TextField()
    size = models.BigIntegerField()
    content = models.BinaryField()

    class Meta:
        db_table = "office_case_file"


class CaseWatch(models.Model):
    """An official wants to be told when something happens in a case."""

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="watches")
    user = models.ForeignKey(User, on_delete=models.CASCADE)

    class Meta:
        db_table = "office_case_watch"
        constraints: ClassVar = [models.UniqueConstraint(fields=["case", "user"], name="case_watch_once")]
