import type { CityVersion } from '../../api/types';

/** Layers and formats of the export, and its address. */
export const LAYERS = ['zones', 'grid', 'buildings', 'roads', 'facilities', 'lifelines', 'mains', 'stops'] as const;
export const FORMATS = ['gpkg', 'geoparquet', 'geojson', 'csv'] as const;

export function exportPath(format: (typeof FORMATS)[number], layers: readonly string[]): string {
  const all = layers.length === LAYERS.length;
  return `/city/export?format=${format}${all ? '' : `&layers=${layers.join(',')}`}`;
}

/** The newest version built before the one in use, else any other; empty: there is one only. */
export function versionBefore(all: readonly CityVersion[]): string {
  const now = all.find((one) => one.is_current);
  const others = all.filter((one) => !one.is_current);
  const before = others.filter((one) => !now || one.built < now.built);
  return (before[0] ?? others[0])?.version ?? '';
}
