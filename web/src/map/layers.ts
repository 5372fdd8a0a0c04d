/** Pure functions from the API's JSON to layers that `Map.svelte` can draw. Nothing here touches the map library. */
import type { Column, Features, Sensor } from '../api/types';
import { scaleFor, type Field } from './fields';
import { colourOf, scaleOf, type Scale } from './scales';

export interface Prepared {
  id: string;
  kind: 'fill' | 'line' | 'icon' | 'dot' | 'label';
  data: GeoJSON.FeatureCollection;
  minzoom?: number;
  /** Whether a click on it selects. */
  isPickable?: boolean;
}

export interface Palette {
  land: string;
  edge: string;
  road: string;
  roadMain: string;
  ink: string;
  halo: string;
  highlight: string;
  /** A building before anything has happened to it. */
  building: string;
}

export const PALETTES: Record<'light' | 'dark', Palette & { background: string }> = {
  light: {
    background: '#e6ebe8', land: '#fbfcfb', edge: '#9aa8a1', road: '#b9c3be', roadMain: '#7f8d86',
    ink: '#13201b', halo: '#ffffff', highlight: '#d6007f', building: '#c3cfc9',
  },
  dark: {
    background: '#0b110f', land: '#1b2622', edge: '#4b5b54', road: '#47554f', roadMain: '#83938b',
    ink: '#ecf3ef', halo: '#0e1513', highlight: '#ff7ac8', building: '#3d4d46',
  },
};

/** Nothing known: drawn hatched grey, never as zero. */
export function isUnknown(value: number | null | undefined): boolean {
  return value === null || value === undefined || !Number.isFinite(value);
}

/** Zones without a field: land and borders. */
export function landLayer(zones: Features, palette: Palette): Prepared {
  return {
    id: 'zones', kind: 'fill', isPickable: true,
    data: collection(zones.features.map((f) => feature(f.geometry, { row: f.properties.row, colour: palette.land, edge: palette.edge }))),
  };
}

/** Zones coloured by a column; unknown ones hatched. `cut`: share of samples in which the number is infinite. */
export function fieldLayer(zones: Features, column: Column, field: Field, palette: Palette, cut?: Column): Prepared {
  const scale = scaleFor(field, column);
  return {
    id: 'zones', kind: 'fill', isPickable: true,
    data: collection(zones.features.map((f) => {
      const value = column.values[f.properties.row];
      const isFlag = field.kind === 'flag';
      const base = { row: f.properties.row, edge: palette.edge };
      if (isCutOff(cut, f.properties.row)) return feature(f.geometry, { ...base, colour: palette.ink });
      if (isUnknown(value)) return feature(f.geometry, { ...base, colour: palette.land, pattern: 'unknown' });
      if (isFlag) {
        return feature(f.geometry, { ...base, colour: palette.land, ...((value as number) >= 0.5 ? { pattern: 'flag' } : {}) });
      }
      return feature(f.geometry, { ...base, colour: colourOf(scale, value as number) });
    })),
  };
}

/** No way to a working hospital in at least half of the samples: infinite, which is not unknown. */
export function isCutOff(cut: Column | undefined, row: number): boolean {
  const share = cut?.values[row];
  return typeof share === 'number' && share >= 0.5;
}

export function blockedScale(): Scale {
  return { breaks: [0.2, 0.5, 0.8], colours: ['#f3c3e6', '#e38fd0', '#c655ae', '#7a0f68'] };
}

export type IconState = 'ok' | 'down' | 'unknown';

/** Name of an icon that the map draws when it first meets it. */
export function iconName(glyph: string, state: IconState, isSynthetic: boolean, theme: string): string {
  return `icon/${glyph}/${state}/${isSynthetic ? 'dotted' : 'solid'}/${theme}`;
}

/** Works in at least half of the samples: ok; in less: down; nothing known: unknown. */
export function stateOf(works: number | null | undefined): IconState {
  if (isUnknown(works)) return 'unknown';
  return (works as number) >= 0.5 ? 'ok' : 'down';
}

const GLYPHS: Record<string, string> = {
  hospital: 'medical', clinic: 'medical', urgent_care: 'medical', primary_care: 'medical', dialysis: 'medical',
  mental_health: 'medical', shelter: 'home', fire_station: 'alarm', ambulance_station: 'medical', warehouse: 'layers', command_centre: 'command',
  power: 'energy', water: 'water', telecom: 'sensor',
};

export function glyphOf(kind: string): string {
  return GLYPHS[kind] ?? 'services';
}

/** Zoom from which an icon of a rank is drawn. */
const NEAR = [0, 11.8, 12.6];

/** Facilities by kind and whether they work; hospitals are seen from afar, the others when near. */
export function facilityLayer(
  facilities: Features<{ kind: string; name: string }>, works: Column | undefined, isSynthetic: boolean, theme: string,
): Prepared {
  return {
    id: 'facilities', kind: 'icon', isPickable: true,
    data: collection(facilities.features.map((f) => feature(f.geometry, {
      row: f.properties.row, name: f.properties.name,
      icon: iconName(glyphOf(f.properties.kind), stateOf(works?.values[f.properties.row]), isSynthetic, theme),
      ...ranked(f.properties.kind === 'hospital' ? 0 : f.properties.kind === 'shelter' ? 2 : 1),
    }))),
  };
}

export function lifelineLayer(
  lifelines: Features<{ kind: string; sector: string }>, works: Column | undefined, isSynthetic: boolean, theme: string,
): Prepared {
  return {
    id: 'lifelines', kind: 'icon', isPickable: true,
    data: collection(lifelines.features.map((f) => feature(f.geometry, {
      row: f.properties.row, name: '',
      icon: iconName(glyphOf(f.properties.sector), stateOf(works?.values[f.properties.row]), isSynthetic, theme),
      ...ranked(/substation|treatment|generation/.test(f.properties.kind) ? 0 : 2),
    }))),
  };
}

