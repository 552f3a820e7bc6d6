from django.db import migrations, models


class Migration(migrations.Migration):
    """What a filing is judged by is found by its lots and by its firm's newest entries, however much was filed before.

    Whoever wants one month of a firm in order finds it as before: the index of months ends in the entries' numbers, or
    the one of the newest entries would be taken for it and read whole.
    """

    dependencies = [
        ("store", "0010_entries_by_kind"),
    ]

    operations = [
        migrations.RemoveIndex(model_name="entry", name="entry_organisation"),
        migrations.RemoveIndex(model_name="line", name="line_parties"),
        migrations.RemoveIndex(model_name="line", name="line_sold_to"),
        migrations.AddIndex(
            model_name="entry",
            index=models.Index(fields=["organisation", "period", "index"], name="entry_organisation"),
        ),
        migrations.AddIndex(
            model_name="entry",
            index=models.Index(fields=["organisation", "index", "first_line", "row_count"], name="entry_filer"),
        ),
        migrations.AddIndex(
            model_name="line",
            index=models.Index(
                condition=models.Q(("party__isnull", False)),
                fields=["party", "organisation", "lot_id"],
                name="line_parties",
            ),
        ),
        migrations.AddIndex(
            model_name="line",
            index=models.Index(
                condition=models.Q(("kind", "title")), fields=["party", "kind", "lot_id"], name="line_sold_to"
            ),
        ),
        migrations.AddIndex(
            model_name="line",
            index=models.Index(
                condition=models.Q(("kind", "receipt")), fields=["organisation", "lot_id"], name="line_received"
            ),
        ),
    ]
