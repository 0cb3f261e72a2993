// The base map: our own vector tiles, no glyph files (labels are drawn from the system's fonts), nothing from outside.

import type { LayerSpecification, StyleSpecification } from "maplibre-gl";
import type { Palette } from "./palette";

const BIG = ["motorway", "trunk", "primary", "secondary", "motorway_link", "trunk_link", "primary_link"];

export function baseStyle(p: Palette, tiles: string): StyleSpecification {
  const big = ["in", ["to-string", ["get", "class"]], ["literal", BIG]];
  const width = (near: number, far: number) => ["interpolate", ["exponential", 1.5], ["zoom"], 11, ["case", big, far, far / 3], 17, ["case", big, near, near * 0.6]];
  const layers: unknown[] = [
    { id: "land", type: "background", paint: { "background-color": p.land } },
    { id: "water-area", type: "fill", source: "base", "source-layer": "water", filter: ["==", ["geometry-type"], "Polygon"], paint: { "fill-color": p.water } },
    { id: "water-line", type: "line", source: "base", "source-layer": "water", filter: ["==", ["geometry-type"], "LineString"],
      paint: { "line-color": p.water, "line-width": ["interpolate", ["linear"], ["zoom"], 10, 1, 16, 9] } },
    { id: "road-case", type: "line", source: "base", "source-layer": "road", layout: { "line-cap": "round", "line-join": "round" },
      paint: { "line-color": p["road-2"], "line-width": width(20, 3) } },
    { id: "road", type: "line", source: "base", "source-layer": "road", layout: { "line-cap": "round", "line-join": "round" },
      paint: { "line-color": p.road, "line-width": width(16, 1.8) } },
    // Blocks end where roads run: their edges would only double every road. Parks, schools and hospitals are landmarks.
    { id: "area-edge", type: "line", source: "base", "source-layer": "area", minzoom: 13, filter: ["in", ["to-string", ["get", "class"]], ["literal", ["green", "education", "health", "building"]]],
      paint: { "line-color": p["line-2"], "line-width": 0.7 } },
    { id: "road-name", type: "symbol", source: "base", "source-layer": "road", minzoom: 13, filter: ["has", "name"],
      layout: { "symbol-placement": "line", "text-field": ["get", "name"], "text-size": 12, "text-letter-spacing": 0.08 },
      paint: { "text-color": p["ink-3"], "text-halo-color": p.land, "text-halo-width": 1.6 } },
    { id: "area-name", type: "symbol", source: "base", "source-layer": "area", filter: ["all", ["has", "name"], ["==", ["geometry-type"], "Point"]],
      layout: { "text-field": ["get", "name"], "text-size": 13, "text-letter-spacing": 0.25 },
      paint: { "text-color": p["ink-3"], "text-halo-color": p.land, "text-halo-width": 1.6 } },
    { id: "place", type: "symbol", source: "base", "source-layer": "place", filter: ["has", "name"],
      layout: { "text-field": ["get", "name"], "text-size": 12 },
      paint: { "text-color": p["ink-3"], "text-halo-color": p.land, "text-halo-width": 1.6 } },
  ];
  return { version: 8, sources: { base: { type: "vector", tiles: [tiles], minzoom: 0, maxzoom: 15 } }, layers: layers as LayerSpecification[] };
}
