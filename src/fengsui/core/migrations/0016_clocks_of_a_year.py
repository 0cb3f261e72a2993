"""Clocks of a year: their list in order of due time, and what somebody closed in a shift, without reading them all."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("core", "0015_fetch_in_two_steps")]
    operations = [
        migrations.AddIndex("clock", models.Index(fields=["world", "due_at", "id"], name="core_clock_due")),
        migrations.AddIndex(
            "clock",
            models.Index(
                fields=["closed_by", "closed_at"],
                condition=models.Q(("closed_by__isnull", False)),
                name="core_clock_closed",
            ),
        ),
    ]
