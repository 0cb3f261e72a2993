// [data-series]: several streams over any time. Zooming fetches the part finer; the cursor's table is the page's own.

import { LineChart, ScatterChart } from "echarts/charts";
import { DataZoomComponent, GraphicComponent, GridComponent, MarkAreaComponent, MarkLineComponent, MarkPointComponent, TooltipComponent } from "echarts/components";
import { type EChartsType, init, use } from "echarts/core";
import { CanvasRenderer } from "echarts/renderers";
import { palette } from "./map/palette";
import { now } from "./now";
import { at, type Lane, type Mark, merge, panels, split, step } from "./series/data";
import { draw } from "./series/option";
import { png } from "./series/png";
import { say, span, wall } from "./words";

use([LineChart, ScatterChart, GridComponent, TooltipComponent, DataZoomComponent, MarkAreaComponent, MarkLineComponent, MarkPointComponent, GraphicComponent, CanvasRenderer]);

const SETTLE_MS = 250;
const day = (t: number): string => new Date(t).toLocaleDateString("en-CA", { timeZone: "Asia/Shanghai" });
const full = (t: number): string => `${day(t)} ${wall(new Date(t))}`;

class Series {
  private readonly box: HTMLElement;
  private readonly said: HTMLElement;
  private readonly keys: string[];
  private low: number;
  private high: number;
  private view: [number, number];
  private coarse: (Lane | null)[] = [];
  private lanes: (Lane | null)[] = [];
  private marks: Mark[] = [];
  private chart: EChartsType | null = null;
  private lead = 1;
  private cursor: number | null = null;
  private round = 0;
  private timer = 0;

  constructor(private readonly root: HTMLElement) {
    this.box = root.querySelector<HTMLElement>(".series-box")!;
    this.said = root.querySelector<HTMLElement>(".series-said")!;
    this.keys = (root.dataset.lanes ?? "").split(",").filter(Boolean);
    this.low = Date.parse(root.dataset.low ?? "");
    this.high = Date.parse(root.dataset.high ?? "");
    this.view = [this.low, this.high];
    root.addEventListener("fengsui:redraw", () => this.follow());
    window.addEventListener("fengsui:theme", () => { this.chart?.dispose(); this.chart = null; this.paint(); });
    new ResizeObserver(() => this.paint()).observe(this.box);
    this.buttons();
    this.keyboard();
    void this.load();
  }

  private address(url: string, low: number, high: number, key = ""): string {
    const q = new URLSearchParams({ streams: key || this.keys.join(","), from: new Date(low).toISOString(), to: new Date(high).toISOString() });
    return `${url}?${q}`;
  }

  private async fetchLanes(low: number, high: number): Promise<(Lane | null)[]> {
    return Promise.all(this.keys.map(async (key) => {
      try {
        const answer = await fetch(this.address(this.root.dataset.laneUrl!, low, high, key), { headers: { Accept: "application/json" }, credentials: "same-origin" });
        return answer.ok ? ((await answer.json()) as Lane) : null;
      } catch { return null; }
    }));
  }

  private async load(): Promise<void> {
    const round = ++this.round;
    this.said.textContent = say("正在取数", "Fetching");
    const marks = fetch(this.address(this.root.dataset.marksUrl!, this.low, this.high), { credentials: "same-origin" }).then((a) => (a.ok ? a.json() : { marks: [] })).catch(() => ({ marks: [] }));
    const lanes = await this.fetchLanes(this.low, this.high);
    if (round !== this.round) return;
    this.coarse = this.lanes = lanes;
    this.marks = ((await marks) as { marks: Mark[] }).marks;
    this.paint();
    this.root.dataset.ready = "true";
  }

