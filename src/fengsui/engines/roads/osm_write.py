"""Writing OpenStreetMap data as PBF: ids ascending, nodes then ways, crossing ways share node ids."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import osmium
from osmium.osm.mutable import Node, Way

from fengsui.engines.roads.pbf import GENERATOR

MARK = {"fengsui:illustrative": "yes"}
"""On every way, so that an extract cut out of the file still says what it is."""


class Drawing:
    """Nodes and ways being collected. Positions are (lon, lat), kept to seven decimals."""

    def __init__(self) -> None:
        self.nodes: list[tuple[float, float]] = []
        self.ways: list[tuple[tuple[int, ...], dict[str, str]]] = []

    def node(self, lon: float, lat: float) -> int:
        self.nodes.append((round(lon, 7), round(lat, 7)))
        return len(self.nodes)

    def way(self, nodes: Sequence[int], tags: Mapping[str, str]) -> None:
        self.ways.append((tuple(nodes), {**tags, **MARK}))

    def shape(self, places: Iterable[tuple[float, float]], tags: Mapping[str, str], *, ring: bool) -> None:
        """A way with nodes of its own; `ring` closes it."""
        nodes = [self.node(lon, lat) for lon, lat in places]
        self.way([*nodes, nodes[0]] if ring else nodes, tags)

    def write(self, target: Path) -> None:
        """Same drawing, same bytes."""
        header = osmium.io.Header()
        header.set("generator", GENERATOR)
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(f".{target.name}.part.osm.pbf")
        part.unlink(missing_ok=True)
        with osmium.SimpleWriter(str(part), header=header) as writer:
            for number, place in enumerate(self.nodes, 1):
                writer.add_node(Node(id=number, location=place, version=1))
            for number, (nodes, tags) in enumerate(self.ways, 1):
                writer.add_way(Way(id=number, nodes=nodes, tags=tags, version=1))
        part.replace(target)
