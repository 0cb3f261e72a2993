// One map in one box, whatever page it is on: base, layers, clusters, popups, twin as a list.

import "maplibre-gl/dist/maplibre-gl.css";
import { LngLatBounds, Map as GlMap, NavigationControl, Popup, ScaleControl, setWorkerUrl, type GeoJSONSource, type ImageSource, type MapGeoJSONFeature, type VectorTileSource } from "maplibre-gl";
import workerUrl from "maplibre-gl/dist/maplibre-gl-worker.mjs?url";
import type { FeatureCollection } from "geojson";
import { drawn, prepare, sourceOf, thenOf, type Wanted } from "./layers";
import { palette } from "./palette";
import { baseStyle } from "./style";
import { legend } from "./legend";
import { addSymbols } from "./symbols";
import { say } from "../words";

setWorkerUrl(workerUrl);

const make = <K extends keyof HTMLElementTagNameMap>(tag: K, className = "", text = ""): HTMLElementTagNameMap[K] =>
  Object.assign(document.createElement(tag), { className, textContent: text });

/** [lon, lat] of a picture's corners: north-west, north-east, south-east, south-west. */
type Corners = [[number, number], [number, number], [number, number], [number, number]];

const TILES_MS = 2_500, DATA_MS = 600;
/** A layer of tiles that can also be shown as it stood: two sources. */
const past = (w: Wanted): boolean => !!w.tiles && !!w.history;

export class OneMap {
  map!: GlMap;
  readonly wanted: Wanted[];
  private readonly held = new Map<string, FeatureCollection>();
  private readonly mark = make("span", "map-mark");
  private fitted = false;
  private turn = 0;
  private readonly soon = new Map<string, number>();
  /** The past moment that is shown (an ISO minute), "" for now. */
  at = "";
  /** A tool that takes the next press instead of opening what lies there. */
  taking: ((lon: number, lat: number) => void) | null = null;

  constructor(readonly box: HTMLElement) {
    this.wanted = JSON.parse(box.dataset.layers || "[]") as Wanted[];
    this.at = box.dataset.at ?? "";
    if (!box.closest("[data-whole]")) this.tools();
    this.mark.textContent = box.dataset.mark ?? "";
    box.append(this.mark);
    try {
      this.build();
    } catch (error) {
      this.broken(String(error));
      return;
    }
    box.addEventListener("fengsui:redraw", (e) => this.news((e as CustomEvent<string | null>).detail ?? "*"));
    box.addEventListener("fengsui:data", (e) => this.take((e as CustomEvent<{ id: string; data: FeatureCollection }>).detail));
    box.addEventListener("fengsui:picture", (e) => this.picture((e as CustomEvent<{ url: string; corners: Corners }>).detail));
    document.addEventListener("visibilitychange", () => {
      if (document.hidden) return;
      for (const w of this.wanted) if (this.stale.delete(w.id)) void this.refresh(w);
    });
    window.addEventListener("fengsui:theme", () => this.repaint());
  }

  private build(): void {
    const [lon = 123.37, lat = 41.79] = (this.box.dataset.center ?? "").split(",").map(Number);
    const base = this.box.dataset.base ?? "/tiles/base/{z}/{x}/{y}.mvt";
    this.map = new GlMap({
      container: this.box, center: [lon, lat], zoom: Number(this.box.dataset.zoom ?? 13), maxZoom: 18, minZoom: 8,
      style: baseStyle(palette(), new URL(base.replace("{z}", "__z").replace("{x}", "__x").replace("{y}", "__y"), location.href).href.replace("__z", "{z}").replace("__x", "{x}").replace("__y", "{y}")),
      attributionControl: false, dragRotate: false, pitchWithRotate: false, touchPitch: false, fadeDuration: 0,
      localIdeographFontFamily: palette().font, cooperativeGestures: this.box.hasAttribute("data-gentle"),
    });
    this.map.touchZoomRotate.disableRotation();
    this.map.addControl(new NavigationControl({ showCompass: false }), "top-right");
    this.map.addControl(new ScaleControl({ maxWidth: 90 }), "top-right");
    this.map.getCanvas().setAttribute("aria-label", this.box.getAttribute("aria-label") ?? say("地图", "Map"));
    this.box.querySelector(".map-legend")?.remove();
    this.box.append(legend(this.wanted.map((w) => w.kind), palette()));
    this.map.on("load", () => { this.put(); void this.load(); });
    this.map.on("error", (e) => this.trouble(e.error?.message ?? ""));
    this.map.on("click", (e) => (this.taking ? this.taking(e.lngLat.lng, e.lngLat.lat) : this.press(e.point.x, e.point.y)));
    this.map.on("mousemove", (e) => { this.map.getCanvas().style.cursor = this.taking ? "crosshair" : this.under(e.point.x, e.point.y) ? "pointer" : ""; });
  }

