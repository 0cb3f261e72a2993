"""The outlet of text messages against real centres on loopback: order, fail-over, throttling, what is uncertain."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from typing import Any

import pytest

from fengsui.catalog.channels.tests.test_channels import parcel
from fengsui.engines.outlets.sms import Sms
from fengsui.engines.smpp import carrying
from fengsui.engines.smpp.text import Part, joined
from fengsui.kernel.ports.mass import Told
from fengsui.kernel.ports.outlets import Address, NotDelivered
from tests.contracts.brokers import free_port
from tests.contracts.smsc import Running, centre

ADDRESS = Address(env="FENGSUI_SMPP_URLS")
NUMBERS = {place: f"138{place:08d}" for place in range(1000)}


class Kept:
    """A book in memory that checks what the port promises. stop_at: it says stop after so many calls."""

    def __init__(self, window: int = 200, stop_at: int = 0) -> None:
        self.told: list[Told] = []
        self.out: set[int] = set()
        self.most, self.calls, self.window, self.stop_at = 0, 0, window, stop_at

    def __call__(self, told: Any, out: Any) -> bool:
        self.calls += 1
        assert {each.place for each in told if each.provider} <= self.out
        self.told += told
        self.out = set(out)
        self.most = max(self.most, len(self.out))
        assert len(self.out) <= self.window
        return not self.stop_at or self.calls < self.stop_at

    def places(self, outcome: str) -> set[int]:
        return {each.place for each in self.told if each.outcome == outcome}


@pytest.fixture
def place(tmp_path, monkeypatch) -> Iterator[Any]:
    """place.centre(*options) starts one; place.carry(book, *centres) sends through them in order."""
    with ExitStack() as stack:
        sms = Sms()
        stack.callback(sms.close)

        class Place:
            outlet = sms

            def centre(self, *options: str) -> Running:
                port = free_port()
                return stack.enter_context(centre(port, tmp_path / f"{port}.txt", *options))

            def through(self, *centres: Running, **options: Any) -> None:
                monkeypatch.setenv(ADDRESS.env, " ".join(each.url(**options) for each in centres))

            def carry(
                self, book: Kept, numbers: Mapping[int, str] = NUMBERS, *, again: bool = True, **over: Any
            ) -> None:
                sms.carry(parcel(**over), ADDRESS, numbers, again=again, book=book)

        yield Place()


def test_carry_when_all_goes_well_reaches_each_number_once_and_never_has_more_out_than_the_window(place):
    here, book = place.centre(), Kept()
    place.through(here)
    place.carry(book)
    assert Counter(here.got()) == Counter(NUMBERS.values())
    assert book.places("sent") == set(NUMBERS)
    assert (book.most, book.out) == (200, set())
    assert all(each.reference for each in book.told)


@pytest.mark.parametrize("long", ["udh", "payload"])
def test_long_chinese_text_when_received_is_whole(place, long):
    here = place.centre("--full")
    place.through(here, long=long, prefix="86")
    words = parcel().zh
    text = "请勿进入" * 60 + "😀完"
    place.carry(Kept(), {0: "13800000000"}, zh=type(words)("题", "", text, ""))
    lines = here.lines()
    assert {line[0] for line in lines} == {"8613800000000"}
    assert {line[2] for line in lines} == {"08"}
    assert len(lines) == (4 if long == "udh" else 1)
    assert (
        joined([Part(int(line[1], 16), bytes.fromhex(line[3])) for line in lines]) == f"【铁西区应急管理局】题。{text}"
    )


def test_carry_when_throttled_backs_off_and_loses_nobody(place):
    here, book = place.centre("--throttle", "150"), Kept()
    place.through(here)
    place.carry(book)
    assert Counter(here.got()) == Counter(NUMBERS.values())
    assert book.places("sent") == set(NUMBERS)


def test_carry_when_numbers_do_not_exist_refuses_those_alone(place):
    here, book = place.centre("--refuse", "7"), Kept()
    place.through(here)
    place.carry(book)
    assert book.places("refused") == {n for n in NUMBERS if n % 10 == 7}
    assert {each.reason for each in book.told if each.outcome == "refused"} == {"ESME_RINVDSTADR"}
    assert len(here.got()) == 900


def test_carry_when_a_provider_dies_goes_on_by_the_next_and_repeats_only_what_was_out(place):
    first, second, book = place.centre("--die-after", "437"), place.centre(), Kept()
    place.through(first, second)
    place.carry(book)
    assert book.places("sent") == set(NUMBERS)
    unsure = book.places("uncertain")
    assert 0 < len(unsure) <= 200
    both = Counter(first.got() + second.got())
    assert set(both) == set(NUMBERS.values())
    assert {number for number, n in both.items() if n > 1} <= {NUMBERS[n] for n in unsure}
    # The dead one rests: the next batch does not wait for it.
    assert place.outlet._in_order(list(place.outlet._lines))[0].port == second.port


def test_carry_when_uncertain_ones_are_not_repeated_stay_as_they_are(place):
    first, second, book = place.centre("--die-after", "437"), place.centre(), Kept()
    place.through(first, second)
    place.carry(book, again=False)
    assert book.places("sent") | book.places("uncertain") == set(NUMBERS)
    assert not book.places("sent") & book.places("uncertain")
    assert max(Counter(first.got() + second.got()).values()) == 1


def test_carry_when_a_provider_refuses_all_goes_on_by_the_next_and_when_none_is_left_says_so(place):
    wrong, good, book = place.centre("--wrong", "0x08"), place.centre(), Kept()
    place.through(wrong, good)
    place.carry(book)
    assert book.places("sent") == set(NUMBERS)
    assert max(Counter(good.got()).values()) == 1
    place.through(wrong)
    with pytest.raises(NotDelivered, match=r"sms\.no_provider") as failed:
        place.carry(Kept())
    assert failed.value.again
    assert "refuses" in str(failed.value)


def test_carry_when_no_answer_comes_gives_the_provider_up(place, monkeypatch):
    monkeypatch.setattr(carrying, "ANSWER_S", 0.5)
    mute, good, book = place.centre("--mute-after", "300"), place.centre(), Kept()
    place.through(mute, good)
    place.carry(book)
    assert book.places("sent") == set(NUMBERS)
    assert 0 < len(book.places("uncertain")) <= 200


def test_carry_when_told_to_stop_sends_no_more_and_tells_what_was_out(place):
    here, book = place.centre("--wait-ms", "20"), Kept(stop_at=4)
    place.through(here)
    place.carry(book)
    sent = book.places("sent")
    assert 0 < len(sent) <= 600
    assert {NUMBERS[n] for n in sent} == set(here.got())
    assert book.out == set()


def test_carry_when_the_book_fails_ends_and_the_answers_reach_no_other_batch(place):
    here = place.centre()
    place.through(here)

    def broken(told: Any, out: Any) -> bool:
        if told:
            raise RuntimeError("no database")
        return True

    with pytest.raises(RuntimeError):
        place.carry(broken)
    book = Kept()
    place.carry(book)
    assert book.places("sent") == set(NUMBERS)


def test_carry_when_nothing_is_configured_or_reachable(place, monkeypatch):
    monkeypatch.setenv(ADDRESS.env, "")
    with pytest.raises(NotDelivered, match=r"sms\.not_configured") as failed:
        place.carry(Kept())
    assert not failed.value.again
    monkeypatch.setenv(ADDRESS.env, f"smpp://a:p@127.0.0.1:{free_port()}")
    with pytest.raises(NotDelivered, match=r"sms\.no_provider"):
        place.carry(Kept())
    here = place.centre()
    monkeypatch.setenv(ADDRESS.env, f"smpp://wrong:p@127.0.0.1:{here.port}")
    with pytest.raises(NotDelivered, match="ESME_RINVPASWD"):
        place.outlet.test(ADDRESS)


def test_outlet_when_tested_tells_nobody_and_when_sent_to_a_few_says_how_many(place):
    here = place.centre("--refuse", "9")
    place.through(here)
    assert "bound" in place.outlet.test(ADDRESS).reference
    assert here.got() == []
    receipt = place.outlet.send(parcel(), Address(to=("13800000001", "13800000009"), env=ADDRESS.env))
    assert receipt.facts == {"to": 1, "refused": 1}
    with pytest.raises(NotDelivered, match=r"sms\.refused"):
        place.outlet.send(parcel(), Address(to=("13800000009",), env=ADDRESS.env))


@pytest.mark.parametrize("when", ["--receipts-ms=5", "--early"])
def test_receipts_when_asked_for_are_heard_by_message_and_the_rest_is_answered_and_harmless(place, when):
    here, book, heard = place.centre(when, "--noise", "--undelivered=7"), Kept(), []
    place.through(here, receipts="yes")
    place.outlet.desk.hear(heard.extend)
    place.carry(book)
    until(lambda: here.answered() == {0: 6 * len(NUMBERS)})
    said = {each.message_id: each for each in heard}
    ours = {each.reference: each.place for each in book.told}
    assert len(ours) == len(NUMBERS)
    assert all(each.asked for each in book.told)
    assert set(ours) <= set(said)
    assert {ours[each] for each in ours if said[each].outcome == "failed"} == {n for n in NUMBERS if n % 10 == 7}
    assert {each.word for each in heard} == {"", "UNDELIV 00B"}
    assert {each for each in said if each not in ours} == {f"other{each}" for each in ours}
    assert place.outlet.desk.foreign == 3 * len(NUMBERS)


def test_receipts_when_they_cannot_be_kept_are_asked_for_again(place):
    here, calls = place.centre(), []
    place.through(here, receipts="yes")

    def broken(heard: Any) -> None:
        calls.append(heard)
        if len(calls) == 1:
            raise RuntimeError("no database")

    place.outlet.desk.hear(broken)
    place.carry(Kept(), {0: "13800000000"})
    until(lambda: here.answered() == {0x64: 1, 0: 1})
    assert calls[0] == calls[1]


def test_receipts_when_we_were_away_come_to_whoever_listens(place):
    here, heard = place.centre("--receipts-ms=200"), []
    place.through(here, receipts="yes")
    place.carry(Kept(), {0: "13800000000"})
    place.outlet.close()
    time.sleep(0.5)
    place.outlet.listen(ADDRESS, heard.extend, bind=True)
    until(lambda: len(heard) == 1)
    place.outlet.listen(ADDRESS, heard.extend, bind=True)
    [line] = place.outlet._lines.values()
    assert line.idle.qsize() == 1


def test_receipt_when_not_asked_for_is_not_sent(place):
    here, book = place.centre("--early"), Kept()
    place.through(here)
    place.carry(book, {0: "13800000000"})
    assert not book.told[0].asked
    assert here.answered() == {}


def until(said: Any) -> None:
    deadline = time.monotonic() + 30
    while not said():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_kept_connection_when_it_breaks_at_the_first_message_is_made_anew_at_once(place):
    """Cut while it was idle: that says nothing of the provider, which does not rest for it."""
    here, book = place.centre(), Kept()
    place.through(here)
    place.carry(book, {0: "13800000000"})
    [line] = place.outlet._lines.values()
    kept = line.idle.queue[0]
    kept.submit = lambda _items: kept.close()
    place.carry(book, {1: "13800000001", 2: "13800000002"})
    assert here.got() == ["13800000000", "13800000001", "13800000002"]
    assert book.places("uncertain") == {1, 2}  # nobody knows that they were never read
    assert line.rests_until == 0.0
    assert line.idle.queue[0] is not kept


def test_kept_connection_when_cut_is_made_anew(place):
    here, book = place.centre(), Kept()
    place.through(here)
    place.carry(book, {0: "13800000000"})
    kept = next(iter(place.outlet._lines.values())).idle.queue[0]
    kept.close()
    deadline = time.monotonic() + 20
    while not kept.lost:  # the loop of the connections is another thread's
        assert time.monotonic() < deadline
        time.sleep(0.01)
    place.carry(book, {1: "13800000001"})
    assert here.got() == ["13800000000", "13800000001"]
