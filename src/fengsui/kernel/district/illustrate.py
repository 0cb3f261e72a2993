"""What a district's files only count is made here, always the same for the same seed, and marked `illustrative`."""

from __future__ import annotations

import random
from collections.abc import Sequence

from fengsui.kernel import geo
from fengsui.kernel.district.files import ShelterSpec
from fengsui.kernel.district.models import Area, Holding, Person, Post, Shelter

# The commonest family names and neutral given names: a combination denotes nobody.
SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕"
GIVEN = "伟芳敏静丽强磊军洋勇艳杰娟涛明超霞平刚玲桂英华建国文斌海波志新宇晨浩然雨欣嘉宁佳怡瑞泽思源"


def communities(areas: Sequence[Area], seed: int) -> list[Area]:
    """As many communities as each street counts, scattered inside its schematic ring; population shared out."""
    made = []
    for area in areas:
        dice = random.Random(f"{seed}:communities:{area.code}")
        for number in range(1, area.communities + 1):
            lon, lat = _inside(area, dice)
            share = area.population // area.communities
            rest = area.population - share * area.communities if number == 1 else 0
            made.append(
                Area(
                    code=f"{area.code}{900 + number}",
                    scheme="LOCAL",
                    name=f"{area.name}第{number}社区",
                    name_en=f"{area.name_en} community {number}",
                    kind="community",
                    parent=area.code,
                    jurisdiction=area.jurisdiction,
                    population=share + rest,
                    lon=lon,
                    lat=lat,
                    provenance="illustrative",
                    source="名称、代码（901 起）、位置按固定种子生成",
                )
            )
    return made


def people(
    posts: Sequence[Post], seed: int, phone_prefix: str, email_domain: str
) -> tuple[list[Person], list[Holding]]:
    """One invented person for each holder of each post. Names repeat in life, so they may here."""
    dice = random.Random(f"{seed}:people")
    persons: list[Person] = []
    holdings: list[Holding] = []
    for post in posts:
        for number in range(1, post.holders + 1):
            code = f"{post.code}-{number}"
            given = "".join(dice.choice(GIVEN) for _ in range(dice.choice((1, 2, 2))))
            persons.append(
                Person(
                    code=code,
                    name=dice.choice(SURNAMES) + given,
                    phone=f"{phone_prefix}{len(persons) + 1:0{11 - len(phone_prefix)}d}",
                    email=f"{code}@{email_domain}",
                    provenance="illustrative",
                    source="按固定种子生成，不是真人",
                )
            )
            holdings.append(Holding(post=post.code, person=code, provenance="illustrative"))
    return persons, holdings


def shelters(spec: ShelterSpec, areas: Sequence[Area], seed: int, source: str) -> list[Shelter]:
    """`count` shelters: one for each street, the others where most people live; classes by their shares."""
    dice = random.Random(f"{seed}:shelters")
    classes = [kind for kind in spec.classes for _ in range(kind.share)]
    dice.shuffle(classes)
    given = {area.code: 0 for area in areas}
    order = list(areas)
    while len(order) < spec.count:
        next_one = max(areas, key=lambda area: area.population / (order.count(area) + 1))
        order.append(next_one)
    made = []
    for index, area in enumerate(order[: spec.count]):
        kind = classes[index]
        given[area.code] += 1
        low, high = kind.area_m2
        size = int(round(dice.uniform(low, high), -2))
        lon, lat = _inside(area, dice)
        made.append(
            Shelter(
                code=f"SH{index + 1:02d}",
                name=f"{area.name}{given[area.code]}号{dice.choice(spec.places)}{kind.name}",
                name_en=f"{area.name_en} shelter {given[area.code]}",
                kind=kind.code,
                kind_name=kind.name,
                area=area.code,
                jurisdiction=area.jurisdiction,
                area_m2=size,
                m2_per_person=kind.m2_per_person,
                capacity=int(size / kind.m2_per_person),
                open_days=kind.open_days,
                lon=lon,
                lat=lat,
                provenance="illustrative",
                source=source,
            )
        )
    return made


def _inside(area: Area, dice: random.Random) -> geo.Point:
    """A place within 2 km of the centre and inside the ring, five decimals."""
    for _ in range(200):
        lon, lat = geo.move((area.lon, area.lat), dice.uniform(-2000, 2000), dice.uniform(-2000, 2000))
        spot = (round(lon, 5), round(lat, 5))
        if not area.ring or geo.inside(spot, area.ring):
            return spot
    return (area.lon, area.lat)
