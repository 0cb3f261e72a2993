"""`manage load_district CODE`: read, check and store a district's files."""

from __future__ import annotations

import os
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from fengsui.apps.places.models import Area
from fengsui.config.district.devices import provision
from fengsui.config.district.load import load
from fengsui.config.ops.console import word
from fengsui.config.ops.home import Home
from fengsui.kernel import district as files


class Command(BaseCommand):
    help = "Load the reviewed files of one district; loading again is harmless."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("code", nargs="?", default=settings.FENGSUI_DISTRICT)

    def handle(self, *args: Any, code: str, **options: Any) -> None:
        try:
            self._store(files.load(code, settings.FENGSUI_DISTRICTS))
        except files.DistrictError as error:
            raise CommandError(str(error)) from error

    def _store(self, district: files.District) -> None:
        other = Area.objects.filter(kind="district").exclude(code=district.code).first()
        if other is not None:
            raise CommandError(
                word(
                    f"这里已装入 {other.name}（{other.code}），不能再装入 {district.name}；请另设 FENGSUI_VAR 或数据库",
                    f"{other.code} lives here already; give {district.code} a FENGSUI_VAR or database of its own",
                )
            )
        password = os.environ.get("FENGSUI_DEMO_PASSWORD", "") if settings.DEMO else ""
        done = load(district, now=timezone.now(), demo_password=password)
        done.counts["设备账号"] = provision(district, Home.here())
        self.stdout.write("、".join(f"{name} {count}" for name, count in done.counts.items()))
