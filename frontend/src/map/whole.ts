// The page of the whole map: its tree, time, search, tools and link. Words that stand still are the template's.

import { Drawing, type Tool } from "./draw";
import type { Corner } from "./geodesic";
import type { Wanted } from "./layers";
import { signOf } from "./legend";
import { OneMap } from "./one";
import { palette } from "./palette";
import { startTime } from "./time";
import { startFind } from "./find";
import { say } from "../words";

interface LayerState { n: number; worst: string; age: string; state: string }
const STATE_MS = 3_000;

export class WholeMap {
  private readonly one: OneMap;
  private readonly drawing: Drawing | null = null;
  private within: Corner[];
  private asking = 0;

  constructor(private readonly root: HTMLElement, box: HTMLElement) {
    if (matchMedia("(max-width: 899px)").matches) this.part("details.mapside").removeAttribute("open");
    this.one = new OneMap(box);
    this.within = (root.dataset.within ?? "").split(";").filter(Boolean).map((each) => each.split(",").map(Number) as Corner);
    this.tree();
    if (!this.one.map) return;
    this.drawing = new Drawing(this.one, this.part("[data-tool-said]"), (corners) => this.choose(corners));
    if (this.within.length) { this.drawing.hold(this.within); void this.select(); }
    this.tools();
    this.raster();
    startTime(root, this.one, () => { this.link(); void this.states(); });
    startFind(root, this.one);
    const moved = () => this.one.map.on("moveend", () => this.link());
    moved();
    box.addEventListener("fengsui:rebuilt", () => { moved(); this.signs(); });
    box.addEventListener("fengsui:redraw", () => { this.asking ||= window.setTimeout(() => { this.asking = 0; void this.states(); }, STATE_MS); });
    void this.states();
    this.link();
  }

  private part<T extends HTMLElement>(what: string): T {
    return this.root.querySelector<T>(what)!;
  }

  private get ticks(): HTMLInputElement[] {
    return [...this.root.querySelectorAll<HTMLInputElement>("[data-layer] input")];
  }

  private tree(): void {
    for (const tick of this.ticks)
      tick.addEventListener("change", () => {
        const w = this.one.wanted.find((each) => each.id === tick.value);
        if (w && this.one.map) this.one.turned(w, tick.checked);
        this.link();
        void this.keep();
        if (this.within.length) void this.select();
      });
    this.signs();
  }

  private signs(): void {
    const p = palette();
    for (const spot of this.root.querySelectorAll<HTMLElement>("[data-sign]")) {
      const w = this.one.wanted.find((each) => each.id === spot.dataset.sign);
      if (w) spot.replaceChildren(signOf(w, p));
    }
  }

  /** The layers go with the person to every desk. */
  private async keep(): Promise<void> {
    const token = this.root.querySelector<HTMLInputElement>("input[name=csrfmiddlewaretoken]")?.value ?? "";
    const body = new URLSearchParams({ layers: this.on().map((w) => w.id).join(",") });
    await fetch("/map/layers", { method: "POST", body, headers: { "X-CSRFToken": token }, credentials: "same-origin" }).catch(() => undefined);
  }

  private on(): Wanted[] {
    return this.one.wanted.filter((w) => w.on !== false);
  }

  /** The provider's pictures below everything of ours, its words over them; the own base rests meanwhile. */
  private raster(): void {
    const tick = this.root.querySelector<HTMLInputElement>("[data-raster]");
    if (!tick) return;
    const put = () => {
      const map = this.one.map;
      for (const name of ["vec", "cva"]) {
        if (!map.getSource(name)) map.addSource(name, { type: "raster", tileSize: 256, maxzoom: 18, tiles: [`${location.origin}/tiles/raster/${name}/{z}/{x}/{y}`] });
        if (!map.getLayer(name)) map.addLayer({ id: name, type: "raster", source: name, layout: { visibility: "none" } }, map.getStyle().layers.find((l) => "source" in l && l.source !== "base" && l.source !== "vec")?.id);
        map.setLayoutProperty(name, "visibility", tick.checked ? "visible" : "none");
      }
      for (const l of map.getStyle().layers) if ("source" in l && l.source === "base") map.setLayoutProperty(l.id, "visibility", tick.checked ? "none" : "visible");
    };
    tick.addEventListener("change", put);
    this.one.box.addEventListener("fengsui:rebuilt", () => { if (tick.checked) this.one.map.on("load", put); });
  }

