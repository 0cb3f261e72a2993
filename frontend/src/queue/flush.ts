// Send what waits, each exactly once: the key goes with it, the server keeps it with the work (core.web.once).
// Runs in a page or in the service worker, never in two places at once.

import { arrived, put, waiting, type Item } from "./store";

/** Held while anything is being sent. */
export const QUEUE_LOCK = "fengsui-queue";
const SEND_MS = 60_000;
/** Older reports wait until their writer has looked at them (OLDEST of core.web.once). */
const OLD_MS = 7 * 86_400_000;

export type Outcome = "done" | "unreachable" | "logged-out" | "refused";
interface State { person: string; world: string; csrf: string; now: string }
/** left: what still waits and may be sent. */
export interface Flushed { outcome: Outcome; sent: { item: Item; to: string }[]; refused: Item[]; person: string }

async function askState(): Promise<State | "unreachable" | "logged-out"> {
  try {
    const answer = await fetch("/live/state", { headers: { "HX-Request": "true" }, cache: "no-store", redirect: "manual", signal: AbortSignal.timeout(8_000) });
    if (answer.status === 401 || answer.status === 403) return "logged-out";
    return answer.ok ? ((await answer.json()) as State) : "unreachable";
  } catch {
    return "unreachable";
  }
}

/** The words of a refusal, from a page or a fragment that explains it. */
export function reasonOf(text: string): { why: string; todo: string } {
  const bare = (html: string | undefined): string => (html ?? "").replace(/<[^>]*>/g, " ").replace(/&[a-z#0-9]+;/g, " ").replace(/\s+/g, " ").trim();
  const box = /<div class="box bad"[^>]*>\s*<b>([\s\S]*?)<\/b>\s*<span[^>]*>([\s\S]*?)<\/span>\s*<\/div>/.exec(text);
  const errors = [...text.matchAll(/<span class="err"[^>]*>([\s\S]*?)<\/span>/g)].map((each) => bare(each[1]));
  const title = /<h1>([\s\S]*?)<\/h1>\s*<p class="prose">([\s\S]*?)<\/p>/.exec(text);
  const pair = box ?? title;
  return { why: bare(pair?.[1]), todo: [bare(pair?.[2]), ...errors].filter(Boolean).join("；") };
}

async function send(item: Item, csrf: string): Promise<Outcome | { to: string; at: string }> {
  const body = new FormData();
  for (const part of item.parts) {
    if (typeof part.value === "string") body.append(part.name, part.value);
    else body.append(part.name, part.value, part.file ?? "photo.jpg");
  }
  let answer: Response;
  try {
    answer = await fetch(item.url, {
      method: "POST", body, redirect: "manual", signal: AbortSignal.timeout(SEND_MS),
      headers: { "HX-Request": "true", "X-CSRFToken": csrf, "X-Fengsui-Once": item.key, "X-Fengsui-Queued": "1", "X-Fengsui-Made": item.madeAt },
    });
    if (answer.status === 401) return "logged-out";
    if (answer.status >= 500 || answer.status === 429 || answer.type === "opaqueredirect") return "unreachable";
    const text = await answer.text();
    const json = answer.headers.get("content-type")?.includes("json") ? (JSON.parse(text) as { to?: string; what?: string; todo?: string }) : null;
    if (answer.ok && json) return { to: json.to ?? "", at: answer.headers.get("date") ?? "" };
    if (answer.ok) return "unreachable"; // not an answer of ours: a sign-in page of the network between, for instance
    const told = json ? { why: json.what ?? "", todo: json.todo ?? "" } : reasonOf(text);
    await put({ ...item, state: "refused", why: told.why || `HTTP ${answer.status}`, todo: told.todo });
    return "refused";
  } catch {
    return "unreachable";
  }
}

async function all(person: string | null): Promise<Flushed> {
  const told: Flushed = { outcome: "done", sent: [], refused: [], person: person ?? "" };
  const state = await askState();
  if (typeof state === "string") return { ...told, outcome: state };
  told.person = state.person;
  if (person !== null && state.person !== person) return { ...told, outcome: "logged-out" };
  for (const item of await waiting(state.person)) {
    if (item.state !== "waiting" || item.world !== state.world) continue;
    if (Date.parse(state.now) - Date.parse(item.madeAt) > OLD_MS) {
      await put({ ...item, state: "old" });
      continue;
    }
    const result = await send(item, state.csrf);
    if (typeof result === "object") {
      const at = Number.isFinite(Date.parse(result.at)) ? new Date(result.at).toISOString() : new Date().toISOString();
      await arrived(item, { key: item.key, person: item.person, title: item.title, madeAt: item.madeAt, gotAt: at, to: result.to });
      told.sent.push({ item, to: result.to });
    } else if (result === "refused") told.refused.push(item);
    else return { ...told, outcome: result };
  }
  return told;
}

/** `person`: who has the page; null in the service worker, which takes whoever is logged in. */
export const flush = (person: string | null): Promise<Flushed> =>
  navigator.locks ? navigator.locks.request(QUEUE_LOCK, () => all(person)) : all(person);
