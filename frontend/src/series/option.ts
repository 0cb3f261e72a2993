// Panels stacked over one time axis: a strip of marks, a grid a unit, a slider. Lines are told apart by weight, grey and number.

import { range, spread } from "../chart/data";
import type { Palette } from "../map/palette";
import { drawLevel } from "../map/symbols";
import { levelWord, say, span, wall, wallOn } from "../words";
import { type Lane, type Mark, type Panel, split } from "./data";

export interface View { low: number; high: number; now: number; lead: number }
export interface Drawn { option: Record<string, unknown>; height: number; bottoms: number[]; tops: number[] }

const STRIP = 26, SLIDER = 58, BETWEEN = 30, LEFT = 50;
export const RIGHT = 138;
/** Weight and grey of the lines in one panel, in their order; hue is for hazard alone. */
const STROKES: [number, "ink" | "ink-2" | "ink-3"][] = [[2.2, "ink"], [1.2, "ink-3"], [1.2, "ink"], [2.4, "ink-3"], [0.9, "ink-2"], [1.8, "ink-2"], [0.8, "ink-3"], [1.5, "ink-3"]];

export function panelHeight(count: number, width: number): number {
  return count === 1 ? (width < 600 ? 240 : 360) : count === 2 ? 210 : count <= 4 ? 150 : 110;
}

