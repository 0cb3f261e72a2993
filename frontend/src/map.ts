// [data-map]: MapLibre with its worker from our own origin (CSP). Twin: data-list opens the same things as a table.
// data-center="lon,lat" data-zoom data-layers (see map/layers.ts) data-mark data-list data-redraw="topic …" data-fit
// [data-draw-line] around it: a line is drawn for a form (map/line.ts).
// [data-whole] around it: the page of the whole map with tree, time, search, tools (map/whole.ts).
// A map behind a tab or far down the page costs nothing until somebody comes near it: its 250 kB are fetched then.

const shown = new WeakSet<Element>();
const near = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries)
    if (isIntersecting) {
      near.unobserve(target);
      void begin(target as HTMLElement);
    }
}, { rootMargin: "300px" });

async function begin(box: HTMLElement): Promise<void> {
  const whole = box.closest<HTMLElement>("[data-whole]");
  const line = box.closest<HTMLElement>("[data-draw-line]");
  if (line) new (await import("./map/line")).LineMap(line, box);
  else if (whole) new (await import("./map/whole")).WholeMap(whole, box);
  else new (await import("./map/one")).OneMap(box);
}

function start(): void {
  for (const box of document.querySelectorAll<HTMLElement>("[data-map]"))
    if (!shown.has(box)) {
      shown.add(box);
      near.observe(box);
    }
}
start();
document.addEventListener("htmx:after:swap", start);
export {};
