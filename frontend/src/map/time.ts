// The last 72 hours: a range of minutes before now. What is seen is said to be history, in words and by an inverse bar.

import { now } from "../now";
import type { OneMap } from "./one";
import { say } from "../words";

/** In the district's zone, wherever the browser is: a link says the same everywhere. */
const minute = (d: Date, zone: string): string =>
  new Intl.DateTimeFormat("sv-SE", { timeZone: zone, year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit" }).format(d).replace(" ", "T");
const SETTLE_MS = 180;

export function startTime(root: HTMLElement, one: OneMap, changed: () => void): void {
  const range = root.querySelector<HTMLInputElement>("[data-time]")!, said = root.querySelector<HTMLElement>("[data-time-said]")!;
  const back = root.querySelector<HTMLButtonElement>("[data-time-now]")!;
  let timer = 0;

  const at = (): string => {
    const before = Number(range.value);
    return before === 0 ? "" : minute(new Date(Math.floor(now() / 60_000) * 60_000 + before * 60_000), root.dataset.zone ?? "Asia/Shanghai");
  };
  const tell = (moment: string): void => {
    const words = moment ? say(`历史 ${moment.slice(5).replace("T", " ")}`, `history ${moment.slice(5).replace("T", " ")}`) : say("现在", "now");
    said.textContent = words;
    range.setAttribute("aria-valuetext", words);
    root.toggleAttribute("data-history", !!moment);
    back.hidden = !moment;
  };
  const apply = async (): Promise<void> => {
    await one.moment(at());
    changed();
  };
  range.addEventListener("input", () => {
    tell(at());
    clearTimeout(timer);
    timer = window.setTimeout(() => void apply(), SETTLE_MS);
  });
  back.addEventListener("click", () => { range.value = "0"; tell(""); void apply(); range.focus(); });
  if (one.at) range.value = range.dataset.before ?? "0";
  tell(one.at);
}
