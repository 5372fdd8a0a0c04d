/** Shapes and places of data as layers of a small map. Nothing here touches the map library. */
import type { Features } from '../../api/types';
import { landLayer, PALETTES, type Prepared } from '../../map/layers';

type Theme = 'light' | 'dark';
type Box = [number, number, number, number];
const INK = { light: '#0b5d4e', dark: '#6fd6bd' } as const;
const FILL = { light: 'rgba(11,93,78,0.35)', dark: 'rgba(111,214,189,0.35)' } as const;

function feature(geometry: GeoJSON.Geometry, properties: Record<string, unknown>): GeoJSON.Feature {
  return { type: 'Feature', geometry, properties };
}

function layer(id: string, kind: Prepared['kind'], features: GeoJSON.Feature[]): Prepared {
  return { id, kind, data: { type: 'FeatureCollection', features } };
}

/** Geometries of a file, each drawn as what it is. */
export function shapeLayers(shapes: readonly unknown[], theme: Theme): Prepared[] {
  const all = shapes as GeoJSON.Geometry[];
  const of = (word: string): GeoJSON.Geometry[] => all.filter((one) => one.type.endsWith(word));
  const edge = INK[theme];
  const found: Prepared[] = [];
  const areas = of('Polygon');
  const lines = of('LineString');
  const points = of('Point');
  if (areas.length) found.push(layer('areas', 'fill', areas.map((one, row) => feature(one, { row, colour: FILL[theme], edge }))));
  if (lines.length) found.push(layer('lines', 'line', lines.map((one, row) => feature(one, { row, colour: edge, width: 1.6, order: 1 }))));
  if (points.length) found.push(dots(points.map((one) => one), theme));
  return found;
}

function dots(points: readonly GeoJSON.Geometry[], theme: Theme, radius = 4.5): Prepared {
  // The map draws layers of this name above zones.
  return layer('goals', 'dot', points.map((one, row) => feature(one, { row, colour: INK[theme], edge: PALETTES[theme].halo, radius })));
}

/** Places as dots, on the city's zones where they are known. */
export function placeLayers(places: readonly (readonly number[])[], zones: Features | undefined, theme: Theme): Prepared[] {
  const marks = places.map((xy) => ({ type: 'Point', coordinates: [...xy] }) as GeoJSON.Point);
  const land = zones ? [{ ...landLayer(zones, PALETTES[theme]), isPickable: false }] : [];
  return [...land, ...(marks.length ? [dots(marks, theme, 7)] : [])];
}

/** The outline of a picture from above, on the city's zones where they are known. */
export function outlineLayers(ring: readonly (readonly number[])[], zones: Features | undefined, theme: Theme): Prepared[] {
  const line = { type: 'LineString', coordinates: ring.map((xy) => [...xy]) } as GeoJSON.LineString;
  const land = zones ? [{ ...landLayer(zones, PALETTES[theme]), isPickable: false }] : [];
  return [...land, layer('lines', 'line', [feature(line, { row: 0, colour: INK[theme], width: 2, order: 1 })])];
}

/** Box around places or shapes with a rim; null when there are none. */
export function boxOfAll(shapes: readonly unknown[]): Box | null {
  const box: Box = [Infinity, Infinity, -Infinity, -Infinity];
  const walk = (value: unknown): void => {
    if (!Array.isArray(value)) return;
    if (typeof value[0] === 'number' && typeof value[1] === 'number') {
      box[0] = Math.min(box[0], value[0]);
      box[1] = Math.min(box[1], value[1]);
      box[2] = Math.max(box[2], value[0]);
      box[3] = Math.max(box[3], value[1]);
      return;
    }
    for (const one of value) walk(one);
  };
  for (const shape of shapes) walk(Array.isArray(shape) ? shape : (shape as { coordinates?: unknown }).coordinates);
  if (!Number.isFinite(box[0])) return null;
  const rim = Math.max(0.0015, (box[2] - box[0]) * 0.06, (box[3] - box[1]) * 0.06);
  return [box[0] - rim, box[1] - rim, box[2] + rim, box[3] + rim];
}
