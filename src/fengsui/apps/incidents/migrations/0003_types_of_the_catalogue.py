"""A hazard added to the catalogue brings its type of incident: the table does not list them."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("incidents", "0002_frozen_facts")]

    operations = [
        migrations.AlterField(
            "incident",
            "type_code",
            models.CharField(help_text="rules.TYPES", max_length=5, verbose_name="类型代码"),
        )
    ]
