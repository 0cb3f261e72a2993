"""Every sensor kind against its own samples. A new folder is tested without touching this file."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
import yaml

from fengsui.catalog.sensors import Rejected, SensorKind, kind, kinds
from fengsui.catalog.sensors.contract import MAX_BYTES, MAX_READINGS

HOME = Path(__file__).parent.parent


def _expected(code: str) -> dict[str, Any]:
    return yaml.safe_load((HOME / code / "samples" / "expected.yaml").read_text(encoding="utf-8"))


GOOD = [(code, name, want) for code in kinds() for name, want in _expected(code)["good"].items()]
BROKEN = [(code, name, want) for code in kinds() for name, want in _expected(code)["broken"].items()]


@pytest.mark.parametrize(("code", "name", "want"), GOOD, ids=[f"{code}/{name}" for code, name, _ in GOOD])
def test_decode_gives_the_readings_when_sample_is_good(code: str, name: str, want: dict[str, Any]) -> None:
    readings = kind(code).decode((HOME / code / "samples" / name).read_bytes())
    assert [
        [reading.at.isoformat().replace("+00:00", "Z") if reading.at else None, reading.value] for reading in readings
    ] == want["readings"]
    assert {reading.unit for reading in readings} == {kind(code).unit}
    assert {reading.flags for reading in readings} == {tuple(want["flags"])}


@pytest.mark.parametrize(("code", "name", "want"), BROKEN, ids=[f"{code}/{name}" for code, name, _ in BROKEN])
def test_decode_rejects_with_the_code_when_sample_is_broken(code: str, name: str, want: str) -> None:
    with pytest.raises(Rejected) as refusal:
        kind(code).decode((HOME / code / "samples" / name).read_bytes())
    assert refusal.value.code == want


@pytest.mark.parametrize("entry", kinds().values(), ids=list(kinds()))
def test_entry_is_complete_when_found(entry: SensorKind) -> None:
    folder = HOME / entry.code
    assert entry.term.zh
    assert entry.term.en
    assert entry.quantity.zh
    assert entry.units[entry.unit] == 1.0
    assert entry.plausible[0] < entry.plausible[1]
    assert entry.max_rate_per_min > 0
    assert entry.period_s > 0
    assert entry.basis_note[:2] in ("V:", "G:", "U:")
    assert (folder / "README.md").stat().st_size > 200
    on_disk = {path.name for path in (folder / "samples").iterdir()} - {"expected.yaml"}
    expected = _expected(entry.code)
    assert on_disk == set(expected["good"]) | set(expected["broken"])


@pytest.mark.parametrize("entry", kinds().values(), ids=list(kinds()))
def test_decode_rejects_when_payload_is_too_large(entry: SensorKind) -> None:
    payload = orjson.dumps({"v": 1, "unit": entry.unit, "pad": "x" * MAX_BYTES})
    with pytest.raises(Rejected, match=r"sensor\.decode\.too_large"):
        entry.decode(payload)


@pytest.mark.parametrize("entry", kinds().values(), ids=list(kinds()))
def test_decode_rejects_when_batch_is_too_long(entry: SensorKind) -> None:
    payload = orjson.dumps({"unit": entry.unit, "readings": [[1785178026, 1]] * (MAX_READINGS + 1)})
    with pytest.raises(Rejected, match=r"sensor\.decode\.too_many"):
        entry.decode(payload)


@pytest.mark.parametrize("payload", [b"", b"\xff\xfe\x00", b"[" * 5000, b"{}", b"null", b'{"unit":[],"v":1}'])
def test_decode_never_raises_anything_else_when_payload_is_garbage(payload: bytes) -> None:
    for entry in kinds().values():
        with pytest.raises(Rejected):
            entry.decode(payload)


def test_kind_is_refused_when_unknown() -> None:
    with pytest.raises(Rejected, match=r"sensor\.kind\.unknown"):
        kind("thermometer_of_wishes")


def test_time_is_the_same_when_given_as_text_seconds_or_milliseconds() -> None:
    moment = datetime(2026, 7, 27, 18, 47, 6, tzinfo=UTC)
    for at in ('"2026-07-28T02:47:06+08:00"', "1785178026", "1785178026000", '"2026-07-27T18:47:06Z"'):
        payload = f'{{"t": {at}, "v": 0.1, "unit": "m"}}'.encode()
        assert kind("water_depth").decode(payload)[0].at == moment
