/** What can be selected on the map, and its rows for the table beside it. */
import type { Column, Columns, Features, Sensor } from '../../api/types';

export type LayerId = 'zones' | 'roads' | 'facilities' | 'lifelines' | 'sensors' | 'buildings';

export interface Selection {
  layer: LayerId;
  /** Id of the object: of a zone its number, of a facility its id. */
  id: string;
}

const SINGULAR: Record<LayerId, string> = {
  zones: 'zone', roads: 'road', facilities: 'facility', lifelines: 'lifeline', sensors: 'sensor', buildings: 'building',
};

/** Selection as the address bar holds it: `zone:12`. */
export function toText(selection: Selection): string {
  return `${SINGULAR[selection.layer]}:${selection.id}`;
}

/** A kind of place of the search or of the address bar as the layer that holds it. */
function layerOfKind(kind: string): LayerId | null {
  const direct = (Object.entries(SINGULAR) as [LayerId, string][]).find(([, name]) => name === kind);
  if (direct) return direct[0];
  if (kind === 'street') return 'roads';
  if (/generation|substation|feeder|treatment|well|pump|tank|exchange/.test(kind)) return 'lifelines';
  if (/hospital|clinic|care|dialysis|health|shelter|fire|warehouse|command/.test(kind)) return 'facilities';
  return null;
}

export function fromText(text: string | null): Selection | null {
  if (!text) return null;
  const [kind = '', ...rest] = text.split(':');
  const layer = layerOfKind(kind);
  // The search names zones and streets `zone:12`, so that the kind may stand twice.
  const id = rest.filter((part) => part !== kind).join(':');
  return layer && id ? { layer, id } : null;
}

const ID_KEY: Partial<Record<LayerId, string>> = { zones: 'zone', facilities: 'facility', lifelines: 'lifeline' };

/** Id of a feature within its layer. */
export function idOf(layer: LayerId, properties: Record<string, unknown> & { row: number }): string {
  const key = ID_KEY[layer];
  return String(key ? properties[key] : properties.row);
}

export interface Row {
  id: string;
  row: number;
  properties: Record<string, unknown>;
}

export function rowsOf(layer: LayerId, features: Features | undefined): Row[] {
  return (features?.features ?? []).map((f) => ({ id: idOf(layer, f.properties), row: f.properties.row, properties: f.properties }));
}

export function sensorRows(sensors: readonly Sensor[]): Row[] {
  return sensors.map((sensor, row) => ({ id: sensor.id, row, properties: { ...sensor } }));
}

/** Columns that say yes or no. */
export function isFlag(key: string): boolean {
  return key === 'evacuate' || key === 'up_seen';
}

/** Columns that a table shows, without helpers that repeat another one. */
export function shownColumns(columns: Columns | undefined, isServiceHour: boolean): Column[] {
  const all = columns?.columns ?? [];
  const keys = new Set(all.map((c) => c.key));
  return all.filter((column) => {
    if (isServiceHour) return true;
    // Without a chosen hour `power` repeats `power_now`.
    return !keys.has(`${column.key}_now`);
  });
}
