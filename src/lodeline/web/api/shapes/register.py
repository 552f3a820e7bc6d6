"""Organisations with their sites, and successions."""

from lodeline.web.api.shapes.common import Shape


class Succession(Shape):
    """A merger, a site that changed hands (`holder`) or was closed; `on` is the first day of what is new."""

    id: str
    kind: str
    organisation: str
    successor: str | None
    site: str | None
    on: str
    reason: str


class Successions(Shape):
    """A page of successions, by day."""

    rows: list[Succession]
    next: str | None


class Site(Shape):
    """A site of an organisation."""

    id: str
    name: str | None
    stage: str | None


class Organisation(Shape):
    """An organisation as registered, with its sites."""

    id: str
    name_zh: str | None
    name_en: str | None
    country: str | None
    roles: list[str]
    sites: list[Site]


class Organisations(Shape):
    """A page of organisations, by id."""

    rows: list[Organisation]
    next: str | None
