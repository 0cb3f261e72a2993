"""E-mail to officers: plain text in both languages, the CAP file attached. The receipt is the mail server's 250."""

from email import policy
from email.message import EmailMessage
from email.utils import format_datetime

from fengsui.catalog.channels.contract import Channel
from fengsui.catalog.channels.words import EXERCISE_EN, EXERCISE_ZH
from fengsui.kernel.ports.outlets import Address, Parcel
from fengsui.kernel.terms import Term


def render(parcel: Parcel) -> bytes:
    """A message without From and To: the envelope is the sender's matter. The same key gives the same bytes."""
    mail = EmailMessage(policy=policy.SMTP.clone(cte_type="7bit"))
    mark = EXERCISE_ZH if parcel.is_exercise else ""
    call = "请应答：" if parcel.call else ""
    mail["Subject"] = f"{mark}{call}{parcel.zh.headline}"
    mail["Date"] = format_datetime(parcel.sent_at)
    mail["Message-ID"] = f"<{parcel.key}@{parcel.sender}.fengsui>"
    mail["X-Fengsui-Key"] = parcel.key
    mail["Auto-Submitted"] = "auto-generated"
    lines = []
    for head, words in ((EXERCISE_ZH, parcel.zh), (EXERCISE_EN, parcel.en)):
        lines += [f"{head if parcel.is_exercise else ''}{words.headline}", words.description, words.instruction, ""]
    if parcel.call:
        lines += [f"点开并按「收到」 / Open and press “Received”: {parcel.call}", ""]
    lines += [f"{parcel.sender_name}  {parcel.identifier}", parcel.web]
    mail.set_content("\n".join(lines))
    mail.add_attachment(parcel.cap, maintype="application", subtype="cap+xml", filename=f"{parcel.identifier}.xml")
    # A boundary of its own: the library's is random, and a repeated try should be the same message.
    mail.set_boundary(f"=_{parcel.key}")
    return mail.as_bytes()


def check(address: Address) -> str:
    if not address.to:
        return "no recipients"
    wrong = [each for each in address.to if each.count("@") != 1 or any(ord(c) < 33 for c in each)]
    return f"not an address: {wrong[0]!r}" if wrong else ""


ENTRY = Channel(
    code="email",
    term=Term("email", "电子邮件", "e-mail", "RFC 5321", "V"),
    public=False,
    needs_receipt=True,
    receipt=Term("accepted", "邮件服务器已收（不等于本人已读）", "taken by the mail server, which is not yet read"),
    wait_s=10.0,
    media_type="message/rfc822",
    render=render,
    check=check,
    transport="smtp",
    at_once=4,
)
