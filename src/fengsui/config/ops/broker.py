"""The embedded broker: NATS server with JetStream, spoken to by devices in MQTT 3.1.1.

A PUBACK means that the message is in the stream on disk; other brokers acknowledge from memory.
Users are two kinds: one internal for ingest, without limits, and devices, each with its own topics.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from shutil import which
from typing import Any
from urllib.parse import quote

from fengsui.config.ops import children
from fengsui.config.ops.console import Problem, say
from fengsui.config.ops.home import BIN, Home
from fengsui.config.ops.ports import Ports, free_ports
from fengsui.engines.devices import nats_stream
from fengsui.kernel.ports.devices import StreamClosed

INTERNAL = "fengsui-ingest"
MAX_PAYLOAD = 1_000_000
MAX_ACK_PENDING = 20_000
TRIES = 5
MADE = "store.made"
"""Lies beside the store once that was made: where it lies alone, the store was lost."""
LOST = "store.lost"
"""When that happened, a line each; `doctor` speaks of it until somebody who has seen to it takes the file away."""


@dataclass(frozen=True, slots=True)
class Device:
    """Credentials of one device or terminal. Topics are MQTT filters (`+`, `#`); none given means none allowed.

    `password` is either plain or a bcrypt hash ("$2..."), which the server understands as such.
    """

    user: str
    password: str
    publish: tuple[str, ...] = ()
    subscribe: tuple[str, ...] = ()


def subject(topic: str) -> str:
    """MQTT topic filter -> NATS subject: `a/+/b/#` -> `a.*.b.>`. Raises ValueError for what NATS maps elsewhere."""
    if not topic or any(character in topic for character in ". \t\r\n*>"):
        raise ValueError(f"topic {topic!r}: no dots, blanks, * or > (NATS gives them another meaning)")
    parts = topic.split("/")
    if "#" in parts[:-1] or any(("#" in part or "+" in part) and len(part) > 1 for part in parts) or "" in parts:
        raise ValueError(f"topic {topic!r}: + and # stand alone, # comes last, no empty level")
    return ".".join({"+": "*", "#": ">"}.get(part, part) for part in parts)


def _user(device: Device) -> dict[str, Any]:
    subscribe = [subject(topic) for topic in device.subscribe]
    if subscribe:
        subscribe.append("$MQTT.sub.>")  # the server's own delivery subjects of a QoS 1 subscription
    return {
        "user": device.user,
        "password": device.password,
        "permissions": {
            "publish": {"allow": [subject(topic) for topic in device.publish]} if device.publish else {"deny": [">"]},
            "subscribe": {"allow": subscribe} if subscribe else {"deny": [">"]},
        },
    }


def read_devices(path: Path) -> list[Device]:
    """Devices of a file [{user, password | password_bcrypt, publish: [..], subscribe: [..]}]; none where absent."""
    if not path.exists():
        return []
    return [
        Device(
            user=row["user"],
            password=row.get("password_bcrypt") or row["password"],
            publish=tuple(row.get("publish", ())),
            subscribe=tuple(row.get("subscribe", ())),
        )
        for row in json.loads(path.read_text())
    ]


def _replace(path: Path, text: str) -> None:
    """Write whole or not at all, readable by the owner only."""
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
        out.write(text)
    os.replace(part, path)


def device_credentials(path: Path, devices: Iterable[Device | Mapping[str, Any]]) -> int:
    """Replace all device credentials (var/broker/devices.json) and let a running server take them at once.

    Returns how many there are. Raises ValueError for two of one name, the internal name, or a topic that cannot be.
    """
    rows = [
        each
        if isinstance(each, Device)
        else Device(
            user=each["user"],
            password=each.get("password_bcrypt") or each["password"],
            publish=tuple(each.get("publish", ())),
            subscribe=tuple(each.get("subscribe", ())),
        )
        for each in devices
    ]
    names = [row.user for row in rows]
    if len(set(names)) != len(names) or INTERNAL in names:
        raise ValueError("device user names must be different from each other and from the internal one")
    path.parent.mkdir(parents=True, exist_ok=True)
    plain = [
        {"user": row.user, "password": row.password, "publish": row.publish, "subscribe": row.subscribe} for row in rows
    ]
    users = _users_part(rows, Home(path.parent.parent))
    _replace(path, json.dumps(plain, ensure_ascii=False, indent=1) + "\n")
    _replace(path.with_name("users.conf"), users)
    reload(path.parent)
    return len(rows)


def _users_part(devices: Iterable[Device], home: Home) -> str:
    """The authorization block, written as JSON, which is valid in NATS' configuration language."""
    everyone = [{"user": INTERNAL, "password": home.secret("broker/internal.secret")}, *map(_user, devices)]
    return "authorization: " + json.dumps({"timeout": 5, "users": everyone}, ensure_ascii=False, indent=1) + "\n"


