"""Jobs of the installation itself."""

from __future__ import annotations

from django.utils import timezone
from procrastinate.contrib.django import app

from fengsui.config import self_check
from fengsui.config.backup import timer
from fengsui.config.proofs import KIND
from fengsui.config.standby import watch
from fengsui.core import proofs
from fengsui.core.jobs import clean
from fengsui.core.ports import PortAbsent, port
from fengsui.kernel.errors import FengsuiError


@app.periodic(cron="*/5 * * * *")
@app.task(name="config.ask_engines", queue="upkeep", queueing_lock="ask_engines")
@clean
def ask_engines(timestamp: int) -> None:
    """An engine that does not answer, a standby that does not follow: noticed before somebody needs it."""
    now = timezone.now()
    try:
        network = port("router").network()
    except (PortAbsent, FengsuiError) as error:
        proofs.fail(KIND.code, "roads", at=now, why=error.code)
    else:
        proofs.prove(KIND.code, "roads", at=now, how=f"{network.engine} 应答")
    watch.look()


@app.periodic(cron="*/5 * * * *")
@app.task(name="config.back_up", queue="upkeep", queueing_lock="back_up", lock="back_up")
@clean
def back_up(timestamp: int) -> None:
    """A base backup where one is due; whether the log's archive keeps up."""
    timer.look()


@app.periodic(cron="* * * * *")
@app.task(name="config.look_inside", queue="upkeep", queueing_lock="look_inside")
@clean
def look_inside(timestamp: int) -> None:
    """What `doctor` can see from inside."""
    self_check.look(timezone.now())
