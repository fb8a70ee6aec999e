"""Record that a draft changed, not each of its wordings."""

from __future__ import annotations

from django.db import migrations

from audit.coverage import RecordTable


class Migration(migrations.Migration):
    dependencies = [("notes", "0003_former_fields")]

    operations = [RecordTable("notes_note")]
