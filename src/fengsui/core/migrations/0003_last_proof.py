from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('core', '0002_append_only_and_live_world'),
    ]

    operations = [
        migrations.CreateModel(
            name='LastProof',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(max_length=40, verbose_name='类别')),
                ('key', models.CharField(max_length=80, verbose_name='对象')),
                ('at', models.DateTimeField(null=True, verbose_name='最近证明')),
                ('how', models.CharField(blank=True, max_length=200, verbose_name='凭什么')),
                ('failed_at', models.DateTimeField(null=True, verbose_name='最近失败')),
                ('failure', models.CharField(blank=True, max_length=300, verbose_name='失败原因')),
            ],
            options={
                'verbose_name': '存活证明',
                'constraints': [models.UniqueConstraint(fields=('kind', 'key'), name='core_proof_once'), models.CheckConstraint(condition=models.Q(('failure', ''), models.Q(('failed_at', None), _negated=True), _connector='OR'), name='core_proof_failure_has_time')],
            },
        ),
    ]
