"""What the platform finds wrong with itself is a clock of the system administrator, and ends when it is mended."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from fengsui.config import self_check
from fengsui.config.ops import doctor_look
from fengsui.config.proofs import LOOKED_AT, SELF
from fengsui.core import proofs
from fengsui.core.models import Clock, ClockRuleRow
from fengsui.kernel.clock import MACHINE

pytestmark = pytest.mark.django_db


def sql(*statements):
    with connection.cursor() as cursor:
        for each in statements:
            cursor.execute(each)


def owed():
    return {
        each.label: each
        for each in Clock.objects.all_worlds("the whole house").filter(kind=SELF.clock, state__in=MACHINE.open_states)
    }


@pytest.fixture
def alone(tmp_path, monkeypatch):
    """An installation that needs no broker and no proxy, on a disk that is large enough here."""
    for name in ("FENGSUI_NATS_URL", "FENGSUI_BASE_URL", "FENGSUI_BACKUP"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("FENGSUI_VAR", str(tmp_path))
    monkeypatch.setattr("fengsui.config.ops.doctor_machine.DISK_GB", 0.001)
    monkeypatch.setattr("fengsui.config.ops.doctor_inside.OPEN_S", 1e9)  # other tests' sessions on the same server
    ClockRuleRow.objects.create(kind=SELF.clock, limit_s=3600, ladder=[])
    return tmp_path


def test_every_group_has_a_name():
    assert set(LOOKED_AT) == set(doctor_look.CODES)


def test_fault_is_one_clock_while_it_lasts_and_none_after(alone, monkeypatch):
    self_check.look(timezone.now())
    proofs.watch(timezone.now())
    assert owed() == {}
    lost = "sensing_observation_" + (timezone.now().replace(day=28) + timedelta(days=7)).strftime("%Y_%m")
    sql(f"DROP TABLE {lost}", "DELETE FROM django_migrations WHERE app = 'core' AND name = '0003_last_proof'")
    monkeypatch.setattr("fengsui.config.ops.doctor_machine.DISK_GB", 1e9)
    for _ in range(2):
        self_check.look(timezone.now())
        proofs.watch(timezone.now())
    found = owed()
    assert set(found) == {"读数分区 自检未通过", "库表版本 自检未通过", "磁盘空间 自检未通过"}
    assert {each.owner_role for each in found.values()} == {"system_admin"}
    assert {each.url for each in found.values()} == {"/proofs/?kind=core.self"}
    told = proofs.last(SELF.code, ["partitions", "disk"])
    assert lost[-7:].replace("_", "-") in told["partitions"].failure
    assert "du -xh" in told["disk"].failure
    monkeypatch.setattr("fengsui.config.ops.doctor_machine.DISK_GB", 0.001)
    sql(
        "SELECT sensing_make_partition((now() AT TIME ZONE 'UTC' + interval '1 month')::date)",
        "INSERT INTO django_migrations (app, name, applied) VALUES ('core', '0003_last_proof', now())",
    )
    self_check.look(timezone.now())
    proofs.watch(timezone.now())
    assert owed() == {}
    assert all(
        each.state == "met" and each.proof["how"] == "自查正常"
        for each in Clock.objects.all_worlds("the whole house").filter(kind=SELF.clock)
    )
