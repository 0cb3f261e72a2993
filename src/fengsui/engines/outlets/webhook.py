"""Signed webhook by aiohttp: one session in one background loop, so that connections are kept between bulletins."""

from __future__ import annotations

import asyncio
import json
import os
import threading
import time
from concurrent.futures import TimeoutError as Late
from typing import Any

import aiohttp

from fengsui.catalog.channels.webhook import ENTRY, signature
from fengsui.kernel.ports.outlets import Address, NotDelivered, Parcel, Receipt

SECRET = "FENGSUI_WEBHOOK_SECRET"  # noqa: S105 - the variable's name
TRY_AGAIN = frozenset({408, 425, 429})
ANSWER_LIMIT = 64_000


class Webhook:
    """The address comes from the environment variable named by the outlet, the secret from FENGSUI_WEBHOOK_SECRET."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._session: aiohttp.ClientSession | None = None

    def send(self, parcel: Parcel, address: Address) -> Receipt:
        url, secret = _target(address)
        body, stamp = ENTRY.render(parcel), str(int(time.time()))
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "X-Fengsui-Timestamp": stamp,
            "X-Fengsui-Signature": signature(secret, stamp, body),
            "Idempotency-Key": parcel.key,
        }
        status, answer = self._run(self._post(url, body, headers))
        if status >= 300:
            raise NotDelivered("webhook.status", again=status >= 500 or status in TRY_AGAIN, status=status)
        reference = _number(answer)
        if not reference:
            return Receipt("sent", "", {"status": status})
        return Receipt("acknowledged", reference, {"status": status})

    def test(self, address: Address) -> Receipt:
        """A signed GET of the same address: 2xx or 405 shows that somebody is there."""
        url, secret = _target(address)
        stamp = str(int(time.time()))
        headers = {"X-Fengsui-Timestamp": stamp, "X-Fengsui-Signature": signature(secret, stamp, b"")}
        status, _ = self._run(self._get(url, headers))
        if status >= 500:
            raise NotDelivered("webhook.status", status=status)
        return Receipt("acknowledged", str(status))

    def close(self) -> None:
        with self._lock:
            thread, self._thread = self._thread, None
        if thread is None:
            return
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(5)
        self._loop.call_soon_threadsafe(self._loop.stop)
        thread.join(5)
        self._loop.close()

    async def _end(self) -> None:
        if self._session is not None:
            await self._session.close()

    def _run(self, work: Any) -> tuple[int, bytes]:
        with self._lock:
            if self._thread is None:
                if self._loop.is_closed():
                    self._loop, self._session = asyncio.new_event_loop(), None
                self._thread = threading.Thread(target=self._loop.run_forever, name="webhook", daemon=True)
                self._thread.start()
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            result: tuple[int, bytes] = future.result(ENTRY.wait_s + 2)
        except (aiohttp.ClientError, TimeoutError, Late, OSError) as error:
            future.cancel()
            raise NotDelivered("webhook.unreachable", error=type(error).__name__) from error
        return result

    async def _open(self) -> aiohttp.ClientSession:
        if self._session is None or self._session.closed:
            limit = aiohttp.ClientTimeout(total=ENTRY.wait_s)
            self._session = aiohttp.ClientSession(timeout=limit, cookie_jar=aiohttp.DummyCookieJar(), trust_env=True)
        return self._session

    async def _post(self, url: str, body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
        session = await self._open()
        async with session.post(url, data=body, headers=headers, allow_redirects=False) as answer:
            return answer.status, await answer.content.read(ANSWER_LIMIT)

    async def _get(self, url: str, headers: dict[str, str]) -> tuple[int, bytes]:
        session = await self._open()
        async with session.get(url, headers=headers, allow_redirects=False) as answer:
            return answer.status, await answer.content.read(ANSWER_LIMIT)


def _target(address: Address) -> tuple[str, str]:
    """Raises NotDelivered where the address or the secret is not configured: an unsigned push is never sent."""
    if wrong := ENTRY.check(address):
        raise NotDelivered("webhook.address", again=False, why=wrong)
    url, secret = os.environ.get(address.env, ""), os.environ.get(SECRET, "")
    if not url.startswith(("http://", "https://")):
        raise NotDelivered("webhook.not_configured", again=False, variable=address.env)
    if not secret:
        raise NotDelivered("webhook.not_configured", again=False, variable=SECRET)
    return url, secret


def _number(answer: bytes) -> str:
    """The receiver's own id; '' where the answer carries none."""
    try:
        facts = json.loads(answer)
    except ValueError:
        return ""
    return str(facts.get("id", "")) if isinstance(facts, dict) else ""
