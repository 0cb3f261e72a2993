// Single keys (README section 6). Only what exists on the page: elements with data-key, rows with data-row.
// They rest while typing and can be switched off (WCAG 2.1.4).

import { fold } from "./acts";
import { mark, told } from "./terms";
import { foldBar } from "./unfold";
import { say } from "./words";

const OFF = "keys-off";
const shown = (el: HTMLElement): boolean => el.offsetParent !== null || el.getClientRects().length > 0;
const rows = (): HTMLElement[] => [...document.querySelectorAll<HTMLElement>("[data-row]")].filter(shown);
const current = (): HTMLElement | null => document.querySelector<HTMLElement>("[data-row][data-cursor]");

function move(step: number): void {
  const all = rows();
  if (!all.length) return;
  const here = current(), at = here ? all.indexOf(here) : -1;
  const next = all[Math.min(all.length - 1, Math.max(0, at < 0 ? (step > 0 ? 0 : all.length - 1) : at + step))];
  here?.removeAttribute("data-cursor");
  next?.setAttribute("data-cursor", "");
  next?.scrollIntoView({ block: "nearest" });
}

function keyed(key: string, inside: ParentNode = document): HTMLElement | null {
  const found = [...inside.querySelectorAll<HTMLElement>(`[data-key="${CSS.escape(key)}"]`)].filter(shown);
  return found.find((el) => el.matches("input")) ?? found[0] ?? null; // a list's own search before that of everything
}

function fire(el: HTMLElement): void {
  const danger = el.closest<HTMLDetailsElement>("details[data-danger]");
  if (danger && el.tagName === "SUMMARY") {
    danger.open = true;
    danger.scrollIntoView({ block: "nearest" });
  } else if (el.matches("input, textarea, select")) el.focus();
  else el.click();
}

function back(): boolean {
  const open = document.querySelector<HTMLDetailsElement>("details[data-danger][open], details.menu[open], details.clkbox[open]");
  if (open) { fold(open); return true; }
  if (foldBar()) return true;
  const here = current();
  if (here) { here.removeAttribute("data-cursor"); return true; }
  const up = keyed("esc");
  if (up) up.click();
  return up !== null;
}

function overlay(): void {
  const dialog = document.getElementById("keys") as HTMLDialogElement | null;
  if (!dialog) return;
  if (dialog.open) return dialog.close();
  const list: [string, string][] = [];
  if (document.querySelector("[data-palette]")) list.push(["Ctrl K", say("找人、点位、页面、能办的事", "find people, places, pages, things to do")]);
  if (rows().length) list.push(["J K", say("上下", "down, up")], ["Enter", say("打开所在行", "open the row")]);
  const seen = new Set<string>();
  for (const el of document.querySelectorAll<HTMLElement>("[data-key]")) {
    const key = el.dataset.key ?? "";
    if (seen.has(key) || !shown(el)) continue;
    seen.add(key);
    const words = el.dataset.keyLabel ?? el.getAttribute("aria-label") ?? (el.textContent ?? "").replace(el.querySelector("kbd")?.textContent ?? "\0", "").trim().replace(/\s+/g, " ");
    list.push([key.length === 1 ? key.toUpperCase() : key[0]?.toUpperCase() + key.slice(1), words.slice(0, 40)]);
  }
  list.push(["Esc", say("收起、返回", "fold, back")], ["?", say("这张表", "this list")]);
  const dl = document.createElement("dl");
  for (const [key, words] of list) {
    const dt = document.createElement("dt");
    dt.append(Object.assign(document.createElement("kbd"), { textContent: key }));
    dl.append(dt, Object.assign(document.createElement("dd"), { textContent: words }));
  }
  const title = Object.assign(document.createElement("h2"), { textContent: say("本页按键", "Keys of this page") });
  const note = Object.assign(document.createElement("p"), { className: "t12 i2", textContent: say("打字时单键不起作用；Enter 不会直接执行险处，只会展开。可在姓名菜单中关掉。", "Single keys rest while typing; Enter never fires a dangerous act, it opens it. Switch them off in the menu under your name.") });
  document.getElementById("term-box")?.setAttribute("hidden", "");
  const here = mark(), terms = document.createElement("section");
  if (here.length) {
    const head = Object.assign(document.createElement("h2"), { textContent: say("本页词语", "Words of this page") });
    const all = Object.assign(document.createElement("a"), { href: "/terms/", textContent: say("全部词语", "All words") });
    terms.append(head, ...here.map((word) => { const each = document.createElement("div"); each.append(...told(word)); return each; }), all);
  }
  dialog.replaceChildren(title, dl, note, terms);
  dialog.showModal();
}

function onKey(e: KeyboardEvent): void {
  const target = e.target as HTMLElement;
  const typing = target.matches("input, textarea, select, [contenteditable]");
  if (e.key === "Escape") {
    if (typing) target.blur();
    if (back()) e.preventDefault();
    return;
  }
  if (typing || e.ctrlKey || e.metaKey || e.altKey || e.isComposing || localStorage.getItem(OFF)) return;
  if (document.querySelector("dialog[open]") && e.key !== "?") return;
  const here = current();
  if (e.key === "?") overlay();
  else if (e.key === "j" || e.key === "k") move(e.key === "j" ? 1 : -1);
  else if (e.key === "Enter") {
    if (target.closest("a, button, summary, [role=tab], .maplibregl-canvas")) return; // what has the focus answers itself
    const act = here ? (here.matches("a, button") ? here : here.querySelector<HTMLElement>("a[href], button")) : keyed("enter");
    if (!act) return;
    fire(act);
  } else {
    const key = e.key.toLowerCase();
    const el = (here && keyed(key, here)) ?? keyed(key);
    if (!el) return;
    fire(el);
  }
  e.preventDefault();
}

export function startKeys(): void {
  document.addEventListener("keydown", onKey);
  const mark = () => {
    for (const b of document.querySelectorAll("[data-keys-switch]")) {
      const on = !localStorage.getItem(OFF);
      b.setAttribute("aria-pressed", String(on));
      b.textContent = on ? say("单键操作 开", "Single keys on") : say("单键操作 关", "Single keys off");
    }
  };
  mark();
  document.addEventListener("click", (e) => {
    if (!(e.target as Element).closest("[data-keys-switch]")) return;
    if (localStorage.getItem(OFF)) localStorage.removeItem(OFF);
    else localStorage.setItem(OFF, "1");
    mark();
  });
  document.getElementById("keys")?.addEventListener("click", (e) => {
    if (e.target === e.currentTarget) (e.currentTarget as HTMLDialogElement).close();
  });
}
