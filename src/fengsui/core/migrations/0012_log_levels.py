"""How much is logged for a while, in every process at once."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("core", "0011_owners_work")]
    operations = [
        migrations.CreateModel(
            name="LogLevel",
            fields=[
                (
                    "name",
                    models.CharField(
                        help_text="root 为全部", max_length=120, primary_key=True, serialize=False, verbose_name="日志器"
                    ),
                ),
                ("level", models.CharField(max_length=8, verbose_name="级别")),
                ("until", models.DateTimeField(verbose_name="到")),
                ("set_at", models.DateTimeField(verbose_name="设于")),
            ],
            options={"verbose_name": "日志级别"},
        ),
    ]
