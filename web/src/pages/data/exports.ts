/** Layers and formats of the export, and its address. */
export const LAYERS = ['zones', 'grid', 'buildings', 'roads', 'facilities', 'lifelines', 'mains', 'stops'] as const;
export const FORMATS = ['gpkg', 'geoparquet', 'geojson', 'csv'] as const;

export function exportPath(format: (typeof FORMATS)[number], layers: readonly string[]): string {
  const all = layers.length === LAYERS.length;
  return `/city/export?format=${format}${all ? '' : `&layers=${layers.join(',')}`}`;
}
