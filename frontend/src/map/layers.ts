// What stands on the base map. Each layer is one GeoJSON address (or vector tiles) and a kind; kinds decide how it is drawn.
//
// data-layers: [{id, kind, label, url | tiles + source_layer, single?, on?, topics?, history?, mark?, code?, domain?}]
// `tiles` with `single` come from core.maps.points: `source_layer` holds clusters (n, rank), `single` points (rank, name …).
// kinds and their properties (all texts ready to show, `url` opens, `said` is a sentence for the popup):
//   stations  level, name, label ("27 cm ↑"), url, said        clustered: worst shape + count
//   areas     level, name                                       hatched by level
//   closures  name, url, said (LineString or Point)             striped, ⊖ at both ends
//   teams     mark (one character), label, reported, url, said  black square, dashed until reported
//   incidents mark, label, url, said
//   routes    style: done | ahead | detour, label
//   shelters  name, label, url, said
//   warnings  as stations, never clustered
//   ahead     as stations, dashed: forecast, not measured
//   places    mark (one character in a square), name, label, url; as tiles clustered with their count
//   names     name, label: words alone
//   dikes     is: line (with side: left | right, where the water is) | breach, name, said

import type { Feature, FeatureCollection, Position } from "geojson";
import type { GeoJSONSourceSpecification, LayerSpecification } from "maplibre-gl";
import type { Palette } from "./palette";
import { BY_RANK, RANK } from "./symbols";

export interface Wanted {
  id: string;
  kind: "stations" | "areas" | "closures" | "teams" | "incidents" | "routes" | "shelters" | "warnings" | "ahead" | "places" | "names" | "dikes";
  label: string;
  url?: string;
  tiles?: string;
  source_layer?: string;
  /** Part of the tiles with points by themselves. */
  single?: string;
  on?: boolean;
  topics?: string[];
  history?: boolean;
  domain?: string;
  mark?: string;
  /** Of GB/T 35649-2017. */
  code?: string;
}

/** Of the water behind a dike, as deep water in the pictures; how far its band lies beside the line. */
export const WATER = "#3182bd", BESIDE_PX = 9;

export const EMPTY: FeatureCollection = { type: "FeatureCollection", features: [] };

/** Ranks for clusters, ends for closures. */
export function prepare(kind: Wanted["kind"], data: FeatureCollection): FeatureCollection {
  const features: Feature[] = [];
  for (const f of data.features ?? []) {
    const properties = { ...(f.properties ?? {}) };
    if (kind === "stations" || kind === "areas" || kind === "warnings" || kind === "ahead") properties.rank = RANK[String(properties.level ?? "none")] ?? 0;
    features.push({ ...f, properties });
    if (kind === "closures" && f.geometry?.type === "LineString") {
      const ends: Position[] = [f.geometry.coordinates[0], f.geometry.coordinates.at(-1)].filter((e): e is Position => !!e);
      for (const end of ends) features.push({ type: "Feature", properties: { ...properties, end: true }, geometry: { type: "Point", coordinates: end } });
    }
  }
  return { type: "FeatureCollection", features };
}

export function sourceOf(kind: Wanted["kind"]): GeoJSONSourceSpecification {
  const base = { type: "geojson", data: EMPTY } as GeoJSONSourceSpecification;
  return kind === "stations"
    ? { ...base, cluster: true, clusterRadius: 34, clusterMaxZoom: 13, clusterProperties: { worst: ["max", ["get", "rank"]] } }
    : base;
}

const iconOfRank = (field: string): unknown => ["concat", "lv-", ["at", ["to-number", ["get", field]], ["literal", BY_RANK]]];

/** Name of the source that holds a layer as it stood at a past moment. */
export const thenOf = (w: Wanted): string => `${w.id}~then`;

