// A register as a sheet: moving over cells, changing one in place, picking rows, pasting, taking back.
// The page works without: a row's own page has the form, headings are links, boxes are picked by hand.

import { body, cells, copied, firstCell, step, tab } from "./grid/moves";
import { Editing } from "./grid/editing";
import { startTicks } from "./grid/ticks";

function startGrid(table: HTMLTableElement): void {
  const editing = new Editing(table);
  let here: HTMLElement | null = null;
  let anchor = -1;

  const focus = (cell: HTMLElement | null | undefined): void => {
    if (!cell) return;
    if (here?.isConnected) here.tabIndex = -1;
    here = cell;
    cell.tabIndex = 0;
    cell.focus({ preventScroll: true });
    cell.scrollIntoView({ block: "nearest", inline: "nearest" });
  };
  const ready = (): void => {
    for (const cell of cells(table)) cell.tabIndex = -1;
    for (const link of table.querySelectorAll<HTMLElement>("tbody a, thead a, .ck input")) link.tabIndex = -1;
    here = firstCell(table);
    if (here) here.tabIndex = 0;
  };
  const picks = (): HTMLInputElement[] => [...table.querySelectorAll<HTMLInputElement>("tbody .ck input")];
  const pick = (row: HTMLElement | null, range: boolean): void => {
    const box = row?.querySelector<HTMLInputElement>(".ck input");
    if (!box) return;
    const all = picks(), at = all.indexOf(box);
    if (range && anchor >= 0) for (const each of all.slice(Math.min(at, anchor), Math.max(at, anchor) + 1)) each.checked = true;
    else box.checked = !box.checked;
    anchor = at;
    counted();
  };
  const counted = (): void => {
    const n = picks().filter((each) => each.checked).length;
    for (const each of picks()) {
      each.closest("tr")?.classList.toggle("sel", each.checked);
      each.closest("tr")?.setAttribute("aria-selected", String(each.checked));
    }
    const said = document.querySelector<HTMLElement>("[data-picked]");
    if (said) said.textContent = n === 1 ? said.dataset.one ?? "" : (said.dataset.many ?? "").replace("#", String(n));
    document.getElementById("lbulk")?.classList.toggle("on", n > 0);
    if (n) document.getElementById("lvalue")?.dispatchEvent(new Event("pick"));
  };

  table.addEventListener("focusin", (e) => {
    const cell = (e.target as Element).closest<HTMLElement>("td, th");
    if (cell && cell !== here && !editing.on) {
      if (here?.isConnected) here.tabIndex = -1;
      here = cell;
      cell.tabIndex = 0;
    }
  });
  table.addEventListener("click", (e) => {
    const target = e.target as HTMLElement;
    const box = target.closest<HTMLInputElement>(".ck input");
    if (box?.matches("[data-all]")) {
      for (const each of picks()) each.checked = box.checked;
      return counted();
    }
    if (box) {
      box.checked = !box.checked; // turned back: `pick` turns it, and knows of ranges
      pick(box.closest("tr"), e.shiftKey);
      return;
    }
    const cell = target.closest<HTMLElement>("td");
    if (cell && !target.closest("a, button, input, select, textarea")) focus(cell);
  });
  table.addEventListener("dblclick", (e) => void editing.open((e.target as Element).closest<HTMLElement>("td")));
  table.addEventListener("keydown", (e) => {
    if (editing.on || e.isComposing) return;
    const cell = (e.target as Element).closest<HTMLElement>("td, th");
    if (!cell) return;
    if (key(e, cell)) { e.preventDefault(); e.stopPropagation(); }
  });

  const key = (e: KeyboardEvent, cell: HTMLElement): boolean => {
    const row = cell.closest<HTMLElement>("tr");
    const move = step(table, cell, e);
    if (move) { if (e.shiftKey && row !== move.closest("tr")) pick(move.closest("tr"), true); focus(move); return true; }
    if (e.key === "PageDown" || e.key === "PageUp") { // past the first or last row: the next sheet of rows
      document.querySelector<HTMLAnchorElement>(`.pager a[rel=${e.key === "PageDown" ? "next" : "prev"}]`)?.click();
      return true;
    }
    if (e.key === "Enter" && cell.tagName === "TH") {
      const link = cell.querySelector<HTMLAnchorElement>("a");
      if (link) location.assign(e.shiftKey ? link.dataset.also ?? link.href : link.href);
      else cell.querySelector<HTMLInputElement>("input")?.click();
      return true;
    }
    if (e.key === "F2" || e.key === "Enter") {
      if (editing.may(cell)) void editing.open(cell);
      else if (e.key === "Enter") (cell.querySelector<HTMLElement>("a, input"))?.click();
      return true;
    }
    if (e.key === " ") { pick(row, e.shiftKey); return true; }
    if (e.key.toLowerCase() === "a" && (e.ctrlKey || e.metaKey)) { for (const each of picks()) each.checked = true; counted(); return true; }
    if (e.key.toLowerCase() === "h" && !e.ctrlKey && !e.metaKey && !e.altKey) { void editing.history(cell); return true; }
    return false;
  };

  editing.moved = (from, forward, down) => focus(down ? step(table, from, { key: "ArrowDown" }) ?? from : tab(table, from, forward, editing.may) ?? from);
  editing.stays = (cell) => focus(cell);

  document.addEventListener("copy", (e) => {
    if (editing.on || !table.contains(document.activeElement) || String(getSelection())) return;
    const rows = picks().filter((each) => each.checked).map((each) => each.closest("tr"));
    const text = rows.length ? rows.map((row) => copied(row)).join("\n") : here?.textContent?.trim() ?? "";
    e.clipboardData?.setData("text/plain", text);
    e.preventDefault();
  });
  document.addEventListener("paste", (e) => {
    const target = e.target as HTMLElement;
    if (editing.on || target.closest("input, textarea, select")) return;
    const text = e.clipboardData?.getData("text/plain") ?? "";
    if (!text.trim()) return;
    if (!/[\t\n]/.test(text.trim()) && here && editing.may(here)) { e.preventDefault(); void editing.open(here, text.trim()); return; }
    if (!table.dataset.paste) return;
    e.preventDefault();
    const rows = [...body(table).rows], at = here?.closest("tr") as HTMLTableRowElement | null;
    const form = document.createElement("form");
    form.method = "post";
    form.action = table.dataset.paste;
    const put = (name: string, value: string) => form.append(Object.assign(document.createElement("input"), { type: "hidden", name, value }));
    put("csrfmiddlewaretoken", editing.token());
    put("text", text);
    put("query", table.dataset.query ?? "");
    put("at", here?.dataset.c ?? "");
    if (at) for (const row of rows.slice(rows.indexOf(at))) put("rows", row.dataset.id ?? "");
    document.body.append(form);
    form.submit();
  });
  document.addEventListener("keydown", (e) => {
    if (!(e.ctrlKey || e.metaKey) || (e.target as Element).matches("input, textarea, select")) return;
    const button = document.querySelector<HTMLElement>({ z: "[data-undo]", y: "[data-redo]" }[e.key.toLowerCase()] ?? "[data-none]");
    if (button) { e.preventDefault(); button.click(); }
  });
  ready();
  editing.redrawn = ready;
  counted();
}

