// One cell changed in place. What was typed is never lost: an error or a conflict stands beside it, the field stays open.

import { say } from "../words";

interface Choices { html: string }

export class Editing {
  on: HTMLElement | null = null;
  moved: (from: HTMLElement, forward: boolean, down: boolean) => void = () => {};
  stays: (cell: HTMLElement) => void = () => {};
  redrawn: () => void = () => {};
  private readonly choices = new Map<string, Promise<Choices>>();
  private readonly pop = document.getElementById("lpop") as HTMLElement;
  private was = "";
  private kept = "";
  private busy = false;
  private readonly table: HTMLTableElement;

  constructor(table: HTMLTableElement) {
    this.table = table;
    document.addEventListener("click", (e) => {
      if (!this.on && !this.pop.hidden && !this.pop.contains(e.target as Node)) this.pop.hidden = true;
    });
    window.addEventListener("beforeunload", (e) => {
      if (this.on && this.field()?.value !== this.was) e.preventDefault();
    });
    document.addEventListener("keydown", (e) => { if (e.key === "Escape" && !this.on) this.pop.hidden = true; });
  }

  may = (cell: HTMLElement): boolean => "edit" in this.table.dataset && cell.matches("td[data-c]:not([aria-readonly])");
  token = (): string => {
    const headers = document.body.getAttribute("hx-headers:inherited") ?? "{}";
    return (JSON.parse(headers) as Record<string, string>)["X-CSRFToken"] ?? "";
  };
  private headers = (): Record<string, string> => JSON.parse(document.body.getAttribute("hx-headers:inherited") ?? "{}") as Record<string, string>;
  private field = () => this.on?.querySelector<HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement>("input, select, textarea") ?? null;
  private row = (cell: HTMLElement): string => `${this.table.dataset.url}rows/${encodeURIComponent(cell.closest<HTMLElement>("tr")?.dataset.id ?? "")}`;

  private editor(code: string): Promise<Choices> {
    let found = this.choices.get(code);
    if (!found) {
      found = fetch(`${this.table.dataset.url}editor?column=${code}`).then(async (answer) => {
        if (!answer.ok) throw new Error(String(answer.status));
        return { html: await answer.text() };
      });
      found.catch(() => this.choices.delete(code));
      this.choices.set(code, found);
    }
    return found;
  }

  /** Put a field into the cell. `text` replaces what it holds (pasted). */
  async open(cell: HTMLElement | null, text?: string): Promise<void> {
    if (!cell || !this.may(cell) || this.on) return;
    this.on = cell;
    const code = cell.dataset.c ?? "", shown = (cell.textContent ?? "").trim();
    this.was = cell.dataset.v ?? (shown === "—" ? "" : shown);
    this.kept = cell.innerHTML;
    let html = "<input name='value'>";
    try {
      html = (await this.editor(code)).html;
    } catch {
      html = "<input name='value'>"; // without choices it is still a field; the server judges what is typed
    }
    cell.classList.add("editing");
    cell.style.setProperty("--w", `${cell.clientWidth}px`);
    cell.innerHTML = html;
    const field = this.field();
    if (!field) return this.close();
    const heading = this.table.querySelector<HTMLElement>(`th[data-c="${CSS.escape(code)}"]`)?.textContent?.trim();
    if (heading) field.setAttribute("aria-label", heading);
    field.value = text ?? this.was;
    field.focus();
    if (field instanceof HTMLInputElement) field.select();
    field.addEventListener("keydown", (e) => this.key(e as KeyboardEvent));
    field.addEventListener("blur", () => setTimeout(() => { if (this.on === cell && !this.busy && !this.pop.contains(document.activeElement) && !cell.contains(document.activeElement)) void this.save(null); }, 0));
    if (field instanceof HTMLSelectElement && text === undefined) try { field.showPicker?.(); } catch { /* not in every browser */ }
    void this.tell(cell, code);
  }

  /** Who set it, and when, under the field while it is open. */
  private async tell(cell: HTMLElement, code: string): Promise<void> {
    const answer = await fetch(`${this.row(cell)}/history?column=${code}&short=1`).catch(() => null);
    if (!answer?.ok || this.on !== cell || !this.pop.hidden) return;
    const text = await answer.text();
    if (this.on === cell && this.pop.hidden) this.show(cell, text, true);
  }

  async history(cell: HTMLElement): Promise<void> {
    if (!cell.dataset.c || cell.tagName === "TH") return;
    const answer = await fetch(`${this.row(cell)}/history?column=${cell.dataset.c}`).catch(() => null);
    if (answer?.ok) this.show(cell, await answer.text());
  }

  private show(cell: HTMLElement, html: string, quiet = false): void {
    this.pop.innerHTML = html;
    this.pop.classList.toggle("quiet", quiet);
    this.pop.hidden = false;
    const box = cell.getBoundingClientRect(), wide = this.pop.offsetWidth, high = this.pop.offsetHeight;
    this.pop.style.setProperty("left", `${Math.max(8, Math.min(box.left, innerWidth - wide - 8)) + scrollX}px`);
    const below = box.bottom + high + 6 < innerHeight;
    this.pop.style.setProperty("top", `${(below ? box.bottom + 2 : Math.max(4, box.top - high - 4)) + scrollY}px`);
  }

