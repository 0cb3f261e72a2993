"""Verbs of alerts: one function each; the only place that saves."""

from fengsui.apps.alerts.actions.answering import report_seen, retry, waive
from fengsui.apps.alerts.actions.calling import acknowledge, not_reached, pass_on
from fengsui.apps.alerts.actions.deciding import confirm, keep, reject, revise, send_back
from fengsui.apps.alerts.actions.drafting import draft_by_hand, take_signal
from fengsui.apps.alerts.actions.issuing import cancel, issue, lift
from fengsui.apps.alerts.actions.loading import load_outlets
from fengsui.apps.alerts.actions.queueing import sweep
from fengsui.apps.alerts.actions.sending import deliver
from fengsui.apps.alerts.actions.stopping import stop_all

__all__ = [
    "acknowledge",
    "cancel",
    "confirm",
    "deliver",
    "draft_by_hand",
    "issue",
    "keep",
    "lift",
    "load_outlets",
    "not_reached",
    "pass_on",
    "reject",
    "report_seen",
    "retry",
    "revise",
    "send_back",
    "stop_all",
    "sweep",
    "take_signal",
    "waive",
]
