from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("patients", "0005_search_through_merges"),
    ]

    operations = [
        migrations.AddField(
            model_name="patient",
            name="coordinator_since",
            field=models.DateField(blank=True, null=True),
        ),
    ]
