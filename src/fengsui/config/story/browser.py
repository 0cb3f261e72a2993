"""A person at a browser, without the browser: opens pages, fills the forms that stand on them, presses a button.

It can do only what a page offers: a missing form or field is a failure of the page, not of the story.
"""

from __future__ import annotations

import http.client
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

from lxml import html


class PageError(Exception):
    """The page did not offer, or the platform refused, what the person tried."""


@dataclass
class Page:
    url: str
    status: int
    body: bytes
    headers: Mapping[str, str]

    @property
    def tree(self) -> Any:
        return html.fromstring(self.body or b"<html/>")

    @property
    def text(self) -> str:
        return " ".join(self.tree.text_content().split())


@dataclass
class Person:
    """One logged-in person. `base` is http://host:port."""

    base: str
    name: str = ""
    cookies: dict[str, str] = field(default_factory=dict)
    page: Page | None = None

    def _ask(self, method: str, url: str, body: bytes | None = None, headers: Mapping[str, str] | None = None) -> Page:
        parts = urlsplit(urljoin(self.page.url if self.page else self.base, url))
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30)
        try:
            cookie = "; ".join(f"{key}={value}" for key, value in self.cookies.items())
            sent = {"Cookie": cookie, "Referer": self.base + "/", "Origin": self.base, **(headers or {})}
            connection.request(method, target, body, sent)
            answer = connection.getresponse()
            data = answer.read()
            for line in answer.headers.get_all("Set-Cookie") or []:
                for key, morsel in SimpleCookie(line).items():
                    self.cookies[key] = morsel.value
            found = Page(parts.geturl(), answer.status, data, dict(answer.headers.items()))
        finally:
            connection.close()
        if answer.status in {301, 302, 303} and (where := answer.headers.get("Location")):
            self.page = found
            return self._ask("GET", where)
        return found

    def open(self, url: str, *, expect: int = 200) -> Page:
        """GET a page. Raises PageError for another status than expected."""
        self.page = self._ask("GET", url)
        if self.page.status != expect:
            raise PageError(f"{self.name} GET {url}: {self.page.status} {self.page.text[:200]}")
        return self.page

    def forms(self, action: str) -> list[Any]:
        """Forms on the current page whose address ends so; one without an address goes to the page itself."""
        assert self.page is not None
        here = self.page.url
        return [
            each
            for each in self.page.tree.iter("form")
            if _path(urljoin(here, _target(each))).rstrip("/").endswith(action.rstrip("/"))
        ]

    def submit(self, action: str, *, files: Mapping[str, bytes] | None = None, **values: str | list[str]) -> Page:
        """Fill the form whose address (or whose button's own address) ends with `action`, as it stands, and send it.

        Raises PageError where the page has no such form or field, or where the platform refuses.
        """
        assert self.page is not None
        form, where = self._form(action)
        sent = [(key, value) for key, value in form.form_values() if value is not None and key not in values]
        known = {each.get("name") for each in form.iter("input", "select", "textarea", "button") if each.get("name")}
        if unknown := set(values) - known:
            raise PageError(f"{self.name}: {action} has no field {sorted(unknown)}, only {sorted(known)}")
        for key, value in values.items():
            sent += [(key, each) for each in ([value] if isinstance(value, str) else value)]
        if files:
            body, kind = _multipart(sent, files), f"multipart/form-data; boundary={BOUNDARY}"
        else:
            body, kind = urlencode(sent).encode(), "application/x-www-form-urlencoded"
        self.page = self._ask("POST", where, body, {"Content-Type": kind})
        if self.page.status >= 400:
            raise PageError(f"{self.name} POST {where}: {self.page.status} {self.page.text[:300]}")
        refusals = self.page.tree.xpath('//*[@id="said"]//*[contains(@class, "error")]')
        said = [" ".join(each.text_content().split()) for each in refusals]
        if where_now := self.page.headers.get("HX-Redirect"):
            self.open(where_now)
        if refused := "；".join(text for text in said if text):
            raise PageError(f"{self.name} POST {where}: {refused}")
        return self.page

    def _form(self, action: str) -> tuple[Any, str]:
        assert self.page is not None
        here, tree = self.page.url, self.page.tree
        if found := self.forms(action):
            return found[0], urljoin(here, _target(found[0]))
        for button in tree.iter("button", "input"):
            own = button.get("formaction") or ""
            if own and _path(own).rstrip("/").endswith(action.rstrip("/")):
                named = button.get("form")
                form = tree.get_element_by_id(named) if named else next(button.iterancestors("form"))
                return form, urljoin(here, own)
        offered = sorted({_path(_target(each)) for each in tree.iter("form")})
        raise PageError(f"{self.name}: no form {action} on {here}; there are {offered}")

    def log_in(self, username: str, password: str) -> Person:
        self.name = username
        self.open("/login/")
        self.submit("/login/", username=username, password=password)
        if self.page and _path(self.page.url) == "/login/code":
            # Somebody tried the second factor in this demonstration; its door asks for none.
            self.open("/login/")
            self.submit("/login/demo", username=username)
        if self.page and _path(self.page.url).startswith("/login"):
            raise PageError(f"{username}: login refused: {self.page.text[:200]}")
        return self


BOUNDARY = "fengsui-story-boundary-7d1c"


def _multipart(values: Sequence[tuple[str, str]], files: Mapping[str, bytes]) -> bytes:
    parts = [
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'.encode()
        for key, value in values
        if key not in files
    ]
    for key, data in files.items():
        head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{key}"; filename="{key}.jpg"\r\n'
        parts.append(head.encode() + b"Content-Type: image/jpeg\r\n\r\n" + data + b"\r\n")
    return b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()


def _target(form: Any) -> str:
    """Where a form goes: its hx-post, else its action; empty means the page itself."""
    return str(form.get("hx-post") or form.get("action") or "")


def _path(url: str) -> str:
    return urlsplit(url).path
