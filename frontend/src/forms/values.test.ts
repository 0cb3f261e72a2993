import assert from "node:assert/strict";
import test from "node:test";
import { merge } from "./values.ts";

test("what was typed is taken back, what nobody typed is not", () => {
  const base = { name: ["a"], note: [""], level: ["1"] };
  assert.deepEqual(merge(base, { name: ["a"], note: ["mine"], level: ["1"] }, base), { take: ["note"], clash: [] });
});

test("a field that somebody else changed as well is a clash; one that only he changed stays his", () => {
  const base = { name: ["a"], note: [""], level: ["1"] };
  const draft = { name: ["mine"], note: ["mine"], level: ["1"] };
  assert.deepEqual(merge(base, draft, { name: ["theirs"], note: [""], level: ["2"] }), { take: ["note"], clash: ["name"] });
});

test("the same change by both is no clash, and a field that is gone is left out", () => {
  assert.deepEqual(merge({ name: ["a"], old: [""] }, { name: ["b"], old: ["x"] }, { name: ["b"] }), { take: [], clash: [] });
});
