// A printed list says what it was filtered by: the filter forms themselves are not printed.

import { say } from "./words";

function labelOf(el: HTMLInputElement | HTMLSelectElement): string {
  const label = el.labels?.[0]?.cloneNode(true) as HTMLElement | undefined;
  label?.querySelectorAll("input, select, kbd").forEach((part) => part.remove());
  return (label?.textContent || el.getAttribute("aria-label") || "").trim().replace(/\s+/g, " ");
}

function chosen(form: HTMLFormElement): string[] {
  const said: string[] = [];
  for (const el of form.elements) {
    if (!(el instanceof HTMLInputElement || el instanceof HTMLSelectElement) || el.type === "hidden" || el.name === "cols" || !el.value) continue;
    if (el instanceof HTMLInputElement && ["checkbox", "radio"].includes(el.type) && !el.checked) continue;
    const label = labelOf(el);
    if (el instanceof HTMLSelectElement) {
      if (el.selectedIndex > 0) said.push(`${label}: ${el.selectedOptions[0]?.textContent?.trim()}`);
    } else said.push(el.type === "checkbox" ? label : `${label}: ${el.value}`);
  }
  return said;
}

/** Charts are drawn in the colours of the theme: for paper in those of the light one, and back afterwards. */
function inLight(): void {
  const root = document.documentElement, was = root.dataset.theme ?? "light";
  if (was === "light") return;
  const put = (theme: string): void => { root.dataset.theme = theme; window.dispatchEvent(new CustomEvent("fengsui:theme")); };
  put("light");
  window.addEventListener("afterprint", () => put(was), { once: true });
}

export function startPaper(): void {
  window.addEventListener("beforeprint", inLight);
  window.addEventListener("beforeprint", () => {
    const place = document.querySelector("[data-filters]");
    if (!place) return;
    const forms = [...document.querySelectorAll<HTMLFormElement>(":is(main, .head) form[method=get]")].flatMap(chosen);
    const facets = [...document.querySelectorAll("main aside a[aria-current]")].map((a) => (a.textContent ?? "").trim().replace(/\s+/g, " "));
    const all = [...forms, ...facets];
    place.textContent = all.length ? say("筛选：", "Filtered by: ") + all.join(say("；", "; ")) : "";
  });
}
