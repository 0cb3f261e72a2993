"""Receipts of telephones: matched by provider and message id, once, early ones and foreign ones too."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from fengsui.apps.alerts import mass_rules, queries
from fengsui.apps.alerts.actions import hearing
from fengsui.apps.alerts.models import MassAttempt, MassEarly, MassReceipt
from fengsui.apps.alerts.tests.make import NOW, later, make_warning
from fengsui.apps.alerts.tests.test_mass import of, phones, send_all
from fengsui.kernel.ports.mass import Heard

__all__ = ["phones"]


@pytest.fixture
def sent(phones, outlets):
    """A hundred messages, whose ids begin with their batch's."""
    make_warning(phones, status="issued")
    send_all()
    return phones


def heard(n: int, outcome: str = "delivered", word: str = "", provider: str = "fake") -> Heard:
    return Heard(provider, f"0-{n:x}", outcome, word)


def counted() -> tuple[int, int, int]:
    facts = queries.mass_counts(of())
    return facts["asked"], facts["delivered"], facts["failed"]


def test_receipts_when_they_come_are_counted_once_for_each_telephone(sent):
    some = [heard(n) for n in range(10)] + [heard(10, "failed", "EXPIRED"), heard(11, "failed", "UNDELIV 00B")]
    assert hearing.take([*some, some[0]], NOW) == 12
    assert hearing.take(some, later(seconds=1)) == 0
    assert hearing.take([heard(10)], later(seconds=1)) == 0  # what was told first stays
    assert counted() == (100, 10, 2)
    assert sorted((word, len(places)) for word, places in MassReceipt.objects.values_list("word", "places")) == [
        ("", 10), ("EXPIRED", 1), ("UNDELIV 00B", 1),
    ]  # fmt: skip
    assert MassEarly.objects.count() == 0


def test_receipt_when_it_is_another_providers_or_nobodys_waits_a_day_and_is_dropped(sent):
    foreign = [heard(0, provider="other"), Heard("fake", "never", "delivered")]
    assert hearing.take([*foreign, *foreign, heard(1)], NOW) == 1
    assert MassEarly.objects.count() == 2
    assert hearing.match_early(later(hours=1)) == 0
    assert MassEarly.objects.count() == 2
    assert hearing.match_early(NOW + mass_rules.EARLY_KEPT + timedelta(seconds=1)) == 0
    assert MassEarly.objects.count() == 0
    assert counted() == (100, 1, 0)


def test_receipts_when_very_many_are_foreign_fill_a_bounded_table_and_hinder_none(sent, monkeypatch):
    monkeypatch.setattr(mass_rules, "EARLY_MOST", 5)
    assert hearing.take([*(Heard("fake", f"x{n}", "delivered") for n in range(20)), heard(3)], NOW) == 1
    assert MassEarly.objects.count() == 5
    assert hearing.take([Heard("fake", "y", "delivered"), heard(4)], NOW) == 1
    assert MassEarly.objects.count() == 5


def test_receipt_when_it_is_earlier_than_the_answer_is_matched_when_that_is_kept(phones, outlets):
    make_warning(phones, status="issued")
    assert hearing.take([heard(0), heard(1, "failed", "REJECTD")], NOW) == 0
    send_all()
    assert counted() == (100, 0, 0)
    hearing.listen(NOW)
    assert counted() == (100, 1, 1)
    assert MassEarly.objects.count() == 0


def test_providers_when_they_owe_receipts_are_listened_to_and_no_longer_than_three_days(sent, outlets):
    hearing.listen(later(minutes=1))
    assert outlets["sms"].bound == 1
    hearing.listen(NOW + mass_rules.RECEIPTS_FOR + timedelta(minutes=1))
    assert outlets["sms"].bound == 1
    batches = MassAttempt.objects.values_list("message_ids", flat=True)
    hearing.take([Heard("fake", each, "delivered") for ids in batches for each in ids], NOW)
    assert counted() == (100, 100, 0)
    hearing.listen(later(minutes=1))
    assert outlets["sms"].bound == 1


@pytest.mark.parametrize(
    ("language", "line"),
    [
        ("zh-hans", "手机回执：收到 2，未收到 1，尚不知 97"),
        ("en", "Telephones: 2 received it, 1 did not, 97 not known yet"),
    ],
)
def test_page_of_a_bulletin_counts_telephones_and_says_the_networks_word(sent, language, line):
    hearing.take([heard(0), heard(1), heard(2, "failed", "UNDELIV 00B")], NOW)
    client = Client()
    client.force_login(sent.persons["赵明远"].account, backend="django.contrib.auth.backends.ModelBackend")
    client.cookies["django_language"] = language
    page = client.get(f"/bulletins/{of().bulletin_id}/parts/deliveries").content.decode()
    assert line in page
    assert "UNDELIV 00B" in page
