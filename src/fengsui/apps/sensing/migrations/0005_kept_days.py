import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("sensing", "0004_on_the_map")]

    operations = [
        migrations.CreateModel(
            name="KeptDay",
            fields=[
                ("pk", models.CompositePrimaryKey("datastream", "day", blank=True, editable=False, primary_key=True, serialize=False)),
                ("day", models.DateField(verbose_name="日（UTC）")),
                ("gap_us", models.BigIntegerField(help_text="按它认定断数；周期改了就重做", verbose_name="断数界限")),
                ("of", models.IntegerField(verbose_name="读数")),
                ("refused", models.IntegerField(verbose_name="未采用")),
                ("rows", models.BinaryField(help_text="小端 int64 微秒、float64 值、int16 标志", verbose_name="留下的点")),
                ("gaps", models.BinaryField(help_text="小端 int64 微秒，成对", verbose_name="断数")),
                ("datastream", models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="sensing.datastream")),
            ],
            options={"verbose_name": "过程线日摘要"},
        ),
    ]
