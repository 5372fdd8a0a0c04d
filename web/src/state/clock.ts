/** The run's clock between two events: it goes on at its speed until told otherwise. */
import type { Clock } from '../api/types';

/**
 * Time of the run. [ms since 1970]
 *
 * `heardAt`: wall time at which this browser heard of the clock. [ms]
 */
export function runTime(clock: Clock, heardAt: number, wall: number): number {
  const at = Date.parse(clock.now);
  if (clock.is_over) return at;
  const now = at + Math.max(0, wall - heardAt) * clock.speed;
  return clock.mode === 'live' ? now : Math.min(now, Date.parse(clock.sim_end));
}
