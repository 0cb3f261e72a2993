import assert from "node:assert/strict";
import { test } from "node:test";
import { collection, seenAt, stateAt, step, type Track } from "./tracks.ts";

const station: Track = {
  id: "s1", kind: "stations", name: "站", geometry: { type: "Point", coordinates: [123, 41] }, url: "", mark: "", stale: 60,
  states: [{ at: 0, said: "0", label: "0 cm" }, { at: 10, said: "9", level: "blue", label: "9 cm" }, { at: 30, said: "2" }],
};
const team: Track = {
  id: "t1", kind: "teams", name: "队", geometry: { type: "Point", coordinates: [0, 0] }, url: "/orders/1/", mark: "队", stale: null,
  states: [{ at: 5, said: "令", point: [1, 2] }, { at: 20, said: "到场", point: [3, 4], reported: true }, { at: 40, said: "归建", gone: true }],
};

test("the state is the newest not later than the moment", () => {
  assert.equal(stateAt(station, -1), null);
  assert.equal(stateAt(station, 9.9)?.said, "0");
  assert.equal(stateAt(station, 10)?.said, "9");
  assert.equal(stateAt(station, 1e6)?.said, "2");
});

test("a team is gone after its return, a silent station is lost", () => {
  assert.deepEqual(seenAt([team, station], 41).map((each) => each.track.id), ["s1"]);
  assert.deepEqual(seenAt([team, station], 25).map((each) => each.track.id), ["s1", "t1"]);
  assert.equal(seenAt([station], 91)[0]?.lost, true);
  assert.equal(seenAt([station], 90)[0]?.lost, false);
});

test("the map gets the place of the moment", () => {
  const drawn = collection(seenAt([team, station], 22), "teams");
  assert.deepEqual(drawn.features.map((each) => each.geometry), [{ type: "Point", coordinates: [3, 4] }]);
  assert.equal(collection(seenAt([station], 12), "stations").features[0]?.properties?.level, "blue");
  assert.equal(collection(seenAt([station], 200), "stations").features[0]?.properties?.level, "lost");
});

test("stepping meets every moment and stops at the ends", () => {
  const times = [1, 4, 4, 9];
  assert.deepEqual([step(times, 0, 1, 12), step(times, 4, 1, 12), step(times, 9, 1, 12)], [1, 9, 12]);
  assert.deepEqual([step(times, 12, -1, 12), step(times, 4, -1, 12), step(times, 1, -1, 12)], [9, 1, 0]);
});
