/** A warning as a person writes it, and what can be said of it before the server has seen it. */
import type { Alert, AlertIn, AlertInfo, Features, Text } from '../../api/types';

/** Fewer than 140 characters: OASIS CAP 1.2, element `headline`. */
export const HEADLINE_MOST = 139;

export const LANGUAGES = ['zh-CN', 'en', 'es-CL'] as const;
export const LEVELS = [1, 2, 3, 4] as const;
export const URGENCIES = ['Immediate', 'Expected', 'Future'] as const;
export const CERTAINTIES = ['Observed', 'Likely', 'Possible'] as const;
export const EVENTS = ['tsunami', 'earthquake'] as const;
export const STATUSES = ['draft', 'approved', 'sent', 'cancelled', 'discarded'] as const;

export interface ZoneProperties extends Record<string, unknown> {
  zone: number;
  name: string;
  population: number | null;
  is_coastal: boolean;
}

export type Zones = Features<ZoneProperties>;

/** The part of a stored warning that a person may change. */
export function contentOf(alert: Alert): AlertIn {
  return {
    event: alert.event as AlertIn['event'],
    level: alert.level,
    urgency: alert.urgency as AlertIn['urgency'],
    certainty: alert.certainty as AlertIn['certainty'],
    onset: alert.onset,
    expires: alert.expires,
    infos: alert.infos.map((info) => ({ ...info })),
    zones: [...alert.zones],
  };
}

export function emptyInfo(language: AlertInfo['language']): AlertInfo {
  return { language, headline: '', description: '', instruction: '' };
}

/** Residents in the zones; null when one of them is unknown. */
export function audienceOf(zones: Zones, chosen: readonly number[]): number | null {
  const wanted = new Set(chosen);
  if (wanted.size === 0) return 0;
  let sum = 0;
  let found = 0;
  for (const feature of zones.features) {
    if (!wanted.has(feature.properties.zone)) continue;
    if (feature.properties.population === null) return null;
    sum += feature.properties.population;
    found += 1;
  }
  return found === wanted.size ? Math.round(sum) : null;
}

export function headlineOf(infos: readonly AlertInfo[], language: string): string {
  return (infos.find((info) => info.language === language) ?? infos[0])?.headline ?? '';
}

/** Names of the first zones, and how many there are beyond them. */
export function placesOf(zones: Zones | undefined, chosen: readonly number[], most: number): { names: string[]; more: number } {
  const names = new Map((zones?.features ?? []).map((f) => [f.properties.zone, f.properties.name || String(f.properties.zone)]));
  const first = chosen.slice(0, most).map((zone) => names.get(zone) ?? String(zone));
  return { names: first, more: Math.max(0, chosen.length - most) };
}

/** Whether two contents say the same. */
export function isSame(a: AlertIn, b: AlertIn): boolean {
  return JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));
}

function sorted(content: AlertIn): unknown {
  return {
    ...content,
    onset: Date.parse(content.onset),
    expires: Date.parse(content.expires),
    zones: [...content.zones].sort((x, y) => x - y),
  };
}

/** What one field's faults are, so that they stand beside it. */
export function faultsAt<F extends { where: string; problem: Text }>(faults: readonly F[], where: string): F[] {
  return faults.filter((fault) => fault.where === where || fault.where.startsWith(`${where}.`) || fault.where.startsWith(`${where}[`));
}
