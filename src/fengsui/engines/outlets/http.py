"""Pushes by aiohttp: one session in one background loop, so that connections are kept between bulletins."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from concurrent.futures import TimeoutError as Late
from functools import cache
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp

from fengsui.catalog.channels.contract import Answer, Channel
from fengsui.kernel.ports.outlets import Address, NotDelivered, Parcel, Receipt

SECRET = "FENGSUI_WEBHOOK_SECRET"  # noqa: S105 - the variable's name
TRY_AGAIN = frozenset({408, 425, 429})
ANSWER_LIMIT = 64_000


class HttpPush:
    """The address comes from the environment variable named by the outlet, the secret from FENGSUI_WEBHOOK_SECRET."""

    def __init__(self, entry: Channel) -> None:
        if entry.push is None:
            raise ValueError(f"channel {entry.code} travels by http and says nothing of its headers")
        self._entry, self._push = entry, entry.push
        self._loop = asyncio.new_event_loop()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._session: aiohttp.ClientSession | None = None

    def send(self, parcel: Parcel, address: Address) -> Receipt:
        url, secret = self._target(address)
        body = self._entry.render(parcel)
        headers = {"Content-Type": self._entry.media_type, **self._push.headers(parcel, body, secret, _now())}
        answer = self._run(self._post(url, body, headers))
        if answer.status >= 300:
            raise self._failed("status", again=_is_passing(answer.status), status=answer.status)
        reference = self._push.taken(answer)
        if not reference:
            return Receipt("sent", "", {"status": answer.status})
        return Receipt("acknowledged", reference, {"status": answer.status})

    def test(self, address: Address) -> Receipt:
        """A signed GET of the same address: 2xx or 405 shows that somebody is there."""
        url, secret = self._target(address)
        answer = self._run(self._get(url, self._push.headers(None, b"", secret, _now())))
        if answer.status >= 500:
            raise self._failed("status", status=answer.status)
        return Receipt("acknowledged", str(answer.status))

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

    def _run(self, work: Any) -> Answer:
        with self._lock:
            if self._thread is None:
                if self._loop.is_closed():
                    self._loop, self._session = asyncio.new_event_loop(), None
                self._thread = threading.Thread(target=self._loop.run_forever, name=self._entry.code, daemon=True)
                self._thread.start()
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            result: Answer = future.result(self._entry.wait_s + 2)
        except (aiohttp.ClientError, TimeoutError, Late, OSError) as error:
            future.cancel()
            raise self._failed("unreachable", error=type(error).__name__) from error
        return result

    async def _open(self) -> aiohttp.ClientSession:
        if self._session is None or self._session.closed:
            limit = aiohttp.ClientTimeout(total=self._entry.wait_s)
            self._session = aiohttp.ClientSession(timeout=limit, cookie_jar=aiohttp.DummyCookieJar())
        return self._session

    async def _post(self, url: str, body: bytes, headers: dict[str, str]) -> Answer:
        session = await self._open()
        proxy = proxy_of(url)
        async with session.post(url, data=body, headers=headers, allow_redirects=False, proxy=proxy) as answer:
            return await _read(answer)

    async def _get(self, url: str, headers: dict[str, str]) -> Answer:
        session = await self._open()
        async with session.get(url, headers=headers, allow_redirects=False, proxy=proxy_of(url)) as answer:
            return await _read(answer)

    def _target(self, address: Address) -> tuple[str, str]:
        """Raises NotDelivered where the address or the secret is not configured: an unsigned push is never sent."""
        if wrong := self._entry.check(address):
            raise self._failed("address", again=False, why=wrong)
        url, secret = os.environ.get(address.env, ""), os.environ.get(SECRET, "")
        if not url.startswith(("http://", "https://")):
            raise self._failed("not_configured", again=False, variable=address.env)
        if not secret:
            raise self._failed("not_configured", again=False, variable=SECRET)
        return url, secret

    def _failed(self, what: str, *, again: bool = True, **facts: Any) -> NotDelivered:
        return NotDelivered(f"{self._entry.code}.{what}", again=again, **facts)


@cache
def proxy_of(url: str) -> str | None:
    """The proxy that HTTP_PROXY, HTTPS_PROXY and NO_PROXY name for an address, asked once a process.

    aiohttp's `trust_env` asks for each push, partly in a thread (what that cost: `bench/fanout.py`).
    """
    parts = urlsplit(url)
    return None if proxy_bypass(parts.netloc) else getproxies().get(parts.scheme)


def _now() -> str:
    return str(int(time.time()))


def _is_passing(status: int) -> bool:
    return status >= 500 or status in TRY_AGAIN


async def _read(answer: aiohttp.ClientResponse) -> Answer:
    headers = {name.lower(): value for name, value in answer.headers.items()}
    return Answer(answer.status, headers, await answer.content.read(ANSWER_LIMIT))
