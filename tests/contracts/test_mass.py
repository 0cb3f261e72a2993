"""20 000 numbers through real centres, by real workers: one is killed -9 in the middle, a provider dies in the middle.

Nobody lost, nobody twice but those that were counted as uncertain, a withdrawal to exactly those who were reached.
By hand with more: FENGSUI_MASS_RECIPIENTS=1000000.
"""

from __future__ import annotations

import os
import subprocess
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack

import pytest
from django.db import connection
from django.utils import timezone

from fengsui.apps.alerts import actions, mass_rules, queries
from fengsui.apps.alerts.models import Bulletin, Delivery, MassAttempt, MassBatch, Outlet
from fengsui.apps.alerts.tests import make
from fengsui.core.worlds import LIVE
from fengsui.engines.smpp.provider import WINDOW
from fengsui.kernel.levels import Level
from tests.contracts import workers
from tests.contracts.brokers import free_port
from tests.contracts.smsc import centre

RECIPIENTS = int(os.environ.get("FENGSUI_MASS_RECIPIENTS", "20000"))
AREA = "210106007"
pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


def number(n: int) -> str:
    return f"13{n:09d}"


def worker(providers: str) -> AbstractContextManager[subprocess.Popen[bytes]]:
    return workers.worker(FENGSUI_SMPP_URLS=providers)


def until(said: Callable[[], bool], what: str) -> None:
    workers.until(said, what, 240 * max(1, RECIPIENTS / 100_000))


@pytest.fixture
def town():
    town = make.make_town()
    Outlet.objects.exclude(channel="screen").update(is_active=False)
    Outlet.objects.create(code="phones", channel="sms", name="短信", min_level=1, address={"env": "FENGSUI_SMPP_URLS"})
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO alerts_recipient (number, area_code, added_at) "
            "SELECT '13' || lpad(n::text, 9, '0'), %s, now() FROM generate_series(0, %s) n", [AREA, RECIPIENTS - 1],
        )  # fmt: skip
    return town


def issue(town) -> Bulletin:
    now = timezone.now()
    row = make.signal(town, Level.ORANGE, at=now)
    actions.confirm(warning_id=row.pk, by=town.by("赵明远"), now=now)
    actions.issue(warning_id=row.pk, by=town.by("孙丽"), now=now)
    return Bulletin.objects.in_world(LIVE).get(warning=row)


def delivery(sequence: int) -> Delivery:
    return Delivery.objects.in_world(LIVE).get(outlet_id="phones", bulletin__sequence=sequence)


def counted(sequence: int = 1) -> dict[str, int]:
    return queries.mass_counts(delivery(sequence))


def came(sequence: int, share: float) -> Callable[[], bool]:
    return lambda: counted(sequence)["sent"] >= share * RECIPIENTS


def test_mass_when_a_worker_is_killed_and_a_provider_dies_loses_nobody_and_repeats_only_the_uncertain(town, tmp_path):
    with ExitStack() as stack:
        first = stack.enter_context(centre(free_port(), tmp_path / "first.txt", "--die-after", str(RECIPIENTS // 2)))
        second = stack.enter_context(centre(free_port(), tmp_path / "second.txt", "--refuse", "777"))
        providers = f"{first.url()} {second.url()}"
        issue(town)
        with worker(providers) as killed:
            until(came(1, 0.2), "a fifth is sent")
            killed.kill()
            killed.wait()
        kills = MassBatch.objects.filter(delivery=delivery(1)).exclude(out=[]).count()
        with worker(providers):
            until(lambda: delivery(1).state == "acknowledged", "all is sent")
        facts = counted()
        heard = Counter(first.got() + second.got())
        everybody = {number(n) for n in range(RECIPIENTS)}
        unsure = uncertain()
        refused = {each for each in everybody - set(heard)}
        assert facts["waiting"] == 0
        assert facts["sent"] + facts["refused"] == RECIPIENTS
        assert refused == {each for each in refused if each.endswith("777")}
        assert len(refused) == facts["refused"]
        assert {each for each, n in heard.items() if n > 1} <= unsure
        assert max(heard.values()) <= 3
        # The killed worker had no more than a window out in each lane, and so had the provider that died.
        assert kills <= mass_rules.LOCKS
        assert 0 < len(unsure) <= 2 * mass_rules.LOCKS * WINDOW
        assert facts["uncertain"] >= len(unsure)
        assert set(facts["providers"]) >= {first.url().split("name=")[1], second.url().split("name=")[1]}
        assert delivery(1).receipt["sent"] == facts["sent"]


def uncertain() -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT b.numbers[p + 1] FROM alerts_massattempt a JOIN alerts_massbatch b ON b.id = a.batch_id, "
            "unnest(a.places) AS p WHERE a.outcome = 'uncertain'"
        )
        return {each for (each,) in cursor.fetchall()}


def test_receipts_when_the_worker_is_killed_before_they_come_are_counted_all_the_same(town, tmp_path):
    with ExitStack() as stack:
        options = ("--receipts-ms", "3000", "--undelivered", "77", "--decimal")
        here = stack.enter_context(centre(free_port(), tmp_path / "here.txt", *options))
        issue(town)
        providers = here.url(receipts="yes", ids="hex-dec")
        with worker(providers) as killed:
            until(lambda: delivery(1).state == "acknowledged", "all is sent")
            killed.kill()
            killed.wait()
        with worker(providers):
            until(lambda: counted()["delivered"] + counted()["failed"] >= RECIPIENTS, "receipts are counted")
        facts = counted()
        assert facts["asked"] == facts["sent"] == RECIPIENTS
        assert facts["delivered"] + facts["failed"] == RECIPIENTS
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT r.outcome, r.word, count(*), count(DISTINCT b.numbers[p + 1]), "
                "count(*) FILTER (WHERE right(b.numbers[p + 1], 2) = '77') FROM alerts_massreceipt r "
                "JOIN alerts_massbatch b ON b.id = r.batch_id, unnest(r.places) AS p GROUP BY 1, 2"
            )
            found = {(outcome, word): rest for outcome, word, *rest in cursor.fetchall()}
        assert found["delivered", ""] == [facts["delivered"], facts["delivered"], 0]
        assert found["failed", "UNDELIV 00B"] == [facts["failed"]] * 3
        assert len(found) == 2


def test_withdrawal_in_the_middle_reaches_those_who_were_reached_or_may_have_been_and_nobody_else(town, tmp_path):
    with ExitStack() as stack:
        here = stack.enter_context(centre(free_port(), tmp_path / "here.txt", "--wait-ms", "20"))
        bulletin = issue(town)
        with worker(here.url()) as killed:
            until(came(1, 0.1), "a tenth is sent")
            killed.kill()  # some are out, and nobody will ever know of them
            killed.wait()
        told = set(here.got())
        by = town.by("孙丽")
        actions.cancel(warning_id=bulletin.warning_id, reason="传感器被拆下", by=by, now=timezone.now())
        (tmp_path / "here.txt").write_text("")
        with worker(here.url()):
            until(lambda: delivery(2).state == "acknowledged", "the withdrawal is out")
            until(lambda: delivery(1).state == "blocked", "the false warning is stopped")
        hears = Counter(here.got())
        assert told <= set(hears)
        assert set(hears) - told <= uncertain()  # written down as out, killed before its bytes left
        assert max(hears.values()) == 1
        assert 0 < len(told) < RECIPIENTS
        sent = MassAttempt.objects.filter(batch__delivery=delivery(1), outcome="sent").values_list("places", flat=True)
        assert sum(map(len, sent)) <= len(told)
