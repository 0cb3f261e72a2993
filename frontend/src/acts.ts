// Dangerous acts unfold in place: the button opens after the level was typed, Enter never fires it, Esc folds it.
// Also: menus close, rows with data-href open. What is typed and sent is the matter of forms/.

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
    // Not the summary, which is a button too and stands first: keys would go to it while somebody types.
    if (details.open && details.matches("[data-danger]"))
      details.querySelector<HTMLElement>(":is(input:not([type=hidden]), textarea, select, .btn):not(summary)")?.focus();
  }, true);
  document.addEventListener("click", (e) => {
    const target = e.target as Element;
    if (target.closest("[data-fold]")) fold(target.closest("details"));
    if (target.closest("[data-reload]")) { e.preventDefault(); location.reload(); }
    for (const menu of document.querySelectorAll<HTMLDetailsElement>("details.menu[open], details.clkbox[open], details.map-layers[open]"))
      if (!menu.contains(target)) menu.open = false;
    const row = target.closest<HTMLElement>("tr[data-href]");
    if (row && !target.closest("a, button, input, summary, label, .ck")) location.assign(row.dataset.href ?? "");
  });
  guardAll();
  reachable();
  document.addEventListener("htmx:after:swap", () => { guardAll(); reachable(); });
  window.addEventListener("resize", reachable);
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
