/** The framework's matrix, censored times and skill, ready to be said. */
import type { Assessment, Band, IndicatorItem, Measures, ModelVersion } from '../../api/types';
import { t } from '../../words';
import { quantity, rounded, knownStep } from '../../words/format';

export const DIMENSIONS = ['organisation', 'economy_society', 'infrastructure', 'institutions_culture'] as const;

/** Items by dimension in the framework's order. */
export function matrix(items: readonly IndicatorItem[]): { dimension: string; items: IndicatorItem[] }[] {
  const known = new Set<string>(DIMENSIONS);
  const extra = [...new Set(items.map((item) => item.dimension))].filter((dimension) => !known.has(dimension));
  return [...DIMENSIONS, ...extra]
    .map((dimension) => ({ dimension, items: items.filter((item) => item.dimension === dimension) }))
    .filter((row) => row.items.length > 0);
}

/** Hours until a level is held: null within the band is "not within the horizon". */
export function timeText(band: Band, horizon: number): string {
  const beyond = t('assessment.beyond', { h: quantity(horizon, '') });
  const one = (hours: number | null): string => (hours === null ? beyond : quantity(hours, ''));
  if (band.p05 === null && band.p50 === null) return beyond;
  return t('assessment.timeBand', { mid: one(band.p50), low: one(band.p05), high: one(band.p95) });
}

/** Median and range as one text; a range without width is not said. */
export function bandText(band: Band, unit: string, least = 0): string {
  if (band.p50 === null) return t('common.unknown');
  const scale = unit === '1' ? 100 : 1;
  const mid = band.p50 * scale;
  const low = band.p05 === null ? null : band.p05 * scale;
  const high = band.p95 === null ? null : band.p95 * scale;
  const step = Math.max(least, knownStep(mid, low, high));
  const sign = unit === '1' ? '%' : '';
  const said = `${rounded(mid, step)}${sign}`;
  if (low === null || high === null || rounded(low, step) === rounded(high, step)) return said;
  return `${said} (${rounded(low, step)}–${rounded(high, step)}${sign})`;
}

export function timeOf(measures: Measures, level: number): Band {
  return measures.time_to.find((one) => Math.abs(one.level - level) < 1e-6)?.hours ?? { p05: null, p50: null, p95: null };
}

/** Whether the new version tells held-out reports better than the old one, by both scores. */
export function verdictOf(model: ModelVersion): 'better' | 'worse' | 'mixed' | 'unknown' {
  // Log score: mean log probability of what was seen, higher is better. Brier: lower is better.
  const log = model.log_score_after - model.log_score_before;
  const brier = model.brier_before - model.brier_after;
  if (model.reports_held_out === 0 || !Number.isFinite(log) || !Number.isFinite(brier)) return 'unknown';
  if (log > 0 && brier > 0) return 'better';
  if (log < 0 && brier < 0) return 'worse';
  return 'mixed';
}

/** How many indicators could be measured. */
export function measured(assessment: Assessment): number {
  return assessment.indicators.filter((one) => one.status === 'measured').length;
}
