"""The demonstration's story, told by people who do not give up: `python -m tests.scenarios.patient_story`

Arguments: FILE.csv SPEED OUT.
Run inside a demonstration whose parts are killed meanwhile. A page that does not come is opened again; after a press
without an answer the page is looked at again, and the button is pressed again only if it still stands there. Nothing
else differs from `./fengsui demo --headless`, and the same table proves the same steps.

OUT/sent is made when all readings are acknowledged, OUT/acknowledged.json tells which, OUT/played is made before the
proof, which waits for OUT/calm.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import django

PATIENCE_S = 240.0
LATE_S = 180.0
"""A reading that waited so long for a broker is still worth a level: devices send again what was not acknowledged."""


def patient_database() -> None:
    """Ask again on a new connection when the database was killed; between transactions only."""
    from django.db import InterfaceError, OperationalError, connection
    from django.db.backends.base.base import BaseDatabaseWrapper
    from psycopg_pool import PoolTimeout

    away = (OperationalError, InterfaceError, PoolTimeout)
    connect = BaseDatabaseWrapper.ensure_connection

    def ensure_connection(self: Any) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while True:
            try:
                return connect(self)
            except away:
                if self.in_atomic_block or time.monotonic() > deadline:
                    raise
                self.close()
                time.sleep(0.3)

    def execute_again(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        deadline = time.monotonic() + PATIENCE_S
        while True:
            try:
                return execute(sql, params, many, context)
            except away:
                database = context["connection"]
                if database.in_atomic_block or time.monotonic() > deadline:
                    raise
                database.close()
                time.sleep(0.3)
                context["cursor"].cursor = database.cursor().cursor

    BaseDatabaseWrapper.ensure_connection = ensure_connection  # type: ignore[method-assign]  # replaced on purpose, to look at it
    connection.execute_wrappers.append(execute_again)


class Unsure(Exception):
    """A press without an answer."""


def patient_people() -> None:
    from fengsui.config.story import browser, cast, gauges, proof

    class Patient(browser.Person):
        shown = ""
        """Address of the last page that came by GET: where a form was pressed may not be opened."""

        def _ask(self, method: str, url: str, body: Any = None, headers: Any = None) -> browser.Page:
            deadline = time.monotonic() + PATIENCE_S
            while True:
                try:
                    page = super()._ask(method, url, body, headers)
                    if page.status < 500:
                        self.shown = page.url if method == "GET" else self.shown
                        return page
                    why: Exception = browser.PageError(f"{url}: {page.status}")
                except (OSError, http.client.HTTPException) as gone:
                    why = gone
                if method != "GET":
                    raise Unsure(str(why))
                if time.monotonic() > deadline:
                    raise browser.PageError(f"{self.name} waited in vain for {url}: {why}")
                time.sleep(0.5)

        def submit(self, action: str, *, files: Any = None, **values: Any) -> browser.Page:
            assert self.page is not None
            where, unsure = self.shown, False
            while True:
                try:
                    return super().submit(action, files=files, **values)
                except Unsure:
                    unsure = True
                    self.open(where)
                    if not self._offers(action):
                        return self.page
                except browser.PageError:
                    if not unsure:
                        raise
                    return self.open(where)  # the first press had counted

        def _offers(self, action: str) -> bool:
            try:
                self._form(action)
            except browser.PageError:
                return False
            return True

    def fetch(base: str, path: str) -> tuple[int, bytes]:
        page = Patient(base)._ask("GET", path)
        return page.status, page.body

    cast.Person = Patient
    proof.fetch = fetch
    gauges.LEAST_PATIENCE_S = PATIENCE_S


def patient_devices(out: Path) -> None:
    from fengsui.apps.sensing import actions as sensing
    from fengsui.config.ops.console import say
    from fengsui.config.story import play, proof
    from fengsui.config.story.cast import logins
    from fengsui.ingest.replayer import Replayer
    from fengsui.kernel import replay as series

    class PatientStory(play.Story):
        def _replay(self) -> None:
            try:
                who = logins(self.district, self.home, self.replay.stations)
                plan = list(series.schedule(self.replay, self.speed, datetime.now(UTC)))
                host, port = os.environ["FENGSUI_MQTT_HOST"], int(os.environ["FENGSUI_MQTT_PORT"])
                with Replayer(host, port, who, patience_s=PATIENCE_S) as devices:
                    self.outcome = devices.play(plan)
            except BaseException as error:
                self.broken = error
            finally:
                (out / "sent").touch()

        def rain(self) -> None:
            who = logins(self.district, self.home, self.replay.stations)
            topics = [each.topic for each in who.values()]
            sensing.set_speed(topics=topics, speed=self.speed, period_s=LATE_S / 10 * self.speed)
            time.sleep(3)
            say(f"回放 {len(self.replay.items)} 个读数", f"Replaying {len(self.replay.items)} readings")
            self._thread.start()

    steps = proof.steps

    def steps_when_calm(story: Any, *rest: Any) -> Any:
        facts = {
            "published": story.outcome.published, "acknowledged": story.outcome.acknowledged,
            "by_fault": story.outcome.by_fault, "keys": sorted(story.outcome.keys), "broken": str(story.broken or ""),
        }  # fmt: skip
        (out / "acknowledged.json").write_text(json.dumps(facts))
        (out / "played").touch()
        while not (out / "calm").exists():
            time.sleep(0.2)
        return steps(story, *rest)

    play.Story = PatientStory
    proof.steps = steps_when_calm


def main(file: str, speed: str, out: str) -> int:
    django.setup()
    from fengsui.config.story import play

    patient_database()
    patient_people()
    patient_devices(Path(out))
    return play.play(argparse.Namespace(replay=file, speed=float(speed)))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