  private async states(): Promise<void> {
    const answer = await fetch(`/map/state.json${this.one.at ? `?at=${encodeURIComponent(this.one.at)}` : ""}`, { credentials: "same-origin" }).catch(() => null);
    if (!answer?.ok) return;
    const { layers } = (await answer.json()) as { layers: Record<string, LayerState> };
    for (const [id, state] of Object.entries(layers)) {
      const item = this.root.querySelector<HTMLElement>(`[data-layer="${CSS.escape(id)}"]`);
      if (!item) continue;
      item.querySelector("[data-n]")!.textContent = String(state.n);
      const age = item.querySelector<HTMLElement>("[data-age]")!;
      age.textContent = state.age;
      age.className = `age fr t12 ${state.state}`;
    }
    this.root.dataset.stated = "true";
  }

  private tools(): void {
    for (const b of this.root.querySelectorAll<HTMLButtonElement>("[data-tool]"))
      b.addEventListener("click", () => {
        const again = this.drawing!.tool === b.dataset.tool;
        this.clear();
        if (!again) this.drawing!.begin(b.dataset.tool as Tool);
        this.pressed();
      });
    this.part("[data-tool-done]").addEventListener("click", () => { this.drawing!.finish(); this.pressed(); });
    this.part("[data-tool-clear]").addEventListener("click", () => { this.clear(); this.pressed(); });
    this.part<HTMLButtonElement>("[data-share]").addEventListener("click", async (e) => {
      const button = e.currentTarget as HTMLButtonElement, kept = button.textContent;
      const copied = await navigator.clipboard?.writeText(location.href).then(() => true, () => false);
      button.textContent = copied ? say("已复制", "copied") : say("请从地址栏复制", "copy it from the address bar");
      window.setTimeout(() => { button.textContent = kept; }, 2_500);
    });
    this.one.box.addEventListener("keydown", () => this.pressed());
    this.one.box.addEventListener("click", () => this.pressed());
  }

  private pressed(): void {
    for (const b of this.root.querySelectorAll<HTMLButtonElement>("[data-tool]")) b.setAttribute("aria-pressed", String(this.drawing!.tool === b.dataset.tool));
    const at = this.drawing!;
    this.part("[data-tool-done]").hidden = !at.tool || at.corners.length < (at.tool === "distance" ? 2 : 3);
    this.part("[data-tool-clear]").hidden = !at.tool && !at.corners.length;
  }

  private clear(): void {
    this.drawing!.clear();
    this.within = [];
    this.part("[data-selected]").replaceChildren();
    this.link();
  }

  private choose(corners: Corner[]): void {
    this.within = corners;
    this.link();
    void this.select();
    this.pressed();
  }

  private async select(): Promise<void> {
    const list = this.part("[data-selected]");
    const query = new URLSearchParams({ layers: this.on().map((w) => w.id).join(","), within: this.text(), ...(this.one.at ? { at: this.one.at } : {}) });
    const answer = await fetch(`/map/select.json?${query}`, { credentials: "same-origin" }).catch(() => null);
    if (!answer?.ok) return void list.replaceChildren(Object.assign(document.createElement("li"), { textContent: say("取不到，再圈一次", "not available, choose again") }));
    const found = (await answer.json()) as { layers: { label: string; count: number; url: string }[] };
    if (!found.layers.length) return void list.replaceChildren(Object.assign(document.createElement("li"), { textContent: say("这样的范围不能用：边线不要交叉", "not usable: the sides must not cross") }));
    list.replaceChildren(...found.layers.map((each) => {
      const item = document.createElement("li");
      item.append(each.count ? Object.assign(document.createElement("a"), { href: each.url, textContent: `${each.label} ${each.count}` }) : `${each.label} 0`);
      return item;
    }));
  }

  private text(): string {
    return this.within.map(([lon, lat]) => `${lon.toFixed(5)},${lat.toFixed(5)}`).join(";");
  }

  /** The address is always the link to what is seen; nothing personal stands in it. */
  private link(): void {
    const { lon, lat, zoom } = this.one.where();
    const facts: [string, string][] = [["layers", this.on().map((w) => w.id).join(",")], ["at", this.one.at], ["c", `${lon.toFixed(5)},${lat.toFixed(5)}`], ["z", zoom.toFixed(2)], ["within", this.text()]];
    const query = facts.filter(([name, value]) => value || name === "layers").map(([name, value]) => `${name}=${encodeURIComponent(value).replaceAll("%2C", ",").replaceAll("%3B", ";").replaceAll("%3A", ":")}`).join("&");
    history.replaceState(history.state, "", `${location.pathname}?${query}`);
    for (const a of this.root.ownerDocument.querySelectorAll<HTMLAnchorElement>("a[data-twin]")) a.href = `${a.dataset.twin}?${query}`;
    for (const [name, value] of facts) {
      const field = this.root.querySelector<HTMLInputElement>(`form[data-print] input[name=${name}]`);
      if (field) field.value = value;
    }
  }
}
