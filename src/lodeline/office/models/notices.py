"""What organisations are told."""

from typing import ClassVar

from django.db import models

from lodeline.office.models.accounts import User


class Notice(models.Model):
    """Something that an organisation ("" for the authority) should know. `key` keeps it from being said twice."""

    organisation = models.TextField(blank=True, default="")
    #: Who of the organisation: a role, or empty for all.
    role = models.TextField(blank=True, default="")
    #: Whom alone it is for; none for all of the role.
    user = models.ForeignKey(User, null=True, on_delete=models.CASCADE, related_name="+")
    kind = models.TextField()
    #: JSON of what its sentence needs, and of the page that it leads to.
    facts = models.TextField(default="{}")
    key = models.TextField(unique=True)
    created_at = models.DateTimeField()
    mailed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "office_notice"
        indexes: ClassVar = [models.Index(fields=["organisation", "created_at"], name="notice_organisation")]


class NoticeRead(models.Model):
    """A person has read a notice."""

    notice = models.ForeignKey(Notice, on_delete=models.CASCADE, related_name="reads")
    user = models.ForeignKey(User, on_delete=models.CASCADE)
    at = models.DateTimeField()

    class Meta:
        db_table = "office_notice_read"
        constraints: ClassVar = [models.UniqueConstraint(fields=["notice", "user"], name="notice_read_once")]


class Bookmark(models.Model):
    """How far the log has been read for something that follows from its entries: the first that is not read yet."""

    name = models.TextField(unique=True)
    entry = models.BigIntegerField()
    read_at = models.DateTimeField()

    class Meta:
        db_table = "office_bookmark"


class Mail(models.Model):
    """A mail to a person, claimed before it is sent: of one key, at most one is."""

    user = models.ForeignKey(User, on_delete=models.CASCADE)
    #: `digest:` and the day, or `notice:`, `receipt:` and the number of the notice, of the draft.
    key = models.TextField()
    sent_at = models.DateTimeField()

    class Meta:
        db_table = "office_mail"
        constraints: ClassVar = [models.UniqueConstraint(fields=["user", "key"], name="mail_once")]
