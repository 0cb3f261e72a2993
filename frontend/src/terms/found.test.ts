import assert from "node:assert/strict";
import { test } from "node:test";
import { found, type Word } from "./found.ts";

const word = (code: string, text: string): Word => ({ code, word: text, other: "", means: "", source: "", basis: "" });
const codes = (text: string, list: Word[], english = false) => found(text, list, english).map((each) => each.word.code);

test("the longer word wins and none stands inside another", () => {
  const list = [word("response", "响应"), word("level", "响应级别")];
  assert.deepEqual(codes("响应级别与响应", list), ["level", "response"]);
});

test("English words are found at their borders, plural too", () => {
  const list = [word("call", "call"), word("order", "order")];
  assert.deepEqual(codes("Calls and recalled orders", list, true), ["call", "order"]);
  assert.deepEqual(codes("Border, callous", list, true), []);
});
