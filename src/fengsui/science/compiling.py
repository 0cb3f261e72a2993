"""numba's `njit` with a memory on disk: a process takes compiled loops up in tenths of a second, not in half a minute.

numba can keep what it compiled, but it tells a function that calls others by their random numbers and would never find
it again: here each gets a number by what it is. And it does not see that a function called from another file changed:
here what is kept belongs to the sources of all models together, and to nothing else.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import FunctionType
from typing import Any, overload

import numba
from numba.extending import intrinsic as _intrinsic

HERE = Path(__file__).parent
OLD_S = 30 * 86_400.0
"""What other sources had compiled is thrown away when nobody has used it for so long."""
_named: Counter[str] = Counter()


def _folder() -> Path | None:
    """Where compiled code is kept: FENGSUI_CODE_CACHE, var/ of a checkout, or the user's cache; None where it cannot be
    written, or where somebody else could: whatever lies there is run."""
    root = HERE.parents[2]
    home = os.environ.get("FENGSUI_CODE_CACHE") or (
        str(root / "var/compiled") if (root / "fengsui").is_file() else "~/.cache/fengsui/compiled"
    )
    folder = Path(home).expanduser() / _sources()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        facts = folder.stat()
    except OSError:
        return None
    if facts.st_uid != os.geteuid() or facts.st_mode & 0o022 or not os.access(folder, os.W_OK):
        return None
    with suppress(OSError):
        os.utime(folder)
        for other in folder.parent.iterdir():
            if time.time() - other.stat().st_mtime > OLD_S:
                shutil.rmtree(other, ignore_errors=True)
    return folder


def _sources() -> str:
    hashed = hashlib.sha256(numba.__version__.encode())
    for file in sorted(HERE.rglob("*.py")):
        if "tests" not in file.parts:
            hashed.update(file.read_bytes())
    return hashed.hexdigest()[:16]


FOLDER = _folder()
if FOLDER is not None:
    settings: Any = numba.config
    settings.CACHE_DIR = str(FOLDER)


@overload
def njit[F: Callable[..., Any]](function: F, /, **how: Any) -> F: ...
@overload
def njit[F: Callable[..., Any]](**how: Any) -> Callable[[F], F]: ...
def njit(function: Callable[..., Any] | None = None, /, **how: Any) -> Any:
    """As numba's, kept. Functions are told apart by name and by the order in which they are made."""
    if function is None:
        return lambda given: njit(given, **how)
    # What is written into its callers is never compiled by itself.
    kept = FOLDER is not None and how.get("inline") != "always"
    return _numbered(numba.njit(_named_by(how, function) if kept else function, cache=kept, **how), function, how)


def _named_by(how: dict[str, Any], function: Any) -> Any:
    """A copy that has its options in its name. numba keeps code by name, line, types and what a function holds: a loop
    compiled for one core, as a small grid wants it, was taken for the one that runs on all."""
    options = hashlib.sha256(repr(_told(how)).encode()).hexdigest()[:8]
    made: Any = FunctionType(
        function.__code__, function.__globals__, function.__name__, function.__defaults__, function.__closure__
    )
    made.__module__, made.__kwdefaults__ = function.__module__, function.__kwdefaults__
    made.__qualname__ = f"{function.__qualname__}.{options}"
    return made


def intrinsic(function: Callable[..., Any]) -> Any:
    return _numbered(_intrinsic(function), function, {})


def _told(how: dict[str, Any]) -> dict[str, Any]:
    """Options in one order: a set has none."""
    return {key: sorted(value) if isinstance(value, set) else value for key, value in sorted(how.items())}


def _numbered(made: Any, function: Callable[..., Any], how: dict[str, Any]) -> Any:
    name = f"{function.__module__}.{function.__qualname__}{_told(how)}"
    _named[name] += 1
    made._set_uuid(f"{name}#{_named[name]}")
    return made
