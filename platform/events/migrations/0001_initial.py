from django.db import migrations

from events.messages import ACCOUNT
from events.triggers import AnnounceTable, CreateAnnouncer


class Migration(migrations.Migration):
    initial = True
    dependencies = [("accounts", "0001_initial")]

    operations = [
        CreateAnnouncer(),
        # Whoever has signed out, lost the role or was sent away stops hearing at once.
        AnnounceTable("accounts_session", topic=ACCOUNT, user="user_id", on=("delete",)),
        AnnounceTable("accounts_user", topic=ACCOUNT, user="id", on=("update", "delete")),
    ]
