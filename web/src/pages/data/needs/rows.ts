/** Rows of the form of needs: what is filled in, and which faults concern which row. */
import type { Fault, NeedRow } from '../../../api/types';

export function emptyRow(): NeedRow {
  return { service: 'power', group: 0, supplier: '', backup_low_h: null, backup_high_h: null, source: '', remark: '' };
}

/** A row of the answer as the form shows it: that something is only assumed is no evidence. */
export function asTyped(row: NeedRow): NeedRow {
  return { ...row, source: row.source === 'assumption' ? '' : row.source };
}

/** A row without a supplier is a question still open; it is not sent. */
export function isFilled(row: NeedRow): boolean {
  return row.supplier.trim() !== '';
}

/** Hours as typed, with a comma or a point; null when it is no number. */
export function hoursOf(text: string): number | null {
  const clean = text.trim().replace(',', '.');
  const value = Number(clean);
  return clean !== '' && Number.isFinite(value) ? value : null;
}

/** Faults of the row with this number among those that were sent. */
export function faultsOfRow(faults: readonly Fault[], row: number): Fault[] {
  return faults.filter((fault) => fault.where.startsWith(`rows[${row}]`));
}
