"""Django's settings for the store: models and two database engines, no pages."""

SECRET_KEY = "unused: nothing here signs with Django's key"
INSTALLED_APPS = ["lodeline.store"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
