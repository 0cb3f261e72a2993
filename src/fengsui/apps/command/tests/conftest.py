import pytest

from fengsui.apps.command.tests.make import make_plan, make_teams
from fengsui.apps.incidents.tests.make import make_district


@pytest.fixture
def actors(db):
    found = make_district()
    make_plan()
    found |= make_teams()
    return found
