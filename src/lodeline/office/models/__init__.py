"""The tables of people and papers: what counts is in the log, which names people by opaque ids and commits to the rest.

Each stands in the file of its subject, and is taken from here.
"""

from lodeline.office.models.access import AuditRecord, Proposal
from lodeline.office.models.accounts import (
    CertifierKey,
    Delegation,
    ErasureRequest,
    IdempotentAnswer,
    Invitation,
    KeyRegistration,
    LegalHold,
    Membership,
    PersonKey,
    Token,
    User,
    Users,
    opaque,
)
from lodeline.office.models.customs import CustomsCase, DeskBatch
from lodeline.office.models.filing import Dispute, Draft, DraftEdit, DraftFile, ImportProfile, OrganisationSettings
from lodeline.office.models.findings import Case, CaseFile, CaseStep, CaseWatch
from lodeline.office.models.jobs import Job
from lodeline.office.models.licences import Application, ApplicationDocument, ApplicationStep
from lodeline.office.models.notices import Bookmark, Mail, Notice, NoticeRead
from lodeline.office.models.strategy import StrategyRelease, StrategyRun

#: As migrations call it.
_opaque = opaque

__all__ = [
    "Application", "ApplicationDocument", "ApplicationStep", "AuditRecord", "Bookmark", "Case", "CaseFile",
    "CaseStep", "CaseWatch", "CertifierKey", "CustomsCase", "Delegation", "DeskBatch", "Dispute", "Draft",
    "DraftEdit", "DraftFile", "ErasureRequest", "IdempotentAnswer", "ImportProfile", "Invitation", "Job",
    "KeyRegistration", "LegalHold", "Mail", "Membership", "Notice", "NoticeRead", "OrganisationSettings", "PersonKey",
    "Proposal", "StrategyRelease", "StrategyRun", "Token", "User", "Users",
]  # fmt: skip
