"""The risk page: event sets, runs, results."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AwareDatetime, ConfigDict, Field

from rencheng.api.shapes.common import (
    BandOut,
    FaultOut,
    OriginName,
    ProblemOut,
    Shape,
    TextOut,
    WhyOut,
)
from rencheng.api.shapes.risk_study import (
    RiskMeasuresIn,
    RiskMeasuresOut,
    RiskStudyIn,
    RiskStudyOut,
)

SetKindName = Literal["scenario", "gutenberg_richter", "table", "hdf5", "netcdf", "rasters"]
RunStateName = Literal["queued", "running", "stopping", "stopped", "failed", "done"]
StandingName = Literal["assessed", "not_exposed", "no_curve", "bad_data"]
AssetOrder = Literal[
    "id", "zone", "use", "curve", "area", "value", "intensity", "loss", "ratio", "standing"
]
EventOrder = Literal[
    "name", "rate", "loss", "magnitude", "damaged", "collapsed", "dead", "injured", "displaced"
]
Said = Annotated[str, Field(max_length=400)]


class RiskSetOut(Shape):
    """Something that a run can be made of."""

    id: str
    kind: SetKindName
    name_zh: str
    name_en: str
    hazard: str
    measure: str
    unit: str
    origin: OriginName
    source: str
    licence: str
    is_own: bool
    """Whether the office gave it; only such a set can be deleted here."""
    size: int
    trouble: ProblemOut | None
    """Why it cannot be run."""


class RiskSetIn(Shape):
    """What an office says of a file of events that it hands over, in the query."""

    model_config = ConfigDict(extra="ignore")

    file: Said
    """Its name, which says its kind."""
    name_zh: Said
    name_en: Said
    hazard: Said
    measure: Said
    unit: Said
    source: Said
    licence: Said = ""
    is_synthetic: bool = False
    is_nodata_dry: bool = False
    """Whether cells of a raster without a value are not reached, instead of unknown."""


class RiskJobIn(Shape):
    """What is asked of a run."""

    set: Annotated[str, Field(min_length=1, max_length=80)]
    hour: Annotated[float, Field(ge=0, lt=24)] = 20.0
    """Local hour at which the events happen, for the people inside."""
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 1
    note: Annotated[str, Field(max_length=400)] = ""
    study: RiskStudyIn | None = None
    """Inputs to take as uncertain; null: none."""
    measures: RiskMeasuresIn | None = None
    """Measures to appraise; null: none."""
    speed: Annotated[str, Field(max_length=80)] = ""
    """Set of flow speeds of the same events, for people in water; empty: none."""


class RiskProgressOut(Shape):
    """How far a run is."""

    step: str
    share: float
    left_s: float | None


class RiskJobOut(Shape):
    """A run: asked for, under way, or over."""

    id: str
    city: str
    city_version: str
    is_served: bool
    """Whether the city that is served now is the one that the run was made for."""
    set: RiskSetOut
    hour: float
    seed: int
    note: str
    has_study: bool
    has_measures: bool
    speed: RiskSetOut | None
    """Flow speeds that people are counted with; null: depths alone."""
    state: RunStateName
    asked: AwareDatetime
    asked_by: str
    began: AwareDatetime | None
    ended: AwareDatetime | None
    progress: RiskProgressOut | None
    waiting: int
    """Runs that come before this one; 0 unless it is queued."""
    trouble: ProblemOut | None
    version: int


class RiskFigureOut(Shape):
    """A key figure: of one event the quantiles of its samples, of rates what is expected a year."""

    key: str
    unit: str
    mean: float | None
    band: BandOut
    base: float | None
    base_unit: str
    why: WhyOut


class RiskBoundsOut(Shape):
    """A number with bounds that hold it for certain."""

    best: float
    low: float
    high: float


class RiskTailOut(Shape):
    """What is lost once in so many years."""

    return_period: float
    loss: float | None
    tail_mean: float | None
    known_loss: float | None
    """Of what is known: at least so much."""
    known_tail_mean: float | None
    known_total: RiskBoundsOut | None
    """Of a year (AEP); null: not known, or its bounds lie too far apart to say anything."""
    known_total_mean: RiskBoundsOut | None


class RiskCostOut(Shape):
    """What a square metre of a use costs to build anew."""

    uses: list[str]
    per_m2: float
    status: str
    source: str


class RiskPeopleOut(Shape):
    """What one model says of one fate of people; models are never blended."""

    model: str
    fate: str
    mean: float | None
    band: BandOut
    """Over the samples of one event."""
    low: float | None
    """Of the model's own span; null: it states none."""
    high: float | None
    is_partial: bool
    notes: list[TextOut]


