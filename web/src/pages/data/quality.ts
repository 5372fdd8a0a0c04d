/** The sheet of learnt limits: rows of old and new, in words. */
import type { LearntStream, LimitsVersion } from '../../api/types';
import { t } from '../../words';
import { plain } from '../../words/format';

export interface LimitRow {
  stream: LearntStream;
  name: string;
  before: string;
  after: string;
  /** How many rows the stream has, on its first row; else 0. */
  rows: number;
}

/** One number, twelve by month as a span, or that the check is not made. */
export function numbers(values: readonly number[]): string {
  if (values.length === 0) return t('quality.unlimited');
  const low = Math.min(...values);
  const high = Math.max(...values);
  return low === high ? plain(low) : `${plain(low)} – ${plain(high)}`;
}

/** A row for each limit that would change. */
export function limitRows(version: LimitsVersion): LimitRow[] {
  return version.streams.flatMap((stream) => stream.limits.map((limit, i) => ({
    stream, name: limit.name, before: numbers(limit.before), after: numbers(limit.after), rows: i === 0 ? stream.limits.length : 0,
  })));
}

/** Days between the first and the last reading. */
export function days(stream: LearntStream): number {
  if (!stream.first || !stream.last) return 0;
  return Math.round((Date.parse(stream.last) - Date.parse(stream.first)) / 86_400_000);
}

/** Readings of the same history that were flagged at all. */
export function flagged(counts: readonly { reason: string; count: number }[]): number {
  return counts.find((one) => one.reason === 'any')?.count ?? 0;
}

/** Limits that no stream of a version was taught, by why. */
export function leftOut(version: LimitsVersion): { why: string; names: string[] }[] {
  const found = new Map<string, Set<string>>();
  for (const stream of version.streams) {
    for (const one of stream.left) found.set(one.why, (found.get(one.why) ?? new Set()).add(one.name));
  }
  return [...found].map(([why, names]) => ({ why, names: [...names] }));
}
