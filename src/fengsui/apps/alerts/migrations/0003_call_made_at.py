from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("alerts", "0002_append_only")]

    operations = [
        migrations.AddField(
            "call",
            "made_at",
            models.DateTimeField("按下", null=True, help_text="没有网络时按下、后来才收到的"),
        ),
    ]
