// The words of core/ui/present.py said again in the browser; both are tested on words.cases.json.

const english = (typeof document !== "undefined" ? document.documentElement.lang : "zh-CN").startsWith("en");
let forced: boolean | null = null;

/** Tests choose the language; pages take it from <html lang>. */
export function speak(lang: "zh" | "en" | null): void {
  forced = lang === null ? null : lang === "en";
}
export const inEnglish = (): boolean => forced ?? english;

/** One sentence in both languages. */
export const say = (zh: string, en: string): string => (inEnglish() ? en : zh);

const two = (n: number): string => String(n).padStart(2, "0");

/** 52 秒, 6 分, 1 小时 5 分, 2 天 3 小时: rounds down, never looks like a time of day. */
export function span(seconds: number): string {
  const s = Math.max(0, Math.trunc(seconds));
  if (s < 60) return say(`${s} 秒`, `${s} s`);
  if (s < 3600) return say(`${Math.floor(s / 60)} 分`, `${Math.floor(s / 60)} min`);
  if (s < 86400) {
    const h = Math.floor(s / 3600), m = Math.floor(s / 60) % 60;
    return m ? say(`${h} 小时 ${m} 分`, `${h} h ${m} min`) : say(`${h} 小时`, `${h} h`);
  }
  const d = Math.floor(s / 86400), h = Math.floor(s / 3600) % 24;
  return h ? say(`${d} 天 ${h} 小时`, `${d} d ${h} h`) : say(`${d} 天`, `${d} d`);
}

/** 余 13 分; under ten minutes 7分54秒, in the last one 54 秒; 超 4 分. */
export function remaining(seconds: number): string {
  const s = Math.floor(seconds);
  if (s < 0) return say(`超 ${span(-s)}`, `${span(-s)} over`);
  if (s < 60) return span(s);
  if (s < 600) return say(`${Math.floor(s / 60)}分${two(s % 60)}秒`, `${Math.floor(s / 60)} min ${two(s % 60)} s`);
  return say(`余 ${span(s)}`, `${span(s)} left`);
}

/** The parts of the large clock; empty where words are shown. */
export function bigParts(seconds: number): [string, string][] {
  const s = Math.floor(seconds);
  if (s < 0 || s >= 6000) return [];
  if (s < 60) return [[String(s), say("秒", "s")]];
  const minutes: [string, string] = [String(Math.floor(s / 60)), say("分", "min")];
  return s < 600 ? [minutes, [two(s % 60), say("秒", "s")]] : [minutes];
}

export interface Age { state: "fresh" | "late" | "lost"; text: string }

/** Freshness of a measured value (late over 1.5 periods, lost over 3). */
export function age(old: number, period: number): Age {
  if (old > 3 * period) return { state: "lost", text: say(`断 ${span(old)}`, `lost ${span(old)}`) };
  if (old > 1.5 * period) return { state: "late", text: say(`${span(old)}前 迟`, `${span(old)} ago, late`) };
  return { state: "fresh", text: say(`${span(old)}前`, `${span(old)} ago`) };
}

/** A wall time of the district (Asia/Shanghai), seconds if asked. */
export function wall(at: Date, seconds = true): string {
  return at.toLocaleTimeString("en-GB", {
    timeZone: "Asia/Shanghai", hour: "2-digit", minute: "2-digit", ...(seconds ? { second: "2-digit" as const } : {}), hour12: false,
  });
}

/** Wall time with the date where it is not the day of `now`. */
export function wallOn(at: Date, now: Date): string {
  const day = (d: Date) => d.toLocaleDateString("en-CA", { timeZone: "Asia/Shanghai" });
  return day(at) === day(now) ? wall(at, false) : `${day(at).slice(5)} ${wall(at, false)}`;
}

export const LEVEL_WORDS: Record<string, [string, string]> = {
  red: ["红", "Red"], orange: ["橙", "Orange"], yellow: ["黄", "Yellow"], blue: ["蓝", "Blue"],
  watch: ["关注", "Watch"], none: ["正常", "Normal"], lost: ["断", "Lost"],
};
export const levelWord = (code: string): string => say(...(LEVEL_WORDS[code] ?? [code, code]));
