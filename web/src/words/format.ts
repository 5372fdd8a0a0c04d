/** Numbers, bands, ages and times as people read them. */
import { prefs } from '../state/prefs.svelte';
import type { Band } from '../api/types';
import { has, t } from './index';

/** Unit as said, from its UCUM code; an unknown code is shown as it came. `shown`: the number before it. */
export function unitWord(unit: string, shown = ''): string {
  if (shown === '1' && has(`units.${unit}.one`)) return t(`units.${unit}.one`);
  return has(`units.${unit}`) ? t(`units.${unit}`) : unit;
}

/**
 * Step to which a number is known, given its band: two figures of the band's width.
 *
 * Without a band, and at the finest, three figures of the number.
 */
export function knownStep(value: number, low: number | null, high: number | null): number {
  const width = low !== null && high !== null ? Math.abs(high - low) : 0;
  const scale = width > 0 ? width : Math.abs(value);
  if (scale === 0) return 1;
  const exponent = Math.floor(Math.log10(scale));
  const isLeadingOne = scale / 10 ** exponent < 2;
  const step = 10 ** (exponent - (width > 0 ? (isLeadingOne ? 2 : 1) : 2));
  return value === 0 ? step : Math.max(step, 10 ** (Math.floor(Math.log10(Math.abs(value))) - 2));
}

function digitsOf(step: number): number {
  return Math.min(6, Math.max(0, -Math.floor(Math.log10(step) + 1e-9)));
}

/** A number rounded to `step`, with the separators of the language. */
export function rounded(value: number, step: number): string {
  const shown = Math.round(value / step) * step;
  const digits = digitsOf(step);
  return new Intl.NumberFormat(prefs.language, {
    minimumFractionDigits: digits, maximumFractionDigits: digits,
  }).format(shown === 0 ? 0 : shown);
}

/** Units that count whole things: they have no decimals. */
function isCount(unit: string): boolean {
  return unit.startsWith('{') && !unit.includes('/');
}

/** Shares are shown as percent. */
function scaled(value: number, unit: string): number {
  return unit === '1' ? value * 100 : value;
}

function stepFor(value: number, low: number | null, high: number | null, unit: string): number {
  const step = knownStep(value, low, high);
  if (isCount(unit)) return Math.max(1, step);
  if (unit === '1') return Math.max(0.1, step);
  return step;
}

/** Amounts of money, also by the year: `EUR`, `EUR/a`. */
const MONEY = /^([A-Z]{3})(\/a)?$/;

/** A sum as people say it: 23.3 亿欧元, 2.33 billion EUR; null for what is no money. */
function money(value: number, low: number | null, high: number | null, unit: string): Shown | null {
  const found = MONEY.exec(unit);
  if (!found) return null;
  const by = moneySteps().find((one) => Math.abs(value) >= one) ?? 1;
  const of = (number: number): string => rounded(number / by, stepFor(value / by, low === null ? null : low / by, high === null ? null : high / by, ''));
  const name = `${by === 1 ? '' : t(`units.money.${by}`)}${unitWord(found[1] as string)}${found[2] ? t('units.perYear') : ''}`;
  const isWide = low !== null && high !== null && high > low;
  return { value: of(value), low: isWide ? of(low) : '', high: isWide ? of(high) : '', unit: name };
}

/** A round sum as a bound of a legend or an axis: 50 万欧元, 2 million EUR. */
export function sum(value: number, currency: string): string {
  const by = moneySteps().find((one) => Math.abs(value) >= one) ?? 1;
  return `${plain(value / by)} ${by === 1 ? '' : t(`units.money.${by}`)}${unitWord(currency)}`;
}

function moneySteps(): number[] {
  return prefs.language === 'en' ? [1e9, 1e6, 1] : [1e8, 1e4, 1];
}

export interface Shown {
  value: string;
  low: string;
  high: string;
  unit: string;
}

