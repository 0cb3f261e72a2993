// What the page of series is given, and what is worked out from it before anything is drawn. Pure, tested by data.test.ts.
//
// A lane's points are sorted [milliseconds, value, why it was not taken or ""]; gaps are [from, to] between trusted readings.

export type Point = [number, number | null, string];
export interface Run { points: [number, number][]; low: [number, number][]; high: [number, number][]; issued_at: string; confidence: string }
export interface Lane {
  key: string; name: string; unit: string; period_s: number; points: Point[]; gaps: [number, number][]; more_gaps: number;
  of: number; refused: number; thinned: boolean; ladder: { level: string; value: number }[]; forecast: Run | null;
  low: number; high: number; now: number; speed: number;
}
export interface Mark { at: number; kind: "crossing" | "warning" | "lifted" | "incident"; level: string; text: string; url: string }
export interface Panel { unit: string; lanes: { lane: Lane; no: number }[] }

/** Lanes of one unit share an axis, in the order of their first lane; no two units ever do. */
export function panels(lanes: (Lane | null)[]): Panel[] {
  const found = new Map<string, Panel>();
  lanes.forEach((lane, i) => {
    if (!lane) return;
    const panel = found.get(lane.unit) ?? { unit: lane.unit, lanes: [] };
    panel.lanes.push({ lane, no: i + 1 });
    found.set(lane.unit, panel);
  });
  return [...found.values()];
}

/** The whole time coarsely, and the part that is looked at finely: outside [low, high) the coarse points stay. */
export function merge(coarse: Lane, fine: Lane): Lane {
  const outside = (t: number) => t < fine.low || t >= fine.high;
  const points = [...coarse.points.filter((p) => p[0] < fine.low), ...fine.points, ...coarse.points.filter((p) => p[0] >= fine.high)];
  // A gap of the finer look that begins or ends at its edge only says that there was nothing more to see there.
  const inner = fine.gaps.filter(([a, b]) => a > fine.low && b < fine.high);
  const gaps = [...coarse.gaps.filter(([a, b]) => outside(a) || outside(b) || (a <= fine.low && b >= fine.high)), ...inner].sort((x, y) => x[0] - y[0]);
  return { ...coarse, points, gaps, of: fine.of, more_gaps: fine.more_gaps, thinned: fine.thinned };
}

/** The line with a hole in each gap, and the refused readings apart. A gap is never bridged. */
export function split(lane: Lane): { line: [number, number | null][]; refused: { t: number; v: number; why: string }[] } {
  const line: [number, number | null][] = [], refused: { t: number; v: number; why: string }[] = [];
  let next = 0;
  for (const [t, v, why] of lane.points) {
    if (v === null) continue;
    if (why) { refused.push({ t, v, why }); continue; }
    for (; next < lane.gaps.length && lane.gaps[next]![1] <= t; next++) if (line.length) line.push([lane.gaps[next]![0] + 1, null]);
    line.push([t, v]);
  }
  return { line, refused };
}

/** The trusted value at a moment: the last one at or before it, null inside a gap or before the first. */
export function at(line: [number, number | null][], t: number): [number, number] | null {
  let low = 0, high = line.length;
  while (low < high) { const mid = (low + high) >> 1; if (line[mid]![0] <= t) low = mid + 1; else high = mid; }
  const found = line[low - 1];
  if (!found) return null;
  if (found[1] !== null) return [found[0], found[1]];
  return null;
}

/** The next or the previous moment of a line, for the arrow keys. */
export function step(line: [number, number | null][], t: number, by: 1 | -1): number {
  const seen = line.filter((p) => p[1] !== null);
  const found = by > 0 ? seen.find((p) => p[0] > t) : seen.findLast((p) => p[0] < t);
  return found?.[0] ?? t;
}
