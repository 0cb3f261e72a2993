// One event stream a page. A change says only "topic X changed"; the page fetches its fragments again, where rights are checked.
//
// [data-live="topic …"][data-live-url]  is morphed when a topic changes (the fragment's root is the same element).
// [data-redraw="topic …"]               gets a "fengsui:redraw" event (maps, charts).
// Someone typing is never disturbed: such an element waits and says that there is news.

import htmx from "htmx.org";
import { stand } from "./clocks";
import { learn, now } from "./now";
import { say, wall } from "./words";

const SILENT_MS = 15_000;
const DEBOUNCE_MS = 250;
const FIRST_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 30_000;

let stream: EventSource | null = null;
let lastBeat = 0;
let stoodAt = 0;
let retry = FIRST_RETRY_MS;
let retryTimer = 0;
let everOpen = false;
const due = new Map<Element, number>();

const byTopic = (attribute: string, topic: string): HTMLElement[] =>
  [...document.querySelectorAll<HTMLElement>(`[${attribute}]`)].filter((el) => {
    const wanted = (el.getAttribute(attribute) ?? "").split(/\s+/);
    return topic === "*" || wanted.includes(topic);
  });

/** Does somebody work in here: a field with the caret or changed text, an unfolded dangerous act? */
function busy(el: HTMLElement): boolean {
  if (el.querySelector("details[data-danger][open], details.menu[open]")) return true;
  for (const field of el.querySelectorAll<HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement>("input, textarea, select")) {
    if (field === document.activeElement) return true;
    if (field instanceof HTMLSelectElement) {
      if ([...field.options].some((o) => o.selected !== o.defaultSelected) && field.selectedIndex > 0) return true;
    } else if (field.type === "checkbox" || field.type === "radio") {
      if ((field as HTMLInputElement).checked !== (field as HTMLInputElement).defaultChecked) return true;
    } else if (field.type !== "hidden" && field.value !== field.defaultValue) return true;
  }
  return false;
}

function offerNews(el: HTMLElement): void {
  if (el.querySelector(":scope > .changed")) return;
  const note = Object.assign(document.createElement("button"), {
    className: "btn sm changed", type: "button", textContent: say("这里有新情况，填完再点此更新", "Changed meanwhile: press to refresh when done"),
  });
  note.addEventListener("click", () => fetchNow(el, true));
  el.prepend(note);
}

async function fetchNow(el: HTMLElement, force = false): Promise<void> {
  const url = el.dataset.liveUrl;
  if (!url || !el.isConnected) return;
  if (!force && busy(el)) return offerNews(el);
  el.querySelector(":scope > .changed")?.remove();
  await htmx.ajax("GET", url, { source: el, target: el, swap: el.dataset.liveSwap ?? "outerMorph", liveRefresh: true } as never);
}

function refresh(topic: string): void {
  for (const el of byTopic("data-live", topic)) {
    clearTimeout(due.get(el));
    due.set(el, window.setTimeout(() => { due.delete(el); void fetchNow(el); }, DEBOUNCE_MS));
  }
  for (const el of byTopic("data-redraw", topic)) el.dispatchEvent(new CustomEvent("fengsui:redraw", { detail: topic }));
}

function heard(state: "on" | "waiting" | "lost", text: string): void {
  const el = document.getElementById("heard");
  if (!el) return;
  el.dataset.heard = state;
  const label = el.querySelector("[data-heard-text]");
  if (label && label.textContent !== text) label.textContent = text;
}

/** The inverse bar: at which time the page stands; typed text is said to be safe. */
function bar(show: boolean): void {
  stand(show);
  const el = document.getElementById("offbar");
  if (!el) return;
  el.hidden = !show;
  document.documentElement.classList.toggle("standing", show);
  if (!show) return;
  const since = Math.round((now() - stoodAt) / 1000), at = wall(new Date(stoodAt));
  const title = el.querySelector("[data-off-title]"), text = el.querySelector("[data-off-text]");
  if (title) title.textContent = say(`连接断了 ${since < 60 ? `${since} 秒` : `${Math.floor(since / 60)} 分`}，页面停在 ${at}`,
    `Connection lost for ${since < 60 ? `${since} s` : `${Math.floor(since / 60)} min`}; this page stands at ${at}`);
  if (text) text.textContent = say("数字不再更新，填的不会丢。正在重连。", "Figures no longer update; what you typed is kept. Reconnecting.");
}

function beat(server: string): void {
  learn(server);
  lastBeat = Date.now();
  stoodAt = now();
  retry = FIRST_RETRY_MS;
  heard("on", say(`${wall(new Date(stoodAt))} 已收`, `heard ${wall(new Date(stoodAt))}`));
  bar(false);
}

function open(ticket: string): void {
  stream?.close();
  clearTimeout(retryTimer);
  stream = new EventSource(`/live?ticket=${encodeURIComponent(ticket)}`);
  stream.addEventListener("beat", (e) => {
    const first = Date.now() - lastBeat > SILENT_MS || !lastBeat;
    beat((JSON.parse((e as MessageEvent).data) as { now: string }).now);
    if (first && everOpen) refresh("*");
    everOpen = true;
  });
  stream.addEventListener("topic", (e) => {
    lastBeat = Date.now();
    refresh((JSON.parse((e as MessageEvent).data) as { topic: string }).topic);
  });
  stream.addEventListener("catchup", () => refresh("*"));
  stream.onerror = () => {
    // The browser's own retry has no back-off and gives up on an HTTP error: do it here.
    stream?.close();
    stream = null;
    const wait = retry * (0.75 + Math.random() / 2);
    retry = Math.min(retry * 2, LONGEST_RETRY_MS);
    retryTimer = window.setTimeout(() => open(ticket), wait);
    if (everOpen) lost = true;
  };
  stream.onopen = () => {
    if (lost) refresh("*");
    lost = false;
  };
}
let lost = false;

function watch(ticket: string): void {
  const silent = Date.now() - lastBeat;
  if (lastBeat && silent > SILENT_MS) {
    heard("lost", say(`停在 ${wall(new Date(stoodAt))}`, `stands at ${wall(new Date(stoodAt))}`));
    bar(true);
    if (stream && silent > 2 * SILENT_MS) {
      lost = true;
      lastBeat = Date.now() - SILENT_MS - 1;
      open(ticket);
    }
  }
}

export function startLive(): void {
  stoodAt = now();
  window.addEventListener("fengsui:refresh", (e) => refresh((e as CustomEvent<string>).detail));
  const ticket = document.body.dataset.liveTicket;
  if (!ticket) return;
  const begun = Date.now();
  open(ticket);
  setInterval(() => {
    if (!lastBeat && Date.now() - begun > SILENT_MS) {
      heard("lost", say(`停在 ${wall(new Date(stoodAt))}`, `stands at ${wall(new Date(stoodAt))}`));
      bar(true);
    } else watch(ticket);
  }, 1000);
  // A sleeping tablet or a hidden tab misses things: on return, listen at once and fetch everything.
  document.addEventListener("visibilitychange", () => {
    if (document.hidden || Date.now() - lastBeat < 2 * 5_000) return;
    retry = FIRST_RETRY_MS;
    lost = true;
    open(ticket);
  });
  window.addEventListener("online", () => open(ticket));
}
