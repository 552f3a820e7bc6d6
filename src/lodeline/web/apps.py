"""The Django application of the pages; it has templates and tags and no tables."""

from django.apps import AppConfig


class WebConfig(AppConfig):
    """Lets Django find the templates and tags."""

    name = "lodeline.web"
    label = "web"
