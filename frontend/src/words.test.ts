import assert from "node:assert/strict";
import { test } from "node:test";
import { age, bigParts, remaining, span, speak } from "./words.ts";
import cases from "./words.cases.json" with { type: "json" };

for (const lang of ["zh", "en"] as const) {
  const pick = lang === "zh" ? 0 : 1;
  test(`durations, remainders, ages and large clocks in ${lang}`, () => {
    speak(lang);
    for (const [s, ...said] of cases.span as [number, string, string][]) assert.equal(span(s), said[pick]);
    for (const [s, ...said] of cases.remaining as [number, string, string][]) assert.equal(remaining(s), said[pick]);
    for (const [old, period, state, ...said] of cases.age as [number, number, string, string, string][])
      assert.deepEqual(age(old, period), { state, text: said[pick] });
    for (const [s, ...said] of cases.big as [number, [string, string][], [string, string][]][]) assert.deepEqual(bigParts(s), said[pick]);
  });
}
