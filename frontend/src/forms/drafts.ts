// Typing is never lost: every form that is worth it keeps its draft while one types, and takes it back when it is drawn again.
// Where the record changed meanwhile, both values stand side by side and one chooses.

import { say, wallOn } from "../words";
import { drop, forget, nameOf, read, tidy, write, type Draft } from "./store";
import { drawn, fill, kept, label, merge, mine, same, shown, type Values } from "./values";
import { person } from "../session";
import { uuid } from "../uuid";

const timers = new Map<HTMLFormElement, number>();
const bases = new WeakMap<HTMLFormElement, Values>();
const equal = (a: Values, b: Values): boolean => Object.keys(a).every((name) => same(a[name], b[name]));

export function save(form: HTMLFormElement, sent = false): Draft | null {
  clearTimeout(timers.get(form));
  timers.delete(form);
  if (!kept(form) || !person()) return null;
  const name = nameOf(form), held = read(name), values = mine(form), base = bases.get(form) ?? drawn(form);
  if (!sent && !held?.sent && equal(values, drawn(form)) && !answered()) {
    drop(name);
    return null;
  }
  const draft = { at: Date.now(), once: held?.once ?? onceOf(form), base, mine: values, sent };
  if (!write(name, draft)) note(form, say("浏览器不让存草稿：离开本页前请先交", "This browser keeps no drafts: send before you leave the page"));
  return draft;
}

/** The key under which this form is sent; the same until it was done. */
export function onceOf(form: HTMLFormElement): string {
  return (form.dataset.once ||= read(nameOf(form))?.once ?? uuid());
}
export function done(form: HTMLFormElement): void {
  drop(nameOf(form));
  delete form.dataset.once;
}

/** Was this page the answer to a form that was refused? Then what is drawn in it was typed, not stored. */
function answered(): boolean {
  const entry = performance.getEntriesByType("navigation")[0] as (PerformanceNavigationTiming & { responseStatus?: number }) | undefined;
  return entry?.responseStatus === 422 || entry?.responseStatus === 409;
}

function note(form: HTMLFormElement, text: string, draft?: Draft): HTMLElement {
  form.querySelector(":scope > .draft")?.remove();
  const box = Object.assign(document.createElement("div"), { className: "draft" });
  box.setAttribute("role", "status");
  box.append(Object.assign(document.createElement("span"), { textContent: text }));
  if (draft) {
    const away = Object.assign(document.createElement("button"), { type: "button", className: "btn sm", textContent: say("不要了，清掉", "Discard it") });
    away.addEventListener("click", () => { done(form); form.reset(); box.remove(); });
    box.append(away);
  }
  form.prepend(box);
  return box;
}

function sideBySide(form: HTMLFormElement, box: HTMLElement, names: string[], draft: Draft, now: Values): void {
  const table = Object.assign(document.createElement("table"), { className: "tbl clash" });
  const head = table.createTHead().insertRow();
  for (const word of [say("栏目", "Field"), say("现在是", "Now"), say("你填的", "Yours")]) head.append(Object.assign(document.createElement("th"), { textContent: word, scope: "col" }));
  for (const name of names) {
    const row = table.createTBody().insertRow(), title = label(form, name);
    row.append(Object.assign(document.createElement("th"), { textContent: title, scope: "row" }));
    for (const [values, words] of [[now[name] ?? [], say("用现在的", "Use what is there")], [draft.mine[name] ?? [], say("用我的", "Use mine")]] as const) {
      const cell = row.insertCell(), pick = Object.assign(document.createElement("button"), { type: "button", className: "btn sm", textContent: words });
      pick.setAttribute("aria-pressed", String(values === draft.mine[name]));
      pick.setAttribute("aria-label", `${title}: ${words}`);
      pick.addEventListener("click", () => {
        fill(form, name, values);
        for (const other of row.querySelectorAll("button")) other.setAttribute("aria-pressed", String(other === pick));
        save(form);
      });
      cell.append(Object.assign(document.createElement("b"), { textContent: shown(form, name, values) }), pick);
    }
  }
  box.append(table);
}

function takeBack(form: HTMLFormElement): void {
  if (bases.has(form) || !kept(form)) return;
  const now = drawn(form);
  bases.set(form, now);
  if (form.closest("details[data-danger]:not([open])")) return void bases.delete(form); // taken back when it is unfolded
  const name = nameOf(form), draft = read(name);
  if (!draft) return;
  const { take, clash } = merge(draft.base, draft.mine, now);
  if (!take.length && !clash.length) {
    if (equal(draft.mine, now) && !answered()) drop(name);
    return;
  }
  for (const each of [...take, ...clash]) fill(form, each, draft.mine[each] ?? []);
  const at = wallOn(new Date(draft.at), new Date());
  const text = draft.sent
    ? say(`${at} 按下后没有办成，或没有收到回音。填的都在：看过再按一次，不会重复办。`, `Pressed at ${at}, but refused or not answered. All you typed is here: look and press again; it will not be done twice.`)
    : say(`这是你 ${at} 填的，还没有送出。`, `You typed this at ${at}; it has not been sent.`);
  const box = note(form, clash.length ? say(`${text}其间有人改过下面的栏目，请逐项选。`, `${text} Somebody changed these fields meanwhile: choose.`) : text, draft);
  if (clash.length) sideBySide(form, box, clash, draft, now);
}

/** A server-side conflict (core.ledger): the buttons beside each value put it into its field. */
function choose(button: HTMLElement): void {
  const field = document.getElementById(button.dataset.take ?? "") as HTMLInputElement | null;
  if (!field) return;
  field.value = button.dataset.takeValue ?? "";
  for (const each of button.closest("tr")?.querySelectorAll("[data-take]") ?? []) each.setAttribute("aria-pressed", String(each === button));
  field.dispatchEvent(new Event("input", { bubbles: true }));
}

export function startDrafts(): void {
  tidy();
  const look = () => { for (const form of document.forms) takeBack(form); };
  look();
  document.addEventListener("htmx:after:swap", look);
  document.addEventListener("toggle", (e) => { if ((e.target as Element).matches("details[data-danger][open]")) look(); }, true);
  const typed = (e: Event) => {
    const form = (e.target as HTMLInputElement).form;
    if (!form || !kept(form)) return;
    clearTimeout(timers.get(form));
    timers.set(form, window.setTimeout(() => save(form), 300));
  };
  document.addEventListener("input", typed);
  document.addEventListener("change", typed);
  const flush = () => { for (const form of [...timers.keys()]) save(form); };
  window.addEventListener("pagehide", flush);
  document.addEventListener("visibilitychange", flush);
  document.addEventListener("click", (e) => {
    const button = (e.target as Element).closest<HTMLElement>("[data-take]");
    if (button) choose(button);
  });
  document.addEventListener("submit", (e) => { if ((e.target as HTMLFormElement).getAttribute("action") === "/logout/") forget(person()); }, true);
}
