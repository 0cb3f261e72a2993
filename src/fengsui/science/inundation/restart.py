"""A flood put away and taken up again: the same bits as a run that was never stopped."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np

from fengsui.science.contract import digest
from fengsui.science.inundation.asked import Flood
from fengsui.science.inundation.flood import run_of
from fengsui.science.inundation.godunov_run import Godunov
from fengsui.science.inundation.run import Account, Run

ARRAYS = ("h", "qx", "qy", "fade", "seeped", "deepest", "tiles", "given")
FAST = ("px", "py", "swiftest")
NUMBERS = ("time_s", "soaked_s", "steps", "raised", "pooled", "pool_m")
WORST = ("depth_m", "speed_m_s", "hazard", "arrival_s", "wet_s")


def save(run: Run, file: Path) -> None:
    """To an .npz: the state, what was seen and the account, with the digest of the question it belongs to."""
    arrays = {name: getattr(run, name) for name in (*ARRAYS, *(FAST if isinstance(run, Godunov) else ()))}
    seen = {f"seen_{name}": getattr(run.seen, name) for name in WORST}
    told: dict[str, Any] = {
        "of": digest(run.flood), "numbers": {name: getattr(run, name) for name in NUMBERS},
        "account": dataclasses.asdict(run.account), "swift": run.seen.swift, "point_time_s": run.point_time_s,
        "point_depth_m": run.point_depth_m,
    }  # fmt: skip
    with open(file, "wb") as out:
        np.savez_compressed(out, told=np.asarray(json.dumps(told)), **arrays, **seen)


def load(flood: Flood, file: Path) -> Run:
    """The run as it was when saved. Raises ValueError when it belongs to another question, OSError without a file."""
    run = run_of(flood)
    with np.load(file, allow_pickle=False) as kept:
        told = json.loads(str(kept["told"]))
        if told["of"] != digest(flood):
            raise ValueError(f"{file.name} belongs to another flood")
        for name in (*ARRAYS, *(FAST if isinstance(run, Godunov) else ())):
            setattr(run, name, kept[name])
        for name in WORST:
            setattr(run.seen, name, kept[f"seen_{name}"])
    for name, value in told["numbers"].items():
        setattr(run, name, value)
    run.account, run.seen.swift = Account(**told["account"]), told["swift"]
    run.point_time_s, run.point_depth_m = told["point_time_s"], told["point_depth_m"]
    # Tiles that sleep are read from either buffer.
    run.spare[0][:] = run.h
    return run
