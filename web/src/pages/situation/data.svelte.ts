/** Everything that the situation page reads, kept true by live events. */
import type { Columns, Features, Page, Sensor } from '../../api/types';
import { app } from '../../state/app.svelte';
import { Resource } from '../../state/resource.svelte';
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

const MOST = 1000;
/** Buildings asked for at once; the API thins evenly and says how many there are. */
const MOST_BUILDINGS = 6000;

export class SituationData {
  readonly zones: Resource<Features<ZoneProperties>>;
  readonly roads: Resource<Features<{ kind: string; name: string; [key: string]: unknown }>>;
  readonly mains: Resource<Features<{ sector: string; [key: string]: unknown }>>;
  readonly facilities: Resource<Features<AssetProperties>>;
  readonly lifelines: Resource<Features<AssetProperties>>;
  readonly sensors: Resource<Page<Sensor>>;
  readonly buildings: Resource<Features<{ state: (number | null)[] | null; [key: string]: unknown }>>;
  readonly zoneColumns: Resource<Columns>;
  readonly roadColumns: Resource<Columns>;
  readonly facilityColumns: Resource<Columns>;
  readonly lifelineColumns: Resource<Columns>;

  /** `isOn(layer)`: whether anybody looks at it; what nobody looks at is not fetched. */
  constructor(isOn: (layer: string) => boolean, buildingBox: () => string | null) {
    const when = (layer: string, path: string) => () => (isOn(layer) ? path : null);
    const atHour = (layer: string) => () => (isOn(layer) ? `/columns/${layer}${hourQuery()}` : null);
    this.zones = new Resource(() => '/city/zones');
    this.roads = new Resource(when('roads', '/city/roads'));
    this.mains = new Resource(when('mains', '/city/mains'));
    this.facilities = new Resource(when('facilities', '/city/facilities'));
    this.lifelines = new Resource(when('lifelines', '/city/lifelines'));
    this.sensors = new Resource(when('sensors', `/sensors?limit=${MOST}`), ['cycle', 'clock']);
    this.buildings = new Resource(() => {
      const box = buildingBox();
      return box ? `/city/buildings?bbox=${box}&limit=${MOST_BUILDINGS}` : null;
    }, ['cycle']);
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
      case 'buildings': return this.buildings.data;
      case 'sensors': return undefined;
    }
  }
}

/** Whole hours are enough for the map, so that dragging does not ask for every pixel. */
function hourQuery(): string {
  if (app.hour === null) return '';
  return `?hour=${app.hour < 12 ? Math.round(app.hour * 2) / 2 : Math.round(app.hour)}`;
}
