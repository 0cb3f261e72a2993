// [data-map]: MapLibre with its worker from our own origin (CSP). Twin: data-list opens the same things as a table.
// data-center="lon,lat" data-zoom data-layers (see map/layers.ts) data-mark data-list data-redraw="topic …" data-fit
// [data-whole] around it: the page of the whole map with tree, time, search, tools (map/whole.ts).

import { OneMap } from "./map/one";
import { WholeMap } from "./map/whole";

const shown = new WeakSet<Element>();
function start(): void {
  for (const box of document.querySelectorAll<HTMLElement>("[data-map]"))
    if (!shown.has(box)) {
      shown.add(box);
      const whole = box.closest<HTMLElement>("[data-whole]");
      if (whole) new WholeMap(whole, box);
      else new OneMap(box);
    }
}
start();
document.addEventListener("htmx:after:swap", start);
