import assert from "node:assert/strict";
import { test } from "node:test";
import { at, type Lane, merge, panels, split, step } from "./data.ts";

const lane = (over: Partial<Lane>): Lane => ({
  key: "a.b", name: "a", unit: "cm", period_s: 60, points: [], gaps: [], more_gaps: 0, of: 0, refused: 0, thinned: true, ladder: [],
  forecast: null, low: 0, high: 100, now: 100, speed: 1, ...over,
});

test("lanes of one unit share a panel and keep their numbers; units never do", () => {
  const got = panels([lane({ unit: "cm" }), lane({ unit: "mm" }), null, lane({ unit: "cm" })]);
  assert.deepEqual(got.map((p) => [p.unit, p.lanes.map((l) => l.no)]), [["cm", [1, 4]], ["mm", [2]]]);
});
test("a gap is a hole, refused readings stand apart", () => {
  const got = split(lane({ points: [[0, 1, ""], [10, 2, ""], [15, 99, "突变"], [50, 3, ""]], gaps: [[10, 50]] }));
  assert.deepEqual(got.line, [[0, 1], [10, 2], [11, null], [50, 3]]);
  assert.deepEqual(got.refused, [{ t: 15, v: 99, why: "突变" }]);
});
test("a gap whose own ends were left out still breaks the line", () => {
  assert.deepEqual(split(lane({ points: [[0, 1, ""], [60, 3, ""]], gaps: [[10, 50]] })).line, [[0, 1], [11, null], [60, 3]]);
});
test("the finer look replaces its part and nothing else", () => {
  const coarse = lane({ points: [[0, 1, ""], [30, 9, ""], [90, 2, ""]], gaps: [[0, 20], [60, 90]] });
  const fine = lane({ low: 25, high: 55, points: [[26, 8, ""], [30, 9, ""], [50, 7, ""]], gaps: [[25, 26], [30, 50]], thinned: false });
  const got = merge(coarse, fine);
  assert.deepEqual(got.points.map((p) => p[0]), [0, 26, 30, 50, 90]);
  assert.deepEqual(got.gaps, [[0, 20], [30, 50], [60, 90]]);
  assert.equal(got.thinned, false);
});
test("a gap around the whole finer look stays a gap", () => {
  const coarse = lane({ points: [[0, 1, ""], [90, 2, ""]], gaps: [[0, 90]] });
  assert.deepEqual(merge(coarse, lane({ low: 20, high: 40, gaps: [[20, 40]] })).gaps, [[0, 90]]);
});
test("the value at a moment is the last one, and none inside a gap", () => {
  const line: [number, number | null][] = [[0, 1], [10, 2], [11, null], [50, 3]];
  assert.deepEqual([at(line, -1), at(line, 5), at(line, 10), at(line, 30), at(line, 80)], [null, [0, 1], [10, 2], null, [50, 3]]);
  assert.deepEqual([step(line, 10, 1), step(line, 50, -1), step(line, 50, 1)], [50, 10, 50]);
});
