"""Loopback ports, picked free once and remembered, so that a second clone runs beside the first.

A port is claimed long before its server listens: until then only a reservation tells the clones apart.
"""

from __future__ import annotations

import json
import os
import socket
import time
from pathlib import Path

PREFERRED = {"http": 8600, "mqtt": 18830, "nats": 14222, "nats_http": 18222, "smtp": 18025, "webhook": 18080}
HANDOVER_S = 3.0
"""After kill -9 of a supervisor its children need a moment to let go of their ports."""


def free(port: int, host: str = "127.0.0.1") -> bool:
    """Whether somebody could listen there now; closed connections in TIME_WAIT do not count."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
        return True


def reserve(port: int) -> socket.socket | None:
    """Tell every other installation that this port is ours, before anything listens; None where it is another's.

    An abstract Unix socket: seen by all users and file systems that share the port numbers, gone with its process
    however that ends.
    """
    mark = socket.socket(socket.AF_UNIX)
    try:
        mark.bind(f"\0fengsui-port-{port}")
    except OSError:
        mark.close()
        return None
    return mark


def hold(port: int, host: str = "127.0.0.1") -> socket.socket | None:
    """Bind without listening, so that nobody else takes the port before its server is up; None where it is taken.

    SO_REUSEPORT is set after the bind: a server of ours that uses it (granian) may then join, an ordinary one may not.
    """
    for reuse in (0, 1):  # with 1 closed connections in TIME_WAIT are no hindrance, but the hold is weaker
        held = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, reuse)
        try:
            held.bind((host, port))
        except OSError:
            held.close()
            continue
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        return held
    return None


def free_ports(count: int) -> list[int]:
    """Ports of the loopback that nobody listens on now."""
    probes = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [int(each.getsockname()[1]) for each in probes]
    for each in probes:
        each.close()
    return ports


class Ports:
    """The remembered ports of one installation (var/ports.json)."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._known: dict[str, int] = json.loads(path.read_text())
        except (OSError, ValueError):
            self._known = {}
        self._held: list[socket.socket] = []
        self._reserved: dict[int, socket.socket] = {}

    def claim_and_hold(self, name: str, host: str = "127.0.0.1") -> int:
        """As `claim`, and kept from everybody else until this process ends; for a server that sets SO_REUSEPORT."""
        for _ in range(20):
            port = self.claim(name, host)
            if held := hold(port, host):
                self._held.append(held)
                return port
        raise OSError(f"no free port for {name}")

    def claim(self, name: str, host: str = "127.0.0.1") -> int:
        """The remembered port where it is still free, else the next free one from the preferred number up.

        Reserved for this object's lifetime. Raises OSError where 500 numbers in a row are taken.
        """
        known = self._known.get(name)
        deadline = time.monotonic() + HANDOVER_S
        while known:
            if self._take(known, host):
                return known
            if time.monotonic() >= deadline:
                break
            time.sleep(0.1)
        taken = {port for other, port in self._known.items() if other != name}
        numbers = range(PREFERRED[name], PREFERRED[name] + 500)
        port = next((port for port in numbers if port not in taken and self._take(port, host)), 0)
        if not port:
            raise OSError(f"no free port for {name}")
        self._known[name] = port
        part = self.path.with_suffix(".part")
        part.write_text(json.dumps(self._known, indent=1) + "\n")
        os.replace(part, self.path)
        return port

    def _take(self, port: int, host: str) -> bool:
        if not free(port, host):
            return False
        if port not in self._reserved:
            mark = reserve(port)
            if mark is None:
                return False
            self._reserved[port] = mark
        return True

    def known(self, name: str) -> int | None:
        return self._known.get(name)
