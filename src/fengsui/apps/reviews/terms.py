"""Words that page and paper share."""

from __future__ import annotations

from typing import Any

from fengsui.apps.command import rules as command
from fengsui.apps.incidents import rules as incidents
from fengsui.apps.reviews import rules
from fengsui.kernel.clock import STATES as CLOCK_STATES

TERMS: dict[str, Any] = {
    "states": incidents.STATES,
    "grades": incidents.GRADES,
    "sources": incidents.SOURCES,
    "stages": incidents.STAGES,
    "task_states": command.TASK_STATES,
    "moves": command.STAGES,
    "marks": rules.MARKS,
    "clock_states": CLOCK_STATES,
    "paper_states": rules.PAPER_STATES,
    "review_states": rules.STATES,
    "groups": rules.GROUPS,
    "paper_kinds": rules.PAPER_KINDS,
    "finding_states": rules.FINDING_STATES,
}
