// Without network the phone shows the page as it was last seen (sw.ts). Such a page says so and stands still.

import { standing } from "./live/bar";
import { busy } from "./live/disturb";
import { QUEUE_LOCK } from "./queue/flush";
import { askState, person } from "./session";

const ASK_MS = 5_000;

const sending = async (): Promise<boolean> => ((await navigator.locks?.query())?.held ?? []).some((lock) => lock.name === QUEUE_LOCK);
const sent = async (): Promise<void> => navigator.locks?.request(QUEUE_LOCK, () => undefined);

export function startKept(): void {
  const worker = navigator.serviceWorker;
  const where = document.body.dataset.sw;
  if (worker && where) {
    void worker.register(where, { scope: "/" }).catch(() => undefined); // without it the page works as before
    void worker.ready.then((it) => it.active?.postMessage({ kind: "person", person: person() }));
  }
  document.addEventListener("submit", (e) => {
    if ((e.target as HTMLFormElement).getAttribute("action") === "/logout/") worker?.controller?.postMessage({ kind: "forget" });
  }, true);
  const at = Date.parse(document.body.dataset.kept ?? "");
  if (!Number.isFinite(at)) return;
  standing.kept(at);
  let asking = false;
  const ask = async () => {
    if (asking) return;
    asking = true;
    try {
      if ((await askState()) === "unreachable") return;
      if (busy(document.body) || (await sending())) standing.back();
      await sent(); // a page that goes away takes its half-sent photograph with it
      if (!busy(document.body)) location.reload();
    } finally {
      asking = false;
    }
  };
  setInterval(() => void ask(), ASK_MS);
  window.addEventListener("online", () => void ask());
}
