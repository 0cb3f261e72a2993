"""Registers (台账) declared once. An app's `ledger.py` needs only what is named here."""

from fengsui.core.ledger import jobs, words  # noqa: F401 - tasks and sentences register themselves
from fengsui.core.ledger.choices import Choice, Words
from fengsui.core.ledger.columns import Code, Column, Day, Kind, Number, Phone, Position, Ref, YesNo
from fengsui.core.ledger.listed import Retire
from fengsui.core.ledger.lists import Refs
from fengsui.core.ledger.register import Card, Register, add
from fengsui.core.ledger.shapes import Line, Moment

Text = Kind

__all__ = [
    "Card",
    "Choice",
    "Code",
    "Column",
    "Day",
    "Kind",
    "Line",
    "Moment",
    "Number",
    "Phone",
    "Position",
    "Ref",
    "Refs",
    "Register",
    "Retire",
    "Text",
    "Words",
    "YesNo",
    "add",
]
