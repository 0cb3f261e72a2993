// [data-replay=URL]: a slider over the records of an incident; the map and the list show the moment it stands at.
// Without this script the same slider is a form that the server answers (?at=).

import { collection, ORDER, seenAt, step, type Seen, type Track } from "./replay/tracks";
import { say } from "./words";

interface Story { start: string; span: number; steps: [number, string][]; tracks: Track[] }

const KIND_WORDS: Record<string, [string, string]> = {
  incidents: ["事件", "incident"], stations: ["测站", "stations"], areas: ["预警", "warnings"], teams: ["队伍", "teams"], closures: ["封控", "closures"],
};
const make = <K extends keyof HTMLElementTagNameMap>(tag: K, className = "", text = ""): HTMLElementTagNameMap[K] =>
  Object.assign(document.createElement(tag), { className, textContent: text });

class Replay {
  private story!: Story;
  private at = 0;
  private playing = 0;
  private shown = "";
  private readonly slider: HTMLInputElement;
  private readonly play: HTMLButtonElement;
  private readonly speed: HTMLSelectElement;
  private readonly rows: HTMLElement;
  private readonly map: HTMLElement | null;

  constructor(private readonly box: HTMLElement) {
    const one = <T extends Element>(what: string): T => box.querySelector<T>(what)!;
    this.slider = one("input[type=range]");
    this.play = one("[data-replay-play]");
    this.speed = one("[data-replay-speed]");
    this.rows = one("[data-replay-list] tbody");
    this.map = box.querySelector<HTMLElement>("[data-map]");
    void this.load();
  }

  private async load(): Promise<void> {
    const answer = await fetch(this.box.dataset.replay!, { credentials: "same-origin" });
    if (!answer.ok) return; // the form still asks the server
    this.story = (await answer.json()) as Story;
    this.slider.step = "any";
    this.slider.max = String(this.story.span);
    this.at = Math.min(Number(new URLSearchParams(location.search).get("at") ?? 0) || 0, this.story.span);
    this.play.hidden = false;
    this.box.querySelector<HTMLElement>("[data-replay-rate]")!.hidden = false;
    this.box.querySelector<HTMLElement>("[data-replay-go]")!.hidden = true;
    this.box.querySelector("form")!.addEventListener("submit", (e) => e.preventDefault());
    this.slider.addEventListener("input", () => { this.stop(); this.move(Number(this.slider.value)); });
    this.slider.addEventListener("keydown", (e) => this.key(e));
    this.play.addEventListener("click", () => (this.playing ? this.stop() : this.start()));
    for (const link of this.box.querySelectorAll<HTMLAnchorElement>("[data-replay-step]"))
      link.addEventListener("click", (e) => { e.preventDefault(); this.step(Number(link.dataset.replayStep) as 1 | -1); });
    document.addEventListener("keydown", (e) => {
      const typing = (e.target as HTMLElement).closest("input:not([type=range]), select, textarea");
      if (typing || e.ctrlKey || e.metaKey || e.altKey) return;
      if (e.key.toLowerCase() === "p") this.play.click();
      if (e.shiftKey && e.key.startsWith("Arrow") && e.target !== this.slider) this.key(e);
    });
    this.map?.addEventListener("fengsui:ready", () => this.draw(seenAt(this.story.tracks, this.at)));
    this.move(this.at);
    this.box.dataset.ready = "true";
  }

  private key(e: KeyboardEvent): void {
    const way = e.key === "ArrowRight" || e.key === "ArrowUp" ? 1 : e.key === "ArrowLeft" || e.key === "ArrowDown" ? -1 : 0;
    if (!way) return;
    e.preventDefault();
    if (e.shiftKey) return this.step(way);
    this.stop();
    this.move(this.at + way * Math.max(1, this.story.span / 200));
  }

  private step(way: 1 | -1): void {
    this.stop();
    this.move(step(this.story.steps.map(([at]) => at), this.at, way, this.story.span));
    history.replaceState(null, "", `?at=${this.at.toFixed(3)}`);
  }

  private start(): void {
    if (this.at >= this.story.span) this.move(0);
    let before = performance.now();
    this.playing = window.setInterval(() => {
      const now = performance.now();
      this.move(this.at + ((now - before) / 1000) * Number(this.speed.value));
      before = now;
      if (this.at >= this.story.span) this.stop();
    }, 100);
    this.label();
  }

  private stop(): void {
    window.clearInterval(this.playing);
    this.playing = 0;
    this.label();
  }

  private label(): void {
    this.play.textContent = (this.playing ? this.play.dataset.pause : this.play.dataset.play) ?? "";
    this.play.setAttribute("aria-pressed", String(!!this.playing));
  }

  private move(to: number): void {
    this.at = Math.min(Math.max(to, 0), this.story.span);
    this.slider.value = String(this.at);
    const when = new Date(Date.parse(this.story.start) + this.at * 1000).toLocaleString("sv-SE", { timeZone: "Asia/Shanghai" });
    this.slider.setAttribute("aria-valuetext", when);
    this.box.querySelector("[data-replay-now]")!.textContent = when;
    const said = this.story.steps.findLast(([at]) => at <= this.at + 1e-6)?.[1] ?? say("还没有事", "Nothing yet");
    const place = this.box.querySelector("[data-replay-said]")!;
    if (place.textContent !== said) place.textContent = said;
    this.draw(seenAt(this.story.tracks, this.at));
  }

  private draw(seen: Seen[]): void {
    const now = JSON.stringify(seen.map(({ track, state, lost }) => [track.id, state.at, lost]));
    if (now !== this.shown) {
      this.shown = now;
      this.list(seen);
    }
    if (this.map) for (const kind of ORDER) this.map.dispatchEvent(new CustomEvent("fengsui:data", { detail: { id: kind, data: collection(seen, kind) } }));
  }

  private list(seen: Seen[]): void {
    const rows = seen.filter(({ track }) => track.kind !== "routes").map(({ track, state, lost }) => {
      const row = make("tr"), name = make("td"), what = make("td", "nw i2 t12", say(...(KIND_WORDS[track.kind] ?? [track.kind, track.kind])));
      row.dataset.track = track.id;
      name.append(track.url ? Object.assign(make("a", "", track.name), { href: track.url }) : track.name);
      row.append(what, name, make("td", "", lost ? say(`断数，最后：${state.said}`, `lost, last: ${state.said}`) : state.said));
      return row;
    });
    this.rows.replaceChildren(...rows);
    if (!rows.length) {
      const row = make("tr");
      row.append(Object.assign(make("td", "", say("这一刻还没有记录", "Nothing in the record yet")), { colSpan: 3 }));
      this.rows.append(row);
    }
  }
}

for (const box of document.querySelectorAll<HTMLElement>("[data-replay]")) new Replay(box);