  /** A period moves with the clock: at most every five seconds, and not while somebody looks at a part. */
  private follow(): void {
    if (this.timer || this.zoomed()) return;
    this.timer = window.setTimeout(() => {
      this.timer = 0;
      if (this.zoomed()) return;
      const shift = now() - this.high;
      if (this.root.dataset.period !== "all") this.low += shift;
      this.high += shift;
      this.view = [this.low, this.high];
      void this.load();
    }, 5000);
  }

  private zoomed(): boolean { return this.view[0] > this.low || this.view[1] < this.high; }

  private paint(): void {
    const width = this.box.clientWidth;
    if (!width || !this.lanes.length) return;
    const ahead = this.lanes.flatMap((l) => (l?.forecast ? l.forecast.points.slice(-1).map((x) => x[0]) : []));
    const high = Math.max(this.high, ...ahead.filter((t) => t > this.high));
    const drawn = draw(panels(this.lanes), this.marks, { low: this.low, high, now: now(), lead: this.lead }, palette(), width);
    this.box.style.height = `${drawn.height}px`;
    if (!this.chart) this.listen((this.chart = init(this.box, null, { renderer: "canvas" })));
    this.chart.resize({ width, height: drawn.height });
    this.chart.setOption(drawn.option, { notMerge: true });
    if (this.zoomed()) this.chart.dispatchAction({ type: "dataZoom", dataZoomId: "slider", startValue: this.view[0], endValue: this.view[1], quiet: true });
    this.caption();
    this.point(this.cursor ?? this.view[1]);
  }

  private listen(chart: EChartsType): void {
    chart.on("datazoom", () => this.zooming());
    chart.on("updateAxisPointer", (e: unknown) => {
      const value = (e as { axesInfo?: { value: number }[] }).axesInfo?.[0]?.value;
      if (value !== undefined) this.point(value);
    });
    chart.on("click", (e: unknown) => {
      const url = (e as { seriesId?: string; data?: { url?: string } }).seriesId === "marks" ? (e as { data?: { url?: string } }).data?.url : undefined;
      if (url) location.assign(url);
    });
    this.drag(chart);
  }

  /** Drag over a panel: that part is looked at. */
  private drag(chart: EChartsType): void {
    let from: number | null = null;
    const zr = chart.getZr(), inside = (e: { offsetX: number; offsetY: number }) => chart.containPixel({ gridIndex: 0 }, [e.offsetX, e.offsetY]) || panels(this.lanes).some((_, i) => chart.containPixel({ gridIndex: i }, [e.offsetX, e.offsetY]));
    const rect = (a: number, b: number) => chart.setOption({ graphic: [{ id: "brush", type: "rect", z: 20, silent: true, shape: { x: Math.min(a, b), y: 8, width: Math.abs(b - a), height: this.box.clientHeight - 70 }, style: { fill: palette().act, opacity: 0.15 }, invisible: a === b }] });
    zr.on("mousedown", (e) => { if (inside(e)) from = e.offsetX; });
    zr.on("mousemove", (e) => { if (from !== null && Math.abs(e.offsetX - from) > 4) rect(from, e.offsetX); });
    zr.on("mouseup", (e) => {
      if (from === null) return;
      const ends = [from, e.offsetX].map((x) => Number(chart.convertFromPixel({ xAxisIndex: 0 }, x))).sort((a, b) => a - b);
      const far = Math.abs(e.offsetX - from) > 8;
      from = null;
      rect(0, 0);
      if (far) this.look(ends[0]!, ends[1]!);
    });
    zr.on("globalout", () => { if (from !== null) { from = null; rect(0, 0); } });
  }

  private look(low: number, high: number): void {
    const least = 60_000, a = Math.max(this.low, Math.min(low, high - least)), b = Math.min(this.high, Math.max(high, a + least));
    this.chart?.dispatchAction({ type: "dataZoom", dataZoomId: "slider", startValue: a, endValue: b });
  }

