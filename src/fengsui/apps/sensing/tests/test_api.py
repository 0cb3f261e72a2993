"""What the HTTP door refuses, and with which words. What it accepts is kept: tests/contracts/test_http_intake.py."""

from __future__ import annotations

import base64
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fengsui.apps.sensing import api, queries
from fengsui.apps.sensing.models import Device
from fengsui.apps.sensing.tests.make import make_stream
from fengsui.catalog.sensors.tests.test_fuzz import HOSTILE, messages
from fengsui.core import ports
from fengsui.core.models import World

pytestmark = pytest.mark.django_db
URL = "/api/v1/readings/ST01/water_depth"
GOOD = b'{"t": "2026-07-28T02:47:06+08:00", "v": 0.27, "unit": "m"}'


def basic(user, password):
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


@pytest.fixture
def device():
    stream = make_stream("ST01")
    Device.objects.create(user="dev-st01", station=stream.station, secret_sha256=queries.fingerprint("secret"))
    return basic("dev-st01", "secret")


class Kept:
    """The port's twin in memory."""

    def __init__(self):
        self.messages = []

    def publish(self, messages):
        self.messages += messages


@pytest.fixture
def kept(monkeypatch):
    made = Kept()
    monkeypatch.setitem(ports._factories, "intake", lambda: made)
    return made


def post(client, headers=None, body=GOOD, url=URL):
    return client.generic("POST", url, body, content_type="application/json", headers=headers or {})


@pytest.mark.parametrize(
    "headers",
    [
        {},
        basic("dev-st01", "wrong"),
        basic("nobody", "secret"),
        basic("dev-st01\0", "secret"),
        {"Authorization": "Bearer secret"},
        {"Authorization": "Basic %%%"},
        {"Authorization": "Basic"},
        {"Authorization": "Basic " + base64.b64encode(b"\xff\xfe").decode()},
    ],
)
def test_refuses_401_without_the_devices_own_credentials(client, device, headers):
    answer = post(client, headers)
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"].startswith("Basic ")
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "sensing.receive.no_credentials"


def test_refuses_401_when_the_device_was_switched_off(client, device):
    Device.objects.update(is_active=False)
    assert post(client, device).status_code == 401


def test_refuses_403_another_station_whether_it_exists_or_not_and_404_a_sensor_it_does_not_have(client, device):
    make_stream("ST02")
    assert post(client, device, url="/api/v1/readings/ST02/water_depth").status_code == 403
    assert post(client, device, url="/api/v1/readings/ST03/water_depth").status_code == 403
    assert post(client, device, url="/api/v1/readings/ST01/rain_gauge").status_code == 404


def test_a_device_of_an_exercise_never_reaches_the_live_station_of_the_same_code(client, device):
    world = World.objects.create(kind="exercise", name="演练")
    stream = make_stream("ST01", world_id=world.id, topic="x1/ST01/water_depth")
    Device.objects.create(user="x1-st01", station=stream.station, secret_sha256=queries.fingerprint("other"))
    found = api._stream(Device.objects.select_related("station").get(user="x1-st01"), "ST01", "water_depth")
    assert found.topic == "x1/ST01/water_depth"


def test_refuses_413_when_the_body_is_too_large_whether_it_says_so_or_not(client, device):
    answer = post(client, device, body=b" " * (64 * 1024 + 1))
    assert (answer.status_code, answer.json()["facts"]["limit"]) == (413, 65536)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "sensor.decode.not_json"),
        (b"[1]", "sensor.decode.not_object"),
        (b'{"v": 0.2}', "sensor.decode.unit_missing"),
        (b'{"v": 0.2, "unit": "furlong"}', "sensor.decode.unit_wrong"),
        (b'{"v": "0.2", "unit": "m"}', "sensor.decode.value"),
        (b'{"t": "2026-07-28 02:47", "v": 0.2, "unit": "m"}', "sensor.decode.time"),
    ],
)
def test_refuses_422_with_the_decoders_code_once_the_message_is_kept(client, device, kept, body, code):
    answer = post(client, device, body=body)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert kept.messages == [("fs/ST01/water_depth", body)]
    assert "%(" not in answer.json()["title"] + answer.json()["detail"]


def test_answers_202_and_names_the_bad_rows_when_some_of_a_batch_can_be_used(client, device, kept):
    body = b'{"unit": "m", "readings": [[1785178026, 0.2], [1785178086, null]]}'
    answer = post(client, device, body=body)
    assert answer.status_code == 202
    assert answer.json() == {
        "kept": "fs/ST01/water_depth", "readings": 1, "rejected": 1, "code": "sensor.decode.rows", "rows": "2",
    }  # fmt: skip
    assert kept.messages == [("fs/ST01/water_depth", body)]


@pytest.mark.parametrize("body", HOSTILE, ids=range(len(HOSTILE)))
def test_keeps_a_hostile_body_once_and_unchanged_and_never_fails(client, device, kept, body):
    answer = post(client, device, body=body)
    if len(body) > 64 * 1024:
        assert (answer.status_code, kept.messages) == (413, [])
    else:
        assert answer.status_code in (202, 422)
        assert kept.messages == [("fs/ST01/water_depth", body)]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=messages() | st.binary(max_size=120), station=st.text(max_size=12), sensor=st.text(max_size=12))
def test_never_fails_whatever_is_posted_wherever(client, device, kept, body, station, sensor):
    kept.messages.clear()
    answer = post(client, device, body=body)
    assert answer.status_code in (202, 422)
    assert kept.messages == [("fs/ST01/water_depth", body)]
    elsewhere = post(client, device, body=body, url=f"/api/v1/readings/{quote(station)}/{quote(sensor)}")
    assert elsewhere.status_code in (301, 403, 404)
    assert post(client, {"Authorization": "Basic " + quote(station)}, body=body).status_code == 401
    assert len(kept.messages) == 1


def test_refuses_405_by_get(client, device):
    answer = client.get(URL, headers=device)
    assert (answer.status_code, answer["Allow"]) == (405, "POST")


def test_answers_503_when_no_stream_is_wired(client, device, monkeypatch):
    monkeypatch.delitem(ports._factories, "intake", raising=False)
    assert post(client, device).status_code == 503