/** Style layers of one wanted layer, bottom to top; ids start with its source and a colon. `then`: as GeoJSON, of a past moment. */
export function drawn(w: Wanted, p: Palette, then = false): LayerSpecification[] {
  const from = { source: then ? thenOf(w) : w.id, ...(w.source_layer && !then ? { "source-layer": w.source_layer } : {}) };
  const halo = { "text-color": p.ink, "text-halo-color": p.land, "text-halo-width": 2.4 };
  const under = { "text-field": ["get", "label"], "text-size": 13, "text-offset": [0, 1.15], "text-anchor": "top", "text-optional": true };
  const point = ["==", ["geometry-type"], "Point"], lineOnly = ["==", ["geometry-type"], "LineString"];
  const kinds: Record<Wanted["kind"], unknown[]> = {
    areas: [
      { id: "fill", type: "fill", filter: [">", ["to-number", ["get", "rank"], 0], 1], paint: { "fill-pattern": ["concat", "h-", ["get", "level"]], "fill-opacity": 0.85 } },
      { id: "edge", type: "line", paint: { "line-color": p.mark, "line-width": 1.1 } },
    ],
    routes: [
      { id: "halo", type: "line", layout: { "line-join": "round" }, paint: { "line-color": p.panel, "line-width": 7 } },
      { id: "done", type: "line", filter: ["==", ["get", "style"], "done"], paint: { "line-color": p.ink, "line-width": 3 } },
      { id: "ahead", type: "line", filter: ["==", ["get", "style"], "ahead"], paint: { "line-color": p.ink, "line-width": 3, "line-dasharray": [2, 1.4] } },
      { id: "detour", type: "line", filter: ["==", ["get", "style"], "detour"], paint: { "line-color": p.act, "line-width": 3.4, "line-dasharray": [2.6, 1] } },
      { id: "words", type: "symbol", filter: ["has", "label"], layout: { "symbol-placement": "line-center", "text-field": ["get", "label"], "text-size": 12, "text-offset": [0, -1] }, paint: { ...halo } },
    ],
    closures: [
      { id: "black", type: "line", filter: lineOnly, paint: { "line-color": p.ink, "line-width": 8 } },
      { id: "stripe", type: "line", filter: lineOnly, paint: { "line-color": p.panel, "line-width": 4, "line-dasharray": [1.1, 1.1] } },
      { id: "end", type: "symbol", filter: point, layout: { "icon-image": "shut", "icon-allow-overlap": true } },
    ],
    dikes: [
      { id: "water", type: "line", filter: lineOnly, paint: { "line-color": WATER, "line-opacity": 0.6, "line-width": 14, "line-offset": ["match", ["get", "side"], "left", -BESIDE_PX, BESIDE_PX] } },
      { id: "halo", type: "line", filter: lineOnly, layout: { "line-join": "round" }, paint: { "line-color": p.panel, "line-width": 7 } },
      { id: "line", type: "line", filter: lineOnly, layout: { "line-join": "round" }, paint: { "line-color": p.ink, "line-width": 3.5 } },
      { id: "breach", type: "circle", filter: point, paint: { "circle-radius": 8, "circle-color": p.panel, "circle-stroke-color": p.ink, "circle-stroke-width": 3 } },
      { id: "words", type: "symbol", filter: point, layout: { ...under, "text-field": ["get", "name"] }, paint: halo },
    ],
    shelters: [
      { id: "icon", type: "symbol", minzoom: 11, layout: { "icon-image": "shelter", "icon-allow-overlap": false, "text-field": ["step", ["zoom"], "", 14, ["get", "name"]], "text-size": 12, "text-offset": [0, 0.9], "text-anchor": "top", "text-optional": true }, paint: { ...halo, "text-color": p["ink-2"] } },
    ],
    teams: [
      { id: "icon", type: "symbol", layout: { "icon-image": ["concat", "unit:", ["get", "mark"], ":", ["case", ["to-boolean", ["get", "reported"]], "1", "0"]], "icon-allow-overlap": true, ...under }, paint: halo },
    ],
    places: [
      { id: "icon", type: "symbol", layout: { "icon-image": ["concat", "square:", ["get", "mark"]], "icon-allow-overlap": true, ...under }, paint: halo },
    ],
    names: [
      { id: "words", type: "symbol", layout: { "text-field": ["format", ["get", "name"], { "text-font": ["literal", ["Local Bold"]] }, "\n", {}, ["coalesce", ["get", "label"], ""], { "font-scale": 0.9 }], "text-size": 13 }, paint: halo },
    ],
    warnings: [
      { id: "icon", type: "symbol", layout: { "icon-image": iconOfRank("rank"), "icon-size": 1.2, "icon-allow-overlap": true, "symbol-sort-key": ["get", "rank"], "text-field": ["format", ["get", "name"], {}, "\n", {}, ["get", "label"], { "font-scale": 0.85 }], "text-size": 13, "text-offset": [0, 1.15], "text-anchor": "top", "text-optional": true }, paint: halo },
    ],
    ahead: [
      { id: "icon", type: "symbol", layout: { "icon-image": ["concat", "ah-", ["get", "level"]], "icon-allow-overlap": true, ...under }, paint: halo },
    ],
    incidents: [
      { id: "ring", type: "circle", paint: { "circle-radius": 18, "circle-color": "transparent", "circle-stroke-color": p.act, "circle-stroke-width": 3 } },
      { id: "icon", type: "symbol", layout: { "icon-image": ["concat", "event:", ["get", "mark"]], "icon-allow-overlap": true, ...under }, paint: halo },
    ],
    stations: [
      { id: "one", type: "symbol", filter: ["!", ["has", "point_count"]],
        layout: { "icon-image": iconOfRank("rank"), "icon-allow-overlap": true, "symbol-sort-key": ["get", "rank"],
          "text-field": ["case", [">", ["get", "rank"], 0], ["format", ["get", "name"], {}, "\n", {}, ["coalesce", ["get", "label"], ""], { "text-font": ["literal", ["Local Bold"]], "font-scale": 1.08 }], ""],
          "text-size": 13, "text-offset": [0, -1.1], "text-anchor": "bottom", "text-optional": true }, paint: halo },
      { id: "quiet", type: "symbol", minzoom: 14, filter: ["all", ["!", ["has", "point_count"]], ["==", ["get", "rank"], 0]],
        layout: { "text-field": ["get", "name"], "text-size": 12, "text-offset": [0, -0.6], "text-anchor": "bottom", "text-optional": true }, paint: { ...halo, "text-color": p["ink-2"] } },
      { id: "many", type: "symbol", filter: ["has", "point_count"],
        layout: { "icon-image": iconOfRank("worst"), "icon-size": 1.25, "icon-allow-overlap": true, "text-field": ["to-string", ["get", "point_count"]], "text-size": 13, "text-offset": [1.3, 0], "text-anchor": "left", "text-allow-overlap": true }, paint: halo },
    ],
  };
  if (w.single && !then) return tiled(w, p, from, halo);
  return kinds[w.kind].map((layer) => {
    const own = layer as { id: string };
    return { ...own, ...from, id: `${from.source}:${own.id}` } as LayerSpecification;
  });
}

