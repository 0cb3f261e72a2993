"""The units under a living systemd: installed as docs/howto says, with their hardening, killed, and rebooted.

An overlay of this machine is the machine (booted.py). Packages, a bare Debian 13 and every line of the guides:
`./fengsui test --machine`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from fengsui.config.ops.cluster import binaries
from tests.ops.booted import Booted, permitted

pytestmark = pytest.mark.slow

NONE: Mapping[str, int] = {}
ALL = ("database", "broker", "ingest", "worker", "clocks", "web")
PARTS = ("ingest", "worker", "clocks", "web")
PYTHON = "/opt/fengsui/.venv/bin/python"
ARGS = '{"timestamp": 0}'
STATUS = "/var/lib/fengsui/run/status.json"
PREPARE = """
rm -rf /etc/systemd/system/* /var/lib/fengsui /etc/nginx/sites-enabled/*; : >/etc/fstab
echo 127.0.0.1 fengsui.example >>/etc/hosts
adduser --quiet --system --group --home /var/lib/fengsui fengsui
# The environment was made elsewhere, with a Python that is the outer machine's.
cd /opt/fengsui
echo /opt/python/lib >/etc/ld.so.conf.d/test.conf; ldconfig
ln -sfn "/opt/python/bin/$(basename "$(readlink -f .venv/bin/python)")" .venv/bin/python
sed -i 's|^home = .*|home = /opt/python/bin|' .venv/pyvenv.cfg
sed -i 's| [^ ]*$| /opt/fengsui|' .venv/.fengsui
grep -lIm1 '^#!.*/python' .venv/bin/* | xargs sed -i '1s|^#!.*|#!/opt/fengsui/.venv/bin/python|'
rm -rf var; chown -R fengsui:fengsui .
# docs/howto/run-as-a-service.md
install -D -m 640 -g fengsui deploy/fengsui.env.example /etc/fengsui/fengsui.env
cp deploy/systemd/fengsui* /etc/systemd/system/
mkdir /etc/fengsui/tls
openssl req -x509 -days 2 -subj /CN=fengsui.example -newkey rsa:2048 -nodes \
    -keyout /etc/fengsui/tls/key.pem -out /etc/fengsui/tls/fullchain.pem 2>&1
