/** Layers drawn from tiles: pure functions to what `Map.svelte` hands to the map library. */
import type { LayerSpecification } from 'maplibre-gl';
import type { Tiles } from '../api/types';
import { blockedScale, DAMAGE_SCALE, type Palette } from './layers';
import type { RowState } from './rows';
import type { Scale } from './scales';

type Without<T> = T extends unknown ? Omit<T, 'source' | 'source-layer'> : never;
/** A layer of the style, without the source, which the map adds. */
export type Spec = Without<Exclude<LayerSpecification, { type: 'background' }>>;

export interface Tiled {
  /** Layer of the API. */
  id: 'roads' | 'mains' | 'buildings' | 'terrain';
  version: string;
  least: number;
  most: number;
  /** Extent; without it the whole world. */
  bounds?: [number, number, number, number];
  specs: Spec[];
  /** Ids of the specs whose features can be picked. */
  picks: string[];
  /** State by row, in the feature state `p`; null: there is none now. */
  state?: RowState | null;
}

const P = ['feature-state', 'p'] as const;
/** Zoom from which buildings are drawn, and from which they stand. */
export const FLAT_ZOOM = 13;
export const SOLID_ZOOM = 15;
/** Least probability at which a road is shown as blocked; below it, it is drawn as any other. */
export const LEAST_BLOCKED = 0.05;
const MAIN = ['in', ['get', 'kind'], ['literal', [
  'motorway', 'motorway_link', 'trunk', 'trunk_link', 'primary', 'primary_link', 'secondary', 'secondary_link',
]]];

type Expression = never;

function base(tiles: Tiles, id: Tiled['id']): Pick<Tiled, 'id' | 'version' | 'least' | 'most'> {
  const plan = tiles.layers.find((one) => one.name === id);
  return { id, version: tiles.version, least: plan?.least_zoom ?? 0, most: plan?.most_zoom ?? 14 };
}

/** A colour by the feature's state: `none` before anything is known of it, `unknown` when it is not assessed. */
function byState(scale: Scale, none: string, unknown: string): Expression {
  const steps = scale.breaks.flatMap((bound, i) => [bound, scale.colours[i + 1] as string]);
  return ['case', ['==', P, null], none, ['<', ['to-number', P, -1], 0], unknown,
    ['step', ['to-number', P, 0], scale.colours[0], ...steps]] as unknown as Expression;
}

function width(scale: number, other: number): Expression {
  const at = (factor: number): unknown => ['case', MAIN, factor * scale, factor * other];
  return ['interpolate', ['linear'], ['zoom'], 10, at(0.6), 14, at(1.4), 17, at(3)] as unknown as Expression;
}

/** Roads, wider where they matter more; over them, those that may be blocked by that probability. */
export function roadTiles(tiles: Tiles, palette: Palette, blocked?: RowState | null): Tiled {
  const isBlocked = ['>=', ['to-number', P, -1], LEAST_BLOCKED];
  return {
    ...base(tiles, 'roads'),
    picks: blocked ? ['blocked'] : [],
    state: blocked ?? null,
    specs: [
      {
        id: 'roads', type: 'line',
        layout: { 'line-cap': 'round', 'line-sort-key': ['case', MAIN, 1, 0] as unknown as Expression },
        paint: { 'line-color': ['case', MAIN, palette.roadMain, palette.road] as unknown as Expression, 'line-width': width(1.5, 0.6) },
      },
      ...(blocked ? [{
        id: 'blocked', type: 'line' as const,
        layout: { 'line-cap': 'round' as const },
        paint: {
          'line-color': byState(blockedScale(), 'rgba(0,0,0,0)', 'rgba(0,0,0,0)'),
          'line-opacity': ['case', isBlocked, 1, 0] as unknown as Expression,
          'line-width': ['interpolate', ['linear'], ['zoom'], 10, 1.8, 14, 4.2, 17, 9] as unknown as Expression,
        },
      }] : []),
    ],
  };
}

