// What is mine and burning calls until it is acknowledged or done. Of several tabs one sounds: who holds the lock.
// Nothing personal is in a notification: what is owed and for how long, no names, places or numbers.

import { calling, SOUNDS, type Owed } from "./alarm/rules";
import { acknowledge, changedElsewhere, heard, wish, wishes, type Wishes } from "./alarm/settings";
import { blocked, play, unlock } from "./alarm/sound";
import { now } from "./now";
import { person } from "./session";
import { remaining, say } from "./words";

const HIDDEN_ASK_MS = 60_000;
let owed: Owed[] = [];
let sounds = false;
let notifies = false;
let nextSound = 0;
let nextAsk = 0;
let told = "";
let timer = 0;

const inDrill = (): boolean => document.documentElement.dataset.world === "drill";
const drillWord = (): string => (inDrill() ? say("演练 ", "Exercise ") : "");
const mayCall = (): boolean => !inDrill() || wishes().drill;

async function ask(url: string): Promise<void> {
  try {
    const answer = await fetch(url, { headers: { "HX-Request": "true" }, cache: "no-store", redirect: "manual", signal: AbortSignal.timeout(10_000) });
    if (!answer.ok) return;
    const facts = (await answer.json()) as { owed: { key: string; verb: string; url: string; due: string; near_s: number; fresh: boolean }[] };
    owed = facts.owed.map((it) => ({ ...it, due: Date.parse(it.due), near: it.near_s * 1000 }));
    tick();
  } catch { /* the page's own bar says that nothing is heard; what is known goes on calling by its clock */ }
}

/** A lock is held until the tab closes; then another tab gets it. Without https there are none: each tab calls for itself. */
function hold(name: string, got: () => void): void {
  if (navigator.locks) void navigator.locks.request(`${name}:${person()}`, () => { got(); return new Promise(() => undefined); });
  else got();
}
let contends = false;
async function ready(): Promise<void> {
  if (!wishes().sound || !(await unlock()) || contends) return tick();
  contends = true; // only a tab that may sound stands for the lock: else a silent one would keep it
  hold("fengsui-sound", () => { sounds = true; document.documentElement.dataset.rings = "1"; tick(); });
  tick();
}

async function notify(title: string, body: string): Promise<void> {
  const options = { body, tag: "fengsui-alarm", silent: true, lang: document.documentElement.lang, icon: "/static/icons/icon-192.png" };
  const worker = await navigator.serviceWorker?.getRegistration();
  if (worker?.active) return worker.showNotification(title, options);
  const shown = new Notification(title, options);
  shown.addEventListener("click", () => { window.focus(); shown.close(); });
}

function strip(): void {
  const place = document.getElementById("alarm");
  if (!place) return;
  const calls = calling(owed, heard(), now()), first = calls[0];
  place.hidden = !first;
  if (!first) { place.replaceChildren(); return; }
  place.dataset.stage = String(first.stage);
  place.dataset.sounds = String(sounds && !blocked() && wishes().sound && mayCall());
  const text = `${drillWord()}${say(`等你办 ${calls.length} 件：`, `${calls.length} waiting for you: `)}${first.it.verb} ${remaining((first.it.due - now()) / 1000)}`;
  let label = place.querySelector("b");
  if (!label) {
    const go = Object.assign(document.createElement("a"), { className: "btn", textContent: say("去办", "Open") });
    const quiet = Object.assign(document.createElement("button"), { type: "button", className: "btn folded", textContent: say("知道了，不响", "I know, be quiet") });
    quiet.addEventListener("click", hush);
    const hint = Object.assign(document.createElement("button"), { type: "button", className: "btn folded" });
    hint.dataset.alarmOn = "";
    const more = Object.assign(document.createElement("button"), { type: "button", className: "btn unfold", ariaLabel: say("展开提醒", "Unfold the alarm"), ariaExpanded: "false" });
    more.dataset.unfold = "alarm";
    place.replaceChildren((label = document.createElement("b")), go, quiet, hint, more);
  }
  if (label.textContent !== text) label.textContent = text;
  place.querySelector("a")!.href = first.it.url;
  const hint = place.querySelector<HTMLElement>("[data-alarm-on]")!;
  const words = !mayCall() ? say("演练中不响", "Silent in exercises") : !wishes().sound ? say("打开声音", "Turn sound on") : blocked() ? say("浏览器拦住了声音，按此放行", "The browser blocks sound: press to allow") : "";
  hint.hidden = !words;
  (hint as HTMLButtonElement).disabled = !mayCall();
  if (hint.textContent !== words) hint.textContent = words;
}

