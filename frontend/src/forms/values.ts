// What a form holds, by field: as its owner left it, and as the server drew it.

export type Values = Record<string, string[]>;
export type Control = HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement;

const NEVER = new Set(["hidden", "password", "file", "submit", "button", "reset", "image"]);

/** Controls whose content may lie in the browser: no passwords, codes, confirmations. */
export function keepable(form: HTMLFormElement): Control[] {
  return [...form.elements].filter((el): el is Control =>
    (el instanceof HTMLInputElement || el instanceof HTMLTextAreaElement || el instanceof HTMLSelectElement) &&
    el.name !== "" && !NEVER.has(el.type) && !el.matches("[data-typed], [data-draft=off], [autocomplete=one-time-code]"));
}

/** Passwords and codes: nothing of such a form is kept anywhere, nor a key of what was sent. */
export const secret = (form: HTMLFormElement): boolean =>
  form.dataset.draft === "off" || form.closest(".door") !== null || form.querySelector("input[type=password], [autocomplete=one-time-code]") !== null;

/** Is this a form whose typing is worth keeping? */
export const kept = (form: HTMLFormElement): boolean => form.method === "post" && !secret(form) && keepable(form).length > 0;

function collect(form: HTMLFormElement, said: (el: Control) => string[]): Values {
  const values: Values = {};
  for (const el of keepable(form)) values[el.name] = [...(values[el.name] ?? []), ...said(el)];
  return values;
}
const ticks = (el: Control): el is HTMLInputElement => el instanceof HTMLInputElement && (el.type === "checkbox" || el.type === "radio");

export const mine = (form: HTMLFormElement): Values => collect(form, (el) => {
  if (el instanceof HTMLSelectElement) return [...el.selectedOptions].map((o) => o.value);
  if (ticks(el)) return el.checked ? [el.value] : [];
  return [el.value];
});

export const drawn = (form: HTMLFormElement): Values => collect(form, (el) => {
  if (el instanceof HTMLSelectElement) {
    const chosen = [...el.options].filter((o) => o.defaultSelected);
    return (chosen.length || el.multiple ? chosen : [...el.options].slice(0, 1)).map((o) => o.value);
  }
  if (ticks(el)) return el.defaultChecked ? [el.value] : [];
  return [el.defaultValue];
});

export function fill(form: HTMLFormElement, name: string, values: string[]): void {
  const texts = [...values];
  for (const el of keepable(form)) {
    if (el.name !== name) continue;
    if (el instanceof HTMLSelectElement) for (const o of el.options) o.selected = values.includes(o.value);
    else if (ticks(el)) el.checked = values.includes(el.value);
    else el.value = texts.shift() ?? "";
  }
}

export const same = (a: string[] | undefined, b: string[] | undefined): boolean => JSON.stringify(a ?? []) === JSON.stringify(b ?? []);

/** Is anything in it other than the server drew it? */
export function touched(form: HTMLFormElement): boolean {
  const now = mine(form), then = drawn(form);
  return Object.keys(now).some((name) => !same(now[name], then[name]));
}

export interface Merge { take: string[]; clash: string[] }

/** Which fields to fill from the draft, and which somebody else changed as well. All three were of one form. */
export function merge(base: Values, draft: Values, now: Values): Merge {
  const take: string[] = [], clash: string[] = [];
  for (const name of Object.keys(draft)) {
    if (!(name in now) || same(draft[name], now[name]) || same(draft[name], base[name])) continue;
    (same(base[name], now[name]) ? take : clash).push(name);
  }
  return { take, clash };
}

/** What the person sees for a value: the words of a choice, not its code. */
export function shown(form: HTMLFormElement, name: string, values: string[]): string {
  const words = values.map((value) => {
    for (const el of keepable(form)) {
      if (el.name !== name) continue;
      if (el instanceof HTMLSelectElement) for (const o of el.options) if (o.value === value) return (o.textContent ?? value).trim();
      if (ticks(el) && el.value === value) return (el.labels?.[0]?.textContent ?? value).trim();
    }
    return value;
  });
  return words.filter(Boolean).join("、") || "—";
}

export function label(form: HTMLFormElement, name: string): string {
  const el = keepable(form).find((each) => each.name === name);
  const own = el && !ticks(el) ? el.labels?.[0] : el?.closest("fieldset")?.querySelector("legend") ?? el?.closest(".field")?.querySelector(".label");
  return (own?.textContent ?? el?.getAttribute("aria-label") ?? name).trim();
}