export function draw(found: Panel[], marks: Mark[], view: View, p: Palette, width: number): Drawn {
  const tall = panelHeight(found.length, width), right = width < 600 ? 64 : RIGHT;
  const text = { color: p["ink-3"], fontSize: 12, fontFamily: p.font };
  const first = marks.length ? STRIP + 6 : 6;
  const tops = found.map((_, i) => first + 14 + i * (tall + BETWEEN)), bottoms = tops.map((t) => t + tall);
  const height = (bottoms.at(-1) ?? 60) + 24 + SLIDER;
  const many = view.high - view.low > 20 * 3600_000;
  const time = { type: "time", min: view.low, max: view.high, splitLine: { show: false }, axisLine: { onZero: false, lineStyle: { color: p["line-2"] } } };
  const grids = found.map((_, i) => ({ left: LEFT, right, top: tops[i], height: tall }));
  const xAxis: unknown[] = found.map((_, i) => ({ ...time, gridIndex: i,
    axisLabel: { ...text, show: i === found.length - 1, hideOverlap: true, formatter: (t: number) => (many ? wallOn(new Date(t), new Date(view.now)) : wall(new Date(t), view.high - view.low < 1200_000)) },
    axisTick: { show: i === found.length - 1, lineStyle: { color: p["line-2"] } }, splitNumber: Math.max(2, Math.floor(width / (many ? 170 : 110))),
    axisPointer: { label: { show: false } } }));
  const yAxis: unknown[] = [], series: unknown[] = [], graphic: unknown[] = [];

  found.forEach((panel, i) => {
    const parts = panel.lanes.map(({ lane }) => split(lane));
    const lead = Math.max(0, panel.lanes.findIndex((l) => l.no === view.lead)), led = panel.lanes[lead]!.lane;
    const ahead = panel.lanes.flatMap(({ lane }) => [...(lane.forecast?.points ?? []), ...(lane.forecast?.high ?? [])]);
    const values = [...parts.flatMap((x) => x.line.map((l) => l[1])), ...ahead.map((x) => x[1])].filter((v): v is number => v !== null);
    const lines = led.ladder.map((l) => ({ ...l, label: "" }));
    const { min, max, step } = range(values, values.length ? lines : []);
    yAxis.push({ type: "value", gridIndex: i, min, max, interval: tall > 170 ? step : step * 2, axisLabel: { ...text, formatter: (v: number) => String(+v.toFixed(3)) }, splitLine: { lineStyle: { color: p.line, width: 0.7 } } });
    graphic.push({ id: `unit${i}`, type: "text", left: LEFT, top: tops[i]! - 17, silent: true, style: { text: panel.lanes.length === 1 ? `${led.name} ${led.unit}` : say(`${panel.unit}　阈值线：${panel.lanes[lead]!.no} ${led.name}`, `${panel.unit}　lines of ${panel.lanes[lead]!.no} ${led.name}`), fill: p["ink-2"], font: `12px ${p.font}`, width: width - LEFT - 20, overflow: "truncate" } });
    const tags: { y: number; image?: HTMLCanvasElement; text: string; bold: boolean }[] = [];
    const pixel = (v: number) => bottoms[i]! - ((v - min) / (max - min)) * tall;
    for (const l of lines) if (l.value >= min && l.value <= max * 1.0001) tags.push({ y: pixel(l.value), image: shape(l.level, p), text: `${levelWord(l.level)} ${+l.value.toFixed(2)}`, bold: false });
    panel.lanes.forEach(({ lane, no }, k) => {
      const { line, refused } = parts[k]!, [weight, tone] = STROKES[k]!, alone = panel.lanes.length === 1;
      const last = line.findLast((x) => x[1] !== null && x[0] <= view.high);
      if (last && !alone) tags.push({ y: pixel(last[1]!), text: `${no} ${short(lane)}`, bold: k === lead });
      series.push({ id: `l${no}`, type: "line", name: lane.key, xAxisIndex: i, yAxisIndex: i, data: line, showSymbol: line.length < 40, symbolSize: 4, connectNulls: false, animation: false, z: k === lead ? 6 : 5,
        lineStyle: { color: p[tone], width: weight, join: "round" }, itemStyle: { color: p[tone] }, emphasis: { disabled: true },
        ...(k === lead ? { markArea: gapsOf(lane, view, p), markLine: linesOf(lines, max, view, p) } : {}) });
      if (refused.length) series.push({ id: `x${no}`, type: "scatter", xAxisIndex: i, yAxisIndex: i, symbol: "path://M-4 -4L4 4M4 -4L-4 4", symbolSize: 8, animation: false, silent: true, z: 7,
        itemStyle: { color: "transparent", borderColor: p.ink, borderWidth: 1.5 }, data: refused.map((x) => [x.t, Math.min(max, Math.max(min, x.v))]) });
      series.push(...forecastOf(lane, no, i, p, k === lead));
    });
    const y = spread(tags.map((t) => t.y), 16, tops[i]! + 4, bottoms[i]! + 4);
    tags.forEach((t, k) => {
      if (t.image) graphic.push({ id: `s${i}-${k}`, type: "image", silent: true, z: 12, style: { image: t.image, x: width - right + 4, y: y[k]! - 7, width: 14, height: 14 } });
      graphic.push({ id: `t${i}-${k}`, type: "text", silent: true, z: 12, style: { text: t.text, x: width - right + (t.image ? 22 : 6), y: y[k]! - 7, fill: p.ink, font: `${t.bold ? 700 : 400} 12px ${p.font}`, width: right - 26, overflow: "truncate" } });
    });
  });

  if (marks.length && found.length) strip(marks, found.length, p, { grids, xAxis, yAxis, series, time, right });
  const option = {
    animation: false, textStyle: { fontFamily: p.font, color: p.ink }, aria: { enabled: false }, backgroundColor: "transparent",
    grid: grids, xAxis, yAxis, series, graphic,
    axisPointer: { link: [{ xAxisIndex: "all" }], lineStyle: { color: p["ink-2"], type: "solid" } },
    tooltip: { trigger: "axis", showContent: false, axisPointer: { type: "line" } },
    dataZoom: [
      { id: "inside", type: "inside", xAxisIndex: xAxis.map((_, i) => i), filterMode: "none", zoomOnMouseWheel: "ctrl", moveOnMouseWheel: false, moveOnMouseMove: false, preventDefaultMouseMove: false },
      { id: "slider", type: "slider", xAxisIndex: xAxis.map((_, i) => i), filterMode: "none", left: LEFT, right, bottom: 6, height: 30, showDetail: false, brushSelect: true, showDataShadow: true,
        borderColor: p.line, fillerColor: "transparent", backgroundColor: p.sunk, handleStyle: { color: p.panel, borderColor: p.act, borderWidth: 1.5 }, moveHandleStyle: { color: p.act }, moveHandleSize: 5,
        dataBackground: { lineStyle: { color: p["ink-3"] }, areaStyle: { color: "transparent" } }, selectedDataBackground: { lineStyle: { color: p.ink }, areaStyle: { color: p["ink-3"], opacity: 0.2 } },
        brushStyle: { color: p.act, opacity: 0.2 }, emphasis: { handleStyle: { borderColor: p.ink } } },
    ],
  };
  return { option, height, bottoms, tops };
}

const short = (lane: Lane): string => lane.name.split("　")[0]!;

const shapes = new Map<string, HTMLCanvasElement>();
function shape(level: string, p: Palette): HTMLCanvasElement {
  const key = `${level} ${p.panel}`, kept = shapes.get(key);
  if (kept) return kept;
  const box = Object.assign(document.createElement("canvas"), { width: 42, height: 42 });
  const c = box.getContext("2d")!;
  c.scale(3, 3);
  c.translate(7, 7);
  drawLevel(c, level, 6.4, p);
  shapes.set(key, box);
  return box;
}

function hatch(p: Palette): HTMLCanvasElement {
  const box = Object.assign(document.createElement("canvas"), { width: 8, height: 8 });
  const c = box.getContext("2d")!;
  c.strokeStyle = p["line-2"];
  for (const o of [-8, 0, 8]) { c.beginPath(); c.moveTo(o, 8); c.lineTo(o + 8, 0); c.stroke(); }
  return box;
}

