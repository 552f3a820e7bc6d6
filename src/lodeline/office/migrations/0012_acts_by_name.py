"""Acts are found by what was done and to what: looks, of which there are many more, are left out."""

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [("office", "0011_acts_of_two")]

    operations: ClassVar = [
        migrations.AddIndex(
            model_name="auditrecord",
            index=models.Index(condition=models.Q(("kind", "act")), fields=["what", "subject"], name="audit_act"),
        ),
    ]
