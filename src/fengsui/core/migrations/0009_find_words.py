import django.contrib.postgres.indexes
from django.db import migrations, models

# The words of what the index holds already; the nightly rebuild says them more exactly.
FILL = """
INSERT INTO core_findword (word)
SELECT DISTINCT found[1] FROM core_findrow, regexp_matches(words, '[a-z]{3,}|[\u3400-\u9fff]{6,}', 'g') AS found
"""


class Migration(migrations.Migration):

    dependencies = [
        ('core', '0008_sheets'),
    ]

    operations = [
        migrations.CreateModel(
            name='FindWord',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('word', models.TextField(help_text='core.find.spelling.runs', verbose_name='词')),
            ],
            options={
                'verbose_name': '查找词典',
                'indexes': [django.contrib.postgres.indexes.HashIndex(fields=['word'], name='core_findword_word'), django.contrib.postgres.indexes.GinIndex(fastupdate=False, fields=['word'], name='core_findword_like', opclasses=['gin_trgm_ops'])],
            },
        ),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
    ]
