/** What a line of the alarm list says, apart from how it looks. */
import type { Alarm } from '../../api/types';
import { has, t } from '../../words';
import { span } from '../../words/format';

export const STATES = ['listed', 'active', 'unacknowledged', 'cleared', 'shelved', 'over'] as const;
export const GROUPS = ['none', 'rule', 'object'] as const;
export type Grouping = (typeof GROUPS)[number];

/** Names of roles, one after the other. */
export function rolesOf(roles: readonly string[]): string {
  const words = roles.map((role) => (has(`frame.role.${role}`) ? t(`frame.role.${role}`) : role));
  return words.join(t('warnings.comma'));
}

/** What the clock of escalation says now; null when no step is to come. [now in ms] */
export function clockOf(alarm: Alarm, now: number): string | null {
  if (!alarm.next_escalation) return null;
  const left = (Date.parse(alarm.next_escalation) - now) / 1000;
  const roles = rolesOf(alarm.next_roles);
  return left > 0 ? t('alarms.escalatesIn', { span: span(left), roles }) : t('alarms.escalating', { roles });
}

/** Active or cleared, acknowledged or not: the state in words. */
export function stateOf(alarm: Alarm, who: (id: string) => string): string {
  const seen = alarm.acknowledged ? t('situation.acknowledgedBy', { who: who(alarm.acknowledged_by) }) : t('situation.unacknowledged');
  return `${t(alarm.cleared ? 'situation.cleared' : 'situation.active')} · ${seen}`;
}

/** Address of a list. */
export function listPath(state: string, isMine: boolean, more: Record<string, string> = {}): string {
  const query = new URLSearchParams({ state, ...(isMine ? { mine: 'true' } : {}), ...more });
  return query.toString();
}
