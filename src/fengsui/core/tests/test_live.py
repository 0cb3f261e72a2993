"""The live route: real ASGI, real LISTEN, real NOTIFY; a forged ticket hears nothing."""

import asyncio
import contextlib
import json

import pytest
from django.core import signing
from django.db import connection, transaction

from fengsui.core import live, live_route
from fengsui.core.live_route import Live
from fengsui.core.models import World
from fengsui.core.record import announce
from fengsui.core.tests.make import happened, make_person, make_world
from fengsui.core.web.root import Root
from fengsui.core.worlds import LIVE


def test_ticket_tells_world_and_topics_when_read():
    text = live.ticket(LIVE, ["desk", "incidents", "desk"], None)
    assert live.read_ticket(text) == (str(LIVE), frozenset({"desk", "incidents"}))


@pytest.mark.parametrize("spoil", [lambda t: t[:-1] + ("A" if t[-1] != "A" else "B"), lambda t: "", lambda t: "x" + t])
def test_ticket_is_refused_when_spoilt(spoil):
    with pytest.raises(signing.BadSignature):
        live.read_ticket(spoil(live.ticket(LIVE, ["desk"], None)))


def test_ticket_is_refused_when_a_day_old_or_made_for_something_else(monkeypatch):
    text = live.ticket(LIVE, ["desk"], None)
    monkeypatch.setattr(live, "TICKET_AGE_S", -1)
    with pytest.raises(signing.SignatureExpired):
        live.read_ticket(text)
    with pytest.raises(signing.BadSignature):
        live.read_ticket(signing.dumps({"w": str(LIVE), "t": []}, salt="another"))


class Stream:
    """One client of the ASGI application."""

    def __init__(self, app, ticket, path="/live"):
        self.scope = {"type": "http", "path": path, "query_string": f"ticket={ticket}".encode(), "headers": []}
        self.sent, self.gone = asyncio.Queue(), asyncio.Event()
        self.task = asyncio.create_task(app(self.scope, self._receive, self._send))

    async def _receive(self):
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message):
        await self.sent.put(message)

    async def next(self):
        return await asyncio.wait_for(self.sent.get(), 60)

    async def topic(self):
        """The next topic heard; heartbeats are passed over."""
        while True:
            body = (await self.next())["body"].decode()
            if not body or body.startswith("event: topic"):
                return json.loads(body.split("data: ")[1])["topic"] if body else None

    async def leave(self):
        self.gone.set()
        await asyncio.wait_for(self.task, 60)


@contextlib.asynccontextmanager
async def serving():
    """The real root with the real LISTEN on the test's database; yields root and live."""
    heart = Live(connection.settings_dict)
    root = Root(live=heart, rest=None, body_limit=10)
    await heart.start()
    await asyncio.sleep(0.3)  # LISTEN is in force
    try:
        yield root, heart
    finally:
        await heart.stop()


def change(world, *topics, roll_back=False):
    """What a request does, in its own thread and transaction."""

    def work():
        try:
            with transaction.atomic():
                about = World.objects.get(pk=world)
                announce(happened(), about=about, by=make_person(world=world), topics=topics)
                transaction.set_rollback(roll_back)
        finally:
            connection.close()

    return asyncio.to_thread(work)


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr(live_route, "HEARTBEAT_S", 0.2)


@pytest.mark.django_db(transaction=True)
def test_stream_hears_its_topics_when_they_are_committed():
    async def story():
        async with serving() as (root, _):
            stream = Stream(root, live.ticket(LIVE, ["desk", "hall"], None))
            start = await stream.next()
            assert start["status"] == 200
            assert dict(start["headers"])[b"content-type"] == b"text/event-stream; charset=utf-8"
            assert (await stream.next())["body"].startswith(b"event: beat\n")
            await change(LIVE, "hall")
            assert [await stream.topic(), await stream.topic()] == ["desk", "hall"]
            await stream.leave()

    asyncio.run(story())


@pytest.mark.django_db(transaction=True)
def test_stream_hears_its_own_key_and_nothing_of_a_thousand_others():
    def store(keys):
        def work():
            try:
                live.touch_keys("sensing.datastream", keys, LIVE, topics=["sensing"])
            finally:
                connection.close()

        return asyncio.to_thread(work)

    async def story():
        async with serving() as (root, _):
            mine = Stream(root, live.ticket(LIVE, ["sensing.datastream:1007"], None))
            whole = Stream(root, live.ticket(LIVE, ["sensing"], None))
            await mine.next(), await whole.next()
            await store(range(1000))
            assert await whole.topic() == "sensing"
            await store(range(1000, 2500))  # more than one NOTIFY holds
            assert await mine.topic() == "sensing.datastream:1007"
            await asyncio.sleep(0.5)
            said = b"".join(mine.sent.get_nowait()["body"] for _ in range(mine.sent.qsize()))
            assert b"event: topic" not in said, "once, and not for the others"
            await mine.leave()
            await whole.leave()

    asyncio.run(story())


