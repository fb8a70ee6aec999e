from __future__ import annotations

from django.db import migrations

from clinical.patients.functions import former_search


class Migration(migrations.Migration):
    dependencies = [("documents", "0004_uploads_assigned_only"), ("patients", "0007_former_fields")]

    operations = [
        former_search("documents_document"),
        former_search("documents_imagebatch"),
    ]
