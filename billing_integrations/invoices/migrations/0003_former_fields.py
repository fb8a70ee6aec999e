from __future__ import annotations

from django.db import migrations

from clinical.patients.functions import former_search


class Migration(migrations.Migration):
    dependencies = [("invoices", "0002_assigned_only"), ("patients", "0007_former_fields")]

    operations = [
        former_search("invoices_pastinvoice"),
    ]
