"""The guided page's port: files given at a page are tried beside the district, taken on request, loaded by a job."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils import timezone

from fengsui.config.district import extract, taking, templates
from fengsui.config.district.forms import BY_CODE, FORMS
from fengsui.kernel.errors import Invalid, NotFound, Refused
from fengsui.kernel.ports.own_district import FILES, Progress, SheetOf, Tried, Wrong

NEEDED = {"organisations", "posts", "areas", "teams", "places", "stations", "boundary", "roads"}
OTHERS = {"boundary": ("边界", "boundary"), "roads": ("路网", "roads")}
MOST_SPOTS = 2_000
ENDINGS = {"boundary": (*taking.JSON, *taking.SHEETS), "roads": (taking.PBF,)}
_UNSAFE = re.compile(r"[^\w.\-一-鿿（）()]+")


class OwnDistrictFiles:
    """On the folder of the installation's district, with trials below var/setup."""

    def __init__(self) -> None:
        self.home = Path(settings.FENGSUI_DISTRICTS) / settings.FENGSUI_DISTRICT
        self.var = Path(settings.VAR) / "setup"
        self.incoming = Path(settings.VAR) / "incoming"

    @property
    def open(self) -> bool:
        return bool(taking.receipt_of(self.home).get("open"))

    @property
    def folder(self) -> str:
        return str(self.home)

    def sheets(self, step: str) -> list[SheetOf]:
        taken = taking.receipt_of(self.home).get("sheets", {})
        words = {form.code: (form.zh, form.en) for form in FORMS if form.step == step}
        if step in OTHERS:
            words = {step: OTHERS[step]}
        found = []
        for code, said in words.items():
            row: dict[str, Any] = taken.get(code, {})
            file = str(row.get("source", "")).rpartition(" ")[0] or str(row.get("source", ""))
            found.append(SheetOf(code, said, code in NEEDED, int(row.get("rows", 0)), file, str(row.get("at", ""))))
        return found

    def template(self, form: str) -> bytes:
        if form not in BY_CODE:
            raise NotFound("district.setup.no_sheet")
        return templates.template(BY_CODE[form])

    def waiting(self) -> list[tuple[str, int]]:
        if not self.incoming.is_dir():
            return []
        listed = [each for each in sorted(self.incoming.iterdir()) if each.name.lower().endswith(taking.PBF)]
        return [(each.name, each.stat().st_size) for each in listed if each.is_file() and not each.is_symlink()]

    def give(self, step: str, files: Sequence[tuple[str, bytes]], named: str = "", *, invent: bool = False) -> Tried:
        """Keeps the files below var/setup/STEP and tries them."""
        if step not in FILES:
            raise NotFound("district.setup.no_step")
        if named and named not in [name for name, _size in self.waiting()]:
            raise Invalid("district.setup.not_there", field="named", name=named)
        if not files and not named:
            raise Invalid("district.setup.nothing_given", field="files")
        endings = ENDINGS.get(step, taking.SHEETS)
        for name, _body in files:
            if not name.lower().endswith(endings):
                raise Invalid("district.setup.wrong_kind", field="files", name=name[-80:], kinds=" ".join(endings))
        folder = self.var / step / "files"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for number, (name, body) in enumerate(files):
            inside = folder / f"{number:02d}"  # two files of one name stay two
            inside.mkdir()
            (inside / _safe(name)).write_bytes(body)
        (self.var / step / "asked.json").write_text(json.dumps({"named": named, "invent": invent}))
        return self._try(step)

    def _attempt(self, step: str) -> taking.Attempt:
        folder = self.var / step / "files"
        asked = json.loads((self.var / step / "asked.json").read_text())
        listed = sorted(folder.glob("*/*"))
        pbf = next((each for each in listed if each.name.endswith(taking.PBF)), None)
        if asked["named"]:
            pbf = self.incoming / asked["named"]
        given = [(each.name, each.read_bytes()) for each in listed if not each.name.endswith(taking.PBF)]
        if step == "boundary":  # a sheet of corners is told from a list of places by the step it was given for
            given = [(name if name.lower().endswith(taking.JSON) else f"boundary-{name}", body) for name, body in given]
        return taking.attempt(self.home, given, pbf=pbf, invent_rest=asked["invent"] or None)

    def _try(self, step: str) -> Tried:
        found = self._attempt(step)
        files = tuple(each.name for each in sorted((self.var / step / "files").glob("*/*")))
        named = json.loads((self.var / step / "asked.json").read_text())["named"]
        tried = Tried(
            mark=_mark(found),
            files=files + ((named,) if named else ()),
            wrong=tuple(Wrong(each.place, (each.zh, each.en)) for each in found.faults),
            told=tuple(found.told),
            counts=tuple((form, (BY_CODE[form].zh, BY_CODE[form].en), n) for form, n in found.counts.items()),
            changes=tuple((each.file, each.fresh, each.changed, each.gone) for each in found.changes),
            edited={file: list(lines) for file, lines in found.edited.items()},
            spots=tuple(found.spots[:MOST_SPOTS]),
            outline=found.outline,
        )
        _kept(self.var / step / "tried.json", asdict(tried))
        return tried

    def tried(self, step: str) -> Tried | None:
        facts = _read(self.var / step / "tried.json")
        if not facts:
            return None
        facts["wrong"] = tuple(Wrong(tuple(each["where"]), tuple(each["what"])) for each in facts["wrong"])
        return Tried(**facts)

    def drop(self, step: str) -> None:
        if step in FILES:
            shutil.rmtree(self.var / step, ignore_errors=True)

    def take(self, step: str, mark: str, *, overwrite: bool = False) -> int:
        if self.tried(step) is None:
            raise Refused("district.setup.nothing_tried")
        found = self._attempt(step)
        if found.faults:
            raise Refused("district.setup.faulty", wrong=len(found.faults))
        if _mark(found) != mark:
            self._try(step)
            raise Refused("district.setup.moved")
        if found.edited and not overwrite:
            raise Refused("district.setup.edited", files="、".join(found.edited))
        if not os.access(self.home, os.W_OK):
            raise Refused("district.setup.not_writable", folder=str(self.home))
        done = taking.write(found, now=datetime.now(UTC))
        self.drop(step)
        return len(done)

    def finish(self) -> None:
        taking.close(self.home)

    def progress(self) -> Progress:
        facts = _read(self.var / "job.json")
        if not facts:
            return Progress()
        return Progress(facts["state"], facts["step"], tuple((zh, en) for zh, en in facts["lines"]), facts["at"])

    def note(self, progress: Progress) -> None:
        _kept(self.var / "job.json", asdict(progress))

    def load(self, step: str, tell: Callable[[str, str], None]) -> dict[str, int]:
        from fengsui.config.district.devices import provision
        from fengsui.config.district.load import load
        from fengsui.config.ops.home import Home
        from fengsui.config.ops.prepare import network_request
        from fengsui.config.wiring import district
        from fengsui.engines.roads import setup

        here = district()
        password = os.environ.get("FENGSUI_DEMO_PASSWORD", "") if settings.DEMO else ""
        done = load(here, now=timezone.now(), demo_password=password)
        provision(here, Home.here())
        tell("区数据已装入", "The district's data are loaded")
        kept = self.home / extract.NAME
        if step == "roads" and kept.exists():
            setup.prepare(
                settings.VAR, kept, **network_request(here), database_url=os.environ.get("FENGSUI_DATABASE_URL"),
                roads=settings.FENGSUI_ROADS, tell=tell,
            )  # fmt: skip
        return done.counts


def _safe(name: str) -> str:
    """The last part of what the browser called it, without signs that mean something to a file system."""
    last = re.split(r"[/\\]", name)[-1]
    return _UNSAFE.sub("_", last).lstrip(".")[-100:] or "file"


def _mark(found: taking.Attempt) -> str:
    size = found.extract.stat().st_size if found.extract and found.extract.exists() else 0
    return taking.digest(json.dumps([found.texts, found.edited, size], sort_keys=True, ensure_ascii=False))[:24]


def _kept(path: Path, facts: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_text(json.dumps(facts, ensure_ascii=False), encoding="utf-8")
    part.replace(path)


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
