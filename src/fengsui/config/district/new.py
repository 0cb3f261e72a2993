"""`district new`: a whole, valid folder with comments, and the sheets to fill in."""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from pathlib import Path
from string import Template
from zoneinfo import ZoneInfo

from fengsui.config.district import taking, templates
from fengsui.config.district.forms import FORMS
from fengsui.config.ops.console import Problem
from fengsui.kernel import geo

SKELETON = Path(__file__).with_name("skeleton")
HALF_KM = 5.0
NOWHERE = (104.0, 35.0)
"""Centre of the placeholder square where neither boundary nor centre is given."""
IGNORED = "# Personal data and large files stay here.\ntaken/people.yaml\nsheets/\n*.osm.pbf\n"
_SLUG = re.compile(r"^[a-z0-9][a-z0-9_-]{0,39}$")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the user said of the new district."""

    code: str
    name: str = ""
    name_en: str = ""
    zone: str = "Asia/Shanghai"
    centre: tuple[float, float] | None = None


def folder_of(given: str, districts: Path) -> tuple[Path, str]:
    """The folder and the code: `given` is a code, or a path whose last part names the folder."""
    path = Path(given)
    if "/" in given or path.is_absolute():
        return path.absolute(), path.name
    return districts / given, given


def write(home: Path, wanted: Wanted) -> int:
    """The skeleton and the templates into a folder that must be new. Returns how many files. Raises Problem."""
    if home.exists() and any(home.iterdir()):
        raise Problem(
            f"{home} 已有内容；换个代码或目录，或用 take 接着填",
            f"{home} is not empty; take another, or go on with take",
        )
    if not re.fullmatch(r"\d{6}", wanted.code):
        raise Problem(
            f"区代码“{wanted.code}”不是六位数字（GB/T 2260）；国外或试用请自拟 99 开头的六位，用 --code 给出",
            f"The code {wanted.code!r} is not six digits (GB/T 2260); elsewhere take six that begin with 99, by --code",
        )
    if not _SLUG.match(home.name):
        raise Problem(
            f"目录名“{home.name}”只能用小写字母、数字、短横线",
            f"{home.name!r}: lower-case letters, digits, dashes only",
        )
    try:
        ZoneInfo(wanted.zone)
    except (KeyError, ValueError, OSError):
        raise Problem(
            f"没有时区“{wanted.zone}”；如 Asia/Shanghai", f"No time zone {wanted.zone!r}; e.g. Asia/Shanghai"
        ) from None
    facts = _facts(home.name, wanted)
    count = 0
    for source in sorted(SKELETON.rglob("*")):
        if source.is_file():
            target = home / source.relative_to(SKELETON)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(Template(source.read_text(encoding="utf-8")).safe_substitute(facts), encoding="utf-8")
            count += 1
    (home / ".gitignore").write_text(IGNORED, encoding="utf-8")
    (home / "sheets").mkdir()
    for form in FORMS:
        (home / "sheets" / f"{form.code}.xlsx").write_bytes(templates.template(form))
    taking.begin(home)
    return count + 2 + len(FORMS)


def _facts(slug: str, wanted: Wanted) -> dict[str, str]:
    lon, lat = wanted.centre or NOWHERE
    west, south = geo.move((lon, lat), -HALF_KM * 1000, -HALF_KM * 1000)
    east, north = geo.move((lon, lat), HALF_KM * 1000, HALF_KM * 1000)
    name = wanted.name or f"新区{wanted.code}"
    texts = {"name": name, "name_en": wanted.name_en or f"District {wanted.code}", "zone": wanted.zone}
    for key, text in texts.items():
        if re.search(r"[\n\r{}\[\]\"'#:,&*!|>%@`\\]", text):
            raise Problem(f"{key}“{text}”含不能用的符号", f"{key} {text!r} holds signs that cannot be used")
    numbers = {"lon": lon, "lat": lat, "west": west, "south": south, "east": east, "north": north}
    return {
        **texts,
        **{key: f"{value:.5f}" for key, value in numbers.items()},
        "code": wanted.code,
        "slug": slug,
        "parent": f"{wanted.code[:4]}00",
        "area": f"{(2 * HALF_KM) ** 2:g}",
        "seed": str(zlib.crc32(wanted.code.encode()) % 1_000_000),
    }
