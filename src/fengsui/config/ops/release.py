"""Which version of the code this is, and which one last prepared the data here."""

from __future__ import annotations

import subprocess

from fengsui.config.ops.home import REPO, Home

COMMIT = REPO / "bundle/COMMIT"


def current() -> str:
    """Ten digits of the commit, from git or from the bundle that was unpacked; "" where neither tells."""
    if COMMIT.exists():
        return COMMIT.read_text().strip()
    command = ["git", "-c", f"safe.directory={REPO}", "-C", str(REPO), "rev-parse", "--short=10", "HEAD"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
    except OSError:  # no git here
        return ""


def keep(home: Home) -> None:
    (home.var / "release").write_text(current() + "\n")


def kept(home: Home) -> str:
    try:
        return (home.var / "release").read_text().strip()
    except OSError:
        return ""