/** Points of any number: clusters with the worst status inside and their count, single ones with their name. */
function tiled(w: Wanted, p: Palette, from: object, halo: object): LayerSpecification[] {
  const leveled = w.kind === "stations";
  const count = ["case", [">=", ["get", "n"], 10000], ["concat", ["to-string", ["round", ["/", ["get", "n"], 1000]]], "k"], ["to-string", ["get", "n"]]];
  const quiet = { "text-offset": [0, 0.9], "text-anchor": "top", "text-optional": true, "text-size": 12 };
  const sort = { "symbol-sort-key": ["get", "rank"] };
  const layers: unknown[] = [
    { id: "many", type: "symbol", "source-layer": w.source_layer,
      layout: { ...sort, "icon-image": leveled ? iconOfRank("rank") : `square:${w.mark ?? ""}`, "icon-size": leveled ? 1.15 : 0.95, "icon-allow-overlap": true,
        "text-field": count, "text-size": 12, "text-offset": [1.2, 0], "text-anchor": "left", "text-allow-overlap": true, "text-font": ["Local Bold"] }, paint: halo },
    { id: "one", type: "symbol", "source-layer": w.single,
      layout: leveled
        ? { ...sort, "icon-image": iconOfRank("rank"), "icon-allow-overlap": true,
            "text-field": ["case", [">", ["get", "rank"], 0], ["format", ["get", "name"], {}, "\n", {}, ["coalesce", ["get", "label"], ""], { "text-font": ["literal", ["Local Bold"]], "font-scale": 1.08 }], ""],
            "text-size": 13, "text-offset": [0, -1.1], "text-anchor": "bottom", "text-optional": true }
        : { "icon-image": `square:${w.mark ?? ""}`, "icon-size": 0.85, "icon-allow-overlap": true, "text-field": ["step", ["zoom"], "", 13.5, ["get", "name"]], ...quiet },
      paint: leveled ? halo : { ...halo, "text-color": p["ink-2"] } },
    ...(leveled ? [{ id: "quiet", type: "symbol", minzoom: 14, "source-layer": w.single, filter: ["==", ["get", "rank"], 0],
      layout: { "text-field": ["get", "name"], "text-size": 12, "text-offset": [0, -0.6], "text-anchor": "bottom", "text-optional": true }, paint: { ...halo, "text-color": p["ink-2"] } }] : []),
  ];
  return layers.map((layer) => ({ ...(layer as object), ...from, "source-layer": (layer as { "source-layer": string })["source-layer"], id: `${w.id}:${(layer as { id: string }).id}` }) as LayerSpecification);
}
