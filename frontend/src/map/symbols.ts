// Symbols drawn on a canvas: level shapes with outline, black squares of units, ends of closures, hatches of areas.

import type { Map as GlMap } from "maplibre-gl";
import type { Palette } from "./palette";

const SCALE = 3;
const PATHS: Record<string, string> = {
  red: "M-3.1 -7.4H3.1L7.4 -3.1V3.1L3.1 7.4H-3.1L-7.4 3.1V-3.1Z",
  orange: "M0 -8.1L8.1 0L0 8.1L-8.1 0Z",
  yellow: "M0 -7L7.6 6H-7.6Z",
  blue: "M6.5 0A6.5 6.5 0 1 1 -6.5 0A6.5 6.5 0 1 1 6.5 0Z",
  watch: "M5.6 0A5.6 5.6 0 1 1 -5.6 0A5.6 5.6 0 1 1 5.6 0Z",
  lost: "M-6 -6H6V6H-6Z",
};
/** Worse is higher; a lost value stands between watch and blue, so that a cluster never hides it behind "normal". */
export const RANK: Record<string, number> = { none: 0, watch: 1, lost: 2, blue: 3, yellow: 4, orange: 5, red: 6 };
export const BY_RANK = Object.entries(RANK).sort((a, b) => a[1] - b[1]).map(([code]) => code);

function canvas(size: number, draw: (c: CanvasRenderingContext2D) => void): ImageData {
  const box = Object.assign(document.createElement("canvas"), { width: size * SCALE, height: size * SCALE });
  const c = box.getContext("2d")!;
  c.scale(SCALE, SCALE);
  c.translate(size / 2, size / 2);
  draw(c);
  return c.getImageData(0, 0, box.width, box.height);
}

/** One level shape, also used by the chart's ladder: `half` is half its size in pixels. */
export function drawLevel(c: CanvasRenderingContext2D, code: string, half: number, p: Palette): void {
  c.save();
  c.scale(half / 9, half / 9);
  c.lineJoin = "round";
  if (code === "none" || !PATHS[code]) {
    c.fillStyle = p["line-2"];
    c.beginPath();
    c.arc(0, 0, 2.8, 0, 7);
    c.fill();
  } else {
    const path = new Path2D(PATHS[code]);
    c.fillStyle = code in { red: 1, orange: 1, yellow: 1, blue: 1 } ? p[code as "red"] : p.panel;
    c.fill(path);
    c.strokeStyle = p.mark;
    c.lineWidth = 1.5;
    if (code === "lost") c.setLineDash([2.8, 2.1]);
    c.stroke(path);
    c.setLineDash([]);
    if (code === "red") {
      c.strokeStyle = p["on-red"];
      c.lineWidth = 2.1;
      c.stroke(new Path2D("M0 -4.4V.7M0 2.8V4.4"));
    }
    if (code === "lost") text(c, "?", 10, p.ink, p.font);
  }
  c.restore();
}

function text(c: CanvasRenderingContext2D, word: string, size: number, colour: string, font: string): void {
  c.fillStyle = colour;
  c.font = `700 ${size}px ${font}`;
  c.textAlign = "center";
  c.textBaseline = "middle";
  c.fillText(word, 0, size * 0.06);
}

function unit(c: CanvasRenderingContext2D, word: string, reported: boolean, p: Palette): void {
  c.fillStyle = reported ? p.ink : p.panel;
  c.fillRect(-10, -10, 20, 20);
  c.strokeStyle = reported ? p.panel : p.ink;
  c.lineWidth = reported ? 1 : 1.6;
  if (!reported) c.setLineDash([3, 2]);
  c.strokeRect(-10, -10, 20, 20);
  c.setLineDash([]);
  text(c, word, 13, reported ? p.inv : p.ink, p.font);
}

/** Frames of GB/T 35649-2017: rounded for events, square for the rest; the character inside is our own. */
export function framed(c: CanvasRenderingContext2D, word: string, rounded: boolean, half: number, p: Palette): void {
  c.fillStyle = rounded ? p.ink : p.panel;
  c.strokeStyle = rounded ? p.panel : p.ink;
  c.lineWidth = half * 0.15;
  c.beginPath();
  c.roundRect(-half, -half, half * 2, half * 2, rounded ? half * 0.6 : 0);
  c.fill();
  c.stroke();
  text(c, word, half * 1.3, rounded ? p.inv : p.ink, p.font);
}

