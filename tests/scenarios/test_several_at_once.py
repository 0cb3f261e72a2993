"""Five places cross at once, three officers press at the same warnings, one team is wanted twice, the shift changes."""

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


def test_nothing_is_drafted_twice_promised_twice_or_forgotten_when_everything_comes_at_once(tmp_path: Path) -> None:
    env = {key: value for key, value in os.environ.items() if key not in OURS}
    env |= {"FENGSUI_VAR": str(tmp_path), "PYTHONPATH": str(REPO / "src"), "FENGSUI_LANG": "en"}
    command = [*launcher("TERM"), sys.executable, "-m", "fengsui.config", "demo", "--headless", "--busy"]
    told = subprocess.run(command, env=env, capture_output=True, text=True, timeout=500, check=False)
    said = told.stdout + told.stderr
    assert told.returncode == 0, said[-6000:]
    assert "10 of 10 steps really happened" in said
