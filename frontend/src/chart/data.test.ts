import assert from "node:assert/strict";
import { test } from "node:test";
import { range, read, spread } from "./data.ts";

const minute = 60_000;
test("a gap over three periods is a hole and an area, never a bridge", () => {
  const got = read({ name: "", unit: "cm", period_s: 60, points: [[0, 1], [minute, 2], [8 * minute, 3]] }, 8 * minute);
  assert.deepEqual(got.gaps, [{ from: minute, to: 8 * minute }]);
  assert.deepEqual(got.line, [[0, 1], [minute, 2], [minute + 1, null], [8 * minute, 3]]);
});
test("three periods exactly are still joined", () => {
  assert.deepEqual(read({ name: "", unit: "", period_s: 60, points: [[0, 1], [3 * minute, 2]] }, 3 * minute).gaps, []);
});
test("silence up to now is a gap too", () => {
  assert.deepEqual(read({ name: "", unit: "", period_s: 60, points: [[0, 1], [minute, 2]] }, 23 * minute).gaps, [{ from: minute, to: 23 * minute }]);
});
test("rejected readings stay beside the line with their reason", () => {
  const got = read({ name: "", unit: "", period_s: 60, points: [[0, 1], [minute, 45, "跳变"], [2 * minute, 2, "good"], [3 * minute, 2, "manual"]] }, 3 * minute);
  assert.deepEqual(got.rejected, [{ t: minute, v: 45, why: "跳变" }]);
  assert.deepEqual(got.line, [[0, 1], [2 * minute, 2]]);
  assert.deepEqual(got.manual, [[3 * minute, 2]]);
  assert.deepEqual(got.last, [2 * minute, 2]);
});
test("labels never overlap and keep their order", () => {
  assert.deepEqual(spread([100, 102, 50], 16, 0, 200), [100, 116, 50]);
  assert.deepEqual(spread([190, 195, 199], 16, 0, 200), [168, 184, 200]);
});
test("the axis starts at zero unless the story lies far above it", () => {
  assert.deepEqual(range([3, 27], [{ level: "orange", label: "", value: 25 }, { level: "red", label: "", value: 40 }]), { min: 0, max: 50, step: 10 });
  assert.deepEqual(range([36.2, 37.9], []), { min: 36, max: 39, step: 0.5 });
});
