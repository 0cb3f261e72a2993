"""`doctor` about what runs: the supervisor's processes, and the broker with its store and its clock."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import time
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from fengsui.config.ops.broker import INTERNAL, LOST
from fengsui.config.ops.cluster import plain_url
from fengsui.config.ops.console import word
from fengsui.config.ops.doctor_faults import Fault, Finding, declare, found
from fengsui.config.ops.home import BIN, Home
from fengsui.config.ops.ports import Ports
from fengsui.config.ops.supervisor import read_status

FULL = 0.8
SKEW_S = 5.0
RESTARTS = 10
PATIENCE_S = 5

FAULTS = (
    Fault(
        "process_dead",
        ("进程", "Process"),
        ("{name} 没有在运行（{state}）", "{name} does not run ({state})"),
        (
            "看 {log} 的末尾；改正后它会自动再起，否则 ./fengsui serve",
            "see the end of {log}; mended, it starts again by itself, else ./fengsui serve",
        ),
    ),
    Fault(
        "process_restarts",
        ("进程", "Process"),
        ("{name} 已重启 {times} 次，每次都又退出", "{name} was started again {times} times and keeps ending"),
        ("看 {log} 里最先的错误", "see the first error in {log}"),
    ),
    Fault(
        "no_broker",
        ("NATS", "NATS"),
        ("没有 nats-server 程序", "there is no nats-server program"),
        ("rm -r .venv && ./fengsui doctor", "rm -r .venv && ./fengsui doctor"),
    ),
    Fault(
        "broker_down",
        ("NATS", "NATS"),
        (
            "消息服务器不应答：{error}。设备的读数此间不被接收，设备会重发",
            "the broker does not answer: {error}. Devices' readings are not taken meanwhile; devices send them again",
        ),
        (
            "自带的看 var/log/broker.log；外部的检查 FENGSUI_NATS_URL 的主机、端口、用户、口令，以及是否开启 jetstream",
            "of our own see var/log/broker.log; else check host, port, user and password of FENGSUI_NATS_URL, and "
            "that it runs with jetstream",
        ),
    ),
    Fault(
        "broker_full",
        ("消息存储", "Broker's store"),
        (
            "已用 {percent} %（{what}）：满了设备的读数就不再被接收",
            "{percent} % used ({what}): when full, readings are taken no more",
        ),
        (
            "先看接收进程是否在取：./fengsui doctor 的 ingest 行、var/log/ingest.log；再加大 max_file_store "
            "或该流的 max_bytes",
            "first see whether ingest takes them: the line of ingest here, var/log/ingest.log; then raise "
            "max_file_store or the stream's max_bytes",
        ),
    ),
    Fault(
        "broker_lost",
        ("消息存储", "Broker's store"),
        (
            "{when} UTC 存储丢失（共 {times} 次）：此前已应答而尚未入库的读数没有了，设备不会重发",
            "lost at {when} UTC ({times} times in all): readings acknowledged before and not yet stored are gone, and "
            "devices do not send them again",
        ),
        (
            "查此前几分钟各测站有无缺数，自带存储的设备请其补传，查明磁盘为何丢失；办妥后 rm {file}",
            "look which stations miss readings in the minutes before, have devices with a memory send them again, find "
            "out why the disk lost them; then rm {file}",
        ),
    ),
    Fault(
        "broker_clock",
        ("与消息服务器的时差", "Clock against the broker"),
        ("相差 {seconds} 秒", "apart by {seconds} s"),
        ("两台机器都要对时（timedatectl、chrony）", "set both machines' time (timedatectl, chrony)"),
    ),
)
declare(*FAULTS)


def processes() -> Iterator[Finding]:
    """What the supervisor has written, held against the kernel's table of processes."""
    home = Home.here()
    status = read_status(home)
    if status.get("state") != "running":
        return
    for name, facts in status.get("services", {}).items():
        log, pid = facts.get("log", ""), facts.get("pid")
        if facts["state"] != "up" or not _alive(pid):
            state = facts["state"] if facts["state"] != "up" else _state(pid)
            yield found("process_dead", name=name, state=state, log=log)
        elif facts.get("restarts", 0) >= RESTARTS:
            yield found("process_restarts", name=name, times=facts["restarts"], log=log)
        else:
            yield Finding(word(f"进程 {name}", f"Process {name}"), "ok", f"{pid}")


def _alive(pid: int | None) -> bool:
    """A stopped or dead one serves nobody."""
    return _state(pid) in {"R", "S", "D", "I"}


