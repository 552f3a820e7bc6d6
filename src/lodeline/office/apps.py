"""The Django application that holds the tables of people and papers."""

from django.apps import AppConfig


class OfficeConfig(AppConfig):
    """Registers the models under the label `office`."""

    name = "lodeline.office"
    label = "office"
    default_auto_field = "django.db.models.BigAutoField"
