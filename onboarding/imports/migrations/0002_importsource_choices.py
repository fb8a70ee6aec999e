from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("imports", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="importsource",
            name="choices",
            field=models.JSONField(default=dict),
        ),
    ]
