"""The shipped district once a file: each test changes it inside a savepoint of its own."""

from __future__ import annotations

import pytest
from django.db import transaction

from tests.contracts.story import load_district, quick_passwords
from tests.ledger.make import actor


@pytest.fixture(scope="module")
def loaded(django_db_setup, django_db_blocker):
    with quick_passwords(), django_db_blocker.unblock(), transaction.atomic():
        load_district()
        yield
        transaction.set_rollback(True)


@pytest.fixture
def district(loaded, db):
    return None


@pytest.fixture
def by(district):
    return actor()