/** Columns go up and down in their list; the form sends them in that order. */
function startColumns(form: HTMLFormElement): void {
  for (const span of form.querySelectorAll<HTMLElement>(".lmove")) span.hidden = false;
  form.addEventListener("click", (e) => {
    const button = (e.target as Element).closest<HTMLElement>("[data-up], [data-down]");
    const item = button?.closest("li");
    if (!button || !item) return;
    if (button.matches("[data-up]")) item.previousElementSibling?.before(item);
    else item.nextElementSibling?.after(item);
    button.focus();
  });
}

const facetsHeld = new Map<string, boolean>();
const facetName = (facet: HTMLDetailsElement): string => facet.querySelector("summary")?.textContent ?? "";

/** Where the columns stand one under another, filters begin folded: the rows come first. News folds and opens nothing. */
function foldFacets(): void {
  const narrow = matchMedia("(max-width: 1099px)").matches;
  for (const facet of document.querySelectorAll<HTMLDetailsElement>("#lfacets details")) {
    const held = facetsHeld.get(facetName(facet));
    if (held !== undefined) facet.open = held;
    else if (narrow && !facet.querySelector("[aria-current]")) facet.open = false;
  }
}

foldFacets();
document.addEventListener("htmx:after:swap", foldFacets);
document.addEventListener("toggle", (e) => {
  const facet = e.target as HTMLDetailsElement;
  if (facet.matches("#lfacets details")) facetsHeld.set(facetName(facet), facet.open);
}, true);
document.addEventListener("click", (e) => { // one more column to order by, in any list
  const link = (e.target as Element).closest<HTMLAnchorElement>("th a[data-also]");
  if (!link || !e.shiftKey) return;
  e.preventDefault();
  location.assign(link.dataset.also ?? "");
});
for (const table of document.querySelectorAll<HTMLTableElement>("table[data-grid]")) startGrid(table);
startTicks();
for (const form of document.querySelectorAll<HTMLFormElement>("form[data-columns]")) startColumns(form);
document.querySelector("[data-print]")?.addEventListener("click", () => print());
