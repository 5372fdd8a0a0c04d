/** What a warning of another office says to whom, and whether it holds. */
import type { OtherWarning } from '../../api/types';

type Info = OtherWarning['infos'][number];

/** Its text in a language, or else the first that it has. */
export function infoOf(one: OtherWarning, language: string): Info | undefined {
  return one.infos.find((info) => info.language.slice(0, 2).toLowerCase() === language.slice(0, 2)) ?? one.infos[0];
}

export type OtherState = 'inForce' | 'exercise' | 'forged' | 'superseded' | 'over';

export function stateOf(one: OtherWarning): OtherState {
  if (one.status !== 'Actual') return 'exercise';
  if (one.signature === 'bad') return 'forged';
  if (one.superseded_by) return 'superseded';
  return one.is_in_force ? 'inForce' : 'over';
}
