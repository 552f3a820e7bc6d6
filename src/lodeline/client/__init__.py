"""A program's side of the API: file a month, follow deliveries, keep receipts, in a few typed calls.

    from lodeline.client import Client

    with Client("https://lodeline.example", token) as client:
        filed = client.file(period="2025-07", rows=rows)

Whatever is sent again, because an answer got lost, is done once: every request that writes carries a key of its own.

    LodelineError           something went wrong
      UnreachableError      no answer came, after all retries
      ProblemError          the API said no; `code`, `detail` and `errors` say why
        NotAllowedError     the token does not open this (401, 403)
        NotFoundError       there is no such thing, for this token (404)
        RefusedError        the filing has problems, and nothing was filed (422)
        ConflictError       it has changed meanwhile (409)
"""

from lodeline.client.answers import (
    Case,
    CaseStep,
    Change,
    Checked,
    Delivery,
    Dispute,
    Draft,
    Filed,
    FilingProblem,
    Job,
    Self,
    Transfer,
)
from lodeline.client.client import Client
from lodeline.client.errors import (
    ConflictError,
    LodelineError,
    NotAllowedError,
    NotFoundError,
    ProblemError,
    RefusedError,
    UnreachableError,
)

__all__ = [
    "Case",
    "CaseStep",
    "Change",
    "Checked",
    "Client",
    "ConflictError",
    "Delivery",
    "Dispute",
    "Draft",
    "Filed",
    "FilingProblem",
    "Job",
    "LodelineError",
    "NotAllowedError",
    "NotFoundError",
    "ProblemError",
    "RefusedError",
    "Self",
    "Transfer",
    "UnreachableError",
]
