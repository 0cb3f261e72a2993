"""Ports are remembered, and given up only to somebody who really holds them."""

import json
import os
import socket

from fengsui.config.ops import ports
from fengsui.config.ops.ports import Ports


def test_claim_when_asked_twice_gives_the_same_port(tmp_path):
    first = Ports(tmp_path / "ports.json").claim("http")
    assert Ports(tmp_path / "ports.json").claim("http") == first


def test_claim_when_the_remembered_port_is_taken_moves_on_and_remembers(tmp_path, monkeypatch):
    monkeypatch.setattr(ports, "HANDOVER_S", 0.0)
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        held = other.getsockname()[1]
        (tmp_path / "ports.json").write_text(json.dumps({"mqtt": held}))
        moved = Ports(tmp_path / "ports.json").claim("mqtt")
    assert moved != held
    assert Ports(tmp_path / "ports.json").known("mqtt") == moved


def test_claim_when_the_file_is_damaged_starts_afresh(tmp_path):
    (tmp_path / "ports.json").write_text("{half")
    assert Ports(tmp_path / "ports.json").claim("nats") >= ports.PREFERRED["nats"]


def test_claims_of_one_installation_differ(tmp_path):
    mine = Ports(tmp_path / "ports.json")
    assert len({mine.claim(name) for name in ports.PREFERRED}) == len(ports.PREFERRED)


def test_claims_of_two_installations_differ_before_anything_listens(tmp_path):
    one, other = Ports(tmp_path / "one.json"), Ports(tmp_path / "other.json")
    mine, theirs = ({each.claim(name) for name in ports.PREFERRED} for each in (one, other))
    assert not mine & theirs


def test_port_with_closed_connections_is_not_given_to_a_second_installation(tmp_path, monkeypatch):
    monkeypatch.setattr(ports, "PREFERRED", {"http": 30_000 + os.getpid() % 10_000})
    one, other = Ports(tmp_path / "one.json"), Ports(tmp_path / "other.json")
    with socket.socket() as server:  # leave a connection in TIME_WAIT on the server's side: only a weak hold is left
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind(("127.0.0.1", ports.PREFERRED["http"]))
        server.listen()
        with socket.create_connection(server.getsockname()) as client:
            answered, _ = server.accept()
            answered.close()
            client.recv(1)
    assert one.claim_and_hold("http") == ports.PREFERRED["http"]
    assert other.claim_and_hold("http") != ports.PREFERRED["http"]


def test_held_port_when_another_asks_is_taken_but_a_sharing_server_may_join(tmp_path, monkeypatch):
    # A range of this test's own: on the usual port the demonstration's closed connections may still be in TIME_WAIT,
    # and then a hold is only the weaker one.
    monkeypatch.setattr(ports, "PREFERRED", {"http": 20_000 + os.getpid() % 10_000})
    mine = Ports(tmp_path / "ports.json")
    port = mine.claim_and_hold("http")
    assert not ports.free(port)
    with socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        server.bind(("127.0.0.1", port))
        server.listen()
        with socket.create_connection(("127.0.0.1", port)):
            pass
