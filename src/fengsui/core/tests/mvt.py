"""Reading a vector tile in tests: layers with the attributes and positions of their points (Mapbox Vector Tile 2.1)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any


def _varint(body: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = body[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


def _fields(body: bytes) -> Iterator[tuple[int, Any]]:
    at = 0
    while at < len(body):
        key, at = _varint(body, at)
        if key & 7 == 0:
            value, at = _varint(body, at)
            yield key >> 3, value
            continue
        size, at = (8, at) if key & 7 == 1 else (4, at) if key & 7 == 5 else _varint(body, at)
        yield key >> 3, body[at : at + size]
        at += size


def _packed(body: bytes) -> list[int]:
    found, at = [], 0
    while at < len(body):
        value, at = _varint(body, at)
        found.append(value)
    return found


def _value(body: bytes) -> Any:
    kind, raw = next(_fields(body))
    if kind == 1:
        return raw.decode()
    if kind in (2, 3):
        return struct.unpack("<f" if kind == 2 else "<d", raw)[0]
    return raw >> 1 ^ -(raw & 1) if kind == 6 else bool(raw) if kind == 7 else raw


def points_of(body: bytes) -> dict[str, list[dict[str, Any]]]:
    """{layer: [{attribute: value, "xy": (x, y)}]} of a tile that holds points alone."""
    layers: dict[str, list[dict[str, Any]]] = {}
    for _number, layer in _fields(body):
        parts = list(_fields(layer))
        name = next(raw.decode() for number, raw in parts if number == 1)
        keys = [raw.decode() for number, raw in parts if number == 3]
        values = [_value(raw) for number, raw in parts if number == 4]
        for feature in (raw for number, raw in parts if number == 2):
            own = dict(_fields(feature))
            tags, shape = _packed(own.get(2, b"")), _packed(own[4])
            found = {keys[tags[i]]: values[tags[i + 1]] for i in range(0, len(tags), 2)}
            found["xy"] = tuple(each >> 1 ^ -(each & 1) for each in shape[1:3])
            layers.setdefault(name, []).append(found)
    return layers
