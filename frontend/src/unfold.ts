// A bar that is one line on a phone unfolds by its button. What is unfolded stands on <html>, which no refresh takes away.
//
// [data-unfold="ID"]  the button of the bar with that id; the styles of the phone show what `html[data-unfolded~=ID]` names.

const root = document.documentElement;
const unfolded = (): string[] => (root.dataset.unfolded ?? "").split(" ").filter(Boolean);
const buttons = (): HTMLElement[] => [...document.querySelectorAll<HTMLElement>("[data-unfold]")];

/** Tell each button's reader whether it is open; what has not changed is not written, since bars are watched. */
function mark(): void {
  for (const each of buttons()) {
    const on = String(unfolded().includes(each.dataset.unfold ?? ""));
    if (each.getAttribute("aria-expanded") !== on) each.setAttribute("aria-expanded", on);
  }
}

function set(id: string, on: boolean): void {
  const rest = unfolded().filter((each) => each !== id);
  root.dataset.unfolded = [...rest, ...(on ? [id] : [])].join(" ");
  mark();
}

/** Fold the one that is open, the focus back to its button: for Esc. False where nothing is. */
export function foldBar(): boolean {
  const id = unfolded().at(-1), button = buttons().find((each) => each.dataset.unfold === id);
  if (!id || !button?.getClientRects().length) return false;
  set(id, false);
  button.focus();
  return true;
}

export function startUnfold(): void {
  document.addEventListener("click", (e) => {
    const target = e.target as Element, button = target.closest<HTMLElement>("[data-unfold]"), id = button?.dataset.unfold;
    if (id) {
      e.preventDefault(); // without script it is a link to the same, as a page
      set(id, !unfolded().includes(id));
    } else if (!target.closest("#nav")) set("nav", false); // a list over the page closes when the page is pressed
  });
  document.addEventListener("htmx:after:swap", mark);
  mark();
}
