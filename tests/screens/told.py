"""Fill an empty database with the told story; write down which page each role may open, as JSON into FILE."""

from __future__ import annotations

import json
import sys
from datetime import timedelta
from pathlib import Path

import django

django.setup()

from django.utils import timezone

from tests.contracts.story import LOGINS, client_of, tell
from tests.contracts.test_urls_by_role import TABLE, address, patterns
from tests.e2e import scene

MORE = {
    "desk:clock-list": "?f.late=1&f.scope=any",
    "desk:find-show": "?q=桥",
    "incidents:incident-list": "?f.state=any",
}
"""Pages that show more when asked so."""


def allowed() -> dict[str, list[str]]:
    """Roles that may open each page, as the table of the contract has it."""
    found = {}
    for line in TABLE.read_text("utf-8").splitlines():
        method, name, _anonymous, star, *others = line.split()
        if method != "GET":
            continue
        answers = dict.fromkeys(LOGINS, star.removeprefix("*:"))
        for each in others:
            status, _, roles = each.partition(":")
            answers |= dict.fromkeys(roles.split(","), status)
        found[name] = [role for role, status in answers.items() if status == "200"]
    return found


def main() -> None:
    story, may = tell(), allowed()
    scene._rise(timezone.now() - timedelta(seconds=1))
    scene._handle_all()
    clients = {role: client_of(login) for role, login in LOGINS.items()}
    pages: dict[str, dict[str, str]] = {}
    for name, pattern in patterns():
        if not may.get(name) or name.startswith("ui:gallery"):
            continue
        where = address(name, pattern, story) + MORE.get(name, "")
        answer = clients[may[name][0]].get(where)
        body = b"" if getattr(answer, "streaming", False) else answer.content
        if answer.status_code == 200 and b"<!doctype html>" in body[:200].lower():
            pages[name] = {"": where} | {role: LOGINS[role] for role in may[name]}
    Path(sys.argv[1]).write_text(json.dumps(pages, ensure_ascii=False), "utf-8")


if __name__ == "__main__":
    main()
