import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models


TABLE = "alerts_massattempt"
MAKE = (
    f"CREATE TRIGGER {TABLE}_append_only BEFORE UPDATE OR DELETE ON {TABLE} "
    f"FOR EACH ROW EXECUTE FUNCTION core_refuse_change();"
    f"CREATE TRIGGER {TABLE}_no_truncate BEFORE TRUNCATE ON {TABLE} "
    f"FOR EACH STATEMENT EXECUTE FUNCTION core_refuse_change();"
)
DROP = f"DROP TRIGGER {TABLE}_append_only ON {TABLE}; DROP TRIGGER {TABLE}_no_truncate ON {TABLE};"


class Migration(migrations.Migration):

    dependencies = [
        ('alerts', '0004_outlet_instead'),
        ('core', '0002_append_only_and_live_world'),
    ]

    operations = [
        migrations.CreateModel(
            name='MassBatch',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('n', models.PositiveIntegerField(verbose_name='批次')),
                ('state', models.CharField(choices=[('waiting', '待发'), ('claimed', '正在发'), ('done', '办结'), ('stopped', '停发')], default='waiting', max_length=10, verbose_name='状态')),
                ('numbers', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=15), verbose_name='号码')),
                ('size', models.PositiveSmallIntegerField(verbose_name='人数')),
                ('sent', models.PositiveSmallIntegerField(default=0, verbose_name='已受理')),
                ('refused', models.PositiveSmallIntegerField(default=0, verbose_name='拒收')),
                ('uncertain', models.PositiveSmallIntegerField(default=0, verbose_name='不确定')),
                ('settled', models.PositiveSmallIntegerField(default=0, verbose_name='已了')),
                ('providers', models.JSONField(default=dict, help_text='运营商：结果：人数', verbose_name='各运营商')),
                ('out', django.contrib.postgres.fields.ArrayField(base_field=models.SmallIntegerField(), default=list, verbose_name='在途')),
                ('claim', models.UUIDField(null=True, verbose_name='认领')),
                ('claimed_at', models.DateTimeField(null=True, verbose_name='认领时间')),
                ('done_at', models.DateTimeField(null=True, verbose_name='办结')),
                ('delivery', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='batches', to='alerts.delivery')),
            ],
            options={
                'verbose_name': '群发批次',
            },
        ),
        migrations.CreateModel(
            name='MassAttempt',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('place', models.SmallIntegerField(verbose_name='序号')),
                ('at', models.DateTimeField(verbose_name='时间')),
                ('provider', models.CharField(max_length=40, verbose_name='运营商')),
                ('outcome', models.CharField(max_length=10, verbose_name='结果')),
                ('reason', models.CharField(blank=True, max_length=60, verbose_name='原因')),
                ('reference', models.CharField(blank=True, max_length=65, verbose_name='运营商编号')),
                ('batch', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='attempts', to='alerts.massbatch')),
            ],
            options={
                'verbose_name': '群发结果',
            },
        ),
        migrations.CreateModel(
            name='Recipient',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.CharField(max_length=15, verbose_name='号码')),
                ('area_code', models.CharField(max_length=12, verbose_name='区划代码')),
                ('added_at', models.DateTimeField(verbose_name='登记')),
            ],
            options={
                'verbose_name': '登记号码',
                'constraints': [models.UniqueConstraint(fields=('area_code', 'number'), name='alerts_recipient_once')],
            },
        ),
        migrations.AddConstraint(
            model_name='massbatch',
            constraint=models.UniqueConstraint(fields=('delivery', 'n'), name='alerts_massbatch_n'),
        ),
        migrations.AddIndex(
            model_name='massattempt',
            index=models.Index(fields=['batch', 'place'], name='alerts_massattempt_place'),
        ),
        migrations.RunSQL(MAKE, DROP),
    ]