@pytest.mark.django_db(transaction=True)
def test_stream_hears_nothing_when_rolled_back_or_in_another_world_or_topic():
    drill = make_world()

    async def story():
        async with serving() as (root, heart):
            mine = Stream(root, live.ticket(LIVE, ["hall"], None))
            theirs = Stream(root, live.ticket(drill.pk, ["hall"], None))
            await mine.next(), await theirs.next()
            await change(LIVE, "hall", roll_back=True)
            await change(LIVE, "other")
            await change(drill.pk, "hall")
            assert await theirs.topic() == "hall"
            await asyncio.sleep(0.5)
            said = b"".join(mine.sent.get_nowait()["body"] for _ in range(mine.sent.qsize()))
            assert b"event: topic" not in said
            assert said.count(b"event: beat") >= 2
            await mine.leave()
            await theirs.leave()
            assert heart.listeners == set()

    asyncio.run(story())


@pytest.mark.django_db(transaction=True)
def test_stream_is_refused_when_its_ticket_is_forged():
    async def story():
        async with serving() as (root, heart):
            for ticket in ("", "nonsense", live.ticket(LIVE, ["desk"], None)[:-2]):
                stream = Stream(root, ticket)
                assert (await stream.next())["status"] == 403
                assert (await stream.next())["body"] == b""
                await stream.leave()
            assert heart.listeners == set()

    asyncio.run(story())


@pytest.mark.django_db(transaction=True)
def test_streams_end_when_the_server_stops():
    async def story():
        async with serving() as (root, heart):
            stream = Stream(root, live.ticket(LIVE, ["desk"], None))
            await stream.next()
            heart.end_all()
            assert await stream.topic() is None
            await asyncio.wait_for(stream.task, 60)

    asyncio.run(story())


@pytest.mark.django_db(transaction=True)
def test_clients_are_told_to_fetch_everything_when_the_database_connection_broke():
    async def story():
        async with serving() as (root, _):
            stream = Stream(root, live.ticket(LIVE, ["desk"], None))
            await asyncio.to_thread(cut_listeners)
            seen = b""
            while b"event: catchup" not in seen:
                seen += (await stream.next()).get("body", b"")
            await change(LIVE)
            assert await stream.topic() == "desk"
            await stream.leave()

    asyncio.run(story())


def cut_listeners():
    """As a restart of the server would: only connections of this database that LISTEN."""
    try:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND query LIKE 'LISTEN %'"
            )
    finally:
        connection.close()


def test_slow_client_is_told_to_fetch_everything_when_its_queue_ran_over():
    listener = live_route.Listener(str(LIVE), frozenset({"desk"}))
    for n in range(live_route.QUEUE + 2):
        listener.offer(b"frame %d" % n)
    waiting = [listener.frames.get_nowait() for _ in range(listener.frames.qsize())]
    assert waiting == [b"event: catchup\ndata: {}\n\n", b"frame %d" % (live_route.QUEUE + 1)]


def test_slow_client_is_still_ended_when_its_queue_is_full():
    listener = live_route.Listener(str(LIVE), frozenset({"desk"}))
    for _ in range(live_route.QUEUE):
        listener.offer(b"x")
    listener.offer(None)
    assert listener.frames.get_nowait() is None


@pytest.mark.django_db(transaction=True)
def test_client_that_came_before_the_first_listen_is_told_to_fetch_everything():
    """The database was down when the process started: what changed until it listened was never heard."""

    async def story():
        heart = Live(connection.settings_dict)
        stream = Stream(Root(live=heart, rest=None, body_limit=10), live.ticket(LIVE, ["desk"], None))
        await stream.next()
        await heart.start()
        seen = b""
        while b"event: catchup" not in seen:
            seen += (await stream.next()).get("body", b"")
        await stream.leave()
        await heart.stop()

    asyncio.run(story())


@pytest.mark.parametrize(("headers", "parts"), [([(b"content-length", b"11")], []), ([], [b"123456", b"789012"])])
def test_body_is_cut_off_when_larger_than_the_limit(headers, parts):
    """By its header before anything is read, by its count where the header lies."""
    got, sent = [], []

    async def rest(scope, receive, send):
        while (message := await receive())["type"] == "http.request":
            got.append(message["body"])
        got.append(message["type"])

    async def story():
        bodies = iter([{"type": "http.request", "body": part, "more_body": True} for part in parts])

        async def receive():
            return next(bodies)

        async def send(message):
            sent.append(message)

        scope = {"type": "http", "method": "POST", "path": "/tasks/", "headers": headers, "query_string": b""}
        await Root(live=None, rest=rest, body_limit=10)(scope, receive, send)

    asyncio.run(story())
    if parts:
        assert got == [b"123456", "http.disconnect"]
    else:
        assert (got, sent[0]["status"]) == ([], 413)
