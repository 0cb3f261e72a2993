// One event stream a page. A change says only "topic X changed"; the page fetches its fragments again, where rights are checked.
//
// [data-live="topic …"][data-live-url]  is morphed when a topic changes (the fragment's root is the same element).
// [data-redraw="topic …"]               gets a "fengsui:redraw" event (maps, charts).
// Someone typing is never disturbed: such an element waits and says that there is news.
// The stream is told at which server time the page stands and first sends what changed since: nothing is lost between.

import htmx from "htmx.org";
import { standing } from "./live/bar";
import { busy, keepPlace, offerNews, takeBack } from "./live/disturb";
import { drift, learn, now } from "./now";
import { askState, person, takeToken, world } from "./session";
import { say, wall } from "./words";

const SILENT_MS = 15_000;
const DEBOUNCE_MS = 100;
const REDRAW_MS = 1_000;
const FIRST_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 30_000;
const ASK_MS = 300_000;
const HIDDEN_MS = 60_000;

let stream: EventSource | null = null;
let ticket = "";
/** Steady time of the last frame; 0 before the first. */
let heardAt = 0;
/** Server's time up to which the page is known to be current. */
let currentAt = 0;
let retry = FIRST_RETRY_MS;
let retryTimer = 0;
let failures = 0;
let hiddenSince = 0;
const due = new Map<Element, { timer: number; at: number }>();
/** When each was drawn last, and whether a drawing waits. */
const drawn = new WeakMap<HTMLElement, { at: number; waits: boolean }>();
/** Elements whose last fetch failed: server's time and the number of tries. */
const behind = new Map<HTMLElement, { since: number; tries: number }>();

const byTopic = (attribute: string, topic: string): HTMLElement[] =>
  [...document.querySelectorAll<HTMLElement>(`[${attribute}]`)].filter((el) => {
    const wanted = (el.getAttribute(attribute) ?? "").split(/\s+/);
    return topic === "*" || wanted.includes(topic);
  });
const jitter = (ms: number): number => ms * (0.75 + Math.random() / 2);

async function fetchNow(el: HTMLElement, force = false): Promise<void> {
  const url = el.dataset.liveUrl;
  if (!url || !el.isConnected) return;
  if (!force && busy(el)) return offerNews(el, () => void fetchNow(el, true));
  el.querySelector(":scope > .changed")?.remove();
  const place = keepPlace(el);
  await htmx.ajax("GET", url, { source: el, target: el, swap: el.dataset.liveSwap ?? "outerMorph", liveRefresh: true, liveForced: force } as never);
  takeBack(place);
}

interface Ctx { hx: Record<string, string>; response?: { status: number }; liveRefresh?: boolean; liveForced?: boolean; target: HTMLElement; sourceElement?: HTMLElement }

/** What came back for a fragment: fresh, or known to be behind. A page with a fragment behind does not look live. */
function watchFragments(): void {
  document.addEventListener("htmx:after:request", (event) => {
    const ctx = (event as unknown as CustomEvent<{ ctx: Ctx }>).detail.ctx, status = ctx.response?.status ?? 0;
    if (!ctx.liveRefresh) return;
    // A page is never taken away from under somebody's hands; its bar says what has happened.
    if (ctx.hx.redirect && (status === 401 || busy(document.body))) {
      delete ctx.hx.redirect;
      ctx.hx.reswap = "none";
      return void checkSession();
    }
    if (status >= 400) {
      ctx.hx.reswap = "none";
      if (status === 403 || status === 404) {
        behind.delete(ctx.target);
        return standing.gone(ctx.target);
      }
      return fellBehind(ctx.target);
    }
    if (!ctx.liveForced && busy(ctx.target)) { // began to type while it was on its way
      ctx.hx.reswap = "none";
      offerNews(ctx.target, () => void fetchNow(ctx.target, true));
    }
    behind.delete(ctx.target);
  });
  document.addEventListener("htmx:error", (event) => {
    const ctx = (event as unknown as CustomEvent<{ ctx?: Ctx }>).detail.ctx;
    if (ctx?.liveRefresh) fellBehind(ctx.target);
  });
}

function fellBehind(el: HTMLElement): void {
  const held = behind.get(el) ?? { since: now(), tries: 0 };
  held.tries += 1;
  behind.set(el, held);
  schedule(el, jitter(Math.min(FIRST_RETRY_MS * 2 ** held.tries, LONGEST_RETRY_MS)));
}

/** A fetch that is due sooner covers this one, too; put off again and again it would never come. */
function schedule(el: HTMLElement, ms: number): void {
  const at = performance.now() + ms, held = due.get(el);
  if (held && held.at <= at) return;
  clearTimeout(held?.timer);
  due.set(el, { at, timer: window.setTimeout(() => { due.delete(el); void fetchNow(el); }, ms) });
}

/** Maps and charts fetch and draw much: at once, then once a second at most. */
function redraw(el: HTMLElement, topic: string): void {
  const held = drawn.get(el) ?? { at: -REDRAW_MS, waits: false };
  if (held.waits) return;
  const wait = Math.max(0, held.at + REDRAW_MS - performance.now());
  drawn.set(el, { at: performance.now() + wait, waits: wait > 0 });
  window.setTimeout(() => {
    drawn.set(el, { at: performance.now(), waits: false });
    el.dispatchEvent(new CustomEvent("fengsui:redraw", { detail: topic }));
  }, wait);
}

