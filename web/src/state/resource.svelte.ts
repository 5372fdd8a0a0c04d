/** A watched API path as a reactive value; call it while a component is being set up. */
import { getState } from '../api/bytes';
import { get, getEvery } from '../api/client';
import type { Problem } from '../api/problem';
import type { EventKind } from '../api/types';
import { Store } from './store';

/** Before the path of a list: all of its pages are wanted, as for a map. */
export const EVERY = 'every:';

export const store = new Store({
  fetch: (path) => (path.startsWith(EVERY) ? getEvery(path.slice(EVERY.length)) : path.startsWith('/state/') ? getState(path) : get(path)),
});

export class Resource<T> {
  data = $state.raw<T | undefined>(undefined);
  problem = $state.raw<Problem | undefined>(undefined);
  isLoading = $state(true);
  fetchedAt = $state(0);
  #path: string | null = null;

  /** `path()` null: nothing is asked. `kinds`: live events after which it is asked again. */
  constructor(path: () => string | null, kinds: readonly EventKind[] = []) {
    $effect(() => {
      const now = path();
      this.#path = now;
      if (now === null) {
        this.data = undefined;
        this.problem = undefined;
        this.isLoading = false;
        return;
      }
      return store.watch(now, kinds, (entry) => {
        // The old value stays on screen while another path of the same thing loads.
        if (entry.value !== undefined) this.data = entry.value as T;
        this.problem = entry.problem;
        this.isLoading = entry.isLoading;
        this.fetchedAt = entry.fetchedAt;
      });
    });
  }

  /** Ask again now. */
  refresh(): void {
    if (this.#path !== null) store.refresh(this.#path);
  }
}
