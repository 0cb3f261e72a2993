"""deploy/ is what it says: units systemd takes, rules over figures that exist, a proxy behind which webs restart."""

from __future__ import annotations

import http.cookiejar
import json
import os
import re
import shutil
import signal
import ssl
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

import prometheus_client
import psycopg
import pytest
import yaml

import fengsui.core.metrics
import fengsui.ingest.service  # noqa: F401 - it declares its figures
from fengsui.config.__main__ import PARTS
from fengsui.config.ops import environment, parts
from fengsui.config.ops.console import Problem
from fengsui.config.ops.home import REPO
from tests.contracts.brokers import free_port
from tests.e2e.conftest import _admin, _url

DEPLOY = REPO / "deploy"
UNITS = sorted(DEPLOY.glob("systemd/*"))
SHARED = {
    "FENGSUI_NATS_URL": "nats://127.0.0.1:4222",
    "FENGSUI_SECRET_KEY": "the same on both machines, and only in this test",
    "FENGSUI_DISTRICT": "tiexi",
}


def figures() -> set[str]:
    """Names as Prometheus sees them."""
    found = set()
    for family in prometheus_client.REGISTRY.collect():
        parts_of = {"counter": ("_total",), "histogram": ("_bucket", "_count", "_sum"), "gauge": ("",)}
        found |= {family.name + end for end in parts_of.get(family.type, ())}
    return found


def asked(text: str) -> set[str]:
    return set(re.findall(r"fengsui_[a-z_]+", text))


def test_every_rule_asks_for_figures_that_exist():
    rules = yaml.safe_load((DEPLOY / "prometheus/fengsui.rules.yml").read_text())["groups"][0]["rules"]
    assert len({each["alert"] for each in rules}) == len(rules) > 5
    for rule in rules:
        assert asked(rule["expr"]) <= figures(), rule["alert"]
        assert rule["annotations"]["do"]


def test_every_panel_asks_for_figures_that_exist():
    board = json.loads((DEPLOY / "grafana/fengsui.json").read_text())
    for panel in board["panels"]:
        for target in panel["targets"]:
            assert asked(target["expr"]) <= figures(), panel["title"]


def test_settings_of_the_example_are_declared():
    named = re.findall(r"^#? ?(FENGSUI_[A-Z_]+)=", (DEPLOY / "fengsui.env.example").read_text(), re.MULTILINE)
    assert set(named) <= {each.name for each in environment.VARIABLES}
    assert set(parts.SHARED) <= set(named)


def test_compose_names_parts_and_declared_settings():
    """By the file's own words; that engines take it was tried by hand (docs/howto/run-in-containers.md)."""
    compose = yaml.safe_load((DEPLOY / "compose/compose.yaml").read_text())
    ours = {name: each for name, each in compose["services"].items() if each["image"] == "fengsui"}
    assert {each["command"][0] for each in ours.values()} == set(PARTS)
    declared = {each.name for each in environment.VARIABLES}
    for name, each in ours.items():
        assert set(each["environment"]) <= declared, name
        assert set(parts.SHARED) <= set(each["environment"]), name
        assert set(each["depends_on"]) <= set(compose["services"]), name
    needed = set(re.findall(r"\$\{(\w+):\?", (DEPLOY / "compose/compose.yaml").read_text()))
    assert needed <= set(re.findall(r"^(\w+)=", (REPO / "docs/howto/run-in-containers.md").read_text(), re.MULTILINE))


def test_broker_of_compose_takes_its_configuration():
    server = Path(sys.executable).with_name("nats-server")
    env = {**os.environ, "FENGSUI_BROKER_PASSWORD": "x"}
    command = [str(server), "-t", "-c", str(DEPLOY / "compose/nats.conf")]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd-analyze on this system")
