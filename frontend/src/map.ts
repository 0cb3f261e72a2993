// [data-map]: MapLibre with its worker from our own origin (CSP). Twin: data-list opens the same things as a table.
// data-center="lon,lat" data-zoom data-layers (see map/layers.ts) data-mark data-list data-redraw="topic …" data-fit

import "maplibre-gl/dist/maplibre-gl.css";
import { LngLatBounds, Map as GlMap, NavigationControl, Popup, ScaleControl, setWorkerUrl, type GeoJSONSource, type MapGeoJSONFeature } from "maplibre-gl";
import workerUrl from "maplibre-gl/dist/maplibre-gl-worker.mjs?url";
import type { FeatureCollection } from "geojson";
import { drawn, prepare, sourceOf, type Wanted } from "./map/layers";
import { palette } from "./map/palette";
import { baseStyle } from "./map/style";
import { legend } from "./map/legend";
import { addSymbols } from "./map/symbols";
import { say } from "./words";

setWorkerUrl(workerUrl);

const make = <K extends keyof HTMLElementTagNameMap>(tag: K, className = "", text = ""): HTMLElementTagNameMap[K] =>
  Object.assign(document.createElement(tag), { className, textContent: text });

class OneMap {
  private map!: GlMap;
  private readonly wanted: Wanted[];
  private readonly held = new Map<string, FeatureCollection>();
  private readonly mark = make("span", "map-mark");
  private fitted = false;

  constructor(private readonly box: HTMLElement) {
    this.wanted = JSON.parse(box.dataset.layers || "[]") as Wanted[];
    this.tools();
    this.mark.textContent = box.dataset.mark ?? "";
    box.append(this.mark);
    try {
      this.build();
    } catch (error) {
      this.broken(String(error));
      return;
    }
    box.addEventListener("fengsui:redraw", () => this.load());
    box.addEventListener("fengsui:data", (e) => this.take((e as CustomEvent<{ id: string; data: FeatureCollection }>).detail));
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
    this.map.on("click", (e) => this.press(e.point.x, e.point.y));
    this.map.on("mousemove", (e) => { this.map.getCanvas().style.cursor = this.under(e.point.x, e.point.y) ? "pointer" : ""; });
  }

  private put(): void {
    const p = palette();
    addSymbols(this.map, p);
    for (const w of this.wanted) {
      if (!this.map.getSource(w.id))
        this.map.addSource(w.id, w.tiles ? { type: "vector", tiles: [new URL(w.tiles, location.origin).href.replaceAll("%7B", "{").replaceAll("%7D", "}")] } : sourceOf(w.kind));
      for (const layer of drawn(w, p)) if (!this.map.getLayer(layer.id)) this.map.addLayer(layer);
      this.show(w, w.on !== false);
    }
  }

  private async load(): Promise<void> {
    await Promise.all(this.wanted.filter((w) => w.url).map(async (w) => {
      try {
        const answer = await fetch(w.url!, { headers: { Accept: "application/geo+json" }, credentials: "same-origin" });
        if (!answer.ok) throw new Error(String(answer.status));
        const data = prepare(w.kind, (await answer.json()) as FeatureCollection);
        this.held.set(w.id, data);
        this.set(w.id, data);
      } catch (error) {
        this.trouble(`${w.label} ${String(error)}`, w.label);
      }
    }));
    // Layers without an address are given their data by a page's own script; they come again after a change of theme.
    for (const w of this.wanted.filter((each) => !each.url && !each.tiles && this.held.has(each.id))) this.set(w.id, this.held.get(w.id)!);
    if (this.box.hasAttribute("data-fit") && !this.fitted) this.fit();
    this.box.dataset.ready = "true";
    this.box.dispatchEvent(new CustomEvent("fengsui:ready"));
  }

  private take({ id, data }: { id: string; data: FeatureCollection }): void {
    const wanted = this.wanted.find((each) => each.id === id);
    if (!wanted) return;
    this.held.set(id, prepare(wanted.kind, data));
    this.set(id, this.held.get(id)!);
  }

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
    const ids = this.wanted.flatMap((w) => drawn(w, palette()).map((l) => l.id)).filter((id) => this.map.getLayer(id));
    if (!ids.length) return undefined;
    const near = this.map.queryRenderedFeatures([[x - 6, y - 6], [x + 6, y + 6]], { layers: ids });
    return near.find((f) => f.properties.url || f.properties.said || f.properties.name || f.properties.point_count);
  }

  private press(x: number, y: number): void {
    const f = this.under(x, y);
    if (!f) return;
    const at = f.geometry.type === "Point" ? (f.geometry.coordinates as [number, number]) : this.map.unproject([x, y]);
    if (f.properties.point_count) {
      void (this.map.getSource(f.source) as GeoJSONSource).getClusterExpansionZoom(f.properties.cluster_id as number)
        .then((zoom) => this.map.easeTo({ center: at, zoom, duration: 180 }));
      return;
    }
    const said = make("div", "col tight");
    said.append(make("b", "", String(f.properties.name ?? f.properties.label ?? "")));
    if (f.properties.name && f.properties.label) said.append(make("span", "", String(f.properties.label)));
    if (f.properties.said) said.append(make("span", "i2", String(f.properties.said)));
    if (f.properties.url) said.append(Object.assign(make("a", "", say("打开", "Open")), { href: String(f.properties.url) }));
    new Popup({ offset: 14, focusAfterOpen: true, maxWidth: "300px" }).setLngLat(at).setDOMContent(said).addTo(this.map);
  }

  private show(w: Wanted, on: boolean): void {
    w.on = on;
    for (const layer of drawn(w, palette())) if (this.map.getLayer(layer.id)) this.map.setLayoutProperty(layer.id, "visibility", on ? "visible" : "none");
  }

  private tools(): void {
    const bar = make("div", "map-tools"), layers = make("details", "map-layers"), list = make("ul");
    const head = make("summary", "", "");
    const count = () => { head.textContent = say("图层", "Layers") + ` ${this.wanted.filter((w) => w.on !== false).length}/${this.wanted.length}`; };
    for (const w of this.wanted) {
      const item = make("li"), label = make("label"), tick = Object.assign(make("input"), { type: "checkbox", checked: w.on !== false });
      tick.addEventListener("change", () => { this.show(w, tick.checked); count(); });
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

const shown = new WeakSet<Element>();
function start(): void {
  for (const box of document.querySelectorAll<HTMLElement>("[data-map]"))
    if (!shown.has(box)) {
      shown.add(box);
      new OneMap(box);
    }
}
start();
document.addEventListener("htmx:after:swap", start);
