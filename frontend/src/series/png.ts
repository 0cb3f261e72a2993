// The chart as a picture that says by itself what it is: title, time, source, made up or not, exercise or not.

import type { EChartsType } from "echarts/core";
import type { Palette } from "../map/palette";
import { say } from "../words";

export interface Caption { title: string; period: string; source: string; illustrative: string; drill: string }

export async function png(chart: EChartsType, said: Caption, p: Palette & { drill: string }): Promise<Blob | null> {
  const drawn = chart.renderToCanvas({ pixelRatio: 2, backgroundColor: p.panel });
  const pad = 32, head = (said.drill ? 64 : 0) + 116, foot = 64;
  const box = Object.assign(document.createElement("canvas"), { width: drawn.width + 2 * pad, height: drawn.height + head + foot });
  const c = box.getContext("2d")!;
  c.fillStyle = p.panel;
  c.fillRect(0, 0, box.width, box.height);
  let y = 0;
  if (said.drill) {
    c.fillStyle = p.drill;
    c.fillRect(0, 0, box.width, 56);
    c.fillStyle = p.inv;
    c.font = `700 28px ${p.font}`;
    c.fillText(said.drill, pad, 38, box.width - 2 * pad);
    y = 64;
  }
  c.fillStyle = p.ink;
  c.font = `700 34px ${p.font}`;
  c.fillText(said.title, pad, y + 50, box.width - 2 * pad);
  c.fillStyle = p["ink-2"];
  c.font = `26px ${p.font}`;
  c.fillText(said.period, pad, y + 92, box.width - 2 * pad);
  c.drawImage(drawn, pad, head);
  c.fillStyle = p["ink-3"];
  c.font = `24px ${p.font}`;
  c.fillText(said.source, pad, box.height - 24, box.width - 2 * pad - 260);
  if (said.illustrative) {
    c.font = `700 26px ${p.font}`;
    const wide = c.measureText(said.illustrative).width + 32, x = box.width - pad - wide;
    c.strokeStyle = p.ink;
    c.lineWidth = 2;
    c.setLineDash([3, 5]);
    c.strokeRect(x, box.height - 56, wide, 42);
    c.setLineDash([]);
    c.fillStyle = p.ink;
    c.fillText(said.illustrative, x + 16, box.height - 26);
  }
  if (said.drill) frame(c, box, p.drill);
  return new Promise((done) => box.toBlob(done, "image/png"));
}

/** Hatched all round: no crop of an exercise's picture may look live. */
function frame(c: CanvasRenderingContext2D, box: HTMLCanvasElement, colour: string): void {
  c.strokeStyle = colour;
  c.lineWidth = 14;
  c.setLineDash([18, 10]);
  c.strokeRect(7, 7, box.width - 14, box.height - 14);
  c.save();
  c.globalAlpha = 0.12;
  c.fillStyle = colour;
  c.font = `700 90px ${getComputedStyle(document.documentElement).getPropertyValue("--font")}`;
  c.rotate(-0.3);
  for (let y = 200; y < box.height + box.width; y += 260) for (let x = -box.width; x < box.width; x += 420) c.fillText(say("演练", "EXERCISE"), x, y);
  c.restore();
}
