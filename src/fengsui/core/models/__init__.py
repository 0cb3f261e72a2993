"""Tables that every app stands on."""

from fengsui.core.models.api import GivenAnswer
from fengsui.core.models.clocks import Clock, ClockFiring, ClockPause, ClockRuleRow
from fengsui.core.models.finding import FindRow, FindWord
from fengsui.core.models.ledgers import LedgerImport, LedgerState
from fengsui.core.models.levels import LogLevel
from fengsui.core.models.maps import EVERY_WORLD, MapCell, MapPoint
from fengsui.core.models.proofs import LastProof
from fengsui.core.models.record import AuditCheckpoint, AuditHead, AuditRow, Handled, StoredEvent
from fengsui.core.models.sheets import LedgerChosen, LedgerStep, LedgerView
from fengsui.core.models.worlds import InWorld, UnscopedError, World, WorldManager, WorldQuerySet

__all__ = [
    "EVERY_WORLD",
    "AuditCheckpoint",
    "AuditHead",
    "AuditRow",
    "Clock",
    "ClockFiring",
    "ClockPause",
    "ClockRuleRow",
    "FindRow",
    "FindWord",
    "GivenAnswer",
    "Handled",
    "InWorld",
    "LastProof",
    "LedgerChosen",
    "LedgerImport",
    "LedgerState",
    "LedgerStep",
    "LedgerView",
    "LogLevel",
    "MapCell",
    "MapPoint",
    "StoredEvent",
    "UnscopedError",
    "World",
    "WorldManager",
    "WorldQuerySet",
]
