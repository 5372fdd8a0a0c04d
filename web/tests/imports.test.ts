import { describe, expect, test } from 'vitest';
import type { Fault, Finding, Import, ImportRules, ImportSource, Preview } from '../src/api/types';
import { exportPath, LAYERS, toCompare } from '../src/pages/data/exports';
import { byLayer } from '../src/pages/data/findings';
import { asked, complete, dataFiles, faultsBySource, gaps, kindsFor, sourceId, stepOf, suggested, withColumn } from '../src/pages/data/import/plan';
import { emptyRow, faultsOfRow, hoursOf, isFilled } from '../src/pages/data/needs/rows';
import { boxOfAll, placeLayers, shapeLayers } from '../src/pages/data/shapes';

const RULES: ImportRules = {
  kinds: [
    { kind: 'vector', layers: ['zones', 'buildings'], endings: ['.geojson', '.shp'], is_usable: true },
    { kind: 'road_table', layers: ['roads'], endings: ['.geojson'], is_usable: true },
    { kind: 'epanet', layers: ['water'], endings: ['.inp'], is_usable: true },
    { kind: 'osm_pbf', layers: ['roads'], endings: ['.pbf'], is_usable: false },
  ],
  missing: ['population', 'buildings', 'power', 'water'],
  grids: ['squares'],
  columns: { buildings: ['id', 'use', 'lon', 'lat', 'wkt'], zones: ['code', 'population'] },
  largest_mb: 2048,
  roots: [],
};
const SEEN: Preview = {
  name: 'Häuser 2024.geojson', size: 10, kind: 'vector', layers: ['buildings', 'zones'], parts: [], part: '', crs: 'EPSG:4326',
  bbox: [0, 0, 1, 1], is_lonlat: true, geometry: 'polygons', rows: 4,
  columns: [{ name: 'Nutzung', type: 'text', filled: 1, examples: ['a'] }], first: [], options: {}, faults: [], shapes: [],
  mapping: { buildings: { use: 'Nutzung' }, zones: { code: 'Nutzung' } },
};
const SOURCE: ImportSource = suggested(SEEN, []);
const PLAN = { sources: [SOURCE], missing: {}, grid: 'squares' as const, seed: 1, bbox: null };

describe('an import', () => {
  test('a file becomes a source with the likeliest layer and its columns', () => {
    expect(SOURCE).toMatchObject({ id: 'H-user-2024', kind: 'vector', layers: ['buildings'], columns: { use: 'Nutzung' } });
  });

  test('two files never make sources of one name', () => {
    expect(sourceId('建筑.shp', [])).toBe('source');
    expect(sourceId('建筑.gpkg', ['source', 'source-2'])).toBe('source-3');
  });

  test('parts of a shapefile are no files of their own', () => {
    const file = (name: string) => ({ name, size: 1, added: '2026-01-01T00:00:00Z', is_pointed: false });
    expect(dataFiles(['a.shp', 'a.shx', 'a.DBF', 'a.prj'].map(file)).map((one) => one.name)).toEqual(['a.shp']);
  });

  test('only kinds that are installed and read such a file are offered', () => {
    expect(kindsFor(RULES, 'a.GEOJSON', 'vector')).toEqual(['vector', 'road_table']);
    expect(kindsFor(RULES, 'a.pbf', '')).toEqual([]);
  });

  test('shapes need no columns that say where they are', () => {
    expect(asked(RULES, ['buildings'], SEEN)).toEqual(['id', 'use']);
    expect(asked(RULES, ['buildings'], { ...SEEN, geometry: '', kind: 'table' })).toContain('lon');
  });

  test('a column is taken out again', () => {
    expect(withColumn(SOURCE, 'use', '').columns).toEqual({});
    expect(withColumn(SOURCE, 'id', 'nr').columns).toEqual({ use: 'Nutzung', id: 'nr' });
  });

  test('only what no source gives is a gap, and each gap has an answer', () => {
    expect(gaps(RULES, PLAN)).toEqual(['population', 'power', 'water']);
    const more = { ...PLAN, missing: { power: 'leave' as const, buildings: 'leave' as const } };
    expect(complete(RULES, more).missing).toEqual({ population: 'generate', power: 'leave', water: 'generate' });
    const water = { ...SOURCE, kind: 'epanet', layers: [] };
    expect(gaps(RULES, { ...PLAN, sources: [SOURCE, water] })).not.toContain('water');
  });

  test('faults stand beside the source that they concern', () => {
    const fault = (where: string) => ({ where }) as Fault;
    const found = faultsBySource([fault('sources[1].crs'), fault('grid'), fault('sources[1].id')]);
    expect([found.get(1)?.length, found.get(-1)?.length, found.get(0)]).toEqual([2, 1, undefined]);
  });

  test('an import opens where its owner left it', () => {
    const item = { files: [], plan: { ...PLAN, sources: [] }, task: '' } as unknown as Import;
    expect(stepOf(item)).toBe('files');
    expect(stepOf({ ...item, files: [{}] } as unknown as Import)).toBe('columns');
    expect(stepOf({ ...item, plan: PLAN } as Import)).toBe('check');
    expect(stepOf({ ...item, plan: PLAN, task: 'build' } as Import)).toBe('build');
  });
});

