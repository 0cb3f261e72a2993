"""A fitted forecaster as bytes and back: what a station has learned outlives the process that learned it.

JSON of the dataclasses named in KINDS, arrays in base64, packed. Nothing but these classes is ever made from bytes,
so that whoever can write to where they are kept cannot run anything here.
"""

from __future__ import annotations

import base64
import json
import re
import zlib
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np

from fengsui.science.rivers.fit import Report
from fengsui.science.rivers.forecast import Forecaster
from fengsui.science.rivers.linear import Linear
from fengsui.science.rivers.members import Learned, Usual
from fengsui.science.rivers.mix import Mix
from fengsui.science.rivers.station import Channel, Station
from fengsui.science.rivers.trees import Trees

VERSION = 2
"""Rises whenever what is kept means something else than before."""
MOST_BYTES = 200_000_000
KINDS = {each.__name__: each for each in (Channel, Learned, Linear, Mix, Report, Station, Trees, Usual)}
DTYPES = ("float64", "int64", "bool")


class NotKept(ValueError):
    """These bytes are no forecaster, or one of another version: it has to be learned again."""


def dumps(forecaster: Forecaster) -> bytes:
    whole = {
        "version": VERSION,
        "station": _out(forecaster.station),
        "usual": _out(forecaster.usual),
        "learned": _out(forecaster.learned),
        "mixes": _out(forecaster.mixes),
        "reports": _out(forecaster.reports),
    }
    return zlib.compress(json.dumps(whole, separators=(",", ":")).encode(), 6)


def version(head: bytes) -> int | None:
    """Of kept bytes, by the first few hundred of them; None where these are none."""
    try:
        begins = zlib.decompressobj().decompress(head, 40)
    except zlib.error:
        return None
    found = re.match(rb'\{"version":(\d+),', begins)
    return int(found[1]) if found else None


def loads(kept: bytes) -> Forecaster:
    """The forecaster as it was, with an empty stream. Raises NotKept."""
    try:
        unpacker = zlib.decompressobj()
        whole = json.loads(unpacker.decompress(kept, MOST_BYTES))
        if whole["version"] != VERSION:
            raise NotKept(f"version {whole['version']}, not {VERSION}")
        station, usual = _in(whole["station"]), _in(whole["usual"])
        parts = [_in(whole[name]) for name in ("learned", "mixes", "reports")]
        lessons = list(zip(*parts, strict=True))
        wanted = (Learned, Mix, Report)
        if not isinstance(station, Station) or not isinstance(usual, Usual) or len(lessons) != len(station.leads):
            raise NotKept("not the parts of a forecaster")
        if any(not isinstance(part, kind) for lesson in lessons for part, kind in zip(lesson, wanted, strict=True)):
            raise NotKept("not the parts of a forecaster")
        return Forecaster(station, usual, lessons)
    except NotKept:
        raise
    except (zlib.error, ValueError, KeyError, TypeError, AttributeError, RecursionError) as broken:
        raise NotKept(str(broken)[:200]) from None


def _out(thing: Any) -> Any:
    if isinstance(thing, np.ndarray):
        return {"": "array", "type": str(thing.dtype), "shape": thing.shape,
                "data": base64.b64encode(np.ascontiguousarray(thing).tobytes()).decode()}  # fmt: skip
    if is_dataclass(thing):
        return {"": type(thing).__name__, **{each.name: _out(getattr(thing, each.name)) for each in fields(thing)}}
    if isinstance(thing, (tuple, list)):
        return [_out(each) for each in thing]
    return thing.item() if isinstance(thing, np.generic) else thing


def _in(thing: Any) -> Any:
    """Lists come back as tuples: every sequence in these classes is one."""
    if isinstance(thing, list):
        return tuple(_in(each) for each in thing)
    if not isinstance(thing, dict):
        return thing
    name = thing.pop("")
    if name == "array":
        if thing["type"] not in DTYPES:
            raise NotKept(f"array of {thing['type']}")
        data = np.frombuffer(base64.b64decode(thing["data"], validate=True), thing["type"])
        return data.reshape(thing["shape"]).copy()  # what comes from bytes cannot be written to
    return KINDS[name](**{key: _in(value) for key, value in thing.items()})