function hush(): void {
  const stages = Object.fromEntries(calling(owed, heard(), now()).map((each) => [each.it.key, each.stage]));
  acknowledge(stages, owed.map((it) => it.key));
  tick();
}

function tick(): void {
  strip();
  const first = calling(owed, heard(), now())[0];
  if (!first) { told = ""; nextSound = 0; return; }
  if (!mayCall()) return;
  if (sounds && wishes().sound && performance.now() >= nextSound) {
    play(SOUNDS[first.stage].tones, wishes().loud);
    nextSound = performance.now() + SOUNDS[first.stage].every;
  }
  const news = `${first.it.key}:${first.stage}`;
  if (notifies && wishes().notify && document.hidden && news !== told && "Notification" in window && Notification.permission === "granted") {
    told = news;
    void notify(`${drillWord()}${say("烽燧：等你办", "Fengsui: waiting for you")}`, `${first.it.verb} ${remaining((first.it.due - now()) / 1000)}`);
  }
}

const WORDS: Record<keyof Wishes, () => [string, string]> = {
  sound: () => [say("提示音 开", "Sound on"), say("提示音 关", "Sound off")],
  loud: () => [say("响声 大", "Loud"), say("响声 小", "Soft")],
  notify: () => [say("桌面通知 开", "Notifications on"), say("桌面通知 关", "Notifications off")],
  drill: () => [say("演练中也响", "Also in exercises"), say("演练中不响", "Silent in exercises")],
};

function marks(): void {
  const has = wishes();
  for (const button of document.querySelectorAll<HTMLElement>("[data-alarm-wish]")) {
    const which = button.dataset.alarmWish as keyof Wishes;
    button.setAttribute("aria-pressed", String(has[which]));
    button.textContent = WORDS[which]()[has[which] ? 0 : 1];
  }
  for (const line of document.querySelectorAll<HTMLElement>("[data-alarm-said]")) {
    const refused = has.notify && "Notification" in window && Notification.permission === "denied";
    line.textContent = !("Notification" in window) || !isSecureContext ? say("这个地址不是 https，浏览器不给通知", "The browser gives no notifications without https")
      : refused ? say("浏览器不许通知：在地址栏左边的网站设置里放行", "The browser forbids notifications: allow them in the site settings left of the address")
        : has.sound && blocked() ? say("浏览器要你先在本页按一下，才让响", "The browser wants one press on this page before it may sound") : "";
  }
}

async function turn(which: keyof Wishes): Promise<void> {
  const on = !wishes()[which];
  if (which === "notify" && on && "Notification" in window) await Notification.requestPermission();
  wish({ [which]: on });
  if (wishes().sound) await ready();
  if (which === "sound" && on) play(SOUNDS[1].tones, wishes().loud);
  marks();
  tick();
}

export function startAlarm(): void {
  const url = document.body.dataset.alarm;
  if (!url || !person() || document.body.dataset.kept) return;
  document.addEventListener("click", (e) => {
    const target = e.target as Element, which = target.closest<HTMLElement>("[data-alarm-wish]")?.dataset.alarmWish;
    if (which) void turn(which as keyof Wishes);
    else if (target.closest("[data-alarm-on]")) { if (wishes().sound) void ready(); else void turn("sound"); }
  });
  // Any press on the page unlocks it, so that the next sound is not the first that is missed.
  for (const kind of ["pointerdown", "keydown"]) document.addEventListener(kind, () => { if (wishes().sound && blocked()) void ready().then(marks); }, { capture: true });
  changedElsewhere(() => { marks(); tick(); });
  hold("fengsui-notify", () => { notifies = true; });
  const soon = () => { clearTimeout(timer); timer = window.setTimeout(() => void ask(url), 400); };
  window.addEventListener("fengsui:topic", soon);
  void ask(url);
  if (wishes().sound) void ready();
  marks();
  setInterval(() => {
    if (document.hidden && (sounds || notifies) && performance.now() > nextAsk) {
      nextAsk = performance.now() + HIDDEN_ASK_MS;
      void ask(url);
    }
    tick();
  }, 1000);
}