@pytest.mark.parametrize("unit", UNITS, ids=lambda each: each.name)
def test_systemd_takes_the_unit(unit, tmp_path):
    """The program's place is another here; all else is judged as it is shipped."""
    for each in UNITS:
        (tmp_path / each.name).write_text(each.read_text().replace("/opt/fengsui", str(REPO)))
    command = ["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", str(tmp_path / unit.name)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd-analyze on this system")
@pytest.mark.parametrize("unit", [each for each in UNITS if each.suffix == ".service"], ids=lambda each: each.name)
def test_hardening_is_not_given_away(unit):
    """In tenths of systemd's own measure of exposure, 0 to 100: 17 when this was written."""
    command = ["systemd-analyze", "security", "--no-pager", "--offline=true", "--threshold=20", str(unit)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr


@pytest.mark.parametrize("missing", parts.SHARED)
def test_a_part_alone_is_refused_without_what_all_machines_share(missing, monkeypatch):
    for name in parts.SHARED:
        monkeypatch.setenv(name, "x")
    monkeypatch.delenv(missing)
    with pytest.raises(Problem, match=missing):
        parts.run("web")


class Machine:
    """One machine's web: a folder and a port of its own; the rest is shared."""

    def __init__(self, folder: Path, shared: dict[str, str]) -> None:
        folder.mkdir()
        self.port, self.log = free_port(), folder / "web.log"
        self.env = os.environ | shared | {
            "FENGSUI_VAR": str(folder), "FENGSUI_HTTP_PORT": str(self.port), "PYTHONPATH": str(REPO / "src"),
        }  # fmt: skip
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with open(self.log, "ab") as out:
            command = [sys.executable, "-m", "fengsui.config", "part", "web"]
            self.process = subprocess.Popen(command, env=self.env, stdout=out, stderr=out, process_group=0)
        deadline = time.monotonic() + 90
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=5).close()
                return
            except OSError:
                assert self.process.poll() is None, self.log.read_text()[-3000:]
                assert time.monotonic() < deadline, self.log.read_text()[-3000:]
                time.sleep(0.2)

    def stop(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(40)


class Reader:
    """One browser at the proxy: cookies, no redirects hidden, the proxy's own certificate believed."""

    def __init__(self, site: str, patience_s: float = 60) -> None:
        self.site, self.patience_s = site, patience_s
        context = ssl._create_unverified_context()
        jar = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self.open = urllib.request.build_opener(urllib.request.HTTPSHandler(context=context), jar).open

    def get(self, path: str) -> str:
        return str(self.open(urllib.request.Request(self.site + path), timeout=self.patience_s).read().decode())

    def post(self, path: str, page: str, **values: str) -> str:
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
        assert token, page[:300]
        body = urllib.parse.urlencode({"csrfmiddlewaretoken": token[1], **values}).encode()
        headers = {"Referer": self.site + path, "Origin": self.site, "X-Forwarded-For": "198.51.100.7"}
        return str(
            self.open(urllib.request.Request(self.site + path, body, headers), timeout=self.patience_s).read().decode()
        )


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """What two machines share: a database made by `part database`."""
    name = f"two_machines_{os.getpid()}"
    with psycopg.connect(**_admin()) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    facts = SHARED | {
        "FENGSUI_DATABASE_URL": _url(name), "FENGSUI_BASE_URL": "https://127.0.0.1", "FENGSUI_HOSTS": "127.0.0.1",
        "FENGSUI_DEMO": "1", "FENGSUI_DEMO_PASSWORD": "wind and rain 17",
    }  # fmt: skip
    env = os.environ | facts | {
        "FENGSUI_VAR": str(tmp_path_factory.mktemp("first")), "PYTHONPATH": str(REPO / "src"),
    }  # fmt: skip
    env["PATH"] = "/usr/bin:/bin"  # what a service manager gives
    try:
        for part in parts.ONCE:
            command = [sys.executable, "-m", "fengsui.config", "part", part]
            done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stderr[-3000:]
        yield facts
    finally:
        with psycopg.connect(**_admin()) as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@pytest.fixture
def machines(shared, tmp_path):
    both = [Machine(tmp_path / name, shared) for name in ("one", "two")]
    try:
        for each in both:
            each.start()
        yield both
    finally:
        for each in both:
            each.stop()


@pytest.fixture
def proxy(machines, tmp_path):
    """The shipped configuration on a port of this test's own."""
    nginx = shutil.which("nginx") or "/usr/sbin/nginx"
    if not Path(nginx).exists():
        pytest.skip("no nginx on this system: the restart of two webs behind it is not tried")
    key = ["-newkey", "rsa:2048", "-nodes", "-keyout", f"{tmp_path}/key.pem", "-out", f"{tmp_path}/fullchain.pem"]
    subprocess.run(["openssl", "req", "-x509", "-days", "2", "-subj", "/CN=x", *key], check=True, capture_output=True)
    port, plain = free_port(), free_port()
    text = (DEPLOY / "nginx/fengsui.conf").read_text()
    one, two = (f"server 127.0.0.1:{each.port} max_fails=1 fail_timeout=2s;" for each in machines)
    for old, new in (
        ("server 127.0.0.1:8600 max_fails=1 fail_timeout=2s;", one + two),
        ("    listen [::]:80;\n", ""), ("    listen [::]:443 ssl http2;\n", ""),
        ("listen 80;", f"listen 127.0.0.1:{plain};"), ("listen 443 ssl", f"listen 127.0.0.1:{port} ssl"),
        ("/etc/fengsui/tls", str(tmp_path)), ("/var/log/fengsui", str(tmp_path)), ("fengsui.example", "127.0.0.1"),
    ):  # fmt: skip
        assert old in text, old
        text = text.replace(old, new)
    bodies = "".join(
        f"{kind}_temp_path {tmp_path}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    config = tmp_path / "nginx.conf"
    user = "user root;" if os.geteuid() == 0 else ""  # pytest's folder is its own's only
    config.write_text(f"{user} pid {tmp_path}/pid; daemon off; events {{}} http {{ {bodies} {text} }}")
    told = tmp_path / "nginx.log"
    with open(told, "ab") as out:
        process = subprocess.Popen([nginx, "-p", str(tmp_path), "-c", str(config)], stdout=out, stderr=out)
    try:
        _wait_for(Reader(f"https://127.0.0.1:{port}"), process, told)
        yield f"https://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(60)


def _wait_for(reader: Reader, process: subprocess.Popen[bytes], told: Path) -> None:
    deadline = time.monotonic() + 90
    while True:
        try:
            reader.get("/healthz")
            return
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline:
                pytest.fail(told.read_text())
            time.sleep(0.1)


@pytest.mark.slow
def test_two_webs_are_restarted_one_after_the_other_and_no_request_fails(machines, proxy, shared, tmp_path):
    reader = Reader(proxy)
    for _ in range(40):  # reloaded until it came, as a person does: that is no flood of passwords
        assert "duty" in reader.get("/login/")
    reader.post("/login/", reader.get("/login/"), username="duty", password=shared["FENGSUI_DEMO_PASSWORD"])
    home = reader.get("/")
    assert 'id="nav"' in home, "logged in on one web, known to both"
    ended, failures, answers = threading.Event(), [], []

    def read() -> None:
        while not ended.is_set():
            try:
                assert 'id="nav"' in reader.get("/")
                answers.append("get")
                reader.post("/language/", home, language="zh-hans", next="/")
                answers.append("post")
            except Exception as error:  # whatever it is, a person would have seen it
                failures.append(f"{type(error).__name__}: {error}")

    threads = [threading.Thread(target=read) for _ in range(3)]
    for each in threads:
        each.start()
    log = tmp_path / "fengsui-access.log"
    for machine in machines:
        machine.stop()
        before = log.stat().st_size
        machine.start()
        # The proxy leaves a web alone for a moment after it was away: the next one goes when this one has work again.
        deadline = time.monotonic() + 60
        while f":{machine.port}\n" not in log.read_text()[before:] and time.monotonic() < deadline:
            time.sleep(0.1)
    ended.set()
    for each in threads:
        each.join(90)
    assert failures == []
    assert {"get", "post"} <= set(answers)
    assert all(f":{each.port}" in log.read_text() for each in machines), "both have answered"
    assert "?" not in log.read_text(), "questions and tickets are not logged"
    source = "SELECT DISTINCT source FROM people_session"
    with psycopg.connect(shared["FENGSUI_DATABASE_URL"]) as connection:
        assert connection.execute(source).fetchall() == [("127.0.0.1",)], (
            "what the sender wrote about himself is nothing"
        )
    flood = [_refusal(proxy) for _ in range(100)]
    assert flood[:40] == [403] * 40, "a hall that takes over its shift is let through to the platform, which judges"
    assert flood[-10:].count(429) >= 8, "a flood is turned away before it costs anything"


def _refusal(site: str) -> int:
    """What a sign-in without the form's token is answered."""
    with pytest.raises(urllib.error.HTTPError) as refused:
        Reader(site).open(urllib.request.Request(site + "/login/", b"username=duty"), timeout=60)
    return refused.value.code
