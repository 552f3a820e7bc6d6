"""Whom a token stands for."""

from lodeline.web.api.shapes.common import Shape


class Self(Shape):
    """Who the token stands for, what it opens, and what time it is here."""

    organisation: str | None
    name: str
    scopes: list[str]
    expires_at: str | None
    now: str
