// Before a form leaves, the page asks whether anybody is there: no connection or an ended session is said here, beside what was typed.
// Each form carries a key, so that pressing again after a lost answer does nothing twice (core.web.once).

import { askState, loginUrl, person, takeToken, world } from "../session";
import { say } from "../words";
import { done, onceOf, save } from "./drafts";
import { kept, secret, touched } from "./values";

const AGAIN_MS = 1500;
const passed = new WeakSet<HTMLFormElement>();
const asking = new WeakSet<HTMLFormElement>();
const sentAt = new WeakMap<HTMLFormElement, number>();

const byHtmx = (form: HTMLFormElement): boolean => [...form.attributes].some((each) => /^hx-(post|put|patch|delete)/.test(each.name));
/** Forms before the login and those that change only the browser's own view. */
const free = (form: HTMLFormElement): boolean => form.closest(".door") !== null || ["/logout/", "/language/"].includes(form.getAttribute("action") ?? "");

export function mark(form: HTMLFormElement): void {
  let field = form.querySelector<HTMLInputElement>(":scope > input[name=_once]");
  if (!field) form.append((field = Object.assign(document.createElement("input"), { type: "hidden", name: "_once" })));
  field.value = onceOf(form);
}

interface Told { title: string; text: string; act?: { words: string; url?: string; press?: () => void } }

export function tell({ title, text, act }: Told): void {
  const place = document.getElementById("said");
  if (!place) return;
  const box = Object.assign(document.createElement("div"), { className: "box bad" });
  box.append(Object.assign(document.createElement("b"), { textContent: title }), Object.assign(document.createElement("span"), { className: "t13", textContent: text }));
  if (act) {
    const button = act.url ? Object.assign(document.createElement("a"), { href: act.url }) : Object.assign(document.createElement("button"), { type: "button" });
    Object.assign(button, { className: "btn", textContent: act.words });
    if (act.press) button.addEventListener("click", act.press);
    box.append(button);
  }
  place.replaceChildren(box);
  place.scrollIntoView({ block: "nearest" });
}

export const quiet = (): void => document.getElementById("said")?.replaceChildren();

async function ask(form: HTMLFormElement, submitter: HTMLElement | null): Promise<void> {
  submitter?.setAttribute("aria-busy", "true");
  const state = await askState();
  submitter?.removeAttribute("aria-busy");
  const again = { words: say("再送一次", "Send again"), press: () => { quiet(); form.requestSubmit(submitter?.isConnected ? submitter : null); } };
  if (state === "unreachable") {
    window.dispatchEvent(new Event("fengsui:unreachable"));
    return tell({ title: say("没有送出：连不上系统", "Not sent: the system cannot be reached"), text: say("填的都在。连上以后再送，不会重复办。", "All you typed is here. Send it again when the connection is back; it will not be done twice."), act: again });
  }
  if (state === "logged-out") {
    window.dispatchEvent(new Event("fengsui:session"));
    return tell({ title: say("没有送出：登录已过期", "Not sent: your session has ended"), text: say("填的都在。登录后回到这里，看过再按一次才会办。", "All you typed is kept. Log in, come back here and press again; nothing is done by itself."), act: { words: say("去登录", "Log in"), url: loginUrl() } });
  }
  if ((person() && state.person !== person()) || (world() && state.world !== world()))
    return tell({ title: say("没有送出：这个浏览器已换人登录，或切换了实战和演练", "Not sent: another person logged in here, or the exercise was entered or left"), text: say("这一页属于先前的登录。填的仍为先前的人留着。", "This page belongs to the earlier login; what was typed is kept for that person."), act: { words: say("打开首页", "Open the first page"), url: "/" } });
  takeToken(state.csrf);
  passed.add(form);
  form.requestSubmit(submitter?.isConnected ? submitter : null);
}

/** takes: a handler that keeps the form itself (the queue of the phone). True where it did. */
export function startSending(takes: (form: HTMLFormElement, submitter: HTMLElement | null) => boolean): void {
  document.addEventListener("submit", (e) => {
    const form = e.target as HTMLFormElement;
    if (form.method !== "post" || free(form)) return;
    const halt = () => { e.preventDefault(); e.stopImmediatePropagation(); };
    const cleared = passed.delete(form);
    // A second press within seconds is a trembling finger, not a second wish; unless something new was typed.
    const soon = Date.now() - (sentAt.get(form) ?? -AGAIN_MS) < AGAIN_MS;
    if (!cleared && (asking.has(form) || (soon && !(form.matches("[data-queue]") && touched(form))))) return halt();
    if (!cleared && takes(form, e.submitter)) { sentAt.set(form, Date.now()); return halt(); }
    if (!secret(form)) mark(form);
    if (cleared || byHtmx(form)) {
      sentAt.set(form, Date.now());
      if (kept(form)) save(form, true);
      return;
    }
    halt();
    asking.add(form);
    if (kept(form)) save(form);
    void ask(form, e.submitter).finally(() => asking.delete(form));
  }, true);
  document.addEventListener("htmx:after:request", (event) => {
    const ctx = (event as unknown as CustomEvent<{ ctx: { sourceElement?: Element; response?: { status: number } } }>).detail.ctx;
    const form = ctx.sourceElement?.closest("form");
    if (form && ctx.response && ctx.response.status < 400) done(form);
  });
  window.addEventListener("pageshow", (e) => { if (e.persisted) location.reload(); });
}
