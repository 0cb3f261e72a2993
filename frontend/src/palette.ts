// Find anything: Ctrl-K, or the button in the head. The server answers with a list of links; this moves through them.
// Combobox over a listbox: arrows, Tab to the next kind, Enter goes, Esc closes and gives the focus back.

import { say } from "./words";

const WAIT_MS = 90, RECENT = "palette:recent", KEPT = 6;
type Recent = { url: string; title: string; detail: string };

let dialog: HTMLDialogElement | null = null, input: HTMLInputElement, list: HTMLElement, notes: HTMLElement, note: HTMLElement;
let asking: AbortController | null = null, timer = 0, before: HTMLElement | null = null;
const rest = new Map<string, string>();

const url = (): string => document.querySelector<HTMLElement>("[data-palette]")?.dataset.palette ?? "";
const options = (): HTMLAnchorElement[] => [...list.querySelectorAll<HTMLAnchorElement>("[role=option]")];
const chosen = (): HTMLAnchorElement | null => list.querySelector<HTMLAnchorElement>("[aria-selected=true]");

/** Whose list it is: what one person opened is not shown to the next one at the same desk. */
const whose = (): string => `${RECENT}:${document.body.dataset.palettePerson ?? ""}:${document.documentElement.dataset.world ?? ""}`;

function recent(): Recent[] {
  try {
    return JSON.parse(sessionStorage.getItem(whose()) ?? "[]") as Recent[];
  } catch {
    return [];
  }
}

function remember(option: HTMLAnchorElement): void {
  const one = { url: option.getAttribute("href") ?? "", title: option.querySelector("b")?.textContent ?? "", detail: option.querySelector("span")?.textContent ?? "" };
  sessionStorage.setItem(whose(), JSON.stringify([one, ...recent().filter((each) => each.url !== one.url)].slice(0, KEPT)));
}

function recentGroup(): HTMLElement | null {
  const held = recent();
  if (!held.length) return null;
  const group = Object.assign(document.createElement("div"), { role: "group" });
  group.dataset.kind = "recent";
  const head = Object.assign(document.createElement("div"), { className: "pal-kind", id: "pk-recent", textContent: say("最近去过", "Recent") });
  group.setAttribute("aria-labelledby", "pk-recent");
  group.append(head);
  held.forEach((each, n) => {
    const option = Object.assign(document.createElement("a"), { href: each.url, id: `po-recent-${n + 1}`, tabIndex: -1, role: "option" });
    option.append(Object.assign(document.createElement("b"), { textContent: each.title }));
    if (each.detail) option.append(Object.assign(document.createElement("span"), { textContent: each.detail }));
    group.append(option);
  });
  return group;
}

function choose(option: HTMLAnchorElement | undefined): void {
  for (const each of options()) each.setAttribute("aria-selected", String(each === option));
  if (option) input.setAttribute("aria-activedescendant", option.id);
  else input.removeAttribute("aria-activedescendant");
  option?.scrollIntoView({ block: "nearest" });
}

function move(step: number): void {
  const all = options(), here = chosen(), at = here ? all.indexOf(here) : -1;
  if (all.length) choose(all[(at + step + all.length) % all.length]);
}

/** The first of the next kind. */
function nextKind(step: number): void {
  const groups = [...list.querySelectorAll<HTMLElement>("[data-kind]")];
  const here = chosen()?.closest<HTMLElement>("[data-kind]");
  const at = here ? groups.indexOf(here) : -1;
  if (groups.length) choose(groups[(at + step + groups.length) % groups.length]?.querySelector<HTMLAnchorElement>("[role=option]") ?? undefined);
}

function show(html: string, empty: boolean): void {
  list.innerHTML = html;
  const own = empty ? recentGroup() : null;
  if (own) list.prepend(own);
  notes.replaceChildren(...list.querySelectorAll("[data-note]"));
  const n = options().length;
  list.hidden = n === 0;
  input.setAttribute("aria-expanded", String(n > 0));
  choose(options()[0]);
  note.textContent = notes.textContent || (empty ? "" : say(`${n} 项`, `${n} found`));
}

async function ask(): Promise<void> {
  asking?.abort();
  const mine = (asking = new AbortController()), q = input.value.trim();
  const held = q ? undefined : rest.get("");
  if (held !== undefined) show(held, true);
  try {
    const answer = await fetch(`${url()}?part=1&q=${encodeURIComponent(q)}`, { signal: mine.signal, headers: { "HX-Request": "true" } });
    if (answer.redirected || answer.status === 401 || answer.status === 403) return location.assign(url());
    if (!answer.ok) throw new Error(String(answer.status));
    const html = await answer.text();
    if (mine.signal.aborted) return;
    if (!q) rest.set("", html);
    show(html, !q);
  } catch (error) {
    if ((error as Error).name === "AbortError") return;
    show("", false);
    notes.textContent = note.textContent = say("现在连不上服务器，没有查到；网络恢复后再按一个键", "The server does not answer: nothing was looked up. Press a key when the network is back");
  }
}

