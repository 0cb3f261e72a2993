// Dangerous acts unfold in place: the button opens after the level was typed, Enter never fires it, Esc folds it.
// Also: menus close, rows with data-href open, forms say when typed text would be lost.

import { say } from "./words";

export function startActs(): void {
  document.addEventListener("input", (e) => {
    const input = (e.target as Element).closest<HTMLInputElement>("[data-typed]");
    if (input) guard(input);
  });
  document.addEventListener("keydown", (e) => {
    const input = (e.target as Element).closest?.("[data-danger] [data-typed]");
    if (input && e.key === "Enter") e.preventDefault();
  });
  document.addEventListener("toggle", (e) => {
    const details = e.target as HTMLDetailsElement;
    if (details.open && details.matches("[data-danger]")) details.querySelector<HTMLElement>("input:not([type=hidden]), textarea, select, .btn")?.focus();
  }, true);
  document.addEventListener("click", (e) => {
    const target = e.target as Element;
    if (target.closest("[data-fold]")) fold(target.closest("details"));
    if (target.closest("[data-reload]")) { e.preventDefault(); location.reload(); }
    for (const menu of document.querySelectorAll<HTMLDetailsElement>("details.menu[open], details.clkbox[open], details.map-layers[open]"))
      if (!menu.contains(target)) menu.open = false;
    const row = target.closest<HTMLElement>("tr[data-href]");
    if (row && !target.closest("a, button, input, summary, label")) location.assign(row.dataset.href ?? "");
  });
  guardAll();
  reachable();
  document.addEventListener("htmx:after:swap", () => { guardAll(); reachable(); });
  window.addEventListener("resize", reachable);
  startOnce();
  startUnsaved();
  startUnsent();
}

/** What scrolls sideways can be reached by keyboard too. */
function reachable(): void {
  for (const box of document.querySelectorAll<HTMLElement>(".scroll, .situ, .views"))
    if (box.scrollWidth > box.clientWidth + 1) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
}

function guardAll(): void {
  for (const input of document.querySelectorAll<HTMLInputElement>("[data-typed]")) guard(input);
}
function guard(input: HTMLInputElement): void {
  const button = input.form?.querySelector<HTMLButtonElement>("[data-typed-button]");
  if (button) button.disabled = input.value.trim() !== input.dataset.typed;
}
export function fold(details: Element | null): void {
  if (!(details instanceof HTMLDetailsElement)) return;
  details.open = false;
  details.querySelector("summary")?.focus();
}

/** A second press of the same button within seconds is a trembling finger, not a second wish. */
function startOnce(): void {
  const sent = new WeakMap<HTMLFormElement, number>();
  document.addEventListener("submit", (e) => {
    const form = e.target as HTMLFormElement, before = sent.get(form);
    if (form.method !== "post") return;
    if (before !== undefined && Date.now() - before < 1500) {
      e.preventDefault();
      e.stopImmediatePropagation();
      return;
    }
    sent.set(form, Date.now());
  }, true);
  window.addEventListener("pageshow", (e) => { if (e.persisted) location.reload(); });
}

/** The browser asks before a page with typed text is left; sending it is no leaving. */
function startUnsaved(): void {
  let sending = false;
  document.addEventListener("submit", () => { sending = true; setTimeout(() => { sending = false; }, 3000); });
  window.addEventListener("beforeunload", (e) => {
    if (sending) return;
    for (const form of document.querySelectorAll<HTMLFormElement>("form[data-unsaved]"))
      for (const field of form.querySelectorAll<HTMLInputElement | HTMLTextAreaElement>("textarea, input:not([type=hidden], [type=checkbox], [type=radio], [type=file])"))
        if (field.value !== field.defaultValue && field.value.trim()) { e.preventDefault(); return; }
  });
}

const UNSENT = "unsent", LOGIN = "unsent:login";
type Unsent = { path: string; who: string; values: [string, string][] };
const whoami = (): string => document.querySelector(".menu > summary b, .p-top > b")?.textContent ?? "";

/** A form sent after the session had ended leads to the login: what was typed comes back to the same person's same page. */
function startUnsent(): void {
  document.addEventListener("submit", (e) => {
    const form = e.target as HTMLFormElement;
    if (!form.matches("[data-unsaved]")) return;
    const values = [...new FormData(form)].filter((pair): pair is [string, string] => typeof pair[1] === "string" && pair[0] !== "csrfmiddlewaretoken");
    sessionStorage.setItem(UNSENT, JSON.stringify({ path: location.pathname, who: whoami(), values } satisfies Unsent));
  });
  if (document.querySelector(".door input[type=password]")) return void (sessionStorage.getItem(UNSENT) && sessionStorage.setItem(LOGIN, "1"));
  const held = sessionStorage.getItem(UNSENT), expired = sessionStorage.getItem(LOGIN);
  sessionStorage.removeItem(UNSENT);
  sessionStorage.removeItem(LOGIN);
  if (!held || !expired) return;
  const unsent = JSON.parse(held) as Unsent;
  if (unsent.path !== location.pathname || unsent.who !== whoami()) return;
  let back = 0;
  for (const form of document.querySelectorAll<HTMLFormElement>("form[data-unsaved]"))
    for (const [name, value] of unsent.values) {
      const field = form.elements.namedItem(name);
      if (!(field instanceof HTMLInputElement || field instanceof HTMLTextAreaElement || field instanceof HTMLSelectElement) || field.type === "hidden" || field.value === value) continue;
      if (field instanceof HTMLInputElement && (field.type === "checkbox" || field.type === "radio")) field.checked = true;
      else field.value = value;
      back += 1;
    }
  if (back) {
    const note = Object.assign(document.createElement("div"), { className: "box", textContent: say("登录过期，刚才那一步没有送出；填的内容还在，看过再交", "The session had ended, nothing was sent; what you typed is still here: read it and send it again") });
    document.getElementById("said")?.append(note);
  }
}
