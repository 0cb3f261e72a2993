"""One told story for each test of the API."""

from __future__ import annotations

import pytest

from tests.contracts.story import Story, tell


@pytest.fixture
def told(db, settings) -> Story:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.DEMO = True  # the story's leaders have no telephone to prove a second factor with
    return tell()
