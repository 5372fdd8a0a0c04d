/** Service curves as chart series, and the words of damage and time. */
import type { Curve } from '../../api/types';
import type { ChartSeries } from '../../panels/chart';

export const SERVICES = ['power', 'water', 'telecom', 'health', 'access'] as const;
export const DAMAGE = ['none', 'slight', 'moderate', 'extensive', 'complete'] as const;

export interface Window {
  id: string;
  /** End of the axis. [h] */
  hours: number;
  /** Whether the axis counts days. */
  isDays: boolean;
}

export const WINDOWS: readonly Window[] = [
  { id: 'h72', hours: 72, isDays: false },
  { id: 'd30', hours: 720, isDays: true },
];

/** Curve and observations of one service within a window, on an axis in hours or days. */
export function seriesOf(curve: Curve, window: Window, labels: { modelled: string; observed: string }, isSynthetic: boolean): ChartSeries[] {
  const scale = window.isDays ? 1 / 24 : 1;
  const keep = curve.hours.flatMap((hour, i) => (hour <= window.hours ? [i] : []));
  const cut = (values: readonly (number | null)[]): (number | null)[] => keep.map((i) => values[i] ?? null);
  const modelled: ChartSeries = {
    label: labels.modelled,
    x: keep.map((i) => (curve.hours[i] ?? 0) * scale),
    p05: cut(curve.p05), p50: cut(curve.p50), p95: cut(curve.p95),
  };
  const seen = curve.observed_hours.flatMap((hour, i) => (hour <= window.hours ? [i] : []));
  if (!seen.length) return [modelled];
  return [modelled, {
    label: labels.observed, isPoints: true, isSynthetic,
    x: seen.map((i) => (curve.observed_hours[i] ?? 0) * scale),
    p50: seen.map((i) => curve.observed[i] ?? null),
  }];
}

/** Curves in the order of the services that people know; unknown ones last. */
export function ordered(curves: readonly Curve[]): Curve[] {
  const rank = (service: string): number => {
    const at = (SERVICES as readonly string[]).indexOf(service);
    return at < 0 ? SERVICES.length : at;
  };
  return [...curves].sort((a, b) => rank(a.service) - rank(b.service));
}

/** Number of reports by damage state, none left out. */
export function countsByState(reports: Readonly<Record<string, number>>): { state: number; name: string; count: number }[] {
  return DAMAGE.map((name, state) => ({ state, name, count: reports[name] ?? reports[String(state)] ?? 0 }));
}
