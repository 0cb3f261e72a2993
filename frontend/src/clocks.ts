// Chips and ages tick against the server's time. Above ten minutes only the minute changes.

import { now } from "./now";
import { age, bigParts, remaining, say, span, wall, wallOn } from "./words";

const STATES = ["running", "near", "overdue"];
/** Set by live.ts while the page stands: remainders would lie, due times do not. */
let standing = false;
export function stand(on: boolean): void {
  if (standing === on) return;
  standing = on;
  tick(true);
}

function setText(el: Element | null, text: string): void {
  if (el && el.textContent !== text) el.textContent = text;
}

function chip(el: HTMLElement): void {
  if (el.dataset.state !== "running") return;
  const due = Date.parse(el.dataset.due ?? ""), limit = Number(el.dataset.limit), near = Number(el.dataset.near);
  if (!Number.isFinite(due)) return;
  const t = now(), left = (due - t) / 1000, text = el.querySelector("[data-clock-text]");
  const state = left < 0 ? "overdue" : left <= near ? "near" : "running";
  if (!el.classList.contains(state)) {
    el.classList.remove(...STATES);
    el.classList.add(state);
  }
  const bar = el.querySelector("progress");
  if (bar && limit > 0) bar.value = Math.min(100, Math.max(0, Math.round(100 * (1 - left / limit))));
  const dueWords = say(`${wallOn(new Date(due), new Date(t))} 到时`, `due ${wallOn(new Date(due), new Date(t))}`);
  if (!("big" in el.dataset)) return setText(text, standing ? dueWords : remaining(left));
  const parts = standing ? [] : bigParts(left);
  el.classList.toggle("words", parts.length === 0);
  if (parts.length === 0) setText(text, standing ? dueWords : remaining(left));
  else if (text) {
    const wanted = parts.map(([n, u]) => n + u).join("");
    if (text.textContent !== wanted)
      text.replaceChildren(...parts.flatMap(([n, u]) => [document.createTextNode(n), Object.assign(document.createElement("small"), { textContent: u })]));
  }
  const start = Date.parse(el.dataset.start ?? "");
  if (Number.isFinite(start) && !standing)
    setText(el.querySelector("[data-clock-used]"), say(`已用 ${span((t - start) / 1000)}`, `${span((t - start) / 1000)} used`));
}

function ageOf(el: HTMLElement): void {
  const at = Date.parse(el.dataset.age ?? "");
  if (!Number.isFinite(at)) return;
  const it = age((now() - at) / 1000, Number(el.dataset.period) || 60);
  if (standing) it.text = say(`${wall(new Date(at))} 的数`, `value of ${wall(new Date(at))}`);
  setText(el.querySelector("span") ?? el, it.text);
  if (el.classList.contains(it.state)) return;
  el.classList.remove("fresh", "late", "lost");
  el.classList.add(it.state);
  const sign = it.state === "fresh" ? "●" : it.state === "late" ? "◐" : "";
  let dot = el.querySelector("i");
  if (!sign) dot?.remove();
  else {
    if (!dot) el.prepend((dot = document.createElement("i")));
    dot.textContent = sign;
  }
}

let beat = 0;
function tick(all = false): void {
  for (const el of document.querySelectorAll<HTMLElement>("[data-clock]")) chip(el);
  if (all || beat++ % 5 === 0) for (const el of document.querySelectorAll<HTMLElement>("[data-age]")) ageOf(el);
  for (const el of document.querySelectorAll("[data-wall]")) setText(el, wall(new Date(now()), false));
}

export function startClocks(): void {
  tick(true);
  setInterval(tick, 1000);
  document.addEventListener("htmx:after:swap", () => tick(true));
}
