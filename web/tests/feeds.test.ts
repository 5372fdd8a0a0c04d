import { describe, expect, it } from 'vitest';
import type { Feed } from '../src/api/types';
import { failingSince, rank, stateOf, takenOf } from '../src/pages/data/feeds';

const poll = (at: string, isGood: boolean, taken = 0): Feed['polls'][number] => ({
  at, took_s: 1, is_good: isGood, problem: null, hint: null, detail: '', taken, known: 0, refused: 0, findings: [],
});
const feed = (changes: Partial<Feed>): Feed => ({
  name: 'a', connector: 'c', settings: {}, every_s: 60, is_paused: false, last_good: null, last_failure: null,
  failures: 0, next_poll: null, newest: null, delay_s: null, polls: [], ...changes,
});

describe('how a feed does', () => {
  it('is failing since the first of its failures in a row', () => {
    const failing = feed({ failures: 2, polls: [poll('3', false), poll('2', false), poll('1', true, 4)], last_good: '1', last_failure: '3' });
    expect(stateOf(failing)).toBe('failing');
    expect(failingSince(failing)).toBe('2');
    expect(takenOf(failing)).toBe(4);
  });
  it('puts trouble first', () => {
    const all = [feed({ last_good: '1' }), feed({}), feed({ failures: 1 }), feed({ is_paused: true })];
    expect(all.sort((a, b) => rank(a) - rank(b)).map(stateOf)).toEqual(['failing', 'never', 'paused', 'working']);
  });
});
