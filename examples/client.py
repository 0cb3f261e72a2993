#!/usr/bin/env python3
"""A small program that works with Fengsui's API; only the standard library.

    export FENGSUI_URL=http://127.0.0.1:8600 FENGSUI_TOKEN=fst_…     # made on /me/tokens/
    python examples/client.py shift        # warnings, my calls answered, my tasks reported on
    python examples/client.py follow 10    # the public feed, every 15 s, ten times

What it shows: paging by cursor, changes that can be sent again (Idempotency-Key), waiting when told to (Retry-After),
refusals read from problem details, and a feed asked only for what is new. The token is never printed or logged.
Page: docs/howto/use-the-api.md.
"""

from __future__ import annotations

import json
import os
import sys
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

TRIES = 5
LONGEST_WAIT_S = 60.0


class Problem(Exception):
    """A refusal: `code` is for programs, the text is a sentence for people."""

    def __init__(self, status: int, body: dict[str, Any]) -> None:
        self.status, self.code, self.body = status, body.get("code", ""), body
        fields = "; ".join(f"{each['name']}: {each['what']}" for each in body.get("errors", []))
        super().__init__(" ".join(filter(None, [f"{status} {body.get('title', '')}", body.get("detail", ""), fields])))


@dataclass
class Api:
    """Calls with a token. `tries`: how often one call is sent before it is given up."""

    url: str
    token: str = field(repr=False)
    language: str = "en"
    tries: int = TRIES

    def get(self, path: str) -> Any:
        return self._call("GET", path, None, {})

    def each(self, path: str) -> Iterator[Any]:
        """Every row of a list, page by page."""
        cursor, joint = None, "&" if "?" in path else "?"
        while True:
            page = self.get(path if cursor is None else f"{path}{joint}cursor={cursor}")
            yield from page["items"]
            cursor = page["next_cursor"]
            if cursor is None:
                return

    def change(self, path: str, body: dict[str, Any], *, key: str = "", method: str = "POST", etag: str = "") -> Any:
        """A change. One key for one intention: sent again after a lost answer, it is still done once."""
        headers = {"Idempotency-Key": key or uuid.uuid4().hex, "Content-Type": "application/json"}
        if etag:
            headers["If-Match"] = etag
        return self._call(method, path, json.dumps(body).encode(), headers)

    def _call(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> Any:
        request = Request(f"{self.url.rstrip('/')}/api/v1{path}", data=body, method=method)  # noqa: S310 - the caller's own address
        request.add_header("Authorization", f"Bearer {self.token}")
        request.add_header("Accept-Language", self.language)
        for name, value in headers.items():
            request.add_header(name, value)
        for attempt in range(1, self.tries + 1):
            try:
                with urlopen(request, timeout=30) as answer:  # noqa: S310 - the caller's own address
                    text = answer.read()
                    return json.loads(text) if text else None
            except HTTPError as refused:
                problem = Problem(refused.code, _json(refused.read()))
                if not _again(problem) or attempt == self.tries:
                    raise problem from None
                wait = float(refused.headers.get("Retry-After") or attempt)
            except (URLError, ConnectionError, TimeoutError):
                if attempt == self.tries:
                    raise
                wait = float(attempt)
            time.sleep(min(wait, LONGEST_WAIT_S))
        raise AssertionError("unreachable")


def _again(problem: Problem) -> bool:
    """Too many calls, the same key at work, or trouble on the other side: the same request may succeed later."""
    return problem.status in (429, 500, 502, 503, 504) or problem.code == "core.api.key_in_use"


def _json(text: bytes) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


@dataclass
class Feed:
    """A feed that is fetched whole only when it changed."""

    url: str
    etag: str = ""
    fetched: int = 0
    unchanged: int = 0

    def news(self) -> bytes | None:
        """The feed, or None where it is as it was."""
        request = Request(self.url)  # noqa: S310 - the caller's own address
        if self.etag:
            request.add_header("If-None-Match", self.etag)
        try:
            with urlopen(request, timeout=30) as answer:  # noqa: S310 - the caller's own address
                self.etag, self.fetched = answer.headers["ETag"], self.fetched + 1
                body: bytes = answer.read()
                return body
        except HTTPError as same:
            if same.code != 304:
                raise
            self.unchanged += 1
            return None


def shift(api: Api, say: Any = print) -> dict[str, int]:
    """What is in force, then what I owe: calls answered, tasks accepted and reported on."""
    done = {"warnings": 0, "calls": 0, "tasks": 0}
    for warning in api.each("/warnings?status=issued"):
        done["warnings"] += 1
        say(f"{warning['level_in_force']:8}{warning['place_name']}")
    for call in api.get("/calls")["items"]:
        api.change(f"/calls/{call['id']}/acknowledge", {}, key=f"ack-{call['id']}")
        done["calls"] += 1
        say(f"answered {call['headline']}")
    for task in list(api.each("/tasks")):
        if task["status"] == "waiting":
            try:
                api.change(f"/tasks/{task['id']}/accept", {}, key=f"accept-{task['id']}")
            except Problem as refused:
                say(f"{task['title']}: {refused}")
                continue
        report = {"text": "On the way / 正在前往"}
        try:
            # The key names what is meant, not the moment: who starts this program again reports nothing twice.
            api.change(f"/tasks/{task['id']}/report", report, key=f"way-{task['id']}")
        except Problem as refused:
            say(f"{task['title']}: {refused}")  # what comes before it has no result yet, for example
        else:
            done["tasks"] += 1
            say(f"reported {task['title']}")
    return done


def follow(feed: Feed, times: int, every_s: float = 15.0, say: Any = print) -> None:
    """Warnings in force as they change."""
    for n in range(times):
        if n:
            time.sleep(every_s)
        if (body := feed.news()) is None:
            say("unchanged")
            continue
        for each in json.loads(body)["features"]:
            it = each["properties"]
            say(f"{it['level']:8}{it['headline_en'] or it['headline']} until {it['expires']}")


def main(arguments: list[str]) -> int:
    url, token = os.environ.get("FENGSUI_URL", "http://127.0.0.1:8600"), os.environ.get("FENGSUI_TOKEN", "")
    verb = arguments[0] if arguments else "shift"
    if verb == "follow":
        follow(Feed(f"{url}/feeds/warnings.geojson"), int(arguments[1]) if len(arguments) > 1 else 4)
        return 0
    if not token:
        print("set FENGSUI_TOKEN: make a token on /me/tokens/", file=sys.stderr)
        return 2
    try:
        print(json.dumps(shift(Api(url, token))))
    except Problem as refused:
        print(refused, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
