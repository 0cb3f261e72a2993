"""Hosts of a test's own: network namespaces joined by a bridge, which lies in one of its own, too. Root only.

Nothing of the machine's network is touched: no address, route or bridge of its own namespace.
"""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Callable, Sequence

NET = "10.77.0."


def permitted() -> str:
    """Why such hosts cannot be made here, empty where they can."""
    name = f"fs{os.getpid()}try"
    try:
        for words in (
            ["netns", "add", name],
            ["-n", name, "link", "add", "name", "one", "type", "veth", "peer", "name", "two"],
        ):
            done = subprocess.run(["ip", *words], capture_output=True, text=True, check=False)
            if done.returncode:
                return done.stderr.strip() or "ip failed"
        return ""
    except OSError as error:
        return str(error)
    finally:
        if os.path.exists(f"/run/netns/{name}"):
            subprocess.run(["ip", "netns", "del", name], check=False)


class Lan:
    """`hosts`: name -> last byte of its address. Use as a context; all is gone afterwards."""

    def __init__(self, hosts: dict[str, int]) -> None:
        self.hosts, self.key = hosts, f"fs{os.getpid()}"

    def address(self, host: str) -> str:
        return f"{NET}{self.hosts[host]}"

    def __enter__(self) -> Lan:
        try:
            self._ip("netns", "add", self._name("lan"))
            self._in_lan("link", "add", "name", "bridge", "type", "bridge")
            self._in_lan("link", "set", "bridge", "up")
            for host in self.hosts:
                self._ip("netns", "add", self._name(host))
                self._in_lan(
                    "link",
                    "add",
                    "name",
                    f"to-{host}",
                    "type",
                    "veth",
                    "peer",
                    "name",
                    "eth0",
                    "netns",
                    self._name(host),
                )
                self._in_lan("link", "set", f"to-{host}", "master", "bridge", "up")
                for words in (
                    ("addr", "add", f"{self.address(host)}/24", "dev", "eth0"), ("link", "set", "eth0", "up"),
                    ("link", "set", "lo", "up"),
                ):  # fmt: skip
                    self._ip("-n", self._name(host), *words)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for each in ("lan", *self.hosts):
            subprocess.run(["ip", "netns", "del", self._name(each)], capture_output=True, check=False)

    def cable(self, host: str, *, plugged: bool) -> None:
        """Pull it or put it back: what is sent meanwhile is lost without a word, as with a real one."""
        self._in_lan("link", "set", f"to-{host}", "up" if plugged else "down")

    def command(self, host: str, words: Sequence[str]) -> list[str]:
        return ["ip", "netns", "exec", self._name(host), *words]

    def thread(self, host: str, work: Callable[[], None]) -> threading.Thread:
        """Started: all that `work` opens is on that host."""

        def there() -> None:
            handle = os.open(f"/run/netns/{self._name(host)}", os.O_RDONLY)
            try:
                os.setns(handle, os.CLONE_NEWNET)
            finally:
                os.close(handle)
            work()

        thread = threading.Thread(target=there)
        thread.start()
        return thread

    def _name(self, host: str) -> str:
        return f"{self.key}-{host}"

    def _in_lan(self, *words: str) -> None:
        self._ip("-n", self._name("lan"), *words)

    def _ip(self, *words: str) -> None:
        subprocess.run(["ip", *words], check=True, capture_output=True)
