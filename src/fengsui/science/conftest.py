"""Real series that stand beside the repository; where they are absent their tests say so."""

from __future__ import annotations

from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[4] / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    if not (SHARED / "data").is_dir():
        pytest.skip(f"no {SHARED}/data here, so the models are NOT held against real series")
    return SHARED
