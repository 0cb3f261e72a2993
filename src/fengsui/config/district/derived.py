"""What follows from the sheets: accounts of a demonstration, and how a replay is laid over the stations."""

from __future__ import annotations

from fengsui.config.district import weave
from fengsui.kernel.district import TAKEN, District
from fengsui.kernel.district.reading import Files

MARK = "# made by take: "
PEAKS = (("red", 1.075), ("yellow", 1.3), ("yellow", 1.2), ("watch", 1.4), ("blue", 1.2))
"""So that a demonstration shows every level: the first place goes over red, the others less far."""


def by_hand(text: str) -> bool:
    """Whether a replay/map.yaml was written by somebody: neither the skeleton's nor made here."""
    return MARK not in text and "没有本区自己的实测序列" not in text


def follow(district: District, files: Files) -> dict[str, str]:
    """File -> text."""
    texts = {f"{TAKEN}/accounts.yaml": weave.yaml_text({"accounts": _accounts(district, files)})}
    current = files.home / "replay" / "map.yaml"
    if not current.exists() or not by_hand(current.read_text(encoding="utf-8")):
        texts["replay/map.yaml"] = _mapping(district)
    return texts


def _accounts(district: District, files: Files) -> list[dict[str, str]]:
    """One login for the first street, community and draining team."""
    streets, communities = district.areas_of("subdistrict"), district.areas_of("community")
    teams = sorted(district.teams, key=lambda each: "drainage" not in each.skills)
    wanted = []
    if district.points:
        where = district.points[0].area
        wanted.append(("street", f"street-{where}-duty", "街道值守"))
        communities = [each for each in communities if each.parent == where] or communities
    elif streets:
        wanted.append(("street", f"street-{streets[0].code}-duty", "街道值守"))
    if communities:
        wanted.append(("community", f"community-{communities[0].code}-officer", "社区网格员"))
    wanted += [(f"team{n or ''}", f"team-{team.code}-leader", "队长") for n, team in enumerate(teams[:3])]
    posts = {post.code for post in district.posts}
    written = files.written("accounts.yaml")
    taken = {row.get("login") for row in written.get("accounts", [])} if isinstance(written, dict) else set()
    return [
        {"login": login, "post": post, "title": title}
        for login, post, title in wanted
        if post in posts and login not in taken
    ]


def _mapping(district: District) -> str:
    """replay/map.yaml: where the highest reading of anybody's series comes to lie at each place, in metres."""
    lines = []
    for (level, times), point in zip(PEAKS * (len(district.points) // len(PEAKS) + 1), district.points, strict=False):
        lines.append(f"    {point.station}: {{peak: {point.ladder_m[level] * times:.3f}, unit: m}}")
    rain = ", ".join(f"{each.code}: mm" for each in district.stations if each.sensor == "rain_gauge")
    return "\n".join([
        f"{MARK}when the stations change it is made again, unless it was edited by hand (then it is told).",
        "# Derived: each place's peak is a multiple of its own ladder, so that a demonstration shows every level.",
        "provenance: illustrative", "label: 回放（示意）", "title: 别处实测的一次涨水过程",
        "title_en: A flood measured elsewhere", "stations: {}", "fit:",
        "  hours: 15", "  before_peak_h: 5", "  from: 0.5",
        "  stations:" + ("" if lines else " {}"), *lines, f"  rain: {{{rain}}}", "",
    ])  # fmt: skip
