/** What a table needs to know of its columns, and the pure work on its rows. */

export type Cell = string | number | boolean | null | undefined;

export interface TableColumn<T> {
  id: string;
  /** In the user's language, with the unit where there is one. */
  label: string;
  /** What is sorted; numbers sort as numbers, unknown goes last. */
  value: (row: T) => Cell;
  /** What is shown and filtered; without it the value. */
  text?: (row: T) => string;
  isNumeric?: boolean;
  /** Whether the server cannot put a long list in this order. */
  isFixed?: boolean;
  /** CSS width, such as `8em` or `2fr`. */
  width?: string;
}

export interface Sort {
  id: string;
  isDescending: boolean;
}

export function cellText<T>(column: TableColumn<T>, row: T): string {
  if (column.text) return column.text(row);
  const value = column.value(row);
  return value === null || value === undefined ? '' : String(value);
}

function isUnknown(value: Cell): boolean {
  return value === null || value === undefined || value === '' || Number.isNaN(value);
}

/** Rows in the order of `sort`; unknown stands last in both directions; ties keep their order. */
export function sorted<T>(rows: readonly T[], columns: readonly TableColumn<T>[], sort: Sort | null, language: string): T[] {
  const column = sort && columns.find((c) => c.id === sort.id);
  if (!sort || !column) return [...rows];
  const collator = new Intl.Collator(language, { numeric: true });
  const sign = sort.isDescending ? -1 : 1;
  return rows
    .map((row) => ({ row, value: column.value(row) }))
    .sort((a, b) => {
      const isA = isUnknown(a.value);
      const isB = isUnknown(b.value);
      if (isA || isB) return Number(isA) - Number(isB);
      if (typeof a.value === 'string' || typeof b.value === 'string') {
        return sign * collator.compare(String(a.value), String(b.value));
      }
      return sign * (Number(a.value) - Number(b.value));
    })
    .map((item) => item.row);
}

/** Rows in which every word of `query` occurs in some cell. */
export function filtered<T>(rows: readonly T[], columns: readonly TableColumn<T>[], query: string): T[] {
  const words = query.toLocaleLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return [...rows];
  return rows.filter((row) => {
    const text = columns.map((column) => cellText(column, row)).join('\n').toLocaleLowerCase();
    return words.every((word) => text.includes(word));
  });
}

/** First and last+1 row to draw for a scroll position, with some to spare. */
export function windowOf(scrollTop: number, height: number, rowHeight: number, rows: number): [number, number] {
  const spare = 8;
  const first = Math.max(0, Math.floor(scrollTop / rowHeight) - spare);
  const last = Math.min(rows, Math.ceil((scrollTop + height) / rowHeight) + spare);
  return [Math.min(first, last), last];
}

/** Numbers of the pages that hold the rows from `first` to before `last`; at least one. */
export function pagesOf(first: number, last: number, size: number): number[] {
  const [from, to] = [Math.floor(first / size), Math.max(Math.floor(first / size), Math.ceil(last / size) - 1)];
  return Array.from({ length: to - from + 1 }, (_, i) => from + i);
}
