// htmx: a refusal is said in #said, never swapped over the panel it came from; a form with errors (422) is.


interface Ctx {
  hx: Record<string, string>;
  text: string;
  response: { status: number };
  request?: { method?: string };
  sourceEvent?: Event;
  liveRefresh?: boolean;
  target: Element;
}

export function startRequests(): void {
  document.addEventListener("htmx:after:request", (event) => {
    const ctx = (event as unknown as CustomEvent<{ ctx: Ctx }>).detail.ctx;
    const status = ctx.response?.status ?? 0;
    if (status < 400) return;
    if (ctx.liveRefresh) return; // live.ts knows what to do
    if (status === 401) {
      delete ctx.hx.redirect; // the page stays, with what was typed; its bar leads to the login
      window.dispatchEvent(new Event("fengsui:session"));
    }
    if (status >= 500 || status === 404 || status === 401) {
      ctx.hx.reswap = "none";
      sayProblem(status);
    } else if (ctx.text.includes("data-said-part")) {
      ctx.hx.retarget = "#said";
      ctx.hx.reswap = "innerHTML";
      ctx.hx.reselect = "[data-said-part]";
      document.getElementById("said")?.scrollIntoView({ block: "nearest" });
    }
  });
  document.addEventListener("htmx:error", (event) => {
    const ctx = (event as unknown as CustomEvent<{ ctx?: Ctx }>).detail.ctx;
    if (!ctx || ctx.liveRefresh) return;
    // What a person pressed is answered; a fragment that the page asked for itself is live.ts's matter.
    const pressed = ["click", "submit", "change"].includes(ctx.sourceEvent?.type ?? "");
    if (pressed || (ctx.request?.method && ctx.request.method !== "GET")) sayProblem(0);
  });
}

function sayProblem(status: number): void {
  const place = document.getElementById("said");
  if (!place) return;
  const english = document.documentElement.lang.startsWith("en");
  const [title, text] = status === 503
    ? english
      ? ["Not done yet: the system is busy and sees to warnings first", "Press again in a few seconds. What you typed is still here."]
      : ["还没有办：系统正忙，先办预警", "过几秒再按一次。填的内容还在。"]
    : status
    ? english
      ? ["This was not done: the system reported an error", `Try again; if it persists tell the administrator (HTTP ${status}). What you typed is still here.`]
      : ["这一步没有做成：系统报错", `再试一次；还不行请告诉系统管理员（HTTP ${status}）。填的内容还在。`]
    : english
      ? ["Not sent: no connection to the system", "What you typed is still here. Try again when the connection is back."]
      : ["没有送出去：连不上系统", "填的内容还在。连上以后再按一次。"];
  const box = Object.assign(document.createElement("div"), { className: "box bad" });
  box.append(Object.assign(document.createElement("b"), { textContent: title }), Object.assign(document.createElement("span"), { className: "t13", textContent: text }));
  place.replaceChildren(box);
  place.scrollIntoView({ block: "nearest" });
}