function later(): void {
  clearTimeout(timer);
  timer = window.setTimeout(() => void ask(), input.value.trim() ? WAIT_MS : 0);
}

function onKey(e: KeyboardEvent): void {
  if (e.isComposing) return; // the input method's own Enter and arrows
  if (e.key === "ArrowDown" || e.key === "ArrowUp") move(e.key === "ArrowDown" ? 1 : -1);
  else if (e.key === "Tab") nextKind(e.shiftKey ? -1 : 1);
  else if (e.key === "Enter") {
    const option = chosen();
    if (option) go(option, e.ctrlKey || e.metaKey);
    else if (input.value.trim()) location.assign(`${url()}?q=${encodeURIComponent(input.value.trim())}`);
  } else if (e.key === "Escape") close();
  else return;
  e.preventDefault();
  e.stopPropagation();
}

function go(option: HTMLAnchorElement, aside: boolean): void {
  remember(option);
  if (aside) window.open(option.href, "_blank", "noopener");
  else location.assign(option.href);
  if (aside || option.href.split("#")[0] === location.href.split("#")[0]) close();
}

function close(): void {
  asking?.abort();
  dialog?.close();
}

function build(): HTMLDialogElement {
  const made = Object.assign(document.createElement("dialog"), { className: "palette", id: "palette" });
  made.setAttribute("aria-label", say("查找", "Find"));
  input = Object.assign(document.createElement("input"), { type: "text", autocomplete: "off", spellcheck: false, maxLength: 80, id: "palette-q" });
  for (const [name, value] of Object.entries({ role: "combobox", "aria-expanded": "true", "aria-controls": "palette-list", "aria-autocomplete": "list", "aria-label": say("找人、点位、页面、能办的事", "Find people, places, pages, things to do"), enterkeyhint: "go" })) input.setAttribute(name, value);
  input.placeholder = say("汉字、全拼、首字母、英文", "Chinese, pinyin, initials, English");
  const shut = Object.assign(document.createElement("button"), { type: "button", className: "btn sm", textContent: say("关", "Close") });
  shut.append(" ", Object.assign(document.createElement("kbd"), { textContent: "Esc" }));
  const head = Object.assign(document.createElement("div"), { className: "pal-head" });
  if (document.documentElement.dataset.world === "drill") head.append(Object.assign(document.createElement("span"), { className: "drillword", textContent: say("演练", "Exercise") }));
  head.append(input, shut);
  list = Object.assign(document.createElement("div"), { className: "pal-list", id: "palette-list", role: "listbox" });
  list.setAttribute("aria-label", say("查到的", "Found"));
  notes = Object.assign(document.createElement("div"), { className: "pal-note" });
  note = Object.assign(document.createElement("p"), { className: "vh", role: "status" });
  const keys = Object.assign(document.createElement("p"), { className: "pal-keys" });
  for (const [key, words] of [["↑↓", say("上下", "move")], ["Tab", say("下一类", "next kind")], ["Enter", say("去", "go")], ["Esc", say("关", "close")]] as const) keys.append(Object.assign(document.createElement("kbd"), { textContent: key }), ` ${words}　`);
  made.append(head, list, notes, note, keys);
  made.addEventListener("keydown", onKey);
  input.addEventListener("input", later);
  input.addEventListener("compositionend", later);
  shut.addEventListener("click", close);
  list.addEventListener("click", (e) => {
    const option = (e.target as Element).closest<HTMLAnchorElement>("[role=option]");
    if (!option || e.ctrlKey || e.metaKey || e.button) return;
    e.preventDefault();
    go(option, false);
  });
  made.addEventListener("click", (e) => { if (e.target === made) close(); });
  made.addEventListener("close", () => before?.focus());
  document.body.append(made);
  return made;
}

/** Opens it, or says false where the page has no search. */
export function openPalette(): boolean {
  if (!url()) return false;
  dialog ??= build();
  if (dialog.open) { input.select(); return true; }
  before = document.activeElement instanceof HTMLElement ? document.activeElement : null;
  input.value = "";
  list.replaceChildren();
  dialog.showModal();
  input.focus();
  void ask();
  return true;
}

export function startPalette(): void {
  document.addEventListener("click", (e) => {
    const button = (e.target as Element).closest<HTMLElement>("[data-palette]");
    if (!button || e.ctrlKey || e.metaKey || e.button) return;
    if (openPalette()) e.preventDefault();
  });
  document.addEventListener("keydown", (e) => {
    if (e.key.toLowerCase() !== "k" || !(e.ctrlKey || e.metaKey) || e.altKey || e.shiftKey) return;
    if (openPalette()) { e.preventDefault(); e.stopImmediatePropagation(); }
  }, true);
}
