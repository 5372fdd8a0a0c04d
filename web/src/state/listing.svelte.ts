/** A long list that is searched, filtered and put in order on the server; only pages in sight are kept true. */
import { untrack } from 'svelte';
import type { EventKind } from '../api/types';
import type { Problem } from '../api/problem';
import { pagesOf, type Sort } from '../panels/table';
import { store } from './resource.svelte';

interface PageOf<T> {
  items: readonly T[];
  /** How many fit the wish. */
  total: number | null;
  /** How many there are. */
  all: number;
}

const PAGE = 200;
/** A word is sent when nothing was typed for so long. [ms] */
const PAUSE_MS = 250;

export class Listing<T, P extends PageOf<T> = PageOf<T>> {
  /** The page that came last: its totals hold for the whole list. */
  data = $state.raw<P | undefined>(undefined);
  problem = $state.raw<Problem | undefined>(undefined);
  fetchedAt = $state(0);
  sort = $state.raw<Sort | null>(null);
  query = $state('');
  readonly total = $derived.by(() => this.data?.total ?? 0);
  readonly all = $derived.by(() => this.data?.all ?? 0);
  readonly #kinds: readonly EventKind[];
  readonly #watched = new Map<string, () => void>();
  #pages = $state.raw<ReadonlyMap<number, readonly T[]>>(new Map());
  /** What the pages that are held answer to. */
  #held = '';
  #seen = $state.raw<readonly number[]>([0]);
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** `wish()`: filters, each with the values of which any will do; null: nothing is asked. */
  constructor(path: string, wish: () => Readonly<Record<string, readonly string[]>> | null, kinds: readonly EventKind[], sort: () => Sort | null = () => null) {
    this.#kinds = kinds;
    this.sort = untrack(sort);
    $effect(() => {
      const filters = wish();
      const query = new URLSearchParams({ limit: String(PAGE) });
      for (const [name, values] of Object.entries(filters ?? {})) for (const value of values) query.append(name, value);
      if (this.query.trim()) query.set('q', this.query.trim());
      if (this.sort) {
        query.set('sort', this.sort.id);
        if (this.sort.isDescending) query.set('descending', 'true');
      }
      const [base, seen] = [`${path}?${query}`, this.#seen];
      untrack(() => this.#follow(filters === null ? null : base, seen));
    });
    $effect(() => () => {
      clearTimeout(this.#timer);
      this.#follow(null, []);
    });
  }

  /** The row at a place of the list; undefined while it is not there yet. */
  row(index: number): T | undefined {
    return this.#pages.get(Math.floor(index / PAGE))?.[index % PAGE];
  }

  /** Every row that has come, with its place. */
  held(): { index: number; row: T }[] {
    return [...this.#pages].sort(([a], [b]) => a - b).flatMap(([page, rows]) => rows.map((row, i) => ({ index: page * PAGE + i, row })));
  }

  /** Say which rows are in sight: from `first` to before `last`. */
  see(first: number, last: number): void {
    const pages = pagesOf(first, last, PAGE);
    if (pages.join() !== untrack(() => this.#seen).join()) this.#seen = pages;
  }

  /** Search when nothing was typed for a moment. */
  search(words: string): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => { this.query = words; }, PAUSE_MS);
  }

  refresh(): void {
    for (const path of this.#watched.keys()) store.refresh(path);
  }

  #follow(base: string | null, seen: readonly number[]): void {
    const wanted = new Map(base === null ? [] : seen.map((page) => [`${base}&after=${page * PAGE}`, page]));
    for (const [path, stop] of this.#watched) {
      if (wanted.has(path)) continue;
      stop();
      this.#watched.delete(path);
    }
    for (const [path, page] of wanted) {
      if (this.#watched.has(path)) continue;
      this.#watched.set(path, () => undefined);
      this.#watched.set(path, store.watch(path, this.#kinds, (entry) => {
        this.problem = entry.problem;
        if (entry.value === undefined) return;
        this.#take(base ?? '', page, entry.value as P);
        this.fetchedAt = entry.fetchedAt;
      }));
    }
  }

  /** The rows of another wish stay on screen until the first page of the new one is there. */
  #take(base: string, page: number, found: P): void {
    const pages = new Map(this.#held === base ? this.#pages : []);
    if (this.#held !== base) this.#held = base;
    pages.set(page, found.items);
    const last = Math.ceil((found.total ?? 0) / PAGE);
    for (const each of pages.keys()) if (each >= last) pages.delete(each);
    this.#pages = pages;
    this.data = found;
  }
}
