"""A case may be put to both sides of a delivery (`also`); a draft may be superseded by another of its month."""

from django.db import migrations, models

_STATES = ("open", "checking", "asked", "filing", "filed", "dropped", "superseded")


class Migration(migrations.Migration):
    dependencies = [
        ("office", "0013_turns_of_jobs"),
    ]

    operations = [
        migrations.AddField(model_name="case", name="also", field=models.TextField(blank=True, default="")),
        migrations.AlterField(
            model_name="draft",
            name="state",
            field=models.TextField(choices=[(one, one.capitalize()) for one in _STATES], default="open"),
        ),
    ]
