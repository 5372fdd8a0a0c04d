/** The pure part of the command page: which tasks are shown, who is told, what is said of a route. */
import type { Action, Dispatch, Figure, Proposal, Task, Text } from '../../api/types';

export const TASK_KINDS = [
  'evacuate', 'shelter', 'ambulance', 'transfer', 'repair_power', 'repair_water', 'repair_telecom', 'roads', 'supply', 'inspect', 'inform',
] as const;
export const TASK_STATUSES = ['assigned', 'acknowledged', 'done', 'verified', 'unable', 'cancelled'] as const;
const RUNNING: readonly Task['status'][] = ['assigned', 'acknowledged'];

export interface TaskFilter {
  organisation: string;
  status: string;
  isMine: boolean;
  isOverdue: boolean;
}

/** Tasks that the filter lets through: overdue ones first, then the soonest due. */
export function shownTasks(tasks: readonly Task[], filter: TaskFilter, own: string): Task[] {
  return tasks
    .filter((task) => !filter.organisation || task.organisation === filter.organisation)
    .filter((task) => !filter.isMine || task.organisation === own)
    .filter((task) => !filter.status || (filter.status === 'open' ? isOpen(task) : task.status === filter.status))
    .filter((task) => !filter.isOverdue || task.is_overdue)
    .sort((a, b) => Number(isOpen(b)) - Number(isOpen(a)) || Date.parse(a.due) - Date.parse(b.due));
}

/** Somebody still has something to do with it. */
export function isOpen(task: Task): boolean {
  return task.status !== 'verified' && task.status !== 'cancelled';
}

/** Somebody is at work, or should be. */
export function isRunning(task: Task): boolean {
  return RUNNING.includes(task.status);
}

/** Organisations by id, as tasks and proposals name them. */
export function organisationsOf(tasks: readonly Task[], proposals: readonly Proposal[]): Map<string, Text> {
  const found = new Map<string, Text>();
  for (const task of tasks) found.set(task.organisation, task.organisation_name);
  for (const proposal of proposals) {
    for (const action of proposal.actions) if (action.organisation) found.set(action.organisation, action.organisation_name);
  }
  return found;
}

export interface Told {
  organisation: string;
  name: Text;
  tasks: number;
}

/** Who would be told, and of how many tasks. */
export function toldBy(actions: readonly Action[]): Told[] {
  const found = new Map<string, Told>();
  for (const action of actions) {
    const one = found.get(action.organisation) ?? { organisation: action.organisation, name: action.organisation_name, tasks: 0 };
    one.tasks += 1;
    found.set(action.organisation, one);
  }
  return [...found.values()].sort((a, b) => b.tasks - a.tasks);
}

/** People whom the actions concern; null when one number is unknown or none counts people. */
export function peopleOf(actions: readonly Action[]): number | null {
  const counted = actions.filter((action) => action.unit === '{person}' || action.unit === '{patient}');
  if (counted.length === 0 || counted.some((action) => action.amount === null)) return null;
  return counted.reduce((sum, action) => sum + (action.amount ?? 0), 0);
}

export interface Pair {
  key: string;
  without: Figure | null;
  with: Figure | null;
}

/** The same figure without and with the measure, side by side. */
export function pairs(proposal: Pick<Proposal, 'effect_with' | 'effect_without'>): Pair[] {
  const keys = [...new Set([...proposal.effect_without, ...proposal.effect_with].map((figure) => figure.key))];
  return keys.map((key) => ({
    key,
    without: proposal.effect_without.find((figure) => figure.key === key) ?? null,
    with: proposal.effect_with.find((figure) => figure.key === key) ?? null,
  }));
}

/** `done → acknowledged` is a verifier sending it back; `unable → assigned` gives it out again. */
export function stepWord(task: Task, next: string): string {
  if (task.status === 'done' && next === 'acknowledged') return 'sendBack';
  if (task.status === 'unable' && next === 'assigned') return 'again';
  return next;
}

/** Whether the step needs a reason. */
export function needsReason(word: string): boolean {
  return word === 'unable' || word === 'sendBack' || word === 'cancelled';
}

/** Hours, minutes and seconds since a moment: `3:07:09`. [s] */
export function stopwatch(seconds: number): string {
  const n = Math.max(0, Math.floor(seconds));
  const two = (v: number): string => String(v).padStart(2, '0');
  return `${Math.floor(n / 3600)}:${two(Math.floor((n % 3600) / 60))}:${two(n % 60)}`;
}

const GLYPHS: Record<string, string> = {
  ambulance: 'medical', rescue: 'alarm', repair_power: 'power', repair_water: 'water', roads: 'services', bus: 'services',
};

/** What kind of thing a team's drawing shows. */
export function teamGlyph(kind: string): string {
  return GLYPHS[kind] ?? 'services';
}

export function hasRoute(dispatch: Dispatch): boolean {
  return dispatch.line.length > 1;
}
