"""`./fengsui part NAME`: one part of the platform alone, kept alive by the machine's own service manager.

`serve` runs all parts on one machine. On several, database and broker are somebody else's (FENGSUI_DATABASE_URL,
FENGSUI_NATS_URL) and each part runs on as many machines as wanted: webs and ingests share their work through database
and broker, workers and clock engines take rows under SKIP LOCKED. See docs/howto/run-on-several-machines.md.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import NoReturn

from fengsui.config.help import build as guides
from fengsui.config.ops import external, prepare, rights, stack, testing, values
from fengsui.config.ops.console import Problem, say
from fengsui.config.ops.home import BIN, REPO

SHARED = ("FENGSUI_DATABASE_URL", "FENGSUI_NATS_URL", "FENGSUI_SECRET_KEY", "FENGSUI_DISTRICT", "FENGSUI_BASE_URL")
"""The same on all machines: without one of them a part would work beside the others, not with them."""
FINISH_S = 20
"""So long a web server that is told to stop finishes what it is answering."""
ONCE = ("database", "files")
"""These end when they are done; the others run."""


def run(name: str) -> int:
    """Become the part: this process is replaced, so that the service manager's signals reach it. Raises Problem."""
    os.environ |= rights.environment(name, os.environ, private=False)
    _need_shared(os.environ)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fengsui.config.settings")
    os.environ["PATH"] = f"{BIN}:{os.environ.get('PATH', '/usr/bin:/bin')}"  # programs that came with Python packages
    values.refuse_wrong(os.environ)
    if name == "files":
        return _files()
    external.check_database(os.environ["FENGSUI_DATABASE_URL"])
    if name == "database":
        return _database()
    os.chdir(REPO)
    if name == "web":
        port = int(os.environ.setdefault("FENGSUI_HTTP_PORT", "8600"))
        _become(stack.web_command(os.environ.get("FENGSUI_BIND") or "127.0.0.1", port, FINISH_S))
    _become(stack.fengsui(name))


def _become(command: list[str]) -> NoReturn:
    os.environ["PYTHONUNBUFFERED"] = "1"
    os.execv(command[0], command)  # noqa: S606 - our own interpreter and words, no shell


def _need_shared(env: Mapping[str, str]) -> None:
    if missing := [each for each in SHARED if not env.get(each)]:
        raise Problem(
            f"单独运行一个部分要先设置 {'、'.join(missing)}：各台机器须相同，见 docs/howto/run-on-several-machines.md",
            f"To run one part alone set {', '.join(missing)}: the same on all machines, "
            "see docs/howto/run-on-several-machines.md",
        )


def _database() -> int:
    """Once for all machines, before the new code's other parts start."""
    import django

    django.setup()
    prepare.database()
    prepare.grant()
    say("数据库已迁移，区数据已载入", "The database is migrated and the district loaded")
    return 0


def _files() -> int:
    """On each machine: what lies beside the code and in FENGSUI_VAR and is made, not stored."""
    import django

    testing.build_frontend(dict(os.environ))
    if guides.stale(guides.target()):
        for line in guides.build(guides.target()):
            print(line)
    prepare.compile_translations()
    django.setup()
    prepare.prepare_roads()
    say("前端、指南、译文、路网已备好", "Front end, guides, translations and roads are made")
    return 0
