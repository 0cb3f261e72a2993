"""What a platform needs beside its database: secrets, devices' credentials, ports. Copied with a checksum of each."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from pathlib import Path

NEEDED = (
    "secret_key",
    "webhook_secret",
    "demo_password",
    "ports.json",
    "broker/devices.json",
    "broker/devices.secret",
    "broker/internal.secret",
)
"""Not the broker's stream, roads, front end, guides (made again at the start) and logs. Photos and papers are rows."""
SUMS = "files.json"


def copy(var: Path, to: Path) -> None:
    """The files that are there, readable by their owner only, on disk before it returns."""
    sums = {}
    to.mkdir(mode=0o700)
    for name in NEEDED:
        if (var / name).is_file():
            target = to / name
            target.parent.mkdir(mode=0o700, exist_ok=True)
            body = (var / name).read_bytes()
            _write(target, body)
            sums[name] = hashlib.sha256(body).hexdigest()
    _write(to / SUMS, json.dumps(sums, indent=1).encode())


def broken(folder: Path) -> list[str]:
    """Files whose content is not what was copied."""
    sums = json.loads((folder / SUMS).read_bytes())
    return [
        name
        for name, digest in sums.items()
        if not (folder / name).is_file() or hashlib.sha256((folder / name).read_bytes()).hexdigest() != digest
    ]


def put_back(folder: Path, var: Path) -> list[str]:
    """Copy what is not there; nothing is overwritten. Returns the names."""
    done = []
    for name in json.loads((folder / SUMS).read_bytes()):
        target = var / name
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(folder / name, target)
            target.chmod(0o600)
            done.append(name)
    return done


def _write(path: Path, body: bytes) -> None:
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
        out.write(body)
        out.flush()
        os.fsync(out.fileno())
