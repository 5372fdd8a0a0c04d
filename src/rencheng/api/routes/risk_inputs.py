"""What a run of the risk engine may take beside its events: uncertain inputs, measures."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Response
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from rencheng.api.asking import CommandDep
from rencheng.api.receiving import receive
from rencheng.api.risk_study_out import file_out, menu_out
from rencheng.api.security import BrainDep, needs
from rencheng.api.shapes.risk_study import RiskMeasureFileOut, RiskMenuOut
from rencheng.domain.errors import TooLargeError
from rencheng.domain.identity import Permission
from rencheng.service import risk_jobs
from rencheng.service.risk_measures import LARGEST

router = APIRouter(tags=["risk"])
Key = Annotated[str, Path(max_length=100)]


@router.get("/risk/sets/{set_id}/menu")
@needs(Permission.SITUATION_READ)
def menu(set_id: Key, brain: BrainDep) -> RiskMenuOut:
    """Return which inputs a run of an event set may take as uncertain."""
    found = brain.risk.sets.get(brain.house.cities.current().id, set_id)
    return menu_out(brain.risk.engine.menu(found.hazard))


@router.get("/risk/measures")
@needs(Permission.SITUATION_READ)
def measures(brain: BrainDep) -> list[RiskMeasureFileOut]:
    """Return the office's files of measures."""
    return [file_out(one) for one in brain.risk.measures.all()]


@router.get("/risk/measures/example.toml", response_class=Response)
@needs(Permission.SITUATION_READ)
def measures_example(brain: BrainDep) -> Response:
    """Return an example in the money of the city's costs, to be changed and handed in."""
    text = brain.risk.measures.template(brain.house.cities.current().timezone)
    headers = {"Content-Disposition": 'attachment; filename="measures.toml"'}
    return Response(text, headers=headers, media_type="application/toml; charset=utf-8")


@router.put("/risk/measures/{file}")
@needs(Permission.RISK_RUN)
async def keep_measures(
    file: Key, request: Request, brain: BrainDep, command: CommandDep
) -> RiskMeasureFileOut:
    """Take a file of measures, the body of the request as it is; one of the same id gives way."""
    body = bytearray()

    def take(part: bytes) -> None:
        body.extend(part)
        if len(body) > LARGEST:
            raise TooLargeError(
                "risk.measures_large",
                f"the file of measures is larger than {LARGEST} bytes",
                hint="Appraise fewer measures at a time",
                params={"limit_kb": LARGEST // 1024},
            )

    await receive(request, take)
    kept = await run_in_threadpool(
        risk_jobs.keep_measures, brain.house, brain.risk, command, file, bytes(body)
    )
    return file_out(kept)


@router.delete("/risk/measures/{file}", status_code=204)
@needs(Permission.RISK_RUN)
def drop_measures(file: Key, brain: BrainDep, command: CommandDep) -> Response:
    """Delete a file of measures; results made with it stay."""
    risk_jobs.drop_measures(brain.house, brain.risk, command, file)
    return Response(status_code=204)
