from __future__ import annotations

from django.db import migrations

from events.triggers import AnnounceTable


class Migration(migrations.Migration):
    """The bell hears at once of what concerns its person."""

    dependencies = [("notices", "0002_own_only"), ("events", "0001_initial")]

    operations = [AnnounceTable("notices_notice", topic="notices", user="user_id")]
