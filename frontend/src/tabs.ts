// Below 1100 px the columns of a page become tabs with counts; without script they simply stand one under another.

const key = () => `tab:${location.pathname}`;

export function startTabs(): void {
  for (const list of document.querySelectorAll<HTMLElement>(".coltabs")) {
    const tabs = [...list.querySelectorAll<HTMLElement>("[data-tab]")];
    const narrow = matchMedia("(max-width: 1099px)");
    const show = (id: string) => {
      for (const tab of tabs) {
        const on = tab.dataset.tab === id;
        tab.setAttribute("aria-selected", String(on));
        tab.tabIndex = on ? 0 : -1;
        const column = document.getElementById(tab.dataset.tab ?? "");
        column?.classList.toggle("untabbed", !on);
        column?.parentElement?.classList.add("tabbed");
      }
      sessionStorage.setItem(key(), id);
      window.dispatchEvent(new Event("resize"));
    };
    const apply = () => {
      if (narrow.matches) show(sessionStorage.getItem(key()) ?? tabs[0]?.dataset.tab ?? "");
      else for (const tab of tabs) document.getElementById(tab.dataset.tab ?? "")?.classList.remove("untabbed");
    };
    list.addEventListener("click", (e) => {
      const id = (e.target as Element).closest<HTMLElement>("[data-tab]")?.dataset.tab;
      if (id) show(id);
    });
    list.addEventListener("keydown", (e) => {
      const step = e.key === "ArrowRight" ? 1 : e.key === "ArrowLeft" ? -1 : 0;
      const next = tabs[(tabs.indexOf(e.target as HTMLElement) + step + tabs.length) % tabs.length];
      if (step && next) { show(next.dataset.tab ?? ""); next.focus(); }
    });
    narrow.addEventListener("change", apply);
    apply();
    // A morphed column comes back without its mark.
    document.addEventListener("htmx:after:swap", () => { if (narrow.matches) apply(); });
  }
}
