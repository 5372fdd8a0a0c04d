/** Pure functions of the import: from a first look at a file to an entry of the recipe, and what its faults concern. */
import type { Fault, Import, ImportFile, ImportPlan, ImportRules, ImportSource, Preview } from '../../../api/types';

/** Files that belong to another one and are no source of their own. */
const COMPANIONS = /\.(shx|dbf|prj|cpg|qix)$/i;
export const STEPS = ['files', 'columns', 'gaps', 'check', 'build'] as const;
export type StepId = (typeof STEPS)[number];
/** Coordinate systems that the page offers; `own`: as the file says. */
export const SYSTEMS = ['own', 'EPSG:4326', 'CGCS2000', 'GCJ-02', 'BD-09', 'other'] as const;
const PLACE = ['lon', 'lat', 'x', 'y', 'wkt'];

export function dataFiles(files: readonly ImportFile[]): ImportFile[] {
  return files.filter((file) => !COMPANIONS.test(file.name));
}

/** A name for a source that no other one has. */
export function sourceId(file: string, taken: readonly string[]): string {
  const stem = file.replace(/\.[^.]*$/, '').replace(/[^A-Za-z0-9_.-]+/g, '-').replace(/^[^A-Za-z0-9]+|-+$/g, '').slice(0, 40);
  const base = stem || 'source';
  let id = base;
  for (let n = 2; taken.includes(id); n += 1) id = `${base}-${n}`;
  return id;
}

/** The entry of the recipe that a first look at a file suggests. */
export function suggested(preview: Preview, taken: readonly string[]): ImportSource {
  const layers = preview.layers.slice(0, isMapped(preview) ? 1 : undefined);
  return {
    id: sourceId(preview.name, taken), kind: preview.kind, file: preview.name, layers,
    columns: columnsFor(preview, layers), values: {}, crs: '', options: { ...preview.options },
    licence: '', citation: '', as_of: '', origin: 'observed',
  };
}

/** Whether the file has columns of its own that must be told apart. */
export function isMapped(preview: Preview): boolean {
  return (preview.kind === 'vector' || preview.kind === 'table') && preview.columns.length > 0;
}

/** Guessed columns for the layers chosen. */
export function columnsFor(preview: Preview, layers: readonly string[]): Record<string, string> {
  return Object.assign({}, ...layers.map((layer) => preview.mapping[layer] ?? {})) as Record<string, string>;
}

/** Our columns that the page asks for: those of the chosen layers; places only of files without shapes. */
export function asked(rules: ImportRules, layers: readonly string[], preview: Preview): string[] {
  const all = [...new Set(layers.flatMap((layer) => rules.columns[layer] ?? []))];
  const places = preview.kind === 'vector' && preview.geometry ? [] : placesOf(preview, layers);
  return all.filter((name) => !PLACE.includes(name) || places.includes(name));
}

/** The columns of a table that place its rows: the pair that was found, or all when none was. */
function placesOf(preview: Preview, layers: readonly string[]): string[] {
  const found = columnsFor(preview, layers);
  if (found.lon) return ['lon', 'lat'];
  if (found.x) return ['x', 'y'];
  return found.wkt ? ['wkt'] : PLACE;
}

/** Change one column; an empty name takes it out. */
export function withColumn(source: ImportSource, ours: string, theirs: string): ImportSource {
  const columns = { ...source.columns };
  if (theirs) columns[ours] = theirs;
  else delete columns[ours];
  return { ...source, columns };
}

/** Kinds that read files of this ending, the file's own guess first. */
export function kindsFor(rules: ImportRules, file: string, guess: string): string[] {
  const low = file.toLowerCase();
  const fitting = rules.kinds.filter((kind) => kind.is_usable && kind.endings.some((end) => low.endsWith(end))).map((kind) => kind.kind);
  return guess && !fitting.includes(guess) ? [guess, ...fitting] : fitting;
}

/** Layers that no source of the plan gives and that can be generated. */
export function gaps(rules: ImportRules, plan: ImportPlan): string[] {
  const given = new Set(plan.sources.flatMap((source) => source.layers.length ? source.layers : kindLayers(rules, source.kind)));
  const same: Record<string, string[]> = { population: ['people', 'counts'] };
  return rules.missing.filter((layer) => ![layer, ...(same[layer] ?? [])].some((one) => given.has(one)));
}

function kindLayers(rules: ImportRules, kind: string): string[] {
  return rules.kinds.find((one) => one.kind === kind)?.layers ?? [];
}

/** The plan as it is sent: what to do is said for the gaps only. */
export function complete(rules: ImportRules, plan: ImportPlan): ImportPlan {
  const missing = Object.fromEntries(gaps(rules, plan).map((layer) => [layer, plan.missing[layer] ?? 'generate'])) as ImportPlan['missing'];
  return { ...plan, missing };
}

/** Faults of the recipe by source; those that concern none stand under -1. */
export function faultsBySource(faults: readonly Fault[]): Map<number, Fault[]> {
  const found = new Map<number, Fault[]>();
  for (const fault of faults) {
    const at = /^sources\[(\d+)\]/.exec(fault.where);
    const index = at ? Number(at[1]) : -1;
    found.set(index, [...(found.get(index) ?? []), fault]);
  }
  return found;
}

/** The step that a person who opens an import wants to see. */
export function stepOf(item: Import): StepId {
  if (item.task === 'build') return 'build';
  if (item.task === 'check') return 'check';
  if (item.plan.sources.length) return 'check';
  return item.files.length ? 'columns' : 'files';
}

export function isBusy(item: Import): boolean {
  return item.state === 'queued' || item.state === 'running' || item.state === 'stopping';
}

/** Box around shapes, with a rim; null when there are none. */
export function boxAround(places: readonly (readonly [number, number])[]): [number, number, number, number] | null {
  if (!places.length) return null;
  const xs = places.map((p) => p[0]);
  const ys = places.map((p) => p[1]);
  const rim = 0.004;
  return [Math.min(...xs) - rim, Math.min(...ys) - rim, Math.max(...xs) + rim, Math.max(...ys) + rim];
}

/** Size in a unit that a person reads. */
export function megabytes(size: number): number {
  return size / 1024 / 1024;
}
