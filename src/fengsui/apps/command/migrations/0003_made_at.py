from django.db import migrations, models

LATE = "没有网络时写下、后来才收到的"


class Migration(migrations.Migration):
    dependencies = [("command", "0002_frozen_orders")]

    operations = [
        migrations.AddField("movement", "made_at", models.DateTimeField("写下", null=True, help_text=LATE)),
        migrations.AddField("progress", "made_at", models.DateTimeField("写下", null=True, help_text=LATE)),
        migrations.AddField("progress", "accuracy_m", models.FloatField("位置误差 m", null=True)),
    ]
