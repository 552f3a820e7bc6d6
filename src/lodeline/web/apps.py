"""The Django application of the pages; it has templates and tags and no tables."""

from django.apps import AppConfig


class WebConfig(AppConfig):
    """Lets Django find the templates and tags."""

    name = "lodeline.web"
    label = "web"

    def ready(self) -> None:
        """Listens to what happens to accounts."""
        from lodeline.web.accounts.records import connect  # noqa: PLC0415  (models are there only now)

        connect()
