from __future__ import annotations

from django.db import migrations

from clinical.patients.functions import former_search


class Migration(migrations.Migration):
    dependencies = [("notes", "0002_walls"), ("patients", "0007_former_fields")]

    operations = [
        former_search("notes_note"),
    ]