function gapsOf(lane: Lane, view: View, p: Palette): unknown {
  const label = { color: p.ink, fontSize: 12, fontFamily: p.font, backgroundColor: p.panel, padding: [1, 4], position: "insideBottom", distance: 4 };
  const image = hatch(p), whole = view.high - view.low;
  const words = (s: number) => say(`断 ${span(s)}`, `lost ${span(s)}`);
  const areas: unknown[] = lane.gaps.map(([a, b]) => [{ xAxis: a, itemStyle: { color: { image, repeat: "repeat" } }, label: { ...label, show: (b - a) / whole > 0.07, formatter: words((b - a) / 1000) } }, { xAxis: b }]);
  if (view.high > view.now) areas.push([{ xAxis: Math.max(view.now, view.low), itemStyle: { color: p.sunk, opacity: 0.7 } }, { xAxis: view.high }]);
  return { silent: true, animation: false, data: areas };
}

function linesOf(lines: { level: string; value: number }[], max: number, view: View, p: Palette): unknown {
  return { silent: true, symbol: "none", animation: false, label: { show: false }, data: [
    ...lines.filter((l) => l.value <= max).map((l) => ({ yAxis: l.value, lineStyle: { color: p["ink-2"], width: 0.9, type: [4, 3] } })),
    ...(view.now < view.high ? [{ xAxis: view.now, lineStyle: { color: p.ink, width: 1, type: "solid" } }] : []),
  ] };
}

function forecastOf(lane: Lane, no: number, i: number, p: Palette, lead: boolean): unknown[] {
  const run = lane.forecast;
  if (!run?.points.length) return [];
  const base = { type: "line", xAxisIndex: i, yAxisIndex: i, animation: false, silent: true, showSymbol: false };
  const out: unknown[] = [];
  if (lead && run.low.length === run.high.length) {
    out.push({ ...base, id: `b${no}`, data: run.low, stack: `band${no}`, lineStyle: { opacity: 0 } });
    out.push({ ...base, id: `c${no}`, data: run.high.map(([t, v], k) => [t, v - (run.low[k]?.[1] ?? v)]), stack: `band${no}`, lineStyle: { opacity: 0 }, areaStyle: { color: p["ink-3"], opacity: 0.25 } });
  }
  out.push({ ...base, id: `f${no}`, data: run.points, z: 4, lineStyle: { color: p.ink, width: lead ? 2 : 1.2, type: [5, 4] },
    markPoint: { silent: true, symbol: "circle", symbolSize: 5, animation: false, itemStyle: { color: p.ink }, data: [{ coord: run.points[0], label: { show: lead, position: "right", distance: 6, offset: [0, 12], color: p["ink-2"], fontSize: 12, fontFamily: p.font, backgroundColor: p.panel, padding: [0, 3], formatter: say(`${wall(new Date(run.issued_at), false)} 起报`, `issued ${wall(new Date(run.issued_at), false)}`) } }] } });
  return out;
}

interface Into { grids: unknown[]; xAxis: unknown[]; yAxis: unknown[]; series: unknown[]; time: Record<string, unknown>; right: number }

/** The strip above: a level's shape where a line was crossed, a bar with one character for warnings and incidents. */
function strip(marks: Mark[], i: number, p: Palette, into: Into): void {
  into.grids.push({ left: LEFT, right: into.right, top: 4, height: STRIP });
  into.xAxis.push({ ...into.time, gridIndex: i, show: false });
  into.yAxis.push({ type: "value", gridIndex: i, show: false, min: 0, max: 2 });
  const word: Record<string, string> = { warning: say("警", "W"), lifted: say("解", "L"), incident: say("事", "I") };
  into.series.push({ id: "marks", type: "scatter", xAxisIndex: i, yAxisIndex: i, animation: false, z: 8, data: marks.map((m) => {
    const crossing = m.kind === "crossing";
    return { value: [m.at, crossing ? 0.5 : 1.5], name: m.text, url: m.url, symbol: crossing ? `image://${shape(m.level || "none", p).toDataURL()}` : "rect", symbolSize: crossing ? 13 : [17, 14],
      itemStyle: { color: m.kind === "lifted" ? p.panel : p.ink, borderColor: p.ink, borderWidth: 1 },
      label: { show: !crossing, formatter: word[m.kind] ?? "", color: m.kind === "lifted" ? p.ink : p.inv, fontSize: 11, fontWeight: 700, fontFamily: p.font } };
  }) });
  const lines = [...new Set(marks.filter((m) => m.kind !== "crossing").map((m) => m.at))];
  if (lines.length <= 60) into.series.push({ id: "mark-lines", type: "line", xAxisIndex: 0, yAxisIndex: 0, data: [], silent: true, markLine: { silent: true, symbol: "none", animation: false, label: { show: false }, data: lines.map((t) => ({ xAxis: t, lineStyle: { color: p["ink-3"], width: 1, type: [1, 3] } })) } });
}
