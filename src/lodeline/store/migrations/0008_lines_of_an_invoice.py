from django.db import migrations, models


class Migration(migrations.Migration):
    """Rows of an invoice may state a number of their own. Those that stand have none and are numbered by their order."""

    dependencies = [
        ("store", "0007_lines_of_a_party"),
    ]

    operations = [
        migrations.AddField(
            model_name="invoiceline", name="line", field=models.TextField(blank=True, null=True),
        ),
    ]  # fmt: skip
