"""Reading, checking and completing `districts/<code>/`. Every error names file, key and what to do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from fengsui.kernel import geo
from fengsui.kernel.district import illustrate
from fengsui.kernel.district.check import check
from fengsui.kernel.district.errors import DistrictError
from fengsui.kernel.district.files import ChainTemplate, Head, PeopleSpec, ShelterSpec, Template, Totals
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
    Holding,
    Jurisdiction,
    ListedPerson,
    Organisation,
    Outlet,
    Person,
    Plan,
    Point,
    Post,
    Shelter,
    Station,
    Team,
)
from fengsui.kernel.district.reading import TAKEN, Files, head_of

__all__ = ["DistrictError", "assemble", "clock_kinds", "find", "find_root", "load", "stamp"]
LISTED = "listed_shelters"
RECEIPT = "receipt.json"
"""Beside what was taken: when, from what, and what was written."""


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
    """The district in `root/code`, validated and complete. Raises DistrictError. Cached until sheets are taken."""
    home = _home(code, root)
    return _load(home, stamp(home))


@lru_cache(maxsize=8)
def _home(code: str, root: Path) -> Path:
    """Looked for once a process: that reads a file of every district, and each page asks for the district's name."""
    return root.resolve() / find(code, root)


def stamp(home: Path) -> int:
    """Changes when `district take` has written to the folder; 0 where it never did."""
    try:
        return (home / TAKEN / RECEIPT).stat().st_mtime_ns
    except OSError:
        return 0


@lru_cache(maxsize=8)
def _load(home: Path, stamp: int) -> District:
    del stamp  # a key of the cache alone
    district, totals = assemble(home)
    check(district, totals)
    return district


def assemble(home: Path) -> tuple[District, Totals]:
    """The folder read and completed, not yet checked across its files. Raises DistrictError."""
    files = Files(home)
    head = files.make(Head, files.yaml("district.yaml"), "district.yaml")
    posts_file, orgs_file = files.yaml("posts.yaml"), files.yaml("organisations.yaml")
    accounts_file, facilities = files.yaml("accounts.yaml"), files.yaml("facilities.yaml")
    areas = _areas(files, head)
    teams = _teams(files)
    points = _points(files)
    organisations = _expand(files, orgs_file, "organisations.yaml", "organisations", Organisation, areas, teams, points)
    posts = _expand(files, posts_file, "posts.yaml", "posts", Post, areas, teams, points)
    people, holdings, posts = _people(files, accounts_file, posts, head.seed)
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
            "population": head.population.value or sum(area.population for area in streets),
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
            "accounts": _accounts(files, accounts_file, posts, holdings),
            "chains": _chains(files, posts_file, areas, points),
            "points": points,
            "ladder_basis": {key: files.make(BasisNote, value, "waterlogging.yaml") for key, value in basis.items()},
            "stations": files.many(Station, facilities, "stations", "facilities.yaml"),
            "depots": files.many(Depot, facilities, "depots", "facilities.yaml"),
            "shelters": [
                *illustrate.shelters(spec, streets, head.seed, facilities.get("source", "")),
                *(files.many(Shelter, facilities, LISTED, "facilities.yaml") if LISTED in facilities else ()),
            ],
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
    return district, head.totals


def _people(
    files: Files, accounts: Mapping[str, Any], posts: Sequence[Post], seed: int
) -> tuple[list[Person], list[Holding], list[Post]]:
    """Invented holders of every post; where `people.yaml` lists real ones, these alone, and posts count whom they have.

    `invent_rest: true` there fills the posts nobody is listed for with invented people, for a trial.
    """
    maker = files.part(PeopleSpec, accounts, "people", "accounts.yaml")
    listed = files.optional("people.yaml")
    if not listed.get("people"):
        people, holdings = illustrate.people(posts, seed, maker.phone_prefix, maker.email_domain)
        return people, holdings, list(posts)
    known, held = {post.code for post in posts}, dict[str, list[str]]()
    rows = files.many(ListedPerson, listed, "people", "people.yaml")
    for row in rows:
        for post in row.posts:
            if post not in known:
                raise DistrictError(
                    "district.load.unknown_reference", file=str(files.home / "people.yaml"), key=row.code,
                    fix=f"no post {post!r}; name one of posts.yaml",
                )  # fmt: skip
            held.setdefault(post, []).append(row.code)
    vacant = [post for post in posts if post.code not in held]
    rest: tuple[list[Person], list[Holding]] = ([], [])
    if listed.get("invent_rest"):
        rest = illustrate.people(vacant, seed, maker.phone_prefix, maker.email_domain)
    count = {code: len(people) for code, people in held.items()} | Counter(each.post for each in rest[1])
    people = [Person(**row.model_dump(exclude={"posts"})) for row in rows]
    holdings = [
        Holding(post=post, person=code, provenance="document") for post, codes in held.items() for code in codes
    ]
    counted = [post.model_copy(update={"holders": count.get(post.code, 0)}) for post in posts]
    return [*people, *rest[0]], [*holdings, *rest[1]], counted


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
            "source": row.get("source") or notes.get("source", ""),
            "provenance": row.get("provenance") or "illustrative",
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


def _accounts(
    files: Files, content: Mapping[str, Any], posts: Sequence[Post], holdings: Sequence[Holding]
) -> list[Account]:
    """An account's person is the nth holder of its post; where real people are listed, one without a holder is none."""
    holders: dict[str, list[str]] = {post.code: [] for post in posts}
    for holding in holdings:
        holders[holding.post].append(holding.person)
    real = bool(files.optional("people.yaml").get("people"))
    made = []
    for row in files.key(content, "accounts", "accounts.yaml"):
        number, post = row.get("holder", 1), files.key(row, "post", "accounts.yaml")
        if number > len(holders.get(post, ())):
            if real and post in holders:
                continue
            raise DistrictError(
                "district.load.unknown_reference",
                file=str(files.home / "accounts.yaml"),
                key=f"accounts.{row.get('login')}.post",
                fix=f"no post {post!r} with {number} holders; name one of posts.yaml",
            )
        facts = {key: value for key, value in row.items() if key != "holder"}
        facts["person"] = holders[post][number - 1]
        made.append(files.make(Account, {**head_of(content), **facts}, "accounts.yaml", f"accounts.{row.get('login')}"))
    return made
