/** People by the id that the API records. */
import { has, t } from './index';

/** Office and id of a person, such as "指挥长（chief）"; an unknown id as it came. */
export function who(id: string): string {
  if (!id) return t('common.unknown');
  const key = `frame.account.${id}`;
  const other = `command.who.${id}`;
  if (has(other)) return t(other);
  return has(key) ? t('command.person', { office: t(key), id }) : id === 'system' ? t('command.system') : id;
}
