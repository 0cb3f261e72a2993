"""Broadcast terminals by MQTT 3.1.1, QoS 1, not retained. The receipt is what a terminal publishes on <topic>/receipt.

Not retained: a terminal that connects hours later must not play an old warning. It drops a key that it has played.
"""

from fengsui.catalog.channels.contract import Channel
from fengsui.catalog.channels.words import EXERCISE_ZH, as_json, facts
from fengsui.kernel.ports.outlets import Address, Parcel
from fengsui.kernel.terms import Term


def render(parcel: Parcel) -> bytes:
    mark = EXERCISE_ZH if parcel.is_exercise else ""
    return as_json(facts(parcel) | {"speak": f"{mark}{parcel.zh.headline}。{parcel.zh.instruction}"})


def check(address: Address) -> str:
    if not address.topic:
        return "no topic"
    return "a topic without wildcards, dots or blanks" if set(address.topic) & set("+#.*> ") else ""


ENTRY = Channel(
    code="mqtt",
    term=Term("mqtt", "应急广播终端", "broadcast terminals", "区十四五应急体系规划", "V"),
    public=True,
    needs_receipt=True,
    receipt=Term("played", "终端回报已播", "a terminal says that it played it"),
    wait_s=6.0,
    media_type="application/json",
    render=render,
    check=check,
    transport="mqtt",
)
