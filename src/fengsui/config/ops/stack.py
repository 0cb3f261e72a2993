"""What runs: database, broker, ingest, jobs, clocks, web - and the environment they share."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from argparse import Namespace
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

from fengsui.config.backup import store
from fengsui.config.help import build as guides
from fengsui.config.ops import children, external, frontend, prepare, release, rights, roads, values
from fengsui.config.ops.broker import Broker
from fengsui.config.ops.cluster import Cluster
from fengsui.config.ops.console import Problem, say, word
from fengsui.config.ops.home import BIN, REPO, Home
from fengsui.config.ops.ports import Ports, free
from fengsui.config.ops.supervisor import Service, Stopping, Supervisor
from fengsui.config.standby import pair

WORKERS: tuple[tuple[str, str], ...] = (
    ("ingest", "fengsui.ingest.service"),
    ("worker", "fengsui.core.jobs"),
    ("clocks", "fengsui.core.clock_engine"),
)
WEB_PATIENCE_S = 120.0
CONNECTIONS = 20_000
"""Open connections of one web process. The server's own limit is 1 024, and kept ones count: that many readers of the
feed shut out everybody else, and the supervisor killed a web that did not answer it [found by bench/overload]. Who is
answered when is decided by core/web/room.py."""
BACKLOG = 4096
"""Connections that may wait to be taken: after a restart every open page and every reader comes back at once."""


def fengsui(*words: str) -> list[str]:
    return [sys.executable, "-m", "fengsui.config", *words]


def web_command(bind: str, port: int, finish_s: int = 1) -> list[str]:
    """The web server alone. On SIGTERM it ends open streams and finishes, for `finish_s` at most, what it answers."""
    return [
        *(sys.executable, "-m", "granian", "--interface", "asgi", "--host", bind, "--port", str(port)),
        *("--workers", "1", "--workers-kill-timeout", str(finish_s), "--loop", "asyncio", "--no-ws"),
        *("--backlog", str(BACKLOG), "--backpressure", str(CONNECTIONS)),
        *("--respawn-failed-workers", "--log-level", "warning", "fengsui.config.asgi:app"),
    ]


def exists(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False


def private(home: Home, *, demo: bool) -> Cluster:
    """The private cluster, with its log archived where backups are made, and its partner where there is one. Every
    start must say so alike: what is written without an archive is a hole in it."""
    if not store.hours(demo):
        return pair.paired(Cluster(home))
    seconds = int(os.environ.get("FENGSUI_BACKUP_WAL_S") or store.WAL_S)
    return pair.paired(Cluster(home, archive=store.Store.of(home).wal, archive_s=seconds))


class Stack:
    """One running installation. `env` is what every child gets; values the operator gave are never overwritten."""

    def __init__(self, home: Home, *, demo: bool, options: Namespace) -> None:
        self.home, self.demo, self.options = home, demo, options
        self.ports = Ports(home.var / "ports.json")
        self._cluster: Cluster | None = None
        self.bind = os.environ.get("FENGSUI_BIND") or "127.0.0.1"
        self.env = {
            **os.environ,
            "PYTHONPATH": str(REPO / "src"),
            "PYTHONUNBUFFERED": "1",
            "PYTHONUTF8": "1",
            "PATH": f"{BIN}:{os.environ.get('PATH', '/usr/bin:/bin')}",
            "DJANGO_SETTINGS_MODULE": "fengsui.config.settings",
            "FENGSUI_VAR": str(home.var),
        }
        self._default("FENGSUI_SECRET_KEY", lambda: home.secret("secret_key"))
        self._default("FENGSUI_DISTRICT", lambda: "tiexi")
        self._default("FENGSUI_WEBHOOK_SECRET", lambda: home.secret("webhook_secret"))
        if getattr(options, "osm", None):
            self.env["FENGSUI_OSM"] = os.path.abspath(options.osm)
        elif (kept := prepare.kept_extract(self.env)) is not None:
            self._default("FENGSUI_OSM", lambda: str(kept))
        values.refuse_wrong(self.env)
        if demo:
            self.env["FENGSUI_DEMO"] = "1"
            self._default("FENGSUI_DEMO_PASSWORD", lambda: home.secret("demo_password")[:12])
            if not getattr(options, "by_hand", False):
                # Nobody wants to watch a demonstration wait five minutes for the first name to stay silent.
                self._default("FENGSUI_CLOCKS", lambda: "alerts.acknowledge=8")

    def _default(self, name: str, value: Callable[[], str]) -> None:
        if not self.env.get(name):
            self.env[name] = value()

    def _receivers_addresses(self) -> None:
        """Where the demonstration's own mail server and webhook will listen; an operator's own are used instead."""
        self._default("FENGSUI_SMTP_URL", lambda: f"smtp://127.0.0.1:{self.ports.claim('smtp')}")
        self._default("FENGSUI_WEBHOOK_URL", lambda: f"http://127.0.0.1:{self.ports.claim('webhook')}/bulletins")

    def _web_address(self) -> tuple[int, str]:
        given = self.env.get("FENGSUI_HTTP_PORT")
        port = int(given) if given else self.ports.claim_and_hold("http", self.bind)
        if given and not free(port, self.bind):
            raise Problem(
                f"端口 {port} 已被占用。请停止占用者,或改 FENGSUI_HTTP_PORT。",
                f"Port {port} is taken. Stop who holds it or change FENGSUI_HTTP_PORT.",
            )
        self.env["FENGSUI_HTTP_PORT"] = str(port)
        shown = "127.0.0.1" if self.bind in {"0.0.0.0", "::"} else self.bind  # noqa: S104 - compared, not bound
        self._default("FENGSUI_BASE_URL", lambda: f"http://{shown}:{port}")
        if not self.env.get("FENGSUI_HOSTS"):
            hosts = dict.fromkeys(
                ["localhost", "127.0.0.1", "[::1]", urlsplit(self.env["FENGSUI_BASE_URL"]).hostname or ""]
            )
            self.env["FENGSUI_HOSTS"] = ",".join(filter(None, hosts))
        return port, self.env["FENGSUI_BASE_URL"]

    # --- services --------------------------------------------------------------------------------------------

    def _start_database(self, supervisor: Supervisor) -> None:
        if self.env.get("FENGSUI_DATABASE_URL"):
            return
        self._cluster = cluster = private(self.home, demo=self.demo)

        def lead(log: IO[bytes]) -> subprocess.Popen[bytes]:
            pair.refuse(self.home)  # also when it starts again by itself: the other one may lead since
            return cluster.start()

        supervisor.start(Service("database", lead, signal.SIGINT, 30, tidy=cluster.stop))
        self.env["FENGSUI_DATABASE_URL"] = cluster.url

    def _start_broker(self, supervisor: Supervisor) -> None:
        if self.env.get("FENGSUI_NATS_URL"):
            self._default("FENGSUI_MQTT_HOST", lambda: urlsplit(self.env["FENGSUI_NATS_URL"]).hostname or "127.0.0.1")
            self._default("FENGSUI_MQTT_PORT", lambda: "1883")
            return
        broker = Broker(self.home, self.ports, self.bind)
        supervisor.start(Service("broker", broker.start, signal.SIGTERM, 10, healthy=broker.answers))
        self.env["FENGSUI_NATS_URL"] = broker.url
        self._default("FENGSUI_MQTT_HOST", lambda: "127.0.0.1")
        self.env["FENGSUI_MQTT_PORT"] = str(broker.port("mqtt"))

    def _process(self, name: str, command: Sequence[str], **more: object) -> Service:
        def start(log: IO[bytes]) -> subprocess.Popen[bytes]:
            env = rights.environment(name, self.env, private=self._cluster is not None)
            return children.spawn(command, env=env, output=log, cwd=REPO)

        return Service(name, start, **more)  # type: ignore[arg-type]  # keywords handed on

    def _start_workers(self, supervisor: Supervisor) -> None:
        for name, module in WORKERS:
            if exists(module):
                supervisor.start(self._process(name, fengsui(name)))
        if self.demo and exists("fengsui.config.receivers"):
            supervisor.start(self._process("receivers", fengsui("receivers")))

    def _start_web(self, supervisor: Supervisor, port: int) -> Service:
        web = self._process("web", web_command(self.bind, port), healthy=self._web_answers)
        supervisor.start(web)
        return web

    def _wait_for_web(self, web: Service) -> None:
        deadline = time.monotonic() + WEB_PATIENCE_S
        while not self._web_answers():
            if time.monotonic() > deadline or (web.process and web.process.poll() is not None):
                raise Problem(
                    f"网页服务未能启动,见 {self.home.log / 'web.log'}",
                    f"The web did not start, see {self.home.log / 'web.log'}",
                )
            time.sleep(0.1)

    def _web_answers(self) -> bool:
        """Any answer counts as life; neither a database that restarts nor a long queue is a reason to kill the web."""
        host = "127.0.0.1" if self.bind in {"0.0.0.0", "::"} else self.bind  # noqa: S104 - compared, not bound
        url = f"http://{host}:{self.env['FENGSUI_HTTP_PORT']}/livez"
        try:
            with urllib.request.urlopen(url, timeout=2):
                return True
        except urllib.error.HTTPError:
            return True
        except OSError:
            return False

    # --- order -----------------------------------------------------------------------------------------------

    def bring_up(self, supervisor: Supervisor) -> str:
        """Everything in order; returns the address. Raises Problem with what to mend."""
        self._check_given()
        build = None
        if frontend.stale():
            say("构建前端(与数据库准备同时进行)", "Building the front end (beside the database's preparation)")
            build = supervisor.begin_task(frontend.command(), self.env, "frontend", frontend.SOURCE, "TERM")
        pages = None
        if guides.stale(self.home.var / "help"):
            pages = supervisor.begin_task(fengsui("guides"), self.env, "guides", REPO, "TERM")
        self._start_database(supervisor)
        say("数据库就绪", "Database ready")
        self._start_broker(supervisor)
        say(
            f"消息服务器就绪(MQTT {self.env['FENGSUI_MQTT_PORT']})",
            f"Broker ready (MQTT {self.env['FENGSUI_MQTT_PORT']})",
        )
        port, address = self._web_address()
        self._prepare(supervisor)
        say("迁移与区数据就绪", "Migrations and district data ready")
        if build is not None:
            failed = build.wait()
            supervisor.tasks.remove(build)
            if failed and not (frontend.TARGET / frontend.STAMP).exists():
                self._fail("frontend", "前端构建失败", "The front end could not be built")
            if failed:
                log = self.home.log / "frontend.log"
                say(
                    f"前端构建失败(见 {log}),沿用上次的成品",
                    f"Front end not built (see {log}): the last build stays in use",
                )
            else:
                say("前端已构建", "Front end built")
        if pages is not None:
            self._guides_built(supervisor, pages)
        if self.demo:
            self._receivers_addresses()
        web = self._start_web(supervisor, port)
        self._start_workers(supervisor)
        self._wait_for_web(web)
        supervisor.facts = {
            "address": address,
            "database": self.env["FENGSUI_DATABASE_URL"] if "@/" in self.env["FENGSUI_DATABASE_URL"] else "external",
            "mqtt": f"{self.env['FENGSUI_MQTT_HOST']}:{self.env['FENGSUI_MQTT_PORT']}",
            "demo": self.demo,
        }
        return address

    def _guides_built(self, supervisor: Supervisor, pages: subprocess.Popen[bytes]) -> None:
        """Nobody waits for a manual in an emergency: without it the platform starts and `/help/` says what to do."""
        failed = pages.wait()
        supervisor.tasks.remove(pages)
        log = self.home.log / "guides.log"
        if failed:
            say(f"使用指南没有生成（见 {log}），不影响运行", f"Guides not built (see {log}): all else runs")
        else:
            say("使用指南已生成", "Guides built")

    def _check_given(self) -> None:
        """What the operator named has to be usable before anything of ours is made."""
        if extract := self.env.get("FENGSUI_OSM"):
            roads.refuse_elsewhere(Path(extract), self.env)
        if url := self.env.get("FENGSUI_DATABASE_URL"):
            external.check_database(url)
        if url := self.env.get("FENGSUI_NATS_URL"):
            external.check_broker(url)

    def _prepare(self, supervisor: Supervisor) -> None:
        """Migrate and load, unless this very database was prepared by this very code, data and setting.

        The mark lies in the private cluster's own directory, so it goes with it; who restores a dump removes it.
        """
        mark = self._cluster.data / "fengsui.prepared" if self._cluster else None
        current = prepare.fingerprint(self.env)
        made = [Path(self.env.get("FENGSUI_ROADS") or self.home.var / "roads"), self.home.var / "broker/devices.json"]
        made += [path.with_suffix(".mo") for path in REPO.glob("locale/*/LC_MESSAGES/*.po")]
        if mark and mark.exists() and mark.read_text() == current and all(path.exists() for path in made):
            return
        if supervisor.run(fengsui("prepare"), self.env, "prepare", REPO):
            self._fail("prepare", "数据库迁移或区数据加载失败", "Migration or loading the district failed")
        if mark:
            mark.write_text(current)
            release.keep(self.home)

    def _fail(self, name: str, zh: str, en: str) -> None:
        path = self.home.log / f"{name}.log"
        tail = "\n".join(path.read_text(errors="replace").splitlines()[-12:])
        raise Problem(f"{zh}:\n{tail}\n全文:{path}", f"{en}:\n{tail}\nAll of it: {path}")


def serve(options: Namespace, *, demo: bool = False, story: Sequence[str] = ()) -> int:
    """`serve`: run until told to stop. `demo`: play the story meanwhile; headless returns its exit code."""
    home = Home.here()
    stack = Stack(home, demo=demo, options=options)
    headless = demo and options.headless
    try:
        with Supervisor(home) as supervisor:
            address = stack.bring_up(supervisor)
            say(f"烽燧已运行:{address}", f"Fengsui is running: {address}")
            if not demo:
                say("Ctrl-C 停止", "Ctrl-C stops it")
                return supervisor.watch()
            if not headless:
                accounts(stack)
            if not exists("fengsui.config.story"):
                raise Problem("演示剧本尚未提供", "There is no story to play yet")
            play = supervisor.begin_task(fengsui("story", *story), stack.env, cwd=REPO)
            code = supervisor.watch(play)
            if headless or supervisor.stopping:
                return code if not supervisor.stopping else 130
            say(
                f"演示已结束({code}),平台继续运行:{address},Ctrl-C 停止",
                f"The story has ended ({code}); the platform stays up: {address}; Ctrl-C stops it",
            )
            return supervisor.watch()
    except Stopping:
        say("已停止", "Stopped")
        return 130


def accounts(stack: Stack) -> None:
    """Demonstration accounts, as data of the district; one generated password for all of them."""
    import yaml

    districts = Path(stack.env.get("FENGSUI_DISTRICTS") or REPO / "districts")
    path = districts / stack.env["FENGSUI_DISTRICT"] / "accounts.yaml"
    if not path.exists():
        return
    rows = yaml.safe_load(path.read_text())["accounts"]
    print(word("演示账号(口令相同):", "Demonstration accounts (one password): ") + stack.env["FENGSUI_DEMO_PASSWORD"])
    for row in rows:
        print(f"  {row['login']:<14}{row['title']}")
    sys.stdout.flush()
