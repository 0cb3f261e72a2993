"""One told story a file; each test undoes what it did."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.conf import settings
from django.db import transaction

from tests.contracts.story import Story, tell


@pytest.fixture(scope="module")
def told_once(django_db_setup, django_db_blocker) -> Iterator[Story]:
    slow, settings.PASSWORD_HASHERS = settings.PASSWORD_HASHERS, ["django.contrib.auth.hashers.MD5PasswordHasher"]
    with django_db_blocker.unblock(), transaction.atomic():
        yield tell()
        transaction.set_rollback(True)
    settings.PASSWORD_HASHERS = slow


@pytest.fixture
def story(told_once: Story, db: None) -> Story:
    return told_once
