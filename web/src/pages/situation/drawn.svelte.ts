/** What the map of the situation page shows: which layers are on, and how they are drawn. */
import type { Column } from '../../api/types';
import { columnOf, fieldOf } from '../../map/fields';
import {
  facilityLayer, fieldLayer, isCutOff, labelLayer, landLayer, lifelineLayer, PALETTES, sensorLayer, shakeLabels,
  shakeLayer, warningLayer,
  type Prepared,
} from '../../map/layers';
import { buildingTiles, FLAT_ZOOM, leftOutBelow, mainTiles, reliefTiles, roadTiles, SOLID_ZOOM, type Tiled } from '../../map/tiles';
import { app } from '../../state/app.svelte';
import { prefs } from '../../state/prefs.svelte';
import { router } from '../../state/router.svelte';
import { t } from '../../words';
import { dayTime } from '../../words/format';
import type { SituationData } from './data.svelte';

/** Drawn from tiles: their rows are read for the table and for what is selected only. */
export const TILED = ['roads', 'mains', 'buildings', 'terrain'];

/** Which layers are switched on, the last one on top. */
export class Overlays {
  on = $state(['roads', 'facilities', 'lifelines', 'warnings', 'shakemap', 'terrain']);
  isSolid = $state(false);

  has(id: string): boolean {
    return this.on.includes(id);
  }

  set(id: string, isOn: boolean): void {
    this.on = isOn ? [...this.on.filter((one) => one !== id), id] : this.on.filter((one) => one !== id);
  }

  /** Standing buildings are buildings: they are switched on too. */
  toggleSolid(): void {
    this.isSolid = !this.isSolid;
    if (this.isSolid) this.set('buildings', true);
  }
}

export class Drawn {
  /** How near the city is seen. */
  zoom = $state(0);
  readonly data: SituationData;
  readonly overlays: Overlays;
  readonly #palette = $derived.by(() => PALETTES[prefs.theme]);

  constructor(data: SituationData, overlays: Overlays) {
    this.data = data;
    this.overlays = overlays;
  }

