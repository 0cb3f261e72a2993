// The report's position: asked for once, shown with its radius, taken off by one press. Everything works without.

import { now } from "./now";
import { say, wall } from "./words";

const OFF = "fengsui-no-position";
const GOOD_MS = 20_000;
let last: { lon: number; lat: number; accuracy: number; at: number } | null = null;
let why = "";

const forms = (): HTMLFormElement[] => [...document.querySelectorAll<HTMLFormElement>("form[data-geo-form]")];
const off = (): boolean => sessionStorage.getItem(OFF) === "1";

function draw(): void {
  const given = last && !off() ? last : null;
  for (const form of forms())
    for (const field of form.querySelectorAll<HTMLInputElement>("[data-geo]")) {
      const value = given?.[field.dataset.geo as "lon" | "lat" | "accuracy"];
      field.value = value === undefined ? "" : value.toFixed(field.dataset.geo === "accuracy" ? 0 : 6);
    }
  for (const line of document.querySelectorAll<HTMLElement>("[data-geo-line]")) {
    const text = given ? say(`位置 ±${Math.round(given.accuracy)} m，${wall(new Date(given.at))}`, `Position ±${Math.round(given.accuracy)} m, ${wall(new Date(given.at))}`)
      : off() ? say("不带位置", "Sent without a position") : why || say("还没有位置", "No position yet");
    const words = given ? say("不带位置", "Leave it out") : say("带上位置", "Add my position");
    const button = line.querySelector("button") ?? Object.assign(document.createElement("button"), { type: "button", className: "btn" });
    if (button.textContent !== words) button.textContent = words;
    const label = line.querySelector("span") ?? document.createElement("span");
    if (label.textContent !== text) label.textContent = text;
    if (!line.contains(button)) line.replaceChildren(label, button);
    line.hidden = false;
  }
}

function ask(): void {
  if (!("geolocation" in navigator) || !isSecureContext) {
    why = say("这个地址不是 https，浏览器不给位置；不影响上报", "The browser gives no position without https; reporting works without");
    return draw();
  }
  why = say("正在取位置", "Finding your position");
  draw();
  navigator.geolocation.getCurrentPosition(
    ({ coords }) => { last = { lon: coords.longitude, lat: coords.latitude, accuracy: coords.accuracy, at: now() }; draw(); },
    (error) => {
      why = error.code === error.PERMISSION_DENIED ? say("你没有让浏览器用位置；不影响上报", "You have not let the browser use your position; reporting works without")
        : say("取不到位置；不影响上报", "No position found; reporting works without");
      draw();
    },
    { enableHighAccuracy: true, timeout: GOOD_MS, maximumAge: 30_000 },
  );
}

export function startGeo(): void {
  if (!document.querySelector("[data-geo-line]")) return;
  document.addEventListener("click", (e) => {
    if (!(e.target as Element).closest("[data-geo-line] button")) return;
    if (last && !off()) sessionStorage.setItem(OFF, "1");
    else { sessionStorage.removeItem(OFF); ask(); }
    draw();
  });
  document.addEventListener("htmx:after:swap", draw);
  draw();
  // Without a press only where it was allowed before: a question that nobody expects is answered no.
  if (!off()) void navigator.permissions?.query({ name: "geolocation" }).then((it) => { if (it.state === "granted") ask(); });
}
