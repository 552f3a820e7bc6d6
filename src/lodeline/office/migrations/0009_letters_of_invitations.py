"""An invitation knows its language, and whether its letter has gone: those of a take-over are made many at a time."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("office", "0008_bookmark"),
    ]

    operations = [
        migrations.AddField(model_name="invitation", name="language", field=models.TextField(blank=True, default="")),
        migrations.AddField(model_name="invitation", name="waits", field=models.BooleanField(default=False)),
    ]
