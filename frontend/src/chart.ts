// [data-chart][data-url]: one station's curve with its table twin. No eval, tooltips without HTML (CSP).

import { BarChart, LineChart, ScatterChart } from "echarts/charts";
import { GraphicComponent, GridComponent, MarkAreaComponent, MarkLineComponent, MarkPointComponent, TooltipComponent } from "echarts/components";
import { type EChartsType, init, use } from "echarts/core";
import { CanvasRenderer } from "echarts/renderers";
import { type ChartData, ms, spread } from "./chart/data";
import { draw, type Drawn, rungWords } from "./chart/option";
import { type Palette, palette } from "./map/palette";
import { drawLevel } from "./map/symbols";
import { say, span, wall, wallOn } from "./words";

use([LineChart, BarChart, ScatterChart, GridComponent, TooltipComponent, MarkAreaComponent, MarkLineComponent, MarkPointComponent, GraphicComponent, CanvasRenderer]);

const make = <K extends keyof HTMLElementTagNameMap>(tag: K, className = "", text = ""): HTMLElementTagNameMap[K] =>
  Object.assign(document.createElement(tag), { className, textContent: text });

function shape(level: string, p: Palette): HTMLCanvasElement {
  const box = Object.assign(document.createElement("canvas"), { width: 42, height: 42 });
  const c = box.getContext("2d")!;
  c.scale(3, 3);
  c.translate(7, 7);
  drawLevel(c, level, 6.4, p);
  return box;
}

class OneChart {
  private readonly place: HTMLElement;
  private readonly words = make("figcaption", "chart-said");
  private readonly twin = make("details");
  private chart: EChartsType | null = null;
  private data: ChartData | null = null;

  constructor(private readonly box: HTMLElement) {
    this.place = box.querySelector<HTMLElement>(".chart-box") ?? box;
    this.twin.append(make("summary", "", say("表", "Table")), make("div", "scroll"));
    box.append(this.words, this.twin);
    this.twin.addEventListener("toggle", () => { if (this.twin.open) this.table(); });
    box.addEventListener("fengsui:redraw", () => void this.load());
    window.addEventListener("fengsui:theme", () => { this.chart?.dispose(); this.chart = null; this.paint(); });
    new ResizeObserver(() => { if (this.place.clientWidth) this.paint(); }).observe(this.place);
    void this.load();
  }

  private async load(): Promise<void> {
    try {
      const answer = await fetch(this.box.dataset.url ?? "", { headers: { Accept: "application/json" }, credentials: "same-origin" });
      if (!answer.ok) throw new Error(String(answer.status));
      this.data = (await answer.json()) as ChartData;
      this.paint();
      if (this.twin.open) this.table();
    } catch (error) {
      this.words.textContent = say(`过程线取不到（${String(error)}），值见列表`, `The curve is not available (${String(error)}); see the list for values`);
    }
  }

  private paint(): void {
    const data = this.data, width = this.place.clientWidth;
    if (!data || !width) return;
    this.chart ??= init(this.place, null, { renderer: "canvas" });
    this.chart.resize();
    const p = palette(), drawn = draw(data, p, width, this.place.clientHeight);
    this.chart.setOption(drawn.option, { notMerge: true });
    this.ladder(drawn, p, width);
    this.caption(data, drawn);
    this.box.dataset.ready = "true";
  }

  /** Labels at the right, pushed apart: they never overlap, each with its shape. */
  private ladder(drawn: Drawn, p: Palette, width: number): void {
    const chart = this.chart;
    if (!chart || !drawn.ladder.length) return;
    const y = drawn.ladder.map((r) => Number(chart.convertToPixel({ yAxisIndex: 0 }, r.value)));
    const placed = spread(y, 16, 10, this.place.clientHeight - 24);
    const last = drawn.reads[0]?.last?.[1] ?? Number.NEGATIVE_INFINITY;
    const crossed = drawn.ladder.filter((r) => r.value <= last).at(-1);
    const right = (drawn.option.grid as { right: number }[])[0]!.right, x = width - right + 4;
    chart.setOption({
      graphic: drawn.ladder.flatMap((r, i) => [
        { id: `rung-${i}`, type: "image", silent: true, z: 12, style: { image: shape(r.level, p), x, y: placed[i]! - 7, width: 14, height: 14 } },
        { id: `word-${i}`, type: "text", silent: true, z: 12, style: { text: rungWords(r), x: x + 18, y: placed[i]! - 7, fill: p.ink, font: `${r === crossed ? 700 : 400} 12px ${p.font}` } },
      ]),
    });
  }

