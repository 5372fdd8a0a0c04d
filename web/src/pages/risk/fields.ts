/** What can colour the zones of a result, with scales; pure functions with tests. */
import type { Column, RiskColumn, RiskInput, RiskPeople, RiskSummary, RiskTotal, RiskZones, Why } from '../../api/types';
import type { Field } from '../../map/fields';
import { niceBreaks, type RampName } from '../../map/scales';
import { prefs } from '../../state/prefs.svelte';
import { name, t } from '../../words';
import { percent, plain } from '../../words/format';

/** Columns in the order in which the picker offers them; the first that is there is the default. */
const ORDER = ['loss', 'loss_ratio', 'damaged', 'complete', 'collapsed', 'dead', 'injured', 'displaced', 'intensity', 'value'];

/** The stem of a column: a year's figures are the same things, by the year. */
export function stem(key: string): string {
  return key.replace(/^annual_/, '');
}

export function offered(zones: RiskZones | undefined): RiskColumn[] {
  const columns = zones?.columns ?? [];
  return ORDER.flatMap((key) => columns.filter((one) => stem(one.key) === key));
}

/** Colours run against the background: much is dark where the scale says so. Shaking and depth have the field's own. */
const RAMPS: Record<string, RampName> = { intensity: 'viridis' };
/** Near the steps of felt intensity for PGA (Worden et al. 2012, table 1, rounded); depths of our own. */
const FIXED: Record<string, readonly number[]> = {
  loss_ratio: [0.01, 0.05, 0.1, 0.2, 0.4],
  annual_loss_ratio: [0.0005, 0.001, 0.002, 0.005, 0.01],
  'intensity.g': [0.03, 0.06, 0.12, 0.22, 0.4],
  'intensity.m': [0.15, 0.5, 1, 2, 4],
};

/** The field of a column: its own bounds where there are some, else round ones below the largest value. */
export function fieldFor(column: RiskColumn): Field {
  const fixed = FIXED[column.key === 'intensity' ? `intensity.${column.unit}` : column.key];
  return { id: column.key, column: column.key, ramp: RAMPS[column.key] ?? 'mako', breaks: fixed ?? niceBreaks(column.values) };
}

/** Bounds for loss ratios of single buildings. */
export function ratioBreaks(isAnnual: boolean): readonly number[] {
  return FIXED[isAnnual ? 'annual_loss_ratio' : 'loss_ratio'] as readonly number[];
}

/** A result's column in the order of the city's zones; what the result does not know stays unknown. */
export function byZone(column: RiskColumn, ids: readonly string[], zones: readonly { zone: number }[], why: Why): Column {
  const at = new Map(ids.map((id, row) => [id, row]));
  const pick = (values: readonly (number | null)[] | null): (number | null)[] | null => values && zones.map((one) => {
    const row = at.get(String(one.zone));
    return row === undefined ? null : (values[row] ?? null);
  });
  return { key: column.key, unit: column.unit, values: pick(column.values) as (number | null)[], low: pick(column.low), high: pick(column.high), why };
}

export interface Curve {
  /** Return periods [a], rising; of the samples of one event the share that reaches the loss. */
  x: number[];
  loss: number[];
}

/** An exceedance curve as a screen draws it: from often to rarely. */
export function curveOf(loss: readonly number[], frequency: readonly number[], isAnnual: boolean): Curve {
  const pairs = loss.map((one, i) => ({ loss: one, often: frequency[i] ?? 0 })).filter((one) => one.often > 0);
  const rows = pairs.map((one) => ({ x: isAnnual ? 1 / one.often : one.often, loss: one.loss })).sort((a, b) => a.x - b.x);
  return { x: rows.map((r) => r.x), loss: rows.map((r) => r.loss) };
}

/** A year's total as a line with its bounds, over the return periods of single events: both of the same years. */
export function totalOf(total: RiskTotal | null): { x: number[]; loss: number[]; low: number[]; high: number[] } {
  const rows = (total?.probability ?? []).map((p, i) => ({ x: -1 / Math.log1p(-p), loss: total?.loss[i] ?? 0, low: total?.low[i] ?? 0, high: total?.high[i] ?? 0 })).sort((a, b) => a.x - b.x);
  return { x: rows.map((r) => r.x), loss: rows.map((r) => r.loss), low: rows.map((r) => r.low), high: rows.map((r) => r.high) };
}

