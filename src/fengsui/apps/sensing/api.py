"""`POST /api/v1/readings/<station>/<sensor>`: the second door, for devices that do not speak MQTT.

The body is the payload of MQTT (catalog.sensors.contract). It goes unchanged into the same stream, and an answer is
given only when that stream has it on disk: 202 (saying which rows of a batch cannot be used, if any), or 422 for a body
of which nothing can be used; it is kept with its reason, as over MQTT. 401 wrong login, 403 another station, 404 no
such sensor, 413 too large, 503 not kept: send it again.
Refusals are problem details (RFC 9457) with the dotted code.
"""

from __future__ import annotations

import base64
import binascii
from typing import Any

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import override
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt

from fengsui.apps.sensing import queries
from fengsui.apps.sensing.models import Datastream, Device
from fengsui.apps.sensing.programs import router
from fengsui.catalog.sensors import kind as sensor_kind
from fengsui.catalog.sensors.contract import MAX_BYTES, Rejected
from fengsui.core import wording
from fengsui.core.ports import PortAbsent, port
from fengsui.kernel.errors import FengsuiError, Forbidden, NotFound
from fengsui.kernel.ports.devices import StreamClosed

__all__ = ["receive", "router"]

log = structlog.get_logger(__name__)


class Unauthorised(FengsuiError):
    status = 401


class TooLarge(FengsuiError):
    status = 413


class WrongMethod(FengsuiError):
    status = 405


class NotKept(FengsuiError):
    """The stream did not say that it has the message: the device keeps it and sends it again."""

    status = 503


@csrf_exempt
@never_cache
def receive(request: HttpRequest, station: str, sensor: str) -> HttpResponse:
    try:
        return _receive(request, station, sensor)
    except FengsuiError as refused:
        return _problem(request, refused)


def _receive(request: HttpRequest, station: str, sensor: str) -> HttpResponse:
    if request.method != "POST":
        raise WrongMethod("sensing.receive.method")
    stream = _stream(_device(request), station, sensor)
    body = _body(request)
    try:
        port("intake").publish([(stream.topic, body)])
    except (StreamClosed, PortAbsent, ValueError) as away:
        log.warning("sensing.receive.not_kept", topic=stream.topic, error=str(away))
        raise NotKept("sensing.receive.not_kept") from None
    told: dict[str, Any] = {"kept": stream.topic}
    try:
        told["readings"] = len(sensor_kind(stream.kind).decode(body))
    except Rejected as no:
        if not no.sound:
            raise
        told |= {"readings": len(no.sound), "rejected": no.facts["bad"], "code": no.code, "rows": no.facts["rows"]}
    return JsonResponse(told, status=202)


def _device(request: HttpRequest) -> Device:
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    try:
        user, colon, password = base64.b64decode(given.strip(), validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        user, colon, password = "", "", ""
    # PostgreSQL takes no zero byte in a text, so such a name is nobody's.
    usable = scheme.lower() == "basic" and colon and "\0" not in user
    device = queries.device_of(user, password) if usable else None
    if device is None:
        raise Unauthorised("sensing.receive.no_credentials")
    return device


def _stream(device: Device, station: str, sensor: str) -> Datastream:
    """The device's own stream, in its own world; of other stations nothing is told, not even whether they exist."""
    if device.station.code != station:
        raise Forbidden("sensing.receive.other_station")
    found = device.station.datastreams.filter(kind=sensor, is_active=True).first()
    if found is None:
        raise NotFound("sensing.receive.unknown")
    return found


def _body(request: HttpRequest) -> bytes:
    """Read to one byte more than may be, whatever the header promises."""
    body = request.read(MAX_BYTES + 1)
    if len(body) > MAX_BYTES:
        raise TooLarge("sensing.receive.too_large", limit=MAX_BYTES)
    return body


def _problem(request: HttpRequest, refused: FengsuiError) -> JsonResponse:
    """Devices have no language of their own: the words are Chinese, the code is for programs."""
    with override(settings.LANGUAGE_CODE):
        said = wording.say(refused)
    problem: dict[str, Any] = {
        "type": f"urn:fengsui:problem:{refused.code}",
        "title": said.what,
        "status": refused.status,
        "detail": said.todo,
        "code": refused.code,
        "instance": f"urn:uuid:{getattr(request, 'correlation', '')}",
        "facts": {key: value for key, value in refused.facts.items() if value not in ("", None)},
    }
    answer = JsonResponse(problem, status=refused.status, content_type="application/problem+json")
    if refused.status == 401:
        answer.headers["WWW-Authenticate"] = 'Basic realm="fengsui devices", charset="UTF-8"'
    elif refused.status == 405:
        answer.headers["Allow"] = "POST"
    elif refused.status == 503:
        answer.headers["Retry-After"] = "5"
    return answer