  readonly fieldId = $derived.by(() => router.get('layer') ?? (this.#zoneColumn('pga_g') ? 'shaking' : 'powerSeen'));
  readonly field = $derived.by(() => fieldOf(this.fieldId));
  readonly column = $derived.by<Column | undefined>(() => (this.field ? columnOf(this.data.zoneColumns.data, this.field, app.hour) : undefined));
  readonly #cutOff = $derived.by(() => (this.fieldId === 'hospital' ? this.#zoneColumn('hospital_cut_off') : undefined));
  readonly hasCutOff = $derived.by(() => {
    const column = this.#cutOff;
    return column ? column.values.some((_, row) => isCutOff(column, row)) : false;
  });

  readonly tiles = $derived.by<Tiled[]>(() => {
    const plan = this.data.tiles.data;
    if (!plan) return [];
    const [palette, isSolid] = [this.#palette, this.overlays.isSolid];
    const made: Record<string, () => Tiled | null> = {
      terrain: () => reliefTiles(plan, prefs.theme),
      roads: () => roadTiles(plan, palette, this.data.blocked.data),
      mains: () => mainTiles(plan, palette, originOf('mains') === 'synthetic' || originOf('power_network') === 'synthetic'),
      buildings: () => buildingTiles(plan, palette, isSolid, this.data.damage.data),
    };
    return TILED.filter((id) => this.overlays.has(id)).map((id) => made[id]?.() ?? null).filter((one) => one !== null);
  });

  readonly #zones = $derived.by<Prepared | null>(() => {
    const zones = this.data.zones.data;
    if (!zones) return null;
    if (this.field && this.column) return fieldLayer(zones, this.column, this.field, this.#palette, this.#cutOff);
    return landLayer(zones, this.#palette);
  });
  readonly #facilities = $derived.by(() => {
    const [found, columns] = [this.#shown('facilities', this.data.facilities.data), this.data.facilityColumns.data];
    return found ? facilityLayer(found, keyed(columns, 'works', 'works_now', 'up_seen'), false, prefs.theme) : null;
  });
  readonly #lifelines = $derived.by(() => {
    const [found, columns] = [this.#shown('lifelines', this.data.lifelines.data), this.data.lifelineColumns.data];
    return found ? lifelineLayer(found, keyed(columns, 'works', 'works_now', 'up_seen'), true, prefs.theme) : null;
  });
  readonly #sensors = $derived.by(() => {
    const found = this.#shown('sensors', this.data.sensors.data);
    return found ? sensorLayer(found.items, prefs.theme) : null;
  });
  readonly #labels = $derived.by(() => (this.data.zones.data ? labelLayer(this.data.zones.data) : null));
  readonly #warnings = $derived.by(() => {
    const found = this.#shown('warnings', this.data.warnings.data);
    return found ? warningLayer(found, this.#palette) : null;
  });
  readonly #shakemap = $derived.by(() => {
    const found = this.#shown('shakemap', this.data.shakemap.data);
    return found?.features.length ? found : null;
  });
  readonly #shaking = $derived.by(() => (this.#shakemap ? [shakeLayer(this.#shakemap, this.#palette), shakeLabels(this.#shakemap)] : []));
  readonly layers = $derived.by(() =>
    [this.#zones, ...this.#shaking, this.#warnings, this.#labels, this.#sensors, this.#facilities, this.#lifelines].filter((l): l is Prepared => l !== null),
  );

  /** When what is shown holds. */
  readonly moment = $derived.by(() => {
    if (this.field?.kind === 'service' && app.hour !== null) {
      return t('situation.momentHour', { n: app.hour < 12 ? app.hour.toFixed(1) : Math.round(app.hour), at: dayTime(app.shown, app.timezone) });
    }
    const scene = this.field?.kind === 'area' ? this.column?.why.as_of : undefined;
    if (scene) return t('situation.momentScene', { at: dayTime(scene, app.timezone) });
    const at = this.data.zoneColumns.data?.at;
    return at ? t(app.view !== null ? 'situation.momentFixed' : 'situation.momentNow', { at: dayTime(at, app.timezone) }) : '';
  });

  /** What the legend explains besides the field. */
  readonly legend = $derived.by(() => ({
    hasBlocked: this.overlays.has('roads') && Boolean(this.data.blocked.data),
    buildings: this.overlays.has('buildings') && this.zoom >= FLAT_ZOOM ? this.#buildings() : null,
    hasIcons: this.#facilities !== null || this.#lifelines !== null || this.#sensors !== null,
    hasWarnings: Boolean(this.#warnings?.data.features.length),
    shakemap: this.#shakemap?.features[0]?.properties ?? null,
  }));
  /** Words on what is on and cannot be seen from so far away. */
  readonly tooFar = $derived.by(() => [
    ...(this.overlays.has('buildings') && this.zoom < FLAT_ZOOM ? [t('situation.zoomForBuildings')] : []),
    ...(this.overlays.isSolid && this.zoom < SOLID_ZOOM ? [t('situation.zoomForSolid')] : []),
  ]);

  #buildings() {
    return {
      origin: originOf('buildings') ?? 'missing',
      hasDamage: Boolean(this.data.damage.data),
      leftOut: leftOutBelow(this.data.tiles.data, this.zoom),
      isSolid: this.overlays.isSolid,
    };
  }

  #shown<T>(id: string, found: T | undefined): T | undefined {
    return this.overlays.has(id) ? found : undefined;
  }

  #zoneColumn(key: string): Column | undefined {
    return this.data.zoneColumns.data?.columns.find((one) => one.key === key);
  }
}

function originOf(layer: string) {
  return app.city?.layers.find((one) => one.name === layer)?.origin;
}

/** The first of the columns in which anything is known. */
function keyed(columns: { columns: Column[] } | undefined, ...keys: string[]): Column | undefined {
  for (const key of keys) {
    const found = columns?.columns.find((c) => c.key === key);
    if (found?.values.some((v) => v !== null)) return found;
  }
  return undefined;
}