/** A level that is forecast, not measured: the same shape, dashed and empty. */
export function drawAhead(c: CanvasRenderingContext2D, code: string, half: number, p: Palette): void {
  if (!PATHS[code]) return;
  c.save();
  c.scale(half / 9, half / 9);
  const path = new Path2D(PATHS[code]);
  c.fillStyle = p.panel;
  c.fill(path);
  c.strokeStyle = p.mark;
  c.lineWidth = 1.8;
  c.setLineDash([2.6, 1.9]);
  c.stroke(path);
  c.restore();
}

function tile(size: number, draw: (c: CanvasRenderingContext2D) => void): ImageData {
  return canvas(size, (c) => { c.translate(-size / 2, -size / 2); draw(c); });
}

function hatches(p: Palette): Record<string, ImageData> {
  return {
    "h-blue": tile(8, (c) => { c.fillStyle = p.blue; c.beginPath(); c.arc(4, 4, 1.4, 0, 7); c.fill(); }),
    "h-yellow": tile(12, (c) => { c.strokeStyle = p.yellow; c.lineWidth = 4; for (const o of [-12, 0, 12]) line(c, o, 12, o + 12, 0); }),
    "h-orange": tile(6, (c) => { c.strokeStyle = p.orange; c.lineWidth = 2.6; for (const o of [-6, 0, 6]) line(c, o, 6, o + 6, 0); }),
    "h-red": tile(8, (c) => { c.strokeStyle = p.red; c.lineWidth = 2; for (const o of [-8, 0, 8]) { line(c, o, 8, o + 8, 0); line(c, o, 0, o + 8, 8); } }),
    "h-lost": tile(6, (c) => { c.strokeStyle = p["line-2"]; c.lineWidth = 1; for (const o of [-6, 0, 6]) line(c, o, 6, o + 6, 0); }),
  };
}
function line(c: CanvasRenderingContext2D, x1: number, y1: number, x2: number, y2: number): void {
  c.beginPath();
  c.moveTo(x1, y1);
  c.lineTo(x2, y2);
  c.stroke();
}

/** Put every symbol on the map; squares of units are drawn when first asked for ("unit:消:1"). */
export function addSymbols(map: GlMap, p: Palette): void {
  const put = (id: string, image: ImageData) => { if (!map.hasImage(id)) map.addImage(id, image, { pixelRatio: SCALE }); };
  for (const code of Object.keys(RANK)) put(`lv-${code}`, canvas(26, (c) => drawLevel(c, code, 12, p)));
  for (const code of Object.keys(RANK)) put(`ah-${code}`, canvas(26, (c) => drawAhead(c, code, 12, p)));
  for (const [id, image] of Object.entries(hatches(p))) put(id, image);
  put("shut", canvas(20, (c) => {
    c.fillStyle = p.panel;
    c.strokeStyle = p.ink;
    c.lineWidth = 2;
    c.beginPath();
    c.arc(0, 0, 7.5, 0, 7);
    c.fill();
    c.stroke();
    c.lineWidth = 2.6;
    line(c, -4, 0, 4, 0);
  }));
  put("shelter", canvas(18, (c) => {
    c.fillStyle = p.panel;
    c.strokeStyle = p["ink-2"];
    c.lineWidth = 1.4;
    c.stroke(new Path2D("M-6 7V-1L0 -7L6 -1V7Z"));
    c.fill(new Path2D("M-6 7V-1L0 -7L6 -1V7Z"));
  }));
  map.setMissingStyleImageResolver(async (id: string) => {
    const [kind, word, reported] = id.split(":");
    if (kind === "event" && word) put(id, canvas(28, (c) => framed(c, word, true, 12, p)));
    if (kind === "square" && word) put(id, canvas(22, (c) => framed(c, word, false, 9, p)));
    if (kind === "unit" && word) put(id, canvas(24, (c) => unit(c, word, reported === "1", p)));
  });
}
