"""Whatever a device may send: a decoder gives sound readings or says what is wrong, and never anything else."""

from __future__ import annotations

import json
from collections.abc import Sequence
from math import isfinite
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fengsui.catalog.sensors import Reading, Rejected, SensorKind, kinds
from fengsui.catalog.sensors.contract import MAX_BYTES

HOSTILE = [
    b"", b"null", b"[]", b"{}", b"NaN", b'{"unit":"m","v":NaN}', b'{"unit":"m","v":Infinity}',
    b'{"unit":"m","v":1e999}', b"\xff\xfe{}", b"\xef\xbb\xbf{}",
    b'{"unit":"m","v":1e308}', b'{"unit":"m","v":-1e308}', b'{"unit":"m","v":' + b"9" * 5000 + b"}",
    b'{"unit":"m","v":' + b"[" * 900 + b"]" * 900 + b"}", b"[" * 30_000, b'{"a":' * 20_000,
    b'{"unit":"m","v":1,"t":"9999-12-31T23:59:59.999999Z"}', b'{"unit":"m","v":1,"t":"0001-01-01T00:00:00+14:00"}',
    b'{"unit":"m","v":1,"t":253402300799999}', b'{"unit":"m","v":1,"t":-62135596800}', b'{"unit":"m","v":1,"t":1e300}',
    b'{"unit":"m","v":1,"t":true}', b'{"unit":"m","v":true}', b'{"unit":"m","v":"1"}', b'{"unit":"\\u0000","v":1}',
    b'{"unit":"\\\\u0000","v":1}', b'{"unit":"m","unit":"cm","v":1}', b'{"unit":"m","readings":{"0":1}}',
    b'{"unit":"m","v":1,"flags":null}', b'{"unit":"m","readings":[[0,0.0]],"flags":null}',
    b'{"unit":"m","v":1,"flags":0}', b'{"unit":"m","v":1,"flags":false}', b'{"unit":"m","v":1,"flags":""}',
    b'{"unit":"m","readings":[[null,null]]}', b'{"unit":"m","readings":[[]]}', b'{"unit":"m","readings":[1]}',
]  # fmt: skip
ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)
TIMES = st.datetimes().map(lambda when: when.isoformat() + "+08:00") | st.integers(0, 2 * 10**9) | ANYTHING
VALUES = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(10**18), 10**18) | ANYTHING
UNITS = st.sampled_from(["m", "cm", "mm", "ft", "in", "tips", "psi"]) | ANYTHING


@st.composite
def messages(draw: Any) -> bytes:
    """Payloads that look nearly right, which is where a decoder goes wrong."""
    body: dict[str, Any] = {"unit": draw(UNITS), "v": draw(VALUES), "t": draw(TIMES)}
    if draw(st.booleans()):
        body["readings"] = draw(st.lists(st.tuples(TIMES, VALUES).map(list) | ANYTHING, max_size=6) | ANYTHING)
    if draw(st.booleans()):
        body["flags"] = draw(st.lists(st.text(max_size=8), max_size=3) | ANYTHING)
    for key in draw(st.sets(st.sampled_from(sorted(body)), max_size=2)):
        del body[key]
    payload = json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")
    cut = draw(st.none() | st.integers(0, len(payload)))
    return payload if cut is None else payload[:cut]


def decoded(kind: SensorKind, payload: bytes) -> tuple[Sequence[Reading], Rejected | None]:
    try:
        return kind.decode(payload), None
    except Rejected as no:
        return no.sound, no


def judge(kind: SensorKind, payload: bytes) -> None:
    readings, no = decoded(kind, payload)
    if no:
        assert no.code.startswith("sensor.decode.")
        orjson.dumps(no.facts)
        assert sum(len(str(fact)) for fact in no.facts.values()) < 1000
        assert bool(readings) == (no.code == "sensor.decode.rows")
    else:
        assert readings
    if no and readings:
        assert no.facts["bad"] + len(readings) == no.facts["count"] == len(orjson.loads(payload)["readings"])
    for each in readings:
        assert isfinite(each.value)
        assert each.unit == kind.unit
        assert each.at is None or (each.at.utcoffset() is not None and 1900 <= each.at.year < 2200)


@pytest.mark.parametrize("entry", kinds().values(), ids=list(kinds()))
@pytest.mark.parametrize("payload", HOSTILE, ids=range(len(HOSTILE)))
def test_decoder_says_what_is_wrong_when_the_payload_is_hostile(entry: SensorKind, payload: bytes) -> None:
    judge(entry, payload)


@pytest.mark.parametrize("entry", kinds().values(), ids=list(kinds()))
@settings(max_examples=400, deadline=None)
@given(payload=messages() | st.binary(max_size=200))
def test_decoder_gives_sound_readings_or_a_reason_when_fed_anything(entry: SensorKind, payload: bytes) -> None:
    judge(entry, payload)


@pytest.mark.parametrize("entry", kinds().values(), ids=list(kinds()))
def test_sound_rows_count_when_some_rows_of_a_batch_are_bad(entry: SensorKind) -> None:
    rows = [[1785178026, 1], [1785178086, None], ["yesterday", 2], [1785178206, 3], 7]
    with pytest.raises(Rejected) as refusal:
        entry.decode(orjson.dumps({"unit": entry.unit, "readings": rows}))
    assert refusal.value.code == "sensor.decode.rows"
    assert [each.value for each in refusal.value.sound] == [1, 3]
    assert (refusal.value.facts["rows"], refusal.value.facts["bad"], refusal.value.facts["count"]) == ("2, 3, 5", 3, 5)


def test_payload_limit_holds_the_largest_batch_that_is_allowed() -> None:
    rows = [["2026-07-28T02:47:06+08:00", 0.27]] * 1_800
    assert len(orjson.dumps({"unit": "m", "readings": rows})) < MAX_BYTES
