from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("store", "0003_lot_aliases"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="line",
            index=models.Index(condition=models.Q(("kind", "title")), fields=["party"], name="line_sold_to"),
        ),
    ]
