"""E-mail by smtplib: connections are kept and shared between threads, the bytes are rendered once."""

from __future__ import annotations

import os
import smtplib
import ssl
from contextlib import suppress
from queue import Empty, LifoQueue
from urllib.parse import unquote, urlsplit

from fengsui.catalog.channels.email import ENTRY
from fengsui.kernel.ports.outlets import Address, NotDelivered, Parcel, Receipt

KEPT = 24
"""Connections: the six jobs of a lane with ENTRY.at_once sends each."""


class Mail:
    """`url`: smtp://user:password@host:port or smtps://; default FENGSUI_SMTP_URL.

    A recipient that is refused for good makes the try fail only if none is left; the refused ones are in the receipt.
    """

    def __init__(self, url: str = "") -> None:
        self._url = url
        self._idle: LifoQueue[smtplib.SMTP] = LifoQueue(KEPT)

    @property
    def url(self) -> str:
        return self._url or os.environ.get("FENGSUI_SMTP_URL", "")

    def send(self, parcel: Parcel, address: Address) -> Receipt:
        if wrong := ENTRY.check(address):
            raise NotDelivered("email.address", again=False, why=wrong)
        sender = _sender()
        body = f"From: {sender}\r\nTo: {', '.join(address.to)}\r\n".encode() + ENTRY.render(parcel)
        server, reused = self._take()
        try:
            code, said, refused = _hand_over(server, sender, address.to, body)
        except (smtplib.SMTPException, OSError) as error:
            _quit(server)
            # A kept connection may have been closed by the server meanwhile: once more on a new one.
            if not (reused and _is_broken(error)):
                raise _verdict(error) from error
            server = self._connect()
            try:
                code, said, refused = _hand_over(server, sender, address.to, body)
            except (smtplib.SMTPException, OSError) as again:
                _quit(server)
                raise _verdict(again) from again
        self._give_back(server)
        if code != 250:
            raise NotDelivered("email.refused", again=code < 500, status=code, said=said)
        return Receipt("acknowledged", said, {"to": len(address.to) - len(refused), "refused": sorted(refused)})

    def test(self, address: Address) -> Receipt:
        """Is the server there; with addresses also whether it would take mail for each. No mail is sent."""
        server, reused = self._take()
        try:
            receipt = _ask(server, address.to)
        except (smtplib.SMTPException, OSError) as error:
            _quit(server)
            if not (reused and _is_broken(error)):
                raise _verdict(error) from error
            server = self._connect()
            try:
                receipt = _ask(server, address.to)
            except (smtplib.SMTPException, OSError) as again:
                _quit(server)
                raise _verdict(again) from again
        self._give_back(server)
        return receipt

    def close(self) -> None:
        with suppress(Empty):
            while True:
                _quit(self._idle.get_nowait())

    def _take(self) -> tuple[smtplib.SMTP, bool]:
        with suppress(Empty):
            return self._idle.get_nowait(), True
        return self._connect(), False

    def _give_back(self, server: smtplib.SMTP) -> None:
        if self._idle.full():
            _quit(server)
        else:
            self._idle.put(server)

    def _connect(self) -> smtplib.SMTP:
        parts = urlsplit(self.url)
        if not parts.hostname:
            raise NotDelivered("email.not_configured", again=False, variable="FENGSUI_SMTP_URL")
        try:
            if parts.scheme == "smtps":
                server: smtplib.SMTP = smtplib.SMTP_SSL(
                    parts.hostname, parts.port or 465, timeout=ENTRY.wait_s, context=ssl.create_default_context()
                )
            else:
                server = smtplib.SMTP(parts.hostname, parts.port or 25, timeout=ENTRY.wait_s)
                server.ehlo()
                if server.has_extn("starttls"):
                    server.starttls(context=ssl.create_default_context())
                    server.ehlo()
            if parts.username:
                server.login(unquote(parts.username), unquote(parts.password or ""))
        except (smtplib.SMTPException, OSError) as error:
            raise _verdict(error) from error
        return server


def _ask(server: smtplib.SMTP, to: tuple[str, ...]) -> Receipt:
    """NOOP, or the first half of a mail that is taken back. Raises NotDelivered for an address that is refused."""
    if not to:
        code, said = server.noop()
        return Receipt("acknowledged", f"{code} {said.decode('utf-8', 'replace')}")
    server.mail(_sender())
    codes = [server.rcpt(each)[0] for each in to]
    server.rset()
    if max(codes) >= 400:
        raise NotDelivered("email.address_refused", again=max(codes) < 500, status=max(codes))
    return Receipt("acknowledged", f"{max(codes)} address accepted")


def _sender() -> str:
    return os.environ.get("FENGSUI_MAIL_FROM", "fengsui@localhost")


def _hand_over(
    server: smtplib.SMTP, sender: str, to: tuple[str, ...], body: bytes
) -> tuple[int, str, dict[str, tuple[int, bytes]]]:
    """One transaction; unlike `sendmail` it tells what the server said on taking the message."""
    server.ehlo_or_helo_if_needed()
    server.mail(sender)
    refused: dict[str, tuple[int, bytes]] = {}
    for each in to:
        code, said = server.rcpt(each)
        if code not in (250, 251):
            refused[each] = (code, said)
    if len(refused) == len(to):
        server.rset()
        raise smtplib.SMTPRecipientsRefused(refused)
    code, said = server.data(body)
    return code, said.decode("utf-8", "replace"), refused


def _is_broken(error: Exception) -> bool:
    """Whether the connection is gone, as opposed to a server that answered (smtplib's errors are OSErrors too)."""
    return isinstance(error, smtplib.SMTPServerDisconnected) or not isinstance(error, smtplib.SMTPException)


def _verdict(error: Exception) -> NotDelivered:
    """Whether another try can help: 5xx is for good, everything else may pass."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        codes = [code for code, _ in error.recipients.values()]
        return NotDelivered("email.recipients_refused", again=any(code < 500 for code in codes), status=max(codes))
    if isinstance(error, smtplib.SMTPResponseException):
        return NotDelivered("email.refused", again=error.smtp_code < 500, status=error.smtp_code)
    return NotDelivered("email.connection", error=type(error).__name__)


def _quit(server: smtplib.SMTP) -> None:
    with suppress(smtplib.SMTPException, OSError):
        server.quit()
    server.close()
