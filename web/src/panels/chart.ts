/** Series for a chart, and the pure work of putting them on one axis. */

export interface ChartSeries {
  label: string;
  /** Position: seconds since 1970, or hours, as the chart's `axis` says. */
  x: readonly number[];
  p50: readonly (number | null)[];
  /** 5 and 95 %: drawn as a band. */
  p05?: readonly (number | null)[];
  p95?: readonly (number | null)[];
  /** Points instead of a line: single observations. */
  isPoints?: boolean;
  isSynthetic?: boolean;
  /** A stepped line: the value holds until the next one. */
  isStepped?: boolean;
}

export interface Aligned {
  /** One array per uPlot series, x first, all of one length. */
  data: (number | null | undefined)[][];
  /** For each input series: rows of its p50, p05, p95 in `data`; -1 without. */
  rows: { p50: number; p05: number; p95: number }[];
}

/** Put series with different x on one x. A hole of a series is `undefined` (skip), null stays a gap. */
export function align(series: readonly ChartSeries[]): Aligned {
  const xs = [...new Set(series.flatMap((s) => s.x))].sort((a, b) => a - b);
  const at = new Map(xs.map((x, i) => [x, i]));
  const data: (number | null | undefined)[][] = [xs];
  const rows: Aligned['rows'] = [];
  const put = (x: readonly number[], values: readonly (number | null)[]): number => {
    const column: (number | null | undefined)[] = new Array<undefined>(xs.length).fill(undefined);
    x.forEach((position, i) => {
      const index = at.get(position);
      if (index !== undefined) column[index] = values[i] ?? null;
    });
    return data.push(column) - 1;
  };
  for (const s of series) {
    rows.push({
      p50: put(s.x, s.p50),
      p05: s.p05 ? put(s.x, s.p05) : -1,
      p95: s.p95 ? put(s.x, s.p95) : -1,
    });
  }
  return { data, rows };
}

/** Whether anything at all can be drawn. */
export function hasPoints(series: readonly ChartSeries[]): boolean {
  return series.some((s) => s.p50.some((v) => v !== null));
}
