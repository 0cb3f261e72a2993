// Search on the map: what is typed is asked for after a pause; arrows walk the answers, Enter goes there.

import type { Feature, Point } from "geojson";
import type { OneMap } from "./one";
import { say } from "../words";

const PAUSE_MS = 220;

export function startFind(root: HTMLElement, one: OneMap): void {
  const form = root.querySelector<HTMLFormElement>("form[data-map-find]")!, list = root.querySelector<HTMLElement>("[data-found]")!;
  const field = form.querySelector<HTMLInputElement>("input")!;
  let timer = 0, turn = 0;

  const go = (f: Feature<Point>): void => {
    const [lon = 0, lat = 0] = f.geometry.coordinates;
    one.go(lon, lat, 15.2);
    one.say(lon, lat, f.properties ?? {});
    list.replaceChildren();
  };
  const ask = async (first: boolean): Promise<void> => {
    const q = field.value.trim(), mine = ++turn;
    if (!q) return list.replaceChildren();
    const answer = await fetch(`/map/find.json?q=${encodeURIComponent(q)}`, { credentials: "same-origin" }).catch(() => null);
    if (mine !== turn) return;
    const found = answer?.ok ? ((await answer.json()) as { found: Feature<Point>[] }).found : [];
    if (first && found[0]) return go(found[0]);
    list.replaceChildren(...found.map((f) => {
      const item = document.createElement("li"), button = Object.assign(document.createElement("button"), { type: "button" });
      button.append(Object.assign(document.createElement("span"), { textContent: String(f.properties?.name ?? "") }), Object.assign(document.createElement("span"), { className: "i3 t12", textContent: String(f.properties?.said ?? "") }));
      button.addEventListener("click", () => go(f));
      item.append(button);
      return item;
    }));
    if (!found.length) list.replaceChildren(Object.assign(document.createElement("li"), { className: "i2 t13", textContent: say("没有找到。可输名称、编号、路名或坐标 123.35, 41.80", "Nothing found. Type a name, a code, a road or a position 123.35, 41.80") }));
  };
  field.addEventListener("input", () => { clearTimeout(timer); timer = window.setTimeout(() => void ask(false), PAUSE_MS); });
  form.addEventListener("submit", (e) => { e.preventDefault(); clearTimeout(timer); void ask(true); });
  form.parentElement!.addEventListener("keydown", (e) => {
    const all = [...list.querySelectorAll("button")], at = all.indexOf(document.activeElement as HTMLButtonElement);
    if (e.key === "Escape" && all.length) { list.replaceChildren(); field.focus(); }
    else if (e.key === "ArrowDown") (all[at + 1] ?? all[0])?.focus();
    else if (e.key === "ArrowUp" && at >= 0) (all[at - 1] ?? field).focus();
    else return;
    e.preventDefault();
    e.stopPropagation();
  });
}
