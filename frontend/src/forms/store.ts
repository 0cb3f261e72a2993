// Drafts in the browser: one a person and form, gone after three days, on success and on logout.

import { person } from "../session";
import { uuid } from "../uuid";
import type { Values } from "./values";

const PREFIX = "fengsui-draft:";
const KEPT_MS = 3 * 86_400_000;

/** base: as the server drew the form when typing began. once: the key of its sending. sent: pressed, no answer yet. */
export interface Draft { at: number; once: string; base: Values; mine: Values; sent: boolean }

/** The same form of the same subject, on whichever page it stands. */
export function nameOf(form: HTMLFormElement): string {
  const action = form.getAttribute("action") || location.pathname;
  const alike = [...document.forms].filter((each) => (each.getAttribute("action") || location.pathname) === action);
  return `${PREFIX}${person()}:${new URL(action, location.href).pathname}#${form.id || alike.indexOf(form)}`;
}

export function read(name: string): Draft | null {
  try {
    const draft = JSON.parse(localStorage.getItem(name) ?? "null") as Draft | null;
    return draft && Date.now() - draft.at < KEPT_MS ? draft : null;
  } catch {
    return null;
  }
}

/** False where the browser keeps nothing (full, or forbidden): the form then says so. */
export function write(name: string, draft: Draft): boolean {
  try {
    localStorage.setItem(name, JSON.stringify(draft));
    return true;
  } catch {
    return false;
  }
}
export const drop = (name: string): void => { try { localStorage.removeItem(name); } catch { /* nothing was kept there */ } };

function all(): string[] {
  try {
    return Object.keys(localStorage).filter((each) => each.startsWith(PREFIX));
  } catch {
    return [];
  }
}

export function forget(whose: string): void {
  for (const name of all()) if (name.startsWith(`${PREFIX}${whose}:`)) drop(name);
}

/** Throw away what is too old, and what the server has told to be done (the cookie of core.web.once). */
export function tidy(): void {
  const done = (document.cookie.match(/(?:^|; )fengsui_done=([^;]*)/)?.[1] ?? "").split(".").filter(Boolean);
  for (const name of all()) {
    const draft = read(name);
    if (!draft || done.includes(draft.once)) drop(name);
    else if (done.includes(`~${draft.once}`)) write(name, { ...draft, once: uuid(), sent: false });
  }
  if (done.length) document.cookie = "fengsui_done=; path=/; max-age=0; samesite=lax";
}
