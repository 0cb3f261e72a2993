"""How often many open pages are told: few at once, many spread, and nothing is kept back for good."""

import asyncio

from fengsui.core import live_pace
from fengsui.core.live_pace import AT_ONCE, LONGEST_S, Pace, within_s


def test_few_are_told_at_once_and_many_are_spread():
    assert within_s("desk", AT_ONCE) == 0
    assert within_s("desk", 500) == 25
    assert within_s("core.clocks", 500) == 5
    assert within_s("desk", 100_000) == LONGEST_S


def test_first_goes_out_at_once_and_the_rest_as_one_soon_when_few_listen():
    async def story():
        pace, said, late = Pace(), [], asyncio.Event()

        def send(within):
            said.append(within)
            if len(said) == 2:
                late.set()

        for _ in range(5):
            pace.tell(("w", "desk"), 3, send)
        assert said == [0.0]
        await asyncio.wait_for(late.wait(), 60)
        await asyncio.sleep(0.05)
        assert said == [0.0, 0.0]
        pace.stop()

    asyncio.run(story())


def test_first_goes_out_at_once_and_the_rest_as_one_when_many_listen(monkeypatch):
    monkeypatch.setattr(live_pace, "LONGEST_S", 0.05)

    async def story():
        pace, said, late = Pace(), [], asyncio.Event()

        def send(within):
            said.append(within)
            if len(said) == 2:
                late.set()

        for _ in range(100):
            pace.tell(("w", "desk"), 500, send)
        assert said == [0.05]
        other = []
        pace.tell(("w", "alerts"), 500, other.append)
        assert other == [0.05]
        await asyncio.wait_for(late.wait(), 60)
        await asyncio.sleep(0.1)
        assert said == [0.05, 0.05]
        pace.tell(("w", "desk"), 500, send)
        assert len(said) == 3
        pace.stop()

    asyncio.run(story())


def test_topics_that_were_told_long_ago_are_forgotten(monkeypatch):
    monkeypatch.setattr(live_pace, "KEPT", 10)
    monkeypatch.setattr(live_pace, "LONGEST_S", 0.0001)
    monkeypatch.setattr(live_pace, "within_s", lambda topic, listeners: 0.0001)
    monkeypatch.setattr(live_pace, "window_s", lambda topic, listeners: 0.0001)

    async def story():
        pace = Pace()
        for n in range(100):
            pace.tell(("w", f"alerts.warning:{n}"), 500, lambda within: None)
            await asyncio.sleep(0.0002)
        assert len(pace._last) <= 12

    asyncio.run(story())
