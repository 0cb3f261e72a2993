"""What every hazard model keeps to: declared variables, inputs that cannot be built wrong, results that say whence.

A model is a module with one `MODEL`. `run` takes its frozen inputs and returns a `Result`; the same inputs give the
same arrays. Outside of what it is valid for it raises `OutOfRange`, or marks what it returns and says so in `remarks`.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from fengsui.kernel.errors import Invalid
from fengsui.kernel.terms import Term

Basis = Literal["V", "G", "U"]
"""Where a number comes from: verified in a source, general knowledge, uncertain. What is not V is told with it."""


class OutOfRange(Invalid):
    """The model does not hold there. `facts`: value, low, high (either may be None), unit; `why` in one sentence."""

    def __init__(
        self, field: str, value: float, *, low: float | None = None, high: float | None = None, unit: str = "", why: str
    ) -> None:
        super().__init__("science.out_of_range", field=field, value=value, low=low, high=high, unit=unit, why=why)

    def __str__(self) -> str:
        facts = self.facts
        ends = [f"{sign} {facts[key]:g}" for key, sign in (("low", ">="), ("high", "<=")) if facts[key] is not None]
        return f"{self.field} = {facts['value']:g} {facts['unit']}: wanted {' and '.join(ends)}; {facts['why']}"


def within(field: str, value: float, low: float | None, high: float | None, *, unit: str = "", why: str) -> None:
    """Raise OutOfRange for a value outside of [low, high], or one that is no number."""
    if not np.isfinite(value) or (low is not None and value < low) or (high is not None and value > high):
        raise OutOfRange(field, float(value), low=low, high=high, unit=unit, why=why)


@dataclass(frozen=True, slots=True)
class Var:
    """One array or number that goes in or comes out. `dims` name the axes in order; () is a number."""

    name: str
    unit: str
    dims: tuple[str, ...]
    intent: Literal["in", "out"]
    doc: str
    dtype: str = "float64"


@dataclass(frozen=True, slots=True)
class Remark:
    """What whoever reads the result must know: an unverified figure used, a part outside of the validity."""

    code: str
    zh: str
    en: str
    basis: Basis = "U"


@dataclass(frozen=True, slots=True)
class Provenance:
    """Whence a result comes. `inputs`: SHA-256 of the inputs, so that equal questions are recognised."""

    model: str
    version: str
    inputs: str
    parameters: Mapping[str, Any]
    wall_s: float


@dataclass(frozen=True, slots=True)
class Result:
    """`values`: by the name of the declared out-variables."""

    values: Mapping[str, Any]
    provenance: Provenance
    remarks: tuple[Remark, ...] = ()


@dataclass(frozen=True, slots=True)
class Model[I]:
    """Declaration of a model. `inputs`: the frozen dataclass `compute` takes.

    `verified`: a reference case exists and passes. `compute` returns the out-variables and remarks.
    """

    code: str
    version: str
    term: Term
    inputs: type[I]
    variables: tuple[Var, ...]
    compute: Callable[[I], tuple[dict[str, Any], tuple[Remark, ...]]]
    verified: bool = False
    papers: tuple[str, ...] = field(default=())

    def run(self, inputs: I) -> Result:
        """Compute, and say whence. Raises OutOfRange where the model does not hold."""
        began = time.perf_counter()
        values, remarks = self.compute(inputs)
        took = time.perf_counter() - began
        declared = {each.name for each in self.variables if each.intent == "out"}
        if unknown := set(values) ^ declared:
            raise AssertionError(f"{self.code} declares other results than it gives: {sorted(unknown)}")
        if not self.verified:
            remarks = (*remarks, UNVERIFIED)
        told = Provenance(self.code, self.version, digest(inputs), _plain(inputs), took)
        return Result(values, told, remarks)


UNVERIFIED = Remark("unverified", "本模型尚无参考算例核对，仅供参考", "No reference case yet: for orientation only")


def digest(inputs: Any) -> str:
    """SHA-256 over names, shapes and bytes of a dataclass of numbers, texts, arrays and such dataclasses."""
    hashed = hashlib.sha256()
    _hash(inputs, hashed)
    return hashed.hexdigest()


def _hash(value: Any, hashed: Any) -> None:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        hashed.update(type(value).__name__.encode())
        for each in dataclasses.fields(value):
            hashed.update(f"\0{each.name}\0".encode())
            _hash(getattr(value, each.name), hashed)
    elif isinstance(value, np.ndarray):
        hashed.update(f"{value.dtype.str}{value.shape}".encode())
        hashed.update(np.ascontiguousarray(value).tobytes())
    elif isinstance(value, tuple | list):
        hashed.update(f"[{len(value)}".encode())
        for each in value:
            _hash(each, hashed)
    else:
        hashed.update(json.dumps(value, ensure_ascii=False, default=str).encode() + b"\1")


def _plain(inputs: Any) -> dict[str, Any]:
    """What a reader wants to see of the inputs: numbers and texts; of an array its shape."""
    return {each.name: _seen(getattr(inputs, each.name)) for each in dataclasses.fields(inputs)}


def _seen(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return f"{value.dtype} {list(value.shape)}"
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _plain(value)
    if isinstance(value, tuple | list):
        return [_seen(each) for each in value]
    return value
