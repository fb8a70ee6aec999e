from __future__ import annotations

from django.db import migrations, models

from audit.ddl import CreateOrigins


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_initial")]

    operations = [
        CreateOrigins(),
        migrations.CreateModel(
            name="Origin",
            fields=[
                ("upto", models.BigIntegerField(primary_key=True, serialize=False)),
                ("clinic", models.IntegerField()),
                ("h", models.BinaryField()),
                ("restored_at", models.DateTimeField()),
            ],
            options={
                "db_table": "audit_origin",
                "ordering": ["upto"],
                "managed": False,
            },
        ),
    ]
