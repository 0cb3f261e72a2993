// Measuring and choosing an area: a press sets a corner; by keyboard the arrows move the map and Enter sets one in its middle.

import type { Feature } from "geojson";
import type { GeoJSONSource } from "maplibre-gl";
import { area, length, metres, squares, type Corner } from "./geodesic";
import { palette } from "./palette";
import type { OneMap } from "./one";
import { say } from "../words";

export type Tool = "distance" | "area" | "select" | "line";
const open = (tool: Tool | null): boolean => tool === "distance" || tool === "line";
const SOURCE = "drawn", TWICE_MS = 400, SAME_PX = 6;

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

  /** `from`: corners that are already there; it goes on behind the last. */
  begin(tool: Tool, from: Corner[] = []): void {
    this.tool = tool;
    this.corners = [...from];
    this.one.box.dataset.tool = tool;
    if (tool === "line") this.one.map.doubleClickZoom.disable();
    this.one.taking = (lon, lat) => this.add([lon, lat]);
    this.paint();
    this.say();
    this.one.map.getCanvas().focus({ preventScroll: true });
  }

  end(): void {
    // Two presses at one place end a line: the second is still to be heard as both.
    if (this.tool === "line") window.setTimeout(() => this.tool ?? this.one.map.doubleClickZoom.enable(), TWICE_MS);
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
    if (tool === "line") this.say(tool);
  }

  /** Take the last corner back, also of a line that is held. */
  back(): void {
    this.corners = this.corners.slice(0, -1);
    this.changed(this.corners);
    this.paint(!this.tool);
    this.say(this.tool ?? this.last);
  }

  private add(corner: Corner): void {
    const first = this.corners[0], last = this.corners.at(-1);
    if (first && !open(this.tool) && this.corners.length > 2 && this.apart(first, corner) < 12) return this.finish();
    if (last && this.tool === "line" && this.apart(last, corner) < SAME_PX) return this.corners.length > 1 ? this.finish() : undefined;
    this.corners.push(corner);
    this.changed(this.corners);
    this.paint();
    this.say();
  }

  private apart(a: Corner, b: Corner): number {
    const from = this.one.map.project(a), to = this.one.map.project(b);
    return Math.hypot(from.x - to.x, from.y - to.y);
  }

  finish(): void {
    const tool = this.tool, enough = this.corners.length >= (open(tool) ? 2 : 3);
    if (tool === "line" && !enough) return this.leave();
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
    } else if (e.key === "Backspace") this.back();
    else if (e.key === "Escape") this.leave();
    else return;
    e.preventDefault();
    e.stopPropagation();
  }

  /** A line of a form stays as far as it was drawn; what was only measured goes. */
  private leave(): void {
    if (this.tool !== "line") return this.clear();
    this.end();
    this.paint(true);
    this.say("line");
  }

  private say(tool: Tool | null = this.tool): void {
    const n = this.corners.length;
    const how = this.tool === "line" ? say("点图落点，双击收笔；键盘：方向键移图，Enter 在图中心落点，Backspace 退一点，Esc 停笔", "Press the map to set a point, twice to end; keys: arrows move the map, Enter sets a point in its middle, Backspace takes one back, Esc stops")
      : this.tool ? say("点图落点（键盘：方向键移图，Enter 在图中心落点），Backspace 退一点，Esc 不画了", "Press the map to set a point (keys: arrows move the map, Enter sets one in its middle), Backspace takes one back, Esc stops") : "";
    const points = tool !== "line" || !n ? "" : n > 1 ? say(`${n} 个点`, `${n} points`) : say("1 个点，至少要两个", "1 point, two at least are needed");
    const long = open(tool) && n > 1 ? say(`全长 ${metres(length(this.corners))}`, `length ${metres(length(this.corners))}`) : "";
    const figure = open(tool) ? [points, long].filter(Boolean).join(say("，", ", "))
      : n > 2 ? this.areaWords() : "";
    this.said.replaceChildren(...[figure, how].filter(Boolean).flatMap((text, i) => [i ? "　" : "", Object.assign(document.createElement(figure && !i ? "b" : "span"), { textContent: text })]));
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