/** `within`: with many pages open the server asks that they fetch spread over so many milliseconds. */
function refresh(topic: string, within = 0): void {
  for (const el of byTopic("data-live", topic)) schedule(el, DEBOUNCE_MS + Math.random() * within);
  for (const el of byTopic("data-redraw", topic)) redraw(el, topic);
  const tell = (): boolean => window.dispatchEvent(new CustomEvent("fengsui:topic", { detail: topic })); // what sounds asks, too
  if (within) window.setTimeout(tell, Math.random() * within);
  else tell();
}

function beat(server: string): void {
  learn(server);
  heardAt = performance.now();
  failures = 0;
  retry = FIRST_RETRY_MS;
  if (!behind.size) currentAt = now();
  look();
}

function open(): void {
  stream?.close();
  clearTimeout(retryTimer);
  stream = new EventSource(`/live?ticket=${encodeURIComponent(ticket)}&since=${encodeURIComponent(new Date(currentAt).toISOString())}`);
  stream.addEventListener("beat", (e) => beat((JSON.parse((e as MessageEvent).data) as { now: string }).now));
  stream.addEventListener("topic", (e) => {
    heardAt = performance.now();
    const told = JSON.parse((e as MessageEvent).data) as { topic: string; within?: number };
    refresh(told.topic, told.within);
  });
  stream.addEventListener("catchup", (e) => refresh("*", (JSON.parse((e as MessageEvent).data) as { within?: number }).within));
  stream.onerror = () => {
    // The browser's own retry has no back-off and gives up on an HTTP error: do it here.
    close();
    failures += 1;
    const wait = jitter(retry);
    retry = Math.min(retry * 2, LONGEST_RETRY_MS);
    retryTimer = window.setTimeout(open, wait);
    if (failures % 2 === 0) void checkSession();
  };
}
function close(): void {
  stream?.close();
  stream = null;
}

/** Is it still this person's session, in this world? Renews the ticket, too: a hall's screen stands for weeks. */
async function checkSession(): Promise<void> {
  const state = await askState(ticket);
  if (state === "unreachable") return;
  if (state === "logged-out") return standing.session("out");
  takeToken(state.csrf);
  if (person() && state.person !== person()) return standing.session("other");
  if (world() && state.world !== world()) return standing.session("world");
  standing.session("");
  if (state.ticket) ticket = state.ticket;
  if (!stream && !document.hidden) open();
  for (const el of behind.keys()) schedule(el, DEBOUNCE_MS);
}

/** Once a second: does the page still hear, did the machine sleep, is a fragment behind? */
function look(): void {
  const silent = performance.now() - (heardAt || begun);
  const oldest = Math.min(...[...behind.values()].map((each) => each.since));
  const late = Number.isFinite(oldest) && now() - oldest > SILENT_MS;
  if (silent > SILENT_MS || late) {
    standing.show(currentAt);
    if (stream && silent > 2 * SILENT_MS) { // half open: nothing comes, nothing breaks
      heardAt = performance.now() - SILENT_MS - 1;
      open();
    }
  } else if (heardAt) standing.heard(say(`${wall(new Date(currentAt))} 已收`, `heard ${wall(new Date(currentAt))}`));
}
const begun = performance.now();

/** After sleep or a long hidden time nothing on the page is believed until the next heartbeat. */
function wake(): void {
  heardAt = performance.now() - SILENT_MS - 1;
  retry = FIRST_RETRY_MS;
  look();
  open();
  void checkSession();
}

export function startLive(): void {
  currentAt = now();
  watchFragments();
  window.addEventListener("fengsui:refresh", (e) => refresh((e as CustomEvent<string>).detail));
  ticket = document.body.dataset.liveTicket ?? "";
  if (!ticket || document.body.dataset.kept) return;
  open();
  let asked = performance.now();
  setInterval(() => {
    // A set clock moves both ways; sleep moves the wall clock ahead. Either way the time shown is not to be trusted.
    if (Math.abs(drift()) > 5_000) return wake();
    if (document.hidden && hiddenSince && !document.documentElement.dataset.rings && performance.now() - hiddenSince > HIDDEN_MS) close(); // a browser has six connections for all its tabs
    else if (performance.now() - asked > ASK_MS) {
      asked = performance.now();
      void checkSession();
    }
    look();
  }, 1000);
  document.addEventListener("visibilitychange", () => {
    hiddenSince = document.hidden ? performance.now() : 0;
    if (!document.hidden && (!stream || performance.now() - heardAt > 10_000)) wake();
  });
  window.addEventListener("online", () => { retry = FIRST_RETRY_MS; open(); void checkSession(); });
  window.addEventListener("offline", () => { heardAt = performance.now() - SILENT_MS - 1; look(); });
  for (const name of ["fengsui:session", "focus"]) window.addEventListener(name, () => { if (name !== "focus" || standing.ended()) void checkSession(); });
}
