from __future__ import annotations

import base64

import pytest
from django.urls import reverse
from django.utils import timezone

from fengsui.apps.sensing import actions
from fengsui.apps.sensing.models import Device
from fengsui.apps.sensing.tests.make import make_stream
from fengsui.core import ports
from fengsui.core.worlds import LIVE
from fengsui.kernel.actor import Actor
from fengsui.kernel.ports.devices import StreamClosed

pytestmark = pytest.mark.django_db
BODY = b'{"t": 1785178086, "v": 0.1, "unit": "m"}'


class Kept:
    """The port's twin in memory; the real one is run in tests/scenarios."""

    def __init__(self):
        self.messages, self.away = [], False

    def publish(self, messages):
        if self.away:
            raise StreamClosed("away")
        self.messages += messages


@pytest.fixture
def intake(monkeypatch):
    kept = Kept()
    monkeypatch.setitem(ports._factories, "intake", lambda: kept)
    return kept


@pytest.fixture
def password():
    stream = make_stream()
    Device.objects.create(user="dev-st01", station=stream.station)
    (given,) = actions.issue_credentials(world=LIVE, by=Actor(world=LIVE, system="test"), now=timezone.now())
    assert given["publish"] == ["fs/ST01/water_depth"]
    return given["password"]


def post(client, user, password, station="ST01", sensor="water_depth", body=BODY):
    login = base64.b64encode(f"{user}:{password}".encode()).decode()
    url = reverse("sensing:reading-receive", args=[station, sensor])
    return client.post(url, body, content_type="application/json", headers={"Authorization": f"Basic {login}"})


def test_receive_hands_the_body_on_untouched(client, intake, password):
    got = post(client, "dev-st01", password)
    assert (got.status_code, got.json()) == (202, {"kept": "fs/ST01/water_depth", "readings": 1})
    assert intake.messages == [("fs/ST01/water_depth", BODY)]


@pytest.mark.parametrize(
    ("over", "status", "code"),
    [
        ({"password": "wrong"}, 401, "sensing.receive.no_credentials"),
        ({"user": "nobody"}, 401, "sensing.receive.no_credentials"),
        ({"password": ""}, 401, "sensing.receive.no_credentials"),
        ({"station": "ST02"}, 403, "sensing.receive.other_station"),
        ({"sensor": "rain_gauge"}, 404, "sensing.receive.unknown"),
        ({"body": b"x" * 70_000}, 413, "sensing.receive.too_large"),
    ],
)
def test_receive_refuses_and_keeps_nothing(client, intake, password, over, status, code):
    got = post(client, **{"user": "dev-st01", "password": password, **over})
    assert (got.status_code, got.json()["code"]) == (status, code)
    assert intake.messages == []


def test_receive_refuses_a_device_without_a_secret(client, intake):
    stream = make_stream()
    Device.objects.create(user="dev-st01", station=stream.station)
    assert post(client, "dev-st01", "").status_code == 401


def test_receive_says_try_again_when_the_broker_is_away(client, intake, password):
    intake.away = True
    got = post(client, "dev-st01", password)
    assert (got.status_code, got.headers["Retry-After"]) == (503, "5")


def test_receive_refuses_get(client):
    assert client.get(reverse("sensing:reading-receive", args=["ST01", "water_depth"])).status_code == 405
