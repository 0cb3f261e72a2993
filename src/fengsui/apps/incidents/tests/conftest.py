import pytest

from fengsui.apps.incidents.tests.make import make_district


@pytest.fixture
def actors(db):
    return make_district()
