"""The issued CAP 1.2 document itself, by HTTP POST, for systems that read the standard and nothing of ours."""

from fengsui.catalog.channels.contract import Answer, Channel, Push
from fengsui.catalog.channels.signing import named_by_environment, signed
from fengsui.kernel.ports.outlets import Parcel
from fengsui.kernel.terms import Term


def render(parcel: Parcel) -> bytes:
    return parcel.cap


def taken(answer: Answer) -> str:
    """Where the receiver keeps it, else the bare status: CAP says nothing of receipts."""
    return answer.headers.get("location") or f"HTTP {answer.status}"


ENTRY = Channel(
    code="cap_push",
    term=Term("cap_push", "CAP 推送", "CAP push", "OASIS CAP 1.2", "V"),
    public=True,
    needs_receipt=True,
    receipt=Term("taken", "对方服务器已收下原文", "the other server took the document"),
    wait_s=10.0,
    media_type="application/cap+xml",
    render=render,
    check=named_by_environment,
    transport="http",
    push=Push(headers=signed, taken=taken),
)
