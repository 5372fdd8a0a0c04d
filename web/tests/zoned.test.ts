import { describe, expect, it } from 'vitest';
import { fromLocalInput, toLocalInput } from '../src/words/zoned';

describe('local times in inputs', () => {
  it('shows the local time of the city', () => {
    expect(toLocalInput('2015-09-16T22:54:33Z', 'America/Santiago')).toBe('2015-09-16T19:54');
  });
  it('reads back the moment it showed', () => {
    for (const at of ['2015-09-16T22:54:00.000Z', '2015-09-06T03:59:00.000Z', '2015-09-06T04:00:00.000Z']) {
      for (const zone of ['America/Santiago', 'Asia/Shanghai', 'UTC']) {
        expect(fromLocalInput(toLocalInput(at, zone), zone)).toBe(at);
      }
    }
  });
  it('says nothing of an incomplete time', () => {
    expect(fromLocalInput('2015-09-', 'UTC')).toBeNull();
  });
});