/** Sensors by health: what cannot be relied on is filled, what was never heard is unknown. */
export function sensorLayer(sensors: readonly Sensor[], theme: string): Prepared {
  return {
    id: 'sensors', kind: 'icon', isPickable: true,
    data: collection(sensors.map((sensor, row) => feature({ type: 'Point', coordinates: [...sensor.xy] }, {
      row, name: '',
      icon: iconName('sensor', sensorState(sensor.health), sensor.origin === 'synthetic', theme),
      ...ranked(sensor.is_vital || sensor.health !== 'ok' ? 0 : 1),
    }))),
  };
}

export function sensorState(health: Sensor['health']): IconState {
  if (health === 'ok') return 'ok';
  return health === 'never' ? 'unknown' : 'down';
}

export const DAMAGE_SCALE: Scale = scaleOf('magenta', [0.02, 0.05, 0.1, 0.2, 0.5]);

/** Names at the middle of zones. */
export function labelLayer(zones: Features<{ name: string; centre: [number, number] }>): Prepared {
  return {
    id: 'labels', kind: 'label', minzoom: 12.6,
    data: collection(zones.features.flatMap((f) => (f.properties.name
      ? [feature({ type: 'Point', coordinates: [...f.properties.centre] }, { row: f.properties.row, name: f.properties.name })]
      : []))),
  };
}

/** Colours of the four levels, as `app.css` has them: for what states such a colour itself, and nothing else. */
const LEVEL_COLOURS: Record<number, string> = { 1: '#c21818', 2: '#f57c00', 3: '#fbc91b', 4: '#1763c6' };

/** Outlines of where warnings of others hold; one that states no colour has the colour of ink. Exercises are dotted. */
export function warningLayer(areas: Features<{ colour: number | null; mode: string }>, palette: Palette): Prepared {
  return {
    id: 'warnings', kind: 'line',
    data: collection(areas.features.map((f) => feature(f.geometry, {
      colour: LEVEL_COLOURS[f.properties.colour ?? 0] ?? palette.ink, width: 2.6, order: 1, isDotted: f.properties.mode !== 'live',
    }))),
  };
}

/** What a line of a published map of shaking says. */
export interface ShakeLine {
  kind: 'footprint' | 'contour';
  /** Of a contour. [g] */
  pga_g: number | null;
  /** Of the footprint: the largest value of the whole map. [g] */
  largest_pga_g: number | null;
  issuer: string;
  revision: number;
  issued: string;
  source: string;
  mode: string;
  [key: string]: unknown;
}

/** Lines of equal shaking of a published map, the wider the stronger; its footprint is dotted. */
export function shakeLayer(lines: Features<ShakeLine>, palette: Palette): Prepared {
  return {
    id: 'shakemap', kind: 'line',
    data: collection(lines.features.map((f, i) => feature(f.geometry, {
      colour: palette.ink, order: i, isDotted: f.properties.kind === 'footprint',
      width: f.properties.kind === 'footprint' ? 1.6 : 1 + 0.35 * i,
    }))),
  };
}

/** The value of each line, in the middle of its longest part. */
export function shakeLabels(lines: Features<ShakeLine>): Prepared {
  return {
    id: 'shakemap-labels', kind: 'label',
    data: collection(lines.features.flatMap((f) => {
      const part = f.geometry.type === 'MultiLineString' ? f.geometry.coordinates[0] : undefined;
      const middle = part?.[Math.floor(part.length / 2)];
      return middle ? [feature({ type: 'Point', coordinates: middle }, { name: `${String(f.properties.pga_g)} g` })] : [];
    })),
  };
}

/** The outline of what is selected. */
export function highlight(geometry: GeoJSON.Geometry | null): GeoJSON.FeatureCollection {
  return collection(geometry ? [feature(geometry, {})] : []);
}

/** West, south, east, north of a geometry: where to look for it. */
export function boxOf(geometry: GeoJSON.Geometry): [number, number, number, number] {
  const box: [number, number, number, number] = [Infinity, Infinity, -Infinity, -Infinity];
  const walk = (at: unknown): void => {
    if (!Array.isArray(at)) return;
    const [lon, lat] = at as unknown[];
    if (typeof lon === 'number' && typeof lat === 'number') {
      box[0] = Math.min(box[0], lon);
      box[1] = Math.min(box[1], lat);
      box[2] = Math.max(box[2], lon);
      box[3] = Math.max(box[3], lat);
    } else {
      at.forEach(walk);
    }
  };
  if ('coordinates' in geometry) walk(geometry.coordinates);
  return box;
}

/** Rank 0 is placed first and seen from afar. */
function ranked(rank: 0 | 1 | 2): { rank: number; near: number } {
  return { rank, near: NEAR[rank] as number };
}

function feature(geometry: GeoJSON.Geometry, properties: Record<string, unknown>): GeoJSON.Feature {
  return { type: 'Feature', geometry, properties };
}

function collection(features: GeoJSON.Feature[]): GeoJSON.FeatureCollection {
  return { type: 'FeatureCollection', features };
}

type Box = readonly [number, number, number, number];

/** Whether two boxes have less than half of their ground in common. */
export function isElsewhere(before: Box, now: Box): boolean {
  const size = (box: Box): number => Math.max(0, box[2] - box[0]) * Math.max(0, box[3] - box[1]);
  const west = Math.max(before[0], now[0]);
  const south = Math.max(before[1], now[1]);
  const common = size([west, south, Math.max(west, Math.min(before[2], now[2])), Math.max(south, Math.min(before[3], now[3]))]);
  return common * 2 < size(before) + size(now) - common;
}
