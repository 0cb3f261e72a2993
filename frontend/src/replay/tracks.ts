// A track is one thing on the map with its states in order of time; the same rules as apps/reviews/tracks.py.

import type { Feature, FeatureCollection, Geometry } from "geojson";

export interface State { at: number; said: string; level?: string; label?: string; gone?: boolean; point?: [number, number]; style?: string; reported?: boolean }
export interface Track { id: string; kind: string; name: string; geometry: Geometry; url: string; mark: string; stale: number | null; states: State[] }
export interface Seen { track: Track; state: State; lost: boolean }

export const ORDER = ["incidents", "stations", "areas", "teams", "routes", "closures"];

/** The newest state not later than `at`. */
export function stateAt(track: Track, at: number): State | null {
  let low = 0, high = track.states.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (track.states[middle]!.at <= at) low = middle + 1;
    else high = middle;
  }
  return low ? track.states[low - 1]! : null;
}

/** All that was there at one moment, in the order of the kinds. */
export function seenAt(tracks: Track[], at: number): Seen[] {
  const found: Seen[] = [];
  for (const track of tracks) {
    const state = stateAt(track, at);
    if (state && !state.gone) found.push({ track, state, lost: track.stale !== null && at - state.at > track.stale });
  }
  return found.sort((a, b) => ORDER.indexOf(a.track.kind) - ORDER.indexOf(b.track.kind));
}

/** What the map draws of one kind. */
export function collection(seen: Seen[], kind: string): FeatureCollection {
  const features: Feature[] = seen.filter((each) => each.track.kind === kind).map(({ track, state, lost }) => ({
    type: "Feature",
    geometry: state.point ? { type: "Point", coordinates: state.point } : track.geometry,
    properties: {
      name: track.name, said: state.said, mark: track.mark, level: lost ? "lost" : state.level ?? "none", label: state.label ?? "",
      reported: state.reported ?? false, ...(state.style ? { style: state.style } : {}), ...(track.url ? { url: track.url } : {}),
    },
  }));
  return { type: "FeatureCollection", features };
}

/** The next or previous moment in a list that is in order; the ends of the window where there is none. */
export function step(times: number[], at: number, way: 1 | -1, span: number): number {
  if (way > 0) return times.find((each) => each > at + 1e-6) ?? span;
  return times.findLast((each) => each < at - 1e-6) ?? 0;
}
