import { describe, expect, test } from 'vitest';
import type { Column, Columns, Features, Why } from '../src/api/types';
import { columnOf, fieldOf, scaleFor, type Field } from '../src/map/fields';
import { boxOf, facilityLayer, fieldLayer, isElsewhere, PALETTES, shakeLabels, shakeLayer, stateOf, type ShakeLine } from '../src/map/layers';
import { classOf, colourOf, countBreaks, niceBreaks, ramp, scaleOf } from '../src/map/scales';

const palette = PALETTES.light;
const why: Why = { data: [], model: '', version: '', as_of: '2015-09-16T22:54:33Z', missing: [], notes: [], origin: 'derived' };
const square: GeoJSON.Geometry = { type: 'Polygon', coordinates: [[[0, 0], [1, 0], [1, 1], [0, 0]]] };
const column = (key: string, values: (number | null)[]): Column => ({ key, unit: '1', values, low: null, high: null, why });
const columns = (...all: Column[]): Columns => ({ cycle: 'c', at: why.as_of, ids: [], columns: all });
const zones = (n: number): Features => ({
  type: 'FeatureCollection',
  features: Array.from({ length: n }, (_, row) => ({ type: 'Feature' as const, geometry: square, properties: { row } })),
});
const field = (id: string): Field => {
  const found = fieldOf(id);
  if (!found) throw new Error(id);
  return found;
};
const props = (layer: { data: GeoJSON.FeatureCollection }, row: number): Record<string, unknown> => layer.data.features[row]?.properties ?? {};

describe('fields on zones', () => {
  test('unknown is hatched and never the colour of zero', () => {
    const layer = fieldLayer(zones(2), column('power', [0, null]), field('power'), palette);
    expect(props(layer, 0).pattern).toBeUndefined();
    expect(props(layer, 1).pattern).toBe('unknown');
    expect(props(layer, 1).colour).not.toBe(props(layer, 0).colour);
  });

  test('cut off is not unknown', () => {
    const layer = fieldLayer(zones(2), column('hospital_minutes', [null, null]), field('hospital'), palette, column('cut', [0.9, 0]));
    expect(props(layer, 0)).toMatchObject({ colour: palette.ink });
    expect(props(layer, 0).pattern).toBeUndefined();
    expect(props(layer, 1).pattern).toBe('unknown');
  });

  test('columns find their zone by row, in whatever order the features come', () => {
    const shuffled = zones(2);
    shuffled.features.reverse();
    const layer = fieldLayer(shuffled, column('pga_g', [0.01, 0.5]), field('shaking'), palette);
    const scale = scaleFor(field('shaking'), column('pga_g', []));
    expect(props(layer, 0).colour).toBe(colourOf(scale, 0.5));
    expect(props(layer, 1).colour).toBe(colourOf(scale, 0.01));
  });

  test('a zone proposed for evacuation is marked, the others are plain', () => {
    const layer = fieldLayer(zones(2), column('evacuate', [1, 0]), field('evacuation'), palette);
    expect(props(layer, 0).pattern).toBe('flag');
    expect(props(layer, 1).pattern).toBeUndefined();
  });

  test('a service shows now, and the chosen hour when there is one', () => {
    const both = columns(column('power_now', [0.1]), column('power', [0.9]));
    expect(columnOf(both, field('power'), null)?.key).toBe('power_now');
    expect(columnOf(both, field('power'), 24)?.key).toBe('power');
  });
});

describe('a published map of shaking', () => {
  const said = { issuer: 'USGS', revision: 3, issued: why.as_of, source: 's', mode: 'live', row: 0 };
  const line = (...xs: number[]): number[][] => xs.map((x) => [x, 0]);
  const lines: Features<ShakeLine> = {
    type: 'FeatureCollection',
    features: [
      { type: 'Feature', geometry: { type: 'LineString', coordinates: line(0, 9) }, properties: { ...said, kind: 'footprint', pga_g: null, largest_pga_g: 0.5 } },
      { type: 'Feature', geometry: { type: 'MultiLineString', coordinates: [line(1, 2, 3), line(7, 8)] }, properties: { ...said, kind: 'contour', pga_g: 0.12, largest_pga_g: null } },
      { type: 'Feature', geometry: { type: 'MultiLineString', coordinates: [line(4, 5, 6)] }, properties: { ...said, kind: 'contour', pga_g: 0.22, largest_pga_g: null } },
    ],
  };

  test('its footprint is dotted, its lines are whole and the wider the stronger', () => {
    const layer = shakeLayer(lines, palette);
    expect(props(layer, 0)).toMatchObject({ isDotted: true });
    expect(props(layer, 1)).toMatchObject({ isDotted: false });
    expect(props(layer, 2).width).toBeGreaterThan(props(layer, 1).width as number);
  });

  test('each line says its value once, in the middle of its longest part', () => {
    const labels = shakeLabels(lines).data.features;
    expect(labels.map((f) => f.properties?.name as string)).toEqual(['0.12 g', '0.22 g']);
    expect(labels[0]?.geometry).toEqual({ type: 'Point', coordinates: [2, 0] });
  });
});

describe('assets and roads', () => {
  test('a facility shows whether it works, and unknown as unknown', () => {
    const at = { type: 'Point', coordinates: [0, 0] } as GeoJSON.Geometry;
    const sites = { type: 'FeatureCollection' as const, features: [0, 1, 2].map((row) => ({ type: 'Feature' as const, geometry: at, properties: { row, kind: 'hospital', name: '' } })) };
    const layer = facilityLayer(sites, column('works', [0.9, 0.1, null]), false, 'light');
    expect([0, 1, 2].map((row) => String(props(layer, row).icon).split('/')[2])).toEqual(['ok', 'down', 'unknown']);
  });

  test('what is not known works neither nor not', () => {
    expect(stateOf(null)).toBe('unknown');
  });

  test('the box of a shape and of a point is found', () => {
    expect(boxOf(square)).toEqual([0, 0, 1, 1]);
    expect(boxOf({ type: 'Point', coordinates: [3, 4] })).toEqual([3, 4, 3, 4]);
  });
});

describe('scales', () => {
  test('a value on a bound belongs to the class above', () => {
    const scale = scaleOf('viridis', [1, 2]);
    expect([0.5, 1, 2, 9].map((v) => classOf(scale, v))).toEqual([0, 1, 2, 2]);
  });

  test('counts get whole bounds below the largest', () => {
    expect(niceBreaks([0, 3, 47])).toEqual([1, 2, 5, 10, 20]);
    expect(countBreaks([0.2, null])).toEqual([1]);
    expect(countBreaks([])).toEqual([1]);
  });

  test('a ramp uses both of its ends', () => {
    expect(ramp('viridis', 3)).toEqual(['#440154', '#22a884', '#fde725']);
  });
});

test('the map moves to a city that lies elsewhere, and stays when a version adds a street', () => {
  expect(isElsewhere([0, 0, 10, 10], [0, 0, 10.5, 10])).toBe(false);
  expect(isElsewhere([0, 0, 10, 10], [4, 4, 5, 5])).toBe(true);
  expect(isElsewhere([0, 0, 10, 10], [20, 20, 30, 30])).toBe(true);
  expect(isElsewhere([0, 0, 0, 0], [0, 0, 0, 0])).toBe(false);
});
