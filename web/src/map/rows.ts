/** Bytes that tiles and states are made of. Pure: the map library is not needed. */

/** One number for each row of a layer; negative: unknown. */
export interface RowState {
  /** Name of the state: another one means other values. */
  key: string;
  values: Uint8Array;
  unknown: number;
  scale: number;
  offset: number;
  /** Unix time of the state. [s] */
  at: number;
}

const HEADER = 32;

/** Read the answer of `/state/<layer>.bin`; null when it is none. */
export function stateOfRows(data: ArrayBuffer, key: string): RowState | null {
  if (data.byteLength < HEADER) return null;
  const head = new DataView(data);
  if (head.getUint32(0) !== 0x52435354 || head.getUint8(4) !== 1 || head.getUint8(5) !== 1) return null;
  const count = head.getUint32(8, true);
  if (data.byteLength !== HEADER + count) return null;
  return {
    key, values: new Uint8Array(data, HEADER, count), unknown: head.getUint16(6, true),
    scale: head.getFloat32(12, true), offset: head.getFloat32(16, true), at: head.getFloat64(20, true),
  };
}

/** The value of a row; -1 unknown; undefined when there is no such row. */
export function valueAt(state: RowState, row: number): number | undefined {
  const raw = state.values[row];
  if (raw === undefined) return undefined;
  return raw === state.unknown ? -1 : state.offset + state.scale * raw;
}

/** Ids of the features of a vector tile: the rows that it draws. */
export function rowsOfTile(data: ArrayBuffer): number[] {
  const rows: number[] = [];
  const bytes = new Uint8Array(data);
  eachField(bytes, 0, bytes.length, (field, start, end) => {
    if (field !== 3) return;
    eachField(bytes, start, end, (inner, from, to) => {
      if (inner !== 2) return;
      eachField(bytes, from, to, (one, at) => {
        if (one === 1) rows.push(varint(bytes, at)[0]);
      });
    });
  });
  return rows;
}

/** Visit the fields of a message: number, and where its content lies. */
function eachField(bytes: Uint8Array, start: number, end: number, visit: (field: number, start: number, end: number) => void): void {
  let at = start;
  while (at < end) {
    const [tag, from] = varint(bytes, at);
    const kind = tag & 7;
    let to = from;
    if (kind === 0) {
      to = varint(bytes, from)[1];
      visit(tag >> 3, from, to);
    } else if (kind === 2) {
      const [size, body] = varint(bytes, from);
      to = body + size;
      visit(tag >> 3, body, to);
    } else {
      to = from + (kind === 1 ? 8 : 4);
    }
    at = to;
  }
}

function varint(bytes: Uint8Array, start: number): [value: number, next: number] {
  let value = 0;
  let unit = 1;
  let at = start;
  for (;;) {
    const byte = bytes[at] ?? 0;
    at += 1;
    value += (byte & 127) * unit;
    if (byte < 128) return [value, at];
    unit *= 128;
  }
}
