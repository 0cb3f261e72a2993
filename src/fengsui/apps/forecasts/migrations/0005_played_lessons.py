import uuid

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('core', '0016_clocks_of_a_year'),
        ('forecasts', '0004_lessons'),
        ('sensing', '0006_owners_work'),
    ]

    operations = [
        migrations.AddField(
            model_name='forecastlesson',
            name='floods',
            field=models.PositiveIntegerField(default=0, verbose_name='涨水场次'),
        ),
        migrations.AlterField(
            model_name='forecastlesson',
            name='leads',
            field=models.JSONField(default=list, help_text='lead_s、stays、trend、best、members、missed', verbose_name='留出涨水段上的误差'),
        ),
        migrations.CreateModel(
            name='PlayedLesson',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('made_at', models.DateTimeField(verbose_name='学成')),
                ('method', models.CharField(max_length=40, verbose_name='方法')),
                ('since', models.DateTimeField(verbose_name='学自')),
                ('step_s', models.FloatField(verbose_name='步长秒')),
                ('horizon_s', models.FloatField(verbose_name='预见期秒')),
                ('flood', models.FloatField(verbose_name='涨水线')),
                ('flood_h', models.FloatField(verbose_name='涨水小时数')),
                ('floods', models.PositiveIntegerField(default=0, verbose_name='涨水场次')),
                ('beside', models.JSONField(default=list, verbose_name='旁站数据流')),
                ('leads', models.JSONField(default=list, help_text='lead_s、stays、trend、best、members、missed', verbose_name='留出涨水段上的误差')),
                ('state', models.BinaryField(verbose_name='学得')),
                ('source', models.CharField(max_length=64, verbose_name='资料')),
                ('datastream', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='played_lesson', to='sensing.datastream')),
                ('world', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='core.world', verbose_name='世界')),
            ],
            options={
                'verbose_name': '回放学习',
            },
        ),
    ]
