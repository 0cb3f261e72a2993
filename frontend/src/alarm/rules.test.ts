import assert from "node:assert/strict";
import test from "node:test";
import { calling, OLD_MS, SOUNDS, stage, type Owed } from "./rules.ts";

const minute = 60_000;
const it = (over: Partial<Owed> = {}): Owed => ({ key: "a", verb: "核定预警", url: "/", due: 20 * minute, near: 5 * minute, fresh: true, ...over });

test("a thing grows louder as its time runs out and is silent when it is an old debt", () => {
  assert.deepEqual([0, 15 * minute, 20 * minute + 1, 20 * minute + OLD_MS + 1].map((now) => stage(it(), now)), [1, 2, 3, 0]);
  assert.equal(stage(it({ fresh: false }), 0), 0);
});

test("acknowledged, it is silent until it rises", () => {
  assert.equal(calling([it()], {}, 0).length, 1);
  assert.equal(calling([it()], { a: 1 }, 0).length, 0);
  assert.equal(calling([it()], { a: 1 }, 16 * minute)[0]?.stage, 2);
  assert.equal(calling([it()], { a: 3 }, 30 * minute).length, 0);
});

test("the most urgent comes first, then what is due first", () => {
  const all = [it({ key: "new", due: 99 * minute }), it({ key: "over", due: -1 }), it({ key: "near2", due: 4 * minute }), it({ key: "near1", due: 3 * minute })];
  assert.deepEqual(calling(all, {}, 0).map((each) => each.it.key), ["over", "near1", "near2", "new"]);
});

test("each stage sounds oftener and longer than the one before", () => {
  assert.ok(SOUNDS[1].every > SOUNDS[2].every && SOUNDS[2].every > SOUNDS[3].every);
  assert.ok(SOUNDS[1].tones.length < SOUNDS[2].tones.length && SOUNDS[2].tones.length < SOUNDS[3].tones.length);
});
