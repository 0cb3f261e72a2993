// Fields of days and moments (core.ui.moments): a text that reads the same in every browser, and a button beside it that opens the
// browser's own calendar. What is chosen there is written into the text; the server reads the text alone.
//
// On phones too: the phone's own field shows the date in the phone's language (11/28/2026, 3:15 AM), and two people on the telephone must
// read out the same characters. Its wheel, better than typing in gloves, is what the button opens; the keyboard is the one with figures,
// which suffice (202611280315, or 0315 for today).

import { say } from "../words";

const STEPS: Record<string, string> = { minute: "60", second: "1" };
const WRITTEN = /^\d{4}-\d\d-\d\d(?:[ T]\d\d:\d\d(?::\d\d)?)?$/;

function dress(field: HTMLInputElement): void {
  const unit = field.dataset.moment ?? "minute", place = field.closest<HTMLElement>(".moment");
  if (!place || place.querySelector("button")) return;
  const native = Object.assign(document.createElement("input"), { type: unit === "day" ? "date" : "datetime-local", tabIndex: -1, className: "moment-native" });
  native.setAttribute("aria-hidden", "true");
  native.dataset.draft = "off";
  if (STEPS[unit]) native.step = STEPS[unit];
  if (field.dataset.least) native.min = field.dataset.least.replace(" ", "T");
  if (field.dataset.most) native.max = field.dataset.most.replace(" ", "T");
  const label = (field.labels?.[0]?.textContent ?? "").trim();
  const button = Object.assign(document.createElement("button"), { type: "button", className: "btn sm", textContent: say("选", "Pick") });
  button.setAttribute("aria-label", unit === "day" ? say(`选日期：${label}`, `Pick a day: ${label}`) : say(`选日期和时刻：${label}`, `Pick day and time: ${label}`));
  button.tabIndex = -1; // no stop of the Tab key in every form: who types opens it from the text by Alt and the arrow down
  const open = (): void => {
    const now = field.value.trim();
    native.value = WRITTEN.test(now) ? now.replace(" ", "T").slice(0, unit === "day" ? 10 : 19) : "";
    try {
      native.showPicker();
    } catch {
      button.remove(); // refused, as inside a frame of another site: typing is left
      field.focus();
    }
  };
  button.addEventListener("click", open);
  field.setAttribute("aria-keyshortcuts", "Alt+ArrowDown");
  field.addEventListener("keydown", (e) => {
    if (!e.altKey || e.key !== "ArrowDown") return;
    e.preventDefault();
    open();
  });
  native.addEventListener("input", () => {
    field.value = native.value.replace("T", " ");
    for (const kind of ["input", "change"]) field.dispatchEvent(new Event(kind, { bubbles: true }));
  });
  place.append(button, native);
}

export function startMoments(): void {
  if (!("showPicker" in HTMLInputElement.prototype)) return;
  const look = () => { for (const field of document.querySelectorAll<HTMLInputElement>("input[data-moment]")) dress(field); };
  look();
  document.addEventListener("htmx:after:swap", look);
}
