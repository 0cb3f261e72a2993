"""`./fengsui test --machine`: Debian 13 from its packages, booted, installed by the guides' own lines, then hurt."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from fengsui.config.ops.home import REPO, Home
from tests.machine import guide, tree
from tests.machine.guide import Filled
from tests.ops import test_systemd as units
from tests.ops.booted import Booted, permitted

SERVICE = "run-as-a-service"
START = time.monotonic()
NONE: Mapping[str, int] = {}
BY_HAND = r"""(log=/root/serve.log; \1 >$log 2>&1 & serve=$!
until grep -q 'is running' $log; do kill -0 $serve || { cat $log; exit 1; }; sleep 1; done
kill -TERM $serve; wait $serve)"""
"""What a person does who starts it once and presses Ctrl-C, which a shell keeps from what runs beside it."""
NAMED = r"""(\1 >/root/doctor.log 2>&1 || true; apt-get update
named=$(grep -o "postgresql.*\|apt-get install.*" /root/doctor.log | head -n 1 | sed "s/.*--no-install-recommends//")
test -n "$named" || { cat /root/doctor.log; exit 1; }; apt-get install -y --no-install-recommends $named)"""
"""And who installs what is named."""
FETCH = "sudo -u fengsui /opt/fengsui/fengsui build"
"""What the first start would fetch: it has the machine's own loopback, where no port is anybody else's."""
PLATFORM = (
    Filled("ADDRESS", "file:///srv/fengsui.git"),
    Filled(
        "editor /etc/fengsui/fengsui.env",
        "sed -i s/^FENGSUI_METRICS_TOKEN=/FENGSUI_METRICS_TOKEN=$(openssl rand -hex 9)/ /etc/fengsui/fengsui.env",
    ),
    Filled("(sudo -u fengsui .*doctor)", NAMED),
    Filled(r"(.*fengsui serve)", BY_HAND),
)
PROXY = (
    Filled(
        r"(editor) /etc/nginx/conf.d/fengsui.conf",
        "openssl req -x509 -days 2 -subj /CN=fengsui.example -newkey rsa:2048 -nodes -keyout /etc/fengsui/tls/key.pem"
        " -out /etc/fengsui/tls/fullchain.pem",
    ),
)


def say(what: str) -> None:
    print(f"{time.monotonic() - START:5.0f}s  {what}", flush=True)


def typed(machine: Booted, lines: list[str], *, net: bool = False) -> None:
    """Each line as root, its output only where it fails. `net`: packages are fetched."""
    for line in lines:
        say(f"# {line.splitlines()[0]}")
        sure = line.replace("apt-get install git", "apt-get update; apt-get install git")
        sure = sure.replace(" install ", " install -y ")
        machine.run("bash", "-ec", sure, net=not net, env=["HOME=/root", "DEBIAN_FRONTEND=noninteractive"])


def look(machine: Booted, what: str, restarts: Mapping[str, int] = NONE) -> None:
    """All runs: pages over TLS, a reading that becomes a row, jobs that end, nothing failed."""
    units.up(machine, restarts)
    assert "<html" in units.page(machine, "/login/")
    units.read_once(machine, units.sockets_of_serve(machine))
    units.work_once(machine, units.sockets_of_serve(machine))
    units.up(machine, restarts)
    assert units.failed(machine) == "", units.failed(machine)
    say(f"{what}: every part up, the login page over TLS, a reading stored, jobs done, no unit failed")


def install(machine: Booted) -> None:
    platform = guide.lines(SERVICE, "The platform", PLATFORM)
    first = next(n for n, line in enumerate(platform) if "fengsui serve" in line)
    typed(machine, [*platform[:first], FETCH], net=True)
    typed(machine, platform[first:])
    machine.sh("echo 127.0.0.1 fengsui.example >>/etc/hosts")
    typed(machine, guide.lines(SERVICE, "TLS and the proxy", PROXY), net=True)


def hurt(machine: Booted) -> None:
    machine.run("systemctl", "kill", "-s", "KILL", "fengsui")
    machine.until(lambda: machine.show("fengsui", "NRestarts") == "1", lambda: machine.journal("fengsui"))
    look(machine, "every process killed")
    for name in units.ALL:
        told = json.loads(machine.sh(f"cat {units.STATUS}"))["services"]
        known = {each: row["restarts"] for each, row in told.items()}
        machine.run("kill", "-KILL", str(told[name]["pid"]))
        known[name] += 1
        if name == "database":  # a worker without one ends by itself and is started again
            machine.until(lambda: units.status(machine)["worker"] == ("up", 1), "the worker is started again")
            known["worker"] = 1
        look(machine, f"{name} killed", known)
    turned = machine.run("logrotate", "-d", "/etc/logrotate.conf")
    assert "error:" not in turned.stderr, turned.stderr
    machine.sh("logrotate -f /etc/logrotate.conf; systemctl start logrotate")
    look(machine, "logs turned by force", known)
    machine.sh("ls /var/log/fengsui/*.1 && test -s /var/log/fengsui/fengsui-access.log")  # turned, and written anew
    machine.off()
    say(f"off; on again: {machine.boot()}")
    look(machine, "rebooted")


def main() -> int:
    if why := permitted():
        print(f"no systemd can be booted here: {why}")
        return 1
    if shutil.which("debootstrap") is None:
        print("no debootstrap on this system: apt-get install debootstrap")
        return 1
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    folder = Home.here().var / "machine"
    folder.mkdir(exist_ok=True)
    bare = tree.made(folder)
    say("a bare Debian 13")
    mine = folder / "one"
    shutil.rmtree(mine, ignore_errors=True)
    subprocess.run(["cp", "-a", str(bare), str(mine)], check=True)
    subprocess.run(["git", "clone", "-q", "--bare", str(REPO), str(mine / "srv/fengsui.git")], check=True)
    with Booted(mine) as machine:
        say(f"booted: {machine.boot()}")
        install(machine)
        look(machine, "installed")
        hurt(machine)
        for unit in sorted(Path(REPO / "deploy/systemd").glob("*.service")):
            say(machine.sh(f"systemd-analyze security --offline=true {unit.name} | tail -n 1"))
    shutil.rmtree(mine)
    return 0


if __name__ == "__main__":
    sys.exit(main())
