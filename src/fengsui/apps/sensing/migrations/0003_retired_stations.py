from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("sensing", "0002_replay_until")]

    operations = [
        migrations.AddField("station", "retired_at", models.DateTimeField("停用", null=True, blank=True)),
    ]
