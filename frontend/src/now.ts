// The server's time: the workstation's clock may be wrong by minutes or be set while a page is open; a page's clocks may not.
// It runs on the browser's own steady count, not on the wall clock of the machine.

// A page from the phone's own store carries the time of its drawing: the phone's clock is nearer.
let base = Date.parse(document.body?.dataset.kept ? "" : (document.body?.dataset.now ?? "")) - performance.now();
if (!Number.isFinite(base)) base = Date.now() - performance.now();

/** Learn from a heartbeat; a small difference is transport time and left alone. */
export function learn(serverNow: string): void {
  const seen = Date.parse(serverNow) - performance.now();
  if (Number.isFinite(seen) && Math.abs(seen - base) > 400) base = seen;
}
export const now = (): number => base + performance.now();

let apart = Date.now() - performance.now();
/** Milliseconds by which wall clock and steady count moved apart since the last look: the machine slept, or its clock was set. */
export function drift(): number {
  const here = Date.now() - performance.now(), moved = here - apart;
  apart = here;
  return moved;
}
