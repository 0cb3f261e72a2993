// Sound and notification of one person on this device. Both begin off: a browser wants to be asked by a press.

import { person } from "../session";

export interface Wishes { sound: boolean; loud: boolean; notify: boolean; drill: boolean }
const NONE: Wishes = { sound: false, loud: false, notify: false, drill: false };
const name = (): string => `fengsui-alarm:${person()}`;
const heardName = (): string => `fengsui-heard:${person()}`;

function stored<T>(key: string, otherwise: T): T {
  try {
    return { ...otherwise, ...(JSON.parse(localStorage.getItem(key) ?? "{}") as T) };
  } catch {
    return otherwise;
  }
}
export const wishes = (): Wishes => stored(name(), NONE);
export function wish(change: Partial<Wishes>): void {
  localStorage.setItem(name(), JSON.stringify({ ...wishes(), ...change }));
}

/** Up to which stage each thing was acknowledged here; other tabs read the same. */
export const heard = (): Record<string, number> => stored<Record<string, number>>(heardName(), {});
export function acknowledge(stages: Record<string, number>, open: string[]): void {
  const kept = Object.entries({ ...heard(), ...stages }).filter(([key]) => open.includes(key));
  localStorage.setItem(heardName(), JSON.stringify(Object.fromEntries(kept)));
}
export const changedElsewhere = (run: () => void): void =>
  window.addEventListener("storage", (e) => { if (e.key === name() || e.key === heardName()) run(); });