  private put(): void {
    const p = palette();
    addSymbols(this.map, p);
    for (const w of this.wanted) {
      if (!this.map.getSource(w.id)) this.map.addSource(w.id, w.tiles ? { type: "vector", tiles: [this.tilesOf(w)], minzoom: 5, maxzoom: 18 } : sourceOf(w.kind));
      if (past(w) && !this.map.getSource(thenOf(w))) this.map.addSource(thenOf(w), sourceOf(w.kind));
      for (const layer of [...drawn(w, p), ...(past(w) ? drawn(w, p, true) : [])]) if (!this.map.getLayer(layer.id)) this.map.addLayer(layer);
      this.show(w, w.on !== false);
    }
  }

  private tilesOf(w: Wanted): string {
    const address = new URL(w.tiles!, location.origin).href.replaceAll("%7B", "{").replaceAll("%7D", "}");
    return this.turn ? `${address}?v=${this.turn}` : address;
  }

  /** A topic changed: only the layers that it is about, each at most once in a while. History does not change. */
  private news(topic: string): void {
    for (const w of this.wanted) {
      if (w.on === false || (topic !== "*" && w.topics && !w.topics.includes(topic)) || (this.at && w.history) || this.soon.has(w.id)) continue;
      this.soon.set(w.id, window.setTimeout(() => {
        this.soon.delete(w.id);
        if (document.hidden) return this.stale.add(w.id) as unknown as void;
        void this.refresh(w);
      }, w.tiles ? TILES_MS : DATA_MS));
    }
  }
  private readonly stale = new Set<string>();

  private async refresh(w: Wanted): Promise<void> {
    if (w.tiles && !(this.at && past(w))) {
      this.turn += 1;
      (this.map.getSource(w.id) as VectorTileSource | undefined)?.setTiles([this.tilesOf(w)]);
      this.box.dataset.turn = String(this.turn);
      return;
    }
    if (!w.url) return;
    try {
      const answer = await fetch(this.at && w.history ? `${w.url}?at=${encodeURIComponent(this.at)}` : w.url, { headers: { Accept: "application/geo+json" }, credentials: "same-origin" });
      if (!answer.ok) throw new Error(String(answer.status));
      const source = past(w) ? thenOf(w) : w.id, data = prepare(w.kind, (await answer.json()) as FeatureCollection);
      this.held.set(source, data);
      this.set(source, data);
    } catch (error) {
      this.trouble(`${w.label} ${String(error)}`, w.label);
    }
  }

  /** Show the map as it stood at a moment; "" is now. */
  async moment(at: string): Promise<void> {
    this.at = at;
    for (const w of this.wanted) this.show(w, w.on !== false);
    await Promise.all(this.wanted.filter((w) => w.history && w.on !== false).map((w) => this.refresh(w)));
    this.box.dataset.at = at;
  }

  private async load(): Promise<void> {
    await Promise.all(this.wanted.filter((w) => w.url && w.on !== false && (!w.tiles || this.at)).map((w) => this.refresh(w)));
    // Layers without an address are given their data by a page's own script; they come again after a change of theme.
    for (const w of this.wanted.filter((each) => !each.url && !each.tiles && this.held.has(each.id))) this.set(w.id, this.held.get(w.id)!);
    if (this.box.hasAttribute("data-fit") && !this.fitted) this.fit();
    if (this.over) this.picture(this.over);
    this.box.dataset.ready = "true";
    this.box.dispatchEvent(new CustomEvent("fengsui:ready"));
  }

