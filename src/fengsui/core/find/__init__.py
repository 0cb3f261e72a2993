"""Find anything: what an app declares as findable is kept in one index and asked by one search.

An app's `findable.py` needs only what is named here. Registers are findable without any.
"""

from fengsui.core.find import jobs  # noqa: F401 - its tasks register themselves
from fengsui.core.find.registry import Findable, Said, add, findables

__all__ = ["Findable", "Said", "add", "findables"]
