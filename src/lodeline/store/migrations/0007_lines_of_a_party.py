from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("store", "0006_reservations"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="line",
            index=models.Index(condition=models.Q(("party__isnull", False)), fields=["party"], name="line_party"),
        ),
    ]
