import uuid

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("people", "0008_staff_numbers")]

    operations = [
        migrations.CreateModel(
            name="Screen",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("world_id", models.UUIDField(verbose_name="世界")),
                ("name", models.CharField(max_length=60, verbose_name="屏名")),
                ("layout", models.CharField(help_text="wide 3840×1080，single 1920×1080", max_length=8, verbose_name="版式")),
                ("factor", models.PositiveSmallIntegerField(default=100, verbose_name="字号系数 %")),
                ("code_digest", models.CharField(blank=True, max_length=64)),
                ("code_until", models.DateTimeField(null=True, verbose_name="配对码到期")),
                ("digest", models.CharField(blank=True, db_index=True, max_length=64)),
                ("granted_at", models.DateTimeField(verbose_name="授权")),
                ("expires_at", models.DateTimeField(verbose_name="到期")),
                ("opened_at", models.DateTimeField(null=True, verbose_name="配对")),
                ("source", models.CharField(blank=True, max_length=45, verbose_name="来自")),
                ("seen_at", models.DateTimeField(null=True, verbose_name="最近取数")),
                ("revoked_at", models.DateTimeField(null=True, verbose_name="撤销")),
                ("granted_by", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="people.person", verbose_name="授权人")),
                ("revoked_by", models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="people.person")),
            ],
            options={"verbose_name": "大屏", "ordering": ["-granted_at"]},
        ),
    ]
