// Light, dark, sun: a cookie, so that the server renders the right one and nothing flashes.

export function startTheme(): void {
  const root = document.documentElement;
  const mark = () => {
    for (const b of document.querySelectorAll<HTMLElement>("[data-theme-set]"))
      b.setAttribute("aria-pressed", String(b.dataset.themeSet === root.dataset.theme));
  };
  mark();
  document.addEventListener("click", (e) => {
    const wanted = (e.target as Element).closest<HTMLElement>("[data-theme-set]")?.dataset.themeSet;
    if (!wanted) return;
    root.dataset.theme = wanted;
    document.cookie = `theme=${wanted};path=/;max-age=31536000;samesite=lax`;
    mark();
    window.dispatchEvent(new CustomEvent("fengsui:theme"));
  });
}