  private take({ id, data }: { id: string; data: FeatureCollection }): void {
    const wanted = this.wanted.find((each) => each.id === id);
    if (!wanted) return;
    this.held.set(id, prepare(wanted.kind, data));
    this.set(id, this.held.get(id)!);
  }

  /** A picture that lies over the base map and under everything else; another one takes its place. */
  private picture(of: { url: string; corners: Corners }): void {
    this.over = of;
    const coordinates = of.corners, source = this.map.getSource("picture") as ImageSource | undefined;
    if (source) return void source.updateImage({ url: of.url, coordinates });
    this.map.addSource("picture", { type: "image", url: of.url, coordinates });
    this.map.addLayer({ id: "picture", type: "raster", source: "picture", paint: { "raster-fade-duration": 0, "raster-resampling": "nearest" } }, this.ids().find((id) => this.map.getLayer(id)));
  }
  private over: { url: string; corners: Corners } | null = null;

  private set(id: string, data: FeatureCollection): void {
    (this.map.getSource(id) as GeoJSONSource | undefined)?.setData(data);
  }

  private fit(): void {
    const bounds = new LngLatBounds();
    const walk = (c: unknown): void => { if (Array.isArray(c)) typeof c[0] === "number" ? bounds.extend(c as [number, number]) : c.forEach(walk); };
    for (const data of this.held.values()) for (const f of data.features) if (f.geometry && "coordinates" in f.geometry) walk(f.geometry.coordinates);
    if (bounds.isEmpty()) return;
    this.fitted = true;
    this.map.fitBounds(bounds, { padding: 48, maxZoom: 15.5, animate: false });
  }

  private under(x: number, y: number): MapGeoJSONFeature | undefined {
    const ids = this.ids().filter((id) => this.map.getLayer(id));
    if (!ids.length) return undefined;
    const near = this.map.queryRenderedFeatures([[x - 6, y - 6], [x + 6, y + 6]], { layers: ids });
    return near.find((f) => f.properties.url || f.properties.said || f.properties.name || f.properties.point_count || f.properties.n);
  }

  private names: string[] | null = null;
  private ids(): string[] {
    return (this.names ??= this.wanted.flatMap((w) => [...drawn(w, palette()), ...(past(w) ? drawn(w, palette(), true) : [])].map((l) => l.id)));
  }

  /** Many at one place: nearer first; where nearer does not part them, their list. */
  private open(f: MapGeoJSONFeature, at: [number, number]): void {
    const zoom = this.map.getZoom(), list = this.box.dataset.list;
    if (zoom < 15) return void this.map.easeTo({ center: at, zoom: Math.min(zoom + 2, 16), duration: this.calm() });
    const p = this.map.project(at), ring = [[-24, -24], [24, -24], [24, 24], [-24, 24]].map(([dx, dy]) => this.map.unproject([p.x + dx!, p.y + dy!]));
    const within = ring.map((c) => `${c.lng.toFixed(5)},${c.lat.toFixed(5)}`).join(";");
    if (list) location.href = `${list}?layers=${f.source}&within=${within}`;
  }

  private calm(): number {
    return matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 180;
  }

  private press(x: number, y: number): void {
    const f = this.under(x, y);
    if (!f) return;
    const at = f.geometry.type === "Point" ? (f.geometry.coordinates as [number, number]) : this.map.unproject([x, y]);
    if (f.properties.n) return this.open(f, at as [number, number]);
    if (f.properties.point_count) {
      void (this.map.getSource(f.source) as GeoJSONSource).getClusterExpansionZoom(f.properties.cluster_id as number)
        .then((zoom) => this.map.easeTo({ center: at, zoom, duration: this.calm() }));
      return;
    }
    this.popup(at as [number, number], f.properties);
  }

