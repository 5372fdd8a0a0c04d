/**
 * What the console knows: snapshots of API paths, kept true by the numbered event stream.
 *
 * An event names what changed; every watched path that depends on that kind is fetched again.
 * A missing number means a missed event: then everything is fetched again.
 */
import { asProblem, type Problem } from '../api/problem';
import type { EventKind, LiveEvent } from '../api/types';

export interface Entry<T = unknown> {
  value: T | undefined;
  problem: Problem | undefined;
  isLoading: boolean;
  /** Wall time of the last good answer. [ms], 0: never */
  fetchedAt: number;
}

interface Watched extends Entry {
  path: string;
  kinds: Set<EventKind>;
  listeners: Set<(entry: Entry) => void>;
  isDirty: boolean;
  running: Promise<void> | null;
  startedAt: number;
  timer: ReturnType<typeof setTimeout> | undefined;
}

export interface StoreOptions {
  fetch: (path: string) => Promise<unknown>;
  /** Least time between two fetches of one path, so that a fast replay does not drown the link. [ms] */
  pauseMs?: number;
  now?: () => number;
}

export class Store {
  /** Number of the last event; null before the first snapshot. */
  seq: number | null = null;
  /** How often a gap was noticed and healed. */
  gaps = 0;
  onGap: () => void = () => undefined;

  readonly #entries = new Map<string, Watched>();
  readonly #fetch: (path: string) => Promise<unknown>;
  readonly #pauseMs: number;
  readonly #now: () => number;

  constructor(options: StoreOptions) {
    this.#fetch = options.fetch;
    this.#pauseMs = options.pauseMs ?? 1000;
    this.#now = options.now ?? Date.now;
  }

  /** Keep `path` true until the returned function is called; `listener` hears every change. */
  watch(path: string, kinds: readonly EventKind[], listener: (entry: Entry) => void): () => void {
    let entry = this.#entries.get(path);
    if (!entry) {
      entry = {
        path, kinds: new Set(), listeners: new Set(), value: undefined, problem: undefined,
        isLoading: false, fetchedAt: 0, isDirty: true, running: null, startedAt: -Infinity,
        timer: undefined,
      };
      this.#entries.set(path, entry);
    }
    const found = entry;
    for (const kind of kinds) found.kinds.add(kind);
    found.listeners.add(listener);
    if (found.fetchedAt === 0 || found.listeners.size === 1) void this.#refresh(found);
    listener({ ...found });
    return () => {
      found.listeners.delete(listener);
      if (found.listeners.size > 0) return;
      clearTimeout(found.timer);
      this.#entries.delete(path);
    };
  }

  /** Take one event of the stream, in whatever order and number they come. */
  receive(event: LiveEvent): void {
    if (event.kind === 'snapshot') {
      const isFirst = this.seq === null;
      this.seq = event.seq;
      if (!isFirst) this.refreshAll();
      return;
    }
    if (this.seq !== null && event.seq <= this.seq) return;
    const isGap = this.seq !== null && event.seq > this.seq + 1;
    this.seq = event.seq;
    if (isGap) {
      this.gaps += 1;
      this.onGap();
      this.refreshAll();
      return;
    }
    if (event.kind === 'city') {
      // Another city or version is served: nothing of the old one holds.
      this.refreshAll();
      return;
    }
    for (const entry of this.#entries.values()) {
      if (entry.kinds.has(event.kind)) void this.#refresh(entry);
    }
  }

  refreshAll(): void {
    for (const entry of this.#entries.values()) void this.#refresh(entry);
  }

  /** Fetch one path again now, because the person just changed it. */
  refresh(path: string): void {
    const entry = this.#entries.get(path);
    if (!entry) return;
    entry.startedAt = -Infinity;
    void this.#refresh(entry);
  }

  /** Forget everything (another person signed in). */
  clear(): void {
    this.seq = null;
    for (const entry of this.#entries.values()) {
      entry.value = undefined;
      entry.fetchedAt = 0;
    }
  }

  /** Resolve when nothing is under way. */
  async settled(): Promise<void> {
    for (;;) {
      const busy = [...this.#entries.values()].filter((e) => e.running || e.timer !== undefined);
      if (busy.length === 0) return;
      await Promise.all(busy.map((e) => e.running ?? new Promise((done) => setTimeout(done, 5))));
    }
  }

  #tell(entry: Watched): void {
    for (const listener of entry.listeners) listener({ ...entry });
  }

  async #refresh(entry: Watched): Promise<void> {
    if (entry.running) {
      entry.isDirty = true;
      return;
    }
    const wait = entry.startedAt + this.#pauseMs - this.#now();
    if (wait > 0) {
      entry.timer ??= setTimeout(() => {
        entry.timer = undefined;
        void this.#refresh(entry);
      }, wait);
      return;
    }
    entry.startedAt = this.#now();
    entry.isDirty = false;
    entry.isLoading = true;
    entry.running = this.#load(entry);
    this.#tell(entry);
    await entry.running;
    entry.running = null;
    if (entry.isDirty && entry.listeners.size > 0) void this.#refresh(entry);
  }

  async #load(entry: Watched): Promise<void> {
    try {
      entry.value = await this.#fetch(entry.path);
      entry.problem = undefined;
      entry.fetchedAt = this.#now();
    } catch (cause) {
      entry.problem = asProblem(cause);
    }
    entry.isLoading = false;
    this.#tell(entry);
  }
}
