// [data-flood] around a map: pictures of water over it, by a slider, played, or the deepest of all times.
// data-frames [{at, label}] data-picture (…__n.png) data-deepest data-corners data-cuts (GeoJSON of streets that are cut) data-dike (of the line, if there is one).

import { say } from "./words";

interface Frame { at: number; label: string }
const STEP_MS = 600;

function begin(box: HTMLElement): void {
  const map = box.querySelector<HTMLElement>("[data-map]"), slider = box.querySelector<HTMLInputElement>("[data-at]");
  const now = box.querySelector<HTMLElement>("[data-now]"), play = box.querySelector<HTMLButtonElement>("[data-play]"), most = box.querySelector<HTMLButtonElement>("[data-most]");
  if (!map || !slider || !now || !play || !most) return;
  const frames = JSON.parse(box.dataset.frames ?? "[]") as Frame[], corners = JSON.parse(box.dataset.corners ?? "[]") as unknown;
  const picture = (url: string): void => void map.dispatchEvent(new CustomEvent("fengsui:picture", { detail: { url, corners } }));
  let timer = 0;

  const still = (): void => {
    window.clearInterval(timer);
    timer = 0;
    play.setAttribute("aria-pressed", "false");
    play.textContent = say("播放", "Play");
  };
  const show = (n: number): void => {
    const frame = frames[n];
    if (!frame) return;
    slider.value = String(n);
    now.textContent = frame.label;
    slider.setAttribute("aria-valuetext", frame.label);
    most.setAttribute("aria-pressed", "false");
    picture((box.dataset.picture ?? "").replace("__n", String(n)));
  };
  const deepest = (): void => {
    still();
    most.setAttribute("aria-pressed", "true");
    now.textContent = say("最深", "Deepest");
    picture(box.dataset.deepest ?? "");
  };
  const step = (): void => {
    const next = Number(slider.value) + 1;
    if (next >= frames.length) return still();
    show(next);
  };

  slider.addEventListener("input", () => { still(); show(Number(slider.value)); });
  most.addEventListener("click", deepest);
  play.addEventListener("click", () => {
    if (timer) return still();
    if (most.getAttribute("aria-pressed") === "true" || Number(slider.value) >= frames.length - 1) show(0);
    play.setAttribute("aria-pressed", "true");
    play.textContent = say("暂停", "Pause");
    timer = window.setInterval(step, STEP_MS);
  });
  const ready = (): void => {
    for (const id of ["cuts", "dike"] as const)
      if (box.dataset[id]) map.dispatchEvent(new CustomEvent("fengsui:data", { detail: { id, data: JSON.parse(box.dataset[id]) as unknown } }));
    deepest();
  };
  if (map.dataset.ready) ready();
  else map.addEventListener("fengsui:ready", ready, { once: true });
}

// [data-flood-pictures] around a map: one of several pictures over it, by a button each (data-picture-url).
function choose(box: HTMLElement): void {
  const map = box.querySelector<HTMLElement>("[data-map]"), buttons = [...box.querySelectorAll<HTMLButtonElement>("[data-picture-url]")];
  if (!map) return;
  const corners = JSON.parse(box.dataset.corners ?? "[]") as unknown;
  const show = (one: HTMLButtonElement | undefined): void => {
    if (!one) return;
    for (const each of buttons) each.setAttribute("aria-pressed", String(each === one));
    map.dispatchEvent(new CustomEvent("fengsui:picture", { detail: { url: one.dataset.pictureUrl, corners } }));
  };
  for (const each of buttons) each.addEventListener("click", () => show(each));
  if (map.dataset.ready) show(buttons[0]);
  else map.addEventListener("fengsui:ready", () => show(buttons[0]), { once: true });
}

const begun = new WeakSet<Element>();
function start(): void {
  for (const box of document.querySelectorAll<HTMLElement>("[data-flood-pictures]"))
    if (!begun.has(box)) {
      begun.add(box);
      choose(box);
    }
  for (const box of document.querySelectorAll<HTMLElement>("[data-flood]"))
    if (!begun.has(box)) {
      begun.add(box);
      begin(box);
    }
}
start();
document.addEventListener("htmx:after:swap", start);
