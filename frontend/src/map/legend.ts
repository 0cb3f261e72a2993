// What the signs of a map mean, always in view: shape and word of each level, then the signs of the layers that it shows.

import type { Palette } from "./palette";
import type { Wanted } from "./layers";
import { drawAhead, drawLevel, framed } from "./symbols";
import { say } from "../words";

const LEVELS: [string, string, string][] = [
  ["red", "红", "red"], ["orange", "橙", "orange"], ["yellow", "黄", "yellow"], ["blue", "蓝", "blue"],
  ["watch", "关注", "watch"], ["none", "正常", "normal"], ["lost", "断数", "lost"],
];

function sign(draw: (c: CanvasRenderingContext2D) => void, width = 16): HTMLCanvasElement {
  const box = Object.assign(document.createElement("canvas"), { width: width * 2, height: 32 });
  box.style.width = `${width}px`;
  box.style.height = "16px";
  const c = box.getContext("2d");
  if (c) {
    c.scale(2, 2);
    c.translate(width / 2, 8);
    draw(c);
  }
  return box;
}

function line(colour: string, dash: number[], width = 3): HTMLCanvasElement {
  return sign((c) => {
    c.strokeStyle = colour;
    c.lineWidth = width;
    c.setLineDash(dash);
    c.beginPath();
    c.moveTo(-13, 0);
    c.lineTo(13, 0);
    c.stroke();
  }, 26);
}

function square(p: Palette, reported: boolean): HTMLCanvasElement {
  return sign((c) => {
    c.fillStyle = reported ? p.ink : p.panel;
    c.strokeStyle = p.ink;
    if (!reported) c.setLineDash([2, 1.5]);
    c.fillRect(-6, -6, 12, 12);
    c.strokeRect(-6, -6, 12, 12);
  });
}

/** The sign of a layer in the tree. */
export function signOf(w: Wanted, p: Palette): HTMLCanvasElement {
  if (w.kind === "closures") return line(p.ink, [3, 3], 5);
  if (w.kind === "dikes") return line(p.ink, []);
  if (w.kind === "incidents") return sign((c) => framed(c, w.mark || "事", true, 6.5, p));
  if (w.kind === "places") return sign((c) => framed(c, w.mark ?? "", false, 6, p));
  if (w.kind === "names") return sign((c) => { c.strokeStyle = p.ink; c.strokeRect(-5, -2, 10, 4); });
  return sign((c) => (w.kind === "ahead" ? drawAhead : drawLevel)(c, w.kind === "stations" ? "blue" : "orange", 7, p));
}

export function legend(kinds: Wanted["kind"][], p: Palette): HTMLElement {
  const box = Object.assign(document.createElement("div"), { className: "map-legend", tabIndex: 0, role: "group", ariaLabel: say("图例", "Legend") });
  const add = (mark: HTMLElement, word: string): void => {
    const item = document.createElement("span");
    mark.setAttribute("aria-hidden", "true");
    item.append(mark, word);
    box.append(item);
  };
  if (kinds.some((k) => ["stations", "areas", "warnings"].includes(k)))
    for (const [code, zh, en] of LEVELS) add(sign((c) => drawLevel(c, code, 7, p)), say(zh, en));
  if (kinds.includes("teams")) {
    add(square(p, true), say("队伍", "team"));
    add(square(p, false), say("未回报", "not reported"));
  }
  if (kinds.includes("shelters"))
    add(sign((c) => { c.strokeStyle = p.ink; c.stroke(new Path2D("M-5 6V-1L0 -6L5 -1V6Z")); }), say("避难场所", "shelter"));
  if (kinds.includes("ahead")) add(sign((c) => drawAhead(c, "orange", 7, p)), say("预计到线", "line expected"));
  if (kinds.includes("closures")) add(line(p.ink, [3, 3], 5), say("封控、积水断路", "closed or flooded road"));
  if (kinds.includes("dikes")) {
    add(line(p.ink, []), say("假设的堤，蓝边是水", "supposed dike, water on its blue side"));
    add(sign((c) => { c.strokeStyle = p.ink; c.lineWidth = 2; c.stroke(new Path2D("M-5 0a5 5 0 1 0 10 0a5 5 0 1 0 -10 0")); }), say("溃口", "breach"));
  }
  if (kinds.includes("routes")) {
    add(line(p.ink, []), say("已走", "driven"));
    add(line(p.ink, [5, 3]), say("前方路线", "way ahead"));
    add(line(p.act, [6, 3]), say("绕行", "detour"));
  }
  return box;
}
