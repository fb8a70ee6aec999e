"""The consents a clinic usually asks for; it may change each of them."""

from __future__ import annotations

from django.db import migrations

from clinical.patients.functions import ClinicSQL

STANDARD = (
    ("treatment", "Treatment", "The assessment and treatment were explained, with their risks and other ways.", True, 10),
    ("privacy", "Collection of personal information", "How personal and health information is collected, used, kept and shared was explained.", True, 20),
    ("share_gp", "Sharing with the GP", "Reports may be sent to the general practitioner.", False, 30),
    ("share_family", "Sharing with family or carers", "Named people may be told about appointments and progress.", False, 40),
    ("electronic", "SMS and e-mail", "Reminders and messages may be sent by SMS and e-mail.", False, 50),
    ("photos", "Photos and video", "Photos and video may be taken for the clinical record.", False, 60),
    ("telehealth", "Telehealth", "Visits by video or phone, with what they can and cannot do, were explained.", False, 70),
    ("research", "Research and quality", "Records without names may be used for research and quality improvement.", False, 80),
)  # fmt: skip

ADD = [
    "INSERT INTO {{schema}}.consents_consentkind "  # noqa: S608 - the texts above
    '(id, key, name, text, is_required, "order", is_active) VALUES '
    f"(gen_random_uuid(), '{key}', '{name}', '{text}', {str(required).lower()}, {order}, true)"
    for key, name, text, required, order in STANDARD
]


class Migration(migrations.Migration):
    dependencies = [("consents", "0001_initial")]

    operations = [
        ClinicSQL(
            [statement.replace("{{schema}}", "{schema}") for statement in ADD],
            ["DELETE FROM {schema}.consents_consentkind"],
        )
    ]
