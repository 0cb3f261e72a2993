"""Faults planted on purpose, declared in replay/faults.yaml, always marked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from fengsui.kernel.replay.models import Gap, Item, ReplayError
from fengsui.kernel.replay.table import facts

_NEEDS = {
    "gap": "until",
    "duplicate": "again_s",
    "late": "delay_s",
    "absurd": "value",
    "wrong_unit": "unit",
    "future": "shift_s",
    "ancient": "shift_s",
}


class Fault(BaseModel):
    """Takes the first reading of `station` stamped at or after `at` seconds (a gap: all before `until`)."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    kind: Literal["gap", "duplicate", "late", "absurd", "wrong_unit", "future", "ancient"]
    station: str
    at: float
    until: float | None = None
    again_s: float | None = None
    delay_s: float | None = None
    value: float | None = None
    unit: str | None = None
    shift_s: float | None = None

    @model_validator(mode="after")
    def _complete(self) -> Fault:
        if getattr(self, _NEEDS[self.kind]) is None:
            raise ValueError(f"{self.kind} needs `{_NEEDS[self.kind]}`")
        return self


def read_faults(path: Path) -> list[Fault]:
    """Raises ReplayError naming file and key."""
    try:
        return [Fault.model_validate(row) for row in facts(path).get("faults", [])]
    except ValidationError as broken:
        first = broken.errors()[0]
        key = ".".join(str(part) for part in first["loc"]) or "faults"
        raise ReplayError("replay.faults.invalid", file=str(path), key=key, fix=first["msg"]) from None


def plant(items: Sequence[Item], faults: Sequence[Fault]) -> tuple[list[Item], list[Gap]]:
    """The items with the faults in them, in order of sending, and the gaps. A fault that hits nothing is refused."""
    result = list(items)
    gaps: list[Gap] = []
    for fault in faults:
        hit = [item for item in result if item.station == fault.station and item.stamp_s >= fault.at and not item.fault]
        if fault.kind == "gap" and fault.until is not None:
            lost = {id(item) for item in hit if item.stamp_s < fault.until}
            hit = hit if lost else []
            result = [item for item in result if id(item) not in lost]
            gaps.append(Gap(fault.station, fault.at, fault.until, planted=True))
        if not hit:
            fix = f"no reading of {fault.station} at or after {fault.at:g} s"
            raise ReplayError("replay.faults.nothing_hit", file="faults.yaml", key=fault.kind, fix=fix)
        if fault.kind == "gap":
            continue
        target = min(hit, key=lambda item: item.stamp_s)
        marked = replace(target, fault=fault.kind, planted=True)
        match fault.kind:
            case "duplicate":
                result.append(replace(marked, offset_s=target.offset_s + (fault.again_s or 0)))
            case "absurd":
                result.append(
                    replace(marked, value=fault.value or 0.0, stamp_s=target.stamp_s + 1, offset_s=target.offset_s + 1)
                )
            case "late":
                result[result.index(target)] = replace(marked, offset_s=target.offset_s + (fault.delay_s or 0))
            case "wrong_unit":
                result[result.index(target)] = replace(marked, unit=fault.unit or "")
            case "future" | "ancient":
                result[result.index(target)] = replace(marked, stamp_s=target.stamp_s + (fault.shift_s or 0))
    return sorted(result, key=lambda item: item.offset_s), gaps
