import { describe, expect, test } from 'vitest';
import type { Tiles } from '../src/api/types';
import { PALETTES } from '../src/map/layers';
import { rowsOfTile, stateOfRows, valueAt } from '../src/map/rows';
import { buildingTiles, leftOutBelow, mainTiles, reliefTiles, roadTiles } from '../src/map/tiles';

const plan: Tiles = {
  version: 'v1', terrain: null,
  layers: [
    { name: 'buildings', least_zoom: 13, most_zoom: 16, coarse: { 13: 2, 14: 1 } },
    { name: 'roads', least_zoom: 0, most_zoom: 15, coarse: {} },
  ],
};
const palette = PALETTES.light;

function packed(values: number[]): ArrayBuffer {
  const data = new ArrayBuffer(32 + values.length);
  const head = new DataView(data);
  new Uint8Array(data).set([0x52, 0x43, 0x53, 0x54, 1, 1]);
  head.setUint16(6, 255, true);
  head.setUint32(8, values.length, true);
  head.setFloat32(12, 0.5, true);
  head.setFloat32(16, 1, true);
  head.setFloat64(20, 1234.5, true);
  new Uint8Array(data, 32).set(values);
  return data;
}

describe('state of rows', () => {
  test('a byte is a value, 255 is unknown, and beyond the last row is nothing', () => {
    const state = stateOfRows(packed([0, 4, 255]), 'k');
    expect(state?.at).toBe(1234.5);
    expect([0, 1, 2, 3].map((row) => state && valueAt(state, row))).toEqual([1, 3, -1, undefined]);
  });

  test('what is cut short or of another kind is no state', () => {
    expect(stateOfRows(new ArrayBuffer(0), '')).toBeNull();
    expect(stateOfRows(packed([1, 2]).slice(0, 33), '')).toBeNull();
    expect(stateOfRows(new ArrayBuffer(40), '')).toBeNull();
  });
});

describe('tiles', () => {
  test('the rows of a tile are read from its bytes', () => {
    // Layer 3 { name 1 'b'; features 2 { id 1: 5, type 3: 1 }, { id 1: 300 } ; extent 5: 4096 }
    const bytes = [0x1a, 17, 0x0a, 1, 0x62, 0x12, 4, 0x08, 5, 0x18, 1, 0x12, 3, 0x08, 0xac, 0x02, 0x28, 0x80, 0x20];
    expect(rowsOfTile(new Uint8Array(bytes).buffer)).toEqual([5, 300]);
    expect(rowsOfTile(new ArrayBuffer(0))).toEqual([]);
  });

  test('standing buildings take the place of the flat ones where the map is near', () => {
    const flat = buildingTiles(plan, palette, false);
    const solid = buildingTiles(plan, palette, true);
    expect(flat.specs.map((spec) => spec.type)).toEqual(['fill', 'circle']);
    expect(solid.specs.map((spec) => spec.type)).toEqual(['fill', 'fill-extrusion', 'circle']);
    expect(solid.specs[0]?.maxzoom).toBe(solid.specs[1]?.minzoom);
    expect([flat.least, flat.most]).toEqual([13, 16]);
  });

  test('blocked roads are there only when there is a state to draw', () => {
    expect(roadTiles(plan, palette, null).specs.map((spec) => spec.id)).toEqual(['roads']);
    const state = stateOfRows(packed([1]), 'k');
    expect(roadTiles(plan, palette, state)).toMatchObject({ picks: ['blocked'], state });
  });

  test('synthetic mains are dotted', () => {
    expect(mainTiles(plan, palette, true).specs[0]?.paint).toHaveProperty('line-dasharray');
    expect(mainTiles(plan, palette, false).specs[0]?.paint).not.toHaveProperty('line-dasharray');
  });

  test('no terrain, no shadows', () => {
    expect(reliefTiles(plan, 'light')).toBeNull();
    expect(reliefTiles({ ...plan, terrain: [1, 2, 3, 4] }, 'dark')?.bounds).toEqual([1, 2, 3, 4]);
  });

  test('what is left out is said for the zoom of the tiles that are drawn', () => {
    expect([13.9, 14, 15].map((zoom) => leftOutBelow(plan, zoom))).toEqual([2, 1, 0]);
  });
});
