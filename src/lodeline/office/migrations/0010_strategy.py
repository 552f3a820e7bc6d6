"""Runs of scenarios that are kept, and what of them was published to agencies."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("office", "0009_letters_of_invitations"),
    ]

    operations = [
        migrations.CreateModel(
            name="StrategyRun",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("reference", models.TextField(unique=True)),
                ("scenario", models.TextField()),
                ("entry", models.BigIntegerField()),
                ("root", models.TextField()),
                ("draws", models.IntegerField(blank=True, null=True)),
                ("digests", models.TextField(default="{}")),
                (
                    "state",
                    models.TextField(
                        choices=[
                            ("waiting", "Waiting"),
                            ("running", "Running"),
                            ("done", "Done"),
                            ("stopped", "Stopped"),
                            ("refused", "Refused"),
                        ],
                        default="waiting",
                    ),
                ),
                ("content", models.BinaryField(default=b"")),
                ("sha256", models.TextField(blank=True, default="")),
                ("size", models.BigIntegerField(default=0)),
                ("problem_en", models.TextField(blank=True, default="")),
                ("problem_zh", models.TextField(blank=True, default="")),
                ("again_sha256", models.TextField(blank=True, default="")),
                ("again_at", models.DateTimeField(blank=True, null=True)),
                ("who", models.TextField()),
                ("created_at", models.DateTimeField()),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "db_table": "office_strategy_run",
                "indexes": [models.Index(fields=["state", "created_at"], name="strategy_run_state")],
            },
        ),
        migrations.CreateModel(
            name="StrategyRelease",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("run", models.TextField()),
                ("scenario", models.TextField()),
                ("content", models.BinaryField()),
                ("sha256", models.TextField()),
                ("told", models.IntegerField()),
                ("kept_back", models.IntegerField()),
                ("who", models.TextField()),
                ("published_at", models.DateTimeField()),
                ("withdrawn_by", models.TextField(blank=True, default="")),
                ("withdrawn_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "db_table": "office_strategy_release",
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("withdrawn_at__isnull", True)), fields=("run",), name="strategy_release_run"
                    )
                ],
            },
        ),
    ]
