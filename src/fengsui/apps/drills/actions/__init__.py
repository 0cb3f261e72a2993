"""Verbs of an exercise: plan, drop, start, join, leave, end; and the scenario that plays in it."""

from fengsui.apps.drills.actions.ending import end
from fengsui.apps.drills.actions.planning import drop, plan
from fengsui.apps.drills.actions.running import carried_by, join, leave, play_due, start

__all__ = ["carried_by", "drop", "end", "join", "leave", "plan", "play_due", "start"]
