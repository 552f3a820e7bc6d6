"""The Django application that holds the tables."""

from django.apps import AppConfig


class StoreConfig(AppConfig):
    """Registers the models under the label `store`."""

    name = "lodeline.store"
    label = "store"
    default_auto_field = "django.db.models.BigAutoField"
