"""People, what they may do and with which keys, taking their data away; programs."""

import secrets
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models


def opaque() -> str:
    """A name that says nothing of what it names."""
    return secrets.token_hex(8)


class Users(BaseUserManager["User"]):
    """Makes accounts; an address is compared without regard to case."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """An account that can sign in with `password`; without one, only after setting it by an invitation."""
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def get_by_natural_key(self, username: str | None) -> "User":
        """The account of an address."""
        return self.get(email=(username or "").lower())


class User(AbstractBaseUser):
    """A person. `pseudonym` stands for the person in the log and in audit records, and outlives name and address."""

    email = models.EmailField(unique=True)
    name = models.TextField()
    pseudonym = models.TextField(unique=True, default=opaque, editable=False)
    language = models.TextField(default="en")
    is_active = models.BooleanField(default=True)
    wants_mail = models.BooleanField(default=True)
    joined_at = models.DateTimeField()
    erased_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[Users] = Users()
    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar = ["name"]

    class Meta:
        db_table = "office_user"

    def get_full_name(self) -> str:
        """The name as the person gave it."""
        return self.name


class Membership(models.Model):
    """A role of a person in an organisation, or (organisation "") in the authority, from a day to a day."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="memberships")
    organisation = models.TextField(blank=True, default="")
    role = models.TextField()
    #: Of an authority's membership: the region it is for; empty for the whole country. Of an agency's: its state.
    region = models.TextField(blank=True, default="")
    valid_from = models.DateField()
    #: Last day; none while it is open.
    valid_to = models.DateField(null=True, blank=True)
    granted_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    #: Who confirmed what `granted_by` proposed; none where one was enough, as in a firm.
    confirmed_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    granted_at = models.DateTimeField()

    class Meta:
        db_table = "office_membership"
        indexes: ClassVar = [models.Index(fields=["organisation"], name="membership_organisation")]


class Delegation(models.Model):
    """An organisation lets another (an agent, the head of a group) file for it, from a day to a day."""

    organisation = models.TextField()
    agent = models.TextField()
    may_certify = models.BooleanField(default=False)
    valid_from = models.DateField()
    valid_to = models.DateField(null=True, blank=True)
    granted_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    granted_at = models.DateTimeField()

    class Meta:
        db_table = "office_delegation"
        indexes: ClassVar = [models.Index(fields=["agent"], name="delegation_agent")]


class Invitation(models.Model):
    """A link by which a person opens an account with a membership; kept as the digest of its token."""

    digest = models.TextField(unique=True)
    email = models.EmailField()
    name = models.TextField()
    organisation = models.TextField(blank=True, default="")
    role = models.TextField()
    region = models.TextField(blank=True, default="")
    valid_to = models.DateField(null=True, blank=True)
    invited_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    confirmed_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    accepted_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    #: Of the letter that brings the link, "" where it is handed over; and whether that letter has yet to go.
    language = models.TextField(blank=True, default="")
    waits = models.BooleanField(default=False)

    class Meta:
        db_table = "office_invitation"


class PersonKey(models.Model):
    """The key under which texts about a person are sealed (office/access/sealing.py), destroyed with the person."""

    user = models.OneToOneField(User, primary_key=True, on_delete=models.PROTECT, related_name="+")
    key = models.BinaryField()

    class Meta:
        db_table = "office_person_key"


class CertifierKey(models.Model):
    """A certificate with which a certifier signs outside the portal; passkeys are kept with the means of signing in."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="certifier_keys")
    #: DER of the X.509 certificate, which names the person: sealed under the person's key.
    certificate = models.BinaryField()
    fingerprint = models.TextField()
    added_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "office_certifier_key"


class KeyRegistration(models.Model):
    """Where the log says for whom a certifying key stands: a key of a person in an organisation, and its entries."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    organisation = models.TextField()
    #: SHA-256 of the public key (SubjectPublicKeyInfo, DER), in hex.
    key = models.TextField()
    #: The entry from which it stands, and the one that ended it.
    entry = models.BigIntegerField()
    ended = models.BigIntegerField(null=True, blank=True)

    class Meta:
        db_table = "office_key_registration"
        indexes: ClassVar = [models.Index(fields=["organisation"], name="key_registration_firm")]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["user", "organisation", "key"], name="key_registration_once",
                condition=models.Q(ended__isnull=True),
            )
        ]  # fmt: skip


class LegalHold(models.Model):
    """Nothing about a person, or about the people of an organisation, may be erased while a hold stands."""

    #: On whom: one of the two.
    user = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    organisation = models.TextField(blank=True, default="")
    #: Why, in the words of who set it; of a person sealed under the person's key.
    reason = models.BinaryField()
    set_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    set_at = models.DateTimeField()
    #: Why it was lifted; none while it stands.
    lifted_reason = models.BinaryField(null=True, blank=True)
    lifted_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    lifted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "office_legal_hold"
        indexes: ClassVar = [models.Index(fields=["organisation"], name="legal_hold_organisation")]


class ErasureRequest(models.Model):
    """Somebody's personal data are to be erased. Entered by the person or an official, decided by another official."""

    class State(models.TextChoices):
        """Where it stands."""

        OPEN = "open"
        WITHDRAWN = "withdrawn"
        REFUSED = "refused"
        DONE = "done"

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    state = models.TextField(choices=State.choices, default=State.OPEN)
    #: A code of `office.accounts.erasure.GROUNDS`.
    ground = models.TextField()
    #: What was written to it, and why it was decided so; sealed under the person's key.
    said = models.BinaryField()
    requested_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    requested_at = models.DateTimeField()
    decided_said = models.BinaryField(null=True, blank=True)
    decided_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)
    #: Erased before the term of keeping records was over.
    before_term = models.BooleanField(default=False)

    class Meta:
        db_table = "office_erasure_request"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["user"], name="erasure_request_open", condition=models.Q(state="open")
            )
        ]  # fmt: skip


class Token(models.Model):
    """A program's right to act for an organisation ("" for the authority); shown once, kept as a digest."""

    organisation = models.TextField(blank=True, default="")
    name = models.TextField()
    #: What is shown of it afterwards.
    beginning = models.TextField()
    digest = models.TextField(unique=True)
    #: Scopes with blanks between them.
    scopes = models.TextField()
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    #: Start of the minute that is counted, and the requests in it.
    counted_from = models.DateTimeField(null=True, blank=True)
    counted = models.BigIntegerField(default=0)

    class Meta:
        db_table = "office_token"
        indexes: ClassVar = [models.Index(fields=["organisation"], name="token_organisation")]


class IdempotentAnswer(models.Model):
    """What a request with an idempotency key was answered, so that a retry gets the same."""

    token = models.ForeignKey(Token, on_delete=models.CASCADE)
    key = models.TextField()
    request_digest = models.TextField()
    #: None while the first request is at work.
    status = models.IntegerField(null=True, blank=True)
    #: While it is at work, the mark of the process that does it.
    body = models.TextField(blank=True, default="")
    created_at = models.DateTimeField()

    class Meta:
        db_table = "office_idempotent_answer"
        constraints: ClassVar = [models.UniqueConstraint(fields=["token", "key"], name="idempotent_answer_key")]
