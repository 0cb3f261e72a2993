// The phone's queue on its page: a form marked data-queue is first put on the disk, then sent. Without network it waits.

import { done, save } from "../forms/drafts";
import { quiet, tell } from "../forms/send";
import { now } from "../now";
import { smaller } from "../photo";
import { loginUrl, person, world } from "../session";
import { uuid } from "../uuid";
import { say, wallOn } from "../words";
import { flush, type Flushed } from "./flush";
import { discard, put, sentBy, waiting, type Item, type Part } from "./store";

const FIRST_MS = 4_000, LONGEST_MS = 60_000;
let wait = FIRST_MS, timer = 0, loggedOut = false;
const working = new WeakSet<HTMLFormElement>();
const inDrill = (): boolean => document.documentElement.dataset.world === "drill";

async function partsOf(form: HTMLFormElement, submitter: HTMLElement | null): Promise<Part[]> {
  const parts: Part[] = [];
  for (const [name, value] of new FormData(form, submitter)) {
    if (name === "csrfmiddlewaretoken" || name === "_once") continue;
    if (typeof value === "string") parts.push({ name, value });
    else if (value.size) parts.push({ name, value: await smaller(value).catch(() => value), file: "photo.jpg" });
  }
  return parts;
}

async function keep(form: HTMLFormElement, submitter: HTMLElement | null): Promise<void> {
  submitter?.setAttribute("aria-busy", "true");
  const heading = document.querySelector("main h1")?.textContent?.trim() ?? "";
  const url = new URL(submitter?.getAttribute("formaction") ?? form.action, location.href).pathname;
  const item: Item = {
    key: uuid(), person: person(), world: world(), url, madeAt: new Date(now()).toISOString(), state: "waiting", why: "", todo: "",
    title: [submitter?.textContent?.trim(), heading].filter(Boolean).join(" · ").slice(0, 120), parts: await partsOf(form, submitter),
  };
  try {
    await put(item);
  } catch {
    return tell({ title: say("手机存不下这一条", "The phone cannot store this report"), text: say("填的还在。连上网络，或腾出空间后再按。", "What you typed is here. Press again with network, or after making room.") });
  } finally {
    submitter?.removeAttribute("aria-busy");
  }
  quiet();
  const told = await run();
  const arrived = told.sent.find((each) => each.item.key === item.key);
  if (arrived) {
    done(form);
    return location.assign(arrived.to || location.href);
  }
  if (told.refused.some((each) => each.key === item.key)) {
    const refused = (await waiting(person())).find((each) => each.key === item.key);
    await discard(item.key); // its form stands here with everything in it
    save(form);
    await draw();
    return tell({ title: refused?.why ?? "", text: refused?.todo ?? "" });
  }
  done(form);
  form.reset();
  const sync = (await navigator.serviceWorker?.getRegistration()) as (ServiceWorkerRegistration & { sync?: { register(tag: string): Promise<void> } }) | undefined;
  await sync?.sync?.register("fengsui-queue").catch(() => undefined);
}

/** True where the form was taken: it will be sent from the queue, now or when there is network. */
export function takes(form: HTMLFormElement, submitter: HTMLElement | null): boolean {
  if (!form.matches("[data-queue]") || !("indexedDB" in window) || !person()) return false;
  if (working.has(form)) return true;
  working.add(form);
  void keep(form, submitter).finally(() => working.delete(form));
  return true;
}

async function run(): Promise<Flushed> {
  clearTimeout(timer);
  const told = await flush(person()).catch((): Flushed => ({ outcome: "unreachable", sent: [], refused: [], person: "" }));
  loggedOut = told.outcome === "logged-out";
  const left = await draw();
  wait = told.outcome === "done" ? FIRST_MS : Math.min(wait * 2, LONGEST_MS);
  if (left) timer = window.setTimeout(() => void run(), wait * (0.75 + Math.random() / 2));
  return told;
}

