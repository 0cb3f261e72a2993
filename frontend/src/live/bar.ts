// What a page says about itself: when it last heard, or since when it stands. A page that stands never looks live.

import { stand } from "../clocks";
import { now } from "../now";
import { loginUrl } from "../session";
import { say, span, wall, wallOn } from "../words";

type Session = "" | "out" | "other" | "world";
let session: Session = "";
let at = 0;

function mark(state: "on" | "lost", text: string): void {
  const el = document.getElementById("heard");
  if (!el) return;
  el.dataset.heard = state;
  const label = el.querySelector("[data-heard-text]");
  if (label && label.textContent !== text) label.textContent = text;
}

function bar(title: string, text: string, link: { url: string; words: string } | null): void {
  const el = document.getElementById("offbar");
  if (!el) return;
  el.hidden = false;
  document.documentElement.classList.add("standing");
  const [head, body] = [el.querySelector("[data-off-title]"), el.querySelector("[data-off-text]")];
  if (head && head.textContent !== title) head.textContent = title;
  if (body && body.textContent !== text) body.textContent = text;
  let act = el.querySelector<HTMLAnchorElement>("a");
  if (!link) return void act?.remove();
  if (!act) el.append((act = document.createElement("a")));
  if (act.textContent !== link.words) Object.assign(act, { href: link.url, textContent: link.words, className: "btn sm" });
}

function draw(): void {
  stand(true);
  const since = wallOn(new Date(at), new Date(now()));
  mark("lost", say(`停在 ${wall(new Date(at))}`, `stands at ${wall(new Date(at))}`));
  if (session === "out")
    return bar(say(`登录已过期，页面停在 ${since}`, `Your session has ended; this page stands at ${since}`),
      say("填的都在。重新登录后回到这里，再按一次才会办。", "What you typed is kept. Log in again to come back here; nothing is done until you press again."),
      { url: loginUrl(), words: say("去登录", "Log in") });
  if (session === "other")
    return bar(say(`这个浏览器已换人登录，页面停在 ${since}`, `Somebody else has logged in here; this page stands at ${since}`),
      say("这一页不再更新，也不能再办。", "It no longer updates and nothing can be done on it."), { url: "/", words: say("打开首页", "Open the first page") });
  if (session === "world")
    return bar(say(`实战和演练已在别处切换，页面停在 ${since}`, `The exercise was entered or left elsewhere; this page stands at ${since}`),
      say("这一页不再更新，也不能再办。", "It no longer updates and nothing can be done on it."), { url: "/", words: say("打开首页", "Open the first page") });
  const lost = Math.max(0, (now() - at) / 1000);
  bar(say(`连接断了 ${span(lost)}，页面停在 ${since}`, `Connection lost for ${span(lost)}; this page stands at ${since}`),
    say("数字不再更新，填的不会丢。正在重连。", "Figures no longer update; what you typed is kept. Reconnecting."), null);
}

export const standing = {
  /** The page stands at this server time. */
  show(time: number): void {
    at = time;
    draw();
  },
  heard(text: string): void {
    if (session) return draw();
    at = now();
    mark("on", text);
    stand(false);
    document.documentElement.classList.remove("standing");
    const el = document.getElementById("offbar");
    if (el) el.hidden = true;
  },
  ended: (): boolean => session !== "",
  session(state: Session): void {
    if (state && !session) at ||= now();
    session = state;
    if (state) draw();
  },
  /** The page is a copy from the phone's own store, seen at this time. */
  kept(time: number): void {
    stand(true);
    const seen = wallOn(new Date(time), new Date());
    mark("lost", say(`停在 ${wall(new Date(time))}`, `stands at ${wall(new Date(time))}`));
    bar(say(`没有网络，这是 ${seen} 看过的页面`, `No network: this is the page as seen at ${seen}`),
      say("数字是那时的。报告存在手机里，连上自动发，只发一次。", "Its figures are of then. Reports are stored on the phone and sent once when there is network."), null);
  },
  /** There is network again, but somebody is typing on the copy. */
  back(): void {
    bar(say("已连上", "Connected again"), say("这一页还是先前的；填完再更新。", "This page is still the old one: finish, then refresh."), { url: location.href, words: say("更新", "Refresh") });
  },
  /** A fragment that may not be read any more: its row is closed, or it is not ours. */
  gone(el: HTMLElement): void {
    if (el.querySelector(":scope > .gone")) return;
    const note = Object.assign(document.createElement("p"), { className: "box off gone", textContent: say("这一块不再更新：可能已办结，或已不归你看。刷新本页。", "This part no longer updates: it may be closed, or no longer yours. Reload the page.") });
    el.prepend(note);
  },
};
