"""Text messages to registered numbers by SMPP 3.4. The receipt is the provider's number of each message it took."""

from fengsui.catalog.channels.contract import Channel
from fengsui.catalog.channels.signing import named_by_environment
from fengsui.catalog.channels.words import EXERCISE_ZH
from fengsui.kernel.ports.outlets import Parcel
from fengsui.kernel.terms import Term


def render(parcel: Parcel) -> bytes:
    """The text, in UTF-8: who speaks, in the brackets that providers ask for; what; what to do. Chinese alone."""
    mark = EXERCISE_ZH if parcel.is_exercise else ""
    words = parcel.zh
    return f"【{parcel.sender_name}】{mark}{words.headline}。{words.description}{words.instruction}".encode()


ENTRY = Channel(
    code="sms",
    term=Term("sms", "短信", "text message", "SMPP 3.4", "V"),
    public=True,
    needs_receipt=True,
    receipt=Term(
        "taken", "运营商已受理（不等于本人已收到）", "taken by the provider, which is not yet received by the person"
    ),
    wait_s=10.0,
    media_type="text/plain; charset=utf-8",
    render=render,
    check=named_by_environment,
    transport="smpp",
    many=True,
)
