/**
 * Where a time stands on the time bar: the past evenly on the left, the forecast on the right.
 *
 * Forecasts reach days ahead of minutes of past, so hours ahead stand at log(1 + h); the ticks say so.
 */

const HOUR_MS = 3_600_000;
/** Share of the bar that the past takes. Chosen for legibility; no source. */
const PAST_SHARE = 0.42;

export interface TimeScale {
  /** 0–1 for a time. [ms since 1970] */
  place(time: number): number;
  /** Time for 0–1. [ms since 1970] */
  time(place: number): number;
  /** Where now stands, 0–1. */
  now: number;
}

export function timeScale(start: number, now: number, end: number): TimeScale {
  const past = Math.max(0, now - start);
  const ahead = Math.max(0, end - now) / HOUR_MS;
  const share = ahead === 0 ? 1 : past === 0 ? 0 : PAST_SHARE;
  const whole = Math.log1p(ahead);
  return {
    now: share,
    place(time) {
      if (time <= now) return past === 0 ? share : share * Math.max(0, (time - start) / past);
      const f = Math.log1p(Math.min(ahead, (time - now) / HOUR_MS)) / whole;
      return share + (1 - share) * f;
    },
    time(place) {
      if (place <= share) return share === 0 ? now : start + (past * Math.max(0, place)) / share;
      const f = (Math.min(1, place) - share) / (1 - share);
      return now + Math.expm1(f * whole) * HOUR_MS;
    },
  };
}

/** Hours ahead that get a tick, as far as they fit. */
export function ticksAhead(now: number, end: number): number[] {
  const ahead = (end - now) / HOUR_MS;
  return [1, 3, 6, 12, 24, 72, 168, 336, 720].filter((h) => h <= ahead);
}
