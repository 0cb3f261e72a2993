"""Signed webhook: JSON over HTTP POST. The receipt is a 2xx answer with the receiver's own id."""

import json

from fengsui.catalog.channels.contract import Answer, Channel, Push
from fengsui.catalog.channels.signing import named_by_environment, signed
from fengsui.catalog.channels.words import as_json, facts
from fengsui.kernel.ports.outlets import Parcel
from fengsui.kernel.terms import Term


def render(parcel: Parcel) -> bytes:
    return as_json(facts(parcel))


def taken(answer: Answer) -> str:
    """The receiver's own id; '' where the answer carries none."""
    try:
        said = json.loads(answer.body)
    except ValueError:
        return ""
    return str(said.get("id", "")) if isinstance(said, dict) else ""


ENTRY = Channel(
    code="webhook",
    term=Term("webhook", "接口推送", "webhook"),
    public=True,
    needs_receipt=True,
    receipt=Term("taken", "对方系统已受理并给出编号", "taken by the other system under its own number"),
    wait_s=10.0,
    media_type="application/json; charset=utf-8",
    render=render,
    check=named_by_environment,
    transport="http",
    push=Push(headers=signed, taken=taken),
)
