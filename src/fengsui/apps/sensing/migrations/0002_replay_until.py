from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("sensing", "0001_first")]

    operations = [
        migrations.AddField(
            model_name="datastream",
            name="replay_until",
            field=models.DateTimeField(blank=True, null=True, verbose_name="回放至"),
        ),
    ]
