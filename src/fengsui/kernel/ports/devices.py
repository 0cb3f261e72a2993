"""Port: the stream of device messages. A message leaves the stream only when `ack` was called, after the commit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Message:
    """One device message as the broker kept it.

    topic: MQTT topic with slashes. received_at: when the broker (or, where it does not say, we) got it, aware.
    key: the stream's own name for the message; grows with delivery, used by `ack`. redelivered: given out before.
    retained: the broker had put it by for whoever subscribes, so `received_at` does not tell how old it is.
    """

    topic: str
    payload: bytes
    received_at: datetime
    key: int
    redelivered: bool = False
    retained: bool = False
    handle: Any = None


class StreamClosed(Exception):
    """The connection is gone; open the stream again. What was not acknowledged will be delivered again."""


class DeviceStream(Protocol):
    """At least once, in order of the stream. `durable` tells whose promise a device's PUBACK is.

    durable True: the broker writes to disk before PUBACK. False: the broker's own configuration decides.
    """

    durable: bool

    async def fetch(self, count: int, timeout: float) -> list[Message]:
        """Up to `count` messages, waiting at most `timeout` seconds for the first; [] when there are none.

        Raises StreamClosed when the broker has gone."""
        ...

    async def ack(self, upto: Message) -> None:
        """All messages up to and with this one are stored; returns when the broker has been told."""
        ...

    async def drain(self) -> None:
        """Take no more from the broker; `fetch` gives what is already here, then []."""
        ...

    async def close(self) -> None: ...


class Intake(Protocol):
    """The second door to the same stream, for devices that speak HTTP: returns only when the message is kept."""

    async def publish(self, messages: Sequence[tuple[str, bytes]]) -> None:
        """Topic and payload of each. Raises StreamClosed when one of them was not kept."""
        ...

    async def close(self) -> None: ...
