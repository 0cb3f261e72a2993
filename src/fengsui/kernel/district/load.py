"""Reading, checking and completing `districts/<code>/`. Every error names file, key and what to do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from fengsui.kernel import geo
from fengsui.kernel.district import illustrate
from fengsui.kernel.district.check import check
from fengsui.kernel.district.errors import DistrictError
from fengsui.kernel.district.files import ChainTemplate, Head, PeopleSpec, ShelterSpec, Template
from fengsui.kernel.district.models import (
    Account,
    Area,
    BasisNote,
    Calendar,
    Chain,
    Checkpoint,
    ClockFact,
    Depot,
    District,
    Equipment,
    Jurisdiction,
    Organisation,
    Outlet,
    Plan,
    Point,
    Post,
    Station,
    Team,
)
from fengsui.kernel.district.reading import Files, head_of

__all__ = ["DistrictError", "clock_kinds", "find", "find_root", "load"]


def find_root(start: Path) -> Path:
    """The folder `districts` at or above `start`; raises DistrictError where there is none."""
    for folder in (start, *start.parents):
        if (folder / "districts").is_dir():
            return folder / "districts"
    raise DistrictError("district.load.no_root", file=str(start), key="", fix="keep a folder `districts`")


def find(code: str, root: Path) -> str:
    """Name of the folder of the district that is called `code`: its folder or its statistical code.

    Raises DistrictError that lists what there is.
    """
    known = {path.parent.name: Files(path.parent) for path in sorted(root.glob("*/district.yaml"))}
    for folder, files in known.items():
        if code in (folder, str(files.yaml("district.yaml").get("code"))):
            return folder
    listed = ", ".join(f"{name} ({files.yaml('district.yaml').get('code')})" for name, files in known.items())
    raise DistrictError("district.load.unknown", file=str(root), key=code, fix=f"use one of: {listed or '-'}")


def load(code: str, root: Path) -> District:
    """The district in `root/code`, validated and complete. Raises DistrictError. Cached: the result is frozen."""
    return _load(code, root.resolve())


@cache
def _load(code: str, root: Path) -> District:
    home = root / find(code, root)
    files = Files(home)
    head = files.make(Head, files.yaml("district.yaml"), "district.yaml")
    posts_file, orgs_file = files.yaml("posts.yaml"), files.yaml("organisations.yaml")
    accounts_file, facilities = files.yaml("accounts.yaml"), files.yaml("facilities.yaml")
    areas = _areas(files, head)
    teams = _teams(files)
    points = _points(files)
    organisations = _expand(files, orgs_file, "organisations.yaml", "organisations", Organisation, areas, teams, points)
    posts = _expand(files, posts_file, "posts.yaml", "posts", Post, areas, teams, points)
    maker = files.part(PeopleSpec, accounts_file, "people", "accounts.yaml")
    people, holdings = illustrate.people(posts, head.seed, maker.phone_prefix, maker.email_domain)
    spec = files.part(ShelterSpec, facilities, "shelters", "facilities.yaml")
    streets = [area for area in areas if area.kind == "subdistrict"]
    basis = files.key(files.yaml("waterlogging.yaml"), "ladder_basis", "waterlogging.yaml")
    plans = [f"plans/{path.name}" for path in sorted((home / "plans").glob("*.yaml"))]
    district = files.make(
        District,
        {
            **{key: getattr(head, key) for key in ("code", "slug", "name", "name_en", "full_name", "parent")},
            **{key: getattr(head, key) for key in ("timezone", "seed", "provenance", "source")},
            "centre": (head.centre.lon, head.centre.lat),
            "area_km2": head.area_km2.value,
            "population": head.population.value,
            "outline": tuple(geo.closed(head.outline.ring)),
            "outline_label": head.outline.label,
            "jurisdictions": files.many(Jurisdiction, files.yaml("district.yaml"), "jurisdictions", "district.yaml"),
            "roles": files.key(posts_file, "roles", "posts.yaml"),
            "areas": areas,
            "organisations": organisations,
            "organisation_kinds": files.key(orgs_file, "kinds", "organisations.yaml"),
            "posts": posts,
            "people": people,
            "holdings": holdings,
            "accounts": _accounts(files, accounts_file, posts),
            "chains": _chains(files, posts_file, areas, points),
            "points": points,
            "ladder_basis": {key: files.make(BasisNote, value, "waterlogging.yaml") for key, value in basis.items()},
            "stations": files.many(Station, facilities, "stations", "facilities.yaml"),
            "depots": files.many(Depot, facilities, "depots", "facilities.yaml"),
            "shelters": illustrate.shelters(spec, streets, head.seed, facilities.get("source", "")),
            "checkpoints": files.many(Checkpoint, facilities, "checkpoints", "facilities.yaml"),
            "teams": teams,
            "outlets": files.many(Outlet, files.yaml("outlets.yaml"), "outlets", "outlets.yaml"),
            "clocks": _clocks(files),
            "plans": [files.make(Plan, files.yaml(name), name) for name in plans],
            "calendar": files.make(Calendar, files.yaml("calendar.yaml"), "calendar.yaml"),
            "hydrology": files.yaml("hydrology.yaml"),
        },
        "district.yaml",
    )
    check(district, head.totals)
    return district


def _clocks(files: Files) -> list[ClockFact]:
    """The rules that hold anywhere; a row of the district replaces the one of its kind."""
    everywhere = Files(Path(__file__).parent)
    general = everywhere.many(ClockFact, everywhere.yaml("clocks.yaml"), "clocks", "clocks.yaml")
    own = files.many(ClockFact, files.yaml("clocks.yaml"), "clocks", "clocks.yaml")
    replaced = {clock.kind for clock in own}
    return [*(clock for clock in general if clock.kind not in replaced), *own]


def clock_kinds(code: str, root: Path) -> frozenset[str]:
    """Kinds of deadlines that have a rule in this district, without reading the rest of it."""
    return frozenset(clock.kind for clock in _clocks(Files(root / code)))


def _areas(files: Files, head: Head) -> list[Area]:
    notes, rows = files.csv("areas.csv")
    ring = geo.closed(head.outline.ring)
    district = Area(
        code=head.code,
        scheme="GB/T 2260",
        name=head.name,
        name_en=head.name_en,
        kind="district",
        jurisdiction="",
        population=head.population.value,
        lon=head.centre.lon,
        lat=head.centre.lat,
        ring=tuple(ring),
        provenance="document",
        source=head.source,
        note="边界为示意",
    )
    listed = [
        files.make(
            Area, {"source": notes.get("source", ""), "parent": head.code, **row}, "areas.csv", row.get("code", "")
        )
        for row in rows
    ]
    streets = [area for area in listed if area.kind == "subdistrict"]
    cells = geo.cells([(area.lon, area.lat) for area in streets], ring)
    by_code = {area.code: tuple(cell) for area, cell in zip(streets, cells, strict=True)}
    listed = [area.model_copy(update={"ring": by_code.get(area.code, ())}) for area in listed]
    streets = [area for area in listed if area.kind == "subdistrict"]
    return [district, *listed, *illustrate.communities(streets, head.seed)]


def _teams(files: Files) -> list[Team]:
    notes, rows = files.csv("teams.csv")
    made = []
    for row in rows:
        equipment = []
        for each in filter(None, files.key(row, "equipment", "teams.csv").split("|")):
            kind, _, rest = each.partition(":")
            size, _, count = rest.partition(":")
            tool = {"kind": kind, "size": size or 0, "count": count or 1}
            equipment.append(
                files.make(Equipment, tool, "teams.csv", f"{files.key(row, 'code', 'teams.csv')}.equipment")
            )
        facts: dict[str, Any] = {
            **row,
            "equipment": equipment,
            "skills": tuple(filter(None, files.key(row, "skills", "teams.csv").split("|"))),
            "source": notes.get("source", ""),
            "provenance": "illustrative",
        }
        made.append(files.make(Team, facts, "teams.csv", files.key(row, "code", "teams.csv")))
    return made


def _points(files: Files) -> list[Point]:
    content = files.yaml("waterlogging.yaml")
    defaults = files.key(content, "defaults", "waterlogging.yaml")
    merged = {**content, "points": [{**defaults, **row} for row in files.key(content, "points", "waterlogging.yaml")]}
    return files.many(Point, merged, "points", "waterlogging.yaml")


def _subjects(
    of: str, areas: Sequence[Area], teams: Sequence[Team], points: Sequence[Point]
) -> Iterable[dict[str, str]]:
    """The words a template may use, for each thing of a kind."""
    if of == "team":
        for team in teams:
            yield {
                "team": team.code,
                "name": team.name,
                "name_en": f"Team {team.code}",
                "org": team.org,
                "area": team.area,
                "jurisdiction": team.jurisdiction,
            }
    elif of == "point":
        for point in points:
            yield {
                "point": point.code,
                "name": point.name,
                "name_en": point.name_en,
                "area": point.area,
                "jurisdiction": point.jurisdiction,
                **{f"{key}_post": value for key, value in point.posts.items()},
            }
    else:
        for area in areas:
            if area.kind == of:
                yield {
                    "area": area.code,
                    "name": area.name,
                    "name_en": area.name_en,
                    "parent": area.parent,
                    "jurisdiction": area.jurisdiction,
                }


def _expand[T: BaseModel](
    files: Files,
    content: Mapping[str, Any],
    name: str,
    key: str,
    model: type[T],
    areas: Sequence[Area],
    teams: Sequence[Team],
    points: Sequence[Point],
) -> list[T]:
    """The listed objects and those of every `each` template."""
    made = files.many(model, content, key, name)
    for index, raw in enumerate(content.get("each", [])):
        template = files.make(Template, raw, name, f"each.{index}")
        facts = {**head_of(content), **{field: value for field, value in raw.items() if field != "of"}}
        for words in _subjects(template.of, areas, teams, points):
            try:
                filled = {
                    field: value.format(**words) if isinstance(value, str) else value for field, value in facts.items()
                }
            except KeyError as unknown:
                raise _unknown_word(files, name, f"each.{index}", unknown, template.of, words) from None
            filled.setdefault("area", words["area"])
            if model is Organisation:
                filled.setdefault("jurisdiction", words["jurisdiction"])
            made.append(files.make(model, filled, name, f"each.{index}"))
    return made


def _chains(files: Files, content: Mapping[str, Any], areas: Sequence[Area], points: Sequence[Point]) -> list[Chain]:
    made = []
    for index, raw in enumerate(content.get("chains", [])):
        template = files.make(ChainTemplate, raw, "posts.yaml", f"chains.{index}")
        for words in _subjects(template.of, areas, (), points):
            try:
                order = tuple(dict.fromkeys(post.format(**words) for post in template.order))
            except KeyError as unknown:
                raise _unknown_word(files, "posts.yaml", f"chains.{index}", unknown, template.of, words) from None
            made.append(Chain(subject=words.get("point") or words["area"], posts=order, **head_of(content)))
    return made


def _unknown_word(
    files: Files, name: str, key: str, unknown: KeyError, of: str, words: Mapping[str, str]
) -> DistrictError:
    fix = f"{{{unknown.args[0]}}} is not known for {of}; use one of {sorted(words)}"
    return DistrictError("district.load.unknown_word", file=str(files.home / name), key=key, fix=fix)


def _accounts(files: Files, content: Mapping[str, Any], posts: Sequence[Post]) -> list[Account]:
    holders = {post.code: post.holders for post in posts}
    made = []
    for row in files.key(content, "accounts", "accounts.yaml"):
        number, post = row.get("holder", 1), files.key(row, "post", "accounts.yaml")
        if number > holders.get(post, 0):
            raise DistrictError(
                "district.load.unknown_reference",
                file=str(files.home / "accounts.yaml"),
                key=f"accounts.{row.get('login')}.post",
                fix=f"no post {post!r} with {number} holders; name one of posts.yaml",
            )
        facts = {key: value for key, value in row.items() if key != "holder"}
        facts["person"] = f"{post}-{number}"
        made.append(files.make(Account, {**head_of(content), **facts}, "accounts.yaml", f"accounts.{row.get('login')}"))
    return made
