// Light, dark, sun: a cookie, so that the server renders the right one and nothing flashes.

export function startTheme(): void {
  const root = document.documentElement;
  const mark = () => {
    for (const b of document.querySelectorAll<HTMLElement>("[data-theme-set]"))
      b.setAttribute("aria-pressed", String(b.dataset.themeSet === root.dataset.theme));
    for (const b of document.querySelectorAll<HTMLElement>("[data-sun]")) b.setAttribute("aria-pressed", String(root.dataset.theme === "sun"));
  };
  mark();
  document.addEventListener("click", (e) => {
    const target = e.target as Element;
    // One press on the phone: into the sun, and back to what it was.
    const back = localStorage.getItem("theme-before-sun") ?? "light";
    const wanted = target.closest("[data-sun]") ? (root.dataset.theme === "sun" ? back : "sun") : target.closest<HTMLElement>("[data-theme-set]")?.dataset.themeSet;
    if (!wanted) return;
    if (wanted === "sun" && root.dataset.theme !== "sun") localStorage.setItem("theme-before-sun", root.dataset.theme ?? "light");
    root.dataset.theme = wanted;
    document.cookie = `theme=${wanted};path=/;max-age=31536000;samesite=lax`;
    mark();
    window.dispatchEvent(new CustomEvent("fengsui:theme"));
  });
}
