"""Deb files with all they depend on, down to libc, and an index that apt reads them by."""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from fengsui.config.ops.console import Problem


def architecture() -> str:
    return subprocess.run(["dpkg", "--print-architecture"], capture_output=True, text=True, check=True).stdout.strip()


def fetch(folder: Path, names: Sequence[str], work: Path) -> None:
    """All that `names` need on a system that has nothing, from the sources of this one, whose state is not touched."""
    for each in ("lists/partial", "cache/archives/partial"):
        (work / each).mkdir(parents=True)
    (work / "status").touch()
    apt = [
        *("apt-get", "-q", "-y", "-o", f"Dir::State::Lists={work}/lists", "-o", f"Dir::State::status={work}/status"),
        *("-o", f"Dir::Cache={work}/cache", "-o", "Debug::NoLocking=1", "-o", "APT::Sandbox::User=root"),
        *("-o", "APT::Update::Post-Invoke::=true", "-o", "APT::Get::List-Cleanup=false"),
    ]
    _run([*apt, "update"])
    _run([*apt, "install", "--download-only", "--no-install-recommends", *names])
    folder.mkdir(parents=True)
    for path in sorted((work / "cache/archives").glob("*.deb")):
        path.rename(folder / path.name.replace("%3a", "-"))  # an epoch's colon, as apt writes it into names
    index(folder)


def index(folder: Path) -> None:
    """`Packages` of the deb files in `folder`: their control fields, size and SHA-256, which apt checks again."""
    parts = []
    for path in sorted(folder.glob("*.deb")):
        told = subprocess.run(["dpkg-deb", "--field", str(path)], capture_output=True, text=True, check=True).stdout
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        parts.append(f"{told.strip()}\nFilename: ./{path.name}\nSize: {path.stat().st_size}\nSHA256: {digest}\n")
    (folder / "Packages").write_text("\n".join(parts))


def _run(command: list[str]) -> None:
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}
    done = subprocess.run(command, capture_output=True, text=True, env=env, check=False)
    if done.returncode:
        lines = "\n".join((done.stdout + done.stderr).strip().splitlines()[-8:])
        raise Problem(f"apt-get 失败:\n{lines}", f"apt-get failed:\n{lines}")
