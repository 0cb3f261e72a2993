from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("people", "0006_tokens")]

    operations = [
        migrations.AddField("organisation", "retired_at", models.DateTimeField("停用", null=True, blank=True)),
        migrations.AddField("person", "retired_at", models.DateTimeField("停用", null=True, blank=True)),
        migrations.AddField("post", "retired_at", models.DateTimeField("停用", null=True, blank=True)),
    ]
