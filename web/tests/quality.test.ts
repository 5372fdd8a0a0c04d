import { describe, expect, it } from 'vitest';
import type { LimitsVersion, ObservedSeries } from '../src/api/types';
import { flagged, leftOut, limitRows, numbers } from '../src/pages/data/quality';
import { flagLines, whySuspect } from '../src/panels/flags';

const text = (key: string) => ({ key: `quality.reason.${key}`, zh: key, en: key });
const series: ObservedSeries = {
  datastream: 'tide', name: 'Tide', quantity: 'water_level', unit: 'm', origin: 'observed',
  time: ['2026-03-01T00:00:00Z', '2026-03-01T00:01:00Z', '2026-03-01T00:02:00Z'], value: [1, 9, 9.1], suspect: [false, true, true],
  flags: [{ index: 1, reasons: ['rate'], version: 'q1' }, { index: 2, reasons: ['rate', 'range'], version: 'q2' }],
  reasons: [text('range'), text('rate')],
};

describe('reasons of suspect values', () => {
  it('are gathered by reason, the most frequent first, with the last time and version', () => {
    const lines = flagLines(series);
    expect(lines.map((one) => [one.text.en, one.count, one.last, one.version])).toEqual([
      ['rate', 2, '2026-03-01T00:02:00Z', 'q2'], ['range', 1, '2026-03-01T00:02:00Z', 'q2'],
    ]);
  });

  it('answer "why?" with the version that said so and the reason in words', () => {
    const [line] = flagLines(series);
    const why = line ? whySuspect(series, line) : null;
    expect(why?.version).toBe('q2');
    expect(why?.notes.map((one) => one.en)).toEqual(['rate']);
  });
});

const version = {
  streams: [
    {
      stream: 'a', name: 'A', quantity: 'air_temperature', unit: 'Cel', count: 9, first: null, last: null,
      limits: [{ name: 'rate', before: [0.02], after: [0.01] }, { name: 'spike_up', before: [], after: [3] }],
      left: [{ name: 'drift_up', why: 'neighbours' }], flagged_before: [{ reason: 'any', count: 2 }], flagged_after: [],
    },
    {
      stream: 'b', name: 'B', quantity: 'rain', unit: 'mm', count: 9, first: null, last: null, limits: [],
      left: [{ name: 'rate', why: 'event' }, { name: 'drift_up', why: 'neighbours' }], flagged_before: [], flagged_after: [],
    },
  ],
} as unknown as LimitsVersion;

describe('the sheet of learnt limits', () => {
  it('has a row for each limit that would change, and the stream once', () => {
    expect(limitRows(version).map((row) => [row.stream.stream, row.name, row.rows])).toEqual([['a', 'rate', 2], ['a', 'spike_up', 0]]);
  });

  it('says one number, or from least to most over the months', () => {
    expect(numbers([3])).toBe('3');
    expect(numbers([1, 5, 3])).toBe('1 – 5');
    expect(numbers([])).not.toBe('');
  });

  it('says what was not learnt and why, once', () => {
    expect(leftOut(version)).toEqual([{ why: 'neighbours', names: ['drift_up'] }, { why: 'event', names: ['rate'] }]);
  });

  it('counts readings that were flagged at all', () => {
    expect(flagged([{ reason: 'rate', count: 5 }, { reason: 'any', count: 4 }])).toBe(4);
    expect(flagged([])).toBe(0);
  });
});
