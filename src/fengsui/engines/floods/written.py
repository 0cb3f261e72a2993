"""Question and answer between the two processes: JSON, and the pictures as files beside it."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from fengsui.kernel.ports.floods import Answer, Breach, Cut, Hollow, MadeUpSewers, Pump, Question, Spot, Street, Told


def question_of(given: dict[str, Any]) -> Question:
    """Raises KeyError, TypeError for what is none."""
    return Question(
        **{
            **given,
            "middle": _pair(given["middle"]),
            "rain_s": tuple(given["rain_s"]),
            "rain_m": tuple(given["rain_m"]),
            "hollows": tuple(Hollow(**{**each, "at": _pair(each["at"])}) for each in given["hollows"]),
            "pumps": tuple(Pump(**{**each, "at": _pair(each["at"])}) for each in given["pumps"]),
            "spots": tuple(Spot(**{**each, "at": _pair(each["at"])}) for each in given["spots"]),
            "streets": tuple(Street(each["name"], tuple(map(_pair, each["line"]))) for each in given["streets"]),
            "breach": _breach(given.get("breach")),
            "sewers": MadeUpSewers(**given["sewers"]) if given.get("sewers") else None,
        }
    )


def write_answer(folder: Path, answer: Answer) -> None:
    facts = asdict(answer)
    for name in ("deepest", "grid"):
        (folder / name).write_bytes(facts.pop(name))
    for number, (_at, picture) in enumerate(answer.frames):
        (folder / f"frame{number}").write_bytes(picture)
    facts["frames"] = [at for at, _picture in answer.frames]
    (folder / "answer.json").write_text(json.dumps(facts))


def read_answer(folder: Path) -> Answer:
    facts = json.loads((folder / "answer.json").read_text())
    return Answer(
        **{
            **facts,
            "box": tuple(facts["box"]),
            "frames": tuple((at, (folder / f"frame{n}").read_bytes()) for n, at in enumerate(facts["frames"])),
            "deepest": (folder / "deepest").read_bytes(),
            "grid": (folder / "grid").read_bytes(),
            "told": tuple(
                Told(each["key"], each["deepest_m"], tuple(each["arrival_s"]), tuple(each["depth_m"]))
                for each in facts["told"]
            ),
            "cuts": tuple(
                Cut(**{**each, "at": _pair(each["at"]), "line": tuple(map(_pair, each["line"]))})
                for each in facts["cuts"]
            ),
            "remarks": tuple((basis, zh, en) for basis, zh, en in facts["remarks"]),
        }
    )


def _breach(given: dict[str, Any] | None) -> Breach | None:
    return Breach(**{**given, "line": tuple(map(_pair, given["line"]))}) if given else None


def _pair(of: Any) -> tuple[float, float]:
    lon, lat = of
    return float(lon), float(lat)
