/** Colour scales for fields: perceptually even, safe for colour-blind readers, in steps that a legend can say. */

/** viridis and cividis (matplotlib), mako (seaborn); magenta, for probabilities alone, is our own of even lightness steps. */
const RAMPS = {
  viridis: ['#440154', '#414487', '#2a788e', '#22a884', '#7ad151', '#fde725'],
  cividis: ['#00204d', '#31446b', '#666970', '#958f78', '#cbba69', '#ffea46'],
  mako: ['#def5e5', '#78d6ae', '#38aaac', '#3a6fa4', '#3e3769', '#180c1c'],
  magenta: ['#fbe9f6', '#f3c3e6', '#e38fd0', '#c655ae', '#9a2084', '#5c0750'],
} as const;

export type RampName = keyof typeof RAMPS;

export interface Scale {
  /** Lower bound of every class after the first, ascending. */
  breaks: readonly number[];
  colours: readonly string[];
}

/** Colours for `n` classes, spread over the whole ramp. */
export function ramp(name: RampName, n: number): string[] {
  const all = RAMPS[name];
  if (n <= 1) return [all[3]];
  return Array.from({ length: n }, (_, i) => all[Math.round((i * (all.length - 1)) / (n - 1))] as string);
}

export function scaleOf(name: RampName, breaks: readonly number[]): Scale {
  return { breaks, colours: ramp(name, breaks.length + 1) };
}

/** Class of a value, 0 for the lowest. */
export function classOf(scale: Scale, value: number): number {
  let at = 0;
  while (at < scale.breaks.length && value >= (scale.breaks[at] as number)) at += 1;
  return at;
}

export function colourOf(scale: Scale, value: number): string {
  return scale.colours[classOf(scale, value)] as string;
}

/** Bounds 1, 2, 5 × 10ⁿ below the largest value, at most five of them. */
export function niceBreaks(values: readonly (number | null)[]): number[] {
  const most = Math.max(0, ...values.filter((v): v is number => v !== null && Number.isFinite(v)));
  if (most <= 0) return [1];
  const breaks: number[] = [];
  let exponent = Math.floor(Math.log10(most));
  while (breaks.length < 5 && exponent > -7) {
    for (const step of [5, 2, 1]) {
      const bound = Number((step * 10 ** exponent).toPrecision(3));
      if (bound < most && breaks.length < 5) breaks.unshift(bound);
    }
    exponent -= 1;
  }
  return breaks;
}

/** Bounds for counts: whole numbers from 1. */
export function countBreaks(values: readonly (number | null)[]): number[] {
  const breaks = niceBreaks(values).filter((b) => b >= 1);
  return breaks.length ? breaks : [1];
}
