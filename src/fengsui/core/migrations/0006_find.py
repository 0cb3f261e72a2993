import django.contrib.postgres.indexes
import django.db.models.deletion
from django.contrib.postgres.operations import TrigramExtension
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('core', '0005_given_answers'),
    ]

    operations = [
        TrigramExtension(),
        migrations.CreateModel(
            name='FindRow',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(help_text='core.find.registry.Findable.code', max_length=48, verbose_name='种类')),
                ('key', models.CharField(max_length=64, verbose_name='主键')),
                ('title', models.CharField(max_length=200, verbose_name='名称')),
                ('title_en', models.CharField(blank=True, max_length=200)),
                ('detail', models.CharField(blank=True, max_length=240, verbose_name='说明')),
                ('detail_en', models.CharField(blank=True, max_length=240)),
                ('url', models.CharField(max_length=200, verbose_name='去处')),
                ('is_open', models.BooleanField(default=False, verbose_name='未了')),
                ('words', models.TextField(help_text='core.find.spelling.written', verbose_name='写法')),
                ('world', models.ForeignKey(help_text='空为各世界共有的主数据', null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='core.world')),
            ],
            options={
                'verbose_name': '查找索引',
                'indexes': [django.contrib.postgres.indexes.GinIndex(fields=['words'], name='core_find_words', opclasses=['gin_trgm_ops'])],
                'constraints': [models.UniqueConstraint(fields=('kind', 'key'), name='core_find_once')],
            },
        ),
    ]
