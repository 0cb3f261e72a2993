"""Checks across files: references exist, codes are unique, sums agree with the public totals, places lie inside."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from fengsui.kernel import geo
from fengsui.kernel.district.errors import DistrictError
from fengsui.kernel.district.files import Totals
from fengsui.kernel.district.models import District


def check(district: District, totals: Totals) -> None:
    """Raises DistrictError for the first thing that does not fit."""
    for wrong in findings(district, totals):
        raise wrong


def findings(district: District, totals: Totals) -> Iterator[DistrictError]:
    """Everything that does not fit."""
    yield from _unique(district)
    yield from _references(district)
    yield from _totals(district, totals)
    yield from _positions(district)


def _unique(district: District) -> Iterator[DistrictError]:
    for file, name, codes in (
        ("areas.csv", "code", [area.code for area in district.areas]),
        ("organisations.yaml", "organisations", [org.code for org in district.organisations]),
        ("posts.yaml", "posts", [post.code for post in district.posts]),
        ("accounts.yaml", "accounts", [account.login for account in district.accounts]),
        ("waterlogging.yaml", "points", [point.code for point in district.points]),
        ("facilities.yaml", "stations", [station.code for station in district.stations]),
        ("facilities.yaml", "stations.device", [station.device for station in district.stations]),
        ("facilities.yaml", "depots", [depot.code for depot in district.depots]),
        ("facilities.yaml", "checkpoints", [each.code for each in district.checkpoints]),
        ("teams.csv", "code", [team.code for team in district.teams]),
        ("outlets.yaml", "outlets", [outlet.code for outlet in district.outlets]),
        ("clocks.yaml", "clocks", [clock.kind for clock in district.clocks]),
        ("plans", "code", [plan.code for plan in district.plans]),
    ):
        twice = sorted(code for code, count in Counter(codes).items() if count > 1)
        if twice:
            yield _wrong("twice", district, file, name, f"used twice: {twice}; give each its own")


def _references(district: District) -> list[DistrictError]:
    found: list[DistrictError] = []
    areas = {area.code for area in district.areas}
    orgs = {org.code for org in district.organisations}
    posts = {post.code for post in district.posts}
    roles = set(district.roles)
    jurisdictions = {each.code for each in district.jurisdictions} | {""}
    stations = {station.code for station in district.stations}
    clocks = {clock.kind for clock in district.clocks}

    def must(known: Iterable[str], wanted: str, file: str, key: str, what: str) -> None:
        if wanted not in set(known):
            found.append(
                _wrong("unknown_reference", district, file, key, f"no {what} {wanted!r}; name an existing one")
            )

    for area in district.areas:
        must(jurisdictions, area.jurisdiction, "areas.csv", f"{area.code}.jurisdiction", "jurisdiction")
    for org in district.organisations:
        must(orgs | {""}, org.parent, "organisations.yaml", f"{org.code}.parent", "organisation")
        must(district.organisation_kinds, org.kind, "organisations.yaml", f"{org.code}.kind", "kind")
        must(jurisdictions, org.jurisdiction, "organisations.yaml", f"{org.code}.jurisdiction", "jurisdiction")
    for post in district.posts:
        must(orgs, post.org, "posts.yaml", f"{post.code}.org", "organisation")
        must(roles, post.role, "posts.yaml", f"{post.code}.role", "role")
        must(areas | {""}, post.area, "posts.yaml", f"{post.code}.area", "area")
    for chain in district.chains:
        for code in chain.posts:
            must(posts, code, "posts.yaml", f"chains.{chain.subject}", "post")
    for point in district.points:
        where = f"points.{point.code}"
        must(areas, point.area, "waterlogging.yaml", f"{where}.area", "area")
        must(stations, point.station, "waterlogging.yaml", f"{where}.station", "station")
        must(posts, point.closure.manned_by, "waterlogging.yaml", f"{where}.closure.manned_by", "post")
        for key, code in point.posts.items():
            must(posts, code, "waterlogging.yaml", f"{where}.posts.{key}", "post")
    for station in district.stations:
        must(posts, station.owner, "facilities.yaml", f"stations.{station.code}.owner", "post")
        must({point.code for point in district.points} | {""}, station.point, "facilities.yaml", station.code, "point")
        must(areas | {""}, station.area, "facilities.yaml", f"stations.{station.code}.area", "area")
    for depot in district.depots:
        must(posts, depot.keeper, "facilities.yaml", f"depots.{depot.code}.keeper", "post")
        must(areas, depot.area, "facilities.yaml", f"depots.{depot.code}.area", "area")
    led = {post.org for post in district.posts if post.role == "team_leader"}
    for team in district.teams:
        must(led, f"team-{team.code}" if f"team-{team.code}" in led else team.org, "posts.yaml", team.code, "leader of")
        must(orgs, team.org, "teams.csv", f"{team.code}.org", "organisation")
        must(areas, team.area, "teams.csv", f"{team.code}.area", "area")
    for outlet in district.outlets:
        for code in outlet.areas:
            must(areas, code, "outlets.yaml", f"outlets.{outlet.code}.areas", "area")
        if outlet.instead:
            others = {each.code for each in district.outlets if each.code != outlet.code and not each.instead}
            must(others, outlet.instead, "outlets.yaml", f"outlets.{outlet.code}.instead", "outlet")
    for clock in district.clocks:
        must(roles, clock.owner, "clocks.yaml", f"clocks.{clock.kind}.owner", "role")
        for step in clock.escalate:
            must(roles | {"next_in_chain"}, step.to, "clocks.yaml", f"clocks.{clock.kind}.escalate", "role")
    for plan in district.plans:
        file = f"plans/{plan.code}.yaml"
        must(orgs, plan.headquarters, file, "headquarters", "organisation")
        for group in plan.groups:
            for code in (group.lead, *group.members):
                must(orgs, code, file, f"groups.{group.code}", "organisation")
        for level in plan.levels:
            must(posts, level.approver, file, f"levels.{level.level}.approver", "post")
        for task in plan.tasks:
            must(roles, task.owner.role, file, f"tasks.{task.code}.owner.role", "role")
            must(orgs | {""}, task.owner.org, file, f"tasks.{task.code}.owner.org", "organisation")
            must(clocks | {""}, task.clock, file, f"tasks.{task.code}.clock", "clock kind")
    return found


def _totals(district: District, totals: Totals) -> Iterator[DistrictError]:
    streets = district.areas_of("subdistrict")
    for key, file, found in (
        ("streets", "areas.csv", len(streets)),
        ("communities", "areas.csv", len(district.areas_of("community"))),
        ("waterlogging_points", "waterlogging.yaml", len(district.points)),
        ("depots", "facilities.yaml", len(district.depots)),
        ("shelters", "facilities.yaml", len(district.shelters)),
        ("checkpoints", "facilities.yaml", len(district.checkpoints)),
    ):
        want = getattr(totals, key)
        if want is not None and found != want:
            yield _wrong("total", district, file, key, f"district.yaml totals say {want}, there are {found}")
    for level, wanted in totals.teams.items():
        teams = [team for team in district.teams if team.level == level]
        found_teams, found_people = len(teams), sum(team.people for team in teams)
        if (found_teams, found_people) != (wanted.teams, wanted.people):
            fix = f"totals say {wanted.teams} teams, {wanted.people} people; there are {found_teams}, {found_people}"
            yield _wrong("total", district, "teams.csv", level, fix)
    people = sum(area.population for area in streets)
    if people != district.population:
        yield _wrong("total", district, "areas.csv", "population", f"sums to {people}, census {district.population}")


def _positions(district: District) -> Iterator[DistrictError]:
    for file, kind in (
        ("areas.csv", district.areas_of("subdistrict")),
        ("waterlogging.yaml", district.points),
        ("facilities.yaml", (*district.stations, *district.depots, *district.shelters, *district.checkpoints)),
        ("teams.csv", district.teams),
    ):
        for each in kind:
            if not geo.inside((each.lon, each.lat), district.outline):
                code = getattr(each, "code", "?")
                yield _wrong("outside", district, file, str(code), f"{each.lon}, {each.lat} lies outside the outline")


def _wrong(reason: str, district: District, file: str, key: str, fix: str) -> DistrictError:
    return DistrictError(f"district.load.{reason}", file=f"{district.slug}/{file}", key=key, fix=fix)
