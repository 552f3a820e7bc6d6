from django.db import migrations, models


class Migration(migrations.Migration):
    """A row may state both names of its counterparty, the Chinese one and that in Latin letters."""

    dependencies = [
        ("store", "0011_lots_of_a_filing"),
    ]

    operations = [
        migrations.AddField(
            model_name="line", name="counterparty_other_name", field=models.TextField(blank=True, null=True)
        ),
    ]
