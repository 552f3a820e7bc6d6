from django.db import migrations, models


class Migration(migrations.Migration):
    """The law of a store is its last entry of one kind, and every page asks for it."""

    dependencies = [
        ("store", "0009_lines_between_parties"),
    ]

    operations = [
        migrations.AddIndex(model_name="entry", index=models.Index(fields=["kind", "index"], name="entry_kind")),
    ]
