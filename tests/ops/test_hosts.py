"""The platform on seven hosts of their own: proxy, two webs, ingest, jobs, database, broker. Cables are pulled."""

from __future__ import annotations

import json
import re
import threading
import time
import urllib.error
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import paho.mqtt.client as paho
import psycopg
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from tests.ops.hosts import HOSTS, NGINX, PASSWORD, Site, site_on, until
from tests.ops.lan import Lan, permitted
from tests.ops.test_deploy import Reader

pytestmark = pytest.mark.slow


@pytest.fixture
def lan():
    if why := permitted():
        pytest.skip(f"no network namespaces here, so several hosts are NOT tried: {why}")
    if not Path(NGINX).exists():
        pytest.skip("no nginx on this system, so several hosts are NOT tried")
    with Lan(HOSTS) as lan:
        yield lan


@pytest.fixture
def site(lan):
    with site_on(lan) as made:
        yield made


class People:
    """Three who read and post without a pause, on a host of their own; what went wrong is kept with its kind."""

    def __init__(self, site: Site) -> None:
        self.site, self.ended = site, threading.Event()
        self.answers: Counter[str] = Counter()
        self.failures: list[tuple[str, str]] = []
        self.ready, self.gave_up = threading.Event(), ""
        self.threads = [site.lan.thread("people", self._all)]

    def _all(self) -> None:
        try:
            reader, home = self._signed_in()
        except Exception as error:  # whatever it is, the test says it
            self.gave_up = f"{type(error).__name__}: {error}"
            return
        finally:
            self.ready.set()
        three = [threading.Thread(target=self._one, args=(reader, home)) for _ in range(3)]
        for each in three:
            each.start()
        for each in three:
            each.join()

    def _signed_in(self) -> tuple[Reader, str]:
        # The proxy waits a minute for a web that was cut off in the middle of an answer, then asks the other one.
        reader = Reader(self.site.shared["FENGSUI_BASE_URL"], patience_s=300)
        deadline = time.monotonic() + 300
        while True:
            try:
                page = reader.get("/login/")
                break
            except OSError:
                assert time.monotonic() < deadline
                time.sleep(0.2)
        reader.post("/login/", page, username="duty", password=PASSWORD)
        home = reader.get("/")
        assert 'id="nav"' in home
        return reader, home

    def _one(self, reader: Reader, home: str) -> None:
        while not self.ended.is_set():
            for kind in ("get", "post"):
                try:
                    if kind == "get":
                        assert 'id="nav"' in reader.get("/")
                    else:
                        reader.post("/language/", home, language="zh-hans", next="/")
                    self.answers[kind] += 1
                except urllib.error.HTTPError as error:
                    self.failures.append((kind, str(error.code)))
                except Exception as error:  # whatever it is, a person would have seen it
                    self.failures.append((kind, f"{type(error).__name__}: {error}"))

    def more(self, count: int = 30) -> None:
        """Wait until so many more answers came."""
        before = self.answers.total()
        until(lambda: self.answers.total() >= before + count, f"people wait: {self.failures}")

    def done(self) -> None:
        self.ended.set()
        for each in self.threads:
            each.join(600)


class Gauge:
    """One device that numbers its readings by their time, and knows which were acknowledged."""

    def __init__(self, site: Site) -> None:
        self.site, self.ended = site, threading.Event()
        self.acknowledged: set[datetime] = set()
        rows = json.loads((site.folder / "jobs/broker/devices.json").read_text())
        self.topic = next(topic for row in rows for topic in row["publish"] if topic.endswith("water_depth"))
        self.thread = site.lan.thread("gauges", self._work)

    def _work(self) -> None:
        client = paho.Client(CallbackAPIVersion.VERSION2, client_id="gauge", clean_session=False)
        client.connect(self.site.shared["FENGSUI_MQTT_HOST"], 1883, 10)
        client.loop_start()
        at, n = datetime.now(UTC) - timedelta(hours=1), 0
        while not self.ended.is_set():
            n += 1
            moment = at + timedelta(milliseconds=100 * n)
            payload = json.dumps({"t": moment.isoformat(), "v": 0.01, "unit": "m"})
            info = client.publish(self.topic, payload, qos=1)
            info.wait_for_publish(60)
            if info.is_published():
                self.acknowledged.add(moment)
            time.sleep(0.02)
        client.disconnect()
        client.loop_stop()

    def done(self) -> None:
        self.ended.set()
        self.thread.join(100)


def test_hosts_are_cut_off_and_killed_and_nothing_acknowledged_is_lost(site):
    site, cluster = site
    lan = site.lan
    until(lambda: "ingest.up" in site.log("ingest").read_text(), "ingest is not up")
    gauge, people = Gauge(site), People(site)
    access = site.folder / "fengsui-access.log"

    def served(host: str) -> bool:
        return f"{lan.address(host)}:8600\n" in access.read_text()[mark:]

    try:
        assert people.ready.wait(600), site.log("web1").read_text()[-2000:]
        assert not people.gave_up
        mark = 0
        people.more()
        until(lambda: served("web1") and served("web2"), "both webs are given work")
        calm = list(people.failures)

        # A cable is pulled: whoever waits for that web is answered by the other one.
        lan.cable("web1", plugged=False)
        people.more()
        lan.cable("web1", plugged=True)
        mark = access.stat().st_size
        until(lambda: served("web1"), "the web that is back is given work again")
        cut = list(people.failures)

        # A host is killed, and comes back.
        site.kill("web2")
        people.more()
        site.start("web2", "web")
        mark = access.stat().st_size
        until(lambda: served("web2"), "the web that was started again is given work")
        dead = list(people.failures)

        # The ingest loses its database for a while: devices go on, the stream keeps what they were promised.
        lan.cable("ingest", plugged=False)
        before = len(gauge.acknowledged)
        until(lambda: len(gauge.acknowledged) > before + 100, "devices are acknowledged meanwhile")
        lan.cable("ingest", plugged=True)
        people.more()
    finally:
        people.done()
        gauge.done()

    assert calm == []
    reads = [each for each in dead if each[0] == "get"]
    told = (site.folder / "fengsui-error.log").read_text()[-3000:]
    assert not reads, f"a request that only reads is passed on to the other web; the proxy says: {told}"
    # What was under way at a web that vanished and may have changed something is nobody's to repeat: the proxy says so.
    posts = [code for kind, code in dead if kind == "post"]
    assert set(posts) <= {"502", "504"}
    assert len(cut) <= 3
    assert len(posts) - len(cut) <= 3, "each of the three had one under way"
    assert people.failures == dead, "the rest changed nothing for people"

    figures = (
        f"{people.answers['get']} reads and {people.answers['post']} forms answered; forms lost: {people.failures}"
    )
    print(f"{figures}; {len(gauge.acknowledged)} readings acknowledged")
    stored = (
        "SELECT at, count(*) FROM sensing_observation o JOIN sensing_datastream d ON d.id = o.datastream_id "
        "WHERE d.topic = %s GROUP BY at"
    )
    found: dict[datetime, int] = {}

    def all_there() -> bool:
        with psycopg.connect(cluster.url.replace("/fengsui?", "/platform?")) as asked:
            found.update(asked.execute(stored, [gauge.topic]).fetchall())
        return gauge.acknowledged <= found.keys()

    until(all_there, "every acknowledged reading is stored")
    assert len(gauge.acknowledged) > 100
    assert {found[at] for at in gauge.acknowledged} == {1}, "once each"
    assert not re.search(r"Traceback", site.log("jobs").read_text())
