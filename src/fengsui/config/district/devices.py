"""Credentials of the district's devices at the embedded broker: one per station, each allowed its own topics only."""

from __future__ import annotations

import hashlib
import hmac

from django.utils import timezone

from fengsui.apps.sensing.models import Device as StationDevice
from fengsui.apps.sensing.queries import fingerprint
from fengsui.config.ops.broker import Device, device_credentials
from fengsui.config.ops.home import Home
from fengsui.kernel.district import District

TERMINAL = "broadcast-terminals"


def secret_of(home: Home, user: str) -> str:
    """The password of one device, derived from this installation's own secret: no list of passwords lies about."""
    master = home.secret("broker/devices.secret")
    return hmac.new(master.encode(), user.encode(), hashlib.sha256).hexdigest()[:32]


def provision(district: District, home: Home) -> int:
    """Write the broker's users for all stations and the broadcast terminals. Returns how many.

    The same passwords open the HTTP door, which keeps only their fingerprints.
    """
    users = []
    for each in district.stations:
        secret = secret_of(home, each.device)
        users.append(Device(each.device, secret, publish=(f"fs/{each.code}/{each.sensor}",)))
        StationDevice.objects.filter(pk=each.device).exclude(secret_sha256=fingerprint(secret)).update(
            secret_sha256=fingerprint(secret), issued_at=timezone.now()
        )
    topics = tuple(outlet.topic for outlet in district.outlets if outlet.kind == "mqtt" and outlet.topic)
    receipts = tuple(f"{topic}/receipt" for topic in topics)
    users.append(Device(TERMINAL, secret_of(home, TERMINAL), publish=receipts, subscribe=("broadcast/+",)))
    return device_credentials(home.var / "broker" / "devices.json", users)
