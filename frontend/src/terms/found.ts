// Where the trade's words stand in a text. Pure.

export interface Word { code: string; word: string; other: string; means: string; source: string; basis: string }
export interface Found { word: Word; at: number; end: number }

/** Words found in a text, longest first, never one inside another; English ones at word borders. */
export function found(text: string, list: readonly Word[], english: boolean): Found[] {
  const taken: Found[] = [];
  const low = english ? text.toLowerCase() : text;
  for (const word of [...list].sort((a, b) => b.word.length - a.word.length)) {
    const wanted = english ? word.word.toLowerCase() : word.word;
    for (let at = low.indexOf(wanted); at >= 0; at = low.indexOf(wanted, at + 1)) {
      const end = at + wanted.length;
      if (english && (/[a-z]/.test(low[at - 1] ?? " ") || /[a-rt-z]/.test(low[end] ?? " "))) continue;
      if (!taken.some((each) => at < each.end && end > each.at)) taken.push({ word, at, end });
    }
  }
  return taken.sort((a, b) => a.at - b.at);
}
