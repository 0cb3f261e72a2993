"""The waiting room: who goes first, how many, and what is said to those for whom there is no room."""

import asyncio
import json
from dataclasses import replace

import pytest

from fengsui.core.web.room import CLASSES, SLOTS, Class, Full, Room, class_of, refusal
from fengsui.core.web.root import Root


@pytest.mark.parametrize(
    ("method", "path", "part", "name"),
    [
        ("GET", "/warnings/", False, "warnings"),
        ("GET", "/api/v1/warnings", False, "warnings"),
        ("GET", "/login/", False, "first"),
        ("POST", "/reviews/findings/", False, "first"),
        ("POST", "/api/v1/warnings/x/issue", False, "first"),
        ("GET", "/", False, "pages"),
        ("GET", "/clocks/", False, "pages"),
        ("GET", "/warnings/queue", True, "parts"),
        ("POST", "/warnings/x/confirm", True, "first"),
        ("POST", "/api/v1/readings/ST01/water_depth", False, "readings"),
        ("GET", "/reviews/indicators/", False, "statistics"),
        ("GET", "/clocks/list.csv", False, "statistics"),
        ("GET", "/feeds/cap.atom", False, "public"),
        ("GET", "/help/", False, "public"),
    ],
)
def test_class_is_by_what_matters(method, path, part, name):
    assert class_of(method, path, part=part) == name


def test_only_the_feed_that_is_asked_for_everybody_goes_first():
    assert class_of("GET", "/feeds/cap.atom", shared=True) == "first"
    assert class_of("GET", "/feeds/cap/x.xml", shared=True) == "warnings"
    assert class_of("GET", "/feeds/cap.atom") == "public"


def test_more_may_be_under_way_the_more_it_matters():
    order = [each.most for name, each in CLASSES.items() if name != "readings"]
    assert order == sorted(order, reverse=True)
    assert CLASSES["first"].most == SLOTS
    assert all(each.most < SLOTS for name, each in CLASSES.items() if name != "first")


async def _entered(room: Room, *names: str) -> list[asyncio.Task[None]]:
    tasks = [asyncio.create_task(room.enter(name)) for name in names]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    return tasks


def test_what_matters_most_goes_first_when_places_become_free():
    async def story():
        room, went = Room(slots=1, classes={name: replace(each, least=0) for name, each in CLASSES.items()}), []

        async def one(name):
            await room.enter(name)
            went.append(name)
            await asyncio.sleep(0)
            room.leave(name)

        await room.enter("pages")
        waiting = [
            asyncio.create_task(one(name)) for name in ("public", "statistics", "parts", "pages", "warnings", "first")
        ]
        await asyncio.sleep(0)
        room.leave("pages")
        await asyncio.gather(*waiting)
        assert went == ["first", "warnings", "pages", "parts", "statistics", "public"]
        assert not any(room.running.values())

    asyncio.run(story())


def test_parts_of_open_pages_and_readings_go_on_when_pages_would_take_all():
    async def story():
        room = Room()
        await _entered(room, *["first"] * SLOTS)
        await _entered(room, *["warnings"] * 20, *["pages"] * 20, *["parts"] * 20, *["readings"] * 20, "public")
        for _ in range(SLOTS):
            room.leave("first")
        assert room.running == {
            "first": 0, "warnings": 4, "pages": 1, "readings": 1, "parts": 1, "statistics": 0, "public": 1,
        }  # fmt: skip

    asyncio.run(story())


def test_statistics_never_hold_all_places():
    async def story():
        room = Room()
        tasks = await _entered(room, *["statistics"] * SLOTS)
        assert room.running["statistics"] == CLASSES["statistics"].most
        (warning,) = await _entered(room, "first")
        await warning
        assert room.running["first"] == 1
        for each in tasks:
            each.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    asyncio.run(story())


def test_one_more_than_may_wait_is_refused_and_patience_ends():
    async def story():
        room = Room(slots=1, classes={"pages": Class(1, 1, 0.01, 7)})
        await room.enter("pages")
        waits = asyncio.create_task(room.enter("pages"))
        await asyncio.sleep(0)
        with pytest.raises(Full) as full:
            await room.enter("pages")
        assert full.value.again_s == 7
        with pytest.raises(Full):
            await waits
        assert not room.waiting["pages"]
        room.leave("pages")
        await room.enter("pages")

    asyncio.run(story())


def test_who_leaves_the_queue_leaves_no_hole():
    async def story():
        room = Room(slots=1)
        await room.enter("first")
        one, other = await _entered(room, "pages", "pages")
        one.cancel()
        await asyncio.gather(one, return_exceptions=True)
        room.leave("first")
        await other
        assert (room.running["pages"], len(room.waiting["pages"])) == (1, 0)
        last = await _entered(room, "first")
        room.leave("pages")
        last[0].cancel()  # was called in this very moment
        await asyncio.gather(last[0], return_exceptions=True)
        assert room.running["first"] in (0, 1)
        if last[0].cancelled():
            assert room.running["first"] == 0

    asyncio.run(story())


def test_refusal_is_a_page_for_people_and_a_problem_for_programs():
    headers, body = refusal({b"accept": b"text/html,*/*"}, "/reviews/", 15)
    assert dict(headers)[b"retry-after"] == b"15"
    assert "15 秒后再试" in body.decode()
    assert "Try again in 15 s" in body.decode()
    headers, body = refusal({b"accept": b"application/json"}, "/api/v1/stations", 5)
    assert dict(headers)[b"content-type"] == b"application/problem+json"
    assert json.loads(body)["code"] == "core.busy"
    assert int(dict(headers)[b"content-length"]) == len(body)


def test_root_refuses_the_public_and_answers_a_warning_when_places_are_taken():
    async def story():
        go = asyncio.Event()

        async def rest(scope, receive, send):
            if scope["path"] == "/help/":
                await go.wait()
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b""})

        root = Root(live=None, rest=rest, body_limit=10)

        async def ask(path):
            got = []

            async def send(message):
                got.append(message)

            scope = {"type": "http", "method": "GET", "path": path, "query_string": b"", "headers": [],
                     "client": ("127.0.0.1", 1), "scheme": "http"}  # fmt: skip
            await root(scope, None, send)
            return got[0]["status"], dict(got[0]["headers"])

        kind = CLASSES["public"]
        held = [asyncio.create_task(ask("/help/")) for _ in range(kind.most + kind.waits)]
        await asyncio.sleep(0.01)
        status, headers = await ask("/help/")
        assert (status, headers[b"retry-after"]) == (503, str(kind.again_s).encode())
        assert (await ask("/warnings/"))[0] == 200
        go.set()
        assert {status for status, _ in await asyncio.gather(*held)} == {200}

    asyncio.run(story())


def test_root_says_that_it_lives_when_every_place_is_taken():
    async def story():
        async def rest(scope, receive, send):
            raise AssertionError("asked for nothing")

        got = []

        async def send(message):
            got.append(message)

        root = Root(live=None, rest=rest, body_limit=10)
        for _ in range(SLOTS):
            await root.room.enter("first")
        await root({"type": "http", "method": "GET", "path": "/livez", "query_string": b"", "headers": []}, None, send)
        assert got[0]["status"] == 200

    asyncio.run(story())
