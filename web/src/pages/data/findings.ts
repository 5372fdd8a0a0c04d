/** Findings by layer, the worst first. */
import type { Finding } from '../../api/types';

export interface FindingGroup {
  layer: string;
  counts: Record<Finding['severity'], number>;
  findings: Finding[];
}

const ORDER = ['error', 'warning', 'info'] as const;

function worst(group: FindingGroup): number {
  return ORDER.findIndex((severity) => group.counts[severity] > 0);
}

/** Groups with an error come before those with a warning; within a group likewise. */
export function byLayer(findings: readonly Finding[]): FindingGroup[] {
  const groups = new Map<string, FindingGroup>();
  for (const finding of findings) {
    let group = groups.get(finding.layer);
    if (!group) {
      group = { layer: finding.layer, counts: { error: 0, warning: 0, info: 0 }, findings: [] };
      groups.set(finding.layer, group);
    }
    group.counts[finding.severity] += 1;
    group.findings.push(finding);
  }
  for (const group of groups.values()) {
    group.findings.sort((a, b) => ORDER.indexOf(a.severity) - ORDER.indexOf(b.severity));
  }
  return [...groups.values()].sort((a, b) => worst(a) - worst(b));
}
