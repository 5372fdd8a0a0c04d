"""A result of the risk engine as documents: its summary, and what it is (RDLS)."""

from __future__ import annotations

import json
from typing import Annotated, Any

from fastapi import APIRouter, Path, Response
from starlette.requests import Request

from rencheng.adapters.risk.city.documents import described
from rencheng.api.risk_out import Shown, job_out, summary_out
from rencheng.api.risk_tail_out import exceedance_out
from rencheng.api.security import BrainDep, needs
from rencheng.domain.identity import Permission

router = APIRouter(tags=["risk"])
Key = Annotated[str, Path(max_length=100)]


@router.get("/risk/jobs/{job}/summary.json", response_class=Response)
@needs(Permission.SITUATION_READ)
def summary_file(job: Key, brain: BrainDep) -> Response:
    """Return everything but the tables as one file: what was asked, what it came to, the curve."""
    run, result = brain.risk.runs.get(job), brain.risk.runs.result(job)
    said = {
        "run": job_out(brain, run).model_dump(mode="json"),
        "summary": summary_out(Shown(brain, run, result)).model_dump(mode="json"),
        "exceedance": exceedance_out(result.summary).model_dump(mode="json"),
    }
    return _file(said, f"rencheng-risk-{job[:13]}.json")


@router.get("/risk/jobs/{job}/rdls.json", response_class=Response)
@needs(Permission.SITUATION_READ)
def rdls_file(job: Key, brain: BrainDep, request: Request) -> Response:
    """Return what the result is in the Risk Data Library Standard 0.3."""
    run, result = brain.risk.runs.get(job), brain.risk.runs.result(job)
    address = f"{str(request.base_url).rstrip('/')}/api/v1/risk/jobs/{job}"
    city = brain.house.cities.current()
    said = described(city, run, result, brain.risk.engine, address)
    return _file(said, f"rencheng-risk-{job[:13]}.rdls.json")


def _file(said: dict[str, Any], name: str) -> Response:
    body = json.dumps(said, ensure_ascii=False, indent=1, allow_nan=False)
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(body + "\n", headers=headers, media_type="application/json")
