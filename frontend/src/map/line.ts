// A line that is drawn for a form: [data-draw-line] around a map and the form's fields. The line is a textarea's lines
// "lon,lat", which can be written as well; the square that is asked about, the side of the water and the breach are shown.

import type { Feature } from "geojson";
import type { GeoJSONSource } from "maplibre-gl";
import { Drawing } from "./draw";
import type { Corner } from "./geodesic";
import { BESIDE_PX, WATER } from "./layers";
import { OneMap } from "./one";
import { palette } from "./palette";

const SOURCE = "asked", METRES = 111_320;

export class LineMap {
  private readonly one: OneMap;

  constructor(private readonly root: HTMLElement, box: HTMLElement) {
    this.one = new OneMap(box);
    if (!this.one.map) return;
    const write = (corners: Corner[]): void => this.write(corners);
    const drawing = new Drawing(this.one, this.root.querySelector<HTMLElement>("[data-tool-said]")!, write, write);
    drawing.hold(this.corners(), "line");
    this.press("[data-draw-begin]", () => drawing.begin("line", this.corners()));
    this.press("[data-draw-back]", () => {
      // What was cleared comes back as one.
      if (!drawing.corners.length && this.cleared.length) { drawing.hold(this.cleared, "line"); this.write(this.cleared); }
      else drawing.back();
    });
    this.press("[data-draw-done]", () => drawing.finish());
    this.press("[data-draw-clear]", () => { const was = this.corners(); drawing.clear(); this.write([]); this.cleared = was; });
    this.text.addEventListener("input", () => {
      if (this.writing) return;
      drawing.end();
      drawing.hold(this.corners(), "line");
      this.paint();
    });
    const form = this.text.form!;
    form.addEventListener("input", (e) => {
      const name = (e.target as HTMLInputElement).name;
      if (["place", "lon", "lat", "width_m"].includes(name)) this.move();
      if (name.startsWith("breach_")) this.paint();
    });
    const hear = () => this.one.map.on("load", () => this.put());
    hear();
    if (this.one.map.isStyleLoaded()) this.put();
    box.addEventListener("fengsui:rebuilt", hear);
    this.move();
    // A map in something folded is laid out when that opens.
    this.root.addEventListener("toggle", () => { this.one.map.resize(); this.move(); }, true);
  }

  /** The field gets what was drawn, as if typed: a draft of the form keeps it. */
  private write(corners: Corner[]): void {
    this.cleared = [];
    this.text.value = corners.map(([lon, lat]) => `${lon.toFixed(6)},${lat.toFixed(6)}`).join("\n");
    this.writing = true;
    this.text.dispatchEvent(new Event("input", { bubbles: true }));
    this.writing = false;
    this.paint();
  }
  private writing = false;
  private cleared: Corner[] = [];

  private press(what: string, then: () => void): void {
    this.root.querySelector(what)?.addEventListener("click", then);
  }

  private get text(): HTMLTextAreaElement {
    return this.root.querySelector<HTMLTextAreaElement>("textarea[name=breach_line]")!;
  }

  private value(name: string): string {
    return (this.text.form!.elements.namedItem(name) as HTMLInputElement | null)?.value ?? "";
  }

  private corners(): Corner[] {
    const found = this.text.value.split(/[\n;；]+/).map((each) => each.trim().split(/[\s,，]+/).map(Number));
    return found.filter((each) => each.length === 2 && each.every(Number.isFinite)) as Corner[];
  }

  /** Middle of the square: what is written, else the place's. */
  private middle(): Corner | null {
    if (this.value("lon") && this.value("lat")) return [Number(this.value("lon")), Number(this.value("lat"))];
    return (JSON.parse(this.root.dataset.places || "{}") as Record<string, Corner>)[this.value("place")] ?? null;
  }

  private square(): Corner[] {
    const at = this.middle(), half = Number(this.value("width_m")) / 2;
    if (!at) return [];
    const up = half / METRES, aside = up / Math.cos((at[1] * Math.PI) / 180);
    return [[at[0] - aside, at[1] - up], [at[0] + aside, at[1] - up], [at[0] + aside, at[1] + up], [at[0] - aside, at[1] + up]];
  }

  private move(): void {
    const corners = this.square();
    if (corners.length) this.one.map.fitBounds([corners[0]!, corners[2]!], { padding: 24, animate: false });
    this.paint();
  }

  /** Where the breach is, as the engine reckons: its share of the length. */
  private breach(line: Corner[]): Corner | null {
    const narrow = Math.cos(((line[0]?.[1] ?? 0) * Math.PI) / 180), long = line.slice(1).map((to, n) => Math.hypot((to[0] - line[n]![0]) * narrow, to[1] - line[n]![1]));
    let left = long.reduce((sum, each) => sum + each, 0) * Number(this.value("breach_at")) / 100;
    for (const [n, each] of long.entries()) {
      if (left <= each && each > 0) return [line[n]![0] + (line[n + 1]![0] - line[n]![0]) * left / each, line[n]![1] + (line[n + 1]![1] - line[n]![1]) * left / each];
      left -= each;
    }
    return null;
  }

  private put(): void {
    const map = this.one.map, p = palette();
    if (map.getSource(SOURCE)) return;
    map.addSource(SOURCE, { type: "geojson", data: { type: "FeatureCollection", features: [] } });
    map.addLayer({ id: "asked:square", type: "line", source: SOURCE, filter: ["==", ["get", "is"], "square"], paint: { "line-color": p.ink, "line-width": 1.5, "line-dasharray": [4, 3] } });
    map.addLayer({ id: "asked:water", type: "line", source: SOURCE, filter: ["==", ["get", "is"], "water"], paint: { "line-color": WATER, "line-opacity": 0.6, "line-width": 14, "line-offset": ["get", "beside"] } });
    map.addLayer({ id: "asked:breach", type: "circle", source: SOURCE, filter: ["==", ["get", "is"], "breach"], paint: { "circle-radius": 8, "circle-color": p.panel, "circle-stroke-color": p.ink, "circle-stroke-width": 3 } });
    this.paint();
  }

  private paint(): void {
    const shape: Feature[] = [], line = this.corners(), square = this.square();
    if (square.length) shape.push({ type: "Feature", properties: { is: "square" }, geometry: { type: "LineString", coordinates: [...square, square[0]!] } });
    if (line.length > 1) shape.push({ type: "Feature", properties: { is: "water", beside: this.value("breach_side") === "left" ? -BESIDE_PX : BESIDE_PX }, geometry: { type: "LineString", coordinates: line } });
    const at = this.breach(line);
    if (at) shape.push({ type: "Feature", properties: { is: "breach" }, geometry: { type: "Point", coordinates: at } });
    (this.one.map.getSource(SOURCE) as GeoJSONSource | undefined)?.setData({ type: "FeatureCollection", features: shape });
  }
}
