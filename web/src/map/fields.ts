/** The fields that can colour the zones: which column, which scale, what it depends on. */
import type { Column, Columns } from '../api/types';
import { countBreaks, scaleOf, type RampName, type Scale } from './scales';

export interface Field {
  /** Word key `situation.field.<id>` and value of `?layer=`. */
  id: string;
  /** Key of the column; of a service, its stem. */
  column: string;
  ramp: RampName;
  /** Fixed bounds of classes; without them counts choose their own. */
  breaks?: readonly number[];
  /**
   * `service`: depends on the hour on view. `seen`: what sensors say. `watched`: what sensors could say.
   * `area`: share of the ground, as of its own scene. `flag`: yes or no, drawn as a pattern.
   */
  kind?: 'service' | 'seen' | 'watched' | 'area' | 'flag';
}

const SHARES = [0.2, 0.4, 0.6, 0.8, 0.999];

export const FIELDS: readonly Field[] = [
  // Bounds near the USGS ShakeMap steps of felt intensity for PGA; Worden et al. (2012), table 1, rounded.
  { id: 'shaking', column: 'pga_g', ramp: 'viridis', breaks: [0.03, 0.06, 0.12, 0.22, 0.4] },
  { id: 'damaged', column: 'damaged_buildings', ramp: 'mako' },
  { id: 'collapsed', column: 'collapsed', ramp: 'mako' },
  { id: 'injured', column: 'injured', ramp: 'mako' },
  { id: 'dead', column: 'dead', ramp: 'mako' },
  { id: 'displaced', column: 'displaced', ramp: 'mako' },
  { id: 'present', column: 'people_present', ramp: 'mako' },
  { id: 'power', column: 'power', ramp: 'cividis', breaks: SHARES, kind: 'service' },
  { id: 'water', column: 'water', ramp: 'cividis', breaks: SHARES, kind: 'service' },
  { id: 'powerSeen', column: 'power_seen', ramp: 'cividis', breaks: SHARES, kind: 'seen' },
  { id: 'waterSeen', column: 'water_seen', ramp: 'cividis', breaks: SHARES, kind: 'seen' },
  { id: 'sensed', column: 'sensing_seen', ramp: 'cividis', breaks: SHARES, kind: 'watched' },
  { id: 'flooded', column: 'flooded_share', ramp: 'mako', breaks: [0.01, 0.05, 0.1, 0.25, 0.5], kind: 'area' },
  { id: 'hospital', column: 'hospital_minutes', ramp: 'viridis', breaks: [5, 10, 15, 30, 60] },
  { id: 'evacuation', column: 'evacuate', ramp: 'magenta', kind: 'flag' },
];

export function fieldOf(id: string | null): Field | undefined {
  return FIELDS.find((field) => field.id === id);
}

/** The column that holds a field; of a service the one for the hour on view, else for now. */
export function columnOf(columns: Columns | undefined, field: Field, hour: number | null): Column | undefined {
  if (!columns) return undefined;
  const find = (key: string): Column | undefined => columns.columns.find((c) => c.key === key);
  if (field.kind !== 'service') return find(field.column);
  if (hour === null) return find(`${field.column}_now`) ?? find(field.column);
  return find(field.column);
}

export function scaleFor(field: Field, column: Column): Scale {
  if (field.kind === 'flag') return { breaks: [0.5], colours: ['transparent', '#7b2fb5'] };
  return scaleOf(field.ramp, field.breaks ?? countBreaks(column.values));
}
