"""A batch through one session: never more out than the window and the book know, throttling backed off."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from fengsui.engines.smpp import pdu
from fengsui.engines.smpp.session import ANSWER_S, Item, Session
from fengsui.kernel.ports.mass import Book, Told

THROTTLE_S = 60.0
"""A provider that takes nothing for so long because we are too fast is left for the next one [G]."""
WAITS_S = (0.1, 5.0)
"""First and longest wait after a throttling answer; it doubles while they go on [G]."""
WRONG_IN_A_ROW = 20
"""After so many refusals in a row that are not about the number, the provider is at fault and not they [G]."""
LOOK_S = 0.5
"""What was answered is told to the book at least so often, however slow the provider is."""


@dataclass(slots=True)
class Outcome:
    """left: places not sent, with the provider's status where it refused them, else None. died: why, '' if it lives."""

    left: dict[int, int | None] = field(default_factory=dict)
    died: str = ""
    stopped: bool = False


@dataclass(slots=True)
class _Number:
    """One number under way: parts still to be answered, parts taken."""

    open: int
    taken: int = 0
    refused: int = 0
    reference: str = ""


class Carrying:
    """`forms`: (before the number, after it) of each part. One use, one thread."""

    def __init__(
        self, session: Session, forms: Sequence[tuple[bytes, bytes]], numbers: dict[int, bytes], book: Book, again: bool
    ) -> None:
        self.session, self.forms, self.numbers, self.book, self.again = session, forms, numbers, book, again
        self.name, self.asked = session.provider.name, session.provider.receipts
        self.last = len(forms) - 1
        self.window: float = max(session.provider.window, len(forms))
        self.waiting = deque(numbers)
        self.later: deque[tuple[int, int]] = deque()
        self.under_way: dict[int, _Number] = {}
        self.out = 0
        self.told: list[Told] = []
        self.result = Outcome()
        self._pause_s, self._paused_until, self._throttled_since = 0.0, 0.0, 0.0
        self._wrong = 0
        self._heard_at = time.monotonic()
        self._told_at = 0.0

    def run(self) -> Outcome:
        while True:
            items = self._next()
            half = max(1, int(self.window) // 2)
            due = time.monotonic() - self._told_at > LOOK_S
            if items or (self.told and (len(self.told) >= half or not self.under_way or due)):
                items = self._tell(items)
            if items:
                self.session.submit(items)
                self.out += len(items)
            if not self.under_way:
                return self._end()
            self._take(min(half, self.out))
            if self.session.lost:
                return self._lost()

    def _next(self) -> list[Item]:
        """What may go now: parts that were throttled first, then whole numbers, as far as the window reaches."""
        now = time.monotonic()
        room = int(self.window) - self.out
        if now < self._paused_until or (self.out and room < self.window / 2):
            return []
        items: list[Item] = []
        if self.result.stopped or self.result.died:
            self._take_back()
        while self.later and room > 0:
            place, part = self.later.popleft()
            items.append(self._item(place, part))
            room -= 1
        while self.waiting and not (self.result.stopped or self.result.died) and room >= len(self.forms):
            place = self.waiting.popleft()
            self.under_way[place] = _Number(len(self.forms))
            items += [self._item(place, part) for part in range(len(self.forms))]
            room -= len(self.forms)
        return items

    def _item(self, place: int, part: int) -> Item:
        before, after = self.forms[part]
        return (place, part), before + self.numbers[place], after

    def _tell(self, items: list[Item]) -> list[Item]:
        """The book first. Where it says stop, numbers whose first part has not gone wait again."""
        told, self.told = self.told, []
        self._told_at = time.monotonic()
        if self.book(told, list(self.under_way)) or self.result.stopped:
            return items
        self.result.stopped = True
        keep = []
        fresh = {place for (place, _), *_ in items if not self.under_way[place].taken and self._untouched(place, items)}
        for item in items:
            if item[0][0] not in fresh:
                keep.append(item)
        for place in fresh:
            del self.under_way[place]
            self.waiting.appendleft(place)
        self.book([], list(self.under_way))
        return keep

    def _untouched(self, place: int, items: list[Item]) -> bool:
        return sum(item[0][0] == place for item in items) == len(self.forms)

    def _take(self, wanted: int) -> None:
        now = time.monotonic()
        wait_s = LOOK_S if not self.later else min(LOOK_S, max(0.01, self._paused_until - now))
        if self.out == 0:
            time.sleep(wait_s)  # only throttled parts are left: they wait for their time
            answers = []
        else:
            answers = self.session.take(wanted, wait_s)
        now = time.monotonic()
        throttled = taken = False
        for (place, part), status, reference in answers:
            self.out -= 1
            if status in (pdu.THROTTLED, pdu.QUEUE_FULL):
                self.later.append((place, part))
                throttled = True
                continue
            number = self.under_way[place]
            number.open -= 1
            if status == pdu.OK:
                taken, self._wrong = True, 0
                if number.open == 0 and not number.refused:  # nearly always
                    del self.under_way[place]
                    name = reference if part == self.last else number.reference
                    self.told.append(Told(place, self.name, "sent", "", name, self.asked))
                    continue
                number.taken += 1
                if part == self.last:  # of several the receipt of the last one is asked for
                    number.reference = reference
            else:
                number.refused = status
                self._wrong += status != pdu.BAD_DESTINATION
            if number.open == 0:
                self._settle(place, number)
        if answers or self.out == 0:
            self._heard_at = now
        elif now - self._heard_at > ANSWER_S:
            self.session.close()
            self.result.died = "no answer"
        self._pace(throttled, taken, now)
        if self._wrong >= WRONG_IN_A_ROW:
            self.result.died = self.result.died or "refuses"

    def _pace(self, throttled: bool, taken: bool, now: float) -> None:
        """Half the window and twice the wait for each throttling; a little more of it for each success."""
        if throttled:
            self._throttled_since = self._throttled_since if not taken and self._throttled_since else now
            self.window = max(len(self.forms), self.window / 2)
            self._pause_s = min(WAITS_S[1], 2 * self._pause_s or WAITS_S[0])
            self._paused_until = now + self._pause_s
        elif taken:
            self._throttled_since = self._pause_s = 0.0
            self.window = min(self.session.provider.window, self.window * 1.1 + 1)
            self.window = max(self.window, len(self.forms))
        if self._throttled_since and now - self._throttled_since > THROTTLE_S:
            self.result.died = "throttled"

    def _take_back(self) -> None:
        """Numbers of which no part was taken and none is out wait for another time; begun ones are brought to an end,
        unless the provider takes nothing any more: then nobody knows what the telephone shows."""
        held = Counter(place for place, _ in self.later)
        for place, parts in held.items():
            number = self.under_way[place]
            if number.taken == 0 and number.refused == 0 and number.open == parts:
                self.waiting.append(place)
            elif self.result.died == "throttled" and number.open == parts:
                self._uncertain(place, "throttled")
            else:
                continue
            del self.under_way[place]
            self.later = deque(each for each in self.later if each[0] != place)

    def _settle(self, place: int, number: _Number) -> None:
        del self.under_way[place]
        if number.refused == pdu.BAD_DESTINATION:
            self.told.append(Told(place, self.name, "refused", pdu.status_name(number.refused)))
        elif number.taken:
            self._uncertain(place, pdu.status_name(number.refused))
        else:
            self.result.left[place] = number.refused

    def _uncertain(self, place: int, why: str) -> None:
        self.told.append(Told(place, self.name, "uncertain", why))
        if self.again:
            self.result.left[place] = None

    def _lost(self) -> Outcome:
        """Answers that came before the end still count; the rest of what was out is uncertain."""
        self._take(self.out)
        self.result.died = self.result.died or self.session.lost
        self._take_back()
        for place in self.under_way:
            self._uncertain(place, self.session.lost)
        self.under_way.clear()
        return self._end()

    def _end(self) -> Outcome:
        if self.told or self.numbers:
            self.book(self.told, ())
            self.told = []
        for place in self.waiting:
            self.result.left[place] = None
        return self.result