def _state(pid: int | None) -> str:
    with suppress(OSError, IndexError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    return "gone"


@dataclass(frozen=True, slots=True)
class Told:
    """What a broker says of itself. stores: (what, bytes used, bytes allowed); skew_s: its clock less ours."""

    version: str
    stores: tuple[tuple[str, float, float], ...]
    skew_s: float | None


def own_url(home: Home) -> str:
    """Address of the private broker, '' where none was ever started here."""
    number, secret = Ports(home.var / "ports.json").known("nats"), home.var / "broker/internal.secret"
    if not number or not secret.exists():
        return ""
    return f"nats://{INTERNAL}:{quote(secret.read_text().strip(), safe='')}@127.0.0.1:{number}"


def broker_told(url: str, monitor: int | None = None) -> Told:
    """Ask a broker. monitor: port of its own page of figures on loopback, which knows the whole store's limit.

    Raises OSError that says what it did instead.
    """
    import nats.errors

    try:
        version, info, streams, skew = asyncio.run(_ask(url))
    except (nats.errors.Error, TimeoutError, ValueError) as error:
        raise OSError(str(error) or type(error).__name__) from error
    stores = [("JetStream", float(info.get("storage", 0)), float(info.get("limits", {}).get("max_storage", -1)))]
    for each in streams:
        stores.append(
            (each["config"]["name"], float(each["state"]["bytes"]), float(each["config"].get("max_bytes", -1)))
        )
    if monitor:
        with suppress(OSError, ValueError, KeyError):
            with urllib.request.urlopen(f"http://127.0.0.1:{monitor}/jsz", timeout=PATIENCE_S) as answer:
                facts = json.load(answer)
            stores.append(("max_file_store", float(facts["storage"]), float(facts["config"]["max_storage"])))
            if skew is None:
                skew = _skew(facts["now"])
    return Told(version, tuple(each for each in stores if each[2] > 0), skew)


def _skew(stamp: str) -> float:
    return datetime.fromisoformat(stamp).timestamp() - time.time()


async def _ask(url: str) -> tuple[str, dict[str, Any], list[dict[str, Any]], float | None]:
    import nats

    async def quiet(error: Exception) -> None:
        """The client prints what it raises as well; once is enough."""

    client = await nats.connect(
        url, connect_timeout=PATIENCE_S, allow_reconnect=False, max_reconnect_attempts=1, reconnect_time_wait=0.1,
        error_cb=quiet,
    )  # fmt: skip
    try:
        answers = [
            json.loads((await client.request(subject, b"", timeout=PATIENCE_S)).data)
            for subject in ("$JS.API.INFO", "$JS.API.STREAM.LIST")
        ]
        if refused := answers[0].get("error"):
            raise OSError(refused.get("description", "no JetStream"))
        streams = answers[1].get("streams") or []
        stamps = [each["ts"] for each in streams if each.get("ts")]
        known = client.connected_server_version
        return (
            f"{known.major}.{known.minor}.{known.patch}", answers[0], streams, _skew(max(stamps)) if stamps else None
        )  # fmt: skip
    finally:
        await client.close()


def broker() -> Iterator[Finding]:
    url, home = os.environ.get("FENGSUI_NATS_URL", ""), Home.here()
    if not url:
        if not (BIN / "nats-server").exists() and not shutil.which("nats-server"):
            yield found("no_broker")
            return
        if read_status(home).get("state") != "running":
            yield Finding("NATS", "ok", word("自带,未运行", "own, down"))
            return
        url = own_url(home)
        yield from losses(home)
    try:
        told = broker_told(url, monitor_port(home, url))
    except OSError as error:
        yield found("broker_down", plain_url(url), error=error)
        return
    yield Finding("NATS", "ok", f"{told.version}, {plain_url(url)}")
    yield from broker_faults(told)


def losses(home: Home) -> Iterator[Finding]:
    """What the private broker's store lost, until somebody has seen to it."""
    kept = home.var / "broker" / LOST
    if kept.exists() and (moments := kept.read_text().split("\n")[:-1]):
        yield found("broker_lost", when=moments[-1], times=len(moments), file=kept)


def monitor_port(home: Home, url: str) -> int | None:
    return Ports(home.var / "ports.json").known("nats_http") if url == own_url(home) else None


def broker_faults(told: Told) -> Iterator[Finding]:
    for what, used, most in told.stores:
        if used > most * FULL:
            yield found("broker_full", percent=round(100 * used / most), what=what)
    if told.skew_s is not None and abs(told.skew_s) > SKEW_S:
        yield found("broker_clock", seconds=f"{told.skew_s:+.0f}")
