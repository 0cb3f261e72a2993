"""The public's answers: one question for thousands of readers, and never an answer that is not for everybody."""

import asyncio

import pytest

from fengsui.core.web import shared
from fengsui.core.web.room import Full
from fengsui.core.web.shared import Shared

FEED = "/feeds/cap.atom"


class Behind:
    """Django's place: counts, answers what it is told to."""

    def __init__(self, **headers):
        self.asked, self.status, self.full, self.seen = 0, 200, False, []
        self.headers = [(k.replace("_", "-").encode(), v.encode()) for k, v in headers.items()]

    async def __call__(self, scope, receive, send):
        if self.full:
            raise Full(9)
        self.asked += 1
        self.seen = scope["headers"]
        await asyncio.sleep(0)
        await send({"type": "http.response.start", "status": self.status, "headers": self.headers})
        await send({"type": "http.response.body", "body": b"feed %d" % self.asked})


def scope(path=FEED, query=b"", method="GET"):
    headers = [(b"host", b"a.example"), (b"cookie", b"sessionid=x"), (b"authorization", b"Bearer y")]
    return {"type": "http", "method": method, "path": path, "query_string": query, "headers": headers}


async def ask(door, path=FEED, host=b"a.example", **headers):
    got = []

    async def send(message):
        got.append(message)

    asked = {k.replace("_", "-").encode(): v for k, v in headers.items()}
    await door(scope(path), {b"host": host, **asked}, send)
    return got[0]["status"], got[1]["body"], dict(got[0]["headers"])


def test_many_readers_are_one_question_that_names_nobody():
    async def story():
        behind = Behind(etag='"one"')
        door = Shared(behind)
        answers = await asyncio.gather(*(ask(door) for _ in range(500)))
        assert {(status, body) for status, body, _ in answers} == {(200, b"feed 1")}
        assert behind.asked == 1
        assert behind.seen == [(b"host", b"a.example")]
        await ask(door)
        assert behind.asked == 1
        await ask(door, host=b"b.example")
        assert behind.asked == 2

    asyncio.run(story())


def test_who_has_it_gets_304_and_a_new_one_is_told(monkeypatch):
    async def story():
        day = "Sat, 28 Nov 2026 06:00:00 GMT"
        behind = Behind(etag='"one"', content_type="application/atom+xml", last_modified=day)
        door = Shared(behind)
        status, body, headers = await ask(door, if_none_match=b'W/"zero", "one"')
        assert (status, body) == (304, b"")
        assert headers[b"etag"] == b'"one"'
        assert b"content-type" not in headers
        assert (await ask(door, if_modified_since=b"Sat, 28 Nov 2026 06:00:00 GMT"))[0] == 304
        assert (await ask(door, if_modified_since=b"Sat, 28 Nov 2026 05:59:59 GMT"))[0] == 200
        monkeypatch.setattr(shared, "FRESH_S", -1.0)
        behind.headers = [(b"etag", b'"two"')]
        assert (await ask(door, if_none_match=b'"one"'))[:2] == (200, b"feed 2")

    asyncio.run(story())


@pytest.mark.parametrize("spoil", ["cookie", "status", "size"])
def test_what_is_not_for_everybody_is_not_kept(spoil, monkeypatch):
    async def story():
        behind = Behind(**({"set_cookie": "a=b"} if spoil == "cookie" else {}))
        behind.status = 404 if spoil == "status" else 200
        if spoil == "size":
            monkeypatch.setattr(shared, "KEPT_BYTES", 3)
        door = Shared(behind)
        await ask(door)
        await ask(door)
        assert behind.asked == 2
        assert not door.kept

    asyncio.run(story())


def test_what_was_true_a_moment_ago_is_said_when_there_is_no_room(monkeypatch):
    async def story():
        behind = Behind()
        door = Shared(behind)
        await ask(door)
        monkeypatch.setattr(shared, "FRESH_S", -1.0)
        behind.full = True
        assert (await ask(door))[:2] == (200, b"feed 1")
        monkeypatch.setattr(shared, "STALE_S", -1.0)
        with pytest.raises(Full):
            await ask(door)

    asyncio.run(story())


def test_kept_answers_are_bounded(monkeypatch):
    async def story():
        monkeypatch.setattr(shared, "KEPT", 3)
        door = Shared(Behind())
        for n in range(9):
            await ask(door, path=f"/feeds/cap/{n}.xml")
        assert [path for _host, path in door.kept] == [f"/feeds/cap/{n}.xml" for n in (6, 7, 8)]

    asyncio.run(story())


def test_only_plain_questions_for_the_feeds_are_served():
    assert Shared.serves(scope())
    assert not Shared.serves(scope(query=b"x=1"))
    assert not Shared.serves(scope(method="POST"))
    assert not Shared.serves(scope("/warnings/"))
