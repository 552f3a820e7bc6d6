"""Work beside requests."""

from typing import ClassVar

from django.db import models


class Job(models.Model):
    """Work that is done beside requests, by whichever worker takes it; taken again where a worker has died."""

    class State(models.TextChoices):
        """Where it stands."""

        WAITING = "waiting"
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"

    kind = models.TextField()
    #: JSON of what the kind needs.
    payload = models.TextField(default="{}")
    organisation = models.TextField(blank=True, default="")
    #: At most one job of a key waits or runs.
    key = models.TextField(blank=True, default="")
    state = models.TextField(choices=State.choices, default=State.WAITING)
    attempts = models.IntegerField(default=0)
    #: The place among all that were taken, of its last attempt: the firm that was served longest ago comes next.
    turn = models.BigIntegerField(default=0)
    progress = models.FloatField(default=0.0)
    result = models.TextField(default="null")
    #: Of our own mistake: its number in the log. Nothing of the content.
    failure = models.TextField(blank=True, default="")
    run_after = models.DateTimeField()
    leased_until = models.DateTimeField(null=True, blank=True)
    leased_by = models.TextField(blank=True, default="")
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "office_job"
        indexes: ClassVar = [
            models.Index(fields=["state", "run_after"], name="job_next"),
            models.Index(fields=["organisation", "turn"], name="job_turn"),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["key"], name="job_key", condition=models.Q(state__in=["waiting", "running"]) & ~models.Q(key="")
            )
        ]
