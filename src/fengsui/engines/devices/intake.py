"""The HTTP door's way to the broker, for threads: one loop in the background, one connection, opened when needed."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence

from fengsui.engines.devices.nats_stream import NatsIntake
from fengsui.kernel.ports.devices import StreamClosed

PATIENCE_S = 8.0


class ThreadedIntake:
    """Call `publish` from any thread. Raises StreamClosed when the broker did not confirm in time."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._intake: NatsIntake | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._start = threading.Lock()
        self._opening: asyncio.Lock | None = None

    def publish(self, messages: Sequence[tuple[str, bytes]]) -> None:
        loop = self._running_loop()
        pending = asyncio.run_coroutine_threadsafe(self._publish(messages), loop)
        try:
            pending.result(PATIENCE_S)
        except TimeoutError:
            pending.cancel()
            raise StreamClosed("no confirmation in time") from None

    async def _publish(self, messages: Sequence[tuple[str, bytes]]) -> None:
        if self._opening is None:
            self._opening = asyncio.Lock()
        async with self._opening:
            if self._intake is None or not self._intake.is_open:
                self._intake = await NatsIntake.open(self.url)
        await self._intake.publish(messages)

    def _running_loop(self) -> asyncio.AbstractEventLoop:
        with self._start:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                threading.Thread(target=self._loop.run_forever, name="device-intake", daemon=True).start()
            return self._loop
