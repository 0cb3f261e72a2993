"""`doctor` about the providers of text messages: each is bound to and left again, nobody is told anything."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

from fengsui.config.ops.console import word
from fengsui.config.ops.doctor_faults import Fault, Finding, declare, found

if TYPE_CHECKING:
    from fengsui.engines.smpp.provider import Provider

ALREADY_BOUND = 0x05
"""ESME_RALYBND: the account is good, and its connections are in use, by our workers as a rule."""

FAULTS = (
    Fault(
        "texts_refused",
        ("短信运营商", "Text messages"),
        ("不让我们登录：{status}", "refuses our login: {status}"),
        (
            "ESME_RINVPASWD、ESME_RINVSYSID：改 FENGSUI_SMPP_URLS 里的口令、账号；其他：问运营商账号是否启用、"
            "准几个连接、本机地址是否已登记",
            "ESME_RINVPASWD, ESME_RINVSYSID: mend password or account in FENGSUI_SMPP_URLS; else ask the provider "
            "whether the account is open, how many connections it may have, and whether it knows our address",
        ),
    ),
    Fault(
        "texts_away",
        ("短信运营商", "Text messages"),
        ("连不上，或不应答：{error}", "cannot be reached, or does not answer: {error}"),
        (
            "检查 FENGSUI_SMPP_URLS 的主机、端口（smpps 与 smpp 不同）和防火墙；本机的出口地址须在运营商登记",
            "check host and port in FENGSUI_SMPP_URLS (smpps and smpp differ) and the firewall; the provider must know "
            "the address that we come from",
        ),
    ),
)
declare(*FAULTS)


def texts() -> Iterator[Finding]:
    if not os.environ.get("FENGSUI_SMPP_URLS", "").strip():
        return
    from fengsui.engines.smpp.provider import providers

    known = providers(os.environ["FENGSUI_SMPP_URLS"])
    for provider, (status, why) in zip(known, asyncio.run(_ask(known)), strict=True):
        if not why or status == ALREADY_BOUND:
            yield Finding(word(*FAULTS[0].name), "ok", f"{provider.name}: {why or 'bind, unbind'}")
        elif status:
            yield found("texts_refused", provider.name, status=why)
        else:
            yield found("texts_away", f"{provider.name}, {provider.host}:{provider.port}", error=why)


async def _ask(known: tuple[Provider, ...]) -> list[tuple[int, str]]:
    return await asyncio.gather(*map(_bound, known))


async def _bound(provider: Provider) -> tuple[int, str]:
    """(the centre's status, why there is no connection), (0, '') where there was one. Takes five seconds at most."""
    from fengsui.engines.smpp.session import NotBound, connect

    try:
        session = await connect(provider)
    except NotBound as why:
        return why.status, str(why)
    await session.unbind()
    return 0, ""
