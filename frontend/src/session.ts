// Whose session the browser has now. A page that stands open asks it before it sends anything and while it listens.

export interface State { person: string; world: string; csrf: string; now: string; ticket: string | null }
export type Asked = State | "unreachable" | "logged-out";

export const person = (): string => document.body.dataset.person ?? "";
export const world = (): string => document.body.dataset.worldId ?? "";

const WAIT_MS = 6_000;

/** Ask the server; a connection that swallows everything counts as unreachable after six seconds. */
export async function askState(ticket = ""): Promise<Asked> {
  try {
    const answer = await fetch("/live/state", {
      headers: { "HX-Request": "true", ...(ticket ? { "X-Live-Ticket": ticket } : {}) },
      cache: "no-store", redirect: "manual", signal: AbortSignal.timeout(WAIT_MS),
    });
    if (answer.status === 401 || answer.status === 403) return "logged-out";
    if (!answer.ok) return "unreachable";
    return (await answer.json()) as State;
  } catch {
    return "unreachable";
  }
}

/** After a new login the old pages' tokens are void: give every form, and htmx, the present one. */
export function takeToken(csrf: string): void {
  for (const field of document.querySelectorAll<HTMLInputElement>("input[name=csrfmiddlewaretoken]")) field.value = csrf;
  const headers = document.body.getAttribute("hx-headers:inherited");
  if (headers) document.body.setAttribute("hx-headers:inherited", JSON.stringify({ ...(JSON.parse(headers) as object), "X-CSRFToken": csrf }));
}

/** Where to log in and come back to this page. */
export const loginUrl = (): string => `/login/?next=${encodeURIComponent(location.pathname + location.search)}`;
