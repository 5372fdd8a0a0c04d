/** Short names for the API's shapes; the shapes themselves are generated (`npm run types`). */
import type { components } from './schema';

type S = components['schemas'];

export type Text = S['TextOut'];
export type Why = S['WhyOut'];
export type Band = S['BandOut'];
export type Figure = S['FigureOut'];
export type Fault = S['FaultOut'];
export type ProblemBody = S['ProblemOut'];
export type BrokenJob = S['BrokenJobOut'];
export type User = S['UserOut'];
export type Session = S['SessionOut'];
export type Origin = Why['origin'];
export type Mode = Clock['mode'];
export type LevelNumber = 1 | 2 | 3 | 4;

export type Clock = S['ClockOut'];
export type Alarm = S['AlarmOut'];
export type AlarmCounts = S['AlarmCountsOut'];
export type AlarmGroup = S['AlarmGroupOut'];
export type AlarmHistory = S['AlarmHistoryOut'];
export type RuleVerdict = S['VerdictOut'];
export type RuleScore = S['RuleScoreOut'];
export type Ledger = S['LedgerOut'];
export type Incident = S['IncidentOut'];
export type EventLine = S['EventOut'];
export type Sector = S['SectorOut'];
export type Cycle = S['CycleOut'];
export type Streams = S['StreamsOut'];
export type Situation = S['SituationOut'];
export type Series = S['SeriesOut'];
export type ObservedSeries = S['ObservedSeriesOut'];
export type Flag = S['FlagOut'];
export type LimitsVersion = S['LimitsVersionOut'];
export type LearntStream = S['LearntStreamOut'];
export type StreamLimits = S['StreamLimitsOut'];
export type Timeline = S['TimelineOut'];
export type Column = S['ColumnOut'];
export type Columns = S['ColumnsOut'];
export type LiveEvent = S['LiveEvent'];
export type EventKind = LiveEvent['kind'];

export type Tiles = S['TilesOut'];
export type City = S['CityOut'];
export type CityLayer = S['LayerOut'];
export type Check = S['CheckOut'];
export type Finding = S['FindingOut'];
export type Sensor = S['SensorOut'];
export type Sensors = S['SensorsOut'];
export type Place = S['PlaceOut'];
export type WaterMap = S['WaterMapOut'];
export type WaterMaps = S['WaterMapsOut'];
export type Net = S['NetOut'];
export type Device = S['DeviceOut'];
export type Devices = S['DevicesOut'];
export type DeviceKey = S['DeviceKeyOut'];
export type Provisioned = S['ProvisionedOut'];
export type NetRow = S['NetRowOut'];
export type NetTotal = S['NetTotalOut'];

export type AlertIn = S['AlertIn'];
export type Alert = S['AlertOut'];
export type AlertInfo = S['AlertInfoShape'];
export type Delivery = S['DeliveryOut'];
export type Action = S['ActionOut'];
export type Proposal = S['ProposalOut'];
export type Task = S['TaskOut'];
export type TaskIn = S['TaskIn'];
export type Step = S['StepIn'];
export type Dispatch = S['DispatchOut'];
export type LogLine = S['LogLineOut'];
export type LogCheck = S['LogCheckOut'];
export type DamageReport = S['DamageReportOut'];
export type Repair = S['RepairOut'];
export type Need = S['NeedOut'];
export type Recovery = S['RecoveryOut'];
export type Curve = S['CurveOut'];

export type Assessment = S['AssessmentOut'];
export type Measures = S['MeasuresOut'];
export type Indicator = S['IndicatorOut'];
export type IndicatorItem = S['ItemOut'];
export type Maturity = S['MaturityOut'];
export type ModelVersion = S['ModelVersionOut'];
export type Scenario = S['ScenarioOut'];
export type Demo = S['DemoOut'];

export type Import = Omit<S['ImportOut'], 'plan'> & { plan: ImportPlan };
export type ImportFile = S['ImportFileOut'];
export type ImportSource = Required<S['SourceShape']>;
export type ImportPlan = Omit<Required<S['PlanShape']>, 'sources'> & { sources: ImportSource[] };
export type ImportRules = S['ImportRulesOut'];
export type Preview = S['PreviewOut'];
export type Outcome = S['OutcomeOut'];
export type Served = S['ServedOut'];
export type NeedRow = Required<S['NeedRowShape']>;
export type NeedForm = Omit<S['NeedFormOut'], 'rows'> & { rows: NeedRow[] };
export type NeedSummary = S['NeedSummaryOut'];
export type CityVersion = S['VersionOut'];
export type CityChange = S['CityChangeOut'];

export type Sources = S['ConnectorsOut'];
export type Feed = S['FeedOut'];
export type Connector = S['ConnectorOut'];
export type Mqtt = Required<S['MqttOut']>;
export type ShakingMap = S['ShakingMapOut'];
export type OtherWarning = S['WarningOut'];

/** A page of a long list, newest first unless said otherwise. */
export interface Page<T> {
  items: T[];
  /** null: not counted. */
  total: number | null;
  next: string | null;
}

/** GeoJSON with `properties.row`, the row that columns refer to. */
export interface Features<P = Record<string, unknown>> {
  type: 'FeatureCollection';
  /** How many there are; more than features when a limit cut them. */
  total?: number;
  features: { type: 'Feature'; id?: string | number; geometry: GeoJSON.Geometry; properties: P & { row: number } }[];
}

/** One building with what is known of it. */
export type Building = Features<{ state: (number | null)[] | null; [key: string]: unknown }>['features'][number];

export type RiskSet = S['RiskSetOut'];
export type RiskJob = S['RiskJobOut'];
export type RiskSummary = S['RiskSummaryOut'];
export type RiskFigure = S['RiskFigureOut'];
export type RiskPeople = S['RiskPeopleOut'];
export type RiskTail = S['RiskTailOut'];
export type RiskExceedance = S['RiskExceedanceOut'];
export type RiskEvent = S['RiskEventOut'];
export type RiskEvents = S['RiskEventsOut'];
export type RiskZones = S['RiskZonesOut'];
export type RiskColumn = S['RiskColumnOut'];
export type RiskAsset = S['RiskAssetOut'];
export type RiskAssets = S['RiskAssetsOut'];
export type RiskWhy = S['RiskWhyOut'];
export type RiskTotal = S['RiskTotalOut'];
export type RiskBounds = S['RiskBoundsOut'];
export type RiskMenu = S['RiskMenuOut'];
export type RiskInput = S['RiskInputOut'];
export type RiskStudy = S['RiskStudyOut'];
export type RiskStudyAsked = S['RiskStudyIn'];
export type RiskSpread = S['RiskSpreadOut'];
export type RiskSobol = S['RiskSobolOut'];
export type RiskMeasureFile = S['RiskMeasureFileOut'];
export type RiskMeasures = S['RiskMeasuresOut'];
export type RiskMeasuresAsked = S['RiskMeasuresIn'];
export type RiskWorth = S['RiskWorthOut'];
