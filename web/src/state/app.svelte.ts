/** What every page shares: the city, the situation, the clock, the time on view, the live link. */
import { fileUrl } from '../api/client';
import { connectLive, type Live, type LinkState } from '../api/live';
import type { City, Clock, EventKind, Situation } from '../api/types';
import { runTime } from './clock';
import { Resource, store } from './resource.svelte';
import { session } from './session.svelte';

export const SITUATION_KINDS: readonly EventKind[] = [
  'clock', 'cycle', 'alarm', 'proposal', 'task', 'alert', 'report', 'incident', 'event',
];

class App {
  link = $state<LinkState>('connecting');
  /** Wall time, ticking. [ms] */
  wall = $state(Date.now());
  gaps = $state(0);
  /** The time that the map and charts show; null: now, moving on. [ms since 1970] */
  view = $state<number | null>(null);
  #situation = $state.raw<Resource<Situation> | null>(null);
  #city = $state.raw<Resource<City> | null>(null);

  /** Called once by the frame while it is set up; ends with it. */
  start(): void {
    this.#situation = new Resource<Situation>(() => '/situation', SITUATION_KINDS);
    this.#city = new Resource<City>(() => '/city');
    store.onGap = () => {
      this.gaps = store.gaps;
    };
    $effect(() => {
      const live: Live = connectLive(
        (event) => store.receive(event),
        (state) => {
          this.link = state;
        },
        () => void session.restore(),
      );
      const tick = setInterval(() => {
        this.wall = Date.now();
      }, 500);
      return () => {
        live.close();
        clearInterval(tick);
      };
    });
  }

  get resource(): Resource<Situation> | null {
    return this.#situation;
  }

  get situation(): Situation | undefined {
    return this.#situation?.data;
  }

  get city(): City | undefined {
    return this.#city?.data;
  }

  get clock(): Clock | undefined {
    return this.situation?.clock;
  }

  get timezone(): string {
    return this.clock?.timezone ?? this.city?.timezone ?? 'UTC';
  }

  /** Time of the run; the wall's before we know. [ms since 1970] */
  get now(): number {
    const clock = this.clock;
    if (!clock) return this.wall;
    return runTime(clock, this.#situation?.fetchedAt ?? this.wall, this.wall);
  }

  /** Time on view: the one chosen on the time bar, else now. [ms since 1970] */
  get shown(): number {
    return this.view ?? this.now;
  }

  /** Origin time of the incident, from which forecasts count hours; null without incident. */
  get origin(): number | null {
    const incident = this.situation?.incident;
    return incident ? Date.parse(incident.occurred) : null;
  }

  /** Forecast hour on view after the origin, for `?hour=`; null: the state now. [h] */
  get hour(): number | null {
    if (this.view === null || this.origin === null) return null;
    return Math.max(0, (this.view - this.origin) / 3_600_000);
  }
}

export const app = new App();

/** Address of a layer's table as CSV. */
export function csvUrl(layer: string): string {
  return fileUrl(`/columns/${layer}.csv`);
}

/** Address of the same table with its shapes, for map programs. */
export function packageUrl(layer: string): string {
  return fileUrl(`/columns/${layer}.gpkg`);
}
