// Which of my open things make a sound, how urgent, and how it sounds. Pure; tested by rules.test.ts.

/** Times in milliseconds. fresh: it came to me now and waits for me (a call, an order, a decision). */
export interface Owed { key: string; verb: string; url: string; due: number; near: number; fresh: boolean }
/** 0 silent, 1 new, 2 little time left, 3 overdue. */
export type Stage = 0 | 1 | 2 | 3;

/** What is overdue longer than this is a debt, not a fire: it stays on the page and is silent [U]. */
export const OLD_MS = 3_600_000;
/** Between two sounds of a stage, and its tones: hertz, each a fifth of a second, rising with urgency. */
export const SOUNDS: Record<1 | 2 | 3, { every: number; tones: number[] }> = {
  1: { every: 30_000, tones: [660, 880] },
  2: { every: 15_000, tones: [660, 880, 660, 880] },
  3: { every: 6_000, tones: [660, 880, 1100, 660, 880, 1100] },
};

export function stage(it: Owed, now: number): Stage {
  const left = it.due - now;
  if (left < -OLD_MS) return 0;
  if (left < 0) return 3;
  if (left <= it.near) return 2;
  return it.fresh ? 1 : 0;
}

/** What still calls: acknowledged at its stage, a thing is silent until its stage rises. */
export function calling(all: Owed[], heard: Record<string, number>, now: number): { it: Owed; stage: 1 | 2 | 3 }[] {
  return all
    .map((it) => ({ it, stage: stage(it, now) }))
    .filter((each): each is { it: Owed; stage: 1 | 2 | 3 } => each.stage > (heard[each.it.key] ?? 0))
    .sort((a, b) => b.stage - a.stage || a.it.due - b.it.due);
}
