"""Programs with tokens of the story's people, and what they send."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import orjson
from django.test import Client
from django.utils import timezone

from fengsui.apps.people import actions
from fengsui.apps.people.models import Account, Token
from fengsui.core.api import site
from fengsui.core.api.scopes import scopes
from fengsui.core.worlds import LIVE
from fengsui.kernel.actor import Actor

ALL = "*"


def token_of(login: str, *wanted: str, days: int = 7, post: UUID | None = None) -> tuple[Token, str]:
    """A token of this person's first post; `*` for every scope there is."""
    site.api()  # the operations, and with them the scopes, are known once the addresses are
    account = Account.objects.get(username=login)
    held = post or account.person.holdings.order_by("since", "pk")[0].post_id
    by = Actor(world=LIVE, person=account.person_id)
    codes = list(scopes()) if wanted == (ALL,) else list(wanted)
    return actions.make_token(
        name=f"{login} 的程序", post_id=held, scopes=codes, days=days, code="", by=by, now=timezone.now()
    )


class Program:
    """A small caller: JSON in, the response out."""

    def __init__(self, secret: str = "", **headers: str) -> None:
        self.client = Client(raise_request_exception=False)
        self.headers = {**({"Authorization": f"Bearer {secret}"} if secret else {}), **headers}

    def get(self, path: str, **headers: str) -> Any:
        return self.client.get(f"/api/v1{path}", headers={**self.headers, **headers})

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        return self.client.generic(
            method,
            f"/api/v1{path}",
            data=body if isinstance(body, bytes) else orjson.dumps({} if body is None else body),
            content_type="application/json",
            headers={**self.headers, **{name.replace("_", "-"): each for name, each in headers.items()}},
        )

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        return self.send("POST", path, body, **headers)


def program(login: str, *wanted: str, **headers: str) -> Program:
    return Program(token_of(login, *(wanted or (ALL,)))[1], **headers)
