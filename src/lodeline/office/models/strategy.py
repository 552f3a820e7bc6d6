"""Runs of scenarios that are kept, and what of them was ever published to agencies."""

from typing import ClassVar

from django.db import models


class StrategyRun(models.Model):
    """A run of a scenario, which a worker computes, kept with what it rests on (`office.strategy.runs`)."""

    class State(models.TextChoices):
        """Where it stands. `refused`: it cannot be done as asked; `problem_en`, `problem_zh` say why."""

        WAITING = "waiting"
        RUNNING = "running"
        DONE = "done"
        STOPPED = "stopped"
        REFUSED = "refused"

    #: SHA-256 of what was asked and of all that the answer rests on.
    reference = models.TextField(unique=True)
    scenario = models.TextField()
    entry = models.BigIntegerField()
    root = models.TextField()
    #: Draws that were asked for; none where the scenario says how many.
    draws = models.IntegerField(null=True, blank=True)
    #: JSON: of law and tables, by name.
    digests = models.TextField(default="{}")
    state = models.TextField(choices=State.choices, default=State.WAITING)
    #: The run as canonical JSON, compressed with zlib; its SHA-256 before, and its length.
    content = models.BinaryField(default=b"")
    sha256 = models.TextField(blank=True, default="")
    size = models.BigIntegerField(default=0)
    problem_en = models.TextField(blank=True, default="")
    problem_zh = models.TextField(blank=True, default="")
    #: Of the last time that it was computed again: the digest that came of it, and when.
    again_sha256 = models.TextField(blank=True, default="")
    again_at = models.DateTimeField(null=True, blank=True)
    #: Who asked first: a pseudonym.
    who = models.TextField()
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "office_strategy_run"
        indexes: ClassVar = [models.Index(fields=["state", "created_at"], name="strategy_run_state")]


class StrategyRelease(models.Model):
    """A run that was published to the agencies of other states. Never deleted: what was once told stays told, and
    counts in what may be told later."""

    #: Reference of the run.
    run = models.TextField()
    scenario = models.TextField()
    #: JSON, compressed with zlib: stamp, scenario and settings of the run, and every figure by firm. Never sent.
    content = models.BinaryField()
    sha256 = models.TextField()
    #: Figures that are told, and that are kept back.
    told = models.IntegerField()
    kept_back = models.IntegerField()
    who = models.TextField()
    published_at = models.DateTimeField()
    withdrawn_by = models.TextField(blank=True, default="")
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "office_strategy_release"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["run"], name="strategy_release_run", condition=models.Q(withdrawn_at__isnull=True)
            )
        ]
