"""Build the guides: `./fengsui guides`, and each start where their sources changed. Never while a page is asked for."""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
from pathlib import Path

from fengsui.config.ops.console import Problem
from fengsui.config.ops.home import REPO

CONFIG = REPO / "mkdocs.yml"
HERE = Path(__file__).parent
STAMP = ".sources"


def target() -> Path:
    """Where the built guides lie: `help` in the installation's run-time folder."""
    return Path(os.environ.get("FENGSUI_VAR") or REPO / "var").absolute() / "help"


def fingerprint() -> str:
    """SHA-256 over names and contents of all that the build reads."""
    digest = hashlib.sha256()
    sources = [CONFIG, *REPO.glob("docs/**/*"), *HERE.glob("**/*.py"), *HERE.glob("theme/*")]
    for path in sorted(each for each in sources if each.is_file()):
        digest.update(f"{path.relative_to(REPO)}\0".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def stale(folder: Path) -> bool:
    try:
        return (folder / STAMP).read_text() != fingerprint()
    except OSError:
        return True


def build(folder: Path, *, strict: bool = False) -> list[str]:
    """Build into `folder`, which is replaced whole or not at all. Returns the warnings; `strict`: they are errors.

    Raises Problem with what is wrong in which page: a dead link, a missing picture, a page that no menu names.
    """
    from properdocs.commands import build as command
    from properdocs.config import load_config
    from properdocs.exceptions import ConfigurationError, ProperDocsException

    part = folder.with_name(f"{folder.name}.{os.getpid()}.part")
    said = _Kept()
    logger = logging.getLogger("properdocs")
    logger.addHandler(said)
    logger.propagate = False
    try:
        command.build(load_config(str(CONFIG), site_dir=str(part), strict=False))
        if strict and said.lines:
            raise Problem("\n".join(said.lines), "\n".join(said.lines))
        (part / STAMP).write_text(fingerprint())
        shutil.rmtree(folder, ignore_errors=True)
        part.replace(folder)
    except (ProperDocsException, ConfigurationError) as wrong:
        text = "\n".join([*said.lines, str(wrong)])
        raise Problem(text, text) from None
    finally:
        logger.removeHandler(said)
        shutil.rmtree(part, ignore_errors=True)
    return said.lines


class _Kept(logging.Handler):
    """Warnings of one build, as lines."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())
