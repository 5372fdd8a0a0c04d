/** State of a layer's rows, as bytes. */
import { stateOfRows, type RowState } from '../map/rows';
import { getBytes } from './client';

/** Null when there is none: on an ordinary day. */
export async function getState(path: string): Promise<RowState | null> {
  const answer = await getBytes(path);
  return stateOfRows(await answer.arrayBuffer(), answer.headers.get('ETag') ?? '');
}