describe('findings', () => {
  const finding = (layer: string, severity: Finding['severity']) => ({ layer, severity, key: layer + severity }) as Finding;

  test('stand by layer, errors first', () => {
    const groups = byLayer([finding('roads', 'info'), finding('zones', 'warning'), finding('roads', 'error')]);
    expect(groups.map((group) => group.layer)).toEqual(['roads', 'zones']);
    expect(groups[0]?.findings.map((one) => one.severity)).toEqual(['error', 'info']);
    expect(groups[0]?.counts).toEqual({ error: 1, warning: 0, info: 1 });
  });
});

describe('a small map', () => {
  const square: GeoJSON.Polygon = { type: 'Polygon', coordinates: [[[1, 2], [3, 2], [3, 4], [1, 2]]] };

  test('draws each geometry as what it is', () => {
    const point: GeoJSON.Point = { type: 'Point', coordinates: [0, 0] };
    const ids = shapeLayers([square, point, { type: 'MultiLineString', coordinates: [[[0, 0], [1, 1]]] }], 'light').map((one) => one.kind);
    expect(ids).toEqual(['fill', 'line', 'dot']);
  });

  test('holds everything with a rim', () => {
    const box = boxOfAll([square]) as number[];
    expect(box[0]).toBeLessThan(1);
    expect(box[3]).toBeGreaterThan(4);
    expect(boxOfAll([])).toBeNull();
  });

  test('places are dots, also where no zones are known', () => {
    expect(placeLayers([[1, 2]], undefined, 'dark').map((one) => one.kind)).toEqual(['dot']);
  });
});

describe('the form of needs', () => {
  test('a row without supplier is still open', () => {
    expect(isFilled(emptyRow())).toBe(false);
    expect(isFilled({ ...emptyRow(), supplier: ' F-1 ' })).toBe(true);
  });

  test('hours are read with comma or point, and nothing is not zero', () => {
    expect([hoursOf('1,5'), hoursOf(' 2 '), hoursOf(''), hoursOf('x')]).toEqual([1.5, 2, null, null]);
  });

  test('faults stand at their row', () => {
    expect(faultsOfRow([{ where: 'rows[1].backup' } as Fault], 1)).toHaveLength(1);
    expect(faultsOfRow([{ where: 'rows[10].backup' } as Fault], 1)).toHaveLength(0);
  });
});

describe('the export', () => {
  test('names layers only when some are left out', () => {
    expect(exportPath('gpkg', LAYERS)).toBe('/city/export?format=gpkg');
    expect(exportPath('csv', ['zones', 'roads'])).toBe('/city/export?format=csv&layers=zones,roads');
  });
});

describe('versions', () => {
  const version = (id: string, built: string, isCurrent = false) => ({ version: id, built, buildings: 1, links: 1, is_current: isCurrent });

  test('are compared with the one before', () => {
    const all = [version('c', '2026-03-01'), version('b', '2026-02-01', true), version('a', '2026-01-01')];
    expect(toCompare(all)).toEqual(['a', all.find((one) => one.is_current)?.version]);
    expect(toCompare([version('c', '2026-03-01'), version('b', '2026-02-01', true)])).toEqual(['b', 'c']);
    expect(toCompare([version('b', '2026-02-01', true)])).toEqual(['', 'b']);
  });
});
