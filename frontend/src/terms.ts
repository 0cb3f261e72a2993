// The trade's words explained where they stand: dotted under headings and labels, a box on hover or tap, and all words of
// the page under `?`. Nothing is put into the page's text: ranges are highlighted, so live swaps and buttons stay as they are.

import { found, type Word } from "./terms/found";
import { inEnglish, say } from "./words";

const WHERE = "h1, h2, h3, th, dt, legend, label, .label, .bigclock .t13";
const WAIT_MS = 450;
let words: Word[] | null = null;
let asked: Promise<Word[]> | null = null;

function load(): Promise<Word[]> {
  asked ??= fetch(`/terms/words.${inEnglish() ? "en" : "zh"}.json`, { headers: { "X-Background": "1" } })
    .then((answer) => (answer.ok ? answer.json() : { words: [] }))
    .then((body: { words: Word[] }) => (words = body.words))
    .catch(() => { asked = null; return []; });
  return asked;
}

function* texts(root: Element): Generator<Text> {
  const walk = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  for (let node = walk.nextNode(); node; node = walk.nextNode())
    if (!(node.parentElement as Element).closest("svg, script, button, summary, input, kbd")) yield node as Text;
}

/** The words that stand on the page's headings and labels; their ranges are drawn with a dotted line. */
export function mark(): Word[] {
  const ranges: Range[] = [], here = new Map<string, Word>();
  for (const el of document.querySelectorAll(WHERE))
    for (const node of texts(el))
      for (const each of found(node.data, words ?? [], inEnglish())) {
        here.set(each.word.code, each.word);
        const range = document.createRange();
        range.setStart(node, each.at);
        range.setEnd(node, each.end);
        ranges.push(range);
      }
  if ("highlights" in CSS) CSS.highlights.set("term", new Highlight(...ranges));
  return [...here.values()];
}

function under(x: number, y: number): { word: Word; box: DOMRect } | null {
  const spot = document.caretPositionFromPoint?.(x, y);
  const node = spot?.offsetNode;
  if (!spot || !(node instanceof Text) || !words || !node.parentElement?.closest(WHERE)) return null;
  for (const each of found(node.data, words, inEnglish())) {
    const range = document.createRange();
    range.setStart(node, each.at);
    range.setEnd(node, each.end);
    for (const box of range.getClientRects())
      if (x >= box.left && x <= box.right && y >= box.top && y <= box.bottom) return { word: each.word, box };
  }
  return null;
}

/** Word, its other language, what it means, where it comes from. */
export function told(word: Word): HTMLElement[] {
  const make = (tag: string, text: string, cls = "") => Object.assign(document.createElement(tag), { textContent: text, className: cls });
  const basis = word.basis === "G" ? say("通行做法", "common practice") : word.basis === "U" ? say("待本地确认", "to be confirmed locally") : "";
  const from = [word.source, basis].filter(Boolean).join(say("；", "; "));
  return [make("b", `${word.word}　${word.other}`), make("p", word.means), ...(from ? [make("p", say("依据：", "Basis: ") + from, "source")] : [])];
}

function box(): HTMLElement {
  const made = document.getElementById("term-box") ?? Object.assign(document.createElement("div"), { id: "term-box", className: "term-box", hidden: true });
  made.setAttribute("role", "tooltip");
  if (!made.isConnected) document.body.append(made);
  return made;
}

function show(word: Word, at: DOMRect): void {
  const tip = box();
  tip.replaceChildren(...told(word));
  tip.hidden = false;
  const left = Math.max(8, Math.min(at.left, innerWidth - tip.offsetWidth - 8));
  const below = at.bottom + 4 + tip.offsetHeight < innerHeight;
  tip.style.left = `${left}px`;
  tip.style.top = `${below ? at.bottom + 4 : Math.max(8, at.top - 4 - tip.offsetHeight)}px`;
}

export function startTerms(): void {
  if (!document.querySelector("main")) return;
  const start = () => void load().then(mark);
  "requestIdleCallback" in window ? requestIdleCallback(start, { timeout: 3000 }) : setTimeout(start, 1000);
  document.addEventListener("htmx:after:swap", () => words && mark());
  let waiting = 0;
  const hide = () => { clearTimeout(waiting); const tip = document.getElementById("term-box"); if (tip) tip.hidden = true; };
  document.addEventListener("pointermove", (e) => {
    clearTimeout(waiting);
    const tip = document.getElementById("term-box");
    if (e.pointerType === "touch" || !words || tip?.contains(e.target as Node)) return; // the box itself may be read and selected
    waiting = window.setTimeout(() => {
      const it = under(e.clientX, e.clientY);
      it ? show(it.word, it.box) : hide();
    }, tip && !tip.hidden ? 150 : WAIT_MS);
  }, { passive: true });
  document.addEventListener("click", (e) => {
    const target = e.target as Element;
    if (target.closest("#term-box")) return;
    const it = target.closest("a, button, input, select, textarea, summary, [role=button]") ? null : under(e.clientX, e.clientY);
    it ? show(it.word, it.box) : hide();
  });
  document.addEventListener("keydown", (e) => e.key === "Escape" && hide());
  document.addEventListener("scroll", hide, { passive: true, capture: true });
}
