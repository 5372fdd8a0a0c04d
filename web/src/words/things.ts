/** Assets and teams by ids such as `feeder-37`, which name their kind themselves. */
import { has, t } from './index';

/** "馈线 37" for `feeder-37`; anything else as it came. */
export function thing(id: string): string {
  const [, kind = '', number = ''] = /^([a-z_]+)-(\d+)$/.exec(id) ?? [];
  for (const key of [`kinds.${kind}`, `command.team.${kind}`]) {
    if (kind && has(key)) return t('command.numbered', { kind: t(key), n: Number(number) });
  }
  return id;
}
