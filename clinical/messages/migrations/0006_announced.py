from __future__ import annotations

from django.db import migrations

from events.triggers import AnnounceTable


class Migration(migrations.Migration):
    dependencies = [("clinic_messages", "0005_texting"), ("events", "0001_initial")]

    operations = [AnnounceTable("clinic_messages_conversation", topic="texts")]