/** A band ready for the screen; null when nothing is known. */
export function shownBand(band: Band, unit: string): Shown | null {
  if (band.p50 === null) return null;
  const worth = money(band.p50, band.p05, band.p95, unit);
  if (worth) return worth;
  const mid = scaled(band.p50, unit);
  const low = band.p05 === null ? null : scaled(band.p05, unit);
  const high = band.p95 === null ? null : scaled(band.p95, unit);
  const step = stepFor(mid, low, high, unit);
  // A number that is certain within the model has no band to show.
  const isWide = low !== null && high !== null && high > low;
  return {
    value: rounded(mid, step),
    low: isWide ? rounded(low, step) : '',
    high: isWide ? rounded(high, step) : '',
    unit: unit === '1' ? '%' : unitWord(unit, rounded(mid, step)),
  };
}

/** A single number with its unit; "unknown" in words. */
export function quantity(value: number | null | undefined, unit: string): string {
  if (value === null || value === undefined) return t('common.unknown');
  const worth = money(value, null, null, unit);
  if (worth) return `${worth.value} ${worth.unit}`;
  if (unit === 'm2' && Math.abs(value) >= 100_000) return quantity(value / 1e6, 'km2');
  if (unit === 'm' && Math.abs(value) >= 5000) return quantity(value / 1000, 'km');
  const v = scaled(value, unit);
  const text = rounded(v, stepFor(v, null, null, unit));
  const word = unit === '1' ? '%' : unitWord(unit, text);
  return word ? `${text} ${word}`.replace(' %', '%') : text;
}

/** A number whose unit stands elsewhere, as in the head of a column; "unknown" in words. */
export function amount(value: number | null | undefined, unit: string): string {
  if (value === null || value === undefined || unit === '1') return quantity(value, unit);
  return rounded(value, stepFor(value, null, null, unit));
}

/** A bound of a legend or axis: as short as it can be said. */
export function plain(value: number): string {
  return new Intl.NumberFormat(prefs.language, { maximumSignificantDigits: 3 }).format(value);
}

/** A whole number. */
export function count(value: number): string {
  return new Intl.NumberFormat(prefs.language, { maximumFractionDigits: 0 }).format(value);
}

/** A share of 0–1 as percent. */
export function percent(share: number, digits = 0): string {
  return new Intl.NumberFormat(prefs.language, {
    style: 'percent', minimumFractionDigits: digits, maximumFractionDigits: digits,
  }).format(share);
}

/** How long ago, in words. [s] */
export function age(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined || !Number.isFinite(seconds)) {
    return t('common.neverHeard');
  }
  if (seconds < -1) return t('common.inFuture', { span: span(-seconds) });
  if (seconds < 2) return t('common.justNow');
  return t('common.ago', { span: span(seconds) });
}

/** A length of time in words. [s] */
export function span(seconds: number): string {
  const n = Math.max(0, seconds);
  if (n < 90) return t('common.seconds', { n: Math.round(n) });
  if (n < 5400) return t('common.minutes', { n: Math.round(n / 60) });
  if (n < 129_600) return t('common.hours', { n: Math.round(n / 3600) });
  return t('common.days', { n: Math.round(n / 86_400) });
}

type When = number | string | Date;

function formatted(when: When, timezone: string, options: Intl.DateTimeFormatOptions): string {
  return new Intl.DateTimeFormat(prefs.language === 'en' ? 'en-GB' : 'zh-CN', {
    timeZone: timezone, hourCycle: 'h23', ...options,
  }).format(new Date(when));
}

export function clockTime(when: When, timezone: string): string {
  return formatted(when, timezone, { hour: '2-digit', minute: '2-digit', second: '2-digit' });
}

export function shortTime(when: When, timezone: string): string {
  return formatted(when, timezone, { hour: '2-digit', minute: '2-digit' });
}

export function date(when: When, timezone: string): string {
  return formatted(when, timezone, { year: 'numeric', month: '2-digit', day: '2-digit' });
}

export function dateTime(when: When, timezone: string): string {
  return formatted(when, timezone, {
    year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit',
  });
}

/** Month, day, hour and minute: for axes and lists within one event. */
export function dayTime(when: When, timezone: string): string {
  return formatted(when, timezone, {
    month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit',
  });
}
