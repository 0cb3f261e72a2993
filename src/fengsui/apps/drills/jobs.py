"""The scenario plays beside the requests: a job for half a minute at a time, taken up again where it stood."""

from __future__ import annotations

import time
from uuid import UUID

from django.utils import timezone
from procrastinate.contrib.django import app

from fengsui.apps.drills import actions
from fengsui.core.jobs import clean
from fengsui.core.retries import RETRY

TURN_S = 30.0
LOOK_S = 1.0


@app.task(name="drills.play", queue="drills", retry=RETRY)
@clean
def play(exercise_id: str) -> None:
    until = time.monotonic() + TURN_S
    while time.monotonic() < until:
        left = actions.play_due(exercise_id=UUID(exercise_id), now=timezone.now())
        if left is None:
            return
        time.sleep(min(LOOK_S, max(0.05, left)))
    play.defer(exercise_id=exercise_id)


def defer(exercise: UUID) -> None:
    play.defer(exercise_id=str(exercise))


actions.carried_by(defer)
