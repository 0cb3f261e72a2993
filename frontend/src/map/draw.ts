// Measuring and choosing an area: a press sets a corner; by keyboard the arrows move the map and Enter sets one in its middle.

import type { Feature } from "geojson";
import type { GeoJSONSource } from "maplibre-gl";
import { area, length, metres, squares, type Corner } from "./geodesic";
import { palette } from "./palette";
import type { OneMap } from "./one";
import { say } from "../words";

export type Tool = "distance" | "area" | "select" | "line";
const open = (tool: Tool | null): boolean => tool === "distance" || tool === "line";
const SOURCE = "drawn";

export class Drawing {
  corners: Corner[] = [];
  tool: Tool | null = null;

  constructor(private readonly one: OneMap, private readonly said: HTMLElement, private readonly done: (corners: Corner[]) => void, private readonly changed: (corners: Corner[]) => void = () => undefined) {
    const hear = () => this.one.map.on("load", () => this.put());
    hear();
    if (this.one.map.isStyleLoaded()) this.put();
    one.box.addEventListener("fengsui:rebuilt", hear);
    one.box.addEventListener("keydown", (e) => this.key(e));
  }

  begin(tool: Tool): void {
    this.tool = tool;
    this.corners = [];
    this.one.box.dataset.tool = tool;
    this.one.taking = (lon, lat) => this.add([lon, lat]);
    this.paint();
    this.say();
    this.one.map.getCanvas().focus({ preventScroll: true });
  }

  end(): void {
    this.tool = null;
    this.one.taking = null;
    delete this.one.box.dataset.tool;
  }

  clear(): void {
    this.end();
    this.corners = [];
    this.said.textContent = "";
    this.paint();
  }

  /** Show an area, or a line, that came with the page. */
  hold(corners: Corner[], tool: Tool = "select"): void {
    this.corners = corners;
    this.last = tool;
    this.paint(true);
  }

  private add(corner: Corner): void {
    const first = this.corners[0];
    if (first && !open(this.tool) && this.corners.length > 2) {
      const a = this.one.map.project(first), b = this.one.map.project(corner);
      if (Math.hypot(a.x - b.x, a.y - b.y) < 12) return this.finish();
    }
    this.corners.push(corner);
    this.changed(this.corners);
    this.paint();
    this.say();
  }

  finish(): void {
    const tool = this.tool, enough = this.corners.length >= (open(tool) ? 2 : 3);
    if (!tool || !enough) return;
    this.end();
    this.paint(true);
    this.say(tool);
    if (tool === "select" || tool === "line") this.done(this.corners);
  }

  private key(e: KeyboardEvent): void {
    if (!this.tool || !(e.target as Element).closest(".maplibregl-canvas")) return;
    if (e.key === "Enter" || e.key === " ") {
      if (e.shiftKey) this.finish();
      else { const c = this.one.map.getCenter(); this.add([c.lng, c.lat]); }
    } else if (e.key === "Backspace") { this.corners.pop(); this.changed(this.corners); this.paint(); this.say(); }
    else if (e.key === "Escape") this.clear();
    else return;
    e.preventDefault();
    e.stopPropagation();
  }

  private say(tool: Tool | null = this.tool): void {
    const n = this.corners.length;
    const how = this.tool ? say("点图落点（键盘：方向键移图，Enter 在图中心落点），Backspace 退一点，Esc 不画了", "Press the map to set a point (keys: arrows move the map, Enter sets one in its middle), Backspace takes one back, Esc stops") : "";
    const figure = open(tool) ? (n > 1 ? say(`全长 ${metres(length(this.corners))}`, `length ${metres(length(this.corners))}`) : "")
      : n > 2 ? this.areaWords() : "";
    this.said.replaceChildren(...[figure, how].filter(Boolean).map((text, i) => Object.assign(document.createElement(figure && !i ? "b" : "span"), { textContent: text })));
  }

  private areaWords(): string {
    const found = area(this.corners);
    return say(`面积 ${squares(found.area)}，周长 ${metres(found.around)}`, `area ${squares(found.area)}, around ${metres(found.around)}`);
  }

  private put(): void {
    const map = this.one.map, p = palette();
    if (map.getSource(SOURCE)) return;
    map.addSource(SOURCE, { type: "geojson", data: { type: "FeatureCollection", features: [] } });
    map.addLayer({ id: "drawn:fill", type: "fill", source: SOURCE, filter: ["==", ["geometry-type"], "Polygon"], paint: { "fill-color": p.act, "fill-opacity": 0.1 } });
    map.addLayer({ id: "drawn:line", type: "line", source: SOURCE, paint: { "line-color": p.act, "line-width": 2.5, "line-dasharray": [2, 1] } });
    map.addLayer({ id: "drawn:corner", type: "circle", source: SOURCE, filter: ["==", ["geometry-type"], "Point"], paint: { "circle-radius": 4.5, "circle-color": p.panel, "circle-stroke-color": p.act, "circle-stroke-width": 2 } });
    this.paint(true);
  }

  private paint(closed = false): void {
    const c = this.corners, shape: Feature[] = [];
    if (c.length > 2 && (closed || !open(this.tool)) && this.shut()) shape.push({ type: "Feature", properties: {}, geometry: { type: "Polygon", coordinates: [[...c, c[0]!]] } });
    else if (c.length > 1) shape.push({ type: "Feature", properties: {}, geometry: { type: "LineString", coordinates: c } });
    for (const at of c) shape.push({ type: "Feature", properties: {}, geometry: { type: "Point", coordinates: at } });
    (this.one.map.getSource(SOURCE) as GeoJSONSource | undefined)?.setData({ type: "FeatureCollection", features: shape });
    this.one.box.dataset.corners = String(c.length);
  }

  private last: Tool | null = null;
  private shut(): boolean {
    this.last = this.tool ?? this.last;
    return !open(this.last);
  }
}
