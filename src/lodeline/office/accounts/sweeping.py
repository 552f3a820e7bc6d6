"""After an erasure the database is swept, so that what was overwritten is not left in its files either.

SQLite keeps old contents in unused parts of its file until they are needed: VACUUM writes the file anew without them,
and the write-ahead log is emptied; writers wait meanwhile. PostgreSQL keeps old rows until VACUUM, and their bytes
until the page is used again; its own logs and replicas are the operator's to expire.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from lodeline.office.jobs import jobs
from lodeline.office.models import (
    CaseWatch,
    CertifierKey,
    Draft,
    ErasureRequest,
    Invitation,
    Mail,
    Membership,
    PersonKey,
    User,
)
from lodeline.store.queries.accounts import sweep

_TABLES: Final = (User, PersonKey, Membership, Invitation, CertifierKey, Draft, Mail, CaseWatch, ErasureRequest)


def sweep_job(payload: Mapping[str, Any], progress: Any) -> object:
    """Does the work of a job `erasure.sweep`; done twice, the second time finds nothing to sweep."""
    del payload, progress
    sweep(jobs.database(), (model._meta.db_table for model in _TABLES))
    return None
