"""The HTTP door for devices that do not speak MQTT: the same payload, the same stream, the same promise."""

from __future__ import annotations

import base64
import binascii
from typing import Any

import structlog
from django.http import HttpRequest, JsonResponse
from django.views.decorators.csrf import csrf_exempt

from fengsui.apps.sensing import queries
from fengsui.catalog.sensors.contract import MAX_BYTES
from fengsui.core import wording
from fengsui.core.ports import PortAbsent, port
from fengsui.kernel.errors import FengsuiError
from fengsui.kernel.ports.devices import StreamClosed

log = structlog.get_logger(__name__)


@csrf_exempt
def receive(request: HttpRequest, station: str, sensor: str) -> JsonResponse:
    """POST a sensor kind's JSON with the device's login (HTTP Basic).

    202 only after the broker has the message on disk; what cannot be decoded is then kept as rejected, as over MQTT.
    401 wrong login, 403 another station's device, 404 no such stream, 413 too large, 503 nothing kept: send it again.
    """
    if request.method != "POST":
        return _refuse(405, "sensing.receive.method")
    device = queries.device_of(*_login(request))
    if device is None:
        refused = _refuse(401, "sensing.receive.no_credentials")
        refused.headers["WWW-Authenticate"] = 'Basic realm="fengsui devices", charset="UTF-8"'
        return refused
    if device.station.code != station:
        return _refuse(403, "sensing.receive.other_station")
    topic = next((each for each in queries.topics_of(device) if each.rsplit("/", 1)[-1] == sensor), None)
    if topic is None:
        return _refuse(404, "sensing.receive.unknown")
    if int(request.headers.get("Content-Length") or 0) > MAX_BYTES or len(request.body) > MAX_BYTES:
        return _refuse(413, "sensing.receive.too_large", limit=MAX_BYTES)
    try:
        port("intake").publish([(topic, request.body)])
    except (StreamClosed, PortAbsent, ValueError) as away:
        log.warning("sensing.receive.not_kept", topic=topic, error=str(away))
        later = _refuse(503, "sensing.receive.not_kept")
        later.headers["Retry-After"] = "5"
        return later
    return JsonResponse({"kept": topic}, status=202)


def _refuse(status: int, code: str, **facts: Any) -> JsonResponse:
    said = wording.say(FengsuiError(code, **facts))
    return JsonResponse({"error": code, "what": said.what, "next": said.todo}, status=status)


def _login(request: HttpRequest) -> tuple[str, str]:
    scheme, _, text = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    try:
        user, _, password = base64.b64decode(text, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return user, password
