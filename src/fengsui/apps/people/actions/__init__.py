"""Verbs of people: one function each; the only place that saves."""

from fengsui.apps.people.actions.accounts import (
    deactivate,
    open_account,
    open_first,
    reactivate,
    reset_factor,
    reset_password,
    stop_sessions,
    unlock,
)
from fengsui.apps.people.actions.entering import log_in, log_in_demo, second_factor
from fengsui.apps.people.actions.own import (
    begin_session,
    change_password,
    confirm_factor,
    end_session,
    log_out,
    prepare_factor,
)
from fengsui.apps.people.actions.phones import reveal_phone
from fengsui.apps.people.actions.posts import approve, assign, leave_post, refuse, take_post, withdraw
from fengsui.apps.people.actions.screens import grant_screen, open_screen, revoke_screen
from fengsui.apps.people.actions.shifts import keep_shift, offer_shift, take_shift
from fengsui.apps.people.actions.tokens import make_token, revoke_own_token, revoke_token

__all__ = [
    "approve",
    "assign",
    "begin_session",
    "change_password",
    "confirm_factor",
    "deactivate",
    "end_session",
    "grant_screen",
    "keep_shift",
    "leave_post",
    "log_in",
    "log_in_demo",
    "log_out",
    "make_token",
    "offer_shift",
    "open_account",
    "open_first",
    "open_screen",
    "prepare_factor",
    "reactivate",
    "refuse",
    "reset_factor",
    "reset_password",
    "reveal_phone",
    "revoke_own_token",
    "revoke_screen",
    "revoke_token",
    "second_factor",
    "stop_sessions",
    "take_post",
    "take_shift",
    "unlock",
    "withdraw",
]
