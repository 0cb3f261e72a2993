"""Where things lie: the clone, its run-time folder, and the names derived from its path."""

from __future__ import annotations

import hashlib
import os
import secrets
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from fengsui.config.ops.console import Problem

REPO = Path(__file__).resolve().parents[4]
BIN = Path(sys.executable).parent


@dataclass(frozen=True, slots=True)
class Home:
    """Folders of one installation. Two clones, or two values of FENGSUI_VAR, never share anything."""

    var: Path

    @classmethod
    def here(cls) -> Home:
        home = cls(Path(os.environ.get("FENGSUI_VAR") or REPO / "var").absolute())
        try:
            for folder in (home.var, home.run, home.log):
                folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise Problem(
                f"无法建立 {error.filename}:{error.strerror}。请更改其所有者,或用 FENGSUI_VAR 指定其他目录。",
                f"Cannot make {error.filename}: {error.strerror}. Change its owner or set another FENGSUI_VAR.",
            ) from None
        return home

    @property
    def run(self) -> Path:
        return self.var / "run"

    @property
    def log(self) -> Path:
        return self.var / "log"

    @property
    def key(self) -> str:
        """Eight hex digits that tell this installation from every other on the machine."""
        return hashlib.sha256(os.fsencode(self.var)).hexdigest()[:8]

    def secret(self, name: str) -> str:
        """A secret made at first use and kept in a file only its owner reads."""
        path = self.var / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or not path.read_text().strip():
            part = path.with_name(f"{path.name}.{os.getpid()}.part")
            with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
                out.write(secrets.token_urlsafe(48))
            # Whole or not at all; of two processes that come here together the first one's stays.
            if path.exists() and not path.read_text().strip():
                path.unlink()
            with suppress(FileExistsError):
                os.link(part, path)
            part.unlink()
        return path.read_text().strip()
