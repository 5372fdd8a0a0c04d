/** Everything that the situation page reads, kept true by live events. */
import type { Building, Columns, Features, Page, Sensor, Tiles } from '../../api/types';
import { app } from '../../state/app.svelte';
import { EVERY, Resource } from '../../state/resource.svelte';
import type { ShakeLine } from '../../map/layers';
import type { RowState } from '../../map/rows';
import type { LayerId } from './places';

interface ZoneProperties {
  zone: number;
  name: string;
  population: number | null;
  is_coastal: boolean;
  coast_m: number | null;
  centre: [number, number];
  [key: string]: unknown;
}

interface AssetProperties {
  name: string;
  kind: string;
  sector: string;
  [key: string]: unknown;
}

export class SituationData {
  readonly zones: Resource<Features<ZoneProperties>>;
  readonly roads: Resource<Features<{ kind: string; name: string; [key: string]: unknown }>>;
  readonly facilities: Resource<Features<AssetProperties>>;
  readonly lifelines: Resource<Features<AssetProperties>>;
  readonly sensors: Resource<Page<Sensor>>;
  /** The building that is selected. */
  readonly building: Resource<Building>;
  readonly tiles: Resource<Tiles>;
  /** P[extensive or complete damage] of the buildings, null on an ordinary day. */
  readonly damage: Resource<RowState | null>;
  /** Share of samples in which a road is blocked. */
  readonly blocked: Resource<RowState | null>;
  /** Where warnings of others hold now. */
  readonly warnings: Resource<Features<{ colour: number | null; mode: string; [key: string]: unknown }>>;
  /** The newest published map of shaking, as lines. */
  readonly shakemap: Resource<Features<ShakeLine>>;
  readonly zoneColumns: Resource<Columns>;
  readonly roadColumns: Resource<Columns>;
  readonly facilityColumns: Resource<Columns>;
  readonly lifelineColumns: Resource<Columns>;

  /** `isOn(layer)`: whether anybody reads its rows; `isDrawn(layer)`: whether its tiles are on the map. */
  constructor(isOn: (layer: string) => boolean, isDrawn: (layer: string) => boolean, building: () => string | null) {
    const when = (layer: string, path: string) => () => (isOn(layer) ? path : null);
    const atHour = (layer: string) => () => (isOn(layer) ? `/columns/${layer}${hourQuery()}` : null);
    this.zones = new Resource(() => '/city/zones');
    this.roads = new Resource(when('roads', '/city/roads'));
    this.facilities = new Resource(when('facilities', '/city/facilities'));
    this.lifelines = new Resource(when('lifelines', '/city/lifelines'));
    this.sensors = new Resource(when('sensors', `${EVERY}/sensors?limit=10000`), ['cycle', 'clock']);
    this.building = new Resource(() => {
      const row = building();
      return row === null ? null : `/city/buildings/${encodeURIComponent(row)}`;
    }, ['cycle']);
    this.tiles = new Resource(() => '/tiles');
    this.damage = new Resource(() => (isDrawn('buildings') ? '/state/buildings.bin?field=heavy' : null), ['cycle']);
    this.blocked = new Resource(() => (isDrawn('roads') ? '/state/roads.bin?field=blocked' : null), ['cycle']);
    this.warnings = new Resource(() => (isDrawn('warnings') ? '/warnings/areas' : null), ['event', 'clock', 'cycle']);
    this.shakemap = new Resource(() => (isDrawn('shakemap') ? '/shaking-maps/lines' : null), ['event', 'clock']);
    this.zoneColumns = new Resource(() => `/columns/zones${hourQuery()}`, ['cycle', 'incident']);
    this.roadColumns = new Resource(when('roads', '/columns/roads'), ['cycle']);
    this.facilityColumns = new Resource(atHour('facilities'), ['cycle']);
    this.lifelineColumns = new Resource(atHour('lifelines'), ['cycle']);
  }

  columns(layer: LayerId): Columns | undefined {
    switch (layer) {
      case 'zones': return this.zoneColumns.data;
      case 'roads': return this.roadColumns.data;
      case 'facilities': return this.facilityColumns.data;
      case 'lifelines': return this.lifelineColumns.data;
      default: return undefined;
    }
  }

  features(layer: LayerId): Features | undefined {
    switch (layer) {
      case 'zones': return this.zones.data;
      case 'roads': return this.roads.data;
      case 'facilities': return this.facilities.data;
      case 'lifelines': return this.lifelines.data;
      case 'buildings': return this.building.data && { type: 'FeatureCollection', features: [this.building.data] };
      case 'sensors': return undefined;
    }
  }
}

/** Whole hours are enough for the map, so that dragging does not ask for every pixel. */
function hourQuery(): string {
  if (app.hour === null) return '';
  return `?hour=${app.hour < 12 ? Math.round(app.hour * 2) / 2 : Math.round(app.hour)}`;
}