def reload(folder: Path) -> bool:
    """SIGHUP to the server of this folder, if it is the one running. Connected devices whose rights ended are cut."""
    try:
        pid = int((folder / "nats.pid").read_text())
    except (OSError, ValueError):
        return False
    if not Path(children.executable_of(pid)).name.startswith("nats-server"):
        return False
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGHUP)
        return True
    return False


@dataclass
class Broker:
    """Configuration and, while running, the server process of one installation."""

    home: Home
    ports: Ports
    bind: str = "127.0.0.1"
    process: subprocess.Popen[bytes] | None = None
    _claimed: dict[str, int] = field(default_factory=dict)
    _served: bool = False

    @property
    def folder(self) -> Path:
        return self.home.var / "broker"

    def port(self, name: str) -> int:
        """Port of `nats`, `mqtt` or `nats_http`, the same for the lifetime of this object."""
        if name not in self._claimed:
            given = os.environ.get("FENGSUI_MQTT_PORT") if name == "mqtt" else None
            self._claimed[name] = (
                int(given) if given else self.ports.claim(name, self.bind if name == "mqtt" else "127.0.0.1")
            )
        return self._claimed[name]

    @property
    def url(self) -> str:
        password = quote(self.home.secret("broker/internal.secret"), safe="")
        return f"nats://{INTERNAL}:{password}@127.0.0.1:{self.port('nats')}"

    def configure(self) -> Path:
        """Write nats.conf and the users it includes; device credentials survive restarts."""
        self.folder.mkdir(parents=True, exist_ok=True)
        _replace(self.folder / "users.conf", _users_part(read_devices(self.folder / "devices.json"), self.home))
        settings = {
            "server_name": self.name,
            "listen": f"127.0.0.1:{self.port('nats')}",
            "http": f"127.0.0.1:{self.port('nats_http')}",
            "pid_file": str(self.folder / "nats.pid"),
            "max_payload": MAX_PAYLOAD,
            "max_connections": 20_000,
            "jetstream": {"store_dir": str(self.folder / "jetstream")},
            "mqtt": {"listen": f"{self.bind}:{self.port('mqtt')}", "max_ack_pending": MAX_ACK_PENDING},
        }
        lines = [f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in settings.items()]
        path = self.folder / "nats.conf"
        _replace(path, "# written at each start\n" + "\n".join(lines) + "\ninclude ./users.conf\n")
        return path

    def start(self, output: Any = None, patience_s: float = 20.0) -> subprocess.Popen[bytes]:
        """Start the server and wait until it answers. Somebody may take a free port first: then others are tried."""
        server = BIN / "nats-server"
        program = str(server) if server.exists() else which("nats-server")
        if not program:
            raise Problem(
                "缺少 nats-server:请运行 ./fengsui demo 以安装依赖", "nats-server is missing: run ./fengsui demo"
            )
        if not self._keeps():
            self._make_store(program, output, patience_s)
        for _ in range(1 if self._served else TRIES):
            (self.folder / "nats.pid").unlink(missing_ok=True)
            self.process = children.spawn([program, "-c", str(self.configure())], death_signal="TERM", output=output)
            if self._comes_up(patience_s):
                self._served = True
                return self.process
            children.stop(self.process, signal.SIGTERM, 5)
            if not self._served:  # afterwards devices and workers know the ports: they must not change
                self._claimed.clear()
        raise Problem(
            f"消息服务器未能启动,见 {self.home.log / 'broker.log'}",
            f"The broker did not start, see {self.home.log / 'broker.log'}",
        )

    def _keeps(self) -> bool:
        """Whether the store has the consumer that devices' messages are kept for; the MQTT adapter uses none."""
        made = self.folder / "jetstream/jetstream/$G/streams" / nats_stream.STREAM / "obs" / nats_stream.CONSUMER
        return made.exists() or os.environ.get("FENGSUI_DEVICES", "nats") == "mqtt"

    def _make_store(self, program: str, output: Any, patience_s: float) -> None:
        """Stream and consumer before anybody can publish. The server acknowledges a message that nobody is interested
        in, and drops it: with an empty store, at first or because it was lost, that would be each until ingest came.
        On ports that nobody knows, with the internal user alone.
        """
        if (self.folder / MADE).exists():
            say(
                "消息服务器的存储丢失：已应答而未入库的报文无法找回，已重建",
                "The broker's store was lost: what it had acknowledged and nobody had stored is gone. Made anew",
            )
            with open(self.folder / LOST, "a") as kept:
                kept.write(f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S}\n")
        self.folder.mkdir(parents=True, exist_ok=True)
        port, mqtt = free_ports(2)
        settings = {
            "server_name": self.name,
            "listen": f"127.0.0.1:{port}",
            "jetstream": {"store_dir": str(self.folder / "jetstream")},
            "mqtt": {"listen": f"127.0.0.1:{mqtt}"},
        }
        path = self.folder / "first.conf"
        lines = [f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in settings.items()]
        _replace(path, "\n".join(lines) + "\n" + _users_part((), self.home))
        process = children.spawn([program, "-c", str(path)], death_signal="TERM", output=output)
        secret = self.home.secret("broker/internal.secret")
        url = f"nats://{INTERNAL}:{quote(secret, safe='')}@127.0.0.1:{port}"
        greeting = nats_stream.mqtt_greeting("127.0.0.1", mqtt, INTERNAL, secret)
        deadline = time.monotonic() + patience_s
        try:
            while True:
                try:
                    asyncio.run(nats_stream.make_consumer(url, greeting))
                    break
                except (StreamClosed, OSError) as error:
                    if process.poll() is not None or time.monotonic() > deadline:
                        raise Problem(
                            f"消息服务器未能建立存储({error}),见 {self.home.log / 'broker.log'}",
                            f"The broker could not make its store ({error}), see {self.home.log / 'broker.log'}",
                        ) from None
                    time.sleep(0.1)
        finally:
            children.stop(process, signal.SIGTERM, 10)
            path.unlink(missing_ok=True)
        (self.folder / MADE).touch()

    def _comes_up(self, patience_s: float) -> bool:
        assert self.process
        deadline = time.monotonic() + patience_s
        while not self.answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                return False
            time.sleep(0.05)
        return self.process.poll() is None

    def answers(self) -> bool:
        """Whether this very server listens: another installation's may have got hold of a port."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.bind, self.bind)  # noqa: S104 - compared, not bound
        try:
            for where, port in (("127.0.0.1", self.port("nats")), (host, self.port("mqtt"))):
                socket.create_connection((where, port), timeout=1).close()
            url = f"http://127.0.0.1:{self.port('nats_http')}/varz"
            with urllib.request.urlopen(url, timeout=2) as answer:
                return bool(json.load(answer)["server_name"] == self.name)
        except (OSError, ValueError, KeyError):
            return False

    @property
    def name(self) -> str:
        return f"fengsui-{self.home.key}"

    def stop(self) -> None:
        if self.process:
            children.stop(self.process, signal.SIGTERM, 10)
