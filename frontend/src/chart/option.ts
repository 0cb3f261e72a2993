// The station chart as an ECharts option: measured solid, gaps hatched, rejected ×, forecast dashed with band, ladder with shapes.

import type { Palette } from "../map/palette";
import { inEnglish, levelWord, say, span, wall, wallOn } from "../words";
import { type ChartData, ms, range, read, type Read, type Rung } from "./data";

export interface Drawn { option: Record<string, unknown>; ladder: Rung[]; reads: Read[]; min: number; max: number }

function hatch(p: Palette): HTMLCanvasElement {
  const box = Object.assign(document.createElement("canvas"), { width: 8, height: 8 });
  const c = box.getContext("2d")!;
  c.strokeStyle = p["line-2"];
  c.lineWidth = 1;
  for (const o of [-8, 0, 8]) { c.beginPath(); c.moveTo(o, 8); c.lineTo(o + 8, 0); c.stroke(); }
  return box;
}

export function draw(data: ChartData, p: Palette, width: number, height: number): Drawn {
  const now = ms(data.now), ladder = [...(data.ladder ?? [])].sort((a, b) => a.value - b.value);
  const reads = data.series.map((s) => read(s, now)), first = data.series[0], lead = reads[0];
  const forecast = data.forecast?.points?.length ? data.forecast : null;
  const ends = (pairs?: [string | number, number][]): [number, number][] => (pairs ?? []).map(([t, v]) => [ms(t), v]);
  const ahead = ends(forecast?.points), low = ends(forecast?.low), high = ends(forecast?.high);
  const values = [...reads.flatMap((r) => [...r.line.map((x) => x[1]), ...r.manual.map((x) => x[1])]).filter((v): v is number => v !== null), ...ahead.map((x) => x[1]), ...high.map((x) => x[1])];
  const { min, max, step } = range(values, ladder);
  const rain = data.rain?.points?.length ? data.rain : null;
  const top = rain ? 40 : 16, right = ladder.length ? (inEnglish() ? 128 : 92) : 14;
  const label = (colour: string, extra = {}) => ({ color: colour, fontSize: 12, fontFamily: p.font, ...extra });
  const text = { color: p["ink-3"], fontSize: 12, fontFamily: p.font };
  const from = Math.min(...reads.flatMap((r) => r.line.slice(0, 1).map((x) => x[0])), now - 600_000);
  const until = Math.max(now, ...ahead.map((x) => x[0]), ...reads.flatMap((r) => r.line.slice(-1).map((x) => x[0])));
  const current = lead?.last ?? null, crossed = current ? ladder.filter((r) => r.value <= current[1]).at(-1) : undefined;
  const series: unknown[] = [];

  reads.forEach((r, i) => series.push({
    id: `line${i}`, type: "line", name: data.series[i]?.name, data: r.line, showSymbol: false, sampling: "minmax", connectNulls: false, animation: false, z: 5,
    lineStyle: { color: i ? p["ink-3"] : p.ink, width: i ? 1.4 : 2.4, join: "round" }, itemStyle: { color: p.ink },
    markArea: i ? undefined : { silent: true, data: [
      ...r.gaps.map((g) => [{ xAxis: g.from, itemStyle: { color: { image: hatch(p), repeat: "repeat" } },
        label: label(p.ink, { show: (g.to - g.from) / (until - from) > 0.05, position: "insideBottom", distance: 14, backgroundColor: p.panel, padding: [1, 4], formatter: say(`断 ${span((g.to - g.from) / 1000)}`, `lost ${span((g.to - g.from) / 1000)}`)  }) }, { xAxis: g.to }]),
      ...(until > now ? [[{ xAxis: now, itemStyle: { color: p.sunk, opacity: 0.7 }, label: label(p["ink-2"], { show: Boolean(forecast) && (width - right - 44) * (until - now) / (until - from) > 120, position: "insideBottomRight", backgroundColor: p.sunk, padding: [1, 3], formatter: said(forecast) }) }, { xAxis: until }]] : []),
    ] },
    markLine: i ? undefined : { silent: true, symbol: "none", animation: false, data: [
      ...ladder.filter((l) => l.value <= max).map((l) => ({ yAxis: l.value, label: { show: false }, lineStyle: { color: p["ink-2"], width: l === crossed ? 1.4 : 0.9, type: l === crossed ? "solid" : [4, 3] } })),
      { xAxis: now, label: { show: false }, lineStyle: { color: p.ink, width: 1, type: "solid" } },
    ] },
    markPoint: i || !current ? undefined : { silent: true, symbol: "circle", symbolSize: 9, animation: false, itemStyle: { color: p.ink, borderColor: p.panel, borderWidth: 1.5 },
      data: [{ coord: current, label: label(p.ink, { show: true, formatter: String(current[1]), position: [-8, -16], align: "right", fontSize: 14, fontWeight: 700, textBorderColor: p.panel, textBorderWidth: 3 }) }] },
  }));
  if (low.length && low.length === high.length) {
    series.push({ id: "low", type: "line", data: low, stack: "band", symbol: "none", lineStyle: { opacity: 0 }, animation: false, silent: true, tooltip: { show: false } });
    series.push({ id: "band", type: "line", data: high.map(([t, v], i) => [t, v - (low[i]?.[1] ?? v)]), stack: "band", symbol: "none", lineStyle: { opacity: 0 }, areaStyle: { color: p["ink-3"], opacity: 0.25 }, animation: false, silent: true, tooltip: { show: false } });
  }
  if (ahead.length) series.push({ id: "ahead", type: "line", name: say("预报", "Forecast"), data: ahead, showSymbol: false, lineStyle: { color: p.ink, width: 2, type: [5, 4] }, itemStyle: { color: p.ink }, animation: false, z: 4 });
  const refused = lead?.rejected ?? [];
  if (refused.length) series.push({
    id: "rejected", type: "scatter", name: say("未采用", "Not taken"), symbol: "path://M-4 -4L4 4M4 -4L-4 4", symbolSize: 8, animation: false, z: 6, silent: refused.length > 400,
    itemStyle: { color: "transparent", borderColor: p.ink, borderWidth: 1.5 },
    data: refused.map((x, i) => ({ value: [x.t, Math.min(max, Math.max(min, x.v))], name: `${x.v} ${x.why}`, label: label(p["ink-2"], { show: width > 440 && i === refused.length - 1, position: (x.t - from) / (until - from) > 0.45 ? "left" : "right", formatter: say(`${x.v} ${x.why}，未采用`, `${x.v} ${x.why}, not taken`), backgroundColor: p.panel, padding: [0, 3] }) })),
  });
  const marks = first?.marks ?? [];
  if (marks.length) series.push({
    id: "marks", type: "scatter", name: say("走势标记", "Mark of the course"), symbol: "triangle", symbolSize: 9, symbolOffset: [0, 9], animation: false, z: 6,
    itemStyle: { color: p.panel, borderColor: p.ink, borderWidth: 1.3 },
    data: marks.map(([t, v, words], i) => ({ value: [ms(t), v], name: `${v} ${words}`, label: label(p["ink-2"], { show: width > 440 && i === marks.length - 1, position: "bottom", formatter: words, backgroundColor: p.panel, padding: [0, 3] }) })),
  });
  if (lead?.manual.length) series.push({ id: "manual", type: "scatter", name: say("人报", "By a person"), symbol: "diamond", symbolSize: 9, itemStyle: { color: p.panel, borderColor: p.ink, borderWidth: 1.4 }, data: lead.manual, animation: false, z: 6 });
  if (rain) series.push({ id: "rain", type: "bar", name: rain.name, xAxisIndex: 1, yAxisIndex: 1, data: rain.points.map(([t, v]) => [ms(t), v]), itemStyle: { color: p["ink-3"], opacity: 0.75 }, barMaxWidth: 60, barCategoryGap: "10%", animation: false });

  const time = { type: "time", min: from, max: until, axisLine: { lineStyle: { color: p["line-2"] } }, splitLine: { show: false } };
  const many = (until - from) > 20 * 3600_000;
  const option = {
    animation: false, textStyle: { fontFamily: p.font, color: p.ink }, aria: { enabled: false },
    grid: [{ left: 44, right, top, bottom: 24 }, { left: 44, right, top: 4, height: 26 }],
    xAxis: [
      { ...time, gridIndex: 0, axisLabel: { ...text, hideOverlap: true, formatter: (t: number) => (many ? wallOn(new Date(t), new Date(now)) : wall(new Date(t), false)) }, axisTick: { lineStyle: { color: p["line-2"] } }, splitNumber: Math.max(2, Math.floor(width / (many ? 150 : 100))) },
      { ...time, gridIndex: 1, show: false },
    ],
    yAxis: [
      { type: "value", gridIndex: 0, min, max, interval: height > 150 ? step : step * 2, axisLabel: { ...text, formatter: (v: number) => String(+v.toFixed(3)) }, splitLine: { lineStyle: { color: p.line, width: 0.7 } } },
      { type: "value", gridIndex: 1, inverse: true, show: false, min: 0 },
    ],
    tooltip: {
      trigger: "axis", renderMode: "richText", confine: true, backgroundColor: p.ink, borderWidth: 0, padding: [4, 8], textStyle: { color: p.inv, fontSize: 12, fontFamily: p.font },
      axisPointer: { type: "line", lineStyle: { color: p["ink-2"], type: "solid" } },
      formatter: (items: { seriesId: string; seriesName: string; value: [number, number]; name: string }[]) => {
        const shown = items.filter((x) => !["low", "band"].includes(x.seriesId) && Array.isArray(x.value) && x.value[1] !== null);
        if (!shown.length) return "";
        const unit = (id: string) => (id === "rain" ? (rain?.unit ?? "") : (first?.unit ?? ""));
        return [wall(new Date(shown[0]!.value[0])), ...shown.map((x) => `${x.seriesName}  ${x.seriesId === "rejected" ? x.name : `${+x.value[1].toFixed(3)} ${unit(x.seriesId)}`}`)].join("\n");
      },
    },
    graphic: [
      { id: "unit", type: "text", left: 50, top: top + 2, style: { text: first ? `${first.name} ${first.unit}` : "", fill: p["ink-2"], font: `12px ${p.font}`, stroke: p.panel, lineWidth: 3 }, silent: true, z: 10 },
      ...(rain ? [{ id: "rain-unit", type: "text", left: 50, top: 6, style: { text: `${rain.name} ${rain.unit}`, fill: p["ink-2"], font: `12px ${p.font}`, stroke: p.panel, lineWidth: 3 }, silent: true, z: 10 }] : []),
    ],
    series,
  };
  return { option, ladder: ladder.filter((l) => l.value <= max * 1.0001), reads, min, max };
}

function said(forecast: ChartData["forecast"]): string {
  return forecast?.low?.length ? say(`预报，${forecast.confidence ?? "8 成"}区间`, `forecast, ${forecast.confidence ?? "80 %"} interval`) : say("预报", "forecast");
}

/** 橙 25 封控: the level's word, the value, what is done then. */
export const rungWords = (r: Rung): string => `${levelWord(r.level)} ${+r.value.toFixed(2)}${r.label ? ` ${r.label}` : ""}`;
