from django.db import migrations

from events.triggers import AnnounceTable


class Migration(migrations.Migration):
    dependencies = [
        ("appointments", "0006_patient_summary"),
        ("events", "0001_initial"),
    ]

    operations = [
        AnnounceTable("appointments_appointment", topic="diary", moment="starts_at"),
        AnnounceTable("appointments_waitingentry", topic="waiting"),
    ]