  private key(e: KeyboardEvent): void {
    if (e.isComposing) return;
    e.stopPropagation();
    if (e.key === "Escape") { e.preventDefault(); this.close(); }
    else if (e.key === "Tab") { e.preventDefault(); void this.save({ forward: !e.shiftKey, down: false }); }
    else if (e.key === "Enter" && !(e.target instanceof HTMLTextAreaElement && e.shiftKey)) { e.preventDefault(); void this.save({ forward: true, down: true }); }
  }

  private close(): void {
    const cell = this.on;
    if (!cell) return;
    this.on = null;
    cell.innerHTML = this.kept;
    cell.classList.remove("editing");
    this.pop.hidden = true;
    this.stays(cell);
  }

  private async save(go: { forward: boolean; down: boolean } | null): Promise<void> {
    const cell = this.on, field = this.field();
    if (!cell || !field || this.busy) return;
    if (field.value === this.was) {
      this.close();
      if (go) this.next(cell, go);
      return;
    }
    this.busy = true;
    field.setAttribute("aria-busy", "true");
    const sent = new URLSearchParams({ column: cell.dataset.c ?? "", value: field.value, was: this.was });
    const answer = await fetch(`${this.row(cell)}/cell?${this.table.dataset.query ?? ""}`, { method: "POST", headers: this.headers(), body: sent }).catch(() => null);
    const text = answer ? await answer.text().catch(() => "") : "";
    this.busy = false;
    field.removeAttribute("aria-busy");
    if (answer?.ok && !answer.redirected) return this.saved(cell, text, go);
    if (answer?.status === 409 && text.includes("lclash")) return this.clash(cell, text);
    field.focus();
    field.setAttribute("aria-invalid", "true");
    const lost = answer ? (answer.redirected ? say("登录过期：另开一页登录后再按 Enter，填的还在", "The session has ended: log in in another tab, then press Enter; what you typed is still here") : "") : say("没有送出去：连不上系统。填的还在，连上后再按 Enter", "Not sent: no connection. What you typed is still here; press Enter when it is back");
    if (lost || !text.includes("class=\"err\"")) {
      const p = Object.assign(document.createElement("p"), { className: "err", textContent: lost || say(`没有存：系统报错（${answer?.status}）。填的还在`, `Not saved: error ${answer?.status}. What you typed is still here`) });
      p.setAttribute("role", "alert");
      this.show(cell, p.outerHTML);
    } else this.show(cell, text);
  }

  private saved(cell: HTMLElement, text: string, go: { forward: boolean; down: boolean } | null): void {
    const part = new DOMParser().parseFromString(text, "text/html"), row = part.querySelector<HTMLTableRowElement>("tbody tr"), old = cell.closest("tr");
    this.on = null;
    this.pop.hidden = true;
    const bar = part.getElementById("lstep");
    if (bar) document.getElementById("lstep")?.replaceWith(document.adoptNode(bar));
    if (!row || !old) return location.reload();
    const at = (cell as HTMLTableCellElement).cellIndex;
    const fresh = document.adoptNode(row);
    const picked = old.querySelector<HTMLInputElement>(".ck input")?.checked ?? false;
    const box = fresh.querySelector<HTMLInputElement>(".ck input");
    if (box) box.checked = picked;
    fresh.classList.toggle("sel", picked);
    old.replaceWith(fresh);
    this.redrawn();
    const here = fresh.cells[at] as HTMLElement | undefined;
    if (!here) return;
    here.classList.add("fresh");
    if (go) this.next(here, go);
    else this.stays(here);
  }

  /** After Enter one cell down; after Tab the next cell that can be changed, opened. */
  private next(from: HTMLElement, go: { forward: boolean; down: boolean }): void {
    this.moved(from, go.forward, go.down);
    const now = document.activeElement?.closest<HTMLElement>("td");
    if (!go.down && now && now !== from) void this.open(now);
  }

  private clash(cell: HTMLElement, text: string): void {
    this.show(cell, text);
    const theirs = this.pop.querySelector<HTMLElement>("[data-theirs]")?.dataset.theirs ?? "";
    this.pop.querySelector("[data-mine]")?.addEventListener("click", () => { this.was = theirs; void this.save({ forward: true, down: true }); });
    this.pop.querySelector("[data-take]")?.addEventListener("click", () => location.reload());
    this.pop.querySelector("[data-on]")?.addEventListener("click", () => { this.was = theirs; this.pop.hidden = true; this.field()?.focus(); });
    this.pop.addEventListener("keydown", (e) => { if (e.key === "Escape") { e.stopPropagation(); this.pop.hidden = true; this.field()?.focus(); } }, { once: true });
    this.pop.querySelector<HTMLElement>("[data-mine]")?.focus();
  }
}
