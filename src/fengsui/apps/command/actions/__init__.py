"""Verbs of command, one module a noun."""

from fengsui.apps.command.actions.closing import close_incident
from fengsui.apps.command.actions.closures import close_road, lift_flood, mark_flooded, reopen_road
from fengsui.apps.command.actions.orders import dispatch, move
from fengsui.apps.command.actions.responses import (
    activate,
    change_level,
    decline_response,
    end_response,
    propose_response,
    widen,
)
from fengsui.apps.command.actions.tasks import (
    accept_task,
    assign_task,
    block_task,
    decline_task,
    finish_by_report,
    finish_task,
    keep_photo,
    report_progress,
    start_task,
    waive_task,
)

__all__ = [
    "accept_task",
    "activate",
    "assign_task",
    "block_task",
    "change_level",
    "close_incident",
    "close_road",
    "decline_response",
    "decline_task",
    "dispatch",
    "end_response",
    "finish_by_report",
    "finish_task",
    "keep_photo",
    "lift_flood",
    "mark_flooded",
    "move",
    "propose_response",
    "reopen_road",
    "report_progress",
    "start_task",
    "waive_task",
    "widen",
]
