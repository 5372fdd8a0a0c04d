import type { CityVersion } from '../../api/types';

/** Layers and formats of the export, and its address. */
export const LAYERS = ['zones', 'grid', 'buildings', 'roads', 'facilities', 'lifelines', 'mains', 'stops'] as const;
export const FORMATS = ['gpkg', 'geoparquet', 'geojson', 'csv'] as const;

export function exportPath(format: (typeof FORMATS)[number], layers: readonly string[]): string {
  const all = layers.length === LAYERS.length;
  return `/city/export?format=${format}${all ? '' : `&layers=${layers.join(',')}`}`;
}

/** The two versions to compare, the earlier first: the one in use and the newest before it, else the newest of all. */
export function toCompare(all: readonly CityVersion[]): [string, string] {
  const now = all.find((one) => one.is_current);
  const others = all.filter((one) => !one.is_current).sort((a, b) => b.built.localeCompare(a.built));
  const before = others.find((one) => !now || one.built < now.built);
  if (before || !others[0]) return [before?.version ?? '', now?.version ?? ''];
  return [now?.version ?? '', others[0].version];
}
