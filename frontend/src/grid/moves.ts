// Where a key leads in a sheet. Pure but for reading the table.

export const body = (table: HTMLTableElement): HTMLTableSectionElement => table.tBodies[0] as HTMLTableSectionElement;
export const cells = (table: HTMLTableElement): HTMLElement[] => [...table.querySelectorAll<HTMLElement>("th, td")];
export const firstCell = (table: HTMLTableElement): HTMLElement | null => table.querySelector<HTMLElement>("tbody td:not(.ck)");

const PAGE = 10;
type Press = { key: string; ctrlKey?: boolean; metaKey?: boolean; altKey?: boolean };

/** The place a key leads to, kept inside; null where the key moves nowhere. */
export function target(at: [number, number], size: [number, number], e: Press): [number, number] | null {
  const [row, column] = at, [rows, columns] = size, far = Boolean(e.ctrlKey || e.metaKey);
  if (e.altKey) return null;
  const moves: Record<string, [number, number]> = {
    ArrowUp: [far ? 0 : row - 1, column], ArrowDown: [far ? rows - 1 : row + 1, column],
    ArrowLeft: [row, far ? 0 : column - 1], ArrowRight: [row, far ? columns - 1 : column + 1],
    Home: [far ? 0 : row, 0], End: [far ? rows - 1 : row, columns - 1],
    PageUp: [row - PAGE, column], PageDown: [row + PAGE, column],
  };
  const move = moves[e.key];
  if (!move) return null;
  if (e.key === "PageDown" && row === rows - 1) return null;
  if (e.key === "PageUp" && row <= 1) return null;
  const inside = (n: number, most: number) => Math.min(most - 1, Math.max(0, n));
  return [inside(move[0], rows), inside(move[1], columns)];
}

export function step(table: HTMLTableElement, cell: HTMLElement, e: Press): HTMLElement | null {
  const row = cell.closest("tr");
  if (!row) return null;
  const rows = [...table.rows], to = target([rows.indexOf(row), (cell as HTMLTableCellElement).cellIndex], [rows.length, row.cells.length], e);
  return to ? (rows[to[0]]?.cells[to[1]] ?? null) : null;
}

/** The next cell that can be changed, to the right and then in the next row; backwards with Shift. */
export function tab(table: HTMLTableElement, cell: HTMLElement, forward: boolean, may: (cell: HTMLElement) => boolean): HTMLElement | null {
  const all = [...body(table).querySelectorAll<HTMLElement>("td")], at = all.indexOf(cell);
  const rest = forward ? all.slice(at + 1) : all.slice(0, Math.max(0, at)).reverse();
  return rest.find(may) ?? null;
}

export function copied(row: HTMLTableRowElement | null | undefined): string {
  const one = (cell: Element): string => {
    const text = (cell.textContent ?? "").trim().replace(/^—$/, "");
    return /[\t\n"]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return [...(row?.cells ?? [])].filter((cell) => !cell.matches(".ck")).map(one).join("\t");
}
