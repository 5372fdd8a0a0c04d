import { describe, expect, it } from 'vitest';
import type { Task } from '../src/api/types';
import { needsReason, pairs, peopleOf, shownTasks, stepWord, stopwatch, toldBy } from '../src/pages/command/order';
import { bandText, timeText, verdictOf } from '../src/pages/assessment/framework';
import { countsByState, seriesOf } from '../src/pages/recovery/series';
import { audienceOf, faultsAt, isSame, type Zones } from '../src/pages/warnings/draft';

const task = (over: Partial<Task>): Task => ({
  id: '1', organisation: 'a', status: 'assigned', due: '2015-09-17T00:00:00Z', is_overdue: false, ...over,
} as Task);
const all = { organisation: '', status: '', isMine: false, isOverdue: false };

describe('tasks', () => {
  it('puts finished ones last and the soonest due first', () => {
    const list = [
      task({ id: 'done', status: 'verified', due: '2015-09-16T00:00:00Z' }),
      task({ id: 'late', due: '2015-09-18T00:00:00Z' }), task({ id: 'soon' }),
    ];
    expect(shownTasks(list, all, 'a').map((one) => one.id)).toEqual(['soon', 'late', 'done']);
  });
  it('shows the own organisation only when asked', () => {
    const list = [task({ id: 'x', organisation: 'b' }), task({ id: 'y' })];
    expect(shownTasks(list, { ...all, isMine: true }, 'a').map((one) => one.id)).toEqual(['y']);
  });
  it('says that a verifier sends back, and asks for a reason', () => {
    expect(stepWord(task({ status: 'done' }), 'acknowledged')).toBe('sendBack');
    expect(stepWord(task({ status: 'assigned' }), 'acknowledged')).toBe('acknowledged');
    expect(needsReason('sendBack')).toBe(true);
  });
});

describe('proposals', () => {
  it('sets the same figure side by side and leaves a hole where one is missing', () => {
    const figure = (key: string) => ({ key }) as never;
    const found = pairs({ effect_with: [figure('b')], effect_without: [figure('a'), figure('b')] });
    expect(found.map((p) => [p.key, p.without !== null, p.with !== null])).toEqual([['a', true, false], ['b', true, true]]);
  });
  it('does not add up people when one number is unknown', () => {
    expect(peopleOf([{ unit: '{person}', amount: 5 }, { unit: '{person}', amount: null }] as never)).toBeNull();
    expect(peopleOf([{ unit: '{person}', amount: 5 }, { unit: 'L', amount: 9 }] as never)).toBe(5);
  });
  it('counts what each organisation is told', () => {
    const to = (organisation: string) => ({ organisation, organisation_name: {} }) as never;
    expect(toldBy([to('a'), to('b'), to('b')]).map((one) => [one.organisation, one.tasks])).toEqual([['b', 2], ['a', 1]]);
  });
  it('keeps counting hours past a day', () => expect(stopwatch(90_061)).toBe('25:01:01'));
});

describe('warnings', () => {
  const zones = { type: 'FeatureCollection', features: [1, 2, 3].map((zone) => ({ properties: { zone, population: zone === 3 ? null : zone * 10 } })) } as unknown as Zones;
  it('does not count an audience that is partly unknown', () => {
    expect(audienceOf(zones, [1, 2])).toBe(30);
    expect(audienceOf(zones, [1, 3])).toBeNull();
    expect(audienceOf(zones, [1, 99])).toBeNull();
  });
  it('puts faults beside their field', () => {
    const fault = (where: string) => ({ where, problem: { key: '', zh: '', en: '' } });
    expect(faultsAt([fault('infos[en].headline'), fault('infos[zh-CN].headline'), fault('zones')], 'infos[en]')).toHaveLength(1);
  });
  it('sees no change in another order of zones', () => {
    const one = { onset: '2015-09-16T23:00:00Z', expires: '2015-09-17T11:00:00.000Z', zones: [2, 1], infos: [] };
    expect(isSame(one as never, { ...one, expires: '2015-09-17T11:00:00Z', zones: [1, 2] } as never)).toBe(true);
  });
});

describe('assessment', () => {
  const band = (p05: number | null, p50: number | null, p95: number | null) => ({ p05, p50, p95 });
  it('says beyond the horizon instead of a number', () => {
    expect(timeText(band(null, null, null), 720)).toContain('720');
    expect(timeText(band(35, 189, null), 720)).toMatch(/189.*35.*720/);
  });
  it('leaves out a range without width, and says unknown in words', () => {
    expect(bandText(band(0.591, 0.591, 0.591), '', 0.01)).toBe('0.59');
    expect(bandText(band(null, null, null), '1')).not.toMatch(/\d/);
  });
  it('calls a version better only when both scores improve', () => {
    const model = { reports_held_out: 9, log_score_before: -1, log_score_after: -0.9, brier_before: 0.3, brier_after: 0.2 };
    expect(verdictOf(model as never)).toBe('better');
    expect(verdictOf({ ...model, brier_after: 0.4 } as never)).toBe('mixed');
    expect(verdictOf({ ...model, reports_held_out: 0 } as never)).toBe('unknown');
  });
});

describe('recovery', () => {
  const curve = { service: 'power', hours: [0, 48, 96], p05: [0, 0, 0], p50: [0.2, null, 1], p95: [1, 1, 1], observed_hours: [1], observed: [0.3], why: {} } as never;
  it('cuts the curve at the window and turns hours into days', () => {
    const [modelled, seen] = seriesOf(curve, { id: 'd', hours: 72, isDays: true }, { modelled: 'm', observed: 'o' }, true);
    expect(modelled?.x).toEqual([0, 2]);
    expect(modelled?.p50).toEqual([0.2, null]);
    expect(seen?.isSynthetic).toBe(true);
  });
  it('shows a state that nobody reported as none, not as missing', () => {
    expect(countsByState({ complete: 2 }).map((one) => one.count)).toEqual([0, 0, 0, 0, 2]);
  });
});
