"""`test` and `bench`: a fresh throw-away cluster each time, so that nothing left over can help or hurt."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from argparse import Namespace
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from fengsui.config.ops import alone, children, frontend
from fengsui.config.ops.cluster import Cluster, socket_home
from fengsui.config.ops.console import Problem, say
from fengsui.config.ops.home import BIN, REPO, Home
from fengsui.config.ops.prepare import compile_translations


def _clear_left_over(home: Home) -> None:
    """Throw-away clusters of runs that were killed: their name holds the pid of a process that is gone."""
    mine = socket_home(home.key)
    for root, begin in (
        (home.var, "test-"),
        (Path("/var/lib/fengsui"), f"{home.key}-test-"),
        (mine.parent, f"{mine.name}-test-"),
    ):
        for folder in root.glob(f"{begin}*") if root.is_dir() else ():
            pid = folder.name.rpartition("-")[2]
            if pid.isdigit() and not Path("/proc", pid).exists():
                shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def throw_away_database(home: Home, *, durable: bool) -> Iterator[str]:
    """Address of an empty database with PostGIS that is gone afterwards; FENGSUI_DATABASE_URL is used if set."""
    if given := os.environ.get("FENGSUI_DATABASE_URL"):
        yield given
        return
    _clear_left_over(home)
    cluster = Cluster(home, name=f"test-{os.getpid()}", durable=durable)
    try:
        cluster.start()
        yield cluster.url
    finally:
        cluster.stop()
        shutil.rmtree(cluster.data, ignore_errors=True)
        with suppress(OSError):
            (home.log / f"database-{cluster.name}.log").unlink()


def environment(url: str) -> dict[str, str]:
    return {
        **os.environ,
        "FENGSUI_DATABASE_URL": url,
        "PYTHONPATH": str(REPO / "src"),
        "PATH": f"{BIN}:{os.environ.get('PATH', '/usr/bin:/bin')}:/usr/sbin",
        "DJANGO_SETTINGS_MODULE": "fengsui.config.settings",
    }


def _attached(command: Sequence[str], env: dict[str, str]) -> int:
    """Run at the terminal, in our process group so that Ctrl-C reaches it; SIGTERM or SIGKILL of us ends it too."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    process = subprocess.Popen([*children.launcher("TERM"), *command], cwd=REPO, env=env)
    try:
        return process.wait()
    except KeyboardInterrupt:
        return process.wait(30)
    finally:
        children.stop(process, signal.SIGTERM, 20)


def build_frontend(env: dict[str, str]) -> None:
    """Browser tests look at the real front end."""
    if not frontend.stale():
        return
    say("构建前端", "Building the front end")
    command = [*children.launcher("TERM"), *frontend.command()]
    built = subprocess.run(
        command, cwd=frontend.SOURCE, env=env, capture_output=True, text=True, check=False, start_new_session=True
    )
    if built.returncode:
        raise Problem(
            f"前端构建失败:\n{built.stdout}{built.stderr}", f"Front end not built:\n{built.stdout}{built.stderr}"
        )


def main(options: Namespace) -> int:
    """pytest's exit code; its closing line is printed as it is."""
    compile_translations()
    if options.journeys:
        return _journeys(options)
    if options.faults:
        return _faults(options)
    if options.machine:
        say("开始测试：整机", "Testing a whole machine")
        return _attached([sys.executable, "-m", "tests.machine"], environment(""))
    home = Home.here()
    command = [sys.executable, "-m", "pytest", "-q"]
    if options.workers not in {"0", "1"}:
        command += ["-n", options.workers, "--dist", "loadfile"]  # keeps an installation shared by one file's tests
    if options.expression:
        command += ["-k", options.expression]
    with throw_away_database(home, durable=False) as url:
        env = environment(url)
        if options.screens:
            build_frontend(env)
            more = [*(["--all"] if options.all else []), *(["-k", options.expression] if options.expression else [])]
            return _attached([sys.executable, "-m", "tests.screens", *more], env)
        if options.security:
            say("开始测试：安全", "Testing what an intruder would try")
            env |= {"FENGSUI_SECURITY_MINUTES": f"{options.minutes:g}"} if options.minutes else {}
            return _attached([*command, "-m", "security and not browser", *options.paths], env)
        if options.fast:
            say("开始测试", "Testing")
            return _attached([*command, "-m", "not slow and not browser", *options.paths], env)
        build_frontend(env)
        say("开始测试：浏览器", "Testing in the browser")
        # A process of their own: Playwright leaves an event loop in its thread, under which Django refuses to work.
        browser = _attached([*command, "-m", "browser", *options.paths], env)
        say("开始测试：其余", "Testing the rest")
        rest = _attached([*command, "-m", "not browser", *options.paths], env)
    return _worst(browser, rest)


def _journeys(options: Namespace) -> int:
    """Ten first tasks in a real browser on an installation of its own; `-k` chooses among them."""
    alone.need_chromium()
    words = ["-m", "tests.journeys", *(["-k", options.expression] if options.expression else [])]
    return alone.run([sys.executable, *words], name="journeys", env={})


def _faults(options: Namespace) -> int:
    """Rounds of faults on an installation of their own; the table goes into docs/reference/reliability.md."""
    say("开始测试：故障", "Testing under faults")
    words = [
        "--rounds",
        str(options.rounds),
        "--seed",
        str(options.seed),
        "--readings",
        str(options.readings),
        "--write",
    ]
    return _attached([sys.executable, "-m", "tests.faults", *words], environment(""))


NOTHING_RAN = 5


def _worst(*codes: int) -> int:
    """0 where at least one part ran and none failed; pytest says 5 for a part that had nothing to run."""
    bad = [code for code in codes if code not in {0, NOTHING_RAN}]
    if bad:
        return bad[0]
    return 0 if 0 in codes else NOTHING_RAN


def bench(name: str, rest: Sequence[str], url: str = "") -> int:
    """bench/<name>.py with `main(argv) -> int`, on a throw-away but durable database: no figure without fsync.

    `url`: on that database instead.
    """
    script = REPO / "bench" / f"{name}.py"
    if not script.exists():
        known = ", ".join(sorted(each.stem for each in script.parent.glob("[a-z]*.py"))) or "-"
        raise Problem(f"没有名为 {name} 的测量;现有:{known}", f"No benchmark {name}; there are: {known}")
    call = f"import sys; sys.path.insert(0, {str(script.parent)!r}); import {name}; sys.exit({name}.main(sys.argv[1:]))"
    command = [sys.executable, "-c", call, *rest]
    if url:
        return _attached(command, environment(url))
    with throw_away_database(Home.here(), durable=True) as own:
        return _attached(command, environment(own))
