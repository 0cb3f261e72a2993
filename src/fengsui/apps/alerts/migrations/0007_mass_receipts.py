import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.db.models.deletion
from django.db import migrations, models

TABLE = "alerts_massattempt"
OFF = f"ALTER TABLE {TABLE} DISABLE TRIGGER USER"
ON = f"ALTER TABLE {TABLE} ENABLE TRIGGER USER"
GATHER = f"""
INSERT INTO {TABLE} (batch_id, place, at, provider, outcome, reason, reference, places, message_ids)
SELECT batch_id, 0, min(at), provider, outcome, reason, '', array_agg(place ORDER BY id),
    CASE WHEN outcome = 'sent' THEN array_agg(reference ORDER BY id) ELSE '{{}}' END
FROM {TABLE} WHERE places = '{{}}' GROUP BY batch_id, provider, outcome, reason;
DELETE FROM {TABLE} WHERE places = '{{}}';
"""
RECEIPTS = "alerts_massreceipt"
MAKE = (
    f"CREATE TRIGGER {RECEIPTS}_append_only BEFORE UPDATE OR DELETE ON {RECEIPTS} "
    f"FOR EACH ROW EXECUTE FUNCTION core_refuse_change();"
    f"CREATE TRIGGER {RECEIPTS}_no_truncate BEFORE TRUNCATE ON {RECEIPTS} "
    f"FOR EACH STATEMENT EXECUTE FUNCTION core_refuse_change();"
)
DROP = f"DROP TRIGGER {RECEIPTS}_append_only ON {RECEIPTS}; DROP TRIGGER {RECEIPTS}_no_truncate ON {RECEIPTS};"


class Migration(migrations.Migration):

    dependencies = [
        ('alerts', '0006_take_along'),
    ]

    operations = [
        migrations.AddField(
            model_name='massattempt',
            name='places',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.SmallIntegerField(), default=list, verbose_name='序号'),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name='massattempt',
            name='message_ids',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=65), default=list, help_text='按序号的次序；未受理的没有', verbose_name='运营商编号'),
        ),
        migrations.RemoveIndex(
            model_name='massattempt',
            name='alerts_massattempt_place',
        ),
        migrations.RunSQL([OFF, GATHER, ON], migrations.RunSQL.noop),
        migrations.RemoveField(
            model_name='massattempt',
            name='place',
        ),
        migrations.RemoveField(
            model_name='massattempt',
            name='reference',
        ),
        migrations.AddIndex(
            model_name='massattempt',
            index=models.Index(fields=['batch'], name='alerts_massattempt_batch'),
        ),
        migrations.AddField(
            model_name='massattempt',
            name='asked',
            field=models.BooleanField(default=False, verbose_name='要求回执'),
        ),
        migrations.AddField(
            model_name='massbatch',
            name='asked',
            field=models.PositiveSmallIntegerField(default=0, verbose_name='要求回执'),
        ),
        migrations.AddField(
            model_name='massbatch',
            name='delivered',
            field=models.PositiveSmallIntegerField(default=0, verbose_name='手机已收'),
        ),
        migrations.AddField(
            model_name='massbatch',
            name='failed',
            field=models.PositiveSmallIntegerField(default=0, verbose_name='手机未收'),
        ),
        migrations.AddIndex(
            model_name='massattempt',
            index=django.contrib.postgres.indexes.GinIndex(condition=models.Q(('asked', True)), fields=['message_ids'], name='alerts_massattempt_ids'),
        ),
        migrations.CreateModel(
            name='MassReceipt',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('at', models.DateTimeField(verbose_name='时间')),
                ('outcome', models.CharField(max_length=10, verbose_name='结果')),
                ('word', models.CharField(blank=True, max_length=60, verbose_name='网络的说法')),
                ('places', django.contrib.postgres.fields.ArrayField(base_field=models.SmallIntegerField(), verbose_name='序号')),
                ('batch', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='receipts', to='alerts.massbatch')),
            ],
            options={
                'verbose_name': '手机回执',
            },
        ),
        migrations.CreateModel(
            name='MassEarly',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('provider', models.CharField(max_length=40, verbose_name='运营商')),
                ('message_id', models.CharField(max_length=65, verbose_name='运营商编号')),
                ('outcome', models.CharField(max_length=10, verbose_name='结果')),
                ('word', models.CharField(blank=True, max_length=60, verbose_name='网络的说法')),
                ('at', models.DateTimeField(verbose_name='时间')),
            ],
            options={
                'verbose_name': '待对的回执',
            },
        ),
        migrations.AddConstraint(
            model_name='massearly',
            constraint=models.UniqueConstraint(fields=('provider', 'message_id'), name='alerts_massearly_once'),
        ),
        migrations.RunSQL(MAKE, DROP),
    ]
