"""The platform's parts on hosts of their own (lan.py), with a managed database, a broker and the shipped proxy."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import psycopg

from fengsui.config.ops import children
from fengsui.config.ops.cluster import Access, Cluster
from fengsui.config.ops.home import REPO
from tests.contracts.brokers import Nats
from tests.ops.lan import Lan
from tests.ops.test_backup import new_home
from tests.ops.test_deploy import DEPLOY

HOSTS = {
    "proxy": 2,
    "web1": 11,
    "web2": 12,
    "ingest": 13,
    "jobs": 14,
    "db": 21,
    "broker": 22,
    "people": 31,
    "gauges": 32,
}
NGINX = shutil.which("nginx") or "/usr/sbin/nginx"
PASSWORD = "wind and rain 17"


class FarCluster(Cluster):
    """A managed PostgreSQL: its server on a host of its own, TCP and a password."""

    lan: Lan

    def _spawn(self, home: Path) -> subprocess.Popen[bytes]:
        command = [*children.launcher("INT", self.user), str(home / "postgres"), "-D", str(self.data)]
        with open(self._log, "ab") as log:
            return subprocess.Popen(
                self.lan.command("db", command), cwd="/", stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip


class FarBroker(Nats):
    lan: Lan

    def command(self) -> list[str]:
        words, here = super().command(), self.lan.address("broker")
        path = Path(words[-1])
        path.write_text(path.read_text().replace("127.0.0.1", here))
        return self.lan.command("broker", words)


class Site:
    """Everything that runs, by host; logs in one folder."""

    def __init__(self, lan: Lan, folder: Path) -> None:
        self.lan, self.folder = lan, folder
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self.shared: dict[str, str] = {}

    def env(self, host: str) -> dict[str, str]:
        here = self.folder / host
        here.mkdir(exist_ok=True)
        return os.environ | self.shared | {
            "FENGSUI_VAR": str(here), "PYTHONPATH": str(REPO / "src"), "FENGSUI_BIND": self.lan.address(host),
            "FENGSUI_HTTP_PORT": "8600",
        }  # fmt: skip

    def once(self, host: str, part: str) -> None:
        words = self.lan.command(host, [sys.executable, "-m", "fengsui.config", "part", part])
        done = subprocess.run(words, env=self.env(host), capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr[-3000:]

    def start(self, host: str, part: str) -> None:
        words = self.lan.command(host, [sys.executable, "-m", "fengsui.config", "part", part])
        with open(self.log(host), "ab") as out:
            self.running[host] = subprocess.Popen(words, env=self.env(host), stdout=out, stderr=out, process_group=0)

    def log(self, host: str) -> Path:
        return self.folder / f"{host}.log"

    def kill(self, host: str) -> None:
        """The host is gone: every process at once."""
        process = self.running.pop(host)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(60)

    def stop(self) -> None:
        for process in self.running.values():
            if process.poll() is None:
                process.terminate()
        for process in self.running.values():
            try:
                process.wait(40)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait(60)


def until(seen: Callable[[], object], what: str, patience_s: float = 400.0) -> None:
    deadline = time.monotonic() + patience_s
    while not seen():
        assert time.monotonic() < deadline, what
        time.sleep(0.1)


@contextmanager
def site_on(lan: Lan) -> Iterator[tuple[Site, FarCluster]]:
    folder = Path(tempfile.mkdtemp(prefix="hosts-"))
    folder.chmod(0o755)
    site = Site(lan, folder)
    (folder / "db").mkdir()
    cluster = FarCluster(new_home(folder / "db/var"), durable=False)
    cluster.lan = lan
    cluster.access = lambda: Access(
        {"listen_addresses": f"'{lan.address('db')}'"}, "host platform office 10.77.0.0/24 scram-sha-256\n"
    )
    broker = FarBroker(folder)
    broker.lan, broker.port, broker.mqtt = lan, 4222, 1883
    try:
        cluster.start()
        with psycopg.connect(cluster.url, autocommit=True) as admin:
            admin.execute(f"CREATE ROLE office LOGIN PASSWORD '{PASSWORD}'")
            admin.execute("CREATE DATABASE platform OWNER office")
        with psycopg.connect(cluster.url.replace("/fengsui?", "/platform?"), autocommit=True) as admin:
            admin.execute("CREATE EXTENSION postgis")
        site.running["broker"] = subprocess.Popen(
            broker.command(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        site.shared = {
            "FENGSUI_DATABASE_URL": f"postgresql://office:{quote(PASSWORD)}@{lan.address('db')}:5432/platform",
            "FENGSUI_NATS_URL": f"nats://{lan.address('broker')}:4222", "FENGSUI_MQTT_HOST": lan.address("broker"),
            "FENGSUI_MQTT_PORT": "1883", "FENGSUI_SECRET_KEY": "the same on all hosts, and only in this test",
            "FENGSUI_DISTRICT": "tiexi", "FENGSUI_BASE_URL": f"https://{lan.address('proxy')}",
            "FENGSUI_HOSTS": ",".join(map(lan.address, ("proxy", "web1", "web2"))),
            "FENGSUI_PROXIES": lan.address("proxy"), "FENGSUI_DEMO": "1", "FENGSUI_DEMO_PASSWORD": PASSWORD,
        }  # fmt: skip
        site.once("jobs", "database")
        site.once("jobs", "files")
        for host, part in (("web1", "web"), ("web2", "web"), ("ingest", "ingest"), ("jobs", "worker")):
            site.start(host, part)
        site.running["proxy"] = _proxy(site)
        yield site, cluster
    finally:
        site.stop()
        cluster.stop()
        shutil.rmtree(folder)


def _proxy(site: Site) -> subprocess.Popen[bytes]:
    """nginx with the shipped configuration; names, addresses and folders are this test's."""
    lan, folder = site.lan, site.folder
    key = ["-newkey", "rsa:2048", "-nodes", "-keyout", f"{folder}/key.pem", "-out", f"{folder}/fullchain.pem"]
    subprocess.run(["openssl", "req", "-x509", "-days", "2", "-subj", "/CN=x", *key], check=True, capture_output=True)
    text = (DEPLOY / "nginx/fengsui.conf").read_text()

    def webs(how: str) -> tuple[str, str]:
        both = "".join(f"server {lan.address(each)}:8600 {how};" for each in ("web1", "web2"))
        return f"    server 127.0.0.1:8600 {how};", both

    for old, new in (
        webs("max_fails=1 fail_timeout=2s"), webs("backup max_fails=0"),
        ("    listen [::]:80;\n", ""), ("    listen [::]:443 ssl http2;\n", ""),
        ("/etc/fengsui/tls", str(folder)), ("/var/log/fengsui", str(folder)), ("fengsui.example", lan.address("proxy")),
    ):  # fmt: skip
        assert old in text, old
        text = text.replace(old, new)
    bodies = "".join(
        f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    config = folder / "nginx.conf"
    config.write_text(f"user root; pid {folder}/pid; daemon off; events {{}} http {{ {bodies} {text} }}")
    with open(site.log("nginx"), "ab") as out:
        return subprocess.Popen(
            lan.command("proxy", [NGINX, "-p", str(folder), "-c", str(config)]), stdout=out, stderr=out
        )