class RiskSummaryOut(Shape):
    """What a run came to, apart from its tables."""

    is_annual: bool
    is_sampled: bool
    events: int
    hazard: str
    measure: str
    unit: str
    currency: str
    year: int
    value: float | None
    counts: dict[StandingName, int]
    figures: list[RiskFigureOut]
    tail: list[RiskTailOut]
    is_partial: bool
    """Whether something is unknown: totals are then at least so much."""
    people: list[RiskPeopleOut]
    costs: list[RiskCostOut]
    notes: list[TextOut]
    versions: dict[str, str]
    faults: list[FaultOut]
    seconds: float
    origin: OriginName
    study: RiskStudyOut | None
    appraisal: RiskMeasuresOut | None


class RiskTotalOut(Shape):
    """How likely a year's total passes a loss, with bounds that hold it for certain."""

    probability: list[float]
    loss: list[float]
    low: list[float]
    high: list[float]
    withheld: int
    """Points whose bounds lie further apart than the factor `sure`; they are not drawn."""
    sure: float


class RiskExceedanceOut(Shape):
    """How often a loss is reached, from the largest loss down."""

    unit: str
    is_annual: bool
    """True: frequency in 1/yr; false: share of the samples of one event."""
    is_partial: bool
    loss: list[float]
    frequency: list[float]
    total: RiskTotalOut | None
    """Of a year (AEP); null: no rates, or too many events a year."""


class RiskEventOut(Shape):
    """One event, or one sample of an event."""

    name: str
    rate: float | None
    loss: float | None
    loss_ratio: float | None
    unknown: int
    """Assets of which its loss is unknown."""
    magnitude: float | None
    xy: tuple[float, float] | None
    damaged: float | None
    complete: float | None
    collapsed: float | None
    dead: float | None
    injured: float | None
    displaced: float | None


class RiskPage(Shape):
    """Sizes of a list that is put in order on the server."""

    total: int
    """How many fit what is searched."""
    all: int
    """How many there are."""
    next: str | None


class RiskEventsOut(RiskPage):
    """Events of a result."""

    items: list[RiskEventOut]


class RiskAssetsIn(Shape):
    """Which buildings of a result are asked for, and in what order, in the query."""

    model_config = ConfigDict(extra="ignore")

    event: Annotated[str, Field(max_length=200)] = ""
    """Name of one event; empty: all together."""
    q: Annotated[str, Field(max_length=100)] = ""
    """Words that all must occur."""
    standing: list[StandingName] = []
    zone: Annotated[str, Field(max_length=40)] = ""
    """Id of a zone; empty: all."""
    sort: AssetOrder | None = None
    descending: bool = False
    after: Annotated[int, Field(ge=0, le=10_000_000)] = 0
    """`next` of the last page."""
    limit: Annotated[int, Field(ge=1, le=1000)] = 200


class RiskColumnOut(Shape):
    """One number for each zone; null is unknown."""

    key: str
    unit: str
    values: list[float | None]
    low: list[float | None] | None
    high: list[float | None] | None


class RiskZonesOut(Shape):
    """Zones of a result, in the order of `ids`."""

    ids: list[str]
    names: list[str]
    event: str | None
    """The event shown; null: all together."""
    columns: list[RiskColumnOut]


class RiskAssetOut(Shape):
    """One building of a result."""

    id: str
    row: int
    """In the result; two buildings of a source may have one id. `@` and it name the building."""
    zone: str
    zone_name: str
    use: str
    curve: str
    area_m2: float | None
    value: float | None
    intensity: float | None
    loss: float | None
    loss_ratio: float | None
    standing: StandingName
    xy: tuple[float, float] | None


class RiskAssetsOut(RiskPage):
    """Buildings of a result."""

    items: list[RiskAssetOut]
    event: str | None


class RiskCurveOut(Shape):
    """A curve with its source."""

    id: str
    name: str
    kind: str
    intensity: str
    unit: str
    region: str
    source: str
    licence: str
    status: str
    version: str
    note: str
    x: list[float]
    mean: list[float]
    states: list[str]
    median: list[float]
    beta: list[float]


class RiskAnswerOut(Shape):
    """What a curve says of one intensity, with formula and parameters."""

    intensity: float | None
    value: list[float | None]
    sd: float | None
    formula: str
    parameters: dict[str, list[float]]
    beyond: str | None


class RiskWhyOut(Shape):
    """Why a building's loss is what it is."""

    asset: RiskAssetOut
    currency: str
    year: int
    cost: RiskCostOut | None
    measure: str
    unit: str
    event: str | None
    intensity: BandOut
    """At the building: of one event the value three times, of samples their quantiles."""
    vulnerability: RiskCurveOut | None
    answer: RiskAnswerOut | None
    """Of the vulnerability at the middle intensity."""
    fragility: RiskCurveOut | None
    states: list[float | None]
    """Share of each state of the fragility at the middle intensity, none first."""
    loss_band: BandOut
    """Over the samples."""
    versions: dict[str, str]
    seed: int
