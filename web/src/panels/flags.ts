/** What is said against the values of a series, gathered by reason. */
import type { ObservedSeries, Text, Why } from '../api/types';

export interface FlagLine {
  text: Text;
  count: number;
  /** When it was said last. */
  last: string;
  /** Version of the checks and limits that said it last. */
  version: string;
}

/** One line for each reason, the most frequent first. */
export function flagLines(series: ObservedSeries): FlagLine[] {
  const lines = new Map<string, FlagLine>();
  const words = new Map(series.reasons.map((text) => [text.key.slice(text.key.lastIndexOf('.') + 1), text]));
  for (const flag of series.flags) {
    const last = series.time[flag.index];
    if (last === undefined) continue;
    for (const reason of flag.reasons) {
      const text = words.get(reason);
      if (!text) continue;
      const line = lines.get(reason);
      lines.set(reason, { text, count: (line?.count ?? 0) + 1, last, version: flag.version });
    }
  }
  return [...lines.values()].sort((a, b) => b.count - a.count);
}

/** The answer to "why is it suspect?": the stream, the checks with their version, the reason in words. */
export function whySuspect(series: ObservedSeries, line: FlagLine): Why {
  return {
    data: [series.name], model: 'quality', version: line.version, as_of: line.last, missing: [],
    notes: [line.text], origin: series.origin, weak: [],
  };
}