const make = <K extends keyof HTMLElementTagNameMap>(tag: K, over: Partial<HTMLElementTagNameMap[K]>, ...inside: (Node | string)[]): HTMLElementTagNameMap[K] => {
  const el = Object.assign(document.createElement(tag), over);
  el.append(...inside);
  return el;
};
const at = (iso: string): string => wallOn(new Date(iso), new Date(now()));

function stateOf(item: Item): string {
  if (item.state === "refused") return say("没有收下", "Not accepted");
  if (item.state === "old") return say("放了七天以上，看过再送", "Older than seven days: look, then send");
  if (item.world !== world()) return inDrill() ? say("是实战里写的，回到实战后发", "Written in the live world: sent when you are back there") : say("是演练里写的，回到演练后发", "Written in an exercise: sent when you are back in it");
  return loggedOut ? say("等登录", "Waits for your login") : say("等网络", "Waits for the network");
}

function row(item: Item): HTMLLIElement {
  const photo = item.parts.find((each) => typeof each.value !== "string");
  const size = photo && typeof photo.value !== "string" ? `　${say("照片", "photo")} ${(photo.value.size / 1e6).toFixed(1)} MB` : "";
  const li = make("li", {}, make("span", { textContent: at(item.madeAt) }), make("b", { textContent: item.title + size }), make("span", { textContent: stateOf(item) }));
  const acts = make("div", { className: "two" });
  if (item.state !== "waiting") {
    const again = make("button", { type: "button", className: "act2", textContent: say("再送一次", "Send again") });
    again.addEventListener("click", () => void put({ ...item, state: "waiting", why: "", todo: "", madeAt: item.state === "old" ? new Date(now()).toISOString() : item.madeAt }).then(run));
    li.append(make("p", { className: "fine" }, make("b", { textContent: item.why }), " ", item.todo));
    acts.append(again);
  }
  const away = make("button", { type: "button", className: "act2", textContent: say("丢弃", "Discard") });
  away.addEventListener("click", () => {
    if (!away.dataset.armed) { // the second press, on other words, is the one that counts
      away.dataset.armed = "1";
      away.textContent = say("丢弃这一条，不能找回", "Discard it for good");
      return;
    }
    void discard(item.key).then(draw);
  });
  acts.append(away);
  li.append(acts);
  return li;
}

/** The list on the page and the line above it; returns how many still wait to be sent. */
async function draw(): Promise<number> {
  const whose = person();
  const [items, sent] = whose ? await Promise.all([waiting(whose), sentBy(whose)]) : [[], []];
  const place = document.getElementById("unsent");
  if (place && !place.querySelector("[data-armed]")) {
    place.hidden = !items.length && !sent.length;
    const list = make("ul", {}, ...items.map(row), ...sent.slice(0, 5).map((each) =>
      make("li", { className: "ok" }, make("span", { textContent: at(each.madeAt) }), make("b", { textContent: each.title }), make("span", { textContent: say(`✓ 已收 ${at(each.gotAt)}`, `✓ received ${at(each.gotAt)}`) }))));
    place.replaceChildren(make("h3", { textContent: items.length ? say(`没发出 ${items.length} 条`, `Not sent yet: ${items.length}`) : say("都已发出", "All sent") }), list);
  }
  const line = document.getElementById("queue-line");
  if (line) {
    line.hidden = !items.length;
    const words = loggedOut ? say(`没发出 ${items.length} 条，登录后自动发，只发一次`, `${items.length} not sent: they go out once, after you log in`)
      : say(`存了 ${items.length} 条，连上自动发，只发一次`, `${items.length} stored: sent by itself, once, when there is network`);
    line.replaceChildren(make("b", { textContent: words }), loggedOut ? make("a", { href: loginUrl(), className: "btn", textContent: say("去登录", "Log in") }) : "");
  }
  return items.filter((each) => each.state === "waiting").length;
}

export function startQueue(): void {
  if (!document.getElementById("unsent") || !("indexedDB" in window)) return;
  window.addEventListener("online", () => { wait = FIRST_MS; void run(); });
  document.addEventListener("visibilitychange", () => { if (!document.hidden) void run(); });
  void draw().then((left) => { if (left) void run(); });
}
