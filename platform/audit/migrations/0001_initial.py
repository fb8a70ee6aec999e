from __future__ import annotations

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

from audit.ddl import CreateAuditTrail


class Migration(migrations.Migration):
    initial = True

    dependencies = []
    # Every table made after this one is put on record as it is made.
    run_before = [("accounts", "0001_initial"), ("tenants", "0001_initial")]

    operations = [
        CreateAuditTrail(),
        migrations.CreateModel(
            name="Erasure",
            fields=[
                ("event_id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("erased_by", models.BigIntegerField()),
            ],
            options={
                "db_table": "audit_erasure",
                "managed": False,
            },
        ),
        migrations.CreateModel(
            name="Event",
            fields=[
                ("id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("at", models.DateTimeField()),
                ("tx", models.BigIntegerField()),
                ("actor_id", models.TextField()),
                ("actor_label", models.TextField()),
                ("impersonator", models.TextField()),
                ("action", models.TextField()),
                ("object_type", models.TextField()),
                ("object_id", models.TextField()),
                ("subject_id", models.TextField()),
                ("result", models.TextField()),
                ("request_id", models.TextField()),
                ("commitment", models.BinaryField()),
            ],
            options={
                "db_table": "audit_event",
                "ordering": ["-at", "-id"],
                "managed": False,
            },
        ),
        migrations.CreateModel(
            name="QueuedEvent",
            fields=[
                ("event_id", models.BigIntegerField(primary_key=True, serialize=False)),
            ],
            options={
                "db_table": "audit_queue",
                "managed": False,
            },
        ),
        migrations.CreateModel(
            name="Seal",
            fields=[
                ("n", models.BigIntegerField(primary_key=True, serialize=False)),
                ("count", models.IntegerField()),
                ("first_at", models.DateTimeField()),
                ("last_at", models.DateTimeField()),
                (
                    "ids",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(), size=None
                    ),
                ),
                ("marks", models.BinaryField()),
                ("root", models.BinaryField()),
                ("prev", models.BinaryField()),
                ("h", models.BinaryField()),
                ("sealed_at", models.DateTimeField()),
            ],
            options={
                "db_table": "audit_seal",
                "ordering": ["n"],
                "managed": False,
            },
        ),
        migrations.CreateModel(
            name="Payload",
            fields=[
                (
                    "event",
                    models.OneToOneField(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        primary_key=True,
                        related_name="payload",
                        serialize=False,
                        to="audit.event",
                    ),
                ),
                ("salt", models.BinaryField()),
                ("body", models.TextField()),
            ],
            options={
                "db_table": "audit_payload",
                "managed": False,
            },
        ),
    ]
