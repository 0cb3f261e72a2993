// What a chart is given, and what is worked out from it before anything is drawn. Pure, tested by chart/data.test.ts.
//
// {series: [{name, unit, period_s?, points: [[t, v, flag]]}], ladder: [{level, label, value}],
//  forecast?: {points, low?, high?, issued_at, confidence?}, rain?: {name, unit, points}, now, speed?, source?}
// A series may have marks: [[t, v, words]], what the checks of the course remark of believed readings.
// t: ISO text or epoch milliseconds. flag: "" (or "good") is believed, "manual" is by a person, anything else is the reason
// why the reading was not taken. v null: nothing was measured.

export type Moment = string | number;
export interface Series { name: string; unit: string; period_s?: number; points: [Moment, number | null, string?][]; marks?: [Moment, number, string][] }
export interface Rung { level: string; label: string; value: number }
export interface Forecast { points: [Moment, number][]; low?: [Moment, number][]; high?: [Moment, number][]; issued_at: Moment; confidence?: string }
export interface ChartData {
  series: Series[];
  ladder?: Rung[];
  forecast?: Forecast | null;
  rain?: { name: string; unit: string; points: [Moment, number | null][] } | null;
  now: Moment;
  speed?: number;
  source?: string;
}
export interface Gap { from: number; to: number }
export interface Read { line: [number, number | null][]; manual: [number, number][]; rejected: { t: number; v: number; why: string }[]; gaps: Gap[]; last: [number, number] | null }

export const ms = (t: Moment): number => (typeof t === "number" ? t : Date.parse(t));

/** Believed points with a hole at each gap (over three periods), rejected ones apart; gaps are never bridged. */
export function read(s: Series, now: number): Read {
  const line: [number, number | null][] = [], manual: [number, number][] = [], rejected: Read["rejected"] = [], gaps: Gap[] = [];
  const sorted = s.points.map(([t, v, flag]) => ({ t: ms(t), v, flag: flag ?? "" })).sort((a, b) => a.t - b.t);
  const believed = sorted.filter((p) => p.v !== null && (p.flag === "" || p.flag === "good"));
  const period = (s.period_s ?? typical(believed.map((p) => p.t)) / 1000) * 1000;
  let before = Number.NaN;
  for (const p of sorted) {
    if (p.v === null) continue;
    if (p.flag === "manual") manual.push([p.t, p.v]);
    else if (p.flag !== "" && p.flag !== "good") rejected.push({ t: p.t, v: p.v, why: p.flag });
    else {
      if (p.t - before > 3 * period) {
        gaps.push({ from: before, to: p.t });
        line.push([before + 1, null]);
      }
      line.push([p.t, p.v]);
      before = p.t;
    }
  }
  const end = believed.at(-1);
  if (end && period > 0 && now - end.t > 3 * period) gaps.push({ from: end.t, to: now });
  return { line, manual, rejected, gaps, last: end ? [end.t, end.v as number] : null };
}

function typical(times: number[]): number {
  const steps = times.slice(1).map((t, i) => t - (times[i] as number)).filter((d) => d > 0).sort((a, b) => a - b);
  return steps[Math.floor(steps.length / 2)] ?? 60_000;
}

/** Push labels apart so that none overlaps: wanted heights in pixels (any order) to heights in the same order. */
export function spread(wanted: number[], gap: number, top: number, bottom: number): number[] {
  const order = wanted.map((y, i) => ({ y, i })).sort((a, b) => a.y - b.y);
  let floor = top;
  for (const it of order) { it.y = Math.max(it.y, floor); floor = it.y + gap; }
  let ceiling = bottom;
  for (const it of [...order].reverse()) { it.y = Math.min(it.y, ceiling); ceiling = it.y - gap; }
  const out: number[] = [];
  for (const it of order) out[it.i] = it.y;
  return out;
}

/** A quiet axis: from 0 unless the whole story lies far above it; the top has room for the forecast and the next line. */
export function range(values: number[], ladder: Rung[]): { min: number; max: number; step: number } {
  const high = Math.max(...values, Number.NEGATIVE_INFINITY), low = Math.min(...values, Number.POSITIVE_INFINITY);
  if (!Number.isFinite(high)) return { min: 0, max: Math.max(1, ...ladder.map((r) => r.value)) * 1.1, step: 1 };
  const next = ladder.map((r) => r.value).filter((v) => v > high).sort((a, b) => a - b)[0];
  const crossed = ladder.map((r) => r.value).filter((v) => v <= high);
  let max = Math.max(high, next ?? high, ...crossed), min = low > 0.5 * max ? Math.min(low, ...ladder.map((r) => r.value).filter((v) => v >= low * 0.8)) : Math.min(0, low);
  if (low < 0 && low > -0.02 * max) min = 0;
  if (max === min) max = min + 1;
  const raw = (max - min) / 5, power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((k) => k * power).find((k) => k >= raw) ?? raw;
  return { min: Math.floor(min / step) * step, max: Math.ceil((max * 1.02 - 1e-9) / step) * step, step };
}
