from fengsui.apps.command.tests.conftest import actors
from fengsui.apps.command.tests.test_orders import no_roads, roads

__all__ = ["actors", "no_roads", "roads"]
