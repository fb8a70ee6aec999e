from __future__ import annotations

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import tenants.ids
from clinical.patients.functions import ClinicSQL, assigned_only
from clinical.patients.summary_sql import patient_summaries

UP, DOWN = assigned_only("mv_patient_summary")


class Migration(migrations.Migration):
    dependencies = [
        ("patients", "0007_former_fields"),
        ("practice", "0002_rosters"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="SummaryMark",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=tenants.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("patient_id", models.UUIDField()),
            ],
            options={
                "verbose_name": "mark of a summary",
                "verbose_name_plural": "marks of summaries",
            },
        ),
        migrations.CreateModel(
            name="PatientSummary",
            fields=[
                (
                    "patient",
                    models.OneToOneField(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        primary_key=True,
                        related_name="summary",
                        serialize=False,
                        to="patients.patient",
                    ),
                ),
                ("sort_name", models.TextField(db_collation="C", db_default="")),
                ("plan_end", models.DateField(null=True)),
                ("is_archived", models.BooleanField(db_default=False)),
                ("is_listed", models.BooleanField(db_default=True)),
                ("last_visit_at", models.DateTimeField(null=True)),
                ("next_visit_at", models.DateTimeField(null=True)),
                ("documents", models.IntegerField(db_default=0)),
                ("unsigned_notes", models.IntegerField(db_default=0)),
                ("balance_cents", models.BigIntegerField(db_default=0)),
                (
                    "funding_type",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="practice.fundingtype",
                    ),
                ),
                (
                    "last_practitioner",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="practice.practitioner",
                    ),
                ),
                (
                    "location",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="practice.location",
                    ),
                ),
                (
                    "next_practitioner",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="practice.practitioner",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "patient summaries",
                "db_table": "mv_patient_summary",
                "ordering": ["sort_name", "patient"],
                "indexes": [
                    models.Index(fields=["sort_name", "patient"], name="mv_patient_summary_name"),
                    models.Index(
                        models.OrderBy(models.F("last_visit_at"), descending=True),
                        models.OrderBy(models.F("patient"), descending=True),
                        condition=models.Q(("last_visit_at__isnull", False)),
                        name="mv_patient_summary_last",
                    ),
                    models.Index(
                        condition=models.Q(("next_visit_at__isnull", False)),
                        fields=["next_visit_at", "patient"],
                        name="mv_patient_summary_next",
                    ),
                    models.Index(
                        condition=models.Q(("plan_end__isnull", False)),
                        fields=["plan_end", "patient"],
                        name="mv_patient_summary_plan",
                    ),
                    models.Index(
                        fields=["location", "sort_name", "patient"],
                        name="mv_patient_summary_location",
                    ),
                    models.Index(
                        condition=models.Q(("last_practitioner__isnull", False)),
                        fields=["last_practitioner", "sort_name", "patient"],
                        name="mv_patient_summary_seen_by",
                    ),
                    models.Index(
                        condition=models.Q(("next_practitioner__isnull", False)),
                        fields=["next_practitioner", "sort_name", "patient"],
                        name="mv_patient_summary_next_with",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="SavedFilter",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=tenants.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("name", models.CharField(max_length=60)),
                ("query", models.JSONField(default=dict)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="saved_patient_filters",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["name", "id"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("user", "name"), name="patients_savedfilter_once"
                    )
                ],
            },
        ),
        patient_summaries(),
        ClinicSQL([UP], [DOWN]),
    ]
