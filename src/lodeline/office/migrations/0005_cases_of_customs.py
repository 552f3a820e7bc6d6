"""Queries of customs are cases beside those of findings."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    """The matter of a case; those that stand are of findings."""

    dependencies: ClassVar = [("office", "0004_erasure_and_holds")]
    operations: ClassVar = [
        migrations.AddField(
            model_name="case", name="matter", field=models.TextField(default="", editable=False), preserve_default=True
        ),
        migrations.CreateModel(
            name="CustomsCase",
            fields=[],
            options={"proxy": True, "indexes": [], "constraints": []},
            bases=("office.case",),
        ),
    ]
