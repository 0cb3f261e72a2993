import assert from "node:assert/strict";
import test from "node:test";
import { target } from "./moves.ts";

const SIZE: [number, number] = [21, 5];
const CASES: [string, [number, number], { key: string; ctrlKey?: boolean; altKey?: boolean }, [number, number] | null][] = [
  ["down", [1, 2], { key: "ArrowDown" }, [2, 2]],
  ["up into the heading", [1, 2], { key: "ArrowUp" }, [0, 2]],
  ["not out at the left", [3, 0], { key: "ArrowLeft" }, [3, 0]],
  ["not out at the bottom", [20, 1], { key: "ArrowDown" }, [20, 1]],
  ["first of the row", [4, 3], { key: "Home" }, [4, 0]],
  ["last of the row", [4, 1], { key: "End" }, [4, 4]],
  ["first of all", [4, 3], { key: "Home", ctrlKey: true }, [0, 0]],
  ["last of all", [4, 3], { key: "End", ctrlKey: true }, [20, 4]],
  ["ten rows", [4, 3], { key: "PageDown" }, [14, 3]],
  ["not past the last", [15, 3], { key: "PageDown" }, [20, 3]],
  ["from the last row: the next page", [20, 3], { key: "PageDown" }, null],
  ["from the first row: the page before", [1, 3], { key: "PageUp" }, null],
  ["alt is the browser's", [4, 3], { key: "ArrowLeft", altKey: true }, null],
  ["a letter moves nowhere", [4, 3], { key: "x" }, null],
];

for (const [name, at, press, want] of CASES)
  test(`a key moves over cells: ${name}`, () => assert.deepEqual(target(at, SIZE, press), want));
