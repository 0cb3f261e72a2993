// The phone without network: the shell's files, the pages that the server allows to be kept (X-Fengsui-Keep names whose),
// and the sending of the queue when the system wakes us. A kept page is marked with the time at which it was seen.

import { flush } from "./queue/flush";

interface Worker {
  FENGSUI: { version: string; assets: string[]; words: { title: string; text: string; pages: string; again: string; lang: string } };
  addEventListener(kind: string, run: (e: never) => void): void;
  skipWaiting(): Promise<void>;
  clients: { claim(): Promise<void>; matchAll(o?: object): Promise<{ url: string; focus(): Promise<unknown> }[]>; openWindow(url: string): Promise<unknown> };
}
interface Life extends Event { waitUntil(p: Promise<unknown>): void }
interface Asked extends Life { request: Request; respondWith(r: Promise<Response>): void }

const me = self as unknown as Worker;
const SHELL = `fengsui-shell-${me.FENGSUI.version}`, FILES = "fengsui-files", SEEN = "fengsui-seen", OWNER = "/live/owner";
const NAVIGATION_MS = 12_000;
/** Copies live as long as a session may: what was shown without a login was shown to somebody logged in before. */
const KEPT_MS = 12 * 3_600_000;
const MOST = 40;
const AT = "x-fengsui-seen-at", WHOSE = "x-fengsui-keep";

me.addEventListener("install", (e: Life) => e.waitUntil(caches.open(SHELL).then((it) => it.addAll(me.FENGSUI.assets)).then(() => me.skipWaiting())));
me.addEventListener("activate", (e: Life) => e.waitUntil((async () => {
  for (const name of await caches.keys()) if (name.startsWith("fengsui-shell-") && name !== SHELL) await caches.delete(name);
  await me.clients.claim();
})()));

me.addEventListener("fetch", (e: Asked) => {
  const { request } = e, url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== location.origin) return;
  if (request.mode === "navigate") e.respondWith(navigate(request));
  else if (url.pathname.startsWith("/static/")) e.respondWith(file(request));
});

/** Built files carry a hash in their name: what is there is right. */
async function file(request: Request): Promise<Response> {
  const held = await caches.match(request);
  if (held) return held;
  const answer = await fetch(request);
  if (answer.ok && new URL(request.url).pathname.startsWith("/static/dist/assets/")) await (await caches.open(FILES)).put(request, answer.clone());
  return answer;
}

async function navigate(request: Request): Promise<Response> {
  try {
    const answer = await fetch(request, { signal: AbortSignal.timeout(NAVIGATION_MS) });
    const whose = answer.headers.get(WHOSE);
    if (answer.ok && whose) await keep(request, answer.clone(), whose);
    return answer;
  } catch {
    return (await seen(request)) ?? nothing();
  }
}

async function owned(whose: string): Promise<Cache> {
  const store = await caches.open(SEEN);
  if ((await (await store.match(OWNER))?.text()) === whose) return store;
  await caches.delete(SEEN); // another person on this phone does not see them
  const fresh = await caches.open(SEEN);
  await fresh.put(OWNER, new Response(whose));
  return fresh;
}

async function keep(request: Request, answer: Response, whose: string): Promise<void> {
  const store = await owned(whose), old = await store.keys();
  for (const each of old.slice(1, Math.max(1, old.length - MOST))) await store.delete(each);
  await store.put(request.url, new Response(await answer.text(), { headers: { "content-type": "text/html; charset=utf-8", [AT]: new Date().toISOString(), "content-security-policy": answer.headers.get("content-security-policy") ?? "default-src 'self'" } }));
}

const fresh = (it: Response | undefined): it is Response => it !== undefined && Date.now() - Date.parse(it.headers.get(AT) ?? "") < KEPT_MS;

async function seen(request: Request): Promise<Response | null> {
  const held = await (await caches.open(SEEN)).match(request.url.split("#")[0] ?? request.url);
  if (!fresh(held)) return null;
  const text = (await held.text()).replace("<body ", `<body data-kept="${held.headers.get(AT) ?? ""}" `);
  return new Response(text, { headers: held.headers });
}

const safe = (text: string): string => text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);

/** Not seen before: say so, and lead to what was. */
async function nothing(): Promise<Response> {
  const { words, assets } = me.FENGSUI, store = await caches.open(SEEN), pages: string[] = [];
  for (const each of await store.keys()) {
    const held = await store.match(each);
    if (!fresh(held)) continue;
    const title = /<title>([^<]*)<\/title>/.exec(await held.text())?.[1] ?? each.url;
    pages.push(`<li><b><a href="${safe(new URL(each.url).pathname)}">${title}</a></b></li>`);
  }
  const sheets = assets.filter((each) => each.endsWith(".css")).map((each) => `<link rel="stylesheet" href="${safe(each)}">`).join("");
  const html = `<!doctype html><html lang="${words.lang}" data-theme="sun"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><title>${words.title}</title>${sheets}</head><body class="phone"><div class="offbar"><b>${words.title}</b><span>${words.text}</span></div><main id="main">${pages.length ? `<h3>${words.pages}</h3><ul class="queue">${pages.join("")}</ul>` : ""}<p class="p-act"><a class="act1" href="">${words.again}</a></p></main></body></html>`;
  return new Response(html, { status: 503, headers: { "content-type": "text/html; charset=utf-8" } });
}

me.addEventListener("message", (e: MessageEvent<{ kind: string; person?: string }> & Life) => {
  if (e.data.kind === "forget") e.waitUntil(caches.delete(SEEN));
  else if (e.data.kind === "person" && e.data.person) e.waitUntil(owned(e.data.person));
});

/** The browser found network while no page was open. A rejected promise makes it try again later. */
me.addEventListener("sync", (e: Life & { tag: string }) => {
  if (e.tag === "fengsui-queue") e.waitUntil(flush(null).then((told) => { if (told.outcome === "unreachable") throw new Error("unreachable"); }));
});

me.addEventListener("notificationclick", (e: Life & { notification: Notification }) => {
  e.notification.close();
  e.waitUntil(me.clients.matchAll({ type: "window" }).then((open) => open[0]?.focus() ?? me.clients.openWindow("/")));
});
