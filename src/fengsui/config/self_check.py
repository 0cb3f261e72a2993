"""The platform looks at itself with `doctor`'s eyes: each group of faults is a proof of life, its failure a clock."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import connection

from fengsui.config.ops import doctor_look
from fengsui.config.proofs import SELF
from fengsui.core import proofs


def look(now: datetime) -> None:
    """Prove every sound group, fail the others with all that is wrong and what to do, in the source language."""
    for key, faults in doctor_look.look(_ask).items():
        if faults:
            proofs.fail(SELF.code, key, at=now, why="；".join(each.zh for each in faults))
        else:
            proofs.prove(SELF.code, key, at=now, how="自查正常")


def _ask(query: str) -> Sequence[Sequence[Any]]:
    with connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchall()