  private popup(at: [number, number], facts: Record<string, unknown>): void {
    const said = make("div", "col tight");
    said.append(make("b", "", String(facts.name ?? facts.label ?? "")));
    if (facts.name && facts.label) said.append(make("span", "", String(facts.label)));
    if (facts.said) said.append(make("span", "i2", String(facts.said)));
    if (facts.url) said.append(Object.assign(make("a", "", say("打开", "Open")), { href: String(facts.url) }));
    new Popup({ offset: 14, focusAfterOpen: true, maxWidth: "300px" }).setLngLat(at).setDOMContent(said).addTo(this.map);
  }

  show(w: Wanted, on: boolean): void {
    w.on = on;
    const then = !!this.at && past(w);
    const set = (id: string, visible: boolean) => { if (this.map.getLayer(id)) this.map.setLayoutProperty(id, "visibility", visible ? "visible" : "none"); };
    for (const layer of drawn(w, palette())) set(layer.id, on && !then);
    if (past(w)) for (const layer of drawn(w, palette(), true)) set(layer.id, on && then);
  }

  /** Switch a layer on or off; what it holds is fetched when first seen. */
  turned(w: Wanted, on: boolean): void {
    this.show(w, on);
    if (on && w.url && (!w.tiles || this.at)) void this.refresh(w);
  }

  where(): { lon: number; lat: number; zoom: number } {
    const c = this.map.getCenter();
    return { lon: c.lng, lat: c.lat, zoom: this.map.getZoom() };
  }

  go(lon: number, lat: number, zoom: number): void {
    this.map.easeTo({ center: [lon, lat], zoom: Math.max(zoom, this.map.getZoom()), duration: this.calm() });
  }

  say(lon: number, lat: number, facts: Record<string, unknown>): void {
    this.popup([lon, lat], facts);
  }

  private tools(): void {
    const bar = make("div", "map-tools"), layers = make("details", "map-layers"), list = make("ul");
    const head = make("summary", "", "");
    const count = () => { head.textContent = say("图层", "Layers") + ` ${this.wanted.filter((w) => w.on !== false).length}/${this.wanted.length}`; };
    for (const w of this.wanted) {
      const item = make("li"), label = make("label"), tick = Object.assign(make("input"), { type: "checkbox", checked: w.on !== false });
      tick.addEventListener("change", () => { this.turned(w, tick.checked); count(); });
      label.append(tick, w.label);
      item.append(label);
      list.append(item);
    }
    count();
    layers.append(head, list);
    if (this.wanted.length) bar.append(layers);
    if (this.box.dataset.list) bar.append(Object.assign(make("a", "btn sm", say("表", "Table")), { href: this.box.dataset.list }));
    this.box.append(bar);
  }

  /** The theme changed: the same map in the other palette. */
  private repaint(): void {
    const where = this.map.getCenter(), zoom = this.map.getZoom();
    this.map.remove();
    this.box.dataset.center = `${where.lng},${where.lat}`;
    this.box.dataset.zoom = String(zoom);
    this.build();
    this.box.dispatchEvent(new CustomEvent("fengsui:rebuilt"));
  }

  private trouble(message: string, layer = ""): void {
    if (layer) this.mark.textContent = say(`${layer} 取不到，先看列表`, `${layer}: not available, use the list`);
    else if (!this.mark.dataset.base) {
      this.mark.dataset.base = "lost";
      this.mark.textContent = `${say("底图取不到，点位仍按坐标显示", "Base map not available; points stand at their positions")}　${this.box.dataset.mark ?? ""}`;
    }
    this.box.dataset.trouble = message;
    console.info("map:", message);
  }

  private broken(message: string): void {
    const note = make("div", "map-note"), text = make("div", "col tight");
    text.append(make("b", "", say("这台电脑打不开地图", "This computer cannot show the map")), make("span", "t13 i2", message.slice(0, 120)));
    if (this.box.dataset.list) text.append(Object.assign(make("a", "btn", say("改看表", "Use the table")), { href: this.box.dataset.list }));
    note.append(text);
    this.box.append(note);
  }
}

