"""On-screen: the desks and walls of the house itself. The receipt is a page that showed it to a named person."""

from fengsui.catalog.channels.contract import Channel, nothing_to_check
from fengsui.kernel.ports.outlets import Parcel
from fengsui.kernel.terms import Term


def render(parcel: Parcel) -> bytes:
    return f"{parcel.zh.headline}\n{parcel.zh.instruction}\n".encode()


ENTRY = Channel(
    code="screen",
    term=Term("screen", "本系统屏幕", "screens of this system"),
    public=False,
    needs_receipt=False,
    receipt=Term("seen", "某人页面已显示", "shown on somebody's page"),
    wait_s=1.0,
    media_type="text/plain; charset=utf-8",
    render=render,
    check=nothing_to_check,
    transport="page",
)
