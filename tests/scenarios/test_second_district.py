"""Another district plays the whole story by the same code: other names, one bureau, one point, one team, a hundred
degrees further west.

Its folder is the smallest that a district can be; docs/howto/add-a-district.md walks through it.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from fengsui.config.ops.children import launcher
from fengsui.config.ops.home import REPO
from tests.scenarios.installation import OURS

pytestmark = pytest.mark.slow


def _demo(var: Path, district: str) -> subprocess.CompletedProcess[str]:
    env = {key: value for key, value in os.environ.items() if key not in OURS}
    env |= {"FENGSUI_VAR": str(var), "PYTHONPATH": str(REPO / "src"), "FENGSUI_LANG": "en"}
    command = [*launcher("TERM"), sys.executable, "-m", "fengsui.config", "demo", "--headless", "--district", district]
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=400, check=False)


def test_second_district_plays_the_whole_story_and_is_never_mixed_with_the_first(tmp_path: Path) -> None:
    told = _demo(tmp_path, "tests/districts/mini")
    said = told.stdout + told.stderr
    assert told.returncode == 0, said[-4000:]
    assert "20 of 20 steps really happened" in said
    assert "First bridge: orange warning drafted" in said

    refused = _demo(tmp_path, "tiexi")
    assert refused.returncode != 0
    assert "999901 lives here already" in refused.stdout + refused.stderr
