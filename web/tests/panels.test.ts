import { describe, expect, test } from 'vitest';
import { runTime } from '../src/state/clock';
import { align, hasPoints } from '../src/panels/chart';
import { filtered, sorted, windowOf, type TableColumn } from '../src/panels/table';
import { ticksAhead, timeScale } from '../src/panels/frame/timescale';
import { fromText, idOf, toText } from '../src/pages/situation/places';
import { amount, knownStep, quantity, rounded, shownBand } from '../src/words/format';
import type { Clock } from '../src/api/types';

const HOUR = 3_600_000;

describe('time bar', () => {
  const now = Date.parse('2015-09-16T23:30:00Z');
  const scale = timeScale(now - HOUR, now, now + 720 * HOUR);

  test('a place leads back to its time', () => {
    for (const place of [0, 0.1, 0.42, 0.5, 0.9, 1]) expect(scale.place(scale.time(place))).toBeCloseTo(place, 6);
  });

  test('time runs from left to right', () => {
    const places = [-1, 0, 1, 24, 720].map((h) => scale.place(now + h * HOUR));
    expect([...places].sort((a, b) => a - b)).toEqual(places);
    expect(scale.place(now)).toBe(scale.now);
  });

  test('without forecast the past takes it all', () => {
    expect(timeScale(now - HOUR, now, now).now).toBe(1);
    expect(ticksAhead(now, now + 30 * HOUR)).toEqual([1, 3, 6, 12, 24]);
  });
});

describe('clock', () => {
  const clock: Clock = {
    run: 'r', mode: 'replay', scenario: 's', now: '2015-09-16T22:54:33Z', wall: '2026-01-01T00:00:00Z', speed: 60,
    sim_start: '2015-09-16T22:00:00Z', sim_end: '2015-09-16T23:54:33Z', is_over: false, timezone: 'UTC',
  };
  const at = Date.parse(clock.now);

  test('it goes on at its speed and stops at the end', () => {
    expect(runTime(clock, 1000, 2000)).toBe(at + 60_000);
    expect(runTime(clock, 0, 10 * HOUR)).toBe(Date.parse(clock.sim_end));
  });

  test('it stands still when paused or over', () => {
    expect(runTime({ ...clock, speed: 0 }, 0, HOUR)).toBe(at);
    expect(runTime({ ...clock, is_over: true }, 0, HOUR)).toBe(at);
  });
});

describe('numbers', () => {
  test('they are rounded to what their band lets us know', () => {
    expect(knownStep(12_437, 8123, 19_623)).toBe(100);
    expect(knownStep(22.86, 22.86, 22.96)).toBe(0.1);
    const band = shownBand({ p05: 8123, p50: 12_437, p95: 19_623 }, '{person}');
    expect([band?.value, band?.low, band?.high]).toEqual(['12,400', '8,100', '19,600']);
  });

  test('people have no decimals and shares are percent', () => {
    expect(shownBand({ p05: 0.1, p50: 0.4, p95: 0.9 }, '{person}')?.value).toBe('0');
    expect(shownBand({ p05: 0.412, p50: 0.5, p95: 0.733 }, '1')).toMatchObject({ value: '50', low: '41', high: '73', unit: '%' });
    expect(rounded(-0.0001, 1)).toBe('0');
  });

  test('storeys and beds are whole, with the unit or below a head that says it', () => {
    expect([quantity(1, '{storey}'), quantity(12, '{storey}')]).toEqual(['1 层', '12 层']);
    expect([amount(5, '{bed}'), amount(1, '{person}'), amount(0.5, '1'), amount(null, '{bed}')]).toEqual(['5', '1', '50.0%', '未知']);
  });

  test('unknown is no number', () => {
    expect(shownBand({ p05: null, p50: null, p95: null }, 'g')).toBeNull();
  });
});

describe('tables', () => {
  const rows = [{ n: 'b', v: 2 }, { n: 'a', v: null }, { n: 'c', v: 10 }];
  const columns: TableColumn<(typeof rows)[number]>[] = [
    { id: 'n', label: 'n', value: (r) => r.n },
    { id: 'v', label: 'v', value: (r) => r.v, text: (r) => (r.v === null ? 'unknown' : String(r.v)) },
  ];

  test('unknown stands last whichever way they are sorted', () => {
    const order = (isDescending: boolean): string => sorted(rows, columns, { id: 'v', isDescending }, 'en').map((r) => r.n).join('');
    expect([order(false), order(true)]).toEqual(['bca', 'cba']);
  });

  test('the filter looks at what is shown', () => {
    expect(filtered(rows, columns, 'UNKN').map((r) => r.n)).toEqual(['a']);
  });

  test('only rows in sight are drawn', () => {
    const [first, last] = windowOf(38 * 5000, 400, 38, 10_000);
    expect(last - first).toBeLessThan(40);
    expect(windowOf(0, 400, 38, 3)).toEqual([0, 3]);
  });
});

describe('charts', () => {
  test('series with different times share one axis without inventing values', () => {
    const { data, rows } = align([
      { label: 'a', x: [1, 3], p50: [10, null], p05: [9, 1], p95: [11, 2] },
      { label: 'b', x: [2], p50: [5], isPoints: true },
    ]);
    expect(data[0]).toEqual([1, 2, 3]);
    expect(data[rows[0]?.p50 ?? 0]).toEqual([10, undefined, null]);
    expect(data[rows[1]?.p50 ?? 0]).toEqual([undefined, 5, undefined]);
    expect(hasPoints([{ label: '', x: [1], p50: [null] }])).toBe(false);
  });
});

describe('selection', () => {
  test('it survives the address bar', () => {
    for (const one of [{ layer: 'zones', id: '12' }, { layer: 'sensors', id: 'tide:1' }] as const) expect(fromText(toText(one))).toEqual(one);
  });

  test('a search hit leads to its layer', () => {
    expect(fromText('hospital:h1')).toEqual({ layer: 'facilities', id: 'h1' });
    expect(fromText('substation:s1')).toEqual({ layer: 'lifelines', id: 's1' });
    expect(fromText('zone:zone:12')).toEqual({ layer: 'zones', id: '12' });
    expect(fromText('nonsense')).toBeNull();
  });

  test('ids are the ids of the columns', () => {
    expect(idOf('zones', { row: 3, zone: 77 })).toBe('77');
    expect(idOf('roads', { row: 3 })).toBe('3');
  });
});
