"""Who is called for a place, and places that only a station watches."""

import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("places", "0002_retired_places")]

    operations = [
        *(
            migrations.AddField(
                model,
                "call_order",
                django.contrib.postgres.fields.ArrayField(
                    models.CharField(max_length=60), blank=True, default=list, size=None, verbose_name="叫应顺序"
                ),
            )
            for model in ("area", "place")
        ),
        migrations.AlterField(
            "place",
            "kind",
            models.CharField(
                choices=[
                    ("waterlogging_point", "积水点"),
                    ("shelter", "应急避难场所"),
                    ("checkpoint", "森林防火检查站"),
                    ("depot", "应急物资储备库"),
                    ("monitoring_site", "监测点"),
                ],
                max_length=24,
                verbose_name="类别",
            ),
        ),
    ]
