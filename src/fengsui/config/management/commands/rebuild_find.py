"""`manage rebuild_find`: the index of everything that can be found, anew from the apps' rows."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from fengsui.core.find import findables, keeping


class Command(BaseCommand):
    help = "Build the search index anew; nothing is lost by it, and nobody has to stop working."

    def handle(self, *args: Any, **options: Any) -> None:
        counted = keeping.rebuild()
        for code, rows in counted.items():
            self.stdout.write(f"{code}\t{findables()[code].name}\t{rows}")
        self.stdout.write(f"{sum(counted.values())}")
