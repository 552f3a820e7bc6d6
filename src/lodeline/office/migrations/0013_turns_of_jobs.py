"""Which firm's job was taken last."""

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [("office", "0012_acts_by_name")]

    operations: ClassVar = [
        migrations.AddField(model_name="job", name="turn", field=models.BigIntegerField(default=0)),
        migrations.AddIndex(model_name="job", index=models.Index(fields=["organisation", "turn"], name="job_turn")),
    ]
