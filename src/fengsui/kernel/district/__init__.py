"""One district as data: `load(code, root)` reads, checks and completes the files of `districts/<code>/`.

Nothing here knows any district. What files only count (people, communities, shelters) is made with the district's seed
and marked `illustrative`; every object says its provenance.
"""

from fengsui.kernel.district.check import findings
from fengsui.kernel.district.load import RECEIPT, DistrictError, assemble, clock_kinds, find, find_root, load, stamp
from fengsui.kernel.district.models import (
    Account,
    Area,
    Chain,
    Checkpoint,
    ClockFact,
    Depot,
    District,
    Holding,
    Organisation,
    Outlet,
    Person,
    Plan,
    PlanLevel,
    PlanTask,
    Point,
    Post,
    Provenance,
    Shelter,
    Station,
    Team,
)
from fengsui.kernel.district.reading import TAKEN

__all__ = [
    "RECEIPT",
    "TAKEN",
    "Account",
    "Area",
    "Chain",
    "Checkpoint",
    "ClockFact",
    "Depot",
    "District",
    "DistrictError",
    "Holding",
    "Organisation",
    "Outlet",
    "Person",
    "Plan",
    "PlanLevel",
    "PlanTask",
    "Point",
    "Post",
    "Provenance",
    "Shelter",
    "Station",
    "Team",
    "assemble",
    "clock_kinds",
    "find",
    "find_root",
    "findings",
    "load",
    "stamp",
]
