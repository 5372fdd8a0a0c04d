import { describe, expect, it } from 'vitest';
import type { RiskSummary, RiskZones, Why } from '../src/api/types';
import { byZone, curveOf, fieldFor, idFrom, isLive, offered, shareOf, standings, unknowns, zoneRows } from '../src/pages/risk/fields';
import { prefs } from '../src/state/prefs.svelte';
import { quantity, shownBand, sum } from '../src/words/format';

const zones: RiskZones = {
  ids: ['7', '9'], names: ['东', ''], event: null,
  columns: [
    { key: 'value', unit: 'EUR', values: [10, 20], low: null, high: null },
    { key: 'loss', unit: 'EUR', values: [1, null], low: [0, null], high: [3, null] },
  ],
};

describe('the columns of a result', () => {
  it('are offered with the loss first', () => {
    expect(offered(zones).map((one) => one.key)).toEqual(['loss', 'value']);
    expect(offered(undefined)).toEqual([]);
  });

  it('follow the order of the city, and what the result does not know stays unknown', () => {
    const loss = zones.columns[1] as (typeof zones.columns)[number];
    const found = byZone(loss, zones.ids, [{ zone: 9 }, { zone: 7 }, { zone: 8 }], {} as Why);
    expect(found.values).toEqual([null, 1, null]);
    expect(found.high).toEqual([null, 3, null]);
  });

  it('have bounds of their own only where the quantity has some', () => {
    expect(fieldFor({ key: 'loss_ratio', unit: '1', values: [0.3], low: null, high: null }).breaks).toEqual([0.01, 0.05, 0.1, 0.2, 0.4]);
    expect(fieldFor({ key: 'annual_dead', unit: '{person}/a', values: [0.04], low: null, high: null }).breaks?.at(-1)).toBe(0.02);
    expect(fieldFor({ key: 'intensity', unit: 'm', values: [3], low: null, high: null }).breaks?.[0]).toBe(0.15);
  });

  it('become rows with their bands, and a zone without a name has its id', () => {
    const rows = zoneRows(zones);
    expect(rows.map((row) => row.name)).toEqual(['东', '9']);
    expect(rows[0]?.high).toEqual({ value: null, loss: 3 });
  });
});

describe('an exceedance curve', () => {
  it('runs from often to rarely, by the period of each loss', () => {
    expect(curveOf([20, 5], [0.01, 0.1], true)).toEqual({ x: [10, 100], loss: [5, 20] });
  });

  it('runs by the share of the samples for one event', () => {
    expect(curveOf([20, 5], [0.25, 1], false)).toEqual({ x: [0.25, 1], loss: [20, 5] });
  });

  it('leaves out what never happens', () => {
    expect(curveOf([20, 5], [0, 0.1], true).loss).toEqual([5]);
  });
});

describe('numbers of the risk page', () => {
  it('say sums as people say them, in both languages', () => {
    prefs.language = 'en';
    expect(quantity(2_334_566_458, 'EUR')).toBe('2.33 billion EUR');
    expect(shownBand({ p05: 3.3e7, p50: 1.28e9, p95: 7.3e9 }, 'EUR')?.unit).toBe('billion EUR');
    expect(sum(500_000, 'EUR')).toBe('500,000 EUR');
    prefs.language = 'zh-CN';
    expect(quantity(2_334_566_458, 'EUR/a')).toBe('23.3 亿欧元/年');
    expect(sum(500_000, 'EUR')).toBe('50 万欧元');
  });

  it('never say that a small share is nothing', () => {
    prefs.language = 'en';
    expect(shareOf(0.00001)).toBe('less than 0.01%');
    expect(shareOf(0.0149)).toBe('1.49%');
    expect(shareOf(0)).toBe('0%');
  });

  it('count every building in one standing', () => {
    const counts = { assessed: 3, not_exposed: 0, no_curve: 1, bad_data: 0 };
    expect(standings({ counts } as unknown as RiskSummary).map((one) => one.share)).toEqual([0.75, 0, 0.25, 0]);
  });

  it('count buildings with an unknown loss beside the standings', () => {
    const faults = [{ key: 'risk.no_worth', count: 9 }, { key: 'risk.unknown_in_some', count: 2 }, { key: 'risk.unknown_in_all', count: 1 }];
    expect(unknowns({ faults } as unknown as RiskSummary)).toEqual([{ key: 'unknown_in_all', count: 1 }, { key: 'unknown_in_some', count: 2 }]);
  });

  it('tell figures of people by the live model from other figures', () => {
    expect(['displaced', 'largest_dead', 'injured', 'aal', 'damaged'].map(isLive)).toEqual([true, true, true, false, false]);
  });

  it('make an id of a name that a file system takes', () => {
    expect(idFrom('Flood 2020 (T100).csv')).toBe('flood-2020-t100');
    expect(idFrom('洪水.csv')).toBe('');
  });
});
