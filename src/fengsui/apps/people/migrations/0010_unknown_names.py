"""Failed logins under names that nobody has."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("people", "0009_screens")]
    operations = [
        migrations.CreateModel(
            name="UnknownName",
            fields=[
                ("digest", models.CharField(max_length=64, primary_key=True, serialize=False)),
                ("failures", models.PositiveIntegerField(default=0)),
                ("locked_until", models.DateTimeField(null=True)),
                ("at", models.DateTimeField(db_index=True)),
            ],
        ),
    ]
