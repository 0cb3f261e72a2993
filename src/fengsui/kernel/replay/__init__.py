"""Measured series played again. Pure: files in, a time-ordered list of readings out; publishing is somebody else's.

replay = load(folder)                          the district's own table with its declared mapping and planted faults
replay = load(folder, file=Path("any.csv"))    anybody's series, laid over the same stations
for due in schedule(replay, speed=600, start=now): wait due.after_s; publish payload(due)
"""

from fengsui.kernel.replay.faults import plant
from fengsui.kernel.replay.layout import Layout, Series, Table, read_layouts
from fengsui.kernel.replay.models import Due, Item, Replay, ReplayError, payload, schedule
from fengsui.kernel.replay.past import Before, Lived, load_past
from fengsui.kernel.replay.play import load, read_mapping
from fengsui.kernel.replay.table import read_csv

__all__ = [
    "Before",
    "Due",
    "Item",
    "Layout",
    "Lived",
    "Replay",
    "ReplayError",
    "Series",
    "Table",
    "load",
    "load_past",
    "payload",
    "plant",
    "read_csv",
    "read_layouts",
    "read_mapping",
    "schedule",
]
