"""Real brokers for tests: started on free ports, killed by their own process id."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from shutil import which

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Broker:
    """A server process with an MQTT port; `kill` is SIGKILL, `start` again uses the same ports and folder."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.mqtt, self.process = folder, free_port(), None

    def command(self) -> list[str]:
        raise NotImplementedError

    def start(self) -> Broker:
        self.process = subprocess.Popen(self.command(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", self.mqtt), timeout=0.5).close()
                return self
            except OSError:
                if self.process.poll() is not None:
                    raise RuntimeError(f"broker ended with {self.process.returncode}") from None
                time.sleep(0.05)
        raise RuntimeError("broker does not answer")

    def kill(self, number: int = signal.SIGKILL) -> None:
        if self.process:
            self.process.send_signal(number)
            self.process.wait()
            self.process = None


class Nats(Broker):
    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.port = free_port()

    @property
    def url(self) -> str:
        return f"nats://127.0.0.1:{self.port}"

    def command(self) -> list[str]:
        server = Path(sys.executable).with_name("nats-server")
        settings = {
            "server_name": "test",
            "listen": f"127.0.0.1:{self.port}",
            "jetstream": {"store_dir": str(self.folder / "jetstream")},
            "mqtt": {"listen": f"127.0.0.1:{self.mqtt}", "max_ack_pending": 20_000},
        }
        path = self.folder / "nats.conf"
        path.write_text("\n".join(f"{key}: {json.dumps(value)}" for key, value in settings.items()))
        return [str(server) if server.exists() else str(which("nats-server")), "-c", str(path)]


class Mosquitto(Broker):
    def command(self) -> list[str]:
        path = self.folder / "mosquitto.conf"
        path.write_text(
            f"listener {self.mqtt} 127.0.0.1\nallow_anonymous true\npersistence false\n"
            "max_inflight_messages 1000\nmax_queued_messages 100000\n"
        )
        return [which("mosquitto") or "/usr/sbin/mosquitto", "-c", str(path)]


class DeviceClient:
    """An ordinary MQTT device: QoS 1, counts what was acknowledged, connects again when the broker was away."""

    def __init__(self, broker: Broker, name: str = "device") -> None:
        self.broker, self.acknowledged, self._mids, self._early = broker, set(), {}, set()
        self._lock = threading.Lock()
        self.client = paho.Client(CallbackAPIVersion.VERSION2, client_id=name, clean_session=False)
        self.client.max_inflight_messages_set(200)
        self.client.reconnect_delay_set(0.1, 0.5)
        self.client.on_publish = self._on_publish
        self.client.connect("127.0.0.1", broker.mqtt, 10)
        self.client.loop_start()

    def _on_publish(self, _client, _userdata, mid, _reason, _properties) -> None:
        with self._lock:
            if mid in self._mids:
                self.acknowledged.add(self._mids.pop(mid))
            else:
                self._early.add(mid)

    def publish(self, topic: str, payload: bytes, key: object = None) -> None:
        info = self.client.publish(topic, payload, qos=1)
        with self._lock:
            if info.mid in self._early:  # acknowledged before we could note it
                self._early.discard(info.mid)
                self.acknowledged.add(key)
            else:
                self._mids[info.mid] = key

    def wait(self, seconds: float = 20) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            with self._lock:
                if not self._mids:
                    return
            time.sleep(0.02)
        raise TimeoutError(f"{len(self._mids)} messages never acknowledged")

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()
