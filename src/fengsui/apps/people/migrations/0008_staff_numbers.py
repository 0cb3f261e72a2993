from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("people", "0007_retired")]

    operations = [
        migrations.AddField(
            "person",
            "staff_no",
            models.CharField("工号", max_length=20, blank=True, default="", help_text="同一单位有同名的人时用来区分"),
            preserve_default=False,
        ),
        migrations.AddField(
            "person",
            "phone_was",
            models.CharField("原电话", max_length=20, blank=True, null=True, help_text="台账上一次改动之前，供撤销"),
        ),
    ]