  private caption(data: ChartData, drawn: Drawn): void {
    const now = ms(data.now), last = drawn.reads[0]?.last, said: string[] = [];
    if (last) said.push(say(`末值 ${last[1]} ${data.series[0]?.unit ?? ""}，${wall(new Date(last[0]))}（${span((now - last[0]) / 1000)}前）`,
      `last ${last[1]} ${data.series[0]?.unit ?? ""} at ${wall(new Date(last[0]))} (${span((now - last[0]) / 1000)} ago)`));
    else said.push(say("没有可信的读数", "no believed reading"));
    if (data.forecast?.points?.length) said.push(say(`预报 ${wallOn(new Date(ms(data.forecast.issued_at)), new Date(now))} 起报`, `forecast issued ${wallOn(new Date(ms(data.forecast.issued_at)), new Date(now))}`));
    if (data.speed && data.speed !== 1) said.push(say(`回放 ${data.speed} 倍`, `replay ${data.speed}x`));
    if (data.source) said.push(data.source);
    this.words.textContent = said.join("　");
    this.place.setAttribute("aria-label", `${this.place.getAttribute("aria-label")?.split("；")[0] ?? ""}；${said.join("，")}`);
  }

  private table(): void {
    const data = this.data, place = this.twin.querySelector(".scroll");
    if (!data || !place) return;
    const table = make("table", "tbl dense"), head = make("tr"), body = make("tbody");
    for (const h of [say("时刻", "Time"), say("序列", "Series"), say("值", "Value"), say("判定", "Verdict")]) head.append(make("th", "", h));
    const rows = data.series.flatMap((s) => s.points.map(([t, v, flag]) => ({ t: ms(t), name: s.name, v: v === null ? "" : `${v} ${s.unit}`, flag: flag ?? "" })));
    if (data.forecast) for (const [t, v] of data.forecast.points ?? []) rows.push({ t: ms(t), name: say("预报", "Forecast"), v: `${v} ${data.series[0]?.unit ?? ""}`, flag: "" });
    const marks = new Map(data.series.flatMap((s) => (s.marks ?? []).map(([t, , words]) => [ms(t), words] as const)));
    rows.sort((a, b) => b.t - a.t);
    const shown = rows.slice(0, 500), today = new Date(ms(data.now));
    for (const r of shown) {
      const ok = r.flag === "" || r.flag === "good", tr = make("tr", ok || r.flag === "manual" ? "" : "struck");
      tr.append(make("td", "nw", `${wallOn(new Date(r.t), today)}${wall(new Date(r.t)).slice(5)}`), make("td", "", r.name), make("td", "num", r.v),
        make("td", "keep", ok ? say("可信", "believed") + (marks.has(r.t) ? ` ${marks.get(r.t)}` : "") : r.flag === "manual" ? say("人报", "by a person") : say(`未采用 ${r.flag}`, `not taken: ${r.flag}`)));
      body.append(tr);
    }
    const top = make("thead");
    top.append(head);
    table.append(top, body);
    place.replaceChildren(table);
    if (rows.length > shown.length) place.append(make("p", "source", say(`只列最近 500 条，共 ${rows.length} 条`, `latest 500 of ${rows.length}`)));
  }
}

const shown = new WeakSet<Element>();
function start(): void {
  for (const box of document.querySelectorAll<HTMLElement>("[data-chart]"))
    if (!shown.has(box)) {
      shown.add(box);
      new OneChart(box);
    }
}
start();
document.addEventListener("htmx:after:swap", start);
