from __future__ import annotations

from django.db import migrations

from audit.coverage import RecordTable
from clinical.search.functions import text_search


class Migration(migrations.Migration):
    dependencies = [("notes", "0006_cosign_walls")]

    operations = [
        text_search(
            "notes_note",
            title="title",
            body="body",
            moment="noted_at",
            shown="reads_notes() AND (t.state <> 'draft' OR t.author_id IS NULL "
            "OR t.author_id::text = actor)",
        ),
        RecordTable("notes_note"),
    ]