/** Zones as rows of a table. */
export interface ZoneRow {
  id: string;
  name: string;
  values: Record<string, number | null>;
  low: Record<string, number | null>;
  high: Record<string, number | null>;
}

export function zoneRows(zones: RiskZones | undefined): ZoneRow[] {
  return (zones?.ids ?? []).map((id, row) => {
    const of = (side: 'values' | 'low' | 'high'): Record<string, number | null> => Object.fromEntries(
      (zones?.columns ?? []).map((column) => [column.key, column[side]?.[row] ?? null]),
    );
    return { id, name: zones?.names[row] || id, values: of('values'), low: of('low'), high: of('high') };
  });
}

/** People by fate, with the lowest and the highest that any model says. */
export function fates(people: readonly RiskPeople[]): { fate: string; rows: RiskPeople[]; low: number | null; high: number | null }[] {
  const found = new Map<string, RiskPeople[]>();
  for (const row of people) found.set(row.fate, [...(found.get(row.fate) ?? []), row]);
  return [...found].map(([fate, rows]) => {
    const numbers = rows.map((row) => row.band.p50 ?? row.mean).filter((one): one is number => one !== null);
    return { fate, rows, low: numbers.length ? Math.min(...numbers) : null, high: numbers.length ? Math.max(...numbers) : null };
  });
}

/** Shares of the buildings by how they ended, none left out. */
export function standings(summary: RiskSummary): { key: string; count: number; share: number }[] {
  const all = Object.values(summary.counts).reduce((a, b) => a + b, 0);
  return Object.entries(summary.counts).map(([key, count]) => ({ key, count, share: all ? count / all : 0 }));
}

/** Assessed buildings whose loss is unknown in every event that reaches them, or in some. */
export function unknowns(summary: RiskSummary): { key: string; count: number }[] {
  return ['unknown_in_all', 'unknown_in_some'].flatMap((key) => summary.faults.filter((one) => one.key === `risk.${key}`).map((one) => ({ key, count: one.count })));
}

/** Whether a figure is of people by the model of the live situation; the tab of people has other models. */
export function isLive(key: string): boolean {
  return /(^|_)(dead|injured|displaced)$/.test(key);
}

/** A share as percent, with so many digits that a small one is not said to be nothing. */
export function shareOf(share: number): string {
  if (share > 0 && share < 5e-5) return t('risk.lessThan', { share: percent(0.0001, 2) });
  return percent(share, share > 0 && share < 0.1 ? 2 : 0);
}

/** What a set's name can be as an id. */
export function idFrom(name: string): string {
  return name.replace(/\.[^.]*$/, '').toLowerCase().replace(/[^a-z0-9_-]+/g, '-').replace(/^[-_]+|-+$/g, '').slice(0, 60);
}

/** Measure of sets that go with depths of water, and cannot be run alone. */
export const SPEED = 'flow_speed';

/** The id of the speeds that were handed in together with depths. */
export function speedOf(id: string): string {
  return `${id.slice(0, 54)}-speed`;
}

/** The distribution of an uncertain input in words: factors rather than logarithms. */
export function distribution(one: RiskInput): string {
  const parts = Object.entries(one.numbers).filter(([key]) => key !== 'low' && key !== 'high');
  const said = parts.map(([key, value]) => (key === 'cv' ? t('study.cv', { share: percent(value) }) : key === 'median' || key === 'correlation' ? t(`study.${key}`, { value: plain(value) })
    : t(`study.of.${key}`, { low: plain(Math.exp(-1.645 * value)), high: plain(Math.exp(1.645 * value)) })));
  if (one.kind === 'missing') said.push(t('study.evenly', { low: percent(one.numbers.low ?? 0), high: percent(one.numbers.high ?? 0) }));
  for (const [key, weight] of Object.entries(one.of)) said.push(`${name('study', `member.${key}`)} ${percent(weight)}`);
  return said.join(t('study.and'));
}

/** A unit of money in which the largest of some sums is said in few digits, for an axis. */
export function inMillions(values: readonly (number | null)[], currency: string): { unit: string; of: (value: number | null) => number | null } {
  const most = Math.max(0, ...values.filter((one): one is number => one !== null));
  const by = (prefs.language === 'en' ? [1e9, 1e6] : [1e8, 1e4]).find((one) => most >= one) ?? 1;
  return { unit: `${by === 1 ? '' : t(`units.money.${by}`)}${name('units', currency)}`, of: (value) => (value === null ? null : value / by) };
}
