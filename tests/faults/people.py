"""People at work, with known truth: `python -m tests.faults.inside people ROUND SEED`, until truth/over-ROUND is there.

Each case goes one loop: a warning proposed, confirmed, issued and lifted; an incident received, a response activated,
tasks taken on, a team ordered out and home again; numbered notes and reports between. They speak to the API as any
program does: with an Idempotency-Key, again with the same key until an answer comes. Each answer is a line in
truth/people-ROUND.jsonl.
"""

from __future__ import annotations

import http.client
import json
import os
import random
import threading
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

PATIENCE_S = 300.0
AT_ONCE = 2
NOTES = 4
STEPS = ("accept", "depart", "arrive", "work", "leave", "return")
PASSING = {"core.api.key_in_use", "core.api.too_many"}


class Refused(Exception):
    """The platform's own no, with its code."""


class Book:
    def __init__(self, path: Path) -> None:
        self._out, self._lock = open(path, "a", encoding="utf-8"), threading.Lock()  # noqa: SIM115 - for the whole run

    def write(self, **facts: Any) -> None:
        with self._lock:
            self._out.write(json.dumps({"t": round(time.time(), 3), **facts}, ensure_ascii=False) + "\n")
            self._out.flush()


class Person:
    def __init__(self, base: str, token: str, book: Book) -> None:
        self.where, self.token, self.book = urlsplit(base), token, book

    def ask(self, method: str, path: str, body: Any = None, key: str = "") -> Any:
        """The answer, however often it must be asked for. Raises Refused."""
        deadline, tries = time.monotonic() + PATIENCE_S, 0
        while True:
            tries += 1
            try:
                status, said = self._once(method, path, body, key)
                if status < 400:
                    if key:
                        self.book.write(op=path.rsplit("/", 1)[-1], key=key, tries=tries, id=_id(said))
                    return said
                code = str(said.get("code", "")) if isinstance(said, dict) else ""
                if status < 500 and status != 429 and code not in PASSING:
                    raise Refused(f"{method} {path}: {status} {json.dumps(said, ensure_ascii=False)[:300]}")
                why = f"{status} {code}"
            except (OSError, ValueError, http.client.HTTPException) as gone:
                why = type(gone).__name__
            if time.monotonic() > deadline:
                raise TimeoutError(f"{method} {path}: no answer in {PATIENCE_S:.0f} s, last {why}")
            time.sleep(0.5)

    def _once(self, method: str, path: str, body: Any, key: str) -> tuple[int, Any]:
        line = http.client.HTTPConnection(str(self.where.hostname), self.where.port, timeout=15)
        try:
            headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
            headers |= {"Idempotency-Key": key} if key else {}
            line.request(method, f"/api/v1{path}", json.dumps(body or {}) if method != "GET" else None, headers)
            answer = line.getresponse()
            text = answer.read()
            return answer.status, json.loads(text) if text else {}
        finally:
            line.close()


def _id(said: Any) -> str:
    return str(said.get("id", "")) if isinstance(said, dict) else ""


def case(name: str, place: str, who: dict[str, Person], book: Book) -> None:
    """One whole loop. `name` makes every text and key of it unlike any other's.

    One that breaks off ends its warning: it would hold its place for all rounds to come.
    """
    reason = f"fault {name}"
    warning = who["duty"].ask(
        "POST",
        "/warnings",
        {"place": place, "hazard": "waterlogging", "level": "yellow", "reason": reason},
        f"{name}-propose",
    )
    at = f"/warnings/{warning['id']}"
    try:
        handle(name, at, reason, who, book)
    except (Refused, TimeoutError):
        for login, verb in (("leader", "lift"), ("duty", "reject")):
            with suppress(Refused):
                who[login].ask("POST", f"{at}/{verb}", {"reason": reason}, f"{name}-end-{verb}")
                break
        raise


