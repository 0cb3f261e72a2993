// Boxes of a list whose rows are redrawn by news: ticked one by one, by a range with Shift, all of the page, or by X.

const table = (el: Element): HTMLTableElement | null => el.closest<HTMLTableElement>("table.ticked");
const boxes = (of: ParentNode): HTMLInputElement[] => [...of.querySelectorAll<HTMLInputElement>("tbody .ck input")];
let last: HTMLInputElement | null = null;

function counted(of: HTMLTableElement): void {
  const all = boxes(of), n = all.filter((each) => each.checked).length;
  for (const each of all) each.closest("tr")?.classList.toggle("sel", each.checked);
  const every = of.querySelector<HTMLInputElement>("[data-all]");
  if (every) { every.checked = n > 0 && n === all.length; every.indeterminate = n > 0 && n < all.length; }
  const said = document.querySelector<HTMLElement>("#ldeeds [data-picked]");
  if (said) said.textContent = n === 1 ? said.dataset.one ?? "" : (said.dataset.many ?? "").replace("#", String(n));
}

export function startTicks(): void {
  document.addEventListener("click", (e) => {
    const box = e.target as HTMLInputElement, of = table(box);
    if (!of || !box.matches(".ck input")) return;
    const all = boxes(of);
    if (box.matches("[data-all]")) for (const each of all) each.checked = box.checked;
    else {
      const from = last ? all.indexOf(last) : -1, to = all.indexOf(box);
      if (e.shiftKey && from >= 0) for (const each of all.slice(Math.min(from, to), Math.max(from, to) + 1)) each.checked = box.checked;
      last = box;
    }
    counted(of);
  });
  document.addEventListener("keydown", (e) => { // the row that J and K went to
    if (e.key.toLowerCase() !== "x" || e.ctrlKey || e.metaKey || e.altKey || (e.target as Element).closest("input, textarea, select")) return;
    const box = document.querySelector<HTMLInputElement>("table.ticked [data-row][data-cursor] .ck input");
    if (!box) return;
    box.checked = !box.checked;
    last = box;
    counted(table(box)!);
  });
}
