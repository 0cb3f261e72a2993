// A form that came back refused: the page opens at the first field that is wrong, also where it was folded away.

export function startFaults(): void {
  const wrong = [...document.querySelectorAll<HTMLElement>("form .field:has(> .err)")];
  for (const field of wrong) for (let at = field.closest("details"); at; at = at.parentElement?.closest("details") ?? null) at.open = true;
  const control = wrong[0]?.querySelector<HTMLElement>("input, select, textarea");
  if (!control) return;
  control.focus({ preventScroll: true });
  wrong[0]!.scrollIntoView({ block: "center" });
}
