/** Hands tiles to the map library, and the state of the rows that they draw. */
import * as maplibregl from 'maplibre-gl';
import { rowsOfTile, valueAt, type RowState } from './rows';
import type { Spec, Tiled } from './tiles';

const SCHEME = 'rencheng';
const ROOT = '/api/v1/tiles';
/** Source of a layer of tiles. */
export const SOURCE = 'tiles/';
/** Said of a picture tile that has nothing to show. */
export const NOTHING = 'nothing there';
const listeners = new Set<(layer: string, rows: number[]) => void>();
/** Told when a tile is of a version that is served no more. */
const outdated = new Set<() => void>();
let isKnown = false;

/** Tiles pass through here, so that the rows are known before they are drawn. */
function makeKnown(): void {
  if (isKnown) return;
  isKnown = true;
  maplibregl.addProtocol(SCHEME, async (request, abort) => {
    const path = request.url.slice(SCHEME.length + 3);
    const answer = await fetch(`${ROOT}/${path}`, { credentials: 'same-origin', signal: abort.signal });
    if (answer.status === 404) {
      for (const tell of outdated) tell();
    } else if (!answer.ok) {
      throw new Error(`${path}: ${answer.status}`);
    }
    const data = answer.status !== 200 ? new ArrayBuffer(0) : await answer.arrayBuffer();
    if (path.endsWith('.png')) {
      if (data.byteLength === 0) throw new Error(NOTHING);
      return { data };
    }
    const rows = rowsOfTile(data);
    const layer = path.split('/')[1] ?? '';
    for (const tell of listeners) tell(layer, rows);
    return { data };
  });
}

export class TileLayers {
  readonly #map: maplibregl.Map;
  readonly #drawn = new Map<string, { made: string; ids: string[]; state: RowState | null; rows: Set<number> }>();
  readonly #tell = (layer: string, rows: number[]): void => this.#arrived(layer, rows);

  readonly #onoutdated: () => void;

  /** `onoutdated`: the addresses of the tiles hold no more. */
  constructor(map: maplibregl.Map, onoutdated: () => void = () => undefined) {
    makeKnown();
    this.#map = map;
    this.#onoutdated = onoutdated;
    outdated.add(onoutdated);
    listeners.add(this.#tell);
  }

  close(): void {
    listeners.delete(this.#tell);
    outdated.delete(this.#onoutdated);
  }

  /** Draw these layers of tiles and no others. */
  draw(tiles: readonly Tiled[]): void {
    for (const id of [...this.#drawn.keys()]) if (!tiles.some((one) => one.id === id)) this.#remove(id);
    for (const one of tiles) {
      const made = JSON.stringify([one.version, one.specs]);
      if (this.#drawn.get(one.id)?.made !== made) this.#make(one, made);
      this.#colour(one);
    }
  }

  /** Ids of style layers whose features can be picked. */
  static picks(tiles: readonly Tiled[]): string[] {
    return tiles.flatMap((one) => one.picks);
  }

  #make(one: Tiled, made: string): void {
    let before = this.#drawn.get(one.id);
    const source = SOURCE + one.id;
    const [version, specs] = before ? JSON.parse(before.made) as [string, Spec[]] : ['', []];
    if (before && version !== one.version) {
      this.#remove(one.id);
      before = undefined;
    }
    if (!this.#map.getSource(source)) this.#map.addSource(source, sourceOf(one));
    const old = new Map(before ? specs.map((spec) => [spec.id, spec]) : []);
    for (const id of old.keys()) if (!one.specs.some((spec) => spec.id === id && isRepaint(old.get(id), spec))) this.#map.removeLayer(id);
    for (const spec of one.specs) {
      const known = old.get(spec.id);
      if (isRepaint(known, spec)) {
        // A layer made anew has no colours before the next frame, and a tile that arrives meanwhile would look for them.
        for (const [name, value] of Object.entries(spec.paint ?? {})) this.#map.setPaintProperty(spec.id, name as never, value as never);
        continue;
      }
      const layer = { ...spec, source, ...(one.id === 'terrain' ? {} : { 'source-layer': one.id }) };
      this.#map.addLayer(layer as maplibregl.LayerSpecification);
    }
    this.#drawn.set(one.id, {
      made, ids: one.specs.map((spec) => spec.id), state: before?.state ?? null, rows: before?.rows ?? new Set(),
    });
  }

  #remove(id: string): void {
    for (const layer of this.#drawn.get(id)?.ids ?? []) this.#map.removeLayer(layer);
    this.#map.removeSource(SOURCE + id);
    this.#drawn.delete(id);
  }

  /** Give every row that was drawn its state; without one, take the old away. */
  #colour(one: Tiled): void {
    const drawn = this.#drawn.get(one.id);
    const state = one.state ?? null;
    if (!drawn || drawn.state === state) return;
    drawn.state = state;
    if (state) this.#set(one.id, state, drawn.rows);
    else this.#map.removeFeatureState({ source: SOURCE + one.id, sourceLayer: one.id });
  }

  #arrived(layer: string, rows: number[]): void {
    const drawn = this.#drawn.get(layer);
    if (!drawn) return;
    const fresh = rows.filter((row) => !drawn.rows.has(row));
    for (const row of fresh) drawn.rows.add(row);
    if (drawn.state) this.#set(layer, drawn.state, fresh);
  }

  #set(layer: string, state: RowState, rows: Iterable<number>): void {
    const target = { source: SOURCE + layer, sourceLayer: layer };
    for (const id of rows) {
      const p = valueAt(state, id);
      if (p !== undefined) this.#map.setFeatureState({ ...target, id }, { p });
    }
  }
}

/** Whether two layers differ in what they are painted with, and in nothing else. */
function isRepaint(old: Spec | undefined, now: Spec): boolean {
  const rest = (spec: Spec): string => JSON.stringify({ ...spec, paint: Object.keys(spec.paint ?? {}) });
  return old !== undefined && rest(old) === rest(now);
}

function sourceOf(one: Tiled): maplibregl.SourceSpecification {
  const path = `${SCHEME}://${encodeURIComponent(one.version)}/${one.id}/{z}/{x}/{y}`;
  const zooms = { minzoom: one.least, maxzoom: one.most, ...(one.bounds ? { bounds: one.bounds } : {}) };
  if (one.id === 'terrain') {
    return { type: 'raster-dem', tiles: [`${path}.png`], tileSize: 256, encoding: 'mapbox', ...zooms };
  }
  return { type: 'vector', tiles: [`${path}.mvt`], ...zooms };
}
