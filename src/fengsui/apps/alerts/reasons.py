"""Why a try did not arrive, in words: the code that a channel gave, with what the receiver said where it did."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as mark

WORDS = {
    "no_receipt": mark("发出了，没有收到回执"),
    "address": mark("没有登记接收地址"),
    "not_configured": mark("渠道还没有配置"),
    "connection": mark("连不上对方"),
    "unreachable": mark("连不上对方"),
    "recipients_refused": mark("对方邮件服务器不认收件人"),
    "refused": mark("对方拒收"),
    "other_bytes": mark("公开地址上的内容与签发的不一致"),
    "status": mark("对方没有受理"),
    "not_subscribed": mark("没有终端在接收"),
    "instead": mark("已改由其他渠道送达"),
    "no_recipients": mark("没有号码登记"),
    "no_provider": mark("没有运营商受理"),
    "not_taken": mark("消息服务器没有收下"),
}


def said(reason: str) -> str:
    """The stored reason for a page: `webhook.status(code=503)` becomes a sentence; the code stays in brackets."""
    code, bracket, facts = reason.partition("(")
    words = WORDS.get(code.rpartition(".")[2])
    if words is None:
        return reason
    detail = "" if not bracket or "{" in facts else facts.removesuffix(")").replace("status=", "HTTP ")
    return f"{_(words)}（{detail}）" if detail else _(words)
