// Colours of the current theme, read from the tokens: the map may not invent any.

const NAMES = ["land", "road", "road-2", "water", "rail", "ink", "ink-2", "ink-3", "inv", "panel", "line", "line-2", "mark", "act", "on-act",
  "red", "on-red", "orange", "yellow", "blue", "hatch", "sunk", "field"] as const;
export type Palette = Record<(typeof NAMES)[number], string> & { font: string };

export function palette(): Palette {
  const css = getComputedStyle(document.documentElement);
  const read = Object.fromEntries(NAMES.map((n) => [n, css.getPropertyValue(`--${n}`).trim()]));
  return { ...read, font: css.getPropertyValue("--font").trim() } as Palette;
}
