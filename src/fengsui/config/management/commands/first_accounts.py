"""`manage first_accounts`: the security administrators of a new installation, who then make all other accounts."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from fengsui.apps.people import actions
from fengsui.kernel.errors import Refused


class Command(BaseCommand):
    help = "Open accounts for the holders of security administrators' posts; print their one-time passwords."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            made = actions.open_first(now=timezone.now())
        except Refused as refused:
            raise CommandError(f"refused: {refused.code}") from refused
        for account, password in made:
            self.stdout.write(f"{account.username}\t{password}")