/** Power lines, water mains and drains; synthetic ones are dotted. */
export function mainTiles(tiles: Tiles, palette: Palette, isSynthetic: boolean): Tiled {
  const thick = ['case', ['==', ['get', 'sector'], 'power'], 1.4, 1];
  return {
    ...base(tiles, 'mains'), picks: [],
    specs: [{
      id: 'mains', type: 'line', minzoom: 11.5,
      paint: {
        'line-color': palette.ink,
        'line-width': ['interpolate', ['linear'], ['zoom'], 10, ['*', 0.6, thick], 14, ['*', 1.4, thick], 17, ['*', 3, thick]] as unknown as Expression,
        ...(isSynthetic ? { 'line-dasharray': [1, 2] } : {}),
      },
    }],
  };
}

/** Buildings by P[extensive or complete damage], or by what else `scale` is of: outlines, or standing; those without an outline as dots. */
export function buildingTiles(tiles: Tiles, palette: Palette, isSolid: boolean, damage?: RowState | null, scale = DAMAGE_SCALE): Tiled {
  const hollow = 'rgba(0,0,0,0)';
  const colour = byState(scale, palette.building, hollow);
  const isPoint = ['==', ['geometry-type'], 'Point'] as unknown as Expression;
  const isArea = ['==', ['geometry-type'], 'Polygon'] as unknown as Expression;
  return {
    ...base(tiles, 'buildings'),
    picks: ['buildings', 'buildings-dot', 'buildings-solid'],
    state: damage ?? null,
    specs: [
      {
        id: 'buildings', type: 'fill', filter: isArea, minzoom: FLAT_ZOOM, ...(isSolid ? { maxzoom: SOLID_ZOOM } : {}),
        paint: { 'fill-color': colour, 'fill-outline-color': palette.ink },
      },
      ...(isSolid ? [{
        id: 'buildings-solid', type: 'fill-extrusion' as const, filter: isArea, minzoom: SOLID_ZOOM,
        paint: {
          'fill-extrusion-color': byState(scale, palette.building, palette.edge),
          'fill-extrusion-height': ['coalesce', ['get', 'height_m'], 0] as unknown as Expression,
          'fill-extrusion-opacity': 0.92,
        },
      }] : []),
      {
        id: 'buildings-dot', type: 'circle', filter: isPoint, minzoom: FLAT_ZOOM,
        paint: {
          'circle-color': colour, 'circle-stroke-color': palette.ink, 'circle-pitch-alignment': 'map',
          'circle-radius': ['interpolate', ['linear'], ['zoom'], 13, 1.2, 15, 3, 18, 7] as unknown as Expression,
          'circle-stroke-width': ['interpolate', ['linear'], ['zoom'], 13, 0.2, 15, 0.6] as unknown as Expression,
        },
      },
    ],
  };
}

/** The shape of the ground as shadows; null when the city has no terrain. */
export function reliefTiles(tiles: Tiles, theme: 'light' | 'dark'): Tiled | null {
  if (!tiles.terrain) return null;
  const isDark = theme === 'dark';
  return {
    ...base(tiles, 'terrain'), picks: [], bounds: [...tiles.terrain] as [number, number, number, number],
    specs: [{
      id: 'hillshade', type: 'hillshade',
      paint: {
        'hillshade-exaggeration': 0.4,
        'hillshade-shadow-color': isDark ? '#000000' : '#4a5a53',
        'hillshade-highlight-color': isDark ? '#5b6d65' : '#ffffff',
        'hillshade-accent-color': isDark ? '#000000' : '#4a5a53',
      },
    }],
  };
}

/** Size in pixels below which buildings are left out at a zoom; 0: all are drawn. */
export function leftOutBelow(tiles: Tiles | undefined, zoom: number): number {
  const plan = tiles?.layers.find((one) => one.name === 'buildings');
  return plan?.coarse[String(Math.floor(zoom))] ?? 0;
}
