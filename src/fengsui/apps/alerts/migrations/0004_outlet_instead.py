import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("alerts", "0003_call_made_at")]

    operations = [
        migrations.AddField(
            "outlet",
            "instead",
            models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="alerts.outlet",
                verbose_name="失败时改用",
            ),
        )
    ]
