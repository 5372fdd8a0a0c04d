/** Teams and their routes as layers of the map. */
import type { Dispatch } from '../../api/types';
import { glyphOf, iconName, type Palette, type Prepared } from '../../map/layers';
import { hasRoute, teamGlyph } from './order';

const ROUTE = { light: '#7b2fb5', dark: '#cfa2f2' } as const;

export function routeLayer(dispatches: readonly Dispatch[], theme: 'light' | 'dark'): Prepared {
  return {
    id: 'routes', kind: 'line', isPickable: true,
    data: collection(dispatches.flatMap((one, row) => (hasRoute(one)
      ? [feature({ type: 'LineString', coordinates: one.line.map((at) => [...at]) }, { row, colour: ROUTE[theme], width: 3, order: 3 })]
      : []))),
  };
}

/** A team stands where it starts; without a way it is drawn as out of work. */
export function teamLayer(dispatches: readonly Dispatch[], theme: 'light' | 'dark'): Prepared {
  return {
    id: 'teams', kind: 'icon', isPickable: true,
    data: collection(dispatches.map((one, row) => feature({ type: 'Point', coordinates: [...one.start] }, {
      row, name: one.team, rank: 0, icon: iconName(glyphOf(teamGlyph(one.kind)), hasRoute(one) ? 'ok' : 'down', false, theme),
    }))),
  };
}

/** Where the teams go. */
export function goalLayer(dispatches: readonly Dispatch[], palette: Palette, theme: 'light' | 'dark'): Prepared {
  return {
    id: 'goals', kind: 'dot', isPickable: true,
    data: collection(dispatches.map((one, row) => feature({ type: 'Point', coordinates: [...one.end] }, {
      row, colour: ROUTE[theme], edge: palette.ink, radius: 5,
    }))),
  };
}

function feature(geometry: GeoJSON.Geometry, properties: Record<string, unknown>): GeoJSON.Feature {
  return { type: 'Feature', geometry, properties };
}

function collection(features: GeoJSON.Feature[]): GeoJSON.FeatureCollection {
  return { type: 'FeatureCollection', features };
}
