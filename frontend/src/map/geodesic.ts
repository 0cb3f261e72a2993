// Lengths and areas on the ellipsoid of WGS 84 (CGCS2000's differs by less than a millimetre here), not on the drawn plane.

import geodesic from "geographiclib-geodesic";
import { say } from "../words";

export type Corner = [number, number];
const EARTH = geodesic.Geodesic.WGS84;

/** Metres along the corners (lon, lat). */
export function length(corners: Corner[]): number {
  return corners.slice(1).reduce((sum, [lon, lat], i) => sum + (EARTH.Inverse(corners[i]![1], corners[i]![0], lat, lon).s12 ?? 0), 0);
}

/** Square metres inside the corners, and metres around them. */
export function area(corners: Corner[]): { area: number; around: number } {
  const polygon = EARTH.Polygon(false);
  for (const [lon, lat] of corners) polygon.AddPoint(lat, lon);
  const found = polygon.Compute(false, true);
  return { area: Math.abs(found.area ?? 0), around: found.perimeter };
}

export const metres = (m: number): string => (m < 1000 ? `${m.toFixed(m < 10 ? 1 : 0)} m` : `${(m / 1000).toFixed(m < 10_000 ? 2 : 1)} km`);
export const squares = (m2: number): string =>
  m2 < 10_000 ? `${m2.toFixed(0)} m²` : m2 < 1e6 ? say(`${(m2 / 1e4).toFixed(2)} 公顷`, `${(m2 / 1e4).toFixed(2)} ha`) : `${(m2 / 1e6).toFixed(2)} km²`;
