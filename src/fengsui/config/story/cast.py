"""Who plays: accounts of the demonstration, the devices, and what the receivers wrote down."""

from __future__ import annotations

import io
import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PIL import Image

from fengsui.config.district.devices import secret_of
from fengsui.config.ops.home import Home
from fengsui.config.story.browser import Person
from fengsui.ingest.replayer import Login
from fengsui.kernel.district import District


def photo() -> bytes:
    """A real JPEG, as small as a grey wall in the rain: the phone that takes it is not part of the story."""
    out = io.BytesIO()
    Image.new("RGB", (64, 48), (120, 124, 128)).save(out, "JPEG", quality=60)
    return out.getvalue()


@dataclass
class Cast:
    """Logged-in people by account, made when first needed."""

    base: str = field(default_factory=lambda: os.environ["FENGSUI_BASE_URL"])
    password: str = field(default_factory=lambda: os.environ["FENGSUI_DEMO_PASSWORD"])
    people: dict[str, Person] = field(default_factory=dict)
    exercise: str = ""
    """Address of the exercise that everybody enters after the login; empty: the live world."""

    def __call__(self, account: str) -> Person:
        if account not in self.people:
            person = Person(self.base).log_in(account, self.password)
            if self.exercise:
                person.open(self.exercise)
                person.submit("/join")
            self.people[account] = person
        return self.people[account]


def logins(district: District, home: Home, stations: tuple[str, ...]) -> dict[str, Login]:
    """MQTT logins of the stations that a replay needs."""
    return {
        each.code: Login(each.device, secret_of(home, each.device), f"fs/{each.code}/{each.sensor}")
        for each in district.stations
        if each.code in stations
    }


def book(home: Home, name: str) -> list[dict[str, Any]]:
    """Lines of one receiver's book: mail, webhook or broadcast."""
    path: Path = home.var / "receivers" / f"{name}.jsonl"
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text().splitlines() if line.strip()]
