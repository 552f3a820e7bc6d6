"""The tables of people and papers. What counts is in the log, which names people by opaque ids and commits to the rest.

People: `User`, `PersonKey`, `Membership`, `Invitation`, `Delegation`, `CertifierKey`, `KeyRegistration`; taking a
person's data away: `ErasureRequest`, `LegalHold`. Programs: `Token`, `IdempotentAnswer`.
Papers on their way: `Draft`, `DraftFile`, `DraftEdit`, `ImportProfile`, `Dispute`. What happens by itself: `Job`,
`Notice`, `NoticeRead`, `Mail`. Questions put to organisations: `Case`, `CaseStep`, `CaseFile`, `CaseWatch`. Licences
that are asked for: `Application`, `ApplicationStep`, `ApplicationDocument`. Who saw and did what: `AuditRecord`. To
audit records, steps and the files of cases rows are only added (a trigger refuses the rest).
"""

from __future__ import annotations

import secrets
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models


def _opaque() -> str:
    return secrets.token_hex(8)


class Users(BaseUserManager["User"]):
    """Makes accounts; an address is compared without regard to case."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        """An account that can sign in with `password`; without one, only after setting it by an invitation."""
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def get_by_natural_key(self, username: str | None) -> User:
        """The account of an address."""
        return self.get(email=(username or "").lower())


class User(AbstractBaseUser):
    """A person. `pseudonym` stands for the person in the log and in audit records, and outlives name and address."""

    email = models.EmailField(unique=True)
    name = models.TextField()
    pseudonym = models.TextField(unique=True, default=_opaque, editable=False)
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
    #: Of an authority's membership: the region it is for; empty for the whole country.
    region = models.TextField(blank=True, default="")
    valid_from = models.DateField()
    #: Last day; none while it is open.
    valid_to = models.DateField(null=True, blank=True)
    granted_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
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
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    accepted_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    withdrawn_at = models.DateTimeField(null=True, blank=True)

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


class OrganisationSettings(models.Model):
    """What an organisation has decided about its own filing."""

    organisation = models.TextField(primary_key=True)
    #: Who certifies a filing may not be who made it.
    second_person = models.BooleanField(default=False)

    class Meta:
        db_table = "office_organisation_settings"


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
        """`open` is being made, `checking` and `filing` are at work, `asked` waits for the certifier."""

        OPEN = "open"
        CHECKING = "checking"
        ASKED = "asked"
        FILING = "filing"
        FILED = "filed"
        DROPPED = "dropped"

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
        indexes: ClassVar = [models.Index(fields=["state", "run_after"], name="job_next")]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["key"], name="job_key", condition=models.Q(state__in=["waiting", "running"]) & ~models.Q(key="")
            )
        ]


class Notice(models.Model):
    """Something that an organisation ("" for the authority) should know. `key` keeps it from being said twice."""

    organisation = models.TextField(blank=True, default="")
    #: Who of the organisation: a role, or empty for all.
    role = models.TextField(blank=True, default="")
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
    #: `digest:` and the day, or `notice:` and its number.
    key = models.TextField()
    sent_at = models.DateTimeField()

    class Meta:
        db_table = "office_mail"
        constraints: ClassVar = [models.UniqueConstraint(fields=["user", "key"], name="mail_once")]


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


class _OfMatter(models.Manager["Case"]):
    """The cases of one matter, and no others."""

    def __init__(self, matter: str) -> None:
        super().__init__()
        self.matter = matter

    def get_queryset(self) -> models.QuerySet[Case]:
        return super().get_queryset().filter(matter=self.matter)


class Case(models.Model):
    """What became of a finding. Its state follows from its steps, and is kept here so that it can be asked for.

    A query of customs is a case as well (`CustomsCase`): `finding` then names the verdict that it asks about, and
    `seen` is what was declared and answered.
    """

    objects: ClassVar = _OfMatter("")
    #: "" for a finding, else what the case is about.
    matter = models.TextField(default="", editable=False)
    #: Names it in the log, where a finding's own id would tell whoever guesses what it is about.
    reference = models.TextField(unique=True, default=_opaque, editable=False)
    finding = models.TextField(unique=True)
    #: Whom the question is put to.
    organisation = models.TextField()
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


class CustomsCase(Case):
    """A query of customs about a line of a declaration (`office.customs.queries`)."""

    objects: ClassVar = _OfMatter("customs")

    class Meta:
        proxy = True


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


class Application(models.Model):
    """An application for an export licence. Its state follows from its steps, and is kept here to be asked for."""

    #: Names it in the log and in addresses; says nothing of whose it is.
    reference = models.TextField(unique=True, default=_opaque, editable=False)
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


class DeskBatch(models.Model):
    """A declaration file of very many lines that a worker judges part by part (`office.customs.batches`)."""

    class State(models.TextChoices):
        """Where it stands. `unread`: no line could be trusted, or they are somebody else's; `problems` say which."""

        WAITING = "waiting"
        RUNNING = "running"
        DONE = "done"
        STOPPED = "stopped"
        UNREAD = "unread"

    reference = models.TextField(unique=True, default=_opaque, editable=False)
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
