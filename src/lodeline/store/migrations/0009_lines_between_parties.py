from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("store", "0008_lines_of_an_invoice"),
    ]

    operations = [
        migrations.RemoveIndex(model_name="line", name="line_party"),
        migrations.AddIndex(
            model_name="line",
            index=models.Index(
                condition=models.Q(("party__isnull", False)), fields=["party", "organisation"], name="line_parties"
            ),
        ),
    ]