  private zooming(): void {
    const option = this.chart?.getOption() as { dataZoom?: { startValue: number; endValue: number }[] } | undefined;
    const zoom = option?.dataZoom?.[1];
    if (!zoom) return;
    const a = Math.max(this.low, Math.round(zoom.startValue)), b = Math.min(this.high, Math.round(zoom.endValue));
    if (a === this.view[0] && b === this.view[1]) return;
    this.view = [a, b];
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => { this.timer = 0; void this.finer(); }, SETTLE_MS);
    this.caption();
  }

  /** What is looked at, finer; all of it where it was thinned away. The address and the table follow. */
  private async finer(): Promise<void> {
    const round = ++this.round, [a, b] = this.view;
    this.said_address();
    if (this.coarse.some((l) => l?.thinned)) {
      const fine = this.zoomed() ? await this.fetchLanes(a, b) : this.coarse;
      if (round !== this.round) return;
      this.lanes = this.coarse.map((lane, i) => (lane && fine[i] && fine[i] !== lane ? merge(lane, fine[i]!) : lane));
      this.paint();
    }
    this.root.dataset.looked = String(round);
    await this.table();
  }

  private said_address(): void {
    const [a, b] = this.view, q = new URLSearchParams({ streams: this.keys.join(",") });
    if (!this.zoomed() && this.root.dataset.period) q.set("period", this.root.dataset.period);
    else for (const [name, t] of [["from", a], ["to", b]] as const) q.set(name, full(t).replace(" ", "T"));
    history.replaceState(null, "", `${location.pathname}?${q.toString().replaceAll("%2C", ",").replaceAll("%3A", ":")}`);
    for (const link of document.querySelectorAll<HTMLAnchorElement>("[data-series-take]")) link.search = `?${q}${link.dataset.seriesTake === "raw" ? "&what=raw" : ""}`;
    for (const [name, t] of [["from", a], ["to", b]] as const) {
      const field = document.querySelector<HTMLInputElement>(`.series-span [name=${name}]`);
      if (field) field.value = full(t);
    }
    this.root.querySelector<HTMLElement>("[data-series-back]")!.hidden = !this.zoomed();
  }

  private async table(): Promise<void> {
    const twin = document.getElementById("series-table") as HTMLDetailsElement | null;
    if (!twin) return;
    const answer = await fetch(`${this.address(twin.dataset.tableUrl!, this.view[0], this.view[1])}&part=table`, { headers: { "HX-Request": "true" }, credentials: "same-origin" }).catch(() => null);
    if (!answer?.ok) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector<HTMLDetailsElement>("#series-table");
    if (fresh) { fresh.open = twin.open; twin.replaceWith(document.adoptNode(fresh)); }
  }

  private caption(): void {
    const [a, b] = this.view, lanes = this.lanes.filter((l): l is Lane => l !== null), lost = this.lanes.length - lanes.length;
    const parts = [say(`${full(a)} 至 ${full(b)}`, `${full(a)} to ${full(b)}`)];
    const of = lanes.reduce((n, l) => n + l.of, 0), kept = lanes.reduce((n, l) => n + l.points.filter((x) => x[0] >= a && x[0] < b).length, 0);
    if (lanes.some((l) => l.thinned)) parts.push(say(`${of} 个读数画 ${kept} 点，极值都在`, `${kept} points of ${of} readings, every extreme among them`));
    else parts.push(say(`${of} 个读数全画`, `all of ${of} readings`));
    const gaps = lanes.reduce((n, l) => n + l.more_gaps, 0);
    if (gaps) parts.push(say(`另 ${gaps} 处更短的断数，放大可见`, `${gaps} more, shorter gaps: zoom in`));
    if (lost) parts.push(say(`${lost} 路取不到，见下表`, `${lost} not available, see the table`));
    this.said.textContent = parts.join("　");
  }

  /** The table of the cursor: every lane's value there and how old it is. */
  private point(t: number): void {
    this.cursor = t;
    this.lanes.forEach((lane) => {
      const row = lane && document.querySelector<HTMLElement>(`[data-series-cursor] [data-lane="${CSS.escape(lane.key)}"]`);
      if (!row) return;
      const found = at(split(lane).line, t), gap = lane.gaps.find(([a, b]) => a < t && t < b);
      row.querySelector("[data-v]")!.textContent = found ? String(found[1]) : "—";
      row.querySelector("[data-t]")!.textContent = found ? full(found[0]).slice(5) : "";
      row.querySelector("[data-a]")!.textContent = found ? say(`${span((t - found[0]) / 1000)}前`, `${span((t - found[0]) / 1000)} before`) : gap ? say(`断 ${span((gap[1] - gap[0]) / 1000)}`, `lost ${span((gap[1] - gap[0]) / 1000)}`) : say("无", "none");
    });
  }

  private keyboard(): void {
    this.box.addEventListener("keydown", (e) => {
      const lane = this.lanes[this.lead - 1], way = e.key === "ArrowRight" ? 1 : e.key === "ArrowLeft" ? -1 : 0;
      const [a, b] = this.view, middle = this.cursor ?? (a + b) / 2;
      if (way && lane) {
        const t = step(split(lane).line, this.cursor ?? b, way as 1 | -1);
        const x = this.chart?.convertToPixel({ xAxisIndex: 0 }, t);
        if (x !== undefined) this.chart?.dispatchAction({ type: "showTip", x: Number(x), y: 60 });
        this.point(t);
      } else if (e.key === "+" || e.key === "=") this.look(middle - (b - a) / 4, middle + (b - a) / 4);
      else if (e.key === "-") this.look(middle - (b - a), middle + (b - a));
      else if (e.key === "0") this.look(this.low, this.high);
      else return;
      e.preventDefault();
      e.stopPropagation();
    });
  }

  private buttons(): void {
    this.root.querySelector("[data-series-back]")!.addEventListener("click", () => this.look(this.low, this.high));
    for (const button of document.querySelectorAll<HTMLElement>("[data-lead]"))
      button.addEventListener("click", () => {
        this.lead = this.keys.indexOf(button.dataset.lead ?? "") + 1 || 1;
        for (const each of document.querySelectorAll("[data-lead]")) each.setAttribute("aria-pressed", String(each === button));
        this.paint();
      });
    const share = document.querySelector<HTMLButtonElement>("[data-series-share]"), take = document.querySelector<HTMLButtonElement>("[data-series-png]");
    if (share && navigator.clipboard) {
      share.hidden = false;
      share.addEventListener("click", async () => {
        // Whoever opens it sees this time, not the same span up to his own now.
        const q = new URLSearchParams({ streams: this.keys.join(","), from: full(this.view[0]).replace(" ", "T"), to: full(this.view[1]).replace(" ", "T") });
        await navigator.clipboard.writeText(`${location.origin}${location.pathname}?${q}`);
        share.textContent = share.dataset.done ?? "";
      });
    }
    if (take) {
      take.hidden = false;
      take.addEventListener("click", async () => {
        if (!this.chart) return;
        const [a, b] = this.view, d = this.root.dataset, css = getComputedStyle(document.documentElement);
        const blob = await png(this.chart, {
          title: d.title ?? "", period: `${full(a)} — ${full(b)}`, illustrative: d.illustrative ?? "", drill: d.drill ?? "",
          source: say(`烽燧　${d.place ?? ""}　${full(now())} 取`, `Fengsui　${d.place ?? ""}　taken ${full(now())}`),
        }, { ...palette(), drill: css.getPropertyValue("--drill").trim() });
        if (!blob) return;
        const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(blob), download: `${d.drill ? "exercise-" : ""}series-${full(a).replace(/[: ]/g, "")}.png` });
        link.click();
        setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
      });
    }
  }
}

for (const root of document.querySelectorAll<HTMLElement>("[data-series]")) new Series(root);
