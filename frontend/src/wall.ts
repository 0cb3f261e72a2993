// The command hall: one fragment, fetched at each change and at least every twenty seconds. Nothing is kept between two
// looks, so that a week is like an hour. What is on the screen always says when it stood.

import "./css/wall.css";
import { stand } from "./clocks";
import { learn, now } from "./now";
import { say, span, wall } from "./words";

const SILENT_MS = 15_000, POLL_MS = 20_000, PACE_MS = 2_000, LATE_MS = 20_000, WIDE_FROM = 2.6;
const root = document.getElementById("wall")!, bar = document.getElementById("wall-stale")!;
const url = root.dataset.partUrl!;
let stream: EventSource | null = null, retry = 1_000, heard = Date.now(), asked = 0, waiting = 0, busy = false, over = false;
let stood = now();

// Who opens the page from a desk has no hall's setting: the window's own shape decides, once.
if ("anyShape" in root.dataset && !location.search.includes("layout=") && innerWidth < WIDE_FROM * innerHeight)
  location.replace(`?layout=single&factor=${innerWidth < 1500 ? 75 : 100}`);

const part = (): HTMLElement => root.querySelector<HTMLElement>(".wall-now")!;

/** Lists show what fits whole, and say how many more there are; nothing on a wall scrolls. */
function fit(): void {
  for (const list of root.querySelectorAll<HTMLElement>("[data-fit]")) {
    const rows = [...list.children].filter((each): each is HTMLElement => each instanceof HTMLElement);
    const head = list.parentElement!.querySelector("h2"), all = Number(list.dataset.all);
    head?.querySelector(".more")?.remove();
    for (const row of rows) row.hidden = false;
    let shown = all ? rows.length : 0;
    while (shown > 0 && list.scrollHeight > list.clientHeight) rows[--shown]!.hidden = true;
    if (shown < all) head?.append(Object.assign(document.createElement("b"), { className: "more", textContent: (list.dataset.more ?? "#").replace("#", String(all - shown)) }));
  }
  // 超 1 小时 31 分 is twice as long as 超 4 分 and must not run over its box.
  for (const chip of root.querySelectorAll<HTMLElement>(".clk")) {
    chip.classList.remove("long");
    chip.classList.toggle("long", (chip.firstElementChild as HTMLElement).offsetWidth > chip.clientWidth - 12);
  }
  const facts = root.querySelector<HTMLElement>(".facts"), said = [...(facts?.children ?? [])] as HTMLElement[];
  for (const each of said) each.hidden = false;
  while (facts && said.length && facts.scrollWidth > facts.clientWidth) said.pop()!.hidden = true;
}

async function look(): Promise<void> {
  if (busy || over) return;
  busy = true;
  asked = Date.now();
  const stop = new AbortController(), late = window.setTimeout(() => stop.abort(), LATE_MS);
  try {
    const answer = await fetch(url, { credentials: "same-origin", headers: { "HX-Request": "true" }, signal: stop.signal, cache: "no-store" });
    if (answer.status === 401 || answer.status === 403) return end();
    if (!answer.ok) throw new Error(String(answer.status));
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector<HTMLElement>(".wall-now");
    if (!fresh) throw new Error("no part");
    if (fresh.dataset.build !== part().dataset.build) return location.reload();
    root.replaceChildren(document.adoptNode(fresh));
    learn(fresh.dataset.at ?? "");
    heard = Date.now();
    stood = Date.parse(fresh.dataset.at ?? "") || now();
    standing(false);
    stand(true);
    stand(false);
    fit();
    tick();
  } catch {
    // The bar says it: what is shown stands.
  } finally {
    clearTimeout(late);
    busy = false;
  }
}

/** Revoked or over: nothing of what was shown may stay. */
function end(): void {
  over = true;
  stream?.close();
  root.replaceChildren();
  bar.hidden = true;
  document.getElementById("wall-ended")!.hidden = false;
}

function soon(): void {
  if (waiting) return;
  waiting = window.setTimeout(() => { waiting = 0; void look(); }, Math.max(300, asked + PACE_MS - Date.now()));
}

function listen(): void {
  stream?.close();
  if (over) return;
  stream = new EventSource(`/live?ticket=${encodeURIComponent(part().dataset.ticket ?? "")}`);
  stream.addEventListener("beat", (e) => {
    learn((JSON.parse((e as MessageEvent).data) as { now: string }).now);
    retry = 1_000;
    // A beat says that the server lives; whether what is shown is fresh, only a look says.
    if (Date.now() - heard > 5_000) soon();
  });
  stream.addEventListener("topic", soon);
  stream.addEventListener("catchup", soon);
  stream.onerror = () => {
    stream?.close();
    stream = null;
    window.setTimeout(listen, retry * (0.75 + Math.random() / 2));
    retry = Math.min(retry * 2, 30_000);
  };
}

function standing(on: boolean): void {
  bar.hidden = !on;
  document.body.classList.toggle("standing", on);
  stand(on);
  if (!on) return;
  const at = wall(new Date(stood)), since = span((now() - stood) / 1000);
  bar.querySelector("[data-stale-title]")!.textContent = say(`连接断了 ${since}，画面停在 ${at}`, `Connection lost for ${since}; this stands at ${at}`);
  bar.querySelector("[data-stale-text]")!.textContent = say("读数、状态不再更新，时限只示到时时刻；以电话核实为准。正在重连", "Readings and states no longer update, clocks show when they are due; verify by telephone. Reconnecting");
}

function tick(): void {
  if (over) return;
  const t = new Date(now()), it = part();
  const clock = it.querySelector("[data-wall-clock]"), seconds = it.querySelector("[data-wall-seconds]");
  if (clock) clock.textContent = wall(t, false);
  if (seconds) seconds.textContent = wall(t).slice(6);
  const newest = Date.parse(it.dataset.newest ?? ""), place = it.querySelector("[data-heard]"), text = it.querySelector("[data-heard-text]");
  if (Number.isFinite(newest) && place && text) {
    const old = (now() - newest) / 1000, late = old > Number(it.dataset.old);
    place.classList.toggle("old", late);
    text.textContent = late ? say(`${span(old)}没有收到数`, `nothing received for ${span(old)}`) : say(`${span(old)}前收数`, `heard ${span(old)} ago`);
  }
  if (Date.now() - heard > SILENT_MS) standing(true);
  if (Date.now() - asked > POLL_MS || (Date.now() - heard > 5_000 && Date.now() - asked > 3_000)) void look();
}

document.documentElement.dataset.theme = "dark"; // a hall is dark, whatever this browser was set to at a desk
fit();
tick();
listen();
setInterval(tick, 1000);
window.addEventListener("resize", fit);
window.addEventListener("fengsui:look", () => void look());
window.addEventListener("online", () => void look());
document.fonts?.ready.then(fit);
