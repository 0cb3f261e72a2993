// The server's time: the workstation's clock may be wrong by minutes, clocks of the page may not.

let offset = 0;
const started = document.body?.dataset.now;
if (started) offset = Date.parse(started) - Date.now();

/** Learn from a heartbeat; a small difference is transport time and left alone. */
export function learn(serverNow: string): void {
  const seen = Date.parse(serverNow) - Date.now();
  if (Number.isFinite(seen) && Math.abs(seen - offset) > 400) offset = seen;
}
export const now = (): number => Date.now() + offset;
