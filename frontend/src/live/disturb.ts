// What a fresh fragment may not disturb: typing, an armed button, an open menu, the focus.

import { say } from "../words";

type Field = HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement;

/** Is this control other than the server drew it? */
export function changed(field: Field): boolean {
  if (field instanceof HTMLSelectElement) {
    const drawn = [...field.options].some((o) => o.defaultSelected);
    return [...field.options].some((o, n) => o.selected !== (drawn ? o.defaultSelected : n === 0 && !field.multiple));
  }
  if (field.type === "checkbox" || field.type === "radio") return (field as HTMLInputElement).checked !== (field as HTMLInputElement).defaultChecked;
  if (field.type === "file") return (field as HTMLInputElement).files?.length !== 0;
  return field.type !== "hidden" && field.value !== field.defaultValue;
}

/** Does somebody work in here: a field with the caret or changed, an unfolded dangerous act? */
export function busy(el: HTMLElement): boolean {
  if (el.querySelector("details[data-danger][open], details.menu[open]")) return true;
  for (const field of el.querySelectorAll<Field>("input, textarea, select"))
    if (!field.closest("[data-map], [data-chart]") && (field === document.activeElement || changed(field))) return true; // layer switches are not typing
  return false;
}

export function offerNews(el: HTMLElement, take: () => void): void {
  if (el.querySelector(":scope > .changed")) return;
  const note = Object.assign(document.createElement("button"), {
    className: "btn sm changed", type: "button", textContent: say("这里有新情况，填完再点此更新", "Changed meanwhile: press to refresh when done"),
  });
  note.addEventListener("click", take);
  el.prepend(note);
}

export interface Place { inside: string; focus: string; open: string[]; cursor: string }

/** What a row is known by when it is drawn anew: where it leads. */
const leads = (row: Element): string => row.getAttribute("data-href") ?? row.getAttribute("href") ?? row.querySelector("a[href]")?.getAttribute("href") ?? "";

/** How to find a control again in the redrawn fragment: by id, key, address or name. */
function finder(el: Element): string {
  if (el.id) return `#${CSS.escape(el.id)}`;
  for (const name of ["data-key", "href", "name", "formaction", "data-tab"]) {
    const value = el.getAttribute(name);
    if (value) return `${el.tagName.toLowerCase()}[${name}="${CSS.escape(value)}"]`;
  }
  const owner = el.closest("[id]"), same = owner ? [...owner.querySelectorAll(el.tagName)] : [];
  return owner ? `#${CSS.escape(owner.id)} ${el.tagName.toLowerCase()}|${same.indexOf(el)}` : "";
}
function found(selector: string): HTMLElement | null {
  const [css = "", number] = selector.split("|");
  if (!css) return null;
  return number === undefined ? document.querySelector<HTMLElement>(css) : (document.querySelectorAll<HTMLElement>(css)[Number(number)] ?? null);
}

export function keepPlace(el: HTMLElement): Place {
  const here = document.activeElement;
  const open = [...el.querySelectorAll<HTMLDetailsElement>("details[open]:not([data-danger])")].map((each) => each.querySelector("summary")).filter((each) => each !== null);
  const row = el.querySelector("[data-row][data-cursor]");
  return { inside: el.id, focus: here && here !== el && el.contains(here) ? finder(here) : "", open: open.map(finder), cursor: row ? leads(row) : "" };
}

/** Focus and the row of J and K stay where they were; where the focused control is gone it stays at the panel, not at the page's top. */
export function takeBack(place: Place): void {
  for (const each of place.open) {
    const details = found(each)?.closest("details");
    if (details) details.open = true;
  }
  if (place.cursor && !document.querySelector("[data-row][data-cursor]"))
    [...document.querySelectorAll("[data-row]")].find((row) => leads(row) === place.cursor)?.setAttribute("data-cursor", "");
  if (!place.focus || (document.activeElement && document.activeElement !== document.body)) return;
  const back = found(place.focus) ?? (place.inside ? document.getElementById(place.inside) : null);
  if (!back) return;
  if (back.id === place.inside) back.tabIndex = -1;
  back.focus({ preventScroll: true });
}