def handle(name: str, at: str, reason: str, who: dict[str, Person], book: Book) -> None:
    duty, leader, commander = who["duty"], who["leader"], who["commander"]
    duty.ask("POST", f"{at}/confirm", {"version": 1}, f"{name}-confirm")
    bulletin = leader.ask("POST", f"{at}/issue", {"typed": "yellow"}, f"{name}-issue")
    book.write(fact="bulletin", id=bulletin["id"], number=bulletin["number"])
    # Two minutes back: a clock that jumped backwards must not make what was known a thing of the future.
    intake = {
        "source": "phone",
        "type_code": "11A02",
        "address": f"{reason} 路口",
        "area": "210106007",
        "known_at": _ago(7_300),
    }
    incident = duty.ask("POST", "/incidents", {**intake, "summary": reason}, f"{name}-receive")
    book.write(fact="incident", id=incident["id"], text=reason)
    for number in range(NOTES):
        text = f"{reason} note {number}"
        duty.ask("POST", f"/incidents/{incident['id']}/notes", {"text": text}, f"{name}-note{number}")
        book.write(fact="note", text=text)
    duty.ask("POST", f"/incidents/{incident['id']}/verify", {"note": reason}, f"{name}-verify")
    plan = {"level": "yellow", "matter": reason, "expected_hours": 3, "measures": reason, "activate": True}
    commander.ask(
        "POST", f"/incidents/{incident['id']}/responses", {**plan, "approval_note": reason}, f"{name}-response"
    )
    tasks = commander.ask("GET", f"/tasks?mine=false&status=all&limit=100&incident={incident['id']}")["items"]
    book.write(fact="tasks", incident=incident["id"], count=len(tasks))
    work(name, reason, tasks, who, book)
    leader.ask("POST", f"{at}/lift", {"reason": reason}, f"{name}-lift")
    book.write(fact="case", name=name)


def work(name: str, reason: str, tasks: list[dict[str, Any]], who: dict[str, Person], book: Book) -> None:
    """Some of the tasks are taken on and reported about; one sends a team out and home."""
    commander = who["commander"]
    for number, task in enumerate([each for each in tasks if each["status"] == "waiting"][:3]):
        at = f"/tasks/{task['id']}"
        try:
            commander.ask("POST", f"{at}/accept", {}, f"{name}-accept{number}")
            text = f"{reason} report {number}"
            commander.ask("POST", f"{at}/report", {"text": text}, f"{name}-report{number}")
            book.write(fact="report", text=text)
        except Refused as no:
            book.write(refused=str(no))
    for task in tasks:
        try:
            options = commander.ask("GET", f"/tasks/{task['id']}/suggestion")["options"]
            team = next((each["team"] for each in options if each["can_go"]), None)
            if team is None:
                continue
            order = commander.ask(
                "POST", f"/tasks/{task['id']}/orders", {"team": team, "note": reason}, f"{name}-order"
            )
        except Refused as no:
            book.write(refused=str(no))
            continue
        book.write(fact="order", id=order["id"], number=order["number"])
        for step in STEPS:
            commander.ask("POST", f"/orders/{order['id']}/{step}", {"note": reason}, f"{name}-{step}")
        return


def _ago(seconds: float) -> str:
    return datetime.fromtimestamp(time.time() - seconds, UTC).isoformat()


def main(number: str, seed: str) -> int:
    truth = Path(os.environ["FAULTS_TRUTH"])
    book, facts = Book(truth / f"people-{number}.jsonl"), json.loads((truth / "tokens.json").read_text())
    base, dice = os.environ["FENGSUI_BASE_URL"], random.Random(int(seed))
    who = {login: Person(base, token, book) for login, token in facts["tokens"].items()}
    places, over, broken = list(facts["places"]), truth / f"over-{number}", []
    dice.shuffle(places)

    def shift(which: int) -> None:
        mine, turn = places[which::AT_ONCE], 0
        while not over.exists():
            try:
                case(f"r{number}-{seed}-{which}-{turn}", mine[turn % len(mine)], who, book)
            except (Refused, TimeoutError) as no:
                book.write(refused=str(no))
                broken.append(str(no))
                time.sleep(1)
            turn += 1

    threads = [threading.Thread(target=shift, args=(which,)) for which in range(AT_ONCE)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    print("\n".join(broken), flush=True)
    return 0
