from __future__ import annotations

from django.db import migrations

from audit.coverage import RecordTable
from clinical.search.functions import text_search


class Migration(migrations.Migration):
    dependencies = [("letters", "0005_walls")]

    operations = [
        text_search(
            "letters_letter", title="subject", body="body", moment="letter_date", shown="true"
        ),
        RecordTable("letters_letter"),
    ]
