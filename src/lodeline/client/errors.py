"""What can go wrong, as a small tree: see the package."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lodeline.client.answers import FilingProblem


class LodelineError(Exception):
    """Something went wrong."""


class UnreachableError(LodelineError):
    """No answer came, or none that can be read, after all retries."""


class ProblemError(LodelineError):
    """The API said no. `code` tells problems apart; `texts` has title and detail in both languages."""

    def __init__(self, status: int, document: Mapping[str, Any]) -> None:
        super().__init__(str(document.get("detail") or f"status {status}"))
        self.status = status
        self.code = str(document.get("type", "")).rpartition(":")[2]
        self.detail = str(document.get("detail", ""))
        self.texts: Mapping[str, Any] = document.get("texts", {})
        self.errors: tuple[FilingProblem, ...] = tuple(FilingProblem.of(one) for one in document.get("errors") or ())


class NotAllowedError(ProblemError):
    """The token does not open this."""


class NotFoundError(ProblemError):
    """There is no such thing, for this token."""


class RefusedError(ProblemError):
    """The filing has problems, all of them in `errors`; nothing was filed."""


class ConflictError(ProblemError):
    """It has changed meanwhile, or the first request with this key is still at work."""


def problem_error(status: int, document: Mapping[str, Any]) -> ProblemError:
    """The error that an answer of this status is."""
    kinds: dict[int, type[ProblemError]] = {
        401: NotAllowedError, 403: NotAllowedError, 404: NotFoundError, 409: ConflictError,
    }  # fmt: skip
    refused = str(document.get("type", "")).endswith(":filing-refused")
    return (RefusedError if refused else kinds.get(status, ProblemError))(status, document)