install -d -g adm /var/log/fengsui
cp deploy/nginx/fengsui.conf /etc/nginx/conf.d/
[ -e /proc/net/if_inet6 ] || sed -i '/listen \\[::\\]/d' /etc/nginx/conf.d/fengsui.conf
nginx -t 2>&1
"""
READING = """
import datetime, json, ssl, sys, time, paho.mqtt.client as paho
rows = json.load(open('/var/lib/fengsui/broker/devices.json'))
row, topic = next((row, topic) for row in rows for topic in row['publish'] if topic.endswith('water_depth'))
client = paho.Client(paho.CallbackAPIVersion.VERSION2, client_id='gauge')
client.username_pw_set(row['user'], row['password'])
client.connect('127.0.0.1', int(sys.argv[1]), 10)
client.loop_start()
at = datetime.datetime.now(datetime.UTC).isoformat()
sent = client.publish(topic, json.dumps({'t': at, 'v': 0.01, 'unit': 'm'}), qos=1)
sent.wait_for_publish(60)
assert sent.is_published(), 'not acknowledged'
print(at)
"""
PAGE = """
import ssl, sys, urllib.request
context = ssl._create_unverified_context()
print(urllib.request.urlopen(sys.argv[1], timeout=20, context=context).read().decode())
"""


@pytest.fixture(scope="module")
def machine() -> Iterator[Booted]:
    if why := permitted():
        pytest.skip(f"no systemd can be booted here, so the units are NOT tried: {why}")
    for program in ("/lib/systemd/systemd", "/usr/sbin/nginx", "/usr/sbin/adduser", "/usr/bin/openssl"):
        if not Path(program).exists():
            pytest.skip(f"no {program} on this system, so the units are NOT tried under a living systemd")
    with Booted() as made:
        made.before(PREPARE)
        yield made


def page(machine: Booted, path: str) -> str:
    return machine.run(PYTHON, "-c", PAGE, f"https://fengsui.example{path}").stdout


def answers(machine: Booted) -> bool:
    return machine.run(PYTHON, "-c", PAGE, "https://fengsui.example/healthz", check=False).returncode == 0


def failed(machine: Booted) -> str:
    return machine.run("systemctl", "list-units", "--failed", "--plain", "--no-legend").stdout


def status(machine: Booted) -> dict[str, tuple[str, int]]:
    """State and starts after the first by service, as the supervisor writes them."""
    told = json.loads(machine.sh(f"cat {STATUS}"))
    services = told["services"] if told["state"] == "running" else {}
    return {name: (each["state"], each["restarts"]) for name, each in services.items()}


def sql(machine: Booted, sockets: str, query: str) -> str:
    words = ["psql", "-h", sockets, "-U", "fengsui", "-Atqc", query, "fengsui"]
    return machine.run("setpriv", "--reuid=fengsui", "--regid=fengsui", "--clear-groups", *words).stdout.strip()


def read_once(machine: Booted, sockets: str) -> None:
    """One reading of a device by MQTT; over when it is a row."""
    at = machine.run(PYTHON, "-c", READING, "18830").stdout.strip()
    asked = f"SELECT count(*) FROM sensing_observation WHERE at = '{at}'"
    machine.until(lambda: sql(machine, sockets, asked) == "1", f"the reading of {at} is stored")


def work_once(machine: Booted, sockets: str) -> None:
    """Jobs that ask most of the system: `doctor` from inside, a look at the backup. A worker that a refused call of the
    system kills never ends them.
    """
    for task in ("config.look_inside", "config.back_up"):
        put = f"INSERT INTO procrastinate_jobs (queue_name, task_name, args) VALUES ('upkeep', '{task}', '{ARGS}')"
        number = sql(machine, sockets, f"{put} RETURNING id")
        asked = f"SELECT count(*) FROM procrastinate_jobs WHERE id = {number}"
        machine.until(
            lambda asked=asked: sql(machine, sockets, asked) == "0",
            lambda task=task: f"{task} ends: {machine.journal('fengsui*')}",
        )


def sockets_of_serve(machine: Booted) -> str:
    return machine.sh("dirname /run/fengsui/fengsui-*/.s.PGSQL.5432")


def up(machine: Booted, restarts: Mapping[str, int] = NONE) -> None:
    """Every part runs and answers, and none was started again but those that are known to have been."""
    machine.until(lambda: answers(machine), lambda: machine.journal("fengsui") + failed(machine), 400)
    wanted = {name: ("up", restarts.get(name, 0)) for name in ALL}
    machine.until(lambda: status(machine) == wanted, lambda: f"{status(machine)}, not {wanted}", 60)


def test_one_machine_is_killed_and_rebooted_and_comes_back(machine):
    assert machine.boot() == "running", failed(machine)
    machine.run("systemctl", "enable", "--now", "fengsui", "nginx")
    up(machine)
    assert "<html" in page(machine, "/login/")
    read_once(machine, sockets_of_serve(machine))
    work_once(machine, sockets_of_serve(machine))
    up(machine)

    machine.run("systemctl", "kill", "-s", "KILL", "fengsui")
    machine.until(lambda: machine.show("fengsui", "NRestarts") == "1", lambda: machine.journal("fengsui"))
    up(machine)
    read_once(machine, sockets_of_serve(machine))

    machine.off()
    assert machine.boot() == "running", failed(machine)
    up(machine)
    read_once(machine, sockets_of_serve(machine))
    machine.run("systemctl", "disable", "--now", "fengsui")
    assert machine.show("fengsui", "Result") == "success"
    assert failed(machine) == ""


def test_parts_are_killed_and_come_back(machine):
    """Database and broker are somebody else's then: here the ones that the machine had, as bare services."""
    if not machine.init:
        pytest.skip("the machine is off: the test before it failed")
    postgres = next(iter(binaries().values())) / "postgres"
    for unit, words in {
        "database": f"{postgres} -D /var/lib/fengsui/pg -k /run/database",
        "broker": "/opt/fengsui/.venv/bin/nats-server -c /var/lib/fengsui/broker/nats.conf",
    }.items():
        run = ["systemd-run", f"--unit={unit}", "--uid=fengsui", f"--property=RuntimeDirectory={unit}", *words.split()]
        machine.run(*run)
    machine.sh("""
        cat >>/etc/fengsui/fengsui.env <<END
FENGSUI_SECRET_KEY=$(cat /var/lib/fengsui/secret_key)
FENGSUI_DATABASE_URL=postgresql://fengsui@/fengsui?host=/run/database
FENGSUI_NATS_URL=nats://fengsui-ingest:$(cat /var/lib/fengsui/broker/internal.secret)@127.0.0.1:14222
FENGSUI_MQTT_HOST=127.0.0.1
FENGSUI_MQTT_PORT=18830
END""")
    units = [f"fengsui-{each}" for each in PARTS]
    machine.run("systemctl", "enable", "--now", "fengsui.target", *units)
    machine.until(lambda: answers(machine), lambda: machine.journal("fengsui-web"))
    read_once(machine, "/run/database")
    work_once(machine, "/run/database")
    for unit in units:
        assert machine.show(unit, "NRestarts") == "0", machine.journal(unit)
    for unit in units:
        machine.run("systemctl", "kill", "-s", "KILL", unit)
    for unit in units:
        machine.until(lambda unit=unit: machine.show(unit, "NRestarts") == "1", f"{unit} comes back")
    machine.until(lambda: answers(machine), lambda: machine.journal("fengsui-web"))
    read_once(machine, "/run/database")
    for unit in units:
        assert (machine.show(unit, "ActiveState"), machine.show(unit, "NRestarts")) == ("active", "1"), unit
    machine.run("systemctl", "stop", "fengsui.target")
    for unit in units:
        machine.until(lambda unit=unit: machine.show(unit, "ActiveState") == "inactive", f"{unit} stops")
        assert machine.show(unit, "Result") == "success", unit
    assert failed(machine) == ""
